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
 */
function checkOptions(options, known, of) {
    const checked = {};
    if (options === undefined) {
        return checked;
    }
    if (options === null || typeof options !== 'object' || Array.isArray(options)) {
        throw new AssertionError(`the options of ${of} are an object, not ${show(options)}`);
    }
    for (const name of Object.keys(options)) {
        if (!Object.hasOwn(known, name)) {
            const names = Object.keys(known).join(', ') || 'none';
            throw new AssertionError(`${of} has no option ${show(name)}; it knows: ${names}`);
        }
        if (options[name] !== undefined) {
            checked[name] = known[name](options[name], name);
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
    const text = toJson(document, key);
    if (text?.[0] !== '{') {
        throw new AssertionError(`a document is an object; this one's JSON is ${show(text)}`, { key });
    }
    return text;
}

function describe(value) {
    const tag = value !== null && typeof value === 'object' && !Array.isArray(value) && value.constructor?.name;
    return tag ? `a ${tag}` : show(value);
}

/** JSON of any value; `undefined` where there is none. What a user's own `toJSON` or getter throws passes unchanged. */
function toJson(value, key) {
    try {
        return JSON.stringify(value);
    } catch (cause) {
        if (cause instanceof RangeError) {
            const reason = /call stack/i.test(cause.message) ? 'is nested too deeply' : 'is too large';
            throw new AssertionError(`the document ${reason}`, { key, cause });
        }
        const found = cause instanceof TypeError && findObstacle(value);
        if (found) {
            throw new AssertionError(`${found.path} ${found.reason}, which JSON cannot hold`, { key, cause });
        }
        throw cause;
    }
}

/** The path of the first cycle or BigInt, or `undefined`. Not recursive: what it looks through may be deep. */
function findObstacle(root) {
    const stack = [{ value: root, path: 'document', above: null }];
    while (stack.length > 0) {
        const { value, path: at, above } = stack.pop();
        if (typeof value === 'bigint') {
            return { path: at, reason: 'is a BigInt' };
        }
        if (value === null || typeof value !== 'object') {
            continue;
        }
        for (let up = above; up !== null; up = up.above) {
            if (up.value === value) {
                return { path: at, reason: 'refers back to an object that holds it' };
            }
        }
        const here = { value, above };
        const members = Object.entries(value).map(([name, member]) => {
            const step = Array.isArray(value) ? `[${name}]` : /^[\w$]+$/.test(name) ? `.${name}` : `[${show(name)}]`;
            return { value: member, path: at + step, above: here };
        });
        stack.push(...members.reverse());
    }
    return undefined;
}

module.exports = {
    boolean,
    checkKey,
    checkOptions,
    checkViewId,
    count,
    func,
    oneOf,
    path,
    show,
    stringify,
    toJson,
    withMethods,
};
