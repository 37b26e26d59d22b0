'use strict';

/** Whether a data directory is in order, told without opening it. */

const path = require('node:path');
const binding = require('./native.js');
const { Progress } = require('./loading.js');
const { Store } = require('./store.js');

/**
 * Checks every file, every name and, unless somebody has the directory open, the journal. Takes no lock and writes
 * nothing. What is damaged is in the verdict; it rejects where the directory cannot be read, or is of a later format.
 *
 * @param {string} directory
 * @param {{ signal?: AbortSignal, onProgress?: (progress: { done: number, total: number }) => void }} [options]
 * @returns {Promise<{ documents: number, open: boolean, recoverable: number, ignoredFiles: string[],
 *   problems: { file: string, reason: string }[] }>} `recoverable` documents are made from the journal by the next load
 */
async function verify(directory, { signal, onProgress = () => {} } = {}) {
    // A store in memory: its thread and its events are what is needed.
    const store = new Store({ durability: 'none' }, new Progress());
    const start = (ticket) => {
        binding.verify(store.number, ticket, path.resolve(directory));
        return null;
    };
    try {
        return await store.call(start, { signal, onProgress });
    } finally {
        await store.close();
    }
}

module.exports = { verify };
