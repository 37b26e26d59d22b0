'use strict';

/** A view of the items by category and price, with a small value; users emit nothing. */

const assert = require('node:assert');
const { documentOf, isItem, keysOf, shuffled } = require('../documents.js');

const ID = 'byPrice';
const LIMIT = 10;

const SOURCE = {
    map(document, emit) {
        if (document.type === 'item') {
            emit(rowKey(document), { title: document.title, status: document.status });
        }
    },
};

module.exports = [
    { name: 'view-build', title: 'view, first query (build)', unit: 'ms', prepare: builds },
    { name: 'view', title: 'view of 10', prepare: queries },
    { name: 'write-view', title: 'write one, then view of 10', writes: true, prepare: writesAndQueries },
];

function rowKey({ category, price }) {
    return `${category}/${price.toFixed(2).padStart(7, '0')}`;
}

async function builds(store) {
    return async () => {
        // Setting a view of the same id anew throws its rows away.
        store.setView(ID, SOURCE);
        const { items } = await store.queryView(ID, { limit: LIMIT });
        assert.strictEqual(items.length, LIMIT);
    };
}

async function queries(store, count) {
    store.setView(ID, SOURCE);
    const options = starts(count);
    const { items } = await store.queryView(ID, options[0]);
    assert.deepStrictEqual([items.length, items[0].key], [LIMIT, options[0].startKey]);
    return (turn) => store.queryView(ID, options[turn % options.length]);
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

/** Queries that begin at rows in the lower half of the view, so that 10 always follow. */
function starts(count) {
    const rows = Array.from({ length: count }, (_, index) => index)
        .filter(isItem)
        .map((index) => rowKey(documentOf(index)))
        .sort();
    return shuffled(rows.slice(0, rows.length / 2), 5)
        .slice(0, 20_000)
        .map((startKey) => ({ startKey, limit: LIMIT }));
}
