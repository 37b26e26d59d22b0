'use strict';

/**
 * Which update functions the running code is inside of, across `await`.
 *
 * Each update has a turn. A write called inside of it is made by that turn, and if that write would have to wait for the
 * turn, it would wait for ever: `KeyOrder` refuses it instead.
 */

const { AsyncLocalStorage } = require('node:async_hooks');

const storage = new AsyncLocalStorage();

/**
 * @typedef {object} Turn
 * @property {object} owner the datastore
 * @property {Turn | undefined} outer the update that this one was called inside of, of whatever datastore
 * @property {boolean} running whether its function runs
 * @property {Set<object>} waiting what the writes called inside of it wait for
 */

/** @returns {Turn} the turn of an update called here */
function newTurn(owner) {
    const outer = innermost(() => true);
    if (outer !== undefined) {
        skipEnded(outer);
    }
    return { owner, outer, running: false, waiting: new Set() };
}

/** What has ended does not count and is let go: updates that start one another would make a chain without end. */
function skipEnded(turn) {
    while (turn.outer !== undefined && !turn.outer.running) {
        turn.outer = turn.outer.outer;
    }
}

/** Runs an update function; until it has settled, code that it calls is inside of its turn. */
async function inside(turn, run) {
    turn.running = true;
    try {
        return await storage.run(turn, run);
    } finally {
        turn.running = false;
    }
}

/** The innermost update of a datastore that the running code is inside of. */
function current(owner) {
    return innermost((turn) => turn.owner === owner);
}

function innermost(isWanted) {
    let turn = storage.getStore();
    while (turn !== undefined && !(turn.running && isWanted(turn))) {
        skipEnded(turn);
        turn = turn.outer;
    }
    return turn;
}

module.exports = { current, inside, newTurn };
