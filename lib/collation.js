'use strict';

/** The order of strings, as users give it: by code unit, or by the rules of a language. */

const binding = require('./native.js');
const { boolean, checkOptions, oneOf, show } = require('./check.js');
const { AssertionError, native } = require('./errors.js');

const OF_COLLATION = {
    locale,
    strength: oneOf('primary', 'secondary', 'tertiary', 'quaternary', 'identical'),
    numeric: boolean,
    caseFirst: oneOf('upper', 'lower', 'false'),
};

/** Checks a collation. Becomes the JSON text that the native side takes. */
function collation(value, name) {
    if (value === 'codeUnit') {
        return JSON.stringify(value);
    }
    if (value === null || typeof value !== 'object') {
        throw new AssertionError(`${name} is 'codeUnit' or an object with a locale, not ${show(value)}`);
    }
    const checked = checkOptions(value, OF_COLLATION, name);
    if (checked.locale === undefined) {
        throw new AssertionError(`${name} has no locale`);
    }
    const text = JSON.stringify(checked);
    native(() => binding.checkCollation(text));
    return text;
}

function locale(value, name) {
    if (typeof value !== 'string' || !isKnown(value)) {
        throw new AssertionError(`${name} is a language tag that is known, such as 'de', not ${show(value)}`);
    }
    return value;
}

/** The rules are our own, but they have one for every tag: who mistypes one should hear of it. */
function isKnown(tag) {
    try {
        return globalThis.Intl === undefined || Intl.Collator.supportedLocalesOf(tag).length > 0;
    } catch {
        return false;
    }
}

module.exports = { collation };
