'use strict';

/**
 * CouchDB's collation table as a list (its documentation, "Views Collation", and its test suite's view_collation), in
 * our order, checked through a view: up, down, and with every pair as bounds.
 *
 * We differ from CouchDB in strings alone, as the design says: CouchDB sorts them by ICU's root collation, we by UTF-16
 * code unit, the order of JavaScript's `<`. Its table has "a", "A", "aa", "b", "B", "ba", "bb" here, with digits and
 * punctuation before letters; ours has every capital before every small letter, accented letters behind z, and strings
 * that look alike or differ in nothing visible as different keys. The last test pins the difference down.
 */

const assert = require('node:assert/strict');
const { before, after, describe, test } = require('node:test');
const { Datastore } = require('../index.js');

/** In our order; what CouchDB's own table has is among them. */
const TABLE = [
    // Special values sort before all others.
    null,
    false,
    true,

    // Numbers.
    -Number.MAX_VALUE,
    -100,
    -1.5,
    -1,
    0,
    Number.MIN_VALUE,
    0.5,
    1,
    2,
    3,
    4,
    10,
    1e21,
    Number.MAX_VALUE,

    // Strings: by code unit.
    '',
    '\0',
    '\t',
    ' ',
    '!',
    '"',
    '-',
    '1',
    '10',
    '2',
    'A',
    'B',
    'BA',
    'Z',
    '_',
    '`',
    'a',
    'a ',
    'aA',
    'aa',
    'b',
    'ba',
    'bb',
    'e\u0301',
    'z',
    '~',
    '\u00df',
    '\u00e4',
    '\u00e9',
    '\u0416',
    '\u4e2d',
    '\u{1f600}',
    '\ufb01',
    '\uffff',

    // Arrays: element by element, the shorter first.
    [],
    [null],
    [false],
    [0],
    ['a'],
    ['b'],
    ['b', 'c'],
    ['b', 'c', 'a'],
    ['b', 'd'],
    ['b', 'd', 'e'],
    ['b', []],
    ['b', ['a']],
    ['b', {}],
    [[]],
    [['a']],
    [['a'], null],
    [[[]]],
    [{}],
    [{ a: 1 }],

    // Objects: by their entries in the order in which they were written, fewer of them first.
    {},
    { a: null },
    { a: 1 },
    { a: 2 },
    { a: [] },
    { a: {} },
    { aa: 0 },
    { b: 1 },
    { b: 2 },
    { b: 2, a: 1 },
    { b: 2, c: 2 },
    { b: [1] },
    { b: { a: 1 } },
];

/** CouchDB's order of the strings in its table. */
const STRINGS_OF_COUCHDB = ['a', 'A', 'aa', 'b', 'B', 'ba', 'bb'];

describe('the collation table', () => {
    let store;
    before(async () => {
        store = await new Datastore({ durability: 'none' }).load();
        store.setView('keys', { map: ({ index }, emit) => emit(TABLE[index], index) });
        // Stored in another order than the table's, so that nothing is in order by itself.
        const places = TABLE.map((_, index) => (index * 37) % TABLE.length);
        assert.equal(new Set(places).size, TABLE.length);
        await store.setItems(places.map((index) => [`document ${index}`, { index }]));
    });
    after(() => store.close());

    /** The places in the table of the rows that a query answers. */
    async function placesOf(options) {
        const { items } = await store.queryView('keys', { limit: Infinity, ...options });
        return items.map(({ value }) => value);
    }

    const places = TABLE.map((_, index) => index);

    test('rows are in its order', async () => {
        assert.deepEqual(await placesOf({}), places);
    });

    test('descending rows are in the reverse', async () => {
        assert.deepEqual(await placesOf({ descending: true }), places.toReversed());
    });

    test('every value in it is a key of its own', async () => {
        for (const [place, key] of TABLE.entries()) {
            assert.deepEqual(await placesOf({ key }), [place], JSON.stringify(key));
        }
    });

    test('every pair of its values bounds what lies between them, downwards in either order', async () => {
        for (const [first, startKey] of TABLE.entries()) {
            for (const [last, endKey] of TABLE.entries()) {
                const about = JSON.stringify([startKey, endKey]);
                assert.deepEqual(await placesOf({ startKey, endKey }), places.slice(first, last + 1), about);
                const between = places.slice(Math.min(first, last), Math.max(first, last) + 1);
                assert.deepEqual(await placesOf({ startKey, endKey, descending: true }), between.toReversed(), about);
            }
        }
    });

    test('every pair of its values, left out themselves, bounds what lies strictly between them', async () => {
        const without = { inclusiveStart: false, inclusiveEnd: false };
        for (const [low, startKey] of TABLE.entries()) {
            for (const [high, endKey] of TABLE.entries()) {
                const between = places.slice(low + 1, Math.max(low + 1, high));
                assert.deepEqual(
                    await placesOf({ startKey, endKey, ...without }),
                    between,
                    JSON.stringify([startKey, endKey]),
                );
            }
        }
    });

    test("CouchDB's strings are in the order of their code units, and not in CouchDB's", async () => {
        const ours = TABLE.filter((key) => STRINGS_OF_COUCHDB.includes(key));
        assert.deepEqual(ours, ['A', 'B', 'a', 'aa', 'b', 'ba', 'bb']);
        assert.deepEqual(ours, STRINGS_OF_COUCHDB.toSorted());
    });
});
