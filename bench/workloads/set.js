'use strict';

/** Writes by key. A write counts when its promise has resolved, as durable as the store makes it by default. */

const assert = require('node:assert');
const { documentOf, keyOf, keysOf, shuffled } = require('../documents.js');

/** Documents are made before the clock runs. */
const POOL = 4_000;

const IN_FLIGHT = 64;

module.exports = [
    { name: 'set-new', title: 'set, one at a time, new keys', writes: true, prepare: newKeys },
    { name: 'set-overwrite', title: 'set, one at a time, overwrites', writes: true, prepare: overwrites },
    {
        name: 'set-64-new',
        title: `set, ${IN_FLIGHT} in flight, new keys`,
        writes: true,
        inFlight: IN_FLIGHT,
        prepare: newKeys,
    },
    {
        name: 'set-64-overwrite',
        title: `set, ${IN_FLIGHT} in flight, overwrites`,
        writes: true,
        inFlight: IN_FLIGHT,
        prepare: overwrites,
    },
    { name: 'update', title: 'update, one at a time', writes: true, prepare: updates },
];

function pool() {
    return Array.from({ length: POOL }, (_, index) => documentOf(index, 1));
}

async function newKeys(store, count) {
    const documents = pool();
    const stored = await store.setItem(keyOf(count), documents[0]);
    assert.strictEqual(stored._rev, 0);
    return (turn) => store.setItem(keyOf(count + 1 + turn), documents[turn % POOL]);
}

async function overwrites(store, count) {
    const documents = pool();
    const keys = shuffled(keysOf(count), 2);
    const stored = await store.setItem(keys.at(-1), documents[0]);
    assert.strictEqual(stored._rev, 1);
    return (turn) => store.setItem(keys[turn % count], documents[turn % POOL]);
}

async function updates(store, count) {
    const keys = shuffled(keysOf(count), 3);
    const updatedAt = new Date(0).toISOString();
    const touch = (document) => ({ ...document, updatedAt });
    const stored = await store.updateItem(keys.at(-1), touch);
    assert.deepStrictEqual([stored._rev, stored.updatedAt], [1, updatedAt]);
    return (turn) => store.updateItem(keys[turn % count], touch);
}
