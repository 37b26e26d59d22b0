'use strict';

/** Each reduce over all rows at once, told plainly. */

const { compare } = require('./collation.js');

/** What a row counts as in `_min` and `_max`: without a value it is `null`. */
function values(rows) {
    return rows.map(({ value = null }) => value);
}

/** The value that is before or behind all others. */
function extreme(rows, direction) {
    const sorted = values(rows).sort((a, b) => direction * compare(a, b));
    return rows.length === 0 ? null : sorted[0];
}

/** Arrays element by element; a number among them counts for the first. */
function sum(rows) {
    const summands = values(rows);
    if (!summands.some(Array.isArray)) {
        return summands.reduce((total, value) => total + value, 0);
    }
    const totals = [];
    for (const value of summands) {
        for (const [index, part] of [value].flat().entries()) {
            totals[index] = (totals[index] ?? 0) + part;
        }
    }
    return totals;
}

function stats(rows) {
    const numbers = values(rows);
    const squares = numbers.map((number) => number * number);
    return {
        sum: sum(rows),
        count: rows.length,
        min: rows.length === 0 ? null : Math.min(...numbers),
        max: rows.length === 0 ? null : Math.max(...numbers),
        sumsqr: squares.reduce((total, square) => total + square, 0),
    };
}

const BUILT_IN = {
    _count: (rows) => rows.length,
    _sum: sum,
    _stats: stats,
    _min: (rows) => extreme(rows, 1),
    _max: (rows) => extreme(rows, -1),
    _approx_count_distinct: (rows) => new Set(rows.map(({ key }) => JSON.stringify(key))).size,
};

/**
 * A reduce function of the user's, whose result does not depend on how the rows were divided: how many there are, their
 * sum, and the lowest and the highest document key.
 */
function summary(keys, reduced, rereduce) {
    const parts = rereduce
        ? reduced
        : keys.map(([, documentKey], index) => {
              return { count: 1, sum: reduced[index], low: documentKey, high: documentKey };
          });
    return parts.reduce((one, other) => ({
        count: one.count + other.count,
        sum: one.sum + other.sum,
        low: one.low < other.low ? one.low : other.low,
        high: one.high > other.high ? one.high : other.high,
    }));
}

/** What rows of a view reduce to. */
function reduced(reduce, rows) {
    if (typeof reduce === 'string') {
        return BUILT_IN[reduce](rows);
    }
    if (rows.length === 0) {
        return null;
    }
    return reduce(
        rows.map(({ key, documentKey }) => [key, documentKey]),
        rows.map(({ value }) => value),
        false,
    );
}

module.exports = { reduced, summary };
