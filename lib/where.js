'use strict';

/** Conditions and declarations as the JSON text that crosses to the engine, which checks what they say. */

const { isBuiltIn, isNoDocument, show, toJson } = require('./check.js');
const { AssertionError } = require('./errors.js');

/** The text of a `where`. */
function whereText(where) {
    if (where === null || typeof where !== 'object' || Array.isArray(where) || isBuiltIn(where)) {
        throw new AssertionError(`where is an object of paths and what is to be found there, not ${show(where)}`);
    }
    return exactJson(where, 'where');
}

/** What is asked of which path, without the values; `undefined` where nothing is asked. */
function outlineOf(where) {
    if (where === null || typeof where !== 'object') {
        return undefined;
    }
    return JSON.stringify(mapped(where, (condition) => (hasOperators(condition) ? mapped(condition, () => '?') : '?')));
}

function mapped(object, map) {
    return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]));
}

function hasOperators(condition) {
    return condition !== null && typeof condition === 'object' && Object.keys(condition)[0]?.startsWith('$') === true;
}

/**
 * JSON that leaves nothing out: what `JSON.stringify` would drop or turn into something else is refused, because a
 * condition that is silently missing finds too much.
 */
function exactJson(value, what) {
    return toJson(value, what, undefined, (name, part) => {
        if (isLost(part)) {
            throw new AssertionError(`${what}: ${show(name)} is ${show(part)}, which JSON cannot hold`);
        }
        return part;
    });
}

function isLost(part) {
    return (
        part === undefined ||
        typeof part === 'function' ||
        typeof part === 'symbol' ||
        (typeof part === 'number' && !Number.isFinite(part)) ||
        (part !== null && typeof part === 'object' && isNoDocument(part))
    );
}

module.exports = { exactJson, outlineOf, whereText };
