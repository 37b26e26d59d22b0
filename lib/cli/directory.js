'use strict';

/** A data directory for as long as a command needs it. */

const { stat } = require('node:fs/promises');
const { orAborted } = require('../abort.js');
const { Datastore } = require('../datastore.js');
const { StorageError } = require('../errors.js');

/** Rejects with `ENOENT` or `ENOTDIR` unless a directory is there. What only reads must not make one. */
async function mustStand(directory) {
    let found;
    try {
        found = await stat(directory);
    } catch (cause) {
        const { code, errno, syscall, message } = cause;
        const told = code === 'ENOENT' ? `there is no directory '${directory}'` : message;
        throw new StorageError(told, { code, errno, syscall, path: directory });
    }
    if (!found.isDirectory()) {
        throw new StorageError(`'${directory}' is not a directory`, {
            code: 'ENOTDIR',
            syscall: 'scandir',
            path: directory,
        });
    }
}

/**
 * Uses a store, and closes it whatever comes.
 *
 * @template Result
 * @param {Datastore} store
 * @param {(store: Datastore) => Promise<Result>} use
 * @returns {Promise<Result>}
 */
async function closing(store, use) {
    let result;
    try {
        result = await use(store);
    } catch (error) {
        // What it failed for is what there is to tell.
        await store.close().catch(() => {});
        throw error;
    }
    await store.close();
    return result;
}

/**
 * Opens a directory, loads it, and closes it whatever comes.
 *
 * @template Result
 * @param {import('./run.js').Context} context
 * @param {(store: Datastore) => Promise<Result>} use
 * @param {object} [options] of the store; with `create` the directory need not be there
 * @returns {Promise<Result>}
 */
async function withStore({ directory, signal, progress }, use, { create = false, ...options } = {}) {
    if (!create) {
        await mustStand(directory);
    }
    // Each document is read once, so none is kept.
    return closing(new Datastore({ directory, cacheSize: 0, ...options }), async (store) => {
        await progress.during('Loading', (onProgress) => store.load({ signal, onProgress }));
        return orAborted(signal, use(store));
    });
}

module.exports = { closing, mustStand, withStore };
