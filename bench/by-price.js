'use strict';

/**
 * The view that every store is asked to hold: the items by category and price. Users are not in it.
 *
 * This package and pouchdb are told by a function or by a description. The other stores know neither: their adapters
 * keep an index of their own, whatever form the source has, and answer from it as a view would.
 */

const { documentOf, isItem } = require('./documents.js');

const ID = 'byPrice';

/** Rows with a small value, as a list on a screen needs it. */
const FUNCTION = {
    map(document, emit) {
        if (document.type === 'item') {
            emit([document.category, document.price], { title: document.title, status: document.status });
        }
    },
};

/** Two that take the same work: rows of equal declarations would be shared. */
const DECLARED = [
    ['title', 'status'],
    ['status', 'title'],
].map((value) => ({ where: { type: 'item' }, key: ['category', 'price'], value }));

/** Rows that can be added up. */
const FUNCTION_SUMS = {
    map(document, emit) {
        if (document.type === 'item') {
            emit([document.category, document.price], document.price);
        }
    },
    reduce: '_sum',
};

/** What a row needs, for an adapter that keeps its index in code: `null` where the document has none. */
function rowOf(document) {
    return document.type === 'item' ? [document.category, document.price] : null;
}

/** A row as a string whose order is that of the rows. */
function textOf([category, price]) {
    return `${category}/${price.toFixed(2).padStart(7, '0')}`;
}

/** The category and the price that such a string stands for. */
function rowOfText(text) {
    const [category, price] = text.split('/');
    return [category, Number(price)];
}

function compareRows([category, price], [otherCategory, otherPrice]) {
    if (category === otherCategory) {
        return price - otherPrice;
    }
    return category < otherCategory ? -1 : 1;
}

/** The rows of the first `count` documents as they were seeded, in their order. */
function seededRows(count) {
    const rows = [];
    for (let index = 0; index < count; index += 1) {
        if (isItem(index)) {
            rows.push(rowOf(documentOf(index)));
        }
    }
    return rows.sort(compareRows);
}

/** Entries `[category, price]` of an index as the groups of their categories, with sums. */
function groupsOf(entries) {
    const sums = new Map();
    for (const [category, price] of entries) {
        sums.set(category, (sums.get(category) ?? 0) + price);
    }
    return { items: Array.from(sums, ([category, value]) => ({ key: [category], value })) };
}

/** Entries `[category, price]` of an index as one sum. */
function sumOf(entries) {
    let value = 0;
    for (const [, price] of entries) {
        value += price;
    }
    return { value };
}

module.exports = {
    DECLARED,
    FUNCTION,
    FUNCTION_SUMS,
    ID,
    compareRows,
    groupsOf,
    rowOf,
    rowOfText,
    seededRows,
    sumOf,
    textOf,
};
