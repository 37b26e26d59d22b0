'use strict';

/**
 * lokijs: live objects in memory, saved whole every few seconds. They are cloned here, on the way in and out, and not by
 * its own `clone`, which would also clone what is only added up. It has no computed index, so documents carry the row as
 * a member of their own, with a binary index on it.
 */

const path = require('node:path');
const { groupsOf, rowOf, rowOfText, sumOf, textOf } = require('../by-price.js');

const AUTOSAVE_MS = 4_000;

function connect(directory, autosave) {
    const Loki = require('lokijs');
    return new Loki(path.join(directory, 'documents.json'), {
        adapter: new Loki.LokiFsAdapter(),
        autosave,
        autosaveInterval: AUTOSAVE_MS,
    });
}

/** An asynchronous method of loki's as a promise. */
function done(start) {
    return new Promise((resolve, reject) => {
        start((error) => (error ? reject(error) : resolve()));
    });
}

const OF_COLLECTION = { unique: ['key'], indices: ['key'] };

class LokiStore {
    #database;
    #collection;

    constructor(directory) {
        this.#database = connect(directory, true);
    }

    async load() {
        await done((callback) => this.#database.loadDatabase({}, callback));
        this.#collection = this.#database.getCollection('documents');
        return this;
    }

    async getItem(key) {
        const document = this.#collection.by('key', key);
        return document === undefined ? null : clone(document);
    }

    async setItem(key, document) {
        const before = this.#collection.by('key', key);
        if (before === undefined) {
            return clone(this.#collection.insert(stored(key, 0, document)));
        }
        return this.#replace(before, stored(key, before._rev + 1, document));
    }

    async updateItem(key, update) {
        const updated = await update(await this.getItem(key));
        const before = this.#collection.by('key', key);
        if (before._rev !== updated._rev) {
            throw Object.assign(new Error(`conflict on ${key}`), { code: 'CONFLICT' });
        }
        return this.#replace(before, stored(key, updated._rev + 1, updated));
    }

    #replace({ $loki, meta }, document) {
        return clone(this.#collection.update({ ...document, $loki, meta }));
    }

    async queryKeys({ startKey, endKey, inclusiveStartIndex = 0, limit }) {
        const all = this.#collection.chain();
        // What a binary index finds is in its order.
        const found =
            startKey === undefined ? all.simplesort('key') : all.find({ key: { $between: [startKey, endKey] } });
        const page = found.offset(inclusiveStartIndex).limit(limit).data();
        return {
            items: page.map((document) => ({
                key: document.key,
                documentKey: document.key,
                document: clone(document),
            })),
        };
    }

    setView() {
        this.#collection.ensureIndex('byPrice', true);
    }

    async queryView(_id, { startKey, endKey, inclusiveStartIndex = 0, limit, reduce, groupLevel }) {
        const bounds = [startKey ? textOf(startKey) : '', endKey ? textOf(endKey) : '\uffff'];
        const found = this.#collection.chain().find({ byPrice: { $between: bounds } });
        if (groupLevel !== undefined || endKey !== undefined) {
            const entries = found.mapReduce(
                ({ byPrice }) => rowOfText(byPrice),
                (rows) => rows,
            );
            if (groupLevel !== undefined) {
                return groupsOf(entries);
            }
            return reduce ? sumOf(entries) : { items: entries.map((key) => ({ key, value: key[1] })) };
        }
        const page = found.offset(inclusiveStartIndex).limit(limit).data();
        return {
            items: page.map((document) => ({
                key: rowOf(document),
                documentKey: document.key,
                document: clone(document),
            })),
        };
    }

    async close() {
        await done((callback) => this.#database.close(callback));
    }
}

function stored(key, _rev, document) {
    const row = rowOf(document);
    return clone({ ...document, key, _rev, ...(row && { byPrice: textOf(row) }) });
}

function clone(document) {
    return JSON.parse(JSON.stringify(document));
}

module.exports = {
    name: 'lokijs',
    package: 'lokijs',
    durability: `is in memory alone when it is acknowledged; everything is saved every ${AUTOSAVE_MS / 1_000} s`,
    persists: true,

    async seed(directory, { count, documentOf }) {
        const { keyOf } = require('../documents.js');
        const database = connect(directory, false);
        const collection = database.addCollection('documents', OF_COLLECTION);
        collection.insert(Array.from({ length: count }, (_, index) => stored(keyOf(index), 0, documentOf(index))));
        await done((callback) => database.saveDatabase(callback));
    },

    open: (directory) => new LokiStore(directory).load(),
};
