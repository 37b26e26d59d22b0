'use strict';

/** Random options of queries. */

const { compare } = require('./collation.js');
const { KEYS, json } = require('./documents.js');

/** A key to ask for: one that is there, or the beginning of one, or any. */
function keyOf(dice, rows, any) {
    if (rows.length === 0 || dice.chance(0.2)) {
        return any(dice);
    }
    const { key } = dice.pick(rows);
    if (Array.isArray(key) && dice.chance(0.3)) {
        const head = key.slice(0, dice.between(0, key.length));
        return dice.chance(0.5) ? head : [...head, {}];
    }
    return key;
}

function prefixOf(dice, rows, any) {
    const found = keyOf(dice, rows, any);
    if (Array.isArray(found)) {
        return found;
    }
    return typeof found === 'string' ? found.slice(0, dice.between(0, 3)) : '';
}

/** What is asked of the order of the keys: one of the ways that exclude each other. */
function range(dice, rows, any) {
    const key = () => keyOf(dice, rows, any);
    const ways = [
        () => ({}),
        () => ({ startKey: key() }),
        () => ({ endKey: key() }),
        () => ({ startKey: key(), endKey: key() }),
        () => ({ startKey: key(), endKey: key() }),
        () => ({ key: key() }),
        () => ({ key: key(), startKey: key() }),
        () => ({ keys: Array.from({ length: dice.between(0, 5) }, key) }),
        () => ({ prefix: prefixOf(dice, rows, any) }),
    ];
    const options = dice.pick(ways)();
    if (dice.chance(0.4)) {
        options.descending = dice.chance(0.8);
    }
    // What says nothing about one key or several.
    const hasBound = Object.hasOwn(options, 'startKey') || Object.hasOwn(options, 'endKey');
    if (hasBound && !Object.hasOwn(options, 'key')) {
        for (const name of ['inclusiveStart', 'inclusiveEnd']) {
            if (dice.chance(0.4)) {
                options[name] = dice.chance(0.3);
            }
        }
    }
    return options;
}

/** How much of it: an offset under one of its names, and a limit. */
function limited(dice, most) {
    return {
        ...(dice.chance(0.5) && { [dice.pick(['offset', 'inclusiveStartIndex'])]: dice.spread(1, most) }),
        ...(dice.chance(0.8) && { limit: dice.chance(0.1) ? Infinity : dice.spread(1, 60) }),
    };
}

/** Ranges of a view's rows are any JSON. */
function ofRows(dice, rows) {
    return range(dice, rows, json);
}

/** Those of documents are strings. */
function ofKeys(dice, rows) {
    // By code points: half of a surrogate pair is a bound, but no key.
    const beginning = () => [...dice.pick(KEYS)].slice(0, dice.between(1, 8)).join('');
    return range(dice, rows, beginning);
}

/** How the reduced rows are grouped; nothing where they are one value. */
function grouping(dice) {
    const grouped = dice.pick([{}, { group: true }, { groupLevel: dice.between(0, 4) }, { groupLevel: 1 }]);
    const isImplied = Object.keys(grouped).length > 0 && dice.chance(0.3);
    return { ...grouped, ...(!isImplied && { reduce: true }) };
}

/** Keys without those that are the same as an earlier one. */
function distinct(keys) {
    return keys.filter((key, index) => keys.findIndex((other) => compare(key, other) === 0) === index);
}

module.exports = { distinct, grouping, limited, ofKeys, ofRows };
