'use strict';

/**
 * Judges whether a history could have been made by one process that did one operation after the other, each at some moment
 * between its call and its return.
 *
 * The algorithm is that of J. Wing and C. Gong, "Testing and Verifying Concurrent Objects" (1993), with the memory of
 * configurations that G. Lowe added, "Testing for linearizability" (2017): what was taken already, in whatever order, and came
 * to the same state, is not tried again.
 *
 * @typedef {object} Operation
 * @property {bigint} called when, on a clock that all processes share
 * @property {bigint} [returned] absent where it never did: it may have happened at any time after its call, or never
 *
 * @typedef {object} Model of one object
 * @property {unknown} initial the state before everything
 * @property {(state: unknown, operation: Operation) => { state: unknown } | null} step what an operation makes of a state;
 * `null` where it cannot have had its result there
 * @property {(state: unknown) => string} name tells states apart
 */

/** Calls and returns by time, as a list from which operations can be lifted and put back. */
function listOf(operations) {
    const events = [];
    for (const [number, operation] of operations.entries()) {
        const call = { number, operation, at: operation.called, isCall: true };
        events.push(call);
        if (operation.returned !== undefined) {
            call.end = { number, operation, at: operation.returned, isCall: false };
            events.push(call.end);
        }
    }
    // Of the same moment calls come first: they may have overlapped.
    events.sort((a, b) => Number(a.at - b.at) || Number(b.isCall) - Number(a.isCall));
    const head = { next: null };
    let last = head;
    for (const event of events) {
        event.previous = last;
        event.next = null;
        last.next = event;
        last = event;
    }
    return head;
}

function lift(event) {
    event.previous.next = event.next;
    if (event.next !== null) {
        event.next.previous = event.previous;
    }
}

function putBack(event) {
    event.previous.next = event;
    if (event.next !== null) {
        event.next.previous = event;
    }
}

/** Takes an operation out of the list, as one that has happened. */
function take(call) {
    lift(call);
    if (call.end) {
        lift(call.end);
    }
}

function untake(call) {
    if (call.end) {
        putBack(call.end);
    }
    putBack(call);
}

/**
 * @param {Operation[]} operations
 * @param {Model} model
 * @returns {boolean}
 */
function isLinearizable(operations, model) {
    const head = listOf(operations);
    const tried = new Set();
    const path = [];
    let [state, taken] = [model.initial, 0n];
    let left = operations.filter(({ returned }) => returned !== undefined).length;
    let event = head.next;
    while (left > 0) {
        const stepped = event?.isCall ? model.step(state, event.operation) : null;
        const next = taken | (1n << BigInt(event?.number ?? 0));
        const configuration = stepped && `${model.name(stepped.state)} ${next.toString(36)}`;
        if (stepped !== null && !tried.has(configuration)) {
            tried.add(configuration);
            path.push({ call: event, state, taken });
            [state, taken] = [stepped.state, next];
            left -= event.end ? 1 : 0;
            take(event);
            event = head.next;
        } else if (event?.isCall) {
            event = event.next;
        } else {
            // An operation that returned was not taken before its return: the last one taken was the wrong one.
            const last = path.pop();
            if (last === undefined) {
                return false;
            }
            ({ state, taken } = last);
            left += last.call.end ? 1 : 0;
            untake(last.call);
            event = last.call.next;
        }
    }
    return true;
}

module.exports = { isLinearizable };
