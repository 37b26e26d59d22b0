'use strict';

/**
 * What a view's rows come to: a built-in reduce, or a function of the user's.
 *
 * The native side makes the result, in steps, and remembers what it made of each part of the rows. A function is called
 * between the steps, for the parts that have changed. What is not done at once is done in slices of the event loop's time.
 */

const binding = require('./native.js');
const { checkNotAborted } = require('./abort.js');
const { show } = require('./check.js');
const { AssertionError, ClosedError, ViewReduceError, fromNative, native } = require('./errors.js');
const { inOrder } = require('./query.js');
const { inTurn, spend } = require('./turns.js');

const BUILT_IN = ['_count', '_sum', '_stats', '_min', '_max', '_approx_count_distinct'];

/** What the native side knows functions by. */
const FUNCTION = 'function';

/** Rows that a step looks at first, and at most: as many as can be done in this time. */
const ROWS_OF_A_STEP = { first: 8_192, most: 131_072 };
const ROWS_OF_CALLS = { first: 256, most: 16_384 };
const MILLISECONDS_OF_A_STEP = 2;

/** @returns {string | Function} */
function reduceOption(value, name) {
    if (typeof value !== 'function' && !BUILT_IN.includes(value)) {
        throw new AssertionError(`${name} is a function or one of ${BUILT_IN.join(', ')}, not ${show(value)}`);
    }
    return value;
}

class Reduce {
    #store;
    #id;
    #name;
    #function;
    #isCalling = false;

    /**
     * @param {import('./store.js').Store} store
     * @param {string} id the view's
     * @param {string | Function | undefined} reduce checked already; without one every query of it is refused
     */
    constructor(store, id, reduce) {
        this.#store = store;
        this.#id = id;
        this.#name = typeof reduce === 'function' ? FUNCTION : reduce;
        this.#function = reduce;
    }

    /** Refuses what the view cannot answer, and what would wait for itself. */
    check({ reduce }) {
        if (reduce && this.#name === undefined) {
            throw new AssertionError(`the view ${show(this.#id)} has no reduce`, { viewId: this.#id });
        }
        if (this.#isCalling) {
            throw new AssertionError(`the view ${show(this.#id)} is queried from inside its own reduce function`, {
                viewId: this.#id,
            });
        }
    }

    /**
     * A query as the arguments of the native functions, which answer with the result, or with the number of a reduction.
     *
     * @param {import('./query.js').Query} query
     */
    inOrder(query) {
        return [...inOrder(query), this.#name, query.groupLevel];
    }

    /**
     * The result of what was begun; a promise of it where that is one, or where it takes long.
     *
     * @param {unknown} begun what the native side answered
     * @param {AbortSignal | undefined} signal
     */
    finishInTurns(begun, signal) {
        if (begun instanceof Promise) {
            return begun.then(
                (made) => this.finishInTurns(made, signal),
                (error) => this.#fail(error),
            );
        }
        if (typeof begun !== 'number') {
            return begun;
        }
        const steps = this.#steps(begun);
        let last;
        spend((until) => {
            last = advance(steps, until);
        });
        return last?.done ? last.value : this.#goOn(steps, signal);
    }

    /** The result of what was begun, however long it takes. */
    finish(begun) {
        return typeof begun === 'number' ? advance(this.#steps(begun), Infinity).value : begun;
    }

    /** Gives up what was begun. */
    discard(begun) {
        if (typeof begun === 'number') {
            binding.viewReduceEnd(this.#store.number, begun);
        }
    }

    /** Begins a query; what the native side refuses is told as this view's. */
    begin(start) {
        try {
            return start();
        } catch (error) {
            return this.#fail(error);
        }
    }

    async #goOn(steps, signal) {
        try {
            for (;;) {
                const { done, value } = await new Promise((resolve, reject) => {
                    inTurn((until) => {
                        try {
                            this.#checkGoesOn(signal);
                            resolve(advance(steps, until));
                        } catch (error) {
                            reject(error);
                        }
                    });
                });
                if (done) {
                    return value;
                }
            }
        } finally {
            steps.return();
        }
    }

    #checkGoesOn(signal) {
        if (this.#store.isClosing) {
            throw new ClosedError('the datastore is closed');
        }
        checkNotAborted(signal);
    }

    /** Does one step or one call each time; returns the result. */
    *#steps(number) {
        const { first, most } = this.#name === FUNCTION ? ROWS_OF_CALLS : ROWS_OF_A_STEP;
        let rows = first;
        try {
            for (;;) {
                const begun = performance.now();
                const made = this.#step(number, rows);
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
                    native(() => binding.viewReduceAnswer(this.#store.number, number, returned.join('\n')));
                }
            }
        } finally {
            this.discard(number);
        }
    }

    #step(number, rows) {
        try {
            return JSON.parse(binding.viewReduceStep(this.#store.number, number, rows));
        } catch (facts) {
            return this.#fail(fromNative(facts));
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
            throw this.#error(`failed: ${cause instanceof Error ? cause.message : show(cause)}`, { cause });
        } finally {
            this.#isCalling = false;
        }
    }

    /** Throws an error of the native side; where a row cannot be reduced, it tells of which view. */
    #fail(error) {
        if (!(error instanceof ViewReduceError)) {
            throw error;
        }
        throw this.#error(`cannot take a row: ${error.message}`, { key: error.key });
    }

    #error(what, facts) {
        return new ViewReduceError(`the reduce of the view ${show(this.#id)} ${what}`, { viewId: this.#id, ...facts });
    }
}

/** Steps until the time is over, or the last one. */
function advance(steps, until) {
    for (;;) {
        const step = steps.next();
        if (step.done || performance.now() >= until) {
            return step;
        }
    }
}

module.exports = { Reduce, reduceOption };
