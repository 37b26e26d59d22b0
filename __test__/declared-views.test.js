'use strict';

/** Declarative views: what their rows are, how they follow the documents, and what is refused. */

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { test } = require('node:test');
const { Datastore } = require('../index.js');
const { afterwards, openStore, refusal } = require('./support.js');

/** More documents than are evaluated while the event loop waits. */
const MANY = 3_000;

async function open(t, entries = []) {
    const store = await openStore(t, { durability: 'none', directory: undefined });
    await store.setItems(entries);
    return store;
}

function many(count = MANY) {
    return Array.from({ length: count }, (_, n) => [`item ${n}`, { n, group: `g${n % 7}` }]);
}

async function rowsOf(store, id, options) {
    const { items } = await store.queryView(id, { limit: Infinity, ...options });
    return items.map(({ key, documentKey, value }) =>
        value === undefined ? [key, documentKey] : [key, documentKey, value],
    );
}

test('a row for each document that meets the conditions and has the key', async (t) => {
    const store = await open(t, [
        ['a', { type: 'item', category: 'x', price: 2 }],
        ['b', { type: 'item', category: 'w', price: 1, deleted: true }],
        ['c', { type: 'item', price: 3 }],
        ['d', { type: 'user', category: 'x' }],
        ['e', { type: 'item', category: 'w', deleted: false }],
    ]);
    store.setView('byCategory', { where: { type: 'item', deleted: { $ne: true } }, key: 'category', value: 'price' });
    assert.deepEqual(await rowsOf(store, 'byCategory'), [
        ['w', 'e'],
        ['x', 'a', 2],
    ]);
    store.setView('pairs', { key: ['category', 'price'], value: ['type', 'none'] });
    assert.deepEqual(await rowsOf(store, 'pairs'), [
        [['w', 1], 'b', { type: 'item' }],
        [['x', 2], 'a', { type: 'item' }],
    ]);
    store.setView('whole', { where: { type: 'user' }, key: 'category', value: true });
    assert.deepEqual(await rowsOf(store, 'whole'), [['x', 'd', { _rev: 0, type: 'user', category: 'x' }]]);
});

test('each makes a row of every element, which its path then means', async (t) => {
    const store = await open(t, [
        ['a', { lines: [{ sku: 'p', n: 2 }, { n: 9 }, { sku: 'o', n: 1 }], by: 'Ada' }],
        ['b', { lines: { sku: 'p' } }],
        ['c', { lines: [{ sku: 'p', n: 5 }] }],
    ]);
    store.setView('bySku', { key: 'lines.sku', each: 'lines', value: ['lines.n', 'by'] });
    assert.deepEqual(await rowsOf(store, 'bySku'), [
        ['o', 'a', { 'lines.n': 1, by: 'Ada' }],
        ['p', 'a', { 'lines.n': 2, by: 'Ada' }],
        ['p', 'c', { 'lines.n': 5 }],
    ]);
});

test('it is queried as any view is', async (t) => {
    const store = await open(t, many(50));
    store.setView('byGroup', { key: ['group', 'n'] });
    const options = { prefix: ['g3'], descending: true, limit: 2, includeDocuments: true };
    const first = await store.queryView('byGroup', options);
    assert.deepEqual(first.items[0], {
        key: ['g3', 45],
        documentKey: 'item 45',
        document: { _rev: 0, n: 45, group: 'g3' },
    });
    assert.deepEqual([first.total, first.exclusiveEndIndex], [7, 2]);
    const second = await store.queryView('byGroup', { ...options, cursor: first.cursor });
    assert.deepEqual(
        second.items.map(({ key }) => key[1]),
        [31, 24],
    );
    assert.deepEqual(await rowsOf(store, 'byGroup', { keys: [['g1', 8], ['g1', 1], ['none']] }), [
        [['g1', 8], 'item 8'],
        [['g1', 1], 'item 1'],
    ]);
    assert.deepEqual(store._db.queryView('byGroup', { ...options, cursor: first.cursor }), second);
});

test('it follows every write and deletion', async (t) => {
    const store = await open(t, many(10));
    store.setView('byGroup', { key: 'group', where: { n: { $lt: 100 } } });
    assert.equal((await rowsOf(store, 'byGroup', { key: 'g3' })).length, 1);
    await store.setItem('item 0', { n: 0, group: 'g3' });
    await store.deleteItem('item 3');
    await store.batch([
        { type: 'set', key: 'new', document: { n: 1, group: 'g3' } },
        { type: 'set', key: 'item 1', document: { n: 500, group: 'g3' } },
    ]);
    assert.deepEqual(await rowsOf(store, 'byGroup', { key: 'g3' }), [
        ['g3', 'item 0'],
        ['g3', 'new'],
    ]);
    assert.deepEqual(store.stats().views.byGroup, { rows: 9, skipped: 0, sequence: 14, building: false, pending: 0 });
});

test('a query answers for the moment of its call, however long the build takes', async (t) => {
    const store = await open(t, many());
    store.setView('byGroup', { key: 'group' });
    const before = store.queryView('byGroup', { limit: 1 });
    const written = store.setItem('another', { group: 'g0' });
    await written;
    const after = store.queryView('byGroup', { limit: 1 });
    const deleted = store.deleteItems(many(100).map(([key]) => key));
    assert.equal((await before).total, MANY);
    assert.equal((await after).total, MANY + 1);
    await deleted;
    assert.equal((await store.queryView('byGroup', { limit: 1 })).total, MANY - 99);
});

test('the event loop goes on while a view is built', async (t) => {
    const store = await open(t, many());
    store.setView('byGroup', { key: 'group' });
    let isBuilt = false;
    const built = store.queryView('byGroup').then(() => {
        isBuilt = true;
    });
    await null;
    await new Promise(process.nextTick);
    assert.equal(isBuilt, false);
    await built;
});

test('the synchronous query builds in one go, and what waits gets its own moment', async (t) => {
    const store = await open(t, many());
    store.setView('byGroup', { key: 'group' });
    const waiting = store.queryView('byGroup', { limit: 1 });
    await store.setItem('another', { group: 'g0' });
    assert.equal(store._db.queryView('byGroup', { limit: 1 }).total, MANY + 1);
    assert.equal((await waiting).total, MANY);
});

test('a view that is replaced while it is built still answers', async (t) => {
    const store = await open(t, many());
    store.setView('view', { key: 'group' });
    const before = store.queryView('view', { limit: 1 });
    store.setView('view', { key: 'n' });
    const after = store.queryView('view', { limit: 1 });
    assert.equal((await before).items[0].key, 'g0');
    assert.equal((await after).items[0].key, 0);
    store.setView('view', { map: (document, emit) => emit(-document.n) });
    assert.equal((await store.queryView('view', { limit: 1 })).items[0].key, 1 - MANY);
    assert.equal((await store.find({ n: 5 }, { explain: true })).explain.view, null);
});

test('a view is built ahead, and forgotten', async (t) => {
    const store = await open(t, many());
    store.setView('byN', { key: 'n', where: { group: 'g3' } });
    const told = [];
    const report = await store.buildView('byN', { onProgress: ({ done, total }) => told.push([done, total]) });
    assert.deepEqual(report, { rows: 429, skipped: 0, sequence: MANY, duplicates: [] });
    assert.deepEqual(told.at(-1), [MANY, MANY]);
    const pinned = { n: 3, group: 'g3' };
    assert.equal((await store.find(pinned, { explain: true })).explain.view, 'byN');
    assert.equal(await store.deleteView('byN'), true);
    assert.equal((await store.find(pinned, { explain: true })).explain.view, null);
    assert.equal((await refusal(store.queryView('byN'))).code, 'NOT_FOUND');
    assert.equal(await store.deleteView('byN'), false);
});

test('progress rises to all documents', async (t) => {
    const store = await open(t, many());
    store.setView('byGroup', { key: 'group' });
    const told = [];
    await store.queryView('byGroup', { onProgress: (progress) => told.push(progress) });
    assert.deepEqual(told.at(-1), { done: MANY, total: MANY });
    assert.deepEqual(
        told.toSorted((a, b) => a.done - b.done),
        told,
    );
    const thrown = new Error('enough');
    await store.setItems(many());
    const failing = store.queryView('byGroup', {
        onProgress() {
            throw thrown;
        },
    });
    assert.equal(await refusal(failing), thrown);
    assert.equal((await store.queryView('byGroup')).total, MANY);
});

test('its numbers are those of any view, and tell who waits', async (t) => {
    const store = await open(t, many());
    store.setView('byGroup', { key: 'group' });
    const asked = [store.queryView('byGroup'), store.buildView('byGroup'), store.queryView('byGroup')];
    const { building, pending } = store.stats().views.byGroup;
    assert.deepEqual({ building, pending }, { building: true, pending: 3 });
    await Promise.all(asked);
    const { sequence, ...numbers } = store.stats().views.byGroup;
    assert.deepEqual(numbers, { rows: MANY, skipped: 0, building: false, pending: 0 });
});

test('the end is told once also where there is nothing to do', async (t) => {
    const store = await openStore(t, { durability: 'none', directory: undefined });
    store.setView('byN', { key: 'n' });
    const asks = [(options) => store.buildView('byN', options), (options) => store.queryView('byN', options)];
    const tells = async (ask) => {
        const told = [];
        await ask({ onProgress: (progress) => told.push(progress) });
        return told;
    };
    for (const ask of asks) {
        assert.deepEqual(await tells(ask), [{ done: 0, total: 0 }]);
    }
    await store.setItems(Array.from({ length: 3_000 }, (_, n) => [`k${n}`, { n }]));
    // The second one waits for the first, which leaves it nothing to do.
    const [, second] = await Promise.all([store.buildView('byN'), tells(asks[0])]);
    assert.deepEqual(second, [{ done: 0, total: 0 }]);
    for (const ask of asks) {
        assert.deepEqual(await tells(ask), [{ done: 0, total: 0 }]);
        await assert.rejects(ask({ onProgress: () => assert.fail('told') }), { message: 'told' });
        const controller = new AbortController();
        const options = { signal: controller.signal, onProgress: () => controller.abort() };
        await assert.rejects(ask(options), { code: 'ABORT_ERR' });
    }
});

test("progress is told in the caller's async context, and with nothing of ours", async (t) => {
    const store = await openStore(t, { durability: 'none', directory: undefined });
    await store.setItems(Array.from({ length: 3_000 }, (_, n) => [`k${n}`, { n }]));
    const context = new AsyncLocalStorage();
    for (const source of [{ key: 'n' }, { map: ({ n }, emit) => emit(n) }]) {
        store.setView('view', source);
        const told = new Set();
        const onProgress = function onProgress() {
            told.add(context.getStore()).add(this);
        };
        await context.run('mine', () => store.buildView('view', { onProgress }));
        assert.deepEqual(told, new Set(['mine', undefined]));
    }
});

test('an aborted query rejects, and others are answered', async (t) => {
    const store = await open(t, many());
    store.setView('byGroup', { key: 'group' });
    const controller = new AbortController();
    const aborted = store.queryView('byGroup', { signal: controller.signal });
    const other = store.queryView('byGroup');
    controller.abort('no more');
    const error = await refusal(aborted);
    assert.deepEqual([error.code, error.name, error.cause], ['ABORT_ERR', 'AbortError', 'no more']);
    assert.equal((await other).total, MANY);
    assert.equal((await refusal(store.queryView('byGroup', { signal: controller.signal }))).code, 'ABORT_ERR');
});

test('close refuses what is still built', async (t) => {
    const store = await open(t, many());
    store.setView('byGroup', { key: 'group' });
    const pending = refusal(store.queryView('byGroup'));
    const searching = refusal(store.find({ none: true }));
    await store.close();
    assert.equal((await pending).code, 'CLOSED');
    assert.equal((await searching).code, 'CLOSED');
});

test('it may be registered before the load, also over a custom file system', async (t) => {
    const fileSystem = {
        readDocumentDirectory: async () => ['a.json', 'b.json'],
        readDocumentFile: async (path) => ({ _rev: 4, n: path.endsWith('a.json') ? 2 : 1 }),
        writeDocumentFile: async () => {},
        removeDocumentFile: async () => {},
    };
    const store = new Datastore({ directory: '/nowhere', fileSystem });
    afterwards(t, () => store.close());
    store.setView('byN', { key: 'n' });
    assert.ok(store.hasView('byN'));
    assert.deepEqual(await rowsOf(store, 'byN'), [
        [1, 'b'],
        [2, 'a'],
    ]);
    await store.setItem('b', { n: 3 });
    assert.equal((await store.findOne({ n: 3 }))._rev, 5);
});

test('numbers are told as they were written, and names are ordinary', async (t) => {
    const store = await open(t);
    const document = JSON.parse('{"__proto__":{"a":1},"n":0.1,"constructor":"c"}');
    await store.setItem('a', document);
    store.setView('proto', { key: '__proto__.a', value: ['__proto__', 'n', 'constructor'] });
    const [row] = (await store.queryView('proto')).items;
    assert.equal(row.key, 1);
    assert.deepEqual(Object.getOwnPropertyDescriptor(row.value, '__proto__')?.value, { a: 1 });
    assert.equal(row.value.constructor, 'c');
});

const REFUSED = [
    [{}, 'a map or a key'],
    [{ map() {}, key: 'a' }, 'not both'],
    [{ map() {}, where: {} }, 'where with a map'],
    [{ key: 'a', onError: 'skip' }, 'onError without a map'],
    [{ key: 1 }, 'a key of another type'],
    [{ key: [] }, 'no path'],
    [{ key: ['a', 'a'] }, 'a path twice'],
    [{ key: 'a..b' }, 'an empty segment'],
    [{ key: 'a', keys: 'b' }, 'an unknown member'],
    [{ key: 'a', each: ['b'] }, 'several arrays'],
    [{ key: 'a', value: false }, 'value: false'],
    [{ key: 'a', reduce: '_median' }, 'an unknown reduce'],
    [{ key: 'a', where: null }, 'where: null'],
    [{ key: 'a', where: [] }, 'where: []'],
    [{ key: 'a', where: new Map() }, 'where: a map'],
    [{ key: 'a', where: { b: undefined } }, 'an operand that is undefined'],
    [{ key: 'a', where: { b: { $in: [1, undefined] } } }, 'undefined within $in'],
    [{ key: 'a', where: { b: Number.NaN } }, 'NaN'],
    [{ key: 'a', where: { b: () => 1 } }, 'a function'],
    [{ key: 'a', where: { b: /x/ } }, 'a regular expression'],
    [{ key: 'a', where: { b: 1n } }, 'a BigInt'],
    [{ key: 'a', where: { b: { $regex: 'x' } } }, 'an unknown operator'],
    [{ key: 'a', where: { b: { $gt: 1, c: 2 } } }, 'operators beside members'],
    [{ key: 'a', where: { b: { $in: 'x' } } }, '$in without an array'],
    [{ key: 'a', where: { b: { $exists: 1 } } }, '$exists: 1'],
    [{ key: 'a', where: { $or: [] } }, 'an operator for a path'],
];

for (const [source, what] of REFUSED) {
    test(`a declaration is refused and the old view stays: ${what}`, async (t) => {
        const store = await open(t, [['a', { n: 1 }]]);
        store.setView('view', { key: 'n' });
        assert.throws(() => store.setView('view', source), { code: 'ASSERTION' });
        assert.deepEqual(await rowsOf(store, 'view'), [[1, 'a']]);
        const { view, examined } = (await store.find({ n: 1 }, { explain: true })).explain;
        assert.deepEqual({ view, examined }, { view: 'view', examined: 1 });
    });
}
