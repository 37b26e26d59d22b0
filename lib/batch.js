'use strict';

/**
 * Batches as users hand them in, checked whole before anything happens.
 *
 * @typedef {object} Operation
 * @property {string} key
 * @property {string | null} text the document's JSON, `null` to delete
 * @property {object} [copy] of the document
 * @property {number} [revision] the stored revision must be this one
 * @property {string | number} [given] the key as the user has it
 */

const { checkKey, checkOptions, count, oneOf, show } = require('./check.js');
const { AssertionError } = require('./errors.js');
const { take } = require('./taken.js');

const aType = oneOf('set', 'delete');

/** The members of an operation, by its type. */
const MEMBERS = {
    set: { type: aType, key: checkKey, document: (document) => document, rev: count },
    delete: { type: aType, key: checkKey, rev: count },
};

/** @returns {Operation[]} for `[key, document]` pairs */
function setsOf(entries) {
    const operations = listOf(entries, 'setItems', '[key, document] pairs').map((entry, index) => {
        if (!Array.isArray(entry) || entry.length !== 2) {
            throw new AssertionError(`entry ${index} of setItems is a [key, document] pair, not ${show(entry)}`);
        }
        const key = checkKey(entry[0]);
        const { text, copy } = take(entry[1], key);
        return { key, text, copy };
    });
    return distinct(operations);
}

/** @returns {Operation[]} for keys of documents to delete */
function deletionsOf(keys) {
    const list = listOf(keys, 'deleteItems', 'keys');
    return distinct(list.map((given) => ({ key: checkKey(given), text: null, given })));
}

/** @returns {Operation[]} for `{ type, key, document?, rev? }` objects */
function operationsOf(given) {
    return distinct(listOf(given, 'batch', 'operations').map(operation));
}

function operation(given, index) {
    const what = `operation ${index} of the batch`;
    if (given === null || typeof given !== 'object') {
        throw new AssertionError(`${what} is an object with a type and a key, not ${show(given)}`);
    }
    const { type, key, document, rev } = checkOptions(given, MEMBERS[aType(given.type, `the type of ${what}`)], what);
    if (key === undefined) {
        throw new AssertionError(`${what} has no key`);
    }
    if (type === 'delete') {
        return { key, text: null, revision: rev };
    }
    const { text, copy } = take(document, key);
    const within = rev === undefined ? undefined : JSON.parse(text)._rev;
    if (within !== undefined && within !== rev) {
        throw new AssertionError(`${what} expects revision ${rev}, but its document has _rev ${show(within)}`, { key });
    }
    return { key, text, copy, revision: rev };
}

function listOf(values, method, what) {
    if (values === null || typeof values !== 'object' || typeof values[Symbol.iterator] !== 'function') {
        throw new AssertionError(`${method} takes an iterable of ${what}, not ${show(values)}`);
    }
    return Array.from(values);
}

function distinct(operations) {
    const keys = new Set();
    for (const { key } of operations) {
        if (keys.has(key)) {
            throw new AssertionError(`the key ${show(key)} is in the batch twice`, { key });
        }
        keys.add(key);
    }
    return operations;
}

module.exports = { deletionsOf, operationsOf, setsOf };
