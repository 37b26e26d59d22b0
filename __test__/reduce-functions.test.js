'use strict';

/** Reduce functions: what they are called with and how often, what happens when one fails, and the event loop. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { setImmediate: nextTurn } = require('node:timers/promises');
const { Datastore, ViewReduceError } = require('../index.js');
const { byNumber, numberKey, openNumbers, slowClock } = require('./reduce/stores.js');
const { refusal } = require('./support.js');

const ROWS = 5_000;

/** A function that sums and tells how often it was called. */
function countedSum() {
    const calls = [];
    const sum = (keys, values, rereduce) => {
        calls.push({ keys, values, rereduce });
        return values.reduce((total, value) => total + value, 0);
    };
    return { calls, sum };
}

test('a reduce function gets keys with their documents, values, and in the end its own results', async (t) => {
    const store = await openNumbers(t, ROWS);
    const { calls, sum } = countedSum();
    store.setView('view', byNumber(sum));
    assert.deepEqual(await store.queryView('view', { reduce: true }), { value: (ROWS * (ROWS - 1)) / 2 });
    const first = calls.filter(({ rereduce }) => !rereduce);
    const keys = first.flatMap((call) => call.keys);
    assert.deepEqual(
        keys.sort(([a], [b]) => a - b),
        Array.from({ length: ROWS }, (_, n) => [n, numberKey(n)]),
    );
    assert.ok(first.every(({ values, keys: [...of] }) => values.every((value, index) => value === of[index][0])));
    const again = calls.filter(({ rereduce }) => rereduce);
    assert.ok(again.length > 0 && again.every((call) => call.keys === null && call.rereduce === true));
});

test('values and results are handed to a reduce function as objects of its own', async (t) => {
    const store = await openNumbers(t, 500);
    const reduce = (_, values) => {
        const count = values.reduce((total, value) => total + value.count, 0);
        for (const value of values) {
            value.count = -1;
        }
        return { count };
    };
    store.setView('view', { map: ({ n }, emit) => emit(n, { count: 1 }), reduce });
    for (const endKey of [499, 499, 250]) {
        assert.deepEqual((await store.queryView('view', { reduce: true, endKey })).value, { count: endKey + 1 });
    }
    assert.deepEqual((await store.queryView('view', { key: 0 })).items[0].value, { count: 1 });
});

test('a row without a value is null to a reduce function', async (t) => {
    const store = await openNumbers(t, 2);
    store.setView('view', { map: ({ n }, emit) => emit(n), reduce: (_, values) => values });
    assert.deepEqual((await store.queryView('view', { reduce: true })).value, [null, null]);
});

test('an empty range calls no reduce function', async (t) => {
    const store = await openNumbers(t, 10);
    store.setView('view', byNumber(assert.fail));
    assert.deepEqual(await store.queryView('view', { reduce: true, key: 'none' }), { value: null });
    const nothing = { items: [], exclusiveEndIndex: null, total: 0, cursor: null };
    assert.deepEqual(await store.queryView('view', { group: true, key: 'none' }), nothing);
});

test('after a write a reduce function is called for one path of the rows only', async (t) => {
    const store = await openNumbers(t, ROWS);
    const { calls, sum } = countedSum();
    store.setView('view', byNumber(sum));
    const value = async (options) => (await store.queryView('view', { reduce: true, ...options })).value;
    let expected = await value();
    const callsOf = async (options) => {
        calls.length = 0;
        assert.equal(await value(options), expected);
        return calls;
    };
    assert.equal((await callsOf()).length, 0);
    for (const n of [0, 2_345, ROWS - 1]) {
        await store.setItem(numberKey(n), { n: n + 0.5 });
        expected += 0.5;
        // The old row's leaf and the new one's, and the nodes above them.
        const made = await callsOf();
        assert.ok(made.length > 0 && made.length <= 6, `${made.length} calls`);
        assert.ok(made.filter(({ rereduce }) => !rereduce).length <= 2);
    }
    expected -= ROWS - 0.5 + 0.5;
    const atEdges = await callsOf({ startKey: 1, endKey: ROWS - 2 });
    assert.ok(atEdges.length <= 3, 'the two ends of the range, and all of it');
});

test('groups of a reduce function are what it makes of their rows', async (t) => {
    const store = await openNumbers(t, 2_000);
    const { calls, sum } = countedSum();
    store.setView('view', { map: ({ n }, emit) => emit([n % 7 === 0 ? 'big' : 'small', n], n), reduce: sum });
    const groups = await store.queryView('view', { groupLevel: 1 });
    const big = Array.from({ length: 2_000 }, (_, n) => n).filter((n) => n % 7 === 0);
    const bigSum = big.reduce((total, n) => total + n, 0);
    assert.deepEqual(groups, {
        items: [
            { key: ['big'], value: bigSum },
            { key: ['small'], value: (2_000 * 1_999) / 2 - bigSum },
        ],
        exclusiveEndIndex: null,
        total: 2,
        cursor: null,
    });
    calls.length = 0;
    assert.deepEqual(store._db.queryView('view', { groupLevel: 1 }), groups);
    assert.ok(calls.length <= 4);
});

const BAD_FUNCTIONS = {
    throws: () => {
        throw new Error('mine');
    },
    'throws no error': () => {
        throw null;
    },
    'is async': async () => 1,
    'rejects later': () => Promise.reject(new Error('late')),
    'returns undefined': () => undefined,
    'returns a function': () => () => {},
    'returns a symbol': () => Symbol('mine'),
    'returns a BigInt': () => [1n],
    'returns a cycle': () => {
        const cycle = {};
        cycle.cycle = cycle;
        return cycle;
    },
};

for (const [what, reduce] of Object.entries(BAD_FUNCTIONS)) {
    test(`a reduce function that ${what} makes the query fail with its cause`, async (t) => {
        const store = await openNumbers(t, 100);
        let isBad = true;
        store.setView(
            'view',
            byNumber((...given) => (isBad ? reduce(...given) : 1)),
        );
        for (const options of [{ reduce: true }, { group: true }]) {
            const error = await refusal(store.queryView('view', options));
            assert.ok(error instanceof ViewReduceError, error.stack);
            assert.deepEqual([error.code, error.viewId, error.key], ['VIEW_REDUCE', 'view', undefined]);
            assert.ok(Object.hasOwn(error, 'cause'));
            assert.throws(() => store._db.queryView('view', options), ViewReduceError);
        }
        assert.equal((await store.queryView('view', { limit: 1 })).total, 100);
        isBad = false;
        assert.equal((await store.queryView('view', { reduce: true })).value, 1, 'a failure is not remembered');
    });
}

test('what JSON makes of a returned value is the result', async (t) => {
    const store = await openNumbers(t, 1);
    for (const [returned, value] of [
        [Number.NaN, null],
        [{ a: undefined, at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
        ['line\nbreak \u2028', 'line\nbreak \u2028'],
    ]) {
        store.setView(
            'view',
            byNumber(() => returned),
        );
        assert.deepEqual(await store.queryView('view', { reduce: true }), { value });
    }
});

test('a reduce function may query other views but not its own', async (t) => {
    const store = await openNumbers(t, 3);
    store.setView('other', byNumber('_count'));
    const asked = [];
    store.setView(
        'view',
        byNumber(() => {
            asked.push(store.queryView('view'), store.queryView('view', { reduce: true }));
            assert.throws(() => store._db.queryView('view'), { code: 'ASSERTION', viewId: 'view' });
            return store._db.queryView('other', { reduce: true }).value;
        }),
    );
    assert.deepEqual(await store.queryView('view', { reduce: true }), { value: 3 });
    for (const query of asked) {
        assert.deepEqual((({ code, viewId }) => [code, viewId])(await refusal(query)), ['ASSERTION', 'view']);
    }
    assert.ok(asked.length > 0);
    assert.equal((await store.queryView('view')).total, 3);
});

test('a reduce function that writes changes later queries only', async (t) => {
    const store = await openNumbers(t, 3);
    const writes = [];
    store.setView(
        'view',
        byNumber((_, values) => {
            writes.push(store.setItem('more', { n: 100 }));
            return values.reduce((total, value) => total + value, 0);
        }),
    );
    assert.deepEqual(await store.queryView('view', { reduce: true }), { value: 3 });
    await Promise.all(writes);
    assert.deepEqual(await store.queryView('view', { reduce: true }), { value: 103 });
});

test('a view registered anew forgets what its reduce made', async (t) => {
    const store = await openNumbers(t, 300);
    for (const [reduce, value] of [
        [(_, values, rereduce) => (rereduce ? Math.max(...values) : Math.max(...values)), 299],
        [(_, values) => Math.min(...values), 0],
        ['_count', 300],
    ]) {
        store.setView('view', byNumber(reduce));
        assert.deepEqual(await store.queryView('view', { reduce: true }), { value });
    }
});

test('a reduce function is called with its source as this, and an object of a class may have one', async (t) => {
    const store = await openNumbers(t, 3);
    class Source {
        factor = 2;
        map({ n }, emit) {
            emit(n, n);
        }
        reduce(_, values) {
            return values.reduce((total, value) => total + value, 0) * this.factor;
        }
    }
    store.setView('view', new Source());
    assert.deepEqual(await store.queryView('view', { reduce: true }), { value: 6 });
});

for (const [what, reduce, rows] of [
    ['a slow function', (_, values) => values.length, 2_000],
    ['a built-in over many rows', '_sum', 120_000],
]) {
    test(`${what} lets the event loop turn`, async (t) => {
        const store = await openNumbers(t, rows);
        store.setView('view', byNumber(reduce));
        await store.queryView('view', { limit: 1 });
        slowClock(t);
        for (const options of [{ reduce: true }, { groupLevel: 0 }]) {
            let isDone = false;
            const query = store.queryView('view', options).finally(() => {
                isDone = true;
            });
            let turns = 0;
            while (!isDone) {
                await nextTurn();
                turns += 1;
            }
            await query;
            if (options.reduce) {
                assert.ok(turns >= 2, `${turns} turns`);
            }
        }
    });
}

test('a reduce that takes several turns answers for the moment of its call', async (t) => {
    const store = await openNumbers(t, 2_000);
    store.setView(
        'view',
        byNumber((_, values) => values.reduce((total, value) => total + value, 0)),
    );
    slowClock(t);
    const expected = { value: (2_000 * 1_999) / 2 };
    const first = store.queryView('view', { reduce: true });
    await store.setItem(numberKey(1_000), { n: 0 });
    const second = store.queryView('view', { reduce: true });
    store.setView('view', byNumber('_count'));
    assert.deepEqual(await first, expected);
    assert.deepEqual(await second, { value: expected.value - 1_000 });
    assert.deepEqual(await store.queryView('view', { reduce: true }), { value: 2_000 });
});

test('a store that is closed while a reduce takes its turns answers CLOSED', async (t) => {
    const store = new Datastore({ durability: 'none' });
    await store.setItems(Array.from({ length: 2_000 }, (_, n) => [numberKey(n), { n }]));
    store.setView(
        'view',
        byNumber((_, values) => values.length),
    );
    slowClock(t);
    const query = refusal(store.queryView('view', { reduce: true }));
    await store.close();
    assert.equal((await query).code, 'CLOSED');
});
