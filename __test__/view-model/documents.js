'use strict';

/** Random documents, of members that are sometimes there, and random JSON. */

/** Keys of documents; many enough that a tree of their rows has several levels. */
const KEYS = Array.from({ length: 240 }, (_, index) => {
    const name = ['item', 'user', 'Item', 'käse', '\u{1f600}'][index % 5];
    return `${name}:${Math.floor(index / 5)}`;
});

const KINDS = ['a', 'b', 'c', 'aa'];
const NAMES = ['', 'a', 'A', 'aa', 'ab', 'b', 'B', 'z', 'ä', 'é', 'e\u0301', '\u{1f600}', '\uffff', 'a\0', '10', '9'];
const TAGS = ['new', 'sale', 'gift', 'eco', 'news'];

/** Sums of quarters are exact, in whatever order they are made. */
function number(dice) {
    return dice.between(-40, 40) / 4;
}

/** Any JSON value; not deep. */
function json(dice, depth = 2) {
    const kinds = [
        () => null,
        () => dice.chance(0.5),
        () => number(dice),
        () => dice.pick(NAMES),
        () => Array.from({ length: dice.between(0, 3) }, () => json(dice, depth - 1)),
        () => Object.fromEntries(Array.from({ length: dice.between(0, 2) }, () => [dice.pick(KINDS), json(dice, 0)])),
    ];
    return kinds[dice.between(0, depth > 0 ? 5 : 3)]();
}

function lines(dice) {
    return Array.from({ length: dice.between(0, 3) }, () => ({
        ...(dice.chance(0.9) && { sku: dice.pick(TAGS) }),
        count: dice.between(0, 3),
    }));
}

function document(dice) {
    const members = {
        kind: () => dice.pick(KINDS),
        name: () => dice.pick(NAMES),
        n: () => number(dice),
        any: () => json(dice),
        tags: () => Array.from({ length: dice.between(0, 3) }, () => dice.pick(TAGS)),
        lines: () => lines(dice),
        pair: () => (dice.chance(0.2) ? number(dice) : Array.from({ length: dice.between(1, 3) }, () => number(dice))),
        flag: () => dice.pick([true, false, null]),
        nested: () => ({ deep: dice.chance(0.8) ? { x: json(dice) } : dice.pick(NAMES) }),
    };
    const there = Object.entries(members).filter(() => dice.chance(0.85));
    return Object.fromEntries(there.map(([name, make]) => [name, make()]));
}

module.exports = { KEYS, KINDS, NAMES, TAGS, document, json, number };
