'use strict';

/**
 * Writes that go on for so long that syncs, checkpoints and the cleaning of spare files are part of the price: the same
 * documents over and over, from several ways of writing them.
 */

const assert = require('node:assert');
const { documentOf, keyOf, keysOf, shuffled } = require('../documents.js');

/** Documents are made before the clock runs. */
const POOL = 4_000;

const IN_FLIGHT = 64;

/** Documents of one batch. */
const BATCH = 1_000;

module.exports = [
    {
        name: 'sustained-updates',
        title: `updates of existing documents, ${IN_FLIGHT} in flight, durability 'os'`,
        documents: 10_000,
        inFlight: IN_FLIGHT,
        options: { durability: 'os' },
        writers: ['kixx-eager', 'kixx-background', 'rename-loop', 'rename-promises', 'in-place'],
        prepare: updates,
    },
    {
        name: 'sustained-full',
        title: `updates of existing documents, ${IN_FLIGHT} in flight, durability 'full'`,
        documents: 10_000,
        inFlight: IN_FLIGHT,
        options: { durability: 'full' },
        writers: ['kixx-eager', 'kixx-background', 'log'],
        prepare: updates,
    },
    {
        name: 'sustained-batch',
        title: `setItems of ${BATCH.toLocaleString('en')} existing documents, one at a time`,
        documents: 100_000,
        size: BATCH,
        writers: ['kixx-background'],
        prepare: batches,
    },
    {
        name: 'sustained-batch-4',
        title: `setItems of ${BATCH.toLocaleString('en')} existing documents, 4 in flight`,
        documents: 100_000,
        inFlight: 4,
        size: BATCH,
        writers: ['kixx-background'],
        prepare: batches,
    },
    {
        name: 'sustained-batch-new',
        title: `setItems of ${BATCH.toLocaleString('en')} new documents, one at a time`,
        documents: 10_000,
        seconds: 2,
        size: BATCH,
        writers: ['kixx-background'],
        prepare: newBatches,
    },
].map((workload) => ({ seconds: 10, size: 1, options: {}, unit: 'documents/s', writes: true, ...workload }));

function pool() {
    return Array.from({ length: POOL }, (_, index) => documentOf(index, 1));
}

async function updates(store, count) {
    const documents = pool();
    const keys = shuffled(keysOf(count), 2);
    const stored = await store.setItem(keys.at(-1), documents[0]);
    // What is no store has no revisions.
    assert.ok(stored === undefined || stored._rev === 1);
    return (turn) => store.setItem(keys[turn % count], documents[turn % POOL]);
}

async function batches(store, count) {
    const documents = pool();
    const keys = shuffled(keysOf(count), 7);
    const entries = (turn) =>
        Array.from({ length: BATCH }, (_, index) => {
            const number = turn * BATCH + index;
            return [keys[number % count], documents[number % POOL]];
        });
    const [stored] = await store.setItems(entries(-1 + count));
    assert.strictEqual(stored._rev, 1);
    return (turn) => store.setItems(entries(turn));
}

async function newBatches(store, count) {
    const documents = pool();
    const entries = (turn) =>
        Array.from({ length: BATCH }, (_, index) => {
            const number = count + turn * BATCH + index;
            return [keyOf(number), documents[number % POOL]];
        });
    const [stored] = await store.setItems(entries(0));
    assert.strictEqual(stored._rev, 0);
    return (turn) => store.setItems(entries(turn + 1));
}
