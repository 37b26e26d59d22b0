'use strict';

/** Waiting for a load, which several may wait for: each may hear how far it is, and give up the waiting. */

const { AsyncResource } = require('node:async_hooks');
const { checkNotAborted, orAborted, signal } = require('./abort.js');
const { checkOptions, func } = require('./check.js');

const OPTIONS = { signal, onProgress: func };

/** Who hears how far a load is. */
class Progress {
    #listeners = new Set();
    #done = 0;

    /** Calls `listener` from now on; gives back what ends that. */
    hear(listener) {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    /** A load begins. */
    begin() {
        this.#done = 0;
    }

    /** So many documents of so many are read. Counts come from several threads, and a smaller one may come later. */
    tell(done, total) {
        if (done > this.#done) {
            this.#done = done;
            for (const listener of this.#listeners) {
                listener(done, total);
            }
        }
    }
}

/**
 * The options of a load, checked.
 *
 * @returns {{ signal?: AbortSignal, onProgress?: (progress: { done: number, total: number }) => void }}
 */
function loadOptions(given, name) {
    return checkOptions(given, OPTIONS, name);
}

/**
 * Resolves when a driver is loaded. What `onProgress` throws, or a signal, ends the waiting and not the load.
 *
 * @param {{ load(): Promise<void>, progress: Progress, loadReport: { documents: number } | null }} driver
 * @param {ReturnType<typeof loadOptions>} options
 */
async function loading(driver, { signal: given, onProgress }) {
    checkNotAborted(given);
    if (onProgress === undefined) {
        await orAborted(given, driver.load());
        return;
    }
    // Told by the native side, it still runs in the context of its caller.
    const tell = AsyncResource.bind((done, total) => onProgress.call(undefined, { done, total }));
    let isTold = false;
    let stop;
    const failed = new Promise((_, reject) => {
        stop = driver.progress.hear((done, total) => {
            isTold = true;
            try {
                tell(done, total);
            } catch (error) {
                stop();
                reject(error);
            }
        });
    });
    try {
        await orAborted(given, Promise.race([driver.load(), failed]));
    } finally {
        stop();
    }
    if (!isTold) {
        const documents = driver.loadReport?.documents ?? 0;
        tell(documents, documents);
        checkNotAborted(given);
    }
}

module.exports = { Progress, loadOptions, loading };
