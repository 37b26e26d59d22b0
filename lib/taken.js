'use strict';

/**
 * A document as it was taken from its caller: the text to store, and where that is cheap a copy, which a write is answered
 * with. The text is then made of the copy, so that the two say the same whatever getters and proxies do between two reads.
 *
 * A copy is made by a function written for the shape of the document (the same members, of the same kinds), of what comes
 * back from its JSON as it is: plain objects and dense arrays of strings, booleans, null and finite numbers that are not
 * -0. Whatever else there is, or anything with a `toJSON`, is no match, and the answer is parsed from the stored text. So
 * are all of them where code must not be made of text.
 */

const { stringify, toJson } = require('./check.js');

/** Shapes that are tried, those that match often first. */
const MOST_SHAPES = 12;

/** Writing a function takes as long as copying a hundred documents: so many at first, and one more for so many documents. */
const TRIALS = 64;
const DOCUMENTS_PER_TRIAL = 1_024;

/** After so many documents without a match only one in so many is looked at. */
const MOST_MISSES = 64;
const DOCUMENTS_PER_LOOK = 8;

/** The length of a shape's code from which on it would be slow to compile. */
const LONGEST_CODE = 16_000;

const DEEPEST = 16;

/** Tells that a document has no shape worth code of its own. */
class Shapeless extends Error {}

/** The function for a shape, as text. */
class Code {
    /** Functions for the elements of arrays. */
    functions = [];
    /** The names of each object's members, in their order. */
    names = [];
    #variables = 0;
    #length = 0;

    /** A function that copies objects of the shape of `sample`, or tells `undefined`. `head` is a member put first. */
    take(sample, depth, head = '') {
        const lines = [];
        const copy = this.#object(sample, 'd', lines, depth, head);
        return `(d) => { let i; ${lines.join(' ')} return ${copy}; }`;
    }

    /** The expression for a copy of the object that `path` tells; `lines` check it, and read it once. */
    #object(sample, path, lines, depth, head = '') {
        const names = Object.keys(sample);
        if (depth > DEEPEST || names.includes('__proto__')) {
            throw new Shapeless();
        }
        const list = `n${this.names.push(names) - 1}`;
        const isPlain = `getPrototypeOf(${path}) === prototype && ${path}.toJSON === undefined && !isArray(${path})`;
        lines.push(
            `if (typeof ${path} !== 'object' || ${path} === null || !(${isPlain})) return undefined;`,
            `i = 0; for (const name in ${path}) { if (name !== ${list}[i]) return undefined; i += 1; }`,
            `if (i !== ${names.length}) return undefined;`,
        );
        const members = names.map((name) => {
            const quoted = JSON.stringify(name);
            const variable = `v${this.#variables++}`;
            this.#count(quoted.length * 2 + 100);
            lines.push(`const ${variable} = ${path}[${quoted}];`);
            return [name, `${quoted}:${this.#value(sample[name], variable, lines, depth + 1)}`];
        });
        const own = members.filter(([name]) => head === '' || name !== '_rev').map(([, member]) => member);
        const first = members.length > own.length ? members.find(([name]) => name === '_rev')[1] : head;
        return `{${(first === '' ? own : [first, ...own]).join(',')}}`;
    }

    #value(sample, variable, lines, depth) {
        if (Array.isArray(sample)) {
            const copy = `${variable}c`;
            lines.push(
                `const ${copy} = ${this.#array(sample, variable, depth)};`,
                `if (${copy} === undefined) return undefined;`,
            );
            return copy;
        }
        if (sample !== null && typeof sample === 'object') {
            return this.#object(sample, variable, lines, depth);
        }
        lines.push(`if (!isScalar(${variable})) return undefined;`);
        return variable;
    }

    #array(sample, variable, depth) {
        const first = sample[0];
        if (first === null || typeof first !== 'object') {
            return `copyEach(${variable}, scalar)`;
        }
        if (Array.isArray(first)) {
            throw new Shapeless();
        }
        const element = this.take(first, depth + 1);
        return `copyEach(${variable}, f${this.functions.push(element) - 1})`;
    }

    #count(length) {
        this.#length += length;
        if (this.#length > LONGEST_CODE) {
            throw new Shapeless();
        }
    }
}

function isScalar(value) {
    switch (typeof value) {
        case 'string':
        case 'boolean':
            return true;
        case 'number':
            return value - value === 0 && (value !== 0 || 1 / value > 0);
        default:
            return value === null;
    }
}

function scalar(value) {
    return isScalar(value) ? value : undefined;
}

function copyEach(array, copyOf) {
    if (!Array.isArray(array) || array.toJSON !== undefined) {
        return undefined;
    }
    const copies = [];
    for (let index = 0; index < array.length; index += 1) {
        const copy = copyOf(array[index]);
        if (copy === undefined) {
            return undefined;
        }
        copies.push(copy);
    }
    return copies;
}

/** Documents of a few shapes, copied. */
class Copies {
    #takers = [];
    #trials = TRIALS;
    #documents = 0;
    #misses = 0;

    /**
     * What would come back from the document's JSON, with a `_rev` in the first place (`undefined` where it has none);
     * `undefined` where that is not certain.
     */
    of(document) {
        this.#documents += 1;
        if (this.#documents % DOCUMENTS_PER_TRIAL === 0) {
            this.#trials += 1;
        }
        if (this.#misses >= MOST_MISSES && this.#documents % DOCUMENTS_PER_LOOK !== 0) {
            return undefined;
        }
        const copy = this.#matched(document) ?? (this.#trials > 0 ? this.#learned(document) : undefined);
        this.#misses = copy === undefined ? this.#misses + 1 : 0;
        return copy;
    }

    #matched(document) {
        const takers = this.#takers;
        for (let index = 0; index < takers.length; index += 1) {
            const taker = takers[index];
            const copy = taker(document);
            if (copy !== undefined) {
                if (index > 0) {
                    takers[index] = takers[index - 1];
                    takers[index - 1] = taker;
                }
                return copy;
            }
        }
        return undefined;
    }

    #learned(document) {
        this.#trials -= 1;
        const taker = compiled(document);
        const copy = taker?.(document);
        if (copy !== undefined) {
            this.#takers.splice(MOST_SHAPES - 1);
            this.#takers.push(taker);
        }
        return copy;
    }
}

/** What the functions work with. */
const GIVEN = {
    getPrototypeOf: Object.getPrototypeOf,
    prototype: Object.prototype,
    isArray: Array.isArray,
    isScalar,
    scalar,
    copyEach,
};

/** The function for the shape of a document; none where there is no such, or code must not be made of text. */
function compiled(document) {
    const code = new Code();
    let taker;
    try {
        taker = code.take(document, 0, '"_rev":undefined');
    } catch (error) {
        if (error instanceof Shapeless) {
            return undefined;
        }
        throw error;
    }
    const lists = code.names.map((_, index) => `n${index} = names[${index}]`);
    const functions = code.functions.map((element, index) => `f${index} = ${element}`);
    // Made of nothing but the names of members, as JSON writes them.
    const text = `'use strict'; const ${[...lists, ...functions].join(', ')}; return ${taker};`;
    try {
        return new Function(...Object.keys(GIVEN), 'names', text)(...Object.values(GIVEN), code.names);
    } catch {
        return undefined;
    }
}

const copies = new Copies();

/** Whether somebody gave all objects a member that `for in` would tell. */
function isCrowded() {
    for (const _ in Object.prototype) {
        return true;
    }
    return false;
}

/**
 * A document's text, and its copy where there is one.
 *
 * @param {unknown} document
 * @param {string} key for messages
 * @returns {{ text: string, copy: object | undefined }}
 */
function take(document, key) {
    const copy = document === null || typeof document !== 'object' || isCrowded() ? undefined : copies.of(document);
    const text = copy === undefined ? stringify(document, key) : toJson(copy, 'document', key);
    return { text, copy };
}

module.exports = { Copies, take };
