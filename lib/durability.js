'use strict';

/** How sure an acknowledged write is: the levels of a store, and what a single call may ask for. */

const { boolean, oneOf, show } = require('./check.js');
const { AssertionError, DatastoreError } = require('./errors.js');

/** Each promises what the one before it does, and more. */
const LEVELS = ['none', 'os', 'full'];

const SHORTEST_INTERVAL = 10;
const LONGEST_INTERVAL = 3_600_000;

const level = oneOf(...LEVELS);

function interval(value, name) {
    if (!Number.isSafeInteger(value) || value < SHORTEST_INTERVAL || value > LONGEST_INTERVAL) {
        const range = `${SHORTEST_INTERVAL} to ${LONGEST_INTERVAL}`;
        throw new AssertionError(`${name} is a whole number of milliseconds from ${range}, not ${show(value)}`);
    }
    return value;
}

/**
 * The options of a store that are about durability, about who else may have its directory open or change its files, and whether
 * it is written.
 */
const OF_STORE = {
    durability: level,
    files: oneOf('eager', 'background'),
    syncInterval: interval,
    singleProcess: boolean,
    readOnly: boolean,
    watch: boolean,
};

/** Whether any of these options is given. */
function isGiven(options) {
    return Object.keys(OF_STORE).some((name) => options[name] !== undefined);
}

/**
 * Whether a call wants its write synced though its store would not; refused where it wants less, or what cannot be had.
 *
 * @param {string | undefined} asked by the call
 * @param {string | undefined} own the store's level; custom parts have none
 */
function asksToSync(asked, own) {
    if (asked === undefined) {
        return false;
    }
    if (own === undefined) {
        throw new DatastoreError('custom parts know nothing of durability', { code: 'UNSUPPORTED' });
    }
    if (own === 'none' && asked !== 'none') {
        throw new AssertionError(`a store of durability 'none' keeps nothing on disk: ${show(asked)} cannot be had`);
    }
    if (LEVELS.indexOf(asked) < LEVELS.indexOf(own)) {
        throw new AssertionError(`a call may ask for more than its store's durability ${show(own)}, not for less`);
    }
    return asked !== own;
}

module.exports = { OF_STORE, asksToSync, isGiven, level };
