'use strict';

/** Text of unknown origin, for a terminal. */

/** What a terminal would obey instead of showing it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

function escaped(character) {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A text on one line. */
function printable(text) {
    return text.replace(CONTROL, escaped);
}

/** A value as JSON for people; still JSON. */
function pretty(value) {
    return JSON.stringify(value, null, 4).split('\n').map(printable).join('\n');
}

/** Bytes for people. */
function bytes(count) {
    return `${count.toLocaleString('en-US')} bytes`;
}

/** A number of things for people. */
function many(count, one, more = `${one}s`) {
    return `${count.toLocaleString('en-US')} ${count === 1 ? one : more}`;
}

module.exports = { bytes, many, pretty, printable };
