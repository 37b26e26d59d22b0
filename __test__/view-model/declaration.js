'use strict';

/** What a declarative view says of one document, and what a `where` does, told plainly. */

const { isDeepStrictEqual } = require('node:util');
const { compare, rank } = require('./collation.js');

/** What stands at a dot path, `undefined` where nothing does. */
function at(value, path) {
    let found = value;
    for (const name of path.split('.')) {
        if (found === null || typeof found !== 'object' || !Object.hasOwn(found, name)) {
            return undefined;
        }
        found = found[name];
    }
    return found;
}

/** Where the two are of one type: how they compare. Otherwise nothing that is true of any comparison. */
function ofOneType(found, operand) {
    return found !== undefined && rank(found) === rank(operand) ? compare(found, operand) : Number.NaN;
}

const OPERATORS = {
    $eq: (found, operand) => isDeepStrictEqual(found, operand),
    $ne: (found, operand) => !isDeepStrictEqual(found, operand),
    $gt: (found, operand) => ofOneType(found, operand) > 0,
    $gte: (found, operand) => ofOneType(found, operand) >= 0,
    $lt: (found, operand) => ofOneType(found, operand) < 0,
    $lte: (found, operand) => ofOneType(found, operand) <= 0,
    $in: (found, operands) => operands.some((operand) => isDeepStrictEqual(found, operand)),
    $exists: (found, operand) => (found !== undefined) === operand,
};

function matches(where, document) {
    return Object.entries(where).every(([path, condition]) => {
        const found = at(document, path);
        const isTested = condition !== null && typeof condition === 'object' && '$' === Object.keys(condition)[0]?.[0];
        return isTested
            ? Object.entries(condition).every(([operator, operand]) => OPERATORS[operator](found, operand))
            : OPERATORS.$eq(found, condition);
    });
}

/** The rows of a document: `[key, value]`, without a value where it has none. */
function rowsOf({ where = {}, key, each, value }, document) {
    if (!matches(where, document)) {
        return [];
    }
    if (each === undefined) {
        return rowOf({ key, value }, document, (path) => at(document, path));
    }
    const elements = at(document, each);
    if (!Array.isArray(elements)) {
        return [];
    }
    return elements.flatMap((element) =>
        rowOf({ key, value }, document, (path) => {
            if (path === each) {
                return element;
            }
            return path.startsWith(`${each}.`) ? at(element, path.slice(each.length + 1)) : at(document, path);
        }),
    );
}

/** One row, or none where a path of the key leads nowhere. */
function rowOf({ key, value }, document, find) {
    const keys = [key].flat().map(find);
    if (keys.includes(undefined)) {
        return [];
    }
    const found = value === true ? document : valueAt(value, find);
    return [[Array.isArray(key) ? keys : keys[0], ...(found === undefined ? [] : [found])]];
}

function valueAt(value, find) {
    if (typeof value === 'string') {
        return find(value);
    }
    if (Array.isArray(value)) {
        const found = value.map((path) => [path, find(path)]);
        return Object.fromEntries(found.filter(([, each]) => each !== undefined));
    }
    return undefined;
}

module.exports = { matches, rowsOf };
