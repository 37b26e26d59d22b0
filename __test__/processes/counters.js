'use strict';

/**
 * Counters that are raised by a process among others, in the process. It tells, at descriptor 3:
 *
 *   ["begun", key]        before it raises one
 *   ["raised", key, rev]  when that was acknowledged
 */

const { Dice } = require('../crash/dice.js');
const { tell } = require('./report.js');

/** One that is lost to others is tried again, however often. */
const RETRIES = 1_000_000;

const raised = (found) => ({ ...found, n: found.n + 1 });

const WAYS = {
    updateItem: (store, key) => store.updateItem(key, raised, { retries: RETRIES }),

    async setItem(store, key) {
        for (;;) {
            try {
                return await store.setItem(key, raised(await store.getItem(key)));
            } catch (error) {
                if (error.code !== 'CONFLICT') {
                    throw error;
                }
            }
        }
    },
};

const lanes = new Set();
let isStopped = false;

async function lane(store, { keys, ways, most }, dice) {
    for (let n = 0; n < most && !isStopped; n += 1) {
        const key = dice.pick(keys);
        tell('begun', key);
        const { _rev } = await WAYS[dice.pick(ways)](store, key);
        tell('raised', key, _rev);
    }
}

/** Raises counters in several lanes, until each did so `most` times or `stopCounting` is called. */
async function count(store, { seed, inFlight, most = Infinity, ...what }) {
    for (let n = 0; n < inFlight; n += 1) {
        lanes.add(lane(store, { ...what, most }, new Dice(seed + n)));
    }
    await Promise.all(lanes);
}

async function stopCounting() {
    isStopped = true;
    await Promise.all(lanes);
}

module.exports = { WAYS, count, stopCounting };
