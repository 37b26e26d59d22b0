'use strict';

/**
 * Time on the event loop for work that takes long: a slice of it in each of the loop's turns, for whoever's turn it is.
 *
 * One loop, one slice: however many views are built at once, everything else waits for one slice at most.
 */

const { AsyncResource } = require('node:async_hooks');
const { setImmediate } = require('node:timers');

/** Milliseconds. */
const SLICE = 5;

/** Less than this in one turn, taken inside of calls, is not worth keeping books of. */
const UNNOTICED = 1;

/** Shared work belongs to no caller's async context, least of all to that of an update function. */
const nobody = new AsyncResource('kixx-datastore');

const waiting = [];
let isScheduled = false;
let isResetting = false;
let spent = 0;

/** Runs a task in a turn of its own, once. */
function inTurn(task) {
    waiting.push(task);
    schedule();
}

function schedule() {
    if (!isScheduled && waiting.length > 0) {
        isScheduled = true;
        nobody.runInAsyncScope(setImmediate, undefined, runNext);
    }
}

function runNext() {
    isScheduled = false;
    spent = 0;
    const task = waiting.shift();
    schedule();
    spend(task);
}

/**
 * Runs a task at once, where this turn has time left for it.
 *
 * @param {(until: number) => void} task is to end soon after this moment of `performance.now()`
 */
function spend(task) {
    if (spent >= SLICE) {
        return;
    }
    const begun = performance.now();
    try {
        task(begun + SLICE - spent);
    } finally {
        spent += performance.now() - begun;
        if (spent > UNNOTICED && !isResetting) {
            isResetting = true;
            setImmediate(reset).unref();
        }
    }
}

function reset() {
    isResetting = false;
    spent = 0;
}

module.exports = { inTurn, spend };
