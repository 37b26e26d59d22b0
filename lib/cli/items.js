'use strict';

/** Items of queries: page by page from the store, each a line or a document on stdout. */

const { count, positive } = require('./option.js');
const { pretty, printable } = require('./text.js');

/** @type {Record<string, import('./option.js').Option>} which of a query's items are wanted */
const PAGE_OPTIONS = {
    offset: { value: '<n>', about: 'leave out so many first', read: count },
    limit: { value: '<n>', about: 'at most so many; default: all', read: positive },
    descending: { about: 'from the highest key down' },
};

/** So many items are asked for at once. */
const PAGE = 500;

/**
 * The items of a query, however many pages they fill.
 *
 * @param {(options: object) => Promise<{ items: object[], cursor: string | null }>} query
 * @param {object} options of the query
 * @param {number} [options.limit] default: all
 */
async function* itemsOf(query, { limit = Number.POSITIVE_INFINITY, offset, ...options }) {
    let page = { items: [], cursor: null };
    for (let left = limit; left > 0; left -= page.items.length) {
        const from = page.cursor === null ? { offset } : { cursor: page.cursor };
        page = await query({ ...options, ...from, limit: Math.min(left, PAGE) });
        yield* page.items;
        if (page.cursor === null) {
            return;
        }
    }
}

/** A document under its key. */
function documentText({ key, document }) {
    return `${printable(key)}\n${pretty(document)}\n`;
}

/** Writes an item of a query of keys: its key, with its document where that was asked for. */
async function putItem(output, { key, document }) {
    if (document === undefined) {
        await output.put({ key }, () => printable(key));
    } else {
        await output.put({ key, document }, documentText);
    }
}

/** Writes the items of a query of keys. */
async function putItems(output, query, options) {
    for await (const item of itemsOf(query, options)) {
        await putItem(output, item);
    }
}

module.exports = { PAGE_OPTIONS, itemsOf, putItem, putItems };
