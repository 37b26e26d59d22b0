'use strict';

/** A naive search to compare queries with, and documents, queries and writes at random. */

const assert = require('node:assert/strict');

/** Random numbers from 0 to 1, the same ones for the same seed. */
function generator(seed) {
    let state = seed;
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
}

const CLASSES = [
    (value) => value === null,
    (value) => value === false,
    (value) => value === true,
    (value) => typeof value === 'number',
    (value) => typeof value === 'string',
    Array.isArray,
    () => true,
];

function classOf(value) {
    return CLASSES.findIndex((isOfClass) => isOfClass(value));
}

function compareScalars(a, b) {
    if (a === b) {
        return 0;
    }
    return a < b ? -1 : 1;
}

function compareLists(a, b, compareElements) {
    for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
        const order = compareElements(a[index], b[index]);
        if (order !== 0) {
            return order;
        }
    }
    return a.length - b.length;
}

/** The order of view keys, in the plainest way. */
function compare(a, b) {
    const order = classOf(a) - classOf(b);
    if (order !== 0 || a === null || typeof a === 'boolean') {
        return order;
    }
    if (Array.isArray(a)) {
        return compareLists(a, b, compare);
    }
    if (typeof a === 'object') {
        return compareLists(
            Object.entries(a),
            Object.entries(b),
            ([name, value], [other, otherValue]) => compareScalars(name, other) || compare(value, otherValue),
        );
    }
    return compareScalars(a, b);
}

function startsWith(key, prefix) {
    if (typeof prefix === 'string') {
        return typeof key === 'string' && key.startsWith(prefix);
    }
    return Array.isArray(key) && key.length >= prefix.length && compare(key.slice(0, prefix.length), prefix) === 0;
}

function isInside(rowKey, { key, prefix, startKey, endKey, inclusiveStart = true, inclusiveEnd = true, descending }) {
    if (key !== undefined) {
        return compare(rowKey, key) === 0;
    }
    if (prefix !== undefined) {
        return startsWith(rowKey, prefix);
    }
    const isAt = (bound) => bound !== undefined && compare(rowKey, bound) === 0;
    if ((isAt(startKey) && !inclusiveStart) || (isAt(endKey) && !inclusiveEnd)) {
        return false;
    }
    let [lower, upper] = descending ? [endKey, startKey] : [startKey, endKey];
    if (descending && lower !== undefined && upper !== undefined && compare(lower, upper) > 0) {
        [lower, upper] = [upper, lower];
    }
    return (lower === undefined || compare(rowKey, lower) >= 0) && (upper === undefined || compare(rowKey, upper) <= 0);
}

/** Everything that a query selects, in its order, by going through all rows, which are sorted. */
function selected(rows, { keys, ...options }) {
    if (keys !== undefined) {
        return keys.flatMap((key) => selected(rows, { key, descending: options.descending }));
    }
    const range = rows.filter((row) => isInside(row.key, options));
    return options.descending ? range.reverse() : range;
}

/** What a query without a cursor answers, but for the next page's. */
function expectedAnswer(rows, documents, options) {
    const range = selected(rows, options);
    const from = options.inclusiveStartIndex ?? options.offset ?? 0;
    const until = from + (options.limit ?? 10);
    const items = range.slice(from, until).map((row) => ({ ...row }));
    if (options.includeDocuments) {
        for (const item of items) {
            item.document = documents.get(item.documentKey);
        }
    }
    return { items, exclusiveEndIndex: until < range.length ? until : null, total: range.length };
}

function rowsOfKeys(documents) {
    return [...documents.keys()].sort(compareScalars).map((key) => ({ key, documentKey: key }));
}

function rowsOfView(documents) {
    const rows = [...documents].flatMap(([documentKey, { rows: emitted }]) =>
        emitted.map(([key, ...value], ordinal) => ({ key, documentKey, value, ordinal })),
    );
    rows.sort((a, b) => compare(a.key, b.key) || compareScalars(a.documentKey, b.documentKey) || a.ordinal - b.ordinal);
    return rows.map(({ key, documentKey, value }) =>
        value.length === 0 ? { key, documentKey } : { key, documentKey, value: value[0] },
    );
}

/** Makes documents, queries and writes out of random numbers. */
class Random {
    constructor(seed) {
        this.next = generator(seed);
    }

    chance(probability) {
        return this.next() < probability;
    }

    upTo(limit) {
        return Math.floor(this.next() * limit);
    }

    of(list) {
        return list[this.upTo(list.length)];
    }

    list(length, make) {
        return Array.from({ length: this.upTo(length + 1) }, make);
    }

    text() {
        return this.list(3, () => this.of(['a', 'b', ':', '\0', '\u00e9', '\uffff', '\u{1f600}', '\ud7ff'])).join('');
    }

    documentKey() {
        return `${this.of(['user:', 'post:', 'u', ''])}${this.text()}${this.upTo(60)}`;
    }

    /** A key to emit, often the same as another. */
    viewKey(depth = 2) {
        const kinds = [
            () => null,
            () => this.chance(0.5),
            () => this.of([-1e300, -2, -1.5, 0, 1, 1.5, 2, 10, 5e-324, 1e21]),
            () => this.text(),
            () => this.text(),
            () => this.list(3, () => this.viewKey(depth - 1)),
            () =>
                Object.fromEntries(this.list(2, () => [`m${this.of(['a', 'b', '\uffff'])}`, this.viewKey(depth - 1)])),
        ];
        return this.of(depth > 0 ? kinds : kinds.slice(0, 5))();
    }

    document() {
        const rows = this.list(3, () => {
            const key = this.viewKey();
            return this.chance(0.3) ? [key] : [key, this.viewKey(1)];
        });
        return { rows };
    }

    /** A bound: often one that is there. */
    bound(rows, make) {
        return rows.length > 0 && this.chance(0.7) ? this.of(rows).key : make();
    }

    prefix(bound) {
        if (typeof bound === 'string') {
            return bound.slice(0, this.upTo(bound.length + 1));
        }
        return Array.isArray(bound) ? bound.slice(0, this.upTo(bound.length + 1)) : this.text();
    }

    query(rows, make) {
        const options = this.range(rows, make);
        if (this.chance(0.5)) {
            options[this.of(['inclusiveStartIndex', 'offset'])] = this.upTo(this.chance(0.5) ? 10 : 700);
        }
        if (this.chance(0.7)) {
            options.limit = this.of([1, 2, 7, 50, 1_000, Infinity]);
        }
        if (this.chance(0.3)) {
            options.includeDocuments = this.chance(0.8);
        }
        return options;
    }

    /** What to select. */
    range(rows, make) {
        const options = {};
        if (this.chance(0.5)) {
            options.descending = this.chance(0.8);
        }
        const kind = this.next();
        if (kind < 0.15) {
            options.prefix = this.prefix(this.bound(rows, make));
        } else if (kind < 0.25) {
            options.key = this.bound(rows, make);
        } else if (kind < 0.4) {
            options.keys = this.list(8, () => this.bound(rows, make));
        }
        if (options.prefix === undefined && options.keys === undefined) {
            for (const name of ['startKey', 'endKey']) {
                if (this.chance(0.6)) {
                    options[name] = this.bound(rows, make);
                }
            }
        }
        for (const name of ['inclusiveStart', 'inclusiveEnd']) {
            if (this.chance(0.5)) {
                options[name] = this.chance(0.3);
            }
        }
        return options;
    }
}

/** Writes and deletes a few documents, in the store and in the model. */
async function change(random, store, model, count) {
    const writes = [];
    for (let left = count; left > 0; left -= 1) {
        const isOld = model.size > 0 && random.chance(0.6);
        const key = isOld ? random.of([...model.keys()]) : random.documentKey();
        if (isOld && random.chance(0.5)) {
            writes.push(store.deleteItem(key));
            model.delete(key);
        } else {
            const document = random.document();
            writes.push(store.setItem(key, document));
            model.set(key, { _rev: (model.get(key)?._rev ?? -1) + 1, ...document });
        }
    }
    await Promise.all(writes);
}

/** Documents in memory alone: files are not what is searched. */
const NO_FILES = {
    readDocumentDirectory: async () => [],
    readDocumentFile: async () => assert.fail('there are no files'),
    writeDocumentFile: async () => {},
    removeDocumentFile: async () => {},
};

module.exports = { NO_FILES, Random, change, expectedAnswer, rowsOfKeys, rowsOfView, selected };
