'use strict';

/**
 * classic-level: documents in one sublevel, and an index of the program's own in another, changed in the batch of the
 * write. What SQL or a reduce would do is a loop over the index.
 */

const { groupsOf, rowOf, rowOfText, sumOf, textOf } = require('../by-price.js');

/** Operations of one batch. */
const BATCH = 1_000;

/** Between the row and the document's key; sorts below whatever a row's text holds. */
const SEPARATOR = '\0';

class Level {
    #root;
    #documents;
    #byPrice;
    #isIndexed = false;

    constructor(directory) {
        const { ClassicLevel } = require('classic-level');
        this.#root = new ClassicLevel(directory);
        this.#documents = this.#root.sublevel('documents', { valueEncoding: 'json' });
        this.#byPrice = this.#root.sublevel('byPrice');
    }

    open() {
        return this.#root.open();
    }

    async seed({ count, documentOf }) {
        const { keyOf } = require('../documents.js');
        for (let first = 0; first < count; first += BATCH) {
            const indexes = Array.from({ length: Math.min(BATCH, count - first) }, (_, index) => first + index);
            await this.#documents.batch(
                indexes.map((index) => {
                    return { type: 'put', key: keyOf(index), value: { _rev: 0, ...documentOf(index) } };
                }),
            );
        }
    }

    async getItem(key) {
        return (await this.#documents.get(key)) ?? null;
    }

    getItems(keys) {
        return this.#documents.getMany(keys);
    }

    async setItem(key, document) {
        return this.#put(key, document, await this.#documents.get(key));
    }

    async updateItem(key, update) {
        const before = await this.#documents.get(key);
        const updated = await update(before);
        if (updated._rev !== before._rev) {
            throw Object.assign(new Error(`conflict on ${key}`), { code: 'CONFLICT' });
        }
        return this.#put(key, updated, before);
    }

    /** Two writes of one key must not be under way at once: no workload does that. */
    async #put(key, document, before) {
        const value = { ...document, _rev: before === undefined ? 0 : before._rev + 1 };
        const operations = [{ type: 'put', sublevel: this.#documents, key, value }];
        if (this.#isIndexed) {
            const [old, row] = [before && rowOf(before), rowOf(document)];
            if (old) {
                operations.push({ type: 'del', sublevel: this.#byPrice, key: textOf(old) + SEPARATOR + key });
            }
            if (row) {
                operations.push(this.#entry(row, key));
            }
        }
        await this.#root.batch(operations);
        return value;
    }

    put(key, document) {
        return this.#documents.put(key, document);
    }

    putMany(entries) {
        return this.#documents.batch(entries.map(([key, value]) => ({ type: 'put', key, value })));
    }

    /** A synced write syncs the log before it. */
    flush() {
        return this.#root.put('flushed', '', { sync: true });
    }

    #entry(row, key) {
        return { type: 'put', sublevel: this.#byPrice, key: textOf(row) + SEPARATOR + key, value: '' };
    }

    async queryKeys({ startKey, endKey, inclusiveStartIndex = 0, limit }) {
        if (startKey === undefined) {
            const keys = await this.#documents.keys({ limit: inclusiveStartIndex + limit }).all();
            return {
                items: await this.#withDocuments(keys.slice(inclusiveStartIndex).map((key) => ({ key, of: key }))),
            };
        }
        const found = await this.#documents.iterator({ gte: startKey, lte: endKey, limit }).all();
        return { items: found.map(([key, document]) => ({ key, documentKey: key, document })) };
    }

    async setView() {
        this.#isIndexed = true;
        await this.#byPrice.clear();
        let operations = [];
        for await (const [key, document] of this.#documents.iterator()) {
            const row = rowOf(document);
            if (row) {
                operations.push(this.#entry(row, key));
            }
            if (operations.length === BATCH) {
                await this.#root.batch(operations);
                operations = [];
            }
        }
        await this.#root.batch(operations);
    }

    async queryView(_id, { startKey, endKey, inclusiveStartIndex = 0, limit, reduce, groupLevel }) {
        const range = {};
        if (startKey !== undefined) {
            range.gte = textOf(startKey);
        }
        if (endKey !== undefined) {
            range.lt = textOf(endKey) + String.fromCharCode(SEPARATOR.charCodeAt(0) + 1);
        }
        if (groupLevel !== undefined || endKey !== undefined) {
            const entries = (await this.#byPrice.keys(range).all()).map(rowOfEntry);
            if (groupLevel !== undefined) {
                return groupsOf(entries);
            }
            return reduce ? sumOf(entries) : { items: entries.map((key) => ({ key, value: key[1] })) };
        }
        const keys = await this.#byPrice.keys({ ...range, limit: inclusiveStartIndex + limit }).all();
        const page = keys.slice(inclusiveStartIndex);
        return { items: await this.#withDocuments(page.map((key) => ({ key: rowOfEntry(key), of: keyOfEntry(key) }))) };
    }

    async #withDocuments(rows) {
        const documents = await this.#documents.getMany(rows.map(({ of }) => of));
        return rows.map(({ key, of }, index) => ({ key, documentKey: of, document: documents[index] }));
    }

    async close() {
        await this.#root.close();
    }
}

function rowOfEntry(entry) {
    return rowOfText(entry.slice(0, entry.indexOf(SEPARATOR)));
}

function keyOfEntry(entry) {
    return entry.slice(entry.indexOf(SEPARATOR) + 1);
}

module.exports = {
    name: 'classic-level',
    package: 'classic-level',
    durability: 'is in the log when it is acknowledged, not synced (`sync: false`, the default)',
    persists: true,

    async seed(directory, source) {
        const store = new Level(directory);
        await store.seed(source);
        await store.close();
    },

    async open(directory) {
        const store = new Level(directory);
        await store.open();
        return store;
    },
};
