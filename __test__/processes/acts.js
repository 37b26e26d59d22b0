'use strict';

/** What a process among others can be asked to do with its store. */

const process = require('node:process');
const { move, watch } = require('./accounts.js');
const { count, stopCounting } = require('./counters.js');
const { play } = require('./history.js');
const { READS, WRITES, pass } = require('./freshness.js');

const ACTS = {
    count,
    move,
    pass,
    play,
    stopCounting,
    watch,

    read: (store, name, read) => READS[read](store, name),

    async write(store, name, n, write) {
        await WRITES[write](store, name, n);
    },

    async call(store, method, ...args) {
        const result = await store[method](...args);
        return result === store ? null : result;
    },

    async close(store) {
        await stopCounting();
        await store.close();
    },

    /** Calls a method so many times, all at once. Resolves to how many were done, and the codes of the others. */
    async many(store, method, lists) {
        const settled = await Promise.allSettled(lists.map((args) => store[method](...args)));
        const refused = settled.filter(({ status }) => status === 'rejected').map(({ reason }) => reason.code);
        return { done: settled.length - refused.length, refused };
    },

    /** Counts in each document how often it was migrated to version 2. */
    migrateOnce: (store) =>
        store.migrate(
            [
                { version: 1, up: () => undefined },
                { version: 2, up: (document) => ({ ...document, migrated: (document.migrated ?? 0) + 1 }) },
            ],
            { batchSize: 20 },
        ),

    /** Begins a call and ends the process in the same tick, in the next, or in the next turn. */
    async beginAndExit(store, moment, method, ...args) {
        store[method](...args).catch(() => {});
        const later = { tick: process.nextTick, turn: setImmediate, now: (exit) => exit() }[moment];
        later(() => process.exit(3));
        return new Promise(() => {});
    },
};

module.exports = { ACTS };
