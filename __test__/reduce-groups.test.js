'use strict';

/** Groups of a view's rows: by whole keys and by their beginnings, in pages, by cursor. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { SALES, byNumber, numberKey, openNumbers, openSales } = require('./reduce/stores.js');
const { refusal } = require('./support.js');

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
        const { items, cursor, ...rest } = await store.queryView('view', { groupLevel: 1, ...options });
        assert.equal(cursor === null, rest.exclusiveEndIndex === null);
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

test('a cursor goes on behind the last group, whatever comes and goes', async (t) => {
    const source = { map: ({ n }, emit) => emit([Math.floor(n / 10), n], 1), reduce: '_count' };
    for (const descending of [false, true]) {
        const store = await openNumbers(t, 400);
        store.setView('view', source);
        const [startKey, endKey] = descending ? [[37, 5], [2]] : [[2], [37, 5]];
        const options = { groupLevel: 1, limit: 7, descending, startKey, endKey };
        const seen = [];
        let page = await store.queryView('view', options);
        for (let number = 0; page.cursor !== null; number += 1) {
            seen.push(...page.items.map(({ key }) => key[0]));
            // The group that the page ended with goes, and one that was passed comes.
            const last = seen.at(-1);
            await store.deleteItems(Array.from({ length: 10 }, (_, index) => numberKey(last * 10 + index)));
            await store.setItem(`passed ${descending} ${number}`, { n: seen[0] * 10 + 0.5 });
            if (number === 2) {
                store.setView('view', source);
            }
            page = await store.queryView('view', { ...options, cursor: page.cursor });
        }
        seen.push(...page.items.map(({ key }) => key[0]));
        assert.deepEqual(new Set(seen).size, seen.length);
        assert.deepEqual(
            seen,
            [...seen].sort((a, b) => (descending ? b - a : a - b)),
        );
        assert.ok(seen.length >= 30, `${seen.length} groups`);
    }
});

test('a cursor tells index and total as they are when it is used', async (t) => {
    const store = await openNumbers(t, 100);
    store.setView('view', byNumber('_sum'));
    const first = await store.queryView('view', { group: true, limit: 40 });
    await store.deleteItems([numberKey(3), numberKey(39), numberKey(50)]);
    const { items, exclusiveEndIndex, total } = await store.queryView('view', {
        group: true,
        limit: 10,
        cursor: first.cursor,
    });
    assert.deepEqual(
        [items[0], items.at(-1)],
        [
            { key: 40, value: 40 },
            { key: 49, value: 49 },
        ],
    );
    assert.deepEqual([exclusiveEndIndex, total], [48, 97]);
});

test('a cursor belongs to its level, its view and its groups', async (t) => {
    const store = await openNumbers(t, 30);
    const source = { map: ({ n }, emit) => emit([n % 5, n], 1), reduce: '_count' };
    store.setView('view', source);
    store.setView('other', source);
    const { cursor } = await store.queryView('view', { groupLevel: 1, limit: 2 });
    const rows = await store.queryView('view', { limit: 2 });
    for (const [id, options] of [
        ['view', { group: true, cursor }],
        ['view', { groupLevel: 2, cursor }],
        ['view', { groupLevel: 1, descending: true, cursor }],
        ['view', { cursor }],
        ['other', { groupLevel: 1, cursor }],
        ['view', { groupLevel: 1, cursor: rows.cursor }],
        ['view', { groupLevel: 1, cursor: `${cursor.slice(0, -1)}_` }],
        ['view', { groupLevel: 1, cursor, offset: 1 }],
    ]) {
        assert.equal((await refusal(store.queryView(id, options))).code, 'ASSERTION');
    }
    assert.deepEqual((await store.queryView('view', { groupLevel: 1, limit: 9, cursor })).items.length, 3);
});

test('several keys are reduced together, or as groups in the order given', async (t) => {
    const store = await openSales(t, SALES);
    store.setView('view', { map: ({ region, amount }, emit) => emit(region, amount), reduce: '_sum' });
    store.setView('own', {
        map: ({ region, amount }, emit) => emit(region, amount),
        reduce: (_, values) => values.reduce((total, value) => total + value, 0),
    });
    for (const id of ['view', 'own']) {
        const keys = ['west', 'none', 'north'];
        assert.deepEqual(await store.queryView(id, { reduce: true, keys }), { value: 13 });
        const { items, total } = await store.queryView(id, { group: true, keys });
        assert.deepEqual(items, [
            { key: 'west', value: 2 },
            { key: 'north', value: 11 },
        ]);
        assert.equal(total, 2);
        const page = await store.queryView(id, { group: true, keys, limit: 1 });
        const next = await store.queryView(id, { group: true, keys, limit: 1, cursor: page.cursor });
        assert.deepEqual([next.items, next.cursor], [[{ key: 'north', value: 11 }], null]);
        assert.deepEqual((await store.queryView(id, { groupLevel: 0, keys })).items, [{ key: null, value: 13 }]);
        assert.deepEqual((await store.queryView(id, { group: true, keys: [] })).items, []);
    }
    store.setView('distinct', { map: ({ region }, emit) => emit(region), reduce: '_approx_count_distinct' });
    const keys = ['north', 'west', 'north'];
    assert.deepEqual(await store.queryView('distinct', { reduce: true, keys }), { value: 2 });
});

test('a range without its bounds reduces without their rows', async (t) => {
    const store = await openNumbers(t, 10);
    store.setView('view', byNumber('_sum'));
    const range = { reduce: true, startKey: 2, endKey: 5 };
    assert.deepEqual(await store.queryView('view', range), { value: 14 });
    assert.deepEqual(await store.queryView('view', { ...range, inclusiveStart: false }), { value: 12 });
    assert.deepEqual(await store.queryView('view', { ...range, inclusiveEnd: false }), { value: 9 });
});
