'use strict';

/**
 * What a view's rows come to: a built-in reduce, or a function of the user's.
 *
 * The work is done in steps on the native side, which remembers what it made of each part of the rows. A function is
 * called between the steps, for the parts that have changed. No step, and no run of calls, takes longer than the event
 * loop may be held.
 */

const { setImmediate: nextTurn } = require('node:timers/promises');
const binding = require('./native.js');
const { show } = require('./check.js');
const { AssertionError, DatastoreError, ViewReduceError, fromNative, native } = require('./errors.js');
const { reduceInOrder } = require('./query.js');

const BUILT_IN = ['_count', '_sum', '_stats', '_min', '_max', '_approx_count_distinct'];

/** Rows that a step looks at first, and at most: as many as can be done in this time. */
const ROWS_OF_A_STEP = { first: 8_192, most: 131_072 };
const ROWS_OF_CALLS = { first: 256, most: 16_384 };
const MILLISECONDS_OF_A_STEP = 3;

/** How long the event loop is held before it turns. */
const MILLISECONDS_OF_A_TURN = 5;

/** @returns {string | Function} */
function reduceOption(value, name) {
    if (typeof value !== 'function' && !BUILT_IN.includes(value)) {
        throw new AssertionError(`${name} is a function or one of ${BUILT_IN.join(', ')}, not ${show(value)}`);
    }
    return value;
}

class Reduce {
    #id;
    /** The name of a built-in reduce. */
    #name;
    #function;
    #isCalling = false;

    /**
     * @param {string} id the view's
     * @param {string | Function} reduce checked already
     */
    constructor(id, reduce) {
        this.#id = id;
        this.#name = typeof reduce === 'string' ? reduce : undefined;
        this.#function = typeof reduce === 'string' ? undefined : reduce;
    }

    /** Whether the user's function is running right now. */
    get isCalling() {
        return this.#isCalling;
    }

    /**
     * Begins to answer a query from rows that stand at its moment: after this call they may change.
     *
     * @param {number} store @param {number} view their numbers @param {import('./query.js').Query} query
     */
    begin(store, view, query) {
        const ticket = native(() => binding.viewReduce(store, view, this.#name, ...reduceInOrder(query)));
        return this.#steps(ticket);
    }

    /** Does one step or one call each time; returns the result. */
    *#steps(ticket) {
        const { first, most } = this.#name === undefined ? ROWS_OF_CALLS : ROWS_OF_A_STEP;
        let rows = first;
        try {
            for (;;) {
                const begun = performance.now();
                const text = this.#step(ticket, rows);
                const made = JSON.parse(text);
                if (made !== null && !Array.isArray(made)) {
                    return made;
                }
                const isFast = performance.now() - begun < MILLISECONDS_OF_A_STEP;
                rows = isFast ? Math.min(rows * 2, most) : Math.max(1, rows >> 1);
                yield;
                if (made !== null) {
                    const returned = [];
                    for (const [keys, values] of made) {
                        returned.push(this.#call(keys, values));
                        yield;
                    }
                    native(() => binding.viewReduceAnswer(ticket, returned.join('\n')));
                }
            }
        } finally {
            binding.viewReduceEnd(ticket);
        }
    }

    #step(ticket, rows) {
        try {
            return binding.viewReduceStep(ticket, rows);
        } catch (facts) {
            const error = fromNative(facts);
            if (!(error instanceof ViewReduceError)) {
                throw error;
            }
            throw this.#failed(`cannot take a row: ${error.message}`, { key: error.key });
        }
    }

    /** What the function makes of rows, or of what it has made of some (`keys` is `null` then), as JSON. */
    #call(keys, values) {
        this.#isCalling = true;
        try {
            const returned = this.#function(keys, values, keys === null);
            if (typeof returned?.then === 'function') {
                Promise.resolve(returned).catch(() => {});
                throw new AssertionError('a reduce function must not return a promise');
            }
            const json = JSON.stringify(returned);
            if (json === undefined) {
                throw new AssertionError(`a reduce function returned ${show(returned)}, which JSON cannot hold`);
            }
            return json;
        } catch (cause) {
            throw this.#failed(`failed: ${cause instanceof Error ? cause.message : show(cause)}`, { cause });
        } finally {
            this.#isCalling = false;
        }
    }

    #failed(what, facts) {
        return new ViewReduceError(`the reduce of the view ${show(this.#id)} ${what}`, { viewId: this.#id, ...facts });
    }
}

/** The result of steps, done in one go. */
function finish(steps) {
    for (;;) {
        const { done, value } = steps.next();
        if (done) {
            return value;
        }
    }
}

/**
 * The result of steps; a promise of it where they take longer than the event loop may be held.
 *
 * @param {Generator} steps @param {AbortSignal} [signal]
 */
function finishInTurns(steps, signal) {
    const { done, value } = steps.next();
    return done ? value : goOn(steps, signal);
}

async function goOn(steps, signal) {
    let turned = performance.now();
    try {
        for (;;) {
            if (performance.now() - turned > MILLISECONDS_OF_A_TURN) {
                await nextTurn();
                turned = performance.now();
            }
            if (signal?.aborted) {
                throw new DatastoreError('the query was aborted', {
                    code: 'ABORT_ERR',
                    name: 'AbortError',
                    cause: signal.reason,
                });
            }
            const { done, value } = steps.next();
            if (done) {
                return value;
            }
        }
    } finally {
        steps.return();
    }
}

module.exports = { Reduce, finish, finishInTurns, reduceOption };
