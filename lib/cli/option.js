'use strict';

/**
 * What options take.
 *
 * @typedef {object} Option
 * @property {string} [value] what its value is called; without one it is a switch
 * @property {string} about
 * @property {(text: string, name: string) => unknown} [read] makes the value of its text
 */

const { UsageError } = require('./failure.js');

function integer(least) {
    return (text, name) => {
        const number = Number(text);
        if (!/^\d+$/.test(text) || number < least || !Number.isSafeInteger(number)) {
            throw new UsageError(`${name} is an integer, ${least} or more, not '${text}'`);
        }
        return number;
    };
}

const count = integer(0);
const positive = integer(1);

/** A JSON value; what is none is a string, so that a shell's quotes are enough. */
function value(text) {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

function values(text, name) {
    const given = value(text);
    if (!Array.isArray(given)) {
        throw new UsageError(`${name} is a JSON array, not '${text}'`);
    }
    return given;
}

function oneOf(...allowed) {
    return (text, name) => {
        if (!allowed.includes(text)) {
            throw new UsageError(`${name} is one of ${allowed.join(', ')}, not '${text}'`);
        }
        return text;
    };
}

module.exports = { count, oneOf, positive, value, values };
