'use strict';

/** `refresh`: what editors, git and rsync do to the files of an open store. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { joined } = require('./processes/crew.js');
const { PACKAGE, documentFiles, openStore, refusal, runScript, temporaryDirectory } = require('./support.js');
const { Datastore, DatastoreEngine } = require(PACKAGE);

const NOTHING = {
    changed: 0,
    added: 0,
    removed: 0,
    invalid: 0,
    changedKeys: [],
    addedKeys: [],
    removedKeys: [],
    invalidFiles: [],
};

/** A store, and what hands do to its files. */
async function edited(t, options = {}) {
    const directory = path.join(temporaryDirectory(t), 'data');
    const store = await openStore(t, { directory, ...options });
    const file = (name) => path.join(directory, `${name}.json`);
    return { directory, store, file, write: (name, text) => fs.writeFileSync(file(name), text) };
}

for (const files of ['eager', 'background']) {
    test(`files that were changed, made and removed are taken over as new revisions, with ${files} files`, async (t) => {
        const { store, file, write } = await edited(t, { files });
        await store.setItems([
            ['a', { n: 1 }],
            ['gone', {}],
            ['same', { n: 1 }],
        ]);
        await store.flush();
        const text = '{"n":2,   "_rev":0}';
        write('a', text);
        write('same', '{\n"n":1}');
        write('new%20one', '{"_rev":3,"n":3}');
        fs.rmSync(file('gone'));
        const report = await store.refresh();
        assert.deepEqual(report, {
            ...NOTHING,
            changed: 1,
            added: 1,
            removed: 1,
            changedKeys: ['a'],
            addedKeys: ['new one'],
            removedKeys: ['gone'],
        });
        assert.deepEqual(await store.getItems(['a', 'gone', 'new one', 'same']), [
            { _rev: 1, n: 2 },
            null,
            { _rev: 3, n: 3 },
            { _rev: 0, n: 1 },
        ]);
        assert.equal(fs.readFileSync(file('a'), 'utf8'), text);
        assert.deepEqual(await store._db.refresh(), NOTHING);
        const { code, actualRev } = await refusal(store.setItem('a', { _rev: 0, n: 9 }));
        assert.deepEqual([code, actualRev], ['CONFLICT', 1]);
        await store.updateItem('a', (found) => ({ ...found, m: 1 }));
        await store.flush();
        assert.deepEqual(JSON.parse(fs.readFileSync(file('a'), 'utf8')), { _rev: 2, n: 2, m: 1 });
    });
}

test('views, searches and kept documents follow what was taken over', async (t) => {
    const { store, write } = await edited(t);
    store.setView('mapped', { map: (document, emit) => emit(document.n) });
    store.setView('declared', { key: 'n' });
    await store.setItem('a', { n: 1 });
    const rows = async (id) => (await store.queryView(id)).items.map(({ key }) => key);
    assert.deepEqual(
        [await rows('mapped'), await rows('declared'), await store.getItem('a')],
        [[1], [1], { _rev: 0, n: 1 }],
    );
    write('a', '{"n":2}');
    write('b', '{"n":3}');
    await store.refresh();
    assert.deepEqual(
        [await rows('mapped'), await rows('declared')],
        [
            [2, 3],
            [2, 3],
        ],
    );
    assert.deepEqual(await store.getItem('a'), { _rev: 1, n: 2 });
    assert.equal(await store.count({ n: 3 }), 1);
});

test('a file that is no document, or breaks a unique view, is told and its old value kept', async (t) => {
    const { store, write } = await edited(t);
    store.setView('byEmail', { key: 'email', unique: true });
    await store.buildView('byEmail');
    await store.setItems([
        ['a', { email: 'a' }],
        ['b', { email: 'b' }],
    ]);
    write('a', '{"email":');
    write('b', '{"email":"a"}');
    const { invalid, invalidFiles, ...rest } = await store.refresh();
    assert.equal(invalid, 2);
    assert.deepEqual(
        invalidFiles.map(({ file, key }) => [file, key]),
        [
            ['a.json', 'a'],
            ['b.json', 'b'],
        ],
    );
    assert.match(invalidFiles[0].reason, /^is not JSON/);
    assert.match(invalidFiles[1].reason, /byEmail/);
    assert.deepEqual({ ...rest, invalid: 0, invalidFiles: [] }, NOTHING);
    assert.deepEqual(await store.getItems(['a', 'b']), [
        { _rev: 0, email: 'a' },
        { _rev: 0, email: 'b' },
    ]);
    write('a', '{"email":"c"}');
    assert.deepEqual((await store.refresh()).changedKeys.sort(), ['a', 'b']);
});

test('of two processes that refresh at once exactly one takes an edit over, and both have it', async (t) => {
    const { directory, store, write } = await edited(t);
    await store.setItem('a', { n: 0 });
    const other = await joined(t, directory);
    for (let n = 1; n <= 10; n += 1) {
        write('a', `{"n":${n}}`);
        const [own, theirs] = await Promise.all([store.refresh(), other.call('refresh')]);
        assert.equal(own.changed + theirs.changed, 1);
        assert.deepEqual(await store.getItem('a'), { _rev: n, n });
        assert.deepEqual(await other.call('getItem', 'a'), { _rev: n, n });
    }
});

test('what was taken over before kill -9, or a close, is there again and its revision no lower', async (t) => {
    for (const ending of ["process.kill(process.pid, 'SIGKILL');", 'await store.close();']) {
        for (const files of ['eager', 'background']) {
            const directory = path.join(temporaryDirectory(t), 'data');
            const { stderr } = await runScript(
                `const store = new kixx.Datastore({ directory, files: args[0] });
                await store.setItem('a', { n: 1 });
                await store.setItem('a', { n: 2 });
                await store.flush();
                require('node:fs').writeFileSync(directory + '/a.json', '{"n":3}');
                await store.refresh();
                await store.setItem('b', {});
                ${ending}`,
                { directory, args: [files] },
            );
            assert.equal(stderr, '');
            const store = await openStore(t, { directory });
            assert.deepEqual(await store.getItem('a'), { _rev: 2, n: 3 });
            await store.close();
        }
    }
});

test('five thousand files that were changed, and as many that are new, are taken over', async (t) => {
    const { directory, store } = await edited(t);
    const keys = Array.from({ length: 5_000 }, (_, number) => `key ${number}`);
    await store.setItems(keys.map((key) => [key, { n: 0 }]));
    for (const key of keys) {
        fs.writeFileSync(path.join(directory, `${encodeURIComponent(key)}.json`), '{"n":1}');
        fs.writeFileSync(path.join(directory, `new-${encodeURIComponent(key)}.json`), '{"n":1}');
    }
    const report = await store.refresh();
    assert.deepEqual([report.changed, report.added, report.changedKeys.length], [5_000, 5_000, 1_000]);
    assert.equal(await store.count({ n: 1 }), 10_000);
    await store.close();
    assert.equal(documentFiles(directory).length, 10_000);
});

test('a refresh comes after the writes that were called before it, and close waits for it', async (t) => {
    const { store, write } = await edited(t);
    await store.setItem('a', { n: 1 });
    write('b', '{}');
    const written = store.setItem('a', { n: 2 });
    const refreshing = store.refresh();
    const closed = store.close();
    assert.deepEqual((await refreshing).addedKeys, ['b']);
    await Promise.all([written, closed]);
    assert.equal((await refusal(store.refresh())).code, 'CLOSED');
});

test('a store in memory has nothing to refresh, and custom parts cannot', async (t) => {
    const memory = new Datastore({ durability: 'none' });
    await memory.setItem('a', {});
    assert.deepEqual(await memory.refresh(), NOTHING);
    await memory.close();
    const { loadDocuments, getItem, setItem, deleteItem, queryKeys, queryView } = new DatastoreEngine({
        durability: 'none',
    });
    const db = {
        loadDocuments: async () => {},
        getItem,
        setItem,
        deleteItem,
        queryKeys,
        queryView,
        loading: loadDocuments,
    };
    assert.equal((await refusal(new Datastore({ db }).refresh())).code, 'UNSUPPORTED');
    const fileSystem = {
        readDocumentDirectory: () => [],
        readDocumentFile: () => ({}),
        writeDocumentFile() {},
        removeDocumentFile() {},
    };
    const custom = await openStore(t, { directory: temporaryDirectory(t), fileSystem });
    assert.equal((await refusal(custom.refresh())).code, 'UNSUPPORTED');
});
