'use strict';

/**
 * Objects of JSON text that the native half has read beforehand: `src/node/decoder/tape.rs` says what it leaves in memory.
 * An object is made by a function written for the names of its members, all of it in one literal, which takes a fifth of
 * the time of `JSON.parse`.
 *
 * What the native half does not read, because it is out of the ordinary or too long, arrives as text.
 */

const binding = require('./native.js');

/** Words of the tape. What does not fit arrives as text. */
const WORDS = 1 << 17;

const TAG_SHIFT = 28;
const REST = 0xfff_ffff;
const LENGTH_SHIFT = 24;
const START = 0xff_ffff;

const SHORT = 0;
const LONG = 1;
const INTEGER = 2;
const DOUBLE = 3;
const CONSTANT = 4;
const OBJECT = 5;

const CONSTANTS = [null, false, true];

/** So many objects of a shape make a function worth its while. */
const OFTEN = 8;

/** The native half writes them, in one call, and calls what reads them, which calls nobody. */
const tape = new Uint32Array(WORDS);
const doubles = new Float64Array(tape.buffer);

/** The present reader's. */
let at = 0;
let shortStrings = '';
let longStrings = [];
let builders = [];
let builderOf = null;

function value() {
    const word = tape[at];
    at += 1;
    switch (word >>> TAG_SHIFT) {
        case SHORT: {
            const start = word & START;
            return shortStrings.substring(start, start + ((word & REST) >>> LENGTH_SHIFT));
        }
        case LONG:
            return longStrings[word & REST];
        case INTEGER:
            return word & REST;
        case DOUBLE: {
            const place = (at + 1) >>> 1;
            at = 2 * place + 2;
            return doubles[place];
        }
        case CONSTANT:
            return CONSTANTS[word & REST];
        case OBJECT: {
            const shape = word & REST;
            return (builders[shape] ?? builderOf(shape))();
        }
        default:
            return elements(word & REST);
    }
}

function elements(count) {
    const array = [];
    for (let index = 0; index < count; index += 1) {
        array.push(value());
    }
    return array;
}

/** A function that makes objects with such members of what comes next. */
function builder(names) {
    const members = names.map((name) => `${JSON.stringify(name)}:value()`);
    // Made of nothing but the names of members, as JSON writes them; an own `__proto__` is never among them.
    return new Function('value', `'use strict'; return () => ({${members.join(',')}});`)(value);
}

/** Makes such an object without a function of its own. */
function follow(names) {
    const object = {};
    for (const name of names) {
        object[name] = value();
    }
    return object;
}

/** Whether code may be made of text here. */
function canCompile() {
    try {
        builder([]);
        return true;
    } catch {
        return false;
    }
}

/**
 * A function that the native half calls with the strings of a store's text, and that returns its object.
 *
 * @param {(shape: number) => string} namesOf the names of a shape's members, as JSON
 */
function decoder(namesOf) {
    const own = [];
    const ownBuilderOf = (shape) => {
        const names = JSON.parse(namesOf(shape));
        let count = 0;
        own[shape] = () => {
            count += 1;
            if (count === OFTEN) {
                own[shape] = builder(names);
            }
            return follow(names);
        };
        return own[shape];
    };
    return (short, ...long) => {
        at = 0;
        shortStrings = short;
        longStrings = long;
        builders = own;
        builderOf = ownBuilderOf;
        return value();
    };
}

/** Lets a native store make objects. Without it, it answers in texts. */
function useDecoder(number) {
    if (canCompile()) {
        binding.useDecoder(
            number,
            tape,
            decoder((shape) => binding.shapeNames(number, shape)),
        );
    }
}

/** The object of an answer that may have arrived as text. */
function parsed(answer) {
    return typeof answer === 'string' ? JSON.parse(answer) : answer;
}

module.exports = { parsed, useDecoder };
