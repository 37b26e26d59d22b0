'use strict';

/**
 * Which update functions the running code is inside of, across `await`.
 *
 * A write to a key from inside the function that updates it would wait for itself, so it is refused instead.
 */

const { AsyncLocalStorage } = require('node:async_hooks');

const storage = new AsyncLocalStorage();

/**
 * Runs an update function; until it has settled, `isInside` tells.
 *
 * @param {object} owner the datastore
 * @param {string} key the key being updated
 * @param {() => unknown} run
 */
async function inside(owner, key, run) {
    const context = { owner, key, outer: storage.getStore(), running: true };
    try {
        return await storage.run(context, run);
    } finally {
        context.running = false;
    }
}

/** Whether the running code is inside an update of this key; of any key where none is named. */
function isInside(owner, key) {
    for (let context = storage.getStore(); context !== undefined; context = context.outer) {
        if (context.running && context.owner === owner && (key === undefined || context.key === key)) {
            return true;
        }
    }
    return false;
}

module.exports = { inside, isInside };
