'use strict';

/** The options of `queryKeys` and `queryView`, checked and made complete. */

const { boolean, checkKey, checkOptions, count, show, toJson } = require('./check.js');
const { AssertionError } = require('./errors.js');

const DEFAULT_LIMIT = 10;

function limit(value, name) {
    if (value !== Infinity && (!Number.isSafeInteger(value) || value <= 0)) {
        throw new AssertionError(`${name} is a positive integer or Infinity, not ${show(value)}`);
    }
    return value;
}

const WINDOW = {
    descending: boolean,
    inclusiveStartIndex: count,
    offset: count,
    limit,
    includeDocuments: boolean,
};

/** Any string may bound a range of keys, the empty one and half a surrogate pair included. */
function keyBound(value, name) {
    const text = typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
    if (typeof text !== 'string') {
        throw new AssertionError(`${name} is a string, not ${show(value)}`);
    }
    return text;
}

const OF_KEYS = { startKey: keyBound, endKey: keyBound, key: checkKey, prefix: keyBound, ...WINDOW };

/** A transaction that needs no total is in nobody's way beyond its page. */
const OF_TRANSACTION = { ...OF_KEYS, total: boolean };

/** Anything that JSON can hold may bound a range of view rows. Becomes JSON text. */
function rowBound(value, name) {
    const json = typeof value === 'number' && !Number.isFinite(value) ? undefined : toJson(value, name);
    if (json === undefined) {
        throw new AssertionError(`${name} is a JSON value, not ${show(value)}`);
    }
    return json;
}

function rowPrefix(value, name) {
    if (typeof value !== 'string' && !Array.isArray(value)) {
        throw new AssertionError(`${name} is a string or an array, not ${show(value)}`);
    }
    return rowBound(value, name);
}

const OF_REDUCE = { reduce: boolean, group: boolean, groupLevel: count };

const OF_ROWS = { startKey: rowBound, endKey: rowBound, key: rowBound, prefix: rowPrefix, ...WINDOW, ...OF_REDUCE };

/**
 * @typedef {object} Query every member is set, absent bounds are `undefined`; a view's bounds are JSON text
 * @property {string | undefined} startKey
 * @property {string | undefined} endKey
 * @property {string | undefined} key
 * @property {string | undefined} prefix
 * @property {boolean} descending
 * @property {number} inclusiveStartIndex
 * @property {number} limit
 * @property {boolean} includeDocuments
 * @property {boolean} [reduce] of a view: what the rows come to, not the rows
 * @property {number} [groupLevel] by so many elements of the key, `Infinity` for the whole key
 */

/** @returns {Query} */
function keyQuery(options) {
    return complete(checkOptions(options, OF_KEYS, 'queryKeys'));
}

/** @returns {Query} */
function viewQuery(options) {
    const checked = checkOptions(options, OF_ROWS, 'queryView');
    return { ...complete(checked), ...reduceQuery(checked) };
}

/** @returns {Query & { total: boolean }} */
function transactionQuery(options) {
    const { total = true, ...given } = checkOptions(options, OF_TRANSACTION, 'queryKeys');
    return { ...complete(given), total };
}

function complete(options) {
    const { startKey, endKey, key, prefix, offset } = options;
    if (prefix !== undefined && (key ?? startKey ?? endKey) !== undefined) {
        throw new AssertionError('prefix goes without key, startKey and endKey');
    }
    const inclusiveStartIndex = options.inclusiveStartIndex ?? offset ?? 0;
    if (offset !== undefined && offset !== inclusiveStartIndex) {
        throw new AssertionError('offset and inclusiveStartIndex are the same thing; they differ here');
    }
    return {
        startKey,
        endKey,
        key,
        prefix,
        descending: options.descending ?? false,
        inclusiveStartIndex,
        limit: options.limit ?? DEFAULT_LIMIT,
        includeDocuments: options.includeDocuments ?? false,
    };
}

/** What is asked of a view's reduce. Groups are asked of it, too. */
function reduceQuery({ reduce, group, groupLevel, includeDocuments, ...options }) {
    const isGrouped = group === true || groupLevel !== undefined;
    if (isGrouped && (reduce === false || (group !== undefined && groupLevel !== undefined))) {
        throw new AssertionError('group and groupLevel go without each other and without reduce: false');
    }
    const isReduced = isGrouped || reduce === true;
    if (isReduced && includeDocuments) {
        throw new AssertionError('includeDocuments is for rows: what they are reduced to has no document');
    }
    const ofPages = ['limit', 'offset', 'inclusiveStartIndex'].filter((name) => options[name] !== undefined);
    if (isReduced && !isGrouped && ofPages.length > 0) {
        throw new AssertionError(`${ofPages[0]} is for rows and groups: reduce without group gives one value`);
    }
    return { reduce: isReduced, groupLevel: group === true ? Infinity : groupLevel };
}

/**
 * What a custom engine is asked: `inclusiveStartIndex` and `limit` always set, `offset` translated, and bounds only where
 * the user gave them.
 *
 * @param {Query} query as `keyQuery` or `viewQuery` made it
 * @param {(bound: string) => unknown} read what a bound stands for: itself, or what its JSON says
 */
function forCustomEngine(query, read) {
    const { startKey, endKey, key, prefix, reduce, groupLevel, ...asked } = query;
    if (reduce) {
        asked.reduce = true;
    }
    if (groupLevel !== undefined) {
        Object.assign(asked, groupLevel === Infinity ? { group: true } : { groupLevel });
    }
    for (const [name, bound] of Object.entries({ startKey, endKey, key, prefix })) {
        if (bound !== undefined) {
            asked[name] = read(bound);
        }
    }
    return asked;
}

/** A query as the arguments of the native functions. */
function inOrder({ startKey, endKey, key, prefix, descending, inclusiveStartIndex, limit: most, includeDocuments }) {
    return [startKey, endKey, key, prefix, descending, inclusiveStartIndex, most, includeDocuments];
}

/** A query of a view's reduce as the arguments of its native function. */
function reduceInOrder({ groupLevel, ...query }) {
    return [...inOrder(query).slice(0, -1), groupLevel];
}

module.exports = { forCustomEngine, inOrder, keyQuery, reduceInOrder, transactionQuery, viewQuery };
