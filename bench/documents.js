'use strict';

/**
 * The documents that every store is measured with: the same for everybody, in every run.
 *
 * Three of four are items, the rest are users; each is about 400 bytes of JSON, a large one 4 KB. Document number `index`
 * depends on `index` and `version` alone, so no process needs another one's list.
 */

const CATEGORIES = ['audio', 'books', 'cameras', 'games', 'garden', 'kitchen', 'lighting', 'office', 'sports', 'toys'];
const TAGS = ['new', 'sale', 'gift', 'eco', 'bulky', 'import', 'fragile', 'refurbished', 'seasonal', 'limited'];
const WORDS = [
    'compact',
    'silent',
    'robust',
    'foldable',
    'wireless',
    'classic',
    'vivid',
    'portable',
    'modular',
    'warm',
];
const NAMES = ['Ada', 'Boris', 'Chen', 'Dalia', 'Emeka', 'Freya', 'Goran', 'Hana', 'Ivo', 'June'];
const CITIES = ['Athens', 'Bergen', 'Cordoba', 'Dakar', 'Edinburgh', 'Fukuoka', 'Ghent', 'Hobart', 'Izmir', 'Jaipur'];

const FIRST_DAY = Date.UTC(2024, 0, 1);
const MINUTE = 60_000;

/** Keys sort as their numbers do, up to ten million. */
const KEY_DIGITS = 7;

/** Reviews that make a document of about 4 KB. */
const REVIEWS = 20;

/** A generator of unsigned 32-bit numbers (mulberry32); the same seed gives the same numbers. */
function random(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return (mixed ^ (mixed >>> 14)) >>> 0;
    };
}

/** Whether document number `index` is an item; the others are users. */
function isItem(index) {
    return index % 4 !== 3;
}

/** The key of document number `index`: `item:0000123` or `user:0000123`. */
function keyOf(index) {
    return `${isItem(index) ? 'item' : 'user'}:${String(index).padStart(KEY_DIGITS, '0')}`;
}

/** The keys of the first `count` documents. */
function keysOf(count) {
    return Array.from({ length: count }, (_, index) => keyOf(index));
}

/** Document number `index`; another `version` has other values. */
function documentOf(index, version = 0) {
    const next = random(index * 7919 + version * 104_729 + 1);
    return isItem(index) ? item(index, next) : user(index, next);
}

/** Document number `index` with so many reviews that it has about 4 KB. */
function largeDocumentOf(index, version = 0) {
    const next = random(index * 6553 + version * 104_729 + 1);
    const review = () => ({
        author: `${pick(NAMES, next)} ${pick(NAMES, next)}son`,
        stars: next() % 6,
        verified: next() % 2 === 0,
        text: Array.from({ length: 12 }, () => pick(WORDS, next)).join(' '),
        at: new Date(FIRST_DAY + (next() % 500_000) * MINUTE).toISOString(),
    });
    return { ...documentOf(index, version), reviews: Array.from({ length: REVIEWS }, review) };
}

/** What a store is filled with: so many documents, small or large ones. */
function sourceOf(count, isLarge = false) {
    return { count, documentOf: isLarge ? largeDocumentOf : documentOf };
}

function item(index, next) {
    const created = FIRST_DAY + (next() % 500_000) * MINUTE;
    return {
        id: keyOf(index),
        type: 'item',
        title: `${pick(WORDS, next)} ${pick(WORDS, next)} ${index}`,
        description: `A ${pick(WORDS, next)} thing for ${pick(CITIES, next)}, ${pick(WORDS, next)} and ${pick(WORDS, next)}`,
        category: pick(CATEGORIES, next),
        price: (next() % 100_000) / 100,
        tags: [pick(TAGS, next), pick(TAGS, next), pick(TAGS, next)],
        metadata: {
            sku: `SKU-${next().toString(36).toUpperCase()}`,
            weight: (next() % 5_000) / 100,
            dimensions: { width: next() % 200, height: next() % 200, depth: next() % 200 },
        },
        status: next() % 10 === 0 ? 'archived' : 'active',
        createdAt: new Date(created).toISOString(),
        updatedAt: new Date(created + (next() % 10_000) * MINUTE).toISOString(),
    };
}

function user(index, next) {
    const created = FIRST_DAY + (next() % 500_000) * MINUTE;
    const name = pick(NAMES, next);
    return {
        id: keyOf(index),
        type: 'user',
        email: `${name.toLowerCase()}.${index}@example.com`,
        name: `${name} ${pick(NAMES, next)}son`,
        role: next() % 20 === 0 ? 'admin' : 'customer',
        address: { street: `${next() % 300} ${pick(WORDS, next)} road`, city: pick(CITIES, next), zip: String(next()) },
        preferences: { newsletter: next() % 2 === 0, theme: next() % 2 === 0 ? 'dark' : 'light', language: 'en' },
        tags: [pick(TAGS, next), pick(TAGS, next)],
        status: 'active',
        createdAt: new Date(created).toISOString(),
        updatedAt: new Date(created + (next() % 10_000) * MINUTE).toISOString(),
    };
}

function pick(list, next) {
    return list[next() % list.length];
}

/** A new array with the elements in an order that depends on `seed` alone. */
function shuffled(list, seed) {
    const next = random(seed);
    const result = list.slice();
    for (let last = result.length - 1; last > 0; last -= 1) {
        const other = next() % (last + 1);
        [result[last], result[other]] = [result[other], result[last]];
    }
    return result;
}

module.exports = { documentOf, isItem, keyOf, keysOf, shuffled, sourceOf };
