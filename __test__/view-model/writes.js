'use strict';

/** Random writes, done to the store and to the naive one, in every form that the store knows. */

const assert = require('node:assert/strict');
const { KEYS, document } = require('./documents.js');

/** Keys and what becomes of them: a document, or `null`. */
function changes(dice, most) {
    const indexes = dice.distinct(dice.between(1, most), KEYS.length);
    return indexes.map((index) => [KEYS[index], dice.chance(0.7) ? document(dice) : null]);
}

/** Does to the naive store what the changes say; resolves to nothing. */
function apply(naive, changed) {
    for (const [key, value] of changed) {
        if (value === null) {
            naive.delete(key);
        } else {
            naive.set(key, value);
        }
    }
}

async function set(dice, store, naive) {
    const [key, value] = [dice.pick(KEYS), document(dice)];
    const expected = naive.next(key, value);
    naive.set(key, value);
    assert.deepEqual(await store.setItem(key, value), expected);
}

async function remove(dice, store, naive) {
    const key = dice.pick(KEYS);
    naive.delete(key);
    await store.deleteItem(key);
}

async function update(dice, store, naive) {
    const [key, value] = [dice.pick(KEYS), document(dice)];
    const before = naive.documents.get(key) ?? null;
    naive.set(key, value);
    await store.updateItem(key, (found) => {
        assert.deepEqual(found, before);
        return value;
    });
}

async function setMany(dice, store, naive) {
    const entries = changes(dice, 8).map(([key]) => [key, document(dice)]);
    apply(naive, entries);
    await store.setItems(entries);
}

async function removeMany(dice, store, naive) {
    const keys = changes(dice, 6).map(([key]) => key);
    apply(
        naive,
        keys.map((key) => [key, null]),
    );
    await store.deleteItems(keys);
}

function operation([key, value]) {
    return value === null ? { type: 'delete', key } : { type: 'set', key, document: value };
}

async function batch(dice, store, naive) {
    const changed = changes(dice, 8);
    apply(naive, changed);
    await store.batch(changed.map(operation));
}

/** One step of a batch is refused, so none of it happens. */
async function refusedBatch(dice, store, _naive) {
    const operations = changes(dice, 5).map(operation);
    operations.push({ type: 'delete', key: `${KEYS[0]} never set`, rev: 1 });
    await assert.rejects(store.batch(operations), { code: 'CONFLICT' });
}

/** A transaction that reads before and after it writes; now and then it gives up in the end. */
async function transaction(dice, store, naive) {
    const changed = changes(dice, 5);
    const keys = changed.map(([key]) => key);
    const before = keys.map((key) => naive.documents.get(key) ?? null);
    const givesUp = dice.chance(0.2) && new Error('gives up');
    if (!givesUp) {
        apply(naive, changed);
    }
    const running = store.transaction(async (within) => {
        assert.deepEqual(await Promise.all(keys.map((key) => within.getItem(key))), before);
        for (const [key, value] of changed) {
            await (value === null ? within.deleteItem(key) : within.setItem(key, value));
        }
        if (givesUp) {
            throw givesUp;
        }
    });
    await (givesUp ? assert.rejects(running, givesUp) : running);
}

const WRITES = [
    set,
    set,
    set,
    set,
    remove,
    remove,
    update,
    setMany,
    removeMany,
    batch,
    batch,
    refusedBatch,
    transaction,
];

/** The naive store has changed when this returns, the other one when it resolves. */
function write(dice, store, naive) {
    return dice.pick(WRITES)(dice, store, naive);
}

/** Whether both hold the same documents. */
async function checkDocuments(store, naive) {
    const { items } = await store.queryKeys({ limit: Infinity, includeDocuments: true });
    const found = new Map(items.map(({ key, document: stored }) => [key, stored]));
    assert.deepEqual(found, naive.documents);
}

module.exports = { checkDocuments, write };
