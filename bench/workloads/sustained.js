'use strict';

/**
 * Writes that go on for so long that syncs, checkpoints and the cleaning of spare files are part of the price, from several
 * ways of writing. Stores that others would pick put documents in their shortest way (`put`, `putMany`), without a
 * revision; this package always keeps one.
 */

const assert = require('node:assert');
const { documentOf, keyOf, keysOf, shuffled } = require('../documents.js');
const { updates } = require('./updates.js');

/** Documents are made before the clock runs. */
const POOL = 4_000;

const IN_FLIGHT = 64;

/** Documents of one batch. */
const BATCH = 1_000;

/** Runs of new keys: each leaves some hundred thousand files. */
const MOST_NEW = 3;

const OWN = ['kixx-eager', 'kixx-background'];
const PEERS = ['classic-level', 'lmdb', 'better-sqlite3'];
const LOOP = 'in-place';
const ALL = [...OWN, ...PEERS, LOOP];

const inFlight = `${IN_FLIGHT} in flight`;
const ofBatch = `setItems of ${BATCH.toLocaleString('en')}`;

/** New keys want a directory of their own for every run: what a run has left to do is not the next one's to pay for. */
const NEW = { perRun: true, runs: MOST_NEW, documents: 10_000, prepare: newKeys };

module.exports = [
    { name: 'sustained-one-new', title: 'set of new documents, one at a time', writers: ALL, ...NEW },
    { name: 'sustained-one', title: 'set of existing documents, one at a time', writers: ALL, prepare: overwrites },
    {
        name: 'sustained-64-new',
        title: `set of new documents, ${inFlight}`,
        inFlight: IN_FLIGHT,
        writers: ALL,
        ...NEW,
    },
    {
        name: 'sustained-64',
        title: `set of existing documents, ${inFlight}`,
        inFlight: IN_FLIGHT,
        writers: [...ALL, 'rename-loop', 'rename-promises'],
        prepare: overwrites,
    },
    {
        name: 'sustained-update',
        title: 'update of existing documents, one at a time',
        writers: ['kixx-eager', 'original'],
        prepare: updates,
    },
    {
        name: 'sustained-full',
        title: `set of existing documents, ${inFlight}, durability 'full'`,
        inFlight: IN_FLIGHT,
        options: { durability: 'full' },
        writers: [...OWN, 'log'],
        prepare: overwrites,
    },
    {
        name: 'sustained-batch',
        title: `${ofBatch} existing documents, one at a time`,
        size: BATCH,
        writers: ['kixx-background', ...PEERS],
        prepare: batches,
    },
    {
        name: 'sustained-batch-4',
        title: `${ofBatch} existing documents, 4 in flight`,
        documents: 100_000,
        inFlight: 4,
        size: BATCH,
        writers: ['kixx-background', ...PEERS],
        prepare: batches,
    },
    {
        name: 'sustained-batch-new',
        title: `${ofBatch} new documents, one at a time`,
        size: BATCH,
        writers: ['kixx-background', ...PEERS],
        ...NEW,
        prepare: newBatches,
    },
    {
        name: 'delay',
        title: `event loop delay while each turn sets ${IN_FLIGHT} existing documents`,
        unit: 'ms',
        documents: 10_000,
        measuresDelay: true,
        size: IN_FLIGHT,
        writers: ALL,
        prepare: turns,
    },
].map((workload) => ({
    documents: 100_000,
    seconds: 10,
    size: 1,
    options: { durability: 'os' },
    unit: 'documents/s',
    writes: true,
    ...workload,
}));

function pool() {
    return Array.from({ length: POOL }, (_, index) => documentOf(index, 1));
}

/** The shortest way to write one document. */
function putOf(store) {
    return store.put ? (key, document) => store.put(key, document) : (key, document) => store.setItem(key, document);
}

/** The shortest way to write many documents, all or nothing. */
function putManyOf(store) {
    return store.putMany ? (entries) => store.putMany(entries) : (entries) => store.setItems(entries);
}

async function assertStored(store, key, { id }) {
    // What is no store cannot be asked.
    const stored = store.getItem ? await store.getItem(key) : { id };
    assert.strictEqual(stored.id, id);
}

async function overwrites(store, count) {
    const put = putOf(store);
    const documents = pool();
    const keys = shuffled(keysOf(count), 2);
    await put(keys.at(-1), documents[0]);
    await assertStored(store, keys.at(-1), documents[0]);
    return (turn) => put(keys[turn % count], documents[turn % POOL]);
}

async function newKeys(store, count) {
    const put = putOf(store);
    const documents = pool();
    await put(keyOf(count), documents[0]);
    await assertStored(store, keyOf(count), documents[0]);
    return (turn) => put(keyOf(count + 1 + turn), documents[turn % POOL]);
}

async function batches(store, count) {
    const putMany = putManyOf(store);
    const documents = pool();
    const keys = shuffled(keysOf(count), 7);
    const entries = (turn) =>
        Array.from({ length: BATCH }, (_, index) => {
            const number = turn * BATCH + index;
            return [keys[number % count], documents[number % POOL]];
        });
    await putMany(entries(count));
    await assertStored(store, keys[0], documents[0]);
    return (turn) => putMany(entries(turn));
}

async function newBatches(store, count) {
    const putMany = putManyOf(store);
    const documents = pool();
    const entries = (turn) =>
        Array.from({ length: BATCH }, (_, index) => {
            const number = count + turn * BATCH + index;
            return [keyOf(number), documents[number % POOL]];
        });
    await putMany(entries(0));
    await assertStored(store, keyOf(count), documents[count % POOL]);
    return (turn) => putMany(entries(turn + 1));
}

/** One turn of the event loop: all its writes at once. */
async function turns(store, count) {
    const set = await overwrites(store, count);
    const ofTurn = (turn) => Array.from({ length: IN_FLIGHT }, (_, index) => set(turn * IN_FLIGHT + index));
    return (turn) => Promise.all(ofTurn(turn));
}
