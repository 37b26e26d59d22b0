'use strict';

/** What the documents' code finds around it: services, a console, the paths it names, somebody else who writes. */

const path = require('node:path');
const { openStore, temporaryDirectory } = require('../support.js');

/** A service container with one service. */
function contextOf(datastore) {
    const services = new Map([['kixx.Datastore', datastore]]);
    return { getService: (name) => services.get(name) };
}

/** A console that remembers what it was told, and whether as an error. */
function recorder() {
    const lines = [];
    const errors = [];
    return { lines, errors, log: (...told) => lines.push(told), error: (...told) => errors.push(told) };
}

/** The package's classes, with the absolute paths that the documents name moved into a folder of the test. */
function relocated(folder, { Datastore, DatastoreEngine }) {
    const move = ({ directory, ...options }) =>
        directory === undefined ? options : { ...options, directory: path.join(folder, directory) };
    return {
        Datastore: class extends Datastore {
            constructor(options) {
                super(move(options));
            }
        },
        DatastoreEngine: class extends DatastoreEngine {
            constructor(options) {
                super(move(options));
            }
        },
    };
}

/**
 * The same datastore, but somebody else is faster in the first `times` updates: a real conflict, where the datastore
 * was made with `retries: 0`.
 */
function contested(datastore, times) {
    let left = times;
    return {
        getItem: (...given) => datastore.getItem(...given),
        setItem: (...given) => datastore.setItem(...given),
        updateItem: (key, update) =>
            datastore.updateItem(key, async (document) => {
                if (left > 0) {
                    left -= 1;
                    await datastore._db.setItem(key, { ...document, _rev: document._rev + 1, other: times - left });
                }
                return update(document);
            }),
    };
}

/** A `setTimeout` that does not wait, but remembers for how long it should have. */
function impatience() {
    const delays = [];
    const setTimeout = (callback, delay) => {
        delays.push(delay);
        setImmediate(callback);
    };
    return { delays, setTimeout };
}

const ISO_DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The document keys of a query's items. */
function documentKeys({ items }) {
    return items.map(({ documentKey }) => documentKey);
}

/** A store in a folder of its own, and the folder. */
async function openDirectory(t, options) {
    const directory = path.join(temporaryDirectory(t), 'data');
    return { directory, datastore: await openStore(t, { directory, ...options }) };
}

module.exports = { ISO_DATE, documentKeys, openDirectory, contested, contextOf, impatience, recorder, relocated };
