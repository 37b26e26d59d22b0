'use strict';

/** A view of the items by category and price: built, read, written past, added up. */

const assert = require('node:assert');
const { DECLARED, FUNCTION, FUNCTION_SUMS, ID, compareRows, seededRows } = require('../by-price.js');
const { documentOf, keysOf, shuffled } = require('../documents.js');

const LIMIT = 10;

/** Different queries; as many as a run may need without the same one coming back at once. */
const MOST_STARTS = 20_000;
const HALVES = 100;

/** How far a sum may be off, of itself: the order of additions is a store's own. */
const ROUNDING = 1e-9;

module.exports = [
    {
        name: 'view-build',
        title: 'view, first query (build)',
        unit: 'ms',
        prepare: (store) => builds(store, [FUNCTION]),
    },
    {
        name: 'view-build-declared',
        title: 'declarative view, first query (build)',
        unit: 'ms',
        prepare: (store) => builds(store, DECLARED),
    },
    { name: 'view-10', title: 'view of 10 documents', prepare: queries },
    { name: 'view-first-page', title: 'first page of 10 documents of a view', prepare: pages(0) },
    { name: 'view-middle-page', title: 'page of 10 documents at the middle of a view', prepare: pages(0.5) },
    { name: 'write-view', title: 'write one, then view of 10 documents', writes: true, prepare: writesAndQueries },
    {
        name: 'write-view-background',
        title: 'write one, then view of 10 documents, background files',
        writes: true,
        options: { files: 'background' },
        prepare: writesAndQueries,
    },
    { name: 'view-sum', title: '_sum over half of the rows of a view', prepare: sums },
    { name: 'view-sum-rows', title: 'half of the rows of a view, read and added up', prepare: readSums },
    { name: 'view-groups', title: '_sum of each of 10 groups of a view', prepare: groups },
];

/** Sets a view and queries it, with one source after the other. */
async function builds(store, sources) {
    let turn = 0;
    return async () => {
        // Another source than the last one's: its rows are thrown away.
        await store.setView(ID, sources[turn % sources.length]);
        turn += 1;
        const { items } = await store.queryView(ID, { limit: LIMIT });
        assert.strictEqual(items.length, LIMIT);
    };
}

/** Queries that begin at rows in the lower half of the view, so that 10 always follow. */
async function queries(store, count) {
    await store.setView(ID, FUNCTION);
    const rows = seededRows(count);
    const options = shuffled(rows.slice(0, rows.length / 2), 5)
        .slice(0, MOST_STARTS)
        .map((startKey) => ({ startKey, limit: LIMIT, includeDocuments: true }));
    const [{ startKey }] = options;
    const { items } = await store.queryView(ID, options[0]);
    const [{ key, document }] = items;
    assert.deepStrictEqual([items.length, key, document.category, document.price], [LIMIT, startKey, ...startKey]);
    return (turn) => store.queryView(ID, options[turn % options.length]);
}

/** The page in front of which stands such a part of the rows. */
function pages(part) {
    return async (store, count) => {
        await store.setView(ID, FUNCTION);
        const rows = seededRows(count);
        const start = Math.floor(rows.length * part);
        const options = { inclusiveStartIndex: start, limit: LIMIT, includeDocuments: true };
        const { items } = await store.queryView(ID, options);
        assert.deepStrictEqual(
            items.map(({ document }) => [document.category, document.price]),
            rows.slice(start, start + LIMIT),
        );
        return () => store.queryView(ID, options);
    };
}

async function writesAndQueries(store, count) {
    const query = await queries(store, count);
    const keys = shuffled(keysOf(count), 6);
    const documents = Array.from({ length: 1_000 }, (_, index) => documentOf(index, 1));
    return async (turn) => {
        await store.setItem(keys[turn % count], documents[turn % documents.length]);
        return query(turn);
    };
}

/** Ranges that hold half of the rows, and what these add up to. */
async function halves(store, count) {
    await store.setView(ID, FUNCTION_SUMS);
    const rows = seededRows(count);
    const half = Math.floor(rows.length / 2);
    const starts = shuffled(
        Array.from({ length: HALVES }, (_, index) => Math.floor((index * half) / HALVES)),
        8,
    );
    const ranges = starts.map((start) => ({ startKey: rows[start], endKey: rows[start + half] }));
    const inFirst = rows.filter((row) => isWithin(row, ranges[0]));
    return { ranges, expected: added(inFirst.map(([, price]) => price)) };
}

async function sums(store, count) {
    const { ranges, expected } = await halves(store, count);
    const options = ranges.map((range) => ({ ...range, reduce: true }));
    assertNear((await store.queryView(ID, options[0])).value, expected);
    return (turn) => store.queryView(ID, options[turn % options.length]);
}

async function readSums(store, count) {
    const { ranges, expected } = await halves(store, count);
    const options = ranges.map((range) => ({ ...range, limit: Infinity }));
    const read = async (turn) => {
        const { items } = await store.queryView(ID, options[turn % options.length]);
        return added(items.map(({ value }) => value));
    };
    assertNear(await read(0), expected);
    return read;
}

async function groups(store, count) {
    await store.setView(ID, FUNCTION_SUMS);
    const options = { reduce: true, groupLevel: 1, limit: Infinity };
    const { items } = await store.queryView(ID, options);
    const rows = seededRows(count);
    const categories = [...new Set(rows.map(([category]) => category))];
    assert.deepStrictEqual(
        items.map(({ key }) => key),
        categories.map((category) => [category]),
    );
    for (const { key, value } of items) {
        assertNear(value, added(rows.filter(([category]) => category === key[0]).map(([, price]) => price)));
    }
    return () => store.queryView(ID, options);
}

function isWithin(row, { startKey, endKey }) {
    return compareRows(row, startKey) >= 0 && compareRows(row, endKey) <= 0;
}

function added(numbers) {
    return numbers.reduce((sum, number) => sum + number, 0);
}

function assertNear(actual, expected) {
    assert.ok(Math.abs(actual - expected) <= expected * ROUNDING, `${actual} instead of ${expected}`);
}
