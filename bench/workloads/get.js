'use strict';

/** Reads by key, one awaited at a time: each gives an object of the caller's own. */

const assert = require('node:assert');
const { Client } = require('../client.js');
const { documentOf, keysOf, shuffled } = require('../documents.js');

const HOT = 5_000;
const MANY = 100;

/** What another client writes, in a second. */
const WRITES = 1_000;

const hotSet = `hot set of ${HOT.toLocaleString('en')}`;

module.exports = [
    { name: 'get-hot', title: `get, ${hotSet}`, prepare: (store, count) => reads(store, hotKeys(count)) },
    {
        name: 'get-writes',
        title: `get, ${hotSet}, beside ${WRITES.toLocaleString('en')} writes/s`,
        writes: true,
        reuses: true,
        prepare: (store, count) => reads(store, hotKeys(count)),
        beside: otherClient,
    },
    { name: 'get-uniform', title: 'get, uniform', prepare: (store, count) => reads(store, keysInOrder(count)) },
    {
        name: 'get-large',
        title: 'get, 4 KB, uniform',
        isLarge: true,
        prepare: (store, count) => reads(store, keysInOrder(count)),
    },
    { name: 'get-many', title: `getItems of ${MANY}, uniform`, prepare: readsOfMany },
];

function keysInOrder(count) {
    return shuffled(keysOf(count), 1);
}

/** At most half of all: the rest is for whoever writes meanwhile. */
function hotKeys(count) {
    return keysInOrder(count).slice(0, Math.min(HOT, count / 2));
}

async function reads(store, keys) {
    const [key] = keys;
    const document = await store.getItem(key);
    assert.strictEqual(document.id, key);
    assert.notStrictEqual(await store.getItem(key), document);
    return (turn) => store.getItem(keys[turn % keys.length]);
}

/** Writes that go on while documents of the hot set are read, to any others. */
function otherClient(store, count) {
    const keys = keysInOrder(count).slice(hotKeys(count).length);
    const documents = Array.from({ length: WRITES }, (_, index) => documentOf(index, 1));
    return new Client((turn) => store.setItem(keys[turn % keys.length], documents[turn % WRITES]), WRITES);
}

async function readsOfMany(store, count) {
    const keys = keysInOrder(count);
    const lists = Array.from({ length: Math.floor(count / MANY) }, (_, list) =>
        keys.slice(list * MANY, (list + 1) * MANY),
    );
    const read = store.getItems
        ? (list) => store.getItems(list)
        : (list) => Promise.all(list.map((key) => store.getItem(key)));
    const documents = await read(lists[0]);
    assert.deepStrictEqual(
        documents.map(({ id }) => id),
        lists[0],
    );
    return (turn) => read(lists[turn % lists.length]);
}
