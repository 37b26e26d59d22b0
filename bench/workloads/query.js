'use strict';

/** Pages of documents in the order of their keys. */

const assert = require('node:assert');
const { isItem, keyOf, keysOf, shuffled } = require('../documents.js');

const LIMIT = 10;

module.exports = [
    { name: 'range', title: 'range of 10 documents', prepare: ranges },
    { name: 'page-first', title: 'first page of 10 documents', prepare: pages(0) },
    { name: 'page-middle', title: 'page of 10 documents at the middle', prepare: pages(0.5) },
];

async function ranges(store, count) {
    const starts = Array.from({ length: count - 4 * LIMIT }, (_, index) => index).filter(isItem);
    const options = shuffled(starts, 4)
        .slice(0, 20_000)
        .map((start) => ({ startKey: keyOf(start), endKey: 'item:\uffff', limit: LIMIT, includeDocuments: true }));
    const { items } = await store.queryKeys(options[0]);
    assert.deepStrictEqual([items.length, items[0].document.id], [LIMIT, options[0].startKey]);
    return (turn) => store.queryKeys(options[turn % options.length]);
}

/** The page in front of which stands such a part of the documents. */
function pages(part) {
    return async (store, count) => {
        const start = Math.floor(count * part);
        const options = { inclusiveStartIndex: start, limit: LIMIT, includeDocuments: true };
        const { items } = await store.queryKeys(options);
        const expected = keysOf(count).sort()[start];
        assert.deepStrictEqual([items.length, items[0].key, items[0].document.id], [LIMIT, expected, expected]);
        return () => store.queryKeys(options);
    };
}
