'use strict';

/** What a view's rows come to: built-in reduces, reduce functions, groups, and what happens when one fails. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { setImmediate: nextTurn } = require('node:timers/promises');
const { Datastore, ViewReduceError } = require('../index.js');
const { afterwards, openStore, refusal } = require('./support.js');

const ROWS = 5_000;

/** A store whose documents are sales: `{ region, day, amount }`. */
async function openSales(t, documents) {
    const store = await openStore(t, { durability: 'none' });
    await store.setItems(documents.map((document, index) => [`sale:${String(index).padStart(5, '0')}`, document]));
    return store;
}

/** Rows with the keys `[region, day]` and the amount as their value. */
function bySale(reduce) {
    return { map: ({ region, day, amount }, emit) => emit([region, day], amount), reduce };
}

const SALES = [
    { region: 'north', day: 1, amount: 5 },
    { region: 'north', day: 1, amount: 7 },
    { region: 'north', day: 2, amount: -1 },
    { region: 'south', day: 1, amount: 10 },
    { region: 'south', day: 3, amount: 0.5 },
    { region: 'west', day: 2, amount: 2 },
];

/** Documents `{ n }` with `n` from 0, keyed in that order. */
async function openNumbers(t, count, options = { durability: 'none' }) {
    const store = await openStore(t, options);
    await store.setItems(Array.from({ length: count }, (_, n) => [numberKey(n), { n }]));
    return store;
}

function numberKey(n) {
    return `number:${String(n).padStart(6, '0')}`;
}

function byNumber(reduce) {
    return { map: ({ n }, emit) => emit(n, n), reduce };
}

/** A function that sums and tells how often it was called. */
function countedSum() {
    const calls = [];
    const sum = (keys, values, rereduce) => {
        calls.push({ keys, values, rereduce });
        return values.reduce((total, value) => total + value, 0);
    };
    return { calls, sum };
}

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

test('groups are those of whole keys, or of their first elements', async (t) => {
    const store = await openSales(t, [...SALES, { region: 'none' }]);
    store.setView('view', {
        map: ({ region, day, amount }, emit) => (region === 'none' ? emit('none', 1) : emit([region, day], amount)),
        reduce: '_sum',
    });
    const groups = async (options) => {
        const result = await store.queryView('view', options);
        assert.deepEqual(store._db.queryView('view', options), result);
        return result.items.map(({ key, value }) => [key, value]);
    };
    const whole = [
        ['none', 1],
        [['north', 1], 12],
        [['north', 2], -1],
        [['south', 1], 10],
        [['south', 3], 0.5],
        [['west', 2], 2],
    ];
    const regions = [
        ['none', 1],
        [['north'], 11],
        [['south'], 10.5],
        [['west'], 2],
    ];
    assert.deepEqual(await groups({ group: true }), whole);
    assert.deepEqual(await groups({ reduce: true, group: true }), whole);
    assert.deepEqual(await groups({ groupLevel: 2 }), whole);
    assert.deepEqual(await groups({ groupLevel: 7 }), whole);
    assert.deepEqual(await groups({ groupLevel: 1 }), regions);
    assert.deepEqual(await groups({ groupLevel: 1, descending: true }), regions.toReversed());
    assert.deepEqual(await groups({ groupLevel: 0 }), [[null, 24.5]]);
    for (const options of [{ group: true }, { groupLevel: 1 }, { groupLevel: 0 }]) {
        assert.deepEqual(await groups({ ...options, prefix: ['east'] }), []);
    }
    // At the edges of a range a group has the rows inside it only.
    assert.deepEqual(await groups({ groupLevel: 1, startKey: ['north', 2], endKey: ['south', 2] }), [
        [['north'], -1],
        [['south'], 10],
    ]);
});

test('groups come in pages', async (t) => {
    const store = await openNumbers(t, 1_000);
    store.setView('view', { map: ({ n }, emit) => emit([Math.floor(n / 10), n], 1), reduce: '_count' });
    const page = async (options) => {
        const { items, ...rest } = await store.queryView('view', { groupLevel: 1, ...options });
        return [items.map(({ key }) => key[0]), rest];
    };
    assert.deepEqual(await page(), [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], { exclusiveEndIndex: 10, total: 100 }]);
    assert.deepEqual(await page({ offset: 98, limit: 5 }), [[98, 99], { exclusiveEndIndex: null, total: 100 }]);
    assert.deepEqual(await page({ inclusiveStartIndex: 97, limit: 2, descending: true }), [
        [2, 1],
        { exclusiveEndIndex: 99, total: 100 },
    ]);
    assert.deepEqual(await page({ offset: 100 }), [[], { exclusiveEndIndex: null, total: 100 }]);
    assert.deepEqual(await page({ startKey: [4, 45], limit: 1 }), [[4], { exclusiveEndIndex: 1, total: 96 }]);
    assert.equal((await page({ limit: Infinity }))[0].length, 100);
});

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
    const nothing = { items: [], exclusiveEndIndex: null, total: 0 };
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

/** Every look at the clock finds it ten milliseconds on: whatever is done in turns takes one each time. */
function slowClock(t) {
    let now = 0;
    t.mock.method(performance, 'now', () => {
        now += 10;
        return now;
    });
}

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
        { reduce: undefined, group: undefined, groupLevel: undefined },
    ]);
    assert.equal(Object.hasOwn(asked[3], 'reduce'), false);
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

/** Small, good numbers from a seed. */
function dice(seed) {
    let state = seed;
    return (sides) => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * sides);
    };
}

/** What each reduce of the model makes of values that are whole numbers. */
const NAIVE = {
    _count: (values) => values.length,
    _sum: (values) => values.reduce((total, value) => total + value, 0),
    _stats: (values) =>
        values.length === 0
            ? EMPTY_STATS
            : {
                  sum: NAIVE._sum(values),
                  count: values.length,
                  min: Math.min(...values),
                  max: Math.max(...values),
                  sumsqr: NAIVE._sum(values.map((value) => value ** 2)),
              },
    _min: (values) => (values.length === 0 ? null : Math.min(...values)),
    _max: (values) => (values.length === 0 ? null : Math.max(...values)),
    list: (values) => (values.length === 0 ? null : values),
};

test('through any writes every reduce and its groups are those of a naive one', async (t) => {
    const seed = Number(process.env.SEED ?? 20_240_501);
    t.diagnostic(`SEED=${seed}`);
    const roll = dice(seed);
    const store = await openStore(t, { durability: 'none' });
    const documents = new Map();
    for (const id of Object.keys(NAIVE)) {
        const reduce = id === 'list' ? (_, values, rereduce) => (rereduce ? values.flat() : values) : id;
        store.setView(id, { map: ({ a, b, n }, emit) => emit([a, b], n), reduce });
    }
    const write = async () => {
        const key = `d${String(roll(600)).padStart(3, '0')}`;
        if (roll(4) === 0) {
            documents.delete(key);
            await store.deleteItem(key);
        } else {
            const document = { a: roll(4), b: roll(20), n: roll(1_000) - 500 };
            documents.set(key, document);
            await store.setItem(key, document, { checkConsistency: false });
        }
    };
    const check = async () => {
        const id = Object.keys(NAIVE)[roll(6)];
        const [from, to] = [
            [roll(4), roll(20)],
            [roll(4), roll(20)],
        ];
        const descending = roll(2) === 0;
        const compare = (x, y) => x[0] - y[0] || x[1] - y[1];
        const [low, high] = descending && compare(from, to) > 0 ? [to, from] : [from, to];
        const rows = [...documents]
            .map(([key, { a, b, n }]) => ({ key, at: [a, b], n }))
            .filter(({ at }) => compare(at, low) >= 0 && compare(at, high) <= 0)
            .sort((x, y) => compare(x.at, y.at) || (x.key < y.key ? -1 : 1));
        const range = { startKey: from, endKey: to, descending };
        const reduced = await store.queryView(id, { reduce: true, ...range });
        assert.deepEqual(reduced, { value: NAIVE[id](rows.map(({ n }) => n)) }, `${id} ${JSON.stringify(range)}`);

        const groupLevel = roll(4);
        const groups = new Map();
        for (const { at, n } of rows) {
            const name = JSON.stringify(groupLevel === 0 ? null : at.slice(0, groupLevel));
            groups.set(name, [...(groups.get(name) ?? []), n]);
        }
        const all = [...groups].map(([name, values]) => ({ key: JSON.parse(name), value: NAIVE[id](values) }));
        if (descending) {
            all.reverse();
        }
        const [offset, limit] = [roll(5), 1 + roll(8)];
        assert.deepEqual(await store.queryView(id, { groupLevel, offset, limit, ...range }), {
            items: all.slice(offset, offset + limit),
            exclusiveEndIndex: offset + limit < all.length ? offset + limit : null,
            total: all.length,
        });
    };
    for (let step = 0; step < 3_000; step += 1) {
        await (roll(3) > 0 ? write() : check());
    }
});
