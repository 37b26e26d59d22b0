'use strict';

/**
 * Copies of what `JSON.parse` makes.
 *
 * Documents of one shape (the same members, of the same kinds) are copied by a function written for that shape, which
 * makes the copy in one literal. Where there are too many shapes, or where code must not be made of text, a function that
 * follows the object does it.
 */

/** A store whose documents have more shapes than that gains nothing from functions for each. */
const MOST_SHAPES = 256;

/** The length of a shape's code from which on it would be slow to compile, and slow to find. */
const LONGEST_CODE = 4_000;

const DEEPEST = 8;

/** So many elements of an array are compared, to see whether all have one shape. */
const MOST_ELEMENTS = 16;

/** Copies anything that JSON can hold. */
function copy(value) {
    if (value === null || typeof value !== 'object') {
        return value;
    }
    if (Array.isArray(value)) {
        const elements = value.slice();
        for (let index = 0; index < elements.length; index += 1) {
            const element = elements[index];
            if (element !== null && typeof element === 'object') {
                elements[index] = copy(element);
            }
        }
        return elements;
    }
    // A spread defines members, so that an own `__proto__` stays one.
    const members = { ...value };
    for (const name of Object.keys(members)) {
        const member = members[name];
        if (member !== null && typeof member === 'object') {
            members[name] = copy(member);
        }
    }
    return members;
}

/** Tells that a value has no shape worth code of its own. */
class Shapeless extends Error {}

/**
 * The expression that copies a value with the shape of this one.
 *
 * @param {unknown} value
 * @param {string} path the expression that reads it
 */
function expressionOf(value, path, depth = 0) {
    if (value === null || typeof value !== 'object') {
        return path;
    }
    if (depth === DEEPEST) {
        return `copy(${path})`;
    }
    return Array.isArray(value) ? ofArray(value, path, depth) : ofObject(value, path, depth);
}

function ofObject(object, path, depth) {
    const members = [];
    let length = 0;
    for (const name of Object.keys(object)) {
        if (name === '__proto__') {
            // In a literal it would set the prototype.
            return `copy(${path})`;
        }
        const quoted = JSON.stringify(name);
        const member = `${quoted}:${expressionOf(object[name], `${path}[${quoted}]`, depth + 1)}`;
        length += member.length;
        if (length > LONGEST_CODE) {
            throw new Shapeless();
        }
        members.push(member);
    }
    return `{${members.join(',')}}`;
}

/** An array's elements have one shape, or are followed one by one. */
function ofArray(array, path, depth) {
    if (array.every((element) => element === null || typeof element !== 'object')) {
        return `${path}.slice()`;
    }
    const element = `e${depth}`;
    const [first, ...others] = array.slice(0, MOST_ELEMENTS).map((each) => expressionOf(each, element, depth + 1));
    const isOneShape = array.length <= MOST_ELEMENTS && others.every((other) => other === first);
    // Objects in parentheses: a function's body would begin with a brace.
    return isOneShape ? `${path}.map((${element}) => (${first}))` : `copy(${path})`;
}

class Cloners {
    #byCode = new Map();
    #canCompile = true;

    /**
     * A function that copies a document, and every other one of its shape.
     *
     * @param {object} document as `JSON.parse` made it, never changed afterwards
     */
    of(document) {
        if (!this.#canCompile) {
            return copy;
        }
        let code;
        try {
            code = expressionOf(document, 'd');
        } catch (error) {
            if (error instanceof Shapeless) {
                return copy;
            }
            throw error;
        }
        return this.#byCode.get(code) ?? this.#compiled(code);
    }

    #compiled(code) {
        if (this.#byCode.size >= MOST_SHAPES) {
            return copy;
        }
        try {
            // Made of nothing but the names of members, as JSON writes them.
            const cloner = new Function('copy', `'use strict'; return (d) => (${code});`)(copy);
            this.#byCode.set(code, cloner);
            return cloner;
        } catch {
            this.#canCompile = false;
            return copy;
        }
    }
}

module.exports = { Cloners, copy };
