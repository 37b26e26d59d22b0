'use strict';

/**
 * nedb: everything in memory, an append-only file beside it. It has no computed index, so documents carry the row as a
 * member of their own; a query has no way to stop early: nedb collects what matches, sorts it, and then cuts.
 */

const path = require('node:path');
const { groupsOf, rowOf, rowOfText, sumOf, textOf } = require('../by-price.js');

/** Documents of one insertion while seeding. */
const BATCH = 1_000;

function connect(directory) {
    const Nedb = require('@seald-io/nedb');
    return new Nedb({ filename: path.join(directory, 'documents.db') });
}

class Nedb {
    #database;

    constructor(directory) {
        this.#database = connect(directory);
    }

    async load() {
        await this.#database.loadDatabaseAsync();
        return this;
    }

    async getItem(key) {
        return this.#database.findOneAsync({ _id: key });
    }

    async setItem(key, document) {
        const before = await this.#database.findOneAsync({ _id: key });
        if (before === null) {
            return this.#database.insertAsync(stored(key, 0, document));
        }
        return this.#replace(key, { _id: key }, stored(key, before._rev + 1, document));
    }

    async updateItem(key, update) {
        const updated = await update(await this.getItem(key));
        return this.#replace(key, { _id: key, _rev: updated._rev }, stored(key, updated._rev + 1, updated));
    }

    async #replace(key, condition, document) {
        const options = { returnUpdatedDocs: true };
        const { numAffected, affectedDocuments } = await this.#database.updateAsync(condition, document, options);
        if (numAffected === 0) {
            throw Object.assign(new Error(`conflict on ${key}`), { code: 'CONFLICT' });
        }
        return affectedDocuments;
    }

    async queryKeys({ startKey, endKey, inclusiveStartIndex = 0, limit }) {
        const range = startKey === undefined ? {} : { _id: { $gte: startKey, $lte: endKey } };
        const found = await this.#database.findAsync(range).sort({ _id: 1 }).skip(inclusiveStartIndex).limit(limit);
        return { items: found.map((document) => ({ key: document._id, documentKey: document._id, document })) };
    }

    async setView() {
        await this.#database.removeIndexAsync('byPrice');
        await this.#database.ensureIndexAsync({ fieldName: 'byPrice', sparse: true });
    }

    async queryView(_id, { startKey, endKey, inclusiveStartIndex = 0, limit, reduce, groupLevel }) {
        const byPrice = { $gte: startKey === undefined ? '' : textOf(startKey) };
        if (endKey !== undefined) {
            byPrice.$lte = textOf(endKey);
        }
        if (endKey !== undefined || groupLevel !== undefined) {
            const found = await this.#database.findAsync({ byPrice }, { byPrice: 1, _id: 0 });
            const entries = found.map((document) => rowOfText(document.byPrice));
            if (groupLevel !== undefined) {
                return sortedGroups(groupsOf(entries));
            }
            return reduce ? sumOf(entries) : { items: entries.map((key) => ({ key, value: key[1] })) };
        }
        const sorted = this.#database.findAsync({ byPrice }).sort({ byPrice: 1, _id: 1 });
        const found = await sorted.skip(inclusiveStartIndex).limit(limit);
        return { items: found.map((document) => ({ key: rowOf(document), documentKey: document._id, document })) };
    }

    async close() {}
}

function stored(key, _rev, document) {
    const row = rowOf(document);
    return { ...document, _id: key, _rev, ...(row && { byPrice: textOf(row) }) };
}

function sortedGroups({ items }) {
    return { items: items.sort((a, b) => (a.key[0] < b.key[0] ? -1 : 1)) };
}

module.exports = {
    name: 'nedb',
    package: '@seald-io/nedb',
    durability: 'is appended to its file when it is acknowledged, never synced but when that is compacted',
    persists: true,

    async seed(directory, { count, documentOf }) {
        const { keyOf } = require('../documents.js');
        const database = connect(directory);
        await database.loadDatabaseAsync();
        for (let first = 0; first < count; first += BATCH) {
            const indexes = Array.from({ length: Math.min(BATCH, count - first) }, (_, index) => first + index);
            await database.insertAsync(indexes.map((index) => stored(keyOf(index), 0, documentOf(index))));
        }
    },

    open: (directory) => new Nedb(directory).load(),
};
