'use strict';

/** A data directory that is damaged, put in order as far as that goes. */

const path = require('node:path');
const { Progress, loading } = require('./loading.js');
const { Store } = require('./store.js');

/**
 * Loads a directory, for which everything damaged goes to quarantine, and closes it. That includes the journal and the
 * format, which no load of a `Datastore` moves: acknowledged writes may be in them alone.
 *
 * @param {string} directory
 * @param {{ signal?: AbortSignal, onProgress?: (progress: { done: number, total: number }) => void }} options
 * @returns {Promise<import('../index.js').LoadReport>}
 */
async function repair(directory, options) {
    const progress = new Progress();
    const given = {
        durability: 'os',
        directory: path.resolve(directory),
        quarantine: true,
        salvage: true,
        singleProcess: true,
        cacheSize: 0,
    };
    const store = new Store(given, progress);
    const driver = {
        progress,
        loadReport: null,
        async load() {
            driver.loadReport = await store.load();
        },
    };
    try {
        await loading(driver, options);
    } catch (error) {
        // What it failed for is what there is to tell.
        await store.close().catch(() => {});
        throw error;
    }
    await store.close();
    return driver.loadReport;
}

module.exports = { repair };
