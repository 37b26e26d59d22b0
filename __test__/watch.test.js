'use strict';

/** `watch: true`: what editors, git and rsync do to the files of an open store is noticed. */

const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: pause } = require('node:timers/promises');
const { test } = require('node:test');
const { joined } = require('./processes/crew.js');
const {
    PACKAGE,
    afterwards,
    holdings,
    openStore,
    readJson,
    refusal,
    runScript,
    temporaryDirectory,
} = require('./support.js');
const { Datastore, DatastoreEngine } = require(PACKAGE);

/** A key whose file lies in folders. */
const LONG = 'long '.repeat(120);

/** A store that watches its files, what hands do to them, and what it tells of that. */
async function watched(t, options = {}) {
    const directory = path.join(temporaryDirectory(t), 'data');
    const store = await openStore(t, { directory, watch: true, ...options });
    const file = (key) => path.join(directory, fileOf(key));
    // What is told keeps no process alive.
    const alive = setInterval(() => {}, 60_000);
    afterwards(t, () => clearInterval(alive));
    const told = [];
    store.on('refresh', (report) => told.push(report));
    return { directory, store, file, told };
}

/** The file of a key, relative to the directory. */
function fileOf(key) {
    let name = `${encodeURIComponent(key)}.json`;
    const folders = [];
    while (name.length > 255) {
        let cut = 239;
        while (/%.?$/.test(name.slice(0, cut))) {
            cut -= 1;
        }
        folders.push(`${name.slice(0, cut)}%`);
        name = name.slice(cut);
    }
    return path.join(...folders, name);
}

/** What the store tells next. */
async function next(store) {
    const [report] = await once(store, 'refresh');
    return report;
}

/** Resolves when something holds. */
async function until(holds) {
    while (!(await holds())) {
        await pause(2);
    }
}

/** The ways in which programs write a file. */
const WRITERS = {
    'in place': (file, text) => fs.writeFileSync(file, text),
    'in place, in steps': (file, text) => {
        const handle = fs.openSync(file, 'w');
        for (const letter of text) {
            fs.writeSync(handle, letter);
        }
        fs.closeSync(handle);
    },
    'beside and renamed': (file, text) => {
        fs.writeFileSync(`${file}.tmp`, text);
        fs.renameSync(`${file}.tmp`, file);
    },
    'anew, with the old one kept': (file, text) => {
        fs.renameSync(file, `${file}~`);
        fs.writeFileSync(file, text);
    },
    'removed and made again': (file, text) => {
        fs.rmSync(file);
        fs.writeFileSync(file, text);
    },
};

for (const [way, write] of Object.entries(WRITERS)) {
    for (const options of [{}, { files: 'background' }, { singleProcess: true }]) {
        test(`a file that is written ${way} is one new revision, and stays as it is (${JSON.stringify(options)})`, async (t) => {
            const { store, file } = await watched(t, options);
            await store.setItems([
                ['a', { n: 1 }],
                [LONG, { n: 1 }],
            ]);
            await store.flush();
            for (const key of ['a', LONG]) {
                const telling = next(store);
                write(file(key), '{"n":2}');
                const { changedKeys, removed, added, invalid } = await telling;
                assert.deepEqual([changedKeys, removed, added, invalid], [[key], 0, 0, 0]);
                assert.deepEqual(await store.getItem(key), { _rev: 1, n: 2 });
                assert.equal(fs.readFileSync(file(key), 'utf8'), '{"n":2}');
                const { code, actualRev } = await refusal(store.setItem(key, { _rev: 0, n: 9 }));
                assert.deepEqual([code, actualRev], ['CONFLICT', 1]);
                await store.setItem(key, { _rev: 1, n: 3 });
                await store.flush();
                assert.deepEqual(JSON.parse(fs.readFileSync(file(key), 'utf8')), { _rev: 2, n: 3 });
            }
        });
    }
}

test('files that come, go and come back are followed, by views and kept documents, too', async (t) => {
    const { store, file } = await watched(t);
    store.setView('mapped', { map: (document, emit) => emit(document.n) });
    store.setView('declared', { key: 'n' });
    const rows = async () => {
        const [mapped, declared] = await Promise.all([store.queryView('mapped'), store.queryView('declared')]);
        assert.deepEqual(
            mapped.items.map(({ key }) => key),
            declared.items.map(({ key }) => key),
        );
        return mapped.items.map(({ key }) => key);
    };
    assert.deepEqual(await rows(), []);
    let telling = next(store);
    fs.writeFileSync(file('a'), '{"n":1}');
    assert.deepEqual((await telling).addedKeys, ['a']);
    assert.deepEqual([await rows(), await store.getItem('a')], [[1], { _rev: 0, n: 1 }]);
    telling = next(store);
    fs.rmSync(file('a'));
    assert.deepEqual((await telling).removedKeys, ['a']);
    assert.deepEqual([await rows(), await store.getItem('a')], [[], null]);
    telling = next(store);
    fs.writeFileSync(file('a'), '{"n":3}');
    assert.deepEqual((await telling).addedKeys, ['a']);
    assert.deepEqual([await rows(), await store.getItem('a')], [[3], { _rev: 0, n: 3 }]);
});

test('folders of long names are followed as they come, change, and are moved away', async (t) => {
    const { directory, store, file, told } = await watched(t);
    const keys = [1, 2, 3].map((number) => LONG + number);
    fs.mkdirSync(path.dirname(file(keys[0])), { recursive: true });
    for (const key of keys) {
        fs.writeFileSync(file(key), '{"n":1}');
    }
    await until(async () => (await store.count({ n: 1 })) === 3);
    fs.writeFileSync(file(keys[1]), '{"n":2}');
    await until(async () => (await store.getItem(keys[1])).n === 2);
    fs.renameSync(path.join(directory, path.dirname(fileOf(LONG)).split(path.sep)[0]), path.join(directory, 'aside'));
    await until(async () => (await store.count({})) === 0);
    await until(() => told.reduce((sum, { removed }) => sum + removed, 0) === 3);
});

test('five thousand files that are renamed into place, as rsync and git do, are all taken over once', async (t) => {
    const { directory, store, told } = await watched(t);
    const keys = Array.from({ length: 5_000 }, (_, number) => `key ${number}`);
    await store.setItems(keys.map((key) => [key, { n: 0 }]));
    for (const key of keys) {
        WRITERS['beside and renamed'](path.join(directory, fileOf(key)), '{"n":1}');
    }
    await until(async () => (await store.count({ n: 1 })) === keys.length);
    await until(() => told.reduce((sum, { changed }) => sum + changed, 0) >= keys.length);
    assert.deepEqual(await store.refresh(), { ...told[0], changed: 0, changedKeys: [] });
    const documents = await store.getItems(keys);
    assert.ok(documents.every(({ _rev }) => _rev === 1));
});

for (const files of ['eager', 'background']) {
    test(`what the store itself writes is no edit, with ${files} files`, async (t) => {
        const { store, file, told } = await watched(t, { files });
        for (let round = 0; round < 20; round += 1) {
            const keys = Array.from({ length: 100 }, (_, number) => `key ${number % 50} ${round % 3}`);
            await Promise.all(
                keys.map((key, number) => (number % 7 === 0 ? store.deleteItem(key) : store.setItem(key, { round }))),
            );
        }
        await store.flush();
        fs.writeFileSync(file('by hand'), '{}');
        await until(() => told.length > 0);
        assert.deepEqual(
            told.map(({ addedKeys, changed, removed }) => [addedKeys, changed, removed]),
            [[['by hand'], 0, 0]],
        );
    });
}

test('of two processes that watch exactly one takes an edit over, and both have it', async (t) => {
    const { directory, store, file, told } = await watched(t);
    await store.setItem('a', { n: 0 });
    const other = await joined(t, directory, { options: { watch: true } });
    for (let n = 1; n <= 10; n += 1) {
        fs.writeFileSync(file('a'), `{"n":${n}}`);
        await until(async () => (await store.getItem('a')).n === n);
        assert.deepEqual(await other.call('getItem', 'a'), { _rev: n, n });
        assert.deepEqual([(await store.refresh()).changed, (await other.call('refresh')).changed], [0, 0]);
        assert.deepEqual(await store.getItem('a'), { _rev: n, n });
    }
    assert.ok(told.every(({ changedKeys }) => changedKeys.length === 1));
});

test('an invalid file is told once, until it changes, its old value is kept, and it can be healed', async (t) => {
    const { store, file, told } = await watched(t);
    await store.setItem('a', { n: 1 });
    let telling = next(store);
    fs.writeFileSync(file('a'), '{"n":');
    const { invalid, invalidFiles, changed } = await telling;
    assert.deepEqual([invalid, changed, invalidFiles[0].file, invalidFiles[0].key], [1, 0, 'a.json', 'a']);
    assert.match(invalidFiles[0].reason, /^is not JSON/);
    assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
    // Written again as it was, and something else behind it.
    fs.writeFileSync(file('a'), '{"n":');
    telling = next(store);
    fs.writeFileSync(file('b'), '{}');
    assert.deepEqual([(await telling).addedKeys, told.at(-1).invalid], [['b'], 0]);
    telling = next(store);
    fs.writeFileSync(file('a'), '[]');
    assert.equal((await telling).invalidFiles[0].reason, 'is not an object');
    telling = next(store);
    fs.writeFileSync(file('a'), '{"n":2}');
    assert.deepEqual((await telling).changedKeys, ['a']);
    assert.deepEqual(await store.getItem('a'), { _rev: 1, n: 2 });
});

test('what was noticed before kill -9, or a close, is there again and its revision no lower', async (t) => {
    for (const ending of ["process.kill(process.pid, 'SIGKILL');", 'await store.close();']) {
        const directory = path.join(temporaryDirectory(t), 'data');
        const { stderr } = await runScript(
            `const store = new kixx.Datastore({ directory, watch: true });
            await store.setItem('a', { n: 1 });
            const noticed = require('node:events').once(store, 'refresh');
            require('node:fs').writeFileSync(directory + '/a.json', '{"n":2}');
            const waiting = setTimeout(() => {}, 60_000);
            await noticed;
            clearTimeout(waiting);
            ${ending}`,
            { directory },
        );
        assert.equal(stderr, '');
        const store = await openStore(t, { directory });
        assert.deepEqual(await store.getItem('a'), { _rev: 1, n: 2 });
        await store.close();
        assert.deepEqual(readJson(directory, 'a.json'), { _rev: 1, n: 2 });
    }
});

test('a store that watches keeps no process alive', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const script = `const store = new kixx.Datastore({ directory, watch: true });
        store.on('refresh', () => {});
        await store.setItem('a', {});
        console.log('ends');`;
    const { code, stdout, stderr } = await runScript(script, { directory });
    assert.deepEqual([code, stdout, stderr], [0, 'ends\n', '']);
});

test('a store that is closed, or cannot be loaded, watches nothing any more', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const bad = path.join(temporaryDirectory(t), 'bad');
    fs.mkdirSync(bad);
    fs.writeFileSync(path.join(bad, 'a.json'), '{');
    let before;
    for (let round = 0; round < 12; round += 1) {
        const store = await new Datastore({ directory, watch: true }).load();
        await store.setItem(LONG, { round });
        await store.close();
        assert.equal((await refusal(new Datastore({ directory: bad, watch: true }).load())).code, 'CORRUPT');
        before ??= holdings();
    }
    // Its threads end a moment after it.
    await until(() => holdings().every((count, kind) => count <= before[kind]));
});

test('without files there is nothing to watch', (t) => {
    const fileSystem = {
        readDocumentDirectory: () => [],
        readDocumentFile: () => ({}),
        writeDocumentFile() {},
        removeDocumentFile() {},
    };
    const directory = temporaryDirectory(t);
    for (const Class of [Datastore, DatastoreEngine]) {
        for (const options of [{ durability: 'none' }, { durability: 'none', directory }, { directory, fileSystem }]) {
            assert.throws(() => new Class({ ...options, watch: true }), { code: 'ASSERTION' });
        }
    }
});
