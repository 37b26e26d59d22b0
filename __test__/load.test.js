'use strict';

/** Waiting for a load: how far it is, and giving up. */

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Datastore, DatastoreEngine } = require('../index.js');
const { afterwards, temporaryDirectory } = require('./support.js');

/** More than one thread reads at a time. */
const MANY = 300;

/** A store over so many files, not loaded. */
function unloaded(t, count = MANY) {
    const directory = temporaryDirectory(t);
    for (let n = 0; n < count; n += 1) {
        fs.writeFileSync(path.join(directory, `k${n}.json`), JSON.stringify({ _rev: 0, n }));
    }
    const store = new Datastore({ directory });
    afterwards(t, () => store.close());
    return store;
}

/** What a call that takes `onProgress` is told. */
async function toldBy(call) {
    const told = [];
    await call({ onProgress: ({ done, total }) => told.push([done, total]) });
    return told;
}

test('a load tells how far it is, and its end once', async (t) => {
    const told = await toldBy((options) => unloaded(t).load(options));
    assert.ok(told.length > 1);
    assert.deepEqual(told.at(-1), [MANY, MANY]);
    for (const [index, [done, total]] of told.entries()) {
        assert.equal(total, MANY);
        assert.ok(index === 0 || done > told[index - 1][0]);
    }
});

test('everybody who waits for a load hears of it, and who comes later hears its end', async (t) => {
    const store = unloaded(t);
    const hears = (options) => store.load(options);
    const [first, second] = await Promise.all([toldBy(hears), toldBy(hears)]);
    assert.deepEqual(first, second);
    assert.deepEqual(await toldBy(hears), [[MANY, MANY]]);
});

test('the end is told where there is nothing to load', async (t) => {
    assert.deepEqual(await toldBy((options) => unloaded(t, 0).load(options)), [[0, 0]]);
    const store = new Datastore({ durability: 'none' });
    afterwards(t, () => store.close());
    assert.deepEqual(await toldBy((options) => store.load(options)), [[0, 0]]);
});

test('an engine tells it as well', async (t) => {
    const directory = temporaryDirectory(t);
    fs.writeFileSync(path.join(directory, 'a.json'), '{}');
    const engine = new DatastoreEngine({ directory });
    afterwards(t, () => engine.close());
    assert.deepEqual(await toldBy((options) => engine.loadDocuments(options)), [[1, 1]]);
});

test('a custom file system counts its reads, and of a custom engine the end is told', async (t) => {
    const fileSystem = {
        readDocumentDirectory: () => ['a.json', 'b.json', 'README.md'],
        readDocumentFile: async () => ({ n: 1 }),
        writeDocumentFile: async () => {},
        removeDocumentFile: async () => {},
    };
    const engine = () => new DatastoreEngine({ directory: temporaryDirectory(t), fileSystem });
    const store = new Datastore({ db: engine() });
    assert.deepEqual(await toldBy((options) => store.load(options)), [
        [1, 2],
        [2, 2],
    ]);
    const { loadDocuments, getItem, setItem, deleteItem } = engine();
    const custom = new Datastore({ db: { loadDocuments: async () => {}, getItem, setItem, deleteItem } });
    assert.equal(typeof loadDocuments, 'function');
    assert.deepEqual(await toldBy((options) => custom.load(options)), [[0, 0]]);
});

test('what is thrown while a load tells ends the waiting and not the load', async (t) => {
    const store = unloaded(t);
    const thrown = new Error('heard enough');
    const heard = [];
    const onProgress = (progress) => {
        heard.push(progress);
        throw thrown;
    };
    await assert.rejects(store.load({ onProgress }), thrown);
    assert.equal(heard.length, 1);
    assert.deepEqual(await store.getItem('k7'), { _rev: 0, n: 7 });
    await assert.rejects(store.load({ onProgress }), thrown);
});

test('a signal ends the waiting and not the load', async (t) => {
    const store = unloaded(t);
    const controller = new AbortController();
    const told = [];
    const onProgress = (progress) => {
        told.push(progress);
        controller.abort('enough');
    };
    await assert.rejects(store.load({ onProgress, signal: controller.signal }), { code: 'ABORT_ERR', cause: 'enough' });
    assert.equal(told.length, 1);
    await assert.rejects(store.load({ signal: controller.signal }), { code: 'ABORT_ERR' });
    await store.load();
    assert.equal(store.loadReport.documents, MANY);
    const late = new AbortController();
    await assert.rejects(store.load({ onProgress: () => late.abort(), signal: late.signal }), { code: 'ABORT_ERR' });
});

test("progress is told in the caller's async context, and with nothing of ours", async (t) => {
    const store = unloaded(t);
    const context = new AsyncLocalStorage();
    const told = new Set();
    const onProgress = function onProgress() {
        told.add(context.getStore()).add(this);
    };
    await context.run('mine', () => store.load({ onProgress }));
    assert.deepEqual(told, new Set(['mine', undefined]));
});

test('a load takes no other options, and refuses them before it begins', async (t) => {
    const store = unloaded(t);
    for (const options of [{ limit: 1 }, { onProgress: 1 }, { signal: {} }, 1]) {
        await assert.rejects(store.load(options), { code: 'ASSERTION' });
    }
    assert.equal(store.loadReport, null);
});

test('stats tell the bytes of each part: nothing of changes and views before there are any', async (t) => {
    const store = unloaded(t);
    await store.load();
    const loaded = store.stats();
    assert.ok(loaded.memory.texts > loaded.textBytes);
    assert.ok(loaded.memory.keys > MANY * 'k123'.length);
    assert.deepEqual([loaded.memory.changes, loaded.memory.views], [0, 0]);
    await store.setItems(Array.from({ length: MANY }, (_, n) => [`k${n}`, { n }]));
    store.setView('declared', { key: 'n' });
    await store.queryView('declared');
    const { memory } = store.stats();
    assert.ok(memory.changes > 0);
    assert.ok(memory.views > MANY * 50);
    store.setView('mapped', { map: ({ n }, emit) => emit(n) });
    await store.queryView('mapped');
    assert.ok(store.stats().memory.views > memory.views * 1.5);
});

test('a view built after a load has every document, and then what changed', async (t) => {
    const store = unloaded(t);
    store.setView('declared', { key: 'n' });
    store.setView('mapped', { map: ({ n }, emit) => emit(n) });
    for (const id of ['declared', 'mapped']) {
        assert.equal((await store.queryView(id)).total, MANY);
    }
    await store.setItem('k7', { n: -1 });
    await store.deleteItem('k8');
    for (const id of ['declared', 'mapped']) {
        const { total, items } = await store.queryView(id, { limit: 1 });
        assert.deepEqual([total, items[0].key], [MANY - 1, -1]);
    }
});
