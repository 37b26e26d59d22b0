'use strict';

/** Calls that an `AbortSignal` ends. */

const { show } = require('./check.js');
const { AbortError, AssertionError } = require('./errors.js');

/** An option `signal`: anything that works like an `AbortSignal`. */
function signal(value, name) {
    if (typeof value?.aborted !== 'boolean' || typeof value.addEventListener !== 'function') {
        throw new AssertionError(`${name} is an AbortSignal, not ${show(value)}`);
    }
    return value;
}

/** @param {AbortSignal | undefined} given */
function checkNotAborted(given) {
    if (given?.aborted) {
        throw aborted(given);
    }
}

/** What a call rejects with whose signal was aborted. */
function aborted(given) {
    return new AbortError('the call was aborted', { cause: given.reason });
}

/**
 * What a promise comes to, unless the signal is faster.
 *
 * @param {AbortSignal | undefined} given
 */
function orAborted(given, promise) {
    if (given === undefined) {
        return promise;
    }
    return new Promise((resolve, reject) => {
        const abort = () => {
            try {
                checkNotAborted(given);
            } catch (error) {
                reject(error);
            }
        };
        given.addEventListener('abort', abort, { once: true });
        const settled = () => given.removeEventListener?.('abort', abort);
        abort();
        Promise.resolve(promise).finally(settled).then(resolve, reject);
    });
}

module.exports = { aborted, checkNotAborted, orAborted, signal };
