'use strict';

/**
 * better-sqlite3: one table of JSON texts. The view is an index over two virtual generated columns, which is how SQLite
 * indexes JSON; a sum is SQL's.
 */

const path = require('node:path');

const SCHEMA = `
    CREATE TABLE IF NOT EXISTS documents (
        key TEXT PRIMARY KEY,
        rev INTEGER NOT NULL,
        document TEXT NOT NULL,
        type TEXT GENERATED ALWAYS AS (document ->> '$.type') VIRTUAL,
        category TEXT GENERATED ALWAYS AS (document ->> '$.category') VIRTUAL,
        price REAL GENERATED ALWAYS AS (document ->> '$.price') VIRTUAL
    )`;

const INDEX = `CREATE INDEX byPrice ON documents (category, price, key) WHERE type = 'item'`;

const ROWS = `FROM documents WHERE type = 'item'`;

const SQL = {
    get: 'SELECT rev, document FROM documents WHERE key = ?',
    set: `INSERT INTO documents (key, rev, document) VALUES (?, 0, ?)
        ON CONFLICT (key) DO UPDATE SET rev = rev + 1, document = excluded.document RETURNING rev`,
    put: `INSERT INTO documents (key, rev, document) VALUES (?, 0, ?)
        ON CONFLICT (key) DO UPDATE SET document = excluded.document`,
    replace: 'UPDATE documents SET rev = rev + 1, document = ? WHERE key = ? AND rev = ?',
    keys: 'SELECT key, rev, document FROM documents ORDER BY key LIMIT ? OFFSET ?',
    keysInRange: 'SELECT key, rev, document FROM documents WHERE key >= ? AND key <= ? ORDER BY key LIMIT ?',
    rows: `SELECT key, category, price, rev, document ${ROWS} ORDER BY category, price, key LIMIT ? OFFSET ?`,
    rowsFrom: `SELECT key, category, price, rev, document ${ROWS} AND (category, price) >= (?, ?)
        ORDER BY category, price, key LIMIT ?`,
    rowsInRange: `SELECT category, price ${ROWS} AND (category, price) >= (?, ?) AND (category, price) <= (?, ?)
        ORDER BY category, price, key`,
    sumInRange: `SELECT sum(price) AS value ${ROWS} AND (category, price) >= (?, ?) AND (category, price) <= (?, ?)`,
    groups: `SELECT category, sum(price) AS value ${ROWS} GROUP BY category ORDER BY category`,
};

function connect(directory) {
    const Database = require('better-sqlite3');
    const database = new Database(path.join(directory, 'documents.sqlite'));
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = NORMAL');
    database.exec(SCHEMA);
    return database;
}

class Sqlite {
    #database;
    #putAll;
    #getAll;
    #statements = new Map();

    constructor(directory) {
        this.#database = connect(directory);
        const put = this.#sql('put');
        const get = this.#sql('get');
        this.#putAll = this.#database.transaction((entries) => {
            for (const [key, document] of entries) {
                put.run(key, JSON.stringify(document));
            }
        });
        this.#getAll = this.#database.transaction((keys) => keys.map((key) => get.get(key)));
    }

    /** A statement, prepared once: those that read the index fail before it exists. */
    #sql(name) {
        let statement = this.#statements.get(name);
        if (statement === undefined) {
            statement = this.#database.prepare(SQL[name]);
            this.#statements.set(name, statement);
        }
        return statement;
    }

    async getItem(key) {
        const found = this.#sql('get').get(key);
        return found === undefined ? null : revived(found);
    }

    async getItems(keys) {
        return this.#getAll(keys).map((found) => (found === undefined ? null : revived(found)));
    }

    async setItem(key, document) {
        const text = JSON.stringify(document);
        const { rev } = this.#sql('set').get(key, text);
        return revived({ rev, document: text });
    }

    async updateItem(key, update) {
        const { _rev, ...updated } = await update(await this.getItem(key));
        const text = JSON.stringify(updated);
        if (this.#sql('replace').run(text, key, _rev).changes === 0) {
            throw Object.assign(new Error(`conflict on ${key}`), { code: 'CONFLICT' });
        }
        return revived({ rev: _rev + 1, document: text });
    }

    async put(key, document) {
        this.#sql('put').run(key, JSON.stringify(document));
    }

    async putMany(entries) {
        this.#putAll(entries);
    }

    async flush() {
        this.#database.pragma('wal_checkpoint(TRUNCATE)');
    }

    async queryKeys({ startKey, endKey, inclusiveStartIndex = 0, limit }) {
        const found =
            startKey === undefined
                ? this.#sql('keys').all(limit, inclusiveStartIndex)
                : this.#sql('keysInRange').all(startKey, endKey, limit);
        return { items: found.map((row) => ({ key: row.key, documentKey: row.key, document: revived(row) })) };
    }

    setView() {
        this.#database.exec(`DROP INDEX IF EXISTS byPrice; ${INDEX}`);
    }

    async queryView(_id, { startKey, endKey, inclusiveStartIndex = 0, limit, reduce, groupLevel }) {
        if (groupLevel !== undefined) {
            const groups = this.#sql('groups').all();
            return { items: groups.map(({ category, value }) => ({ key: [category], value })) };
        }
        if (reduce) {
            return this.#sql('sumInRange').get(...startKey, ...endKey);
        }
        if (endKey !== undefined) {
            const found = this.#sql('rowsInRange').all(...startKey, ...endKey);
            return { items: found.map(({ category, price }) => ({ key: [category, price], value: price })) };
        }
        const found =
            startKey === undefined
                ? this.#sql('rows').all(limit, inclusiveStartIndex)
                : this.#sql('rowsFrom').all(...startKey, limit);
        return {
            items: found.map((row) => ({
                key: [row.category, row.price],
                documentKey: row.key,
                document: revived(row),
            })),
        };
    }

    async close() {
        this.#database.close();
    }
}

function revived({ rev, document }) {
    return { _rev: rev, ...JSON.parse(document) };
}

module.exports = {
    name: 'better-sqlite3',
    package: 'better-sqlite3',
    durability:
        'WAL, `synchronous = NORMAL`: is in the log when it is acknowledged, synced at checkpoints, so a power cut may ' +
        'take the last writes',
    persists: true,

    async seed(directory, { count, documentOf }) {
        const { keyOf } = require('../documents.js');
        const database = connect(directory);
        const insert = database.prepare('INSERT INTO documents (key, rev, document) VALUES (?, 0, ?)');
        database.transaction(() => {
            for (let index = 0; index < count; index += 1) {
                insert.run(keyOf(index), JSON.stringify(documentOf(index)));
            }
        })();
        database.close();
    },

    open: async (directory) => new Sqlite(directory),
};
