'use strict';

/**
 * lmdb: documents in one database, and beside it an index of the program's own, changed together with them.
 * What SQL or a reduce would do is a loop over the index.
 */

const { groupsOf, rowOf, sumOf } = require('../by-price.js');

/** Documents of one transaction while seeding and indexing. */
const BATCH = 10_000;

class Lmdb {
    #root;
    #documents;
    #byPrice;
    #isIndexed = false;

    constructor(directory) {
        const { open } = require('lmdb');
        this.#root = open({ path: directory, compression: false });
        this.#documents = this.#root.openDB({ name: 'documents', useVersions: true });
        this.#byPrice = this.#root.openDB({ name: 'byPrice' });
    }

    async seed({ count, documentOf }) {
        const { keyOf } = require('../documents.js');
        for (let first = 0; first < count; first += BATCH) {
            await this.#documents.transaction(() => {
                for (let index = first; index < Math.min(first + BATCH, count); index += 1) {
                    this.#documents.put(keyOf(index), documentOf(index), 0);
                }
            });
        }
    }

    async getItem(key) {
        const entry = this.#documents.getEntry(key);
        return entry === undefined ? null : withRevision(entry.version, entry.value);
    }

    /** Without versions, which it does not tell of many. */
    getItems(keys) {
        return this.#documents.getMany(keys);
    }

    async setItem(key, document) {
        return this.#write(key, structuredClone(document), this.#documents.getEntry(key));
    }

    async updateItem(key, update) {
        const before = this.#documents.getEntry(key);
        const { _rev, ...updated } = await update(withRevision(before.version, before.value));
        return this.#write(key, updated, before);
    }

    /** The document and its row, where it still is what it was before. */
    async #write(key, document, before) {
        const revision = before === undefined ? 0 : before.version + 1;
        const writes = () => {
            this.#documents.put(key, document, revision);
            if (this.#isIndexed) {
                this.#index(key, before && rowOf(before.value), rowOf(document));
            }
        };
        const isDone =
            before === undefined
                ? this.#documents.ifNoExists(key, writes)
                : this.#documents.ifVersion(key, before.version, writes);
        if (!(await isDone)) {
            throw Object.assign(new Error(`conflict on ${key}`), { code: 'CONFLICT' });
        }
        return withRevision(revision, document);
    }

    put(key, document) {
        return this.#documents.put(key, document, 0);
    }

    putMany(entries) {
        return this.#documents.batch(() => {
            for (const [key, document] of entries) {
                this.#documents.put(key, document, 0);
            }
        });
    }

    flush() {
        return this.#root.flushed;
    }

    #index(key, old, row) {
        if (old) {
            this.#byPrice.remove([...old, key]);
        }
        if (row) {
            this.#byPrice.put([...row, key], true);
        }
    }

    async queryKeys({ startKey, endKey, inclusiveStartIndex, limit }) {
        const range = { start: startKey, end: endKey, offset: inclusiveStartIndex, limit, versions: true };
        const found = this.#documents.getRange(range).asArray;
        return {
            items: found.map(({ key, value, version }) => ({
                key,
                documentKey: key,
                document: withRevision(version, value),
            })),
        };
    }

    async setView() {
        this.#isIndexed = true;
        await this.#byPrice.clearAsync();
        await this.#root.transaction(() => {
            for (const { key, value } of this.#documents.getRange()) {
                this.#index(key, null, rowOf(value));
            }
        });
    }

    async queryView(_id, { startKey, endKey, inclusiveStartIndex, limit, reduce, groupLevel }) {
        // The last part of an index key is the document's, and nothing sorts behind U+FFFF.
        const range = { start: startKey, end: endKey && [...endKey, '\uffff'] };
        if (groupLevel !== undefined) {
            return groupsOf(this.#byPrice.getKeys(range));
        }
        if (reduce) {
            return sumOf(this.#byPrice.getKeys(range));
        }
        if (endKey !== undefined) {
            const found = this.#byPrice.getKeys(range).asArray;
            return { items: found.map(([category, price]) => ({ key: [category, price], value: price })) };
        }
        const found = this.#byPrice.getKeys({ ...range, offset: inclusiveStartIndex, limit }).asArray;
        return {
            items: found.map(([category, price, key]) => {
                const { value, version } = this.#documents.getEntry(key);
                return { key: [category, price], documentKey: key, document: withRevision(version, value) };
            }),
        };
    }

    async close() {
        await this.#root.close();
    }
}

function withRevision(_rev, document) {
    return { _rev, ...document };
}

module.exports = {
    name: 'lmdb',
    package: 'lmdb',
    durability:
        'is committed when it is acknowledged, synced shortly after (overlapping sync), writes of a moment together; a ' +
        'power cut may take the last ones',
    persists: true,

    async seed(directory, source) {
        const store = new Lmdb(directory);
        await store.seed(source);
        await store.close();
    },

    open: async (directory) => new Lmdb(directory),
};
