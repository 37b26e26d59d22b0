'use strict';

/** Answers as the naive store gives them, and whether the real one's are the same. */

const assert = require('node:assert/strict');
const { isDeepStrictEqual } = require('node:util');
const { item } = require('./naive.js');

const DEFAULT_LIMIT = 10;

/** How far an approximate count may be off, of itself. */
const APPROXIMATE = 0.1;

/** What a page says, cut out of everything that is selected. */
function page(all, { offset, inclusiveStartIndex, limit = DEFAULT_LIMIT, includeDocuments }) {
    const start = offset ?? inclusiveStartIndex ?? 0;
    return answer(
        all,
        all.slice(start, start + limit),
        start + limit < all.length ? start + limit : null,
        includeDocuments,
    );
}

function answer(all, rows, exclusiveEndIndex, includeDocuments) {
    const items = rows.map((row) => (row.documentKey === undefined ? row : item(row, includeDocuments)));
    return { items, exclusiveEndIndex, total: all.length };
}

/**
 * Compares without the cursor, of which only whether there is one can be told beforehand.
 *
 * @param {unknown} [reduce] where these are groups, or their one value
 */
function assertAnswers(given, expected, about, reduce) {
    const { cursor, ...found } = given;
    const isSame = reduce === '_approx_count_distinct' ? isNear(found, expected) : isDeepStrictEqual(found, expected);
    if (!isSame) {
        assert.deepEqual(found, expected, about);
        assert.fail(about);
    }
    if ('total' in expected) {
        assert.equal(typeof cursor, expected.exclusiveEndIndex === null ? 'object' : 'string', about);
        assert.ok(cursor !== undefined, about);
    }
}

/** The same groups with about the same numbers. */
function isNear(found, expected) {
    const numbersOf = ({ value, items }) => items?.map((group) => group.value) ?? [value];
    const restOf = ({ value, items, ...rest }) => ({ ...rest, keys: items?.map(({ key }) => key) });
    const numbers = numbersOf(expected);
    const isClose = (number, index) => Math.abs(number - numbers[index]) <= 1 + numbers[index] * APPROXIMATE;
    return isDeepStrictEqual(restOf(found), restOf(expected)) && numbersOf(found).every(isClose);
}

module.exports = { answer, assertAnswers, page };
