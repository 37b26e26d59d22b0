'use strict';

/** The options of a `Datastore`, some of which are its engine's. */

const { boolean, checkOptions, count, oneOf, path, withMethods } = require('./check.js');
const { OF_STORE, isGiven } = require('./durability.js');
const { AssertionError } = require('./errors.js');

/** How often an update function is run again after somebody else was faster. */
const DEFAULT_RETRIES = 100;

const OPTIONS = {
    directory: path,
    db: withMethods('loadDocuments', 'getItem', 'setItem', 'deleteItem'),
    lockingQueue: withMethods('getLock', 'releaseLock'),
    fileSystem: withMethods(),
    onCorrupt: oneOf('error', 'quarantine'),
    // Checked by the engine that it is for.
    collation: (value) => value,
    cacheSize: count,
    requireRev: boolean,
    retries: count,
    ...OF_STORE,
};

/** Its own options, with their defaults, and those of the engine as they were given. */
function datastoreOptions(options) {
    const { requireRev = false, retries = DEFAULT_RETRIES, ...others } = checkOptions(options, OPTIONS, 'Datastore');
    const { db, fileSystem, onCorrupt, cacheSize, collation } = others;
    const isOfEngine = (fileSystem ?? onCorrupt ?? cacheSize ?? collation) !== undefined || isGiven(others);
    if (db !== undefined && isOfEngine) {
        const ofEngine = ['fileSystem', 'onCorrupt', 'cacheSize', 'collation', ...Object.keys(OF_STORE)];
        const names = `${ofEngine.slice(0, -1).join(', ')} and ${ofEngine.at(-1)}`;
        throw new AssertionError(`${names} belong to the engine: give them to the db`);
    }
    return { requireRev, retries, ...others };
}

module.exports = { datastoreOptions };
