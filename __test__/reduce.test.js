'use strict';

/** What a view's rows come to: built-in reduces, and their options. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Datastore, ViewReduceError } = require('../index.js');
const { SALES, byNumber, bySale, openNumbers, openSales } = require('./reduce/stores.js');
const { afterwards, openStore, refusal } = require('./support.js');

const EMPTY_STATS = { sum: 0, count: 0, min: null, max: null, sumsqr: 0 };

test('built-in reduces tell what all rows, and a range of them, come to', async (t) => {
    const store = await openSales(t, SALES);
    const expected = {
        _count: [6, 3, 0],
        _sum: [23.5, 11, 0],
        _stats: [
            { sum: 23.5, count: 6, min: -1, max: 10, sumsqr: 179.25 },
            { sum: 11, count: 3, min: -1, max: 7, sumsqr: 75 },
            EMPTY_STATS,
        ],
        _min: [-1, -1, null],
        _max: [10, 7, null],
        _approx_count_distinct: [5, 2, 0],
    };
    for (const [name, [all, north, nothing]] of Object.entries(expected)) {
        store.setView(name, bySale(name));
        assert.deepEqual(await store.queryView(name, { reduce: true }), { value: all }, name);
        assert.deepEqual(await store.queryView(name, { reduce: true, prefix: ['north'] }), { value: north });
        assert.deepEqual(await store.queryView(name, { reduce: true, key: 'none' }), { value: nothing });
        assert.deepEqual(store._db.queryView(name, { reduce: true, prefix: ['north'] }), { value: north });
    }
});

test('a view with a reduce answers rows where none is asked for', async (t) => {
    const store = await openSales(t, SALES);
    store.setView('view', bySale('_sum'));
    for (const options of [{}, { reduce: false }, { group: false }, { reduce: undefined, groupLevel: undefined }]) {
        const { items, total } = await store.queryView('view', { limit: 1, ...options });
        assert.deepEqual([items, total], [[{ key: ['north', 1], documentKey: 'sale:00000', value: 5 }], 6]);
    }
});

test('a reduce takes the range of its options', async (t) => {
    const store = await openNumbers(t, 100);
    store.setView('view', byNumber('_sum'));
    const sum = async (options) => (await store.queryView('view', { reduce: true, ...options })).value;
    assert.equal(await sum(), 4_950);
    assert.equal(await sum({ startKey: 10, endKey: 20 }), 165);
    assert.equal(await sum({ startKey: 20, endKey: 10 }), 0);
    assert.equal(await sum({ startKey: 20, endKey: 10, descending: true }), 165);
    assert.equal(await sum({ startKey: 3, descending: true }), 6);
    assert.equal(await sum({ key: 42 }), 42);
});

test('_sum adds arrays element by element and numbers to the first', async (t) => {
    const store = await openSales(t, [{ amount: [1, 2] }, { amount: [10] }, { amount: [] }, { amount: [0, 0, 0.5] }]);
    store.setView('view', { map: ({ amount }, emit) => emit(null, amount), reduce: '_sum' });
    assert.deepEqual((await store.queryView('view', { reduce: true })).value, [11, 2, 0.5]);
    await store.setItem('number', { amount: 100 });
    assert.deepEqual((await store.queryView('view', { reduce: true })).value, [111, 2, 0.5]);
});

test('sums are exact until they are told', async (t) => {
    const amounts = [0.1, 0.2, 0.3, 1e100, 1, -1e100, ...new Array(994).fill(0.1)];
    const store = await openSales(
        t,
        amounts.map((amount) => ({ amount })),
    );
    store.setView('view', { map: ({ amount }, emit) => emit(amount, amount), reduce: '_sum' });
    assert.equal((await store.queryView('view', { reduce: true })).value, 101);
    await store.setItems([
        ['beyond:1', { amount: Number.MAX_VALUE }],
        ['beyond:2', { amount: Number.MAX_VALUE }],
    ]);
    assert.equal((await store.queryView('view', { reduce: true })).value, null);
});

test('_min and _max go by the order of view keys and give the value as it was emitted', async (t) => {
    const values = [3, 'b', 'a', [2], [1, 9], { a: 1 }, true, 1e21, null, undefined];
    const store = await openSales(
        t,
        values.map((_, index) => ({ index })),
    );
    for (const reduce of ['_min', '_max']) {
        store.setView(reduce, { map: ({ index }, emit) => emit(index, values[index]), reduce });
    }
    const value = async (id, startKey, endKey) => (await store.queryView(id, { reduce: true, startKey, endKey })).value;
    assert.deepEqual(await value('_min', 0, 5), 3);
    assert.deepEqual(await value('_max', 0, 5), { a: 1 });
    assert.deepEqual(await value('_min', 1, 4), 'a');
    assert.deepEqual(await value('_max', 1, 4), [2]);
    assert.deepEqual([await value('_min', 0, 9), await value('_max', 6, 9)], [null, 1e21]);
});

for (const [reduce, amount] of [
    ['_sum', 'ten'],
    ['_sum', null],
    ['_sum', [1, '2']],
    ['_sum', [[1]]],
    ['_stats', [1]],
    ['_stats', undefined],
]) {
    test(`${reduce} names the document that emitted ${JSON.stringify(amount)} and fails for no other range`, async (t) => {
        const store = await openSales(t, SALES);
        await store.setItem('wrong "one"', { region: 'south', day: 2, amount });
        store.setView('view', bySale(reduce));
        for (const options of [{ reduce: true }, { group: true }, { groupLevel: 1, offset: 1, limit: 1 }]) {
            const error = await refusal(store.queryView('view', options));
            assert.ok(error instanceof ViewReduceError, error.stack);
            assert.deepEqual([error.name, error.code], ['ViewReduceError', 'VIEW_REDUCE']);
            assert.deepEqual([error.viewId, error.key], ['view', 'wrong "one"']);
            assert.throws(() => store._db.queryView('view', options), { code: 'VIEW_REDUCE', key: 'wrong "one"' });
        }
        await store.queryView('view', { reduce: true, prefix: ['north'] });
        await store.queryView('view', { groupLevel: 1, limit: 1 });
        await store.deleteItem('wrong "one"');
        await store.queryView('view', { reduce: true });
    });
}

test('reduce options that contradict each other, or the view, are refused', async (t) => {
    const store = await openNumbers(t, 3);
    store.setView('view', byNumber('_count'));
    store.setView('rows', byNumber(undefined));
    const bad = [
        { reduce: 1 },
        { reduce: null },
        { group: 'yes' },
        { groupLevel: -1 },
        { groupLevel: 1.5 },
        { groupLevel: Infinity },
        { reduce: false, group: true },
        { reduce: false, groupLevel: 1 },
        { group: true, groupLevel: 1 },
        { reduce: true, includeDocuments: true },
        { group: true, includeDocuments: true },
        { reduce: true, limit: 1 },
        { reduce: true, offset: 0 },
        { reduce: true, inclusiveStartIndex: 1 },
        { reduce: true, cursor: 'AA' },
    ];
    for (const options of bad) {
        assert.equal((await refusal(store.queryView('view', options))).code, 'ASSERTION', JSON.stringify(options));
        assert.throws(() => store._db.queryView('view', options), { code: 'ASSERTION' });
    }
    for (const options of [{ reduce: true }, { group: true }, { groupLevel: 1 }]) {
        const { code, viewId } = await refusal(store.queryView('rows', options));
        assert.deepEqual([code, viewId], ['ASSERTION', 'rows']);
        assert.equal((await refusal(store.queryKeys(options))).code, 'ASSERTION');
    }
});

test('a reduce that is neither a function nor known is refused, and the view before it stays', async (t) => {
    const store = await openNumbers(t, 3);
    store.setView('view', byNumber('_count'));
    for (const reduce of ['_median', 'count', '', 1, null, {}, true]) {
        assert.throws(() => store.setView('view', byNumber(reduce)), { code: 'ASSERTION' });
    }
    assert.deepEqual(await store.queryView('view', { reduce: true }), { value: 3 });
});

test('a custom engine is asked for reduces as the user asks, and its answer passes', async (t) => {
    const asked = [];
    const db = {
        loadDocuments() {},
        getItem() {},
        setItem() {},
        deleteItem() {},
        queryView(_, options) {
            asked.push(options);
            return { value: 42 };
        },
    };
    const store = new Datastore({ db });
    afterwards(t, () => store.close());
    for (const options of [{ reduce: true }, { group: true }, { groupLevel: 2 }, { reduce: false }]) {
        assert.deepEqual(await store.queryView('view', options), { value: 42 });
    }
    const ofReduce = asked.map(({ reduce, group, groupLevel }) => ({ reduce, group, groupLevel }));
    assert.deepEqual(ofReduce, [
        { reduce: true, group: undefined, groupLevel: undefined },
        { reduce: true, group: true, groupLevel: undefined },
        { reduce: true, group: undefined, groupLevel: 2 },
        { reduce: false, group: undefined, groupLevel: undefined },
    ]);
});

test('a store over a file system of its own reduces, too', async (t) => {
    const fileSystem = {
        readDocumentDirectory: async () => [],
        readDocumentFile: async () => assert.fail('there are no files'),
        writeDocumentFile: async () => {},
        removeDocumentFile: async () => {},
    };
    const store = await openStore(t, { fileSystem });
    await store.setItem('a', { n: 2 });
    store.setView('view', byNumber('_sum'));
    assert.deepEqual(await store.queryView('view', { reduce: true }), { value: 2 });
    assert.deepEqual(store._db.queryView('view', { reduce: true }), { value: 2 });
});
