'use strict';

/**
 * Which update and transaction functions the running code is inside of, across `await`.
 *
 * Each has a turn. A write called inside of it is made by that turn, and if that write would have to wait for the turn,
 * it would wait for ever: `KeyOrder` refuses it instead.
 */

const { AsyncLocalStorage } = require('node:async_hooks');

const storage = new AsyncLocalStorage();

/**
 * @typedef {object} Turn
 * @property {object} owner the datastore
 * @property {string} [key] what the update writes; a transaction is alone on no key
 * @property {Turn | undefined} outer the one that this one was called inside of, of whatever datastore
 * @property {boolean} running whether its function runs
 * @property {Set<object>} waiting what the writes called inside of it wait for
 */

/** @returns {Turn} the turn of an update or a transaction called here */
function newTurn(owner, key) {
    const outer = innermost(() => true);
    if (outer !== undefined) {
        skipEnded(outer);
    }
    return { owner, key, outer, running: false, waiting: new Set() };
}

/** What has ended does not count and is let go: updates that start one another would make a chain without end. */
function skipEnded(turn) {
    while (turn.outer !== undefined && !turn.outer.running) {
        turn.outer = turn.outer.outer;
    }
}

/** Runs a turn's function; until it has settled, code that it calls is inside of its turn. */
async function inside(turn, run) {
    turn.running = true;
    try {
        return await storage.run(turn, run);
    } finally {
        turn.running = false;
    }
}

/** The innermost turn of a datastore that the running code is inside of. */
function current(owner) {
    return innermost((turn) => turn.owner === owner);
}

/** Whether the running code is inside of an update of this key. */
function isInsideUpdateOf(owner, key) {
    return innermost((turn) => turn.owner === owner && turn.key === key) !== undefined;
}

function innermost(isWanted) {
    let turn = storage.getStore();
    while (turn !== undefined && !(turn.running && isWanted(turn))) {
        skipEnded(turn);
        turn = turn.outer;
    }
    return turn;
}

module.exports = { current, inside, isInsideUpdateOf, newTurn };
