'use strict';

/** Reads by key, one awaited at a time: each gives an object of the caller's own. */

const assert = require('node:assert');
const { keysOf, shuffled } = require('../documents.js');

const HOT = 5_000;

module.exports = [
    {
        name: 'get-hot',
        title: `get, hot set of ${HOT.toLocaleString('en')}`,
        prepare: (store, count) => reads(store, count, HOT),
    },
    { name: 'get-uniform', title: 'get, uniform', prepare: (store, count) => reads(store, count, count) },
];

async function reads(store, count, most) {
    const keys = shuffled(keysOf(count), 1).slice(0, most);
    const [key] = keys;
    const document = await store.getItem(key);
    assert.strictEqual(document.id, key);
    assert.notStrictEqual(await store.getItem(key), document);
    return (turn) => store.getItem(keys[turn % keys.length]);
}
