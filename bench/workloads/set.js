'use strict';

/** Writes by key. A write counts when its promise has resolved, as durable as the store makes it by default. */

const assert = require('node:assert');
const { documentOf, keyOf, keysOf, shuffled } = require('../documents.js');
const { updates } = require('./updates.js');

/** Documents are made before the clock runs. */
const POOL = 4_000;

const IN_FLIGHT = 64;

/** More new keys than a cell writes without a gap. */
const FAR = 1_000_000;

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
].map((workload) => ({ reuses: true, ...workload }));

function pool() {
    return Array.from({ length: POOL }, (_, index) => documentOf(index, 1));
}

async function newKeys(store, count) {
    const documents = pool();
    const first = await firstFree(store, count);
    const stored = await store.setItem(keyOf(first), documents[0]);
    assert.strictEqual(stored._rev, 0);
    return (turn) => store.setItem(keyOf(first + 1 + turn), documents[turn % POOL]);
}

/** A number behind those of the cells that wrote in the same directory before. */
async function firstFree(store, count) {
    let first = count;
    while ((await store.getItem(keyOf(first))) !== null) {
        first += FAR;
    }
    return first;
}

async function overwrites(store, count) {
    const documents = pool();
    const keys = shuffled(keysOf(count), 2);
    const stored = await store.setItem(keys.at(-1), documents[0]);
    assert.ok(stored._rev >= 1);
    return (turn) => store.setItem(keys[turn % count], documents[turn % POOL]);
}
