'use strict';

/**
 * What the crash tests write. Every write has an id of its own, its document follows from id and key, and so whoever
 * reads a document can tell which write made it and whether it is whole.
 */

/** Keys by number: short, long enough to be cut into folders, and such as file systems do not like. */
const FORMS = [
    (n) => `doc:${n}`,
    (n) => `doc:${n}`,
    (n) => `long:${n}:${'x'.repeat(300)}`,
    (n) => `Schlüssel ${n} ✓ 😀`,
    (n) => `a/b\\${n}*?"<>|`,
    (n) => `con.${n}`,
    (n) => `.${n}.json`,
    (n) => `"\n\t\u0000 ${n} %`,
    (n) => `${'é'.repeat(200)}${n}`,
    (n) => String(n),
];

/** How many different keys there are. */
const KEYS = 600;

const keys = Array.from({ length: KEYS }, (_, n) => FORMS[n % FORMS.length](n));
const numbers = new Map(keys.map((key, n) => [key, n]));

/** Spreads ids over all numbers from 0 to 1. */
function hash(id) {
    return (Math.imul(id ^ (id >>> 16), 0x45d9f3b) >>> 0) / 4_294_967_296;
}

/** Mostly short, at most `largest` characters. */
function textOf(id, largest) {
    const length = Math.floor(largest ** hash(id));
    return `${id}-`.repeat(Math.ceil(length / `${id}-`.length)).slice(0, length);
}

/** The document that a write puts under a key. */
function documentOf(id, key, largest) {
    return { id, key, largest, text: textOf(id, largest) };
}

/** The id of the write that made a document; `null` where it is none of ours, or not as it was written. */
function idOf(document, key) {
    const { _rev, ...members } = document;
    const whole = documentOf(document.id, key, document.largest);
    return Number.isInteger(_rev) && JSON.stringify(members) === JSON.stringify(whole) ? document.id : null;
}

/**
 * What a store holds.
 *
 * @returns {Promise<[key: number | string, id: number | null, revision: number][]>} a key that is none of ours as it is
 */
async function contentsOf(store) {
    const { items } = await store.queryKeys({ limit: Infinity, includeDocuments: true });
    return items.map(({ key, document }) => {
        const number = numbers.get(key);
        return [number ?? key, number === undefined ? null : idOf(document, number), document._rev];
    });
}

module.exports = { KEYS, contentsOf, documentOf, idOf, keys, numbers };
