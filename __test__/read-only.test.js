'use strict';

/** Stores that only read a directory: they leave no trace, and see what others commit. */

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const process = require('node:process');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { Dice } = require('./crash/dice.js');
const { withMounts } = require('./mounts.js');
const { crew, joined } = require('./processes/crew.js');
const { READS, WRITES } = require('./processes/freshness.js');
const {
    PACKAGE,
    afterwards,
    fixtureDirectory,
    openElsewhere,
    openStore,
    readJson,
    refusal,
    temporaryDirectory,
} = require('./support.js');
const { AssertionError, Datastore, DatastoreEngine, StorageError } = require(PACKAGE);

/** How many numbers a reader is asked for; `KIXX_READ_PAIRS=100000` for many. */
const PAIRS = Number(process.env.KIXX_READ_PAIRS ?? 2_000);

/** A data directory that is not there yet. */
function newDirectory(t) {
    return path.join(temporaryDirectory(t), 'data');
}

/** A loaded store that only reads. */
function openReader(t, directory, options = {}) {
    return openStore(t, { directory, readOnly: true, ...options });
}

/** A directory that a process has left with these documents. */
async function directoryWith(t, documents, options = {}) {
    const directory = newDirectory(t);
    const store = await openStore(t, { directory, ...options });
    await store.setItems(Object.entries(documents));
    await store.close();
    return directory;
}

/** Of everything in a folder what changes when it is written: names, inodes, modes, sizes, times and bytes. */
function tracesIn(folder) {
    const found = {};
    const look = (relative) => {
        const full = path.join(folder, relative);
        const { ino, mode, size, mtimeNs, ctimeNs } = fs.lstatSync(full, { bigint: true });
        const isFolder = fs.lstatSync(full).isDirectory();
        const bytes = isFolder ? null : fs.readFileSync(full, 'latin1');
        found[relative] = { ino, mode, size, mtimeNs, ctimeNs, bytes };
        if (isFolder) {
            for (const name of fs.readdirSync(full)) {
                look(path.join(relative, name));
            }
        }
    };
    look('.');
    return found;
}

async function keysOf(store) {
    const { items } = await store.queryKeys({ limit: Infinity });
    return items.map(({ key }) => key);
}

/** A whole life of a reader. */
async function live(t, directory) {
    const reader = await openReader(t, directory);
    reader.setView('mapped', { map: (document, emit) => emit(document._rev) });
    reader.setView('declared', { key: '_rev' });
    const total = (await reader.queryKeys({ limit: 1 })).total;
    for (const id of ['mapped', 'declared']) {
        assert.equal((await reader.queryView(id, { limit: 1 })).total, total);
    }
    assert.equal(await reader.count({ _rev: { $gte: 0 } }), total);
    await assert.rejects(reader.setItem('new', {}), { code: 'READ_ONLY' });
    await assert.rejects(reader.importItems([{ key: 'new', document: {} }]), { code: 'READ_ONLY' });
    const copy = path.join(temporaryDirectory(t), 'backup');
    assert.equal((await reader.backup(copy)).documents, total);
    await reader.flush();
    await reader.close();
    return total;
}

test('a reader leaves no trace in a directory of the original', async (t) => {
    const directory = fixtureDirectory(t);
    const before = tracesIn(directory);
    assert.equal(await live(t, directory), 536);
    assert.deepEqual(tracesIn(directory), before);
});

test('a reader leaves no trace in a directory that was closed, or whose process was killed', async (t) => {
    const directory = await directoryWith(t, { a: { n: 1 }, b: { n: 2 } });
    let before = tracesIn(directory);
    assert.equal(await live(t, directory), 2);
    assert.deepEqual(tracesIn(directory), before);
    const member = await joined(t, directory, { options: { files: 'background', syncInterval: 3_600_000 } });
    await member.call('setItem', 'c', { n: 3 });
    await member.call('deleteItem', 'a');
    await member.kill();
    before = tracesIn(directory);
    assert.equal(await live(t, directory), 2);
    const reader = await openReader(t, directory);
    assert.deepEqual(await reader.getItems(['a', 'b', 'c']), [null, { _rev: 0, n: 2 }, { _rev: 0, n: 3 }]);
    assert.equal(reader.loadReport.recovered, 2);
    await reader.close();
    assert.deepEqual(tracesIn(directory), before, 'what the journal has counts in memory alone');
    const next = await openStore(t, { directory });
    assert.deepEqual(await keysOf(next), ['b', 'c']);
});

test('a directory that is missing is not made', async (t) => {
    const directory = newDirectory(t);
    for (const Class of [Datastore, DatastoreEngine]) {
        const store = new Class({ directory, readOnly: true });
        afterwards(t, () => store.close());
        const error = await refusal(Class === Datastore ? store.load() : store.loadDocuments());
        assert.ok(error instanceof StorageError, error.stack);
        assert.deepEqual([error.code, error.path], ['ENOENT', directory]);
        assert.ok(!fs.existsSync(directory));
    }
    const store = new Datastore({ directory, readOnly: true });
    afterwards(t, () => store.close());
    await assert.rejects(store.getItem('a'), { code: 'ENOENT' });
    fs.mkdirSync(directory);
    assert.equal(await store.getItem('a'), null, 'the next load finds it');
});

test('what a store that writes nothing cannot be asked for is refused', (t) => {
    const directory = temporaryDirectory(t);
    const options = [
        { durability: 'none' },
        { durability: 'full' },
        { files: 'background' },
        { syncInterval: 50 },
        { singleProcess: true },
        { onCorrupt: 'quarantine' },
        { watch: true },
    ];
    for (const Class of [Datastore, DatastoreEngine]) {
        for (const option of options) {
            assert.throws(
                () => new Class({ directory, readOnly: true, ...option }),
                (error) => {
                    assert.ok(error instanceof AssertionError, error.stack);
                    assert.ok(error.message.includes(Object.keys(option)[0]) && error.message.includes('readOnly'));
                    return true;
                },
            );
            void new Class({ directory, readOnly: false, ...option });
        }
        void new Class({ directory, readOnly: true, singleProcess: false, onCorrupt: 'error' });
    }
});

test('a directory with bad files is refused with all of them, and nothing is moved', async (t) => {
    const directory = await directoryWith(t, { a: {} });
    fs.writeFileSync(path.join(directory, 'bad.json'), 'no JSON');
    const before = tracesIn(directory);
    const error = await refusal(openReader(t, directory));
    assert.deepEqual([error.code, error.files.map(({ file }) => file)], ['CORRUPT', ['bad.json']]);
    assert.deepEqual(tracesIn(directory), before);
});

test('a reader sees what another process acknowledged before, in whatever way it reads', async (t) => {
    const directory = newDirectory(t);
    const [writer, second] = await crew(t, directory, 2);
    const reader = await joined(t, directory, { options: { readOnly: true } });
    const seed = Date.now() % 1_000_000;
    t.diagnostic(`seed ${seed}`);
    const dice = new Dice(seed);
    const [reads, writes] = [Object.keys(READS), Object.keys(WRITES)];
    for (let n = 0; n < PAIRS; n += 1) {
        const [read, write, name] = [dice.pick(reads), dice.pick(writes), `number:${n % 3}`];
        await dice.pick([writer, second]).ask('write', name, n, write);
        assert.equal(await reader.ask('read', name, read), n, `${read} after ${write}`);
    }
    const refused = await refusal(reader.call('setItem', 'a', {}));
    assert.deepEqual([refused.code, refused.key], ['READ_ONLY', 'a']);
});

test('a reader that opens many documents while another process writes them sees every write, and holds none up', async (t) => {
    const directory = newDirectory(t);
    const store = await openStore(t, { directory, files: 'background' });
    await store.setItems(Array.from({ length: 5_000 }, (_, n) => [`doc:${n}`, { n }]));
    for (const isFirst of [true, false]) {
        // Beside others files are placed with each commit, alone they follow.
        const other = isFirst ? null : await joined(t, directory);
        let [written, reader] = [0, null];
        const joining = joined(t, directory, { options: { readOnly: true } }).then((member) => {
            reader = member;
        });
        for (; reader === null; written += 1) {
            await store.setItem(`doc:${(written * 7) % 5_000}`, { written });
        }
        await joining;
        assert.ok(written > 0);
        const sample = Array.from({ length: 500 }, (_, n) => `doc:${n * 7}`);
        assert.deepEqual(await reader.call('getItems', sample), await store.getItems(sample));
        assert.equal((await reader.call('queryKeys', { limit: 1 })).total, 5_000);
        await reader.close();
        await other?.close();
    }
});

test('a reader outlives writers that are killed, and tells what whoever comes next goes on with', async (t) => {
    const directory = await directoryWith(t, { a: { n: 0 } });
    const reader = await openReader(t, directory);
    for (let round = 0; round < 6; round += 1) {
        const member = await joined(t, directory, { options: { files: ['eager', 'background'][round % 2] } });
        const entries = Array.from({ length: 50 }, (_, n) => [`${round}:${n}`, { n, text: 'x'.repeat(5_000) }]);
        await member.call('setItem', 'a', { round });
        const killed = member.ended;
        member.call('setItems', entries).catch(() => {});
        setTimeout(() => member.signal('SIGKILL'), round);
        await killed;
        const { total } = await reader.queryKeys({ prefix: `${round}:` });
        assert.ok(total === 0 || total === 50, `${total} of 50`);
        assert.equal((await reader.getItem('a')).round, round);
        const told = await keysOf(await openReader(t, directory));
        const next = await joined(t, directory);
        const { items } = await next.call('queryKeys', { limit: 1_000 });
        assert.deepEqual(
            items.map(({ key }) => key),
            told,
        );
        assert.deepEqual(await keysOf(reader), told);
        await next.close();
    }
});

test('what was edited while nobody had the directory open is read when somebody opens it again', async (t) => {
    const directory = await directoryWith(t, { a: { n: 1 }, b: { n: 2 } });
    const reader = await openReader(t, directory);
    reader.setView('byN', { key: 'n' });
    assert.equal((await reader.queryView('byN')).total, 2);
    fs.writeFileSync(path.join(directory, 'a.json'), JSON.stringify({ n: 7 }));
    fs.rmSync(path.join(directory, 'b.json'));
    const member = await joined(t, directory);
    assert.deepEqual(await reader.getItems(['a', 'b']), [{ _rev: 0, n: 7 }, null]);
    await member.call('setItem', 'c', { n: 9 });
    const { items } = await reader.queryView('byN');
    assert.deepEqual(
        items.map(({ key }) => key),
        [7, 9],
    );
});

test('beside a process that has the directory for itself nothing is told but that', async (t) => {
    const directory = await directoryWith(t, { a: { n: 1 } });
    const reader = await openReader(t, directory);
    const close = await openElsewhere(t, directory);
    const error = await refusal(reader.getItem('a'));
    assert.deepEqual([error.code, error.path], ['LOCKED', path.join(directory, '.datastore', 'lock')]);
    assert.ok(error.message.includes('singleProcess'));
    const beside = await joined(t, directory, { options: { readOnly: true } }).then(assert.fail, ({ code }) => code);
    assert.equal(beside, 'LOCKED');
    await close();
    assert.deepEqual(await reader.getItem('a'), { _rev: 0, n: 1 });
    const alone = await joined(t, directory, { options: { singleProcess: true } });
    const other = new Datastore({ directory, readOnly: true });
    await assert.rejects(other.getItem('a'), { code: 'LOCKED' });
    await alone.call('setItem', 'a', { n: 2 });
    await alone.kill();
    assert.deepEqual(await reader.getItem('a'), { _rev: 1, n: 2 });
    await other.close();
});

test("a reader is in nobody's way: a process opens a directory for itself, and recovers, beside it", async (t) => {
    const directory = await directoryWith(t, { a: { n: 1 } });
    await openReader(t, directory);
    const first = await joined(t, directory, { options: { files: 'background' } });
    await first.call('setItem', 'a', { n: 2 });
    assert.deepEqual(readJson(directory, 'a.json'), { _rev: 0, n: 1 }, 'it is the only opener');
    await first.kill();
    const alone = await joined(t, directory, { options: { singleProcess: true } });
    assert.deepEqual(readJson(directory, 'a.json'), { _rev: 1, n: 2 });
    assert.equal(await alone.close(), 0);
});

test('in one process a reader shares the engine that writes, and is refused writes', async (t) => {
    const directory = await directoryWith(t, { a: { n: 1 } });
    const writer = await openStore(t, { directory });
    const reader = await openReader(t, directory);
    await writer.setItem('a', { n: 2 });
    assert.deepEqual([await reader.getItem('a'), reader._db.getItem('a').document.n], [{ _rev: 1, n: 2 }, 2]);
    await assert.rejects(reader.setItem('a', {}), { code: 'READ_ONLY', key: 'a' });
    assert.equal(reader.stats().memory.texts, writer.stats().memory.texts, 'one copy');
    await reader.close();
    assert.equal((await writer.setItem('a', { n: 3 }))._rev, 2);
});

test('in one process a store that writes is refused beside an engine that only reads, and told what to do', async (t) => {
    const directory = await directoryWith(t, { a: { n: 1 } });
    const reader = await openReader(t, directory);
    const again = await openReader(t, directory);
    const writer = new Datastore({ directory });
    afterwards(t, () => writer.close());
    const error = await refusal(writer.load());
    assert.ok(error instanceof AssertionError && error.message.includes('readOnly'), error.stack);
    await reader.close();
    await assert.rejects(writer.load(), AssertionError);
    await again.close();
    assert.equal((await writer.setItem('a', { n: 2 }))._rev, 1);
});

test('a reader in a worker follows the main thread, and shares its copy of the documents', async (t) => {
    const directory = await directoryWith(t, { a: { n: 0 } });
    const store = await openStore(t, { directory });
    const source = `
        const { parentPort, workerData } = require('node:worker_threads');
        const { Datastore } = require(workerData.package);
        const store = new Datastore({ directory: workerData.directory, readOnly: true });
        parentPort.on('message', async () => {
            const refused = await store.setItem('a', {}).catch(({ code }) => code);
            parentPort.postMessage({ refused, found: await store.getItem('a') });
        });`;
    const worker = new Worker(source, { eval: true, workerData: { directory, package: PACKAGE } });
    t.after(() => worker.terminate());
    for (let n = 1; n < 100; n += 1) {
        await store.setItem('a', { n });
        worker.postMessage('read');
        const [{ refused, found }] = await once(worker, 'message');
        assert.deepEqual([refused, found.n], ['READ_ONLY', n]);
    }
});

test('readers in several threads, with nobody who writes, follow another process', async (t) => {
    const directory = await directoryWith(t, { a: { n: 0 } });
    const source = `
        const { parentPort, workerData } = require('node:worker_threads');
        const { Datastore } = require(workerData.package);
        const store = new Datastore({ directory: workerData.directory, readOnly: true });
        parentPort.on('message', async () => parentPort.postMessage(await store.getItem('a')));`;
    const workers = [1, 2].map(() => new Worker(source, { eval: true, workerData: { directory, package: PACKAGE } }));
    t.after(() => Promise.all(workers.map((worker) => worker.terminate())));
    const reader = await openReader(t, directory);
    const member = await joined(t, directory);
    for (let n = 1; n < 50; n += 1) {
        await member.call('setItem', 'a', { n });
        for (const worker of workers) {
            worker.postMessage('read');
            assert.equal((await once(worker, 'message'))[0].n, n);
        }
        assert.equal((await reader.getItem('a')).n, n);
    }
});

test('a unique view is read where the directory has it, and refused where it would have to be defined', async (t) => {
    const directory = newDirectory(t);
    const byEmail = { key: 'email', unique: true };
    const store = await openStore(t, { directory });
    store.setView('byEmail', byEmail);
    await store.setItem('a', { email: 'a@example.com' });
    await store.close();
    const before = tracesIn(directory);
    const reader = await openReader(t, directory);
    reader.setView('byEmail', byEmail);
    assert.equal((await reader.queryView('byEmail')).total, 1);
    assert.deepEqual((await reader.buildView('byEmail')).duplicates, []);
    reader.setView('byName', { key: 'name', unique: true });
    await assert.rejects(reader.queryView('byName'), { code: 'READ_ONLY' });
    await assert.rejects(reader.deleteView('byEmail'), { code: 'READ_ONLY' });
    assert.ok(reader.hasView('byEmail'), 'nothing changed');
    assert.equal(await reader.deleteView('byName'), true);
    reader.setView('byEmail', { key: 'email' });
    assert.equal((await reader.queryView('byEmail')).total, 1, 'a view of its own takes nothing from the directory');
    await reader.close();
    assert.deepEqual(tracesIn(directory), before);
});

test('the order of keys is that of the directory, and another one is refused', async (t) => {
    const german = { collation: { locale: 'de' } };
    const directory = await directoryWith(t, { Z: {}, ä: {}, a: {} }, german);
    assert.deepEqual(await keysOf(await openReader(t, directory)), ['a', 'ä', 'Z']);
    const other = await directoryWith(t, { a: {} });
    await assert.rejects(openReader(t, other, german), AssertionError);
    const original = temporaryDirectory(t);
    for (const key of ['Z', 'ä', 'a']) {
        fs.writeFileSync(path.join(original, `${encodeURIComponent(key)}.json`), '{}');
    }
    assert.deepEqual(await keysOf(await openReader(t, original, german)), ['a', 'ä', 'Z']);
    assert.deepEqual(fs.readdirSync(original).length, 3);
});

test('where our folder, or the data directory, is removed, a reader reads what is left or says why not', async (t) => {
    const directory = await directoryWith(t, { a: { n: 1 } });
    const reader = await openReader(t, directory);
    fs.rmSync(path.join(directory, '.datastore'), { recursive: true });
    const member = await joined(t, directory);
    await member.call('setItem', 'b', { n: 2 });
    await followed(async () => assert.deepEqual(await keysOf(reader), ['a', 'b']));
    assert.equal(await member.close(), 0);
    fs.rmSync(directory, { recursive: true });
    await followed(() => assert.rejects(reader.getItem('a'), { code: 'ENOENT' }));
    fs.mkdirSync(directory);
    await assert.rejects(reader.getItem('a'), { code: 'ENOENT' }, 'another directory');
    await reader.close();
});

/** Waits until a reader, which looks after its folder once a second, has noticed. */
async function followed(check) {
    for (;;) {
        try {
            return await check();
        } catch (error) {
            if (error.code !== 'ERR_ASSERTION') {
                throw error;
            }
        }
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

test("a directory on a file system that may only be read is opened, also a killed process's", async (t) => {
    await withMounts(t, async ({ directory, mountReadOnly, beforeUnmount }) => {
        const member = await joined(t, directory, { options: { files: 'background', syncInterval: 3_600_000 } });
        await member.call('setItem', 'a', { n: 1 });
        await member.kill();
        mountReadOnly();
        assert.throws(() => fs.writeFileSync(path.join(directory, 'x'), ''), { code: 'EROFS' });
        const reader = new Datastore({ directory, readOnly: true });
        beforeUnmount(() => reader.close());
        assert.deepEqual(await reader.getItem('a'), { _rev: 0, n: 1 });
        await assert.rejects(reader.setItem('a', {}), { code: 'READ_ONLY' });
        reader.setView('view', { map: (document, emit) => emit(document.n) });
        assert.equal((await reader.queryView('view')).total, 1);
    });
});

test('a reader by a mount that may only be read follows who writes by another one', async (t) => {
    await withMounts(t, async ({ directory, mountReadOnlyElsewhere, beforeUnmount }) => {
        const elsewhere = mountReadOnlyElsewhere();
        const reader = new Datastore({ directory: elsewhere, readOnly: true });
        beforeUnmount(() => reader.close());
        await reader.load();
        const member = await joined(t, directory);
        beforeUnmount(() => member.close());
        for (let n = 0; n < 200; n += 1) {
            await member.call('setItem', 'a', { n });
            assert.equal((await reader.getItem('a')).n, n);
        }
        assert.throws(() => fs.writeFileSync(path.join(elsewhere, 'x'), ''), { code: 'EROFS' });
    });
});
