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

/**
 * @typedef {object} FindQuery
 * @property {AbortSignal | undefined} signal
 * @property {(number: number, ticket: number) => string | null} ask the native function
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
    return asking(checked, (number, ticket) =>
        binding.findPage(number, ticket, conditions, prefix, descending, checked.cursor, first, most, explain),
    );
}

/** @returns {FindQuery} */
function firstQuery(where, options) {
    const conditions = whereText(where);
    const { prefix, descending = false, ...checked } = checkOptions(options, OF_FIRST, 'findOne');
    return asking(checked, (number, ticket) => binding.findFirst(number, ticket, conditions, prefix, descending));
}

/** @returns {FindQuery} */
function countQuery(where, options) {
    const conditions = whereText(where);
    const { prefix, ...checked } = checkOptions(options, OF_COUNT, 'count');
    return asking(checked, (number, ticket) => binding.findCount(number, ticket, conditions, prefix));
}

function asking({ signal: given }, ask) {
    checkNotAborted(given);
    return { signal: given, ask };
}

/**
 * Answers for the moment of the call: at once where there is little to do, else by a promise.
 *
 * @param {import('./store.js').Store} store
 * @param {FindQuery} query
 */
function find(store, { ask, signal: asked }) {
    return store.call((ticket) => ask(store.number, ticket), { signal: asked });
}

module.exports = { countQuery, find, firstQuery, pageQuery };
