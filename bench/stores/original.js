'use strict';

/**
 * The original Kixx Datastore's algorithm, written from its description (not its code): a `Map` of live objects,
 * `structuredClone` in and out, one compact file per document written in place with `fs.promises.writeFile`, a sort of
 * all matching keys for every query, and the map function called on every document for every query of a view.
 */

const fs = require('node:fs');
const path = require('node:path');
const { compareRows } = require('../by-price.js');

const SUFFIX = '.json';
const DEFAULT_LIMIT = 10;

class Original {
    #directory;
    #documents = new Map();
    #views = new Map();
    /** The last write of each key that has one under way. */
    #locks = new Map();

    constructor(directory) {
        this.#directory = directory;
    }

    /** One file after the other: all at once ends in `EMFILE`. */
    async load() {
        for (const name of await fs.promises.readdir(this.#directory)) {
            if (name.endsWith(SUFFIX)) {
                const text = await fs.promises.readFile(path.join(this.#directory, name), 'utf8');
                this.#documents.set(keyOfFile(name), JSON.parse(text));
            }
        }
        return this;
    }

    /** Ends where `load` ends, sooner: for workloads that measure something else. */
    loadQuickly() {
        for (const name of fs.readdirSync(this.#directory)) {
            if (name.endsWith(SUFFIX)) {
                const text = fs.readFileSync(path.join(this.#directory, name), 'utf8');
                this.#documents.set(keyOfFile(name), JSON.parse(text));
            }
        }
        return this;
    }

    async getItem(key) {
        const document = this.#documents.get(key);
        return document === undefined ? null : structuredClone(document);
    }

    /** Nothing waits: a promise resolves when its file is written. */
    async flush() {}

    async setItem(key, document) {
        return this.#locked(key, () => this.#write(key, document));
    }

    async updateItem(key, update) {
        return this.#locked(key, async () => {
            const updated = await update(await this.getItem(key));
            return this.#write(key, updated);
        });
    }

    async #write(key, document) {
        const current = this.#documents.get(key);
        if (current !== undefined && document._rev !== undefined && document._rev !== current._rev) {
            throw Object.assign(new Error(`conflict on ${key}`), { code: 'CONFLICT' });
        }
        const next = structuredClone(document);
        next._rev = current === undefined ? 0 : current._rev + 1;
        await fs.promises.writeFile(fileOf(this.#directory, key), JSON.stringify(next));
        this.#documents.set(key, next);
        return structuredClone(next);
    }

    async #locked(key, write) {
        const before = this.#locks.get(key);
        const turn = before === undefined ? write() : before.then(write, write);
        this.#locks.set(key, turn);
        try {
            return await turn;
        } finally {
            if (this.#locks.get(key) === turn) {
                this.#locks.delete(key);
            }
        }
    }

    async queryKeys({ startKey, endKey, inclusiveStartIndex = 0, limit = DEFAULT_LIMIT, includeDocuments = false }) {
        const rows = [];
        for (const key of this.#documents.keys()) {
            if ((startKey === undefined || key >= startKey) && (endKey === undefined || key <= endKey)) {
                rows.push({ key, documentKey: key });
            }
        }
        rows.sort(byKey);
        return this.#page(rows, inclusiveStartIndex, limit, includeDocuments);
    }

    setView(id, source) {
        this.#views.set(id, source);
    }

    async queryView(id, options) {
        const { startKey, endKey, inclusiveStartIndex = 0, limit = DEFAULT_LIMIT, includeDocuments = false } = options;
        const { map } = this.#views.get(id);
        const rows = [];
        for (const [documentKey, document] of this.#documents) {
            map(document, (key, value) => {
                const isIn = startKey === undefined || compareRows(key, startKey) >= 0;
                if (isIn && (endKey === undefined || compareRows(key, endKey) <= 0)) {
                    rows.push({ key, documentKey, value });
                }
            });
        }
        rows.sort((a, b) => compareRows(a.key, b.key));
        return this.#page(rows, inclusiveStartIndex, limit, includeDocuments);
    }

    #page(rows, start, limit, includeDocuments) {
        const items = rows.slice(start, start + limit);
        if (includeDocuments) {
            for (const row of items) {
                row.document = structuredClone(this.#documents.get(row.documentKey));
            }
        }
        const end = start + limit;
        return { items, exclusiveEndIndex: end < rows.length ? end : null };
    }

    async close() {}
}

function byKey(a, b) {
    if (a.key === b.key) {
        return 0;
    }
    return a.key < b.key ? -1 : 1;
}

function fileOf(directory, key) {
    return path.join(directory, encodeURIComponent(key) + SUFFIX);
}

function keyOfFile(name) {
    return decodeURIComponent(name.slice(0, -SUFFIX.length));
}

module.exports = {
    name: 'original',
    durability:
        'every write is in its file (overwritten in place, so a crash may leave half of it) before it is ' +
        'acknowledged; never synced, the operating system writes it back when it likes',
    persists: true,
    /** It knows map functions alone. */
    except: ['view-build-declared', 'view-sum', 'view-groups'],

    async seed(directory, { count, documentOf }) {
        const { keyOf } = require('../documents.js');
        for (let index = 0; index < count; index += 1) {
            const text = JSON.stringify({ ...documentOf(index), _rev: 0 });
            fs.writeFileSync(fileOf(directory, keyOf(index)), text);
        }
    },

    open(directory) {
        return new Original(directory).load();
    },

    async openQuickly(directory) {
        return new Original(directory).loadQuickly();
    },
};
