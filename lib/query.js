'use strict';

/** The options of `queryKeys` and `queryView`, checked and made complete. */

const { checkNotAborted, signal } = require('./abort.js');
const { boolean, checkKey, checkOptions, count, func, show, toJson } = require('./check.js');
const { AssertionError } = require('./errors.js');

const DEFAULT_LIMIT = 10;

function limit(value, name) {
    if (value !== Infinity && (!Number.isSafeInteger(value) || value <= 0)) {
        throw new AssertionError(`${name} is a positive integer or Infinity, not ${show(value)}`);
    }
    return value;
}

/** Where a page before has ended: the engine made it, and tells whether it did. */
function cursor(value, name) {
    if (typeof value !== 'string') {
        throw new AssertionError(`${name} is the text that a page ended with, not ${show(value)}`);
    }
    return value;
}

const WINDOW = {
    inclusiveStart: boolean,
    inclusiveEnd: boolean,
    descending: boolean,
    inclusiveStartIndex: count,
    offset: count,
    limit,
    cursor,
    includeDocuments: boolean,
    signal,
};

/** Several keys, in the order in which they are wanted. */
function listOf(checkOne) {
    return (value, name) => {
        if (!Array.isArray(value)) {
            throw new AssertionError(`${name} is an array of keys, not ${show(value)}`);
        }
        return Array.from(value, (key, index) => checkOne(key, `${name}[${index}]`));
    };
}

/** A key, and which of several it is where it is none. */
function listedKey(value, name) {
    try {
        return checkKey(value);
    } catch (error) {
        throw new AssertionError(`${name}: ${error.message}`, { key: error.key });
    }
}

/** Any string may bound a range of keys, the empty one and half a surrogate pair included. */
function keyBound(value, name) {
    const text = typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
    if (typeof text !== 'string') {
        throw new AssertionError(`${name} is a string, not ${show(value)}`);
    }
    return text;
}

const OF_KEYS = {
    startKey: keyBound,
    endKey: keyBound,
    key: checkKey,
    keys: listOf(listedKey),
    prefix: keyBound,
    ...WINDOW,
};

/** A transaction that needs no total is in nobody's way beyond its page. */
const OF_TRANSACTION = { ...OF_KEYS, total: boolean };

/** Whoever iterates has the documents, and all of them. */
const { includeDocuments: _, ...OF_ITEMS } = OF_KEYS;

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

/** What may be asked of a view that has to be built first. */
const OF_BUILD = { signal, onProgress: func };

const OF_ROWS = {
    startKey: rowBound,
    endKey: rowBound,
    key: rowBound,
    keys: listOf(rowBound),
    prefix: rowPrefix,
    ...WINDOW,
    ...OF_BUILD,
    reduce: boolean,
    group: boolean,
    groupLevel: count,
};

/**
 * Every member is set; what is absent is `undefined`. The bounds and keys of a view are JSON text.
 *
 * @typedef {object} Query
 * @property {string | undefined} startKey
 * @property {string | undefined} endKey
 * @property {string | undefined} key
 * @property {string[] | undefined} keys
 * @property {string | undefined} prefix
 * @property {boolean | undefined} inclusiveStart `undefined` is `true`
 * @property {boolean | undefined} inclusiveEnd `undefined` is `true`
 * @property {boolean} descending
 * @property {number} inclusiveStartIndex
 * @property {number} limit
 * @property {boolean} includeDocuments
 * @property {string | undefined} cursor
 * @property {AbortSignal | undefined} signal not aborted yet
 * @property {((progress: { done: number, total: number }) => void) | undefined} onProgress
 * @property {boolean | undefined} reduce `true` where groups are asked for
 * @property {number | undefined} groupLevel `Infinity` for whole keys
 * @property {boolean} total whether a transaction counts the range
 */

/**
 * Filled in by name, a query has the same shape whatever was given, and costs no more for options that were not.
 *
 * @returns {Query}
 */
function unbounded() {
    return {
        startKey: undefined,
        endKey: undefined,
        key: undefined,
        keys: undefined,
        prefix: undefined,
        inclusiveStart: undefined,
        inclusiveEnd: undefined,
        descending: false,
        inclusiveStartIndex: undefined,
        offset: undefined,
        limit: undefined,
        includeDocuments: false,
        cursor: undefined,
        signal: undefined,
        onProgress: undefined,
        reduce: undefined,
        group: undefined,
        groupLevel: undefined,
        total: true,
    };
}

/** @returns {Query} */
function keyQuery(options) {
    return complete(checkOptions(options, OF_KEYS, 'queryKeys', unbounded()));
}

/**
 * @typedef {object} BuildOptions
 * @property {AbortSignal | undefined} signal
 * @property {((progress: { done: number, total: number }) => void) | undefined} onProgress
 */

/** @returns {Query} */
function viewQuery(options) {
    const query = checkOptions(options, OF_ROWS, 'queryView', unbounded());
    if ((query.reduce ?? query.group ?? query.groupLevel) !== undefined) {
        completeReduce(query);
    }
    return complete(query);
}

/** @returns {BuildOptions} */
function buildOptions(options) {
    const checked = checkOptions(options, OF_BUILD, 'buildView');
    checkNotAborted(checked.signal);
    return { signal: checked.signal, onProgress: checked.onProgress };
}

/** @returns {Query} */
function transactionQuery(options) {
    return complete(checkOptions(options, OF_TRANSACTION, 'queryKeys', unbounded()));
}

/** @returns {Query} all of a range, unless a limit is given */
function itemsQuery(options, of) {
    const query = checkOptions(options, OF_ITEMS, of, unbounded());
    query.limit ??= Infinity;
    return complete(query);
}

function complete(query) {
    const { startKey, endKey, key, keys, prefix, offset } = query;
    if (keys !== undefined && (key ?? startKey ?? endKey ?? prefix) !== undefined) {
        throw new AssertionError('keys goes without key, startKey, endKey and prefix');
    }
    if (prefix !== undefined && (key ?? startKey ?? endKey) !== undefined) {
        throw new AssertionError('prefix goes without key, startKey and endKey');
    }
    if (query.cursor !== undefined && (query.inclusiveStartIndex ?? offset) !== undefined) {
        throw new AssertionError(
            'a cursor tells where the page begins: it goes without offset and inclusiveStartIndex',
        );
    }
    query.limit ??= DEFAULT_LIMIT;
    query.inclusiveStartIndex ??= offset ?? 0;
    if (offset !== undefined && offset !== query.inclusiveStartIndex) {
        throw new AssertionError('offset and inclusiveStartIndex are the same thing; they differ here');
    }
    checkNotAborted(query.signal);
    return query;
}

/** What says which part of many is wanted. */
const OF_PAGES = ['limit', 'offset', 'inclusiveStartIndex', 'cursor'];

/** Groups are a reduce, by one of their two names. */
function completeReduce(query) {
    const { group, groupLevel } = query;
    if (group !== undefined && groupLevel !== undefined) {
        throw new AssertionError('group and groupLevel say the same thing: give one of them');
    }
    if (group === true) {
        query.groupLevel = Infinity;
    }
    const isGrouped = query.groupLevel !== undefined;
    if (isGrouped && query.reduce === false) {
        throw new AssertionError('groups are reduced: reduce: false goes without group and groupLevel');
    }
    query.reduce ??= isGrouped || undefined;
    if (query.reduce && query.includeDocuments) {
        throw new AssertionError('what is reduced has no documents: includeDocuments goes without reduce');
    }
    const ofPages = OF_PAGES.find((name) => query[name] !== undefined);
    if (query.reduce && !isGrouped && ofPages !== undefined) {
        throw new AssertionError(`what is not grouped is one value: ${ofPages} goes without reduce, or with groups`);
    }
}

/** What a custom engine is given only where the user gave it. */
const IF_GIVEN = ['inclusiveStart', 'inclusiveEnd', 'cursor', 'onProgress', 'reduce', 'group'];

/**
 * What a custom engine is asked: `inclusiveStartIndex` and `limit` always set, `offset` translated, and all else as
 * the user gave it. The signal is not passed on: the caller watches it.
 *
 * @param {Query} query as `keyQuery` or `viewQuery` made it
 * @param {(bound: string) => unknown} read what a bound stands for: itself, or what its JSON says
 */
function forCustomEngine(query, read) {
    const { descending, inclusiveStartIndex, limit: most, includeDocuments, keys, groupLevel } = query;
    const asked = { descending, inclusiveStartIndex, limit: most, includeDocuments };
    for (const name of ['startKey', 'endKey', 'key', 'prefix']) {
        if (query[name] !== undefined) {
            asked[name] = read(query[name]);
        }
    }
    if (keys !== undefined) {
        asked.keys = keys.map((key) => read(key));
    }
    if (groupLevel !== undefined && groupLevel !== Infinity) {
        asked.groupLevel = groupLevel;
    }
    for (const name of IF_GIVEN) {
        if (query[name] !== undefined) {
            asked[name] = query[name];
        }
    }
    return asked;
}

/** The numbers of `flag` in `src/node/read.rs`. */
const FLAGS = { descending: 1, includeDocuments: 2, exclusiveStart: 4, exclusiveEnd: 8 };

/** A query as the arguments of the native functions, with the flags that tell of the object cache. */
function inOrder(query, ofCache = 0) {
    let flags = ofCache;
    if (query.descending) {
        flags |= FLAGS.descending;
    }
    if (query.includeDocuments) {
        flags |= FLAGS.includeDocuments;
    }
    if (query.inclusiveStart === false) {
        flags |= FLAGS.exclusiveStart;
    }
    if (query.inclusiveEnd === false) {
        flags |= FLAGS.exclusiveEnd;
    }
    const { startKey, endKey, key, keys, prefix, inclusiveStartIndex, limit: most } = query;
    return [startKey, endKey, key, keys, prefix, query.cursor, flags, inclusiveStartIndex, most];
}

module.exports = {
    DEFAULT_LIMIT,
    buildOptions,
    cursor,
    forCustomEngine,
    inOrder,
    itemsQuery,
    keyBound,
    keyQuery,
    limit,
    transactionQuery,
    viewQuery,
};
