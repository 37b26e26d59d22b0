'use strict';

/** Checks of what users hand in. All throw `AssertionError` before anything has changed. */

const { types } = require('node:util');
const binding = require('./native.js');
const { AssertionError, native } = require('./errors.js');

/** Shorter keys cannot reach the limit of an encoded name, however many bytes each code unit takes. */
const SURELY_SHORT = 300;

/** A value as a message shows it. */
function show(value) {
    if (typeof value === 'string') {
        return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}...` : value);
    }
    if (value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined) {
        return String(value);
    }
    if (typeof value === 'function') {
        return 'a function';
    }
    return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/** A document's key: a string, or a finite number taken as its decimal text. */
function checkKey(key) {
    const text = typeof key === 'number' && Number.isFinite(key) ? String(key) : key;
    if (typeof text !== 'string') {
        throw new AssertionError(`a key is a string or a finite number, not ${show(key)}`);
    }
    if (text === '') {
        throw new AssertionError('a key must not be empty', { key: text });
    }
    if (!text.isWellFormed()) {
        throw new AssertionError(`the key ${show(text)} holds half of a surrogate pair, which no file name can`, {
            key: text,
        });
    }
    if (text.length > SURELY_SHORT) {
        native(() => binding.checkKey(text));
    }
    return text;
}

/** A document's text as the engine takes it: its `_rev`, its depth, its length. */
function checkText(text) {
    native(() => binding.checkText(text));
}

/** The id of a view. */
function checkViewId(id) {
    if (typeof id !== 'string' || id === '') {
        throw new AssertionError(`a view's id is a string that is not empty, not ${show(id)}`);
    }
    return id;
}

/**
 * An options object as a new one with only the known names. Those that are `undefined` count as absent.
 *
 * @param {unknown} options what the user gave, `undefined` included
 * @param {Record<string, (value: unknown, name: string) => unknown>} known how to check each name
 * @param {string} of whose options they are, for the message
 * @param {object} checked what they are put into
 */
function checkOptions(options, known, of, checked = {}) {
    if (options === undefined) {
        return checked;
    }
    const isObject = options !== null && typeof options === 'object';
    const isPlain = isObject && Object.getPrototypeOf(options) === Object.prototype;
    if (!isObject || (!isPlain && isBuiltIn(options))) {
        throw new AssertionError(`the options of ${of} are an object, not ${describe(options)}`);
    }
    const given = Reflect.ownKeys(options);
    for (const name of given) {
        if (!Object.hasOwn(known, name)) {
            const names = Object.keys(known).join(', ');
            throw new AssertionError(`${of} has no option ${String(name)}; it knows: ${names}`);
        }
    }
    // Read by name, so that inherited options and getters count, each read once. A plain object inherits none.
    for (const name of isPlain ? given : Object.keys(known)) {
        const value = options[name];
        if (value !== undefined) {
            checked[name] = known[name](value, name);
        }
    }
    return checked;
}

function boolean(value, name) {
    if (typeof value !== 'boolean') {
        throw new AssertionError(`${name} is true or false, not ${show(value)}`);
    }
    return value;
}

function count(value, name) {
    if (!Number.isSafeInteger(value) || value < 0) {
        throw new AssertionError(`${name} is a non-negative integer, not ${show(value)}`);
    }
    return value;
}

function oneOf(...values) {
    return (value, name) => {
        if (!values.includes(value)) {
            throw new AssertionError(`${name} is one of ${values.map(show).join(', ')}, not ${show(value)}`);
        }
        return value;
    };
}

function withMethods(...names) {
    return (value, name) => {
        if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
            throw new AssertionError(`${name} is an object, not ${show(value)}`);
        }
        for (const method of names) {
            if (typeof value[method] !== 'function') {
                throw new AssertionError(`${name} has no method ${method}`);
            }
        }
        return value;
    };
}

function path(value, name) {
    if (typeof value !== 'string' || value === '' || value.includes('\0')) {
        throw new AssertionError(`${name} is a path, not ${show(value)}`);
    }
    return value;
}

function func(value, name) {
    if (typeof value !== 'function') {
        throw new AssertionError(`${name} is a function, not ${show(value)}`);
    }
    return value;
}

/** What would silently become `{}`, or an object of numbers. */
function isNoDocument(value) {
    if (ArrayBuffer.isView(value)) {
        return true;
    }
    const losesContent =
        types.isMap(value) ||
        types.isSet(value) ||
        types.isWeakMap(value) ||
        types.isWeakSet(value) ||
        types.isPromise(value) ||
        types.isRegExp(value) ||
        types.isAnyArrayBuffer(value);
    return losesContent && typeof value.toJSON !== 'function';
}

/** Errors, generators, `URLSearchParams` and their like: what they hold is not in members of their own. */
function isBuiltIn(value) {
    return Object.prototype.toString.call(value) !== '[object Object]';
}

/**
 * A document's text, as `JSON.stringify` makes it.
 *
 * @param {unknown} document
 * @param {string} key for messages
 */
function stringify(document, key) {
    if (document === null || typeof document !== 'object' || Array.isArray(document) || isNoDocument(document)) {
        throw new AssertionError(`a document is an object with members, not ${describe(document)}`, { key });
    }
    const text = toJson(document, 'document', key);
    if (text?.[0] !== '{') {
        throw new AssertionError(`a document is an object; this one's JSON is ${show(text)}`, { key });
    }
    if (text === '{}' && isBuiltIn(document) && typeof document.toJSON !== 'function') {
        const tag = Object.prototype.toString.call(document).slice(8, -1);
        throw new AssertionError(`a document is an object with members; this ${tag} would be stored as {}`, { key });
    }
    return text;
}

function describe(value) {
    const tag = value !== null && typeof value === 'object' && !Array.isArray(value) && value.constructor?.name;
    return tag ? `a ${tag}` : show(value);
}

/**
 * JSON of any value; `undefined` where there is none. What a user's own `toJSON` or getter, or the replacer, throws passes
 * unchanged.
 */
function toJson(value, what, key, replacer) {
    try {
        return JSON.stringify(value, replacer);
    } catch (cause) {
        const limit = cause instanceof RangeError && LIMITS[cause.message];
        if (limit) {
            throw new AssertionError(`${what} ${limit}`, { key, cause });
        }
        const found = cause instanceof TypeError && findObstacle(value, what);
        if (found) {
            throw new AssertionError(`${found.path} ${found.reason}, which JSON cannot hold`, { key, cause });
        }
        throw cause;
    }
}

/** The engine's own errors by which `JSON.stringify` gives up; any other `RangeError` is a user's. */
const LIMITS = {
    'Maximum call stack size exceeded': 'is nested too deeply',
    'Invalid string length': 'is too large',
};

/**
 * The path of the cycle or BigInt at which `JSON.stringify` gives up, or `undefined` where it is not one of these.
 *
 * It goes the same way again, so that it sees what `toJSON` returns and stops where a user's own function throws.
 */
function findObstacle(root, what) {
    const above = [];
    let found;
    try {
        JSON.stringify(root, function visit(name, value) {
            while (above.length > 0 && above.at(-1).value !== this) {
                above.pop();
            }
            const path = above.length === 0 ? what : above.at(-1).path + step(this, name);
            if (typeof value === 'bigint' || types.isBigIntObject(value)) {
                found = { path, reason: 'is a BigInt' };
            } else if (above.some((holder) => holder.value === value)) {
                found = { path, reason: 'refers back to an object that holds it' };
            } else if (value !== null && typeof value === 'object') {
                above.push({ value, path });
            }
            return value;
        });
    } catch {
        return found;
    }
    return undefined;
}

function step(holder, name) {
    if (Array.isArray(holder)) {
        return `[${name}]`;
    }
    return /^[\w$]+$/.test(name) ? `.${name}` : `[${show(name)}]`;
}

module.exports = {
    boolean,
    checkKey,
    checkOptions,
    checkText,
    checkViewId,
    count,
    func,
    isBuiltIn,
    isNoDocument,
    oneOf,
    path,
    show,
    stringify,
    toJson,
    withMethods,
};
