'use strict';

/** The engine's answers to writes, and which of the refused ones can be tried again. */

const { show } = require('./check.js');
const { ConflictError, fromNative } = require('./errors.js');

/** Errors of writes whose documents changed since they were read; such a write can be tried again. */
const lost = new WeakSet();

function asLost(error) {
    lost.add(error);
    return error;
}

function wasLost(error) {
    return lost.has(error);
}

/** The refusal of a document that was to be new. */
function thereAlready(key, actualRev) {
    return new ConflictError(`document ${show(key)} is there already`, { key, expectedRev: null, actualRev });
}

/** The text or the revision that a write was answered with, or its error, marked where another writer was faster. */
function accepted(answer) {
    if (answer !== null && typeof answer === 'object') {
        const error = fromNative(answer);
        throw answer.lost ? asLost(error) : error;
    }
    return answer;
}

/**
 * The document that a write was answered with, `null` where it is gone.
 *
 * @param {import('./store.js').Answer} answer
 * @param {object} [copy] of the document that was written, where the answer tells its revision
 */
function documentOf(answer, copy) {
    if (typeof answer === 'number') {
        copy._rev = answer;
        return copy;
    }
    const text = accepted(answer);
    return text === null ? null : JSON.parse(text);
}

module.exports = { accepted, asLost, documentOf, thereAlready, wasLost };
