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

/** So many members of shapes are remembered. */
const MOST_STEPS = 10_000;

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

/** What an array of no objects is copied as, and what has no shape of its own. */
const FLAT = Symbol('flat');
const FOLLOWED = Symbol('followed');

/**
 * The members of an object, in their order, as steps from the shape of no members: the name of each, and behind it, where
 * its value is an object, the shape of that. So two objects have one shape where the same `Shape` stands for both.
 *
 * @typedef {Shape | ArrayShape | typeof FLAT | typeof FOLLOWED} Kind of an object or an array
 */
class Shape {
    /** @type {Map<string | Kind, Shape>} */
    next = new Map();
    /** That of an array of such objects. */
    array = null;
    cloner = null;

    /** @param {Shape} [before] @param {string | Kind} [step] */
    constructor(before, step) {
        this.before = before;
        this.step = step;
    }
}

/** An array whose elements are all of one kind. */
class ArrayShape {
    array = null;

    constructor(element) {
        this.element = element;
    }
}

/**
 * The expression that copies a value of this kind.
 *
 * @param {Kind} kind
 * @param {string} path the expression that reads it
 */
function expressionOf(kind, path, depth = 0) {
    if (kind === FOLLOWED) {
        return `copy(${path})`;
    }
    if (kind === FLAT) {
        return `${path}.slice()`;
    }
    if (kind instanceof ArrayShape) {
        const element = `e${depth}`;
        // Objects in parentheses: a function's body would begin with a brace.
        return `${path}.map((${element}) => (${expressionOf(kind.element, element, depth + 1)}))`;
    }
    const members = [];
    let value;
    for (let { step, before } = kind; before !== undefined; { step, before } = before) {
        if (typeof step === 'string') {
            const quoted = JSON.stringify(step);
            const member = `${path}[${quoted}]`;
            members.push(`${quoted}:${value === undefined ? member : expressionOf(value, member, depth + 1)}`);
            value = undefined;
        } else {
            value = step;
        }
    }
    return `{${members.reverse().join(',')}}`;
}

class Cloners {
    #empty = new Shape();
    #flats = new ArrayShape(FLAT);
    #steps = 0;
    #compiled = 0;
    #canCompile = true;

    /**
     * A function that copies a document, and every other one of its shape.
     *
     * @param {object} document as `JSON.parse` made it, never changed afterwards
     */
    of(document) {
        const kind = this.#canCompile ? this.#ofObject(document, 0) : FOLLOWED;
        if (kind === FOLLOWED) {
            return copy;
        }
        kind.cloner ??= this.#clonerOf(kind);
        return kind.cloner;
    }

    /** @returns {Kind} */
    #kindOf(value, depth) {
        return Array.isArray(value) ? this.#ofArray(value, depth) : this.#ofObject(value, depth);
    }

    #ofObject(object, depth) {
        if (depth === DEEPEST) {
            return FOLLOWED;
        }
        let shape = this.#empty;
        for (const name of Object.keys(object)) {
            const member = object[name];
            // In a literal it would set the prototype.
            shape = name === '__proto__' ? null : this.#after(shape, name);
            if (shape !== null && member !== null && typeof member === 'object') {
                shape = this.#after(shape, this.#kindOf(member, depth + 1));
            }
            if (shape === null) {
                return FOLLOWED;
            }
        }
        return shape;
    }

    /** `null` where too many are remembered. */
    #after(shape, step) {
        let next = shape.next.get(step);
        if (next === undefined) {
            if (this.#steps === MOST_STEPS) {
                return null;
            }
            this.#steps += 1;
            next = new Shape(shape, step);
            shape.next.set(step, next);
        }
        return next;
    }

    #ofArray(array, depth) {
        if (array.every((element) => element === null || typeof element !== 'object')) {
            return FLAT;
        }
        if (depth === DEEPEST || array.length > MOST_ELEMENTS) {
            return FOLLOWED;
        }
        let kind;
        for (const element of array) {
            const other = element === null || typeof element !== 'object' ? FOLLOWED : this.#kindOf(element, depth + 1);
            if (other === FOLLOWED || (kind ?? other) !== other) {
                return FOLLOWED;
            }
            kind = other;
        }
        if (kind === FLAT) {
            return this.#flats;
        }
        kind.array ??= new ArrayShape(kind);
        return kind.array;
    }

    #clonerOf(shape) {
        const code = expressionOf(shape, 'd');
        if (this.#compiled === MOST_SHAPES || code.length > LONGEST_CODE) {
            return copy;
        }
        try {
            // Made of nothing but the names of members, as JSON writes them.
            const cloner = new Function('copy', `'use strict'; return (d) => (${code});`)(copy);
            this.#compiled += 1;
            return cloner;
        } catch {
            this.#canCompile = false;
            return copy;
        }
    }
}

module.exports = { Cloners, copy };
