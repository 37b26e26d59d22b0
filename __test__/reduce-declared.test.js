'use strict';

/** Reduces of declarative views, whose rows are made beside the event loop. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { ViewReduceError } = require('../index.js');
const { SALES, openNumbers, openSales, numberKey, slowClock } = require('./reduce/stores.js');
const { refusal } = require('./support.js');

/** So many documents that a view of them is built by a worker. */
const MANY = 5_000;

const sum = (_, values) => values.reduce((total, value) => total + value, 0);

for (const [what, reduce] of [
    ['a built-in reduce', '_sum'],
    ['a reduce function', sum],
]) {
    test(`a declarative view with ${what} answers as one with a map function`, async (t) => {
        const store = await openSales(t, SALES);
        store.setView('declared', { key: ['region', 'day'], value: 'amount', reduce });
        store.setView('mapped', { map: ({ region, day, amount }, emit) => emit([region, day], amount), reduce });
        for (const options of [
            { reduce: true },
            { reduce: true, prefix: ['north'] },
            { group: true },
            { groupLevel: 1, limit: 2 },
            { groupLevel: 1, descending: true, offset: 1 },
            { limit: 3 },
        ]) {
            const { cursor, ...answer } = await store.queryView('declared', options);
            const { cursor: mapped, ...expected } = await store.queryView('mapped', options);
            assert.deepEqual(answer, expected);
            assert.equal(cursor === null, mapped === null);
            const { cursor: _, ...atOnce } = store._db.queryView('declared', options);
            assert.deepEqual(atOnce, expected);
        }
    });

    test(`${what} over rows that a worker makes`, async (t) => {
        const store = await openNumbers(t, MANY);
        store.setView('view', { key: 'n', value: 'n', reduce });
        const progress = [];
        const query = store.queryView('view', { reduce: true, onProgress: (step) => progress.push(step) });
        await store.setItem(numberKey(7), { n: 0 });
        assert.deepEqual(await query, { value: (MANY * (MANY - 1)) / 2 });
        assert.equal(progress.at(-1).done, progress.at(-1).total);
        assert.deepEqual(await store.queryView('view', { reduce: true }), { value: (MANY * (MANY - 1)) / 2 - 7 });
    });
}

test('a declarative view registered anew forgets what its reduce function made', async (t) => {
    const store = await openNumbers(t, 100);
    for (const [reduce, value] of [
        [(_, values) => Math.max(...values), 99],
        [(_, values) => Math.min(...values), 0],
    ]) {
        store.setView('view', { key: 'n', value: 'n', reduce });
        assert.deepEqual(await store.queryView('view', { reduce: true }), { value });
    }
});

for (const count of [10, MANY]) {
    test(`a value that cannot be added is told of a declarative view of ${count} documents`, async (t) => {
        const store = await openNumbers(t, count);
        await store.setItem('wrong', { n: 'ten' });
        store.setView('view', { key: 'n', value: 'n', reduce: '_sum' });
        const error = await refusal(store.queryView('view', { reduce: true }));
        assert.ok(error instanceof ViewReduceError, error.stack);
        assert.deepEqual([error.code, error.viewId, error.key], ['VIEW_REDUCE', 'view', 'wrong']);
        assert.throws(() => store._db.queryView('view', { reduce: true }), { viewId: 'view', key: 'wrong' });
    });
}

test('a declarative view without a reduce refuses to be reduced', async (t) => {
    const store = await openNumbers(t, 3);
    store.setView('view', { key: 'n' });
    const { code, viewId } = await refusal(store.queryView('view', { reduce: true }));
    assert.deepEqual([code, viewId], ['ASSERTION', 'view']);
});

test('a reduce function of a declarative view may not query it', async (t) => {
    const store = await openNumbers(t, 3);
    const asked = [];
    const reduce = () => {
        asked.push(refusal(store.queryView('view')));
        return 1;
    };
    store.setView('view', { key: 'n', reduce });
    assert.deepEqual(await store.queryView('view', { reduce: true }), { value: 1 });
    assert.deepEqual(
        (await Promise.all(asked)).map(({ code }) => code),
        asked.map(() => 'ASSERTION'),
    );
});

for (const [what, source] of [
    ['mapped', { map: ({ n }, emit) => emit(n, n), reduce: sum }],
    ['declarative', { key: 'n', value: 'n', reduce: sum }],
]) {
    test(`the reduce of a ${what} view is aborted between its turns`, async (t) => {
        const store = await openNumbers(t, MANY);
        store.setView('view', source);
        await store.queryView('view', { limit: 1 });
        slowClock(t);
        const controller = new AbortController();
        const query = refusal(store.queryView('view', { reduce: true, signal: controller.signal }));
        controller.abort('enough');
        const { code, name, cause } = await query;
        assert.deepEqual([code, name, cause], ['ABORT_ERR', 'AbortError', 'enough']);
        assert.deepEqual(await store.queryView('view', { reduce: true }), { value: (MANY * (MANY - 1)) / 2 });
    });
}
