'use strict';

/**
 * The naive datastore: every query maps all documents, sorts all rows, takes what is in the range, and cuts.
 *
 * A row is `{ key, documentKey, ordinal, value?, document }`, where `ordinal` is its place among the rows that its document
 * emitted.
 */

const { compare } = require('./collation.js');
const { reduced } = require('./reduces.js');

class Naive {
    /** Documents by key, with their revisions. */
    documents = new Map();

    /** What a document becomes when it is set. */
    next(key, document) {
        const before = this.documents.get(key);
        return { ...document, _rev: before === undefined ? 0 : before._rev + 1 };
    }

    set(key, document) {
        this.documents.set(key, this.next(key, document));
    }

    delete(key) {
        this.documents.delete(key);
    }

    /** The rows of a view, ascending. */
    rows({ rows }) {
        const all = [];
        for (const [documentKey, document] of this.documents) {
            for (const [ordinal, row] of rows(document).entries()) {
                const [key] = row;
                all.push({ key, documentKey, ordinal, document, ...(row.length === 2 && { value: row[1] }) });
            }
        }
        return all.sort(compareRows);
    }

    /** The documents as rows under their own keys, ascending. */
    keys() {
        return this.rows({ rows: () => [[null]] })
            .map((row) => ({ ...row, key: row.documentKey }))
            .sort(compareRows);
    }
}

function compareRows(a, b) {
    return compare(a.key, b.key) || compare(a.documentKey, b.documentKey) || a.ordinal - b.ordinal;
}

/**
 * The rows that a query is about, in its order. With `keys` each knows as its `turn` which of these it belongs to.
 *
 * @param {object[]} rows ascending
 */
function selected(rows, { key, keys, descending = false, ...range }) {
    const inOrder = (some) => (descending ? some.toReversed() : some);
    const of = (wanted) => inOrder(rows.filter((row) => compare(row.key, wanted) === 0));
    if (keys !== undefined) {
        return keys.flatMap((wanted, turn) => of(wanted).map((row) => ({ ...row, turn })));
    }
    if (key !== undefined) {
        return of(key);
    }
    const { prefix } = range;
    if (prefix !== undefined) {
        return inOrder(rows.filter((row) => startsWith(row.key, prefix)));
    }
    const isIn = within(range, descending);
    return inOrder(rows.filter((row) => isIn(row.key)));
}

function startsWith(key, prefix) {
    if (typeof prefix === 'string') {
        return typeof key === 'string' && key.startsWith(prefix);
    }
    return Array.isArray(key) && prefix.every((part, index) => index < key.length && compare(part, key[index]) === 0);
}

/** Whether a key lies in a range. The inclusive flags belong to their bounds, wherever descending puts these. */
function within({ startKey, endKey, inclusiveStart = true, inclusiveEnd = true }, descending) {
    let bounds = [
        [startKey, inclusiveStart],
        [endKey, inclusiveEnd],
    ];
    const areTurned = startKey !== undefined && endKey !== undefined && compare(startKey, endKey) <= 0;
    if (descending && !areTurned) {
        bounds = bounds.reverse();
    }
    const [[low, withLow], [high, withHigh]] = bounds;
    const isBehind = (order, withBound) => order > 0 || (withBound && order === 0);
    return (key) =>
        (low === undefined || isBehind(compare(key, low), withLow)) &&
        (high === undefined || isBehind(compare(high, key), withHigh));
}

/** Selected rows as the groups of their keys, in the order of the rows: `{ key, value }`. */
function grouped(rows, reduce, level) {
    const groups = [];
    for (const row of rows) {
        const key = groupKey(row.key, level);
        if (groups.length === 0 || compare(groups.at(-1).key, key) !== 0) {
            groups.push({ key, rows: [] });
        }
        groups.at(-1).rows.push(row);
    }
    return groups.map((group) => ({ key: group.key, value: reduced(reduce, group.rows) }));
}

function groupKey(key, level) {
    if (level === 0) {
        return null;
    }
    return Array.isArray(key) ? key.slice(0, level) : key;
}

/**
 * Those of the selected rows, or groups, that come behind one that a page ended with. That one need not be there any more.
 */
function behind(all, last, descending = false) {
    const direction = descending ? -1 : 1;
    const isBehind = (row) => {
        if (row.turn !== last.turn) {
            return row.turn > last.turn;
        }
        const order = row.documentKey === undefined ? compare(row.key, last.key) : compareRows(row, last);
        return direction * order > 0;
    };
    return all.filter(isBehind);
}

/** A row as a query answers it. */
function item({ key, documentKey, document, ...row }, includeDocuments = false) {
    return {
        key,
        documentKey,
        ...(Object.hasOwn(row, 'value') && { value: row.value }),
        ...(includeDocuments && { document }),
    };
}

module.exports = { Naive, behind, grouped, item, selected };
