'use strict';

/** `find`, `findOne` and `count`: conditions and options, checked, and how the engine is asked. */

const binding = require('./native.js');
const { checkNotAborted, signal } = require('./abort.js');
const { boolean, checkOptions, count } = require('./check.js');
const { AssertionError } = require('./errors.js');
const { DEFAULT_LIMIT, cursor, keyBound, limit } = require('./query.js');
const { whereText } = require('./where.js');

const OF_COUNT = { prefix: keyBound, signal };
const OF_FIRST = { ...OF_COUNT, descending: boolean };
const OF_PAGE = { ...OF_FIRST, limit, offset: count, inclusiveStartIndex: count, cursor, explain: boolean };

const DOCUMENTS = { includeDocuments: true };

/**
 * @typedef {object} FindQuery
 * @property {AbortSignal | undefined} signal
 * @property {(number: number, ticket: number, flags: number) => string | null} ask the native function
 * @property {'page' | 'first' | undefined} has what of its answer are documents
 */

/** @returns {FindQuery} */
function pageQuery(where, options) {
    const conditions = whereText(where);
    const checked = checkOptions(options, OF_PAGE, 'find');
    const { prefix, descending = false, explain = false, offset, limit: most = DEFAULT_LIMIT } = checked;
    const first = checked.inclusiveStartIndex ?? offset ?? 0;
    if (offset !== undefined && offset !== first) {
        throw new AssertionError('offset and inclusiveStartIndex are the same thing; they differ here');
    }
    if (checked.cursor !== undefined && (offset ?? checked.inclusiveStartIndex) !== undefined) {
        throw new AssertionError(
            'a cursor tells where the page begins: it goes without offset and inclusiveStartIndex',
        );
    }
    const { cursor: from } = checked;
    const ask = (number, ticket, flags) =>
        binding.findPage(number, ticket, conditions, prefix, descending, from, first, most, explain, flags);
    return asking(checked, ask, 'page');
}

/** @returns {FindQuery} */
function firstQuery(where, options) {
    const conditions = whereText(where);
    const { prefix, descending = false, ...checked } = checkOptions(options, OF_FIRST, 'findOne');
    const ask = (number, ticket, flags) => binding.findFirst(number, ticket, conditions, prefix, descending, flags);
    return asking(checked, ask, 'first');
}

/** @returns {FindQuery} */
function countQuery(where, options) {
    const conditions = whereText(where);
    const { prefix, ...checked } = checkOptions(options, OF_COUNT, 'count');
    return asking(checked, (number, ticket) => binding.findCount(number, ticket, conditions, prefix));
}

function asking({ signal: given }, ask, has) {
    checkNotAborted(given);
    return { signal: given, ask, has };
}

/**
 * Answers for the moment of the call: at once where there is little to do, else by a promise.
 *
 * @param {import('./store.js').Store} store
 * @param {FindQuery} query
 */
function find(store, { ask, has, signal: asked }) {
    const flags = has === undefined ? 0 : store.flagsFor(DOCUMENTS);
    const read = has && ((text) => store[has](text, flags));
    return store.call((ticket) => ask(store.number, ticket, flags), { signal: asked, read });
}

module.exports = { countQuery, find, firstQuery, pageQuery };
