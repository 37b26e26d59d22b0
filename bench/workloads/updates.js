'use strict';

/** Updates of existing documents, as short and as sustained runs make them. */

const assert = require('node:assert');
const { keysOf, shuffled } = require('../documents.js');

async function updates(store, count) {
    const keys = shuffled(keysOf(count), 3);
    const updatedAt = new Date(0).toISOString();
    const touch = (document) => ({ ...document, updatedAt });
    const stored = await store.updateItem(keys.at(-1), touch);
    assert.ok(stored._rev >= 1);
    assert.strictEqual(stored.updatedAt, updatedAt);
    return (turn) => store.updateItem(keys[turn % count], touch);
}

module.exports = { updates };
