'use strict';

/** Several stores of one thread on one directory: one engine below, and what is each store's own. */

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { AssertionError, Datastore, DatastoreEngine } = require('../index.js');
const {
    afterwards,
    documentFiles,
    openStore,
    readJson,
    refusal,
    runScript,
    temporaryDirectory,
} = require('./support.js');

/** Two loaded stores on one new directory. */
async function openTwo(t, options) {
    const directory = path.join(temporaryDirectory(t), 'data');
    const first = await openStore(t, { directory, ...options });
    const second = await openStore(t, { directory, ...options });
    return { directory, first, second };
}

/** A store that was not loaded; closed after the test. */
function newStore(t, options) {
    const store = new Datastore(options);
    afterwards(t, () => store.close());
    return store;
}

test('what one store writes the other reads at once, also what it had kept', async (t) => {
    const { first, second } = await openTwo(t);
    for (let n = 0; n < 20; n += 1) {
        const [writer, reader] = n % 2 === 0 ? [first, second] : [second, first];
        const written = await writer.setItem('a', { n });
        assert.deepEqual(written, { _rev: n, n });
        // The second read is of what the first one kept.
        assert.deepEqual(await reader.getItem('a'), written);
        assert.deepEqual(await reader.getItem('a'), written);
        assert.deepEqual(await reader.getItems(['a', 'b']), [written, null]);
        assert.deepEqual((await reader.queryKeys({ includeDocuments: true })).items[0].document, written);
        assert.deepEqual(await reader.findOne({ n }), written);
    }
    await second.deleteItem('a');
    assert.equal(await first.getItem('a'), null);
    const { hits } = first.stats().cache;
    assert.ok(hits > 0, 'what was kept is used');
});

test('a store and an engine share, and a store joins one that is loading', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const engine = new DatastoreEngine({ directory });
    afterwards(t, () => engine.close());
    const stores = [newStore(t, { directory }), newStore(t, { directory })];
    await Promise.all([engine.loadDocuments(), ...stores.map((store) => store.load())]);
    await engine.setItem('a', { _rev: 7, n: 1 });
    for (const store of stores) {
        assert.deepEqual(await store.getItem('a'), { _rev: 7, n: 1 });
        assert.deepEqual(store.loadReport, engine.loadReport);
    }
});

test('there is one copy of the documents, and every store tells it', async (t) => {
    const { first, second } = await openTwo(t);
    await first.setItems(Array.from({ length: 500 }, (_, n) => [String(n), { n }]));
    // How long its own commits took, and what it keeps as objects, is each one's own.
    const [{ cache: ofFirst, commits, ...one }, { cache: ofSecond, commits: none, ...two }] = [
        first.stats(),
        second.stats(),
    ];
    assert.deepEqual([one, commits.count, none.count], [two, 1, 0]);
    assert.equal(one.documents, 500);
    await first.getItem('1');
    assert.deepEqual([first.stats().cache.misses, second.stats().cache.misses], [ofFirst.misses + 1, ofSecond.misses]);
});

/** Per option: what the first store is opened with, what the second asks for, and what the refusal has to tell. */
const CONTRADICTIONS = {
    durability: [{}, { durability: 'full' }, "durability 'os'", "durability 'full'"],
    'durability, the lesser': [{ durability: 'full' }, { durability: 'os' }, "durability 'full'", "durability 'os'"],
    files: [{ files: 'background' }, { files: 'eager' }, "files 'background'", "files 'eager'"],
    syncInterval: [{}, { syncInterval: 50 }, 'syncInterval 1000', 'syncInterval 50'],
    singleProcess: [{}, { singleProcess: true }, 'singleProcess false', 'singleProcess true'],
    'singleProcess, the other way': [
        { singleProcess: true },
        { singleProcess: false },
        'singleProcess true',
        'singleProcess false',
    ],
    watch: [{}, { watch: true }, 'watch false', 'watch true'],
    'watch, the other way': [{ watch: true }, { watch: false }, 'watch true', 'watch false'],
    onCorrupt: [{ onCorrupt: 'quarantine' }, { onCorrupt: 'error' }, "onCorrupt 'quarantine'", "onCorrupt 'error'"],
    collation: [{}, { collation: { locale: 'de' } }, 'collation "codeUnit"', 'collation {"locale":"de"'],
};

for (const [name, [open, asked, ...told]] of Object.entries(CONTRADICTIONS)) {
    test(`what is asked for has to be as the open store has it: ${name}`, async (t) => {
        const directory = path.join(temporaryDirectory(t), 'data');
        const first = await openStore(t, { directory, ...open });
        const second = newStore(t, { directory, ...asked });
        for (const refused of [second.load(), second.setItem('a', {})]) {
            const error = await refusal(refused);
            assert.ok(error instanceof AssertionError, error.stack);
            assert.ok(
                told.every((part) => error.message.includes(part)),
                error.message,
            );
        }
        assert.deepEqual(documentFiles(directory), []);
        const joining = [await openStore(t, { directory }), await openStore(t, { directory, ...open })];
        await joining[0].setItem('a', { n: 1 });
        assert.deepEqual(await first.getItem('a'), { _rev: 0, n: 1 });
        for (const store of [first, ...joining]) {
            await store.close();
        }
        if (name === 'collation') {
            // The directory remembers what the first one had.
            fs.rmSync(path.join(directory, '.datastore', 'format.json'));
        }
        await second.load();
        assert.deepEqual(await second.getItem('a'), { _rev: 0, n: 1 });
    });
}

test('a store that left its durability at the default has that of the open one', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    await openStore(t, { directory, durability: 'full' });
    const store = await openStore(t, { directory });
    await assert.rejects(store.setItem('a', {}, { durability: 'os' }), { code: 'ASSERTION' });
    await store.setItem('a', {});
    const { sequence, syncedSequence } = store.stats();
    assert.deepEqual([sequence, syncedSequence], [1, 1]);
});

test('a store without a directory, or with a file system of its own, shares with nobody', async (t) => {
    const folder = temporaryDirectory(t);
    const stores = [
        await openStore(t, { directory: folder }),
        await openStore(t, { directory: folder, durability: 'none' }),
        await openStore(t, { directory: folder, durability: 'none' }),
        await openStore(t, {
            directory: folder,
            fileSystem: {
                readDocumentDirectory: async () => [],
                readDocumentFile: async () => ({}),
                writeDocumentFile: async () => {},
                removeDocumentFile: async () => {},
            },
        }),
    ];
    for (const [n, store] of stores.entries()) {
        await store.setItem('a', { n });
    }
    for (const [n, store] of stores.entries()) {
        assert.deepEqual(await store.getItem('a'), { _rev: 0, n });
    }
});

test('a store that closes waits for its writes, and the others go on', async (t) => {
    const { directory, first, second } = await openTwo(t, { files: 'background' });
    const writes = Array.from({ length: 100 }, (_, n) => first.setItem(String(n), { n }));
    await first.close();
    assert.deepEqual((await Promise.all(writes)).at(-1), { _rev: 0, n: 99 });
    // Like any other close it left them in their files.
    assert.equal(documentFiles(directory).length, 100);
    await assert.rejects(first.getItem('1'), { code: 'CLOSED' });
    await assert.rejects(first.setItem('1', {}), { code: 'CLOSED' });
    assert.deepEqual(await second.setItem('1', { n: -1 }), { _rev: 1, n: -1 });
    await second.close();
    assert.deepEqual(readJson(directory, '1.json'), { _rev: 1, n: -1 });
    const third = await openStore(t, { directory });
    assert.equal(third.stats().documents, 100);
});

test('stores that open and close a directory in any order never meet a lock', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const increment = (found) => ({ n: (found?.n ?? 0) + 1 });
    const lane = async (lane) => {
        for (let round = 0; round < 15; round += 1) {
            const store = new Datastore({ directory });
            await store.updateItem('n', increment);
            // One in three is closed while the next is opened.
            const closed = store.close();
            if ((round + lane) % 3 > 0) {
                await closed;
            }
        }
    };
    await Promise.all([0, 1, 2, 3].map(lane));
    const store = await openStore(t, { directory });
    assert.deepEqual(await store.getItem('n'), { _rev: 59, n: 60 });
});

test('a store that is dropped without close leaves the directory to the others', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const script = `
        const kept = await new kixx.Datastore({ directory }).load();
        await (async () => {
            const dropped = await new kixx.Datastore({ directory }).load();
            await dropped.setItem('a', {});
        })();
        await kept.setItem('b', {});
        await kept.close();
        // Refused until the one that was dropped is collected.
        for (let round = 0; ; round += 1) {
            const probe = new kixx.Datastore({ directory, syncInterval: 2_000 });
            const code = await probe.load().then(() => null, (error) => error.code);
            if (code === null) {
                console.log(probe.stats().documents);
                await probe.close();
                break;
            }
            if (code !== 'ASSERTION' || round === 200) {
                throw new Error(code);
            }
            gc();
            await new Promise(setImmediate);
        }`;
    const ended = await runScript(script, { directory, execArgv: ['--expose-gc'] });
    assert.deepEqual([ended.stderr, ended.stdout, ended.code], ['', '2\n', 0]);
});

test('an update that another store was faster than runs again, at most so many times', async (t) => {
    const { first, second } = await openTwo(t);
    await first.setItem('a', { n: 0 });
    let runs = 0;
    const update = async (found) => {
        runs += 1;
        if (runs <= 2) {
            await second.setItem('a', { n: runs * 10 });
        }
        return { ...found, n: found.n + 1 };
    };
    assert.deepEqual(await first.updateItem('a', update), { _rev: 3, n: 21 });
    assert.equal(runs, 3);
    runs = 0;
    const error = await refusal(first.updateItem('a', update, { retries: 1 }));
    assert.deepEqual([error.code, error.key, runs], ['CONFLICT', 'a', 2]);
    assert.deepEqual(await first.getItem('a'), { _rev: 5, n: 20 });
});

test('a transaction that another store was faster than runs again', async (t) => {
    const { first, second } = await openTwo(t);
    await first.setItem('a', { n: 1 });
    let runs = 0;
    await first.transaction(async (tx) => {
        runs += 1;
        const { n } = await tx.getItem('a');
        if (runs === 1) {
            await second.setItem('a', { n: 5 });
        }
        await tx.setItem('b', { n });
    });
    assert.deepEqual([runs, (await second.getItem('b')).n], [2, 5]);
});

test('a view with a map function is the store that has it alone, and sees what all write', async (t) => {
    const { first, second } = await openTwo(t);
    first.setView('byN', { map: (document, emit) => emit(document.n) });
    second.setView('byN', { map: (document, emit) => emit(-document.n) });
    await second.setItem('a', { n: 1 });
    const keys = async (store) => (await store.queryView('byN')).items.map(({ key }) => key);
    assert.deepEqual([await keys(first), await keys(second)], [[1], [-1]]);
    await first.setItem('b', { n: 2 });
    assert.deepEqual(
        [await keys(first), await keys(second)],
        [
            [1, 2],
            [-2, -1],
        ],
    );
    await first.deleteView('byN');
    await assert.rejects(first.queryView('byN'), { code: 'NOT_FOUND' });
    assert.deepEqual(await keys(second), [-2, -1]);
});

test('a declarative view that two stores declare alike has its rows once', async (t) => {
    const { directory, first, second } = await openTwo(t);
    await first.setItems(Array.from({ length: 3_000 }, (_, n) => [String(n), { n }]));
    const view = { key: 'n' };
    first.setView('byN', view);
    assert.equal(second.hasView('byN'), false);
    await assert.rejects(second.queryView('byN'), { code: 'NOT_FOUND' });
    assert.equal((await first.queryView('byN')).total, 3_000);
    const { memory } = first.stats();
    second.setView('byN', view);
    // Built already: nothing is left to be done, and nothing to be stored.
    assert.deepEqual((await second.queryView('byN', { key: 7 })).total, 1);
    assert.equal(second.stats().memory.views, memory.views);
    // What the others declare is theirs.
    const third = await openStore(t, { directory });
    third.setView('byN', { key: 'n', where: { n: { $lt: 10 } } });
    assert.equal((await third.queryView('byN')).total, 10);
    assert.equal((await second.queryView('byN')).total, 3_000);
    await first.deleteView('byN');
    assert.equal((await second.queryView('byN')).total, 3_000);
    assert.equal(second.stats().memory.views > memory.views, true);
});

test('find uses the views of its own store alone', async (t) => {
    const { first, second } = await openTwo(t);
    await first.setItems(Array.from({ length: 300 }, (_, n) => [String(n), { n: n % 10 }]));
    first.setView('byN', { key: 'n' });
    const viewOf = async (store) => {
        const { total, explain } = await store.find({ n: 3 }, { explain: true });
        assert.equal(total, 30);
        return explain.view;
    };
    assert.deepEqual([await viewOf(first), await viewOf(second)], ['byN', null]);
    await first.close();
    second.setView('other', { key: 'n' });
    assert.equal(await viewOf(second), 'other');
});

test('a view declared before the load is that of a store that is open already', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const first = await openStore(t, { directory });
    const second = newStore(t, { directory });
    second.setView('byN', { key: 'n' });
    assert.deepEqual(second.stats().views.byN.rows, 0);
    await first.setItem('a', { n: 1 });
    assert.deepEqual((await second.queryView('byN')).total, 1);
});

test('a unique view is enforced for every store until one of them takes it away', async (t) => {
    const { first, second } = await openTwo(t);
    first.setView('byEmail', { key: 'email', unique: true });
    await first.buildView('byEmail');
    await second.setItem('1', { email: 'a' });
    const error = await refusal(second.setItem('2', { email: 'a' }));
    assert.deepEqual([error.code, error.viewId, error.otherKey], ['CONFLICT', 'byEmail', '1']);
    await first.close();
    await assert.rejects(second.setItem('2', { email: 'a' }), { code: 'CONFLICT' });
    assert.equal(await second.deleteView('byEmail'), true);
    await second.setItem('2', { email: 'a' });
});

test('what hinders the engine is told to every store that listens', async (t) => {
    const { directory, first, second } = await openTwo(t, { files: 'background', syncInterval: 3_600_000 });
    fs.mkdirSync(path.join(directory, 'a.json'));
    const told = Promise.all([once(first, 'degraded'), once(second, 'degraded')]);
    await first.setItem('a', {});
    const refused = await refusal(second.flush());
    for (const [error] of await told) {
        assert.equal(error.code, refused.code);
    }
    assert.equal(second.stats().degraded.code, refused.code);
    fs.rmdirSync(path.join(directory, 'a.json'));
    await first.flush();
    assert.equal(second.stats().degraded, null);
});

test('a directory that was replaced is another one for whoever opens it then', async (t) => {
    const { directory, first, second } = await openTwo(t);
    await first.setItem('a', { n: 1 });
    fs.rmSync(directory, { recursive: true });
    const third = await openStore(t, { directory });
    assert.equal(await third.getItem('a'), null);
    await third.setItem('b', {});
    for (const store of [first, second]) {
        assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
        await assert.rejects(store.setItem('a', {}), { code: 'ENOENT' });
        await store.close().catch(({ code }) => assert.equal(code, 'ENOENT'));
    }
    assert.deepEqual(documentFiles(directory), ['b.json']);
});
