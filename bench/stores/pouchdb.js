'use strict';

/** pouchdb over leveldb: the map function and the built-in `_sum` as CouchDB has them, kept on disk. */

const path = require('node:path');

/** Documents of one `bulkDocs` while seeding. */
const BATCH = 1_000;

/**
 * A design document holds its function as text, so it is written here once more. The name stands in it because pouchdb
 * shares an index between views of the same text, and would have nothing to build.
 */
function design(name) {
    const map = `function (document) { // ${name}
        if (document.type === 'item') { emit([document.category, document.price], document.price); }
    }`;
    return { _id: `_design/${name}`, views: { rows: { map, reduce: '_sum' } } };
}

function connect(directory) {
    const PouchDB = require('pouchdb');
    return new PouchDB(path.join(directory, 'documents'), { adapter: 'leveldb', auto_compaction: true });
}

class Pouch {
    #database;
    #views = 0;
    #view;

    constructor(directory) {
        this.#database = connect(directory);
    }

    async getItem(key) {
        try {
            return owned(await this.#database.get(key));
        } catch (error) {
            return error.status === 404 ? null : Promise.reject(error);
        }
    }

    async getItems(keys) {
        const { rows } = await this.#database.allDocs({ keys, include_docs: true });
        return rows.map(({ doc }) => owned(doc));
    }

    /** An unconditional put: without the revision it is refused, and then that has to be asked for. */
    async setItem(key, document) {
        const put = (_rev) => this.#database.put({ ...document, _id: key, _rev });
        try {
            return owned({ ...document, _rev: (await put()).rev });
        } catch (error) {
            if (error.status !== 409) {
                throw error;
            }
            const { _rev } = await this.#database.get(key);
            return owned({ ...document, _rev: (await put(_rev)).rev });
        }
    }

    async updateItem(key, update) {
        const updated = await update(await this.#database.get(key));
        const { rev } = await this.#database.put(updated);
        return owned({ ...updated, _rev: rev });
    }

    async queryKeys({ startKey, endKey, inclusiveStartIndex = 0, limit }) {
        const bounds = startKey === undefined ? {} : { startkey: startKey, endkey: endKey };
        const options = { ...bounds, skip: inclusiveStartIndex, limit, include_docs: true };
        const { rows } = await this.#database.allDocs(options);
        return { items: rows.map(({ id, doc }) => ({ key: id, documentKey: id, document: owned(doc) })) };
    }

    /**
     * The first time the view that other cells have built in this directory, as an application finds it; then one of
     * another name each time, to build it anew. What they were built from before is not removed while the clock runs.
     */
    async setView() {
        const name = this.#view === undefined ? 'byPrice' : `byPrice-${process.pid}-${this.#views}`;
        this.#views += 1;
        this.#view = `${name}/rows`;
        try {
            await this.#database.put(design(name));
        } catch (error) {
            if (error.status !== 409) {
                throw error;
            }
        }
    }

    async queryView(_id, { startKey, endKey, inclusiveStartIndex = 0, limit, includeDocuments, ...of }) {
        const options = { reduce: of.reduce ?? false, include_docs: includeDocuments };
        Object.assign(options, startKey && { startkey: startKey }, endKey && { endkey: endKey });
        if (of.groupLevel !== undefined) {
            options.group_level = of.groupLevel;
        } else if (limit !== undefined && limit !== Infinity) {
            Object.assign(options, { skip: inclusiveStartIndex, limit });
        }
        const { rows } = await this.#database.query(this.#view, options);
        if (of.groupLevel !== undefined) {
            return { items: rows };
        }
        if (of.reduce) {
            return { value: rows[0].value };
        }
        const items = rows.map(({ key, id, value, doc }) => ({ key, documentKey: id, value, document: owned(doc) }));
        return { items };
    }

    async close() {
        await this.#database.close();
    }
}

/** A revision of this package's kind: the generation, counted from 0. */
function owned(document) {
    return document && { ...document, _rev: Number.parseInt(document._rev, 10) - 1 };
}

module.exports = {
    name: 'pouchdb',
    package: 'pouchdb',
    durability: 'is in the log of its leveldb when it is acknowledged, not synced',
    persists: true,

    async seed(directory, { count, documentOf }) {
        const { keyOf } = require('../documents.js');
        const database = connect(directory);
        for (let first = 0; first < count; first += BATCH) {
            const indexes = Array.from({ length: Math.min(BATCH, count - first) }, (_, index) => first + index);
            await database.bulkDocs(indexes.map((index) => ({ _id: keyOf(index), ...documentOf(index) })));
        }
        await database.close();
    },

    open: async (directory) => new Pouch(directory),
};
