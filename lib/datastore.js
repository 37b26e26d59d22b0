'use strict';

/** `Datastore`: documents by key, with revisions, ordered writes, update functions and views. */

const {
    boolean,
    checkKey,
    checkOptions,
    count,
    func,
    path: checkPath,
    oneOf,
    show,
    stringify,
    withMethods,
} = require('./check.js');
const { CustomDriver } = require('./custom-driver.js');
const { wasLost } = require('./driver.js');
const { DatastoreEngine, driverOf } = require('./engine.js');
const { AssertionError, ClosedError, NotFoundError } = require('./errors.js');
const { KeyOrder } = require('./key-order.js');
const { keyQuery, viewQuery } = require('./query.js');
const { current, inside, newTurn } = require('./update-context.js');

/** How often an update function is run again after somebody else was faster. */
const DEFAULT_RETRIES = 100;

const OPTIONS = {
    directory: checkPath,
    db: withMethods('loadDocuments', 'getItem', 'setItem', 'deleteItem'),
    lockingQueue: withMethods('getLock', 'releaseLock'),
    fileSystem: withMethods(),
    onCorrupt: oneOf('error', 'quarantine'),
    requireRev: boolean,
    retries: count,
};

const OF_GET = { required: boolean };
const OF_SET = { checkConsistency: boolean };
const OF_UPDATE = { checkConsistency: boolean, retries: count };
const OF_DELETE = { rev: count };

class Datastore {
    #engine;
    #driver;
    #lockingQueue;
    #requireRev;
    #retries;
    #order = new KeyOrder();
    #underWay = 0;
    #idle = null;
    #closed = null;

    constructor(options) {
        const checked = checkOptions(options, OPTIONS, 'Datastore');
        const { db, directory, fileSystem, onCorrupt } = checked;
        if (db !== undefined && (fileSystem ?? onCorrupt) !== undefined) {
            throw new AssertionError('fileSystem and onCorrupt are for the engine: give them to the db');
        }
        if (db === undefined && directory === undefined) {
            throw new AssertionError('a Datastore needs a directory (or a db)');
        }
        this.#engine = db ?? new DatastoreEngine({ directory, fileSystem, onCorrupt });
        this.#driver = driverOf(this.#engine) ?? new CustomDriver(this.#engine);
        this.#lockingQueue = checked.lockingQueue;
        this.#requireRev = checked.requireRev ?? false;
        this.#retries = checked.retries ?? DEFAULT_RETRIES;
    }

    /** The engine below: synchronous reads, unconditional writes, the same views. */
    get _db() {
        return this.#engine;
    }

    /** What `load` found: `{ documents, ignored, quarantined, milliseconds, ... }`; `null` before. */
    get loadReport() {
        return this.#driver.loadReport;
    }

    async load() {
        this.#checkOpen();
        await this.#driver.load();
        return this;
    }

    async getItem(key, options) {
        const id = checkKey(key);
        const { required = false } = checkOptions(options, OF_GET, 'getItem');
        if (this.#mustLoad()) {
            await this.#driver.load();
        }
        const document = await this.#driver.get(id);
        if (document === null && required) {
            throw missing(id);
        }
        return document;
    }

    async getItems(keys, options) {
        if (!Array.isArray(keys)) {
            throw new AssertionError(`getItems takes an array of keys, not ${show(keys)}`);
        }
        const ids = Array.from(keys, (key) => checkKey(key));
        const { required = false } = checkOptions(options, OF_GET, 'getItems');
        if (this.#mustLoad()) {
            await this.#driver.load();
        }
        const documents = await this.#driver.getMany(ids);
        const absent = required ? documents.indexOf(null) : -1;
        if (absent !== -1) {
            throw missing(ids[absent]);
        }
        return documents;
    }

    async setItem(key, document, options) {
        const id = checkKey(key);
        const { checkConsistency = true } = checkOptions(options, OF_SET, 'setItem');
        const text = stringify(document, id);
        return this.#write(id, () => this.#driver.set(id, text, { rule: this.#rule(checkConsistency) }));
    }

    async updateItem(key, update, options) {
        const id = checkKey(key);
        func(update, 'the update');
        const { checkConsistency = true, retries = this.#retries } = checkOptions(options, OF_UPDATE, 'updateItem');
        const turn = newTurn(this);
        return this.#write(id, () => this.#update(id, update, turn, this.#rule(checkConsistency), retries), turn);
    }

    async deleteItem(key, options) {
        const id = checkKey(key);
        const { rev } = checkOptions(options, OF_DELETE, 'deleteItem');
        await this.#write(id, () => this.#driver.delete(id, { rule: this.#rule(true), revision: rev }));
        return key;
    }

    async queryKeys(options) {
        const query = keyQuery(options);
        if (this.#mustLoad()) {
            await this.#driver.load();
        }
        return this.#driver.queryKeys(query);
    }

    async queryView(id, options) {
        const query = viewQuery(options);
        if (this.#mustLoad()) {
            await this.#driver.load();
        }
        return this.#driver.queryView(id, query);
    }

    setView(id, source) {
        this.#checkOpen();
        return this.#driver.setView(id, source);
    }

    hasView(id) {
        this.#checkOpen();
        return this.#driver.hasView(id);
    }

    stats() {
        this.#checkOpen();
        return this.#driver.stats();
    }

    /** Waits for what was submitted and gives the directory back. Calling it again is no error. */
    async close() {
        if (current(this) !== undefined) {
            throw new AssertionError('close from inside an update function would wait for that function');
        }
        this.#closed ??= this.#startClose();
        return this.#closed;
    }

    [Symbol.asyncDispose]() {
        return this.close();
    }

    async #startClose() {
        if (this.#underWay > 0) {
            await new Promise((resolve) => {
                this.#idle = resolve;
            });
        }
        // The engine is told too, so that it refuses what comes by `_db`.
        await (this.#driver instanceof CustomDriver ? this.#driver : this.#engine).close();
    }

    /** What an update function does while `close` waits for it is part of what was submitted. */
    #checkOpen() {
        if (this.#closed !== null && current(this) === undefined) {
            throw new ClosedError('the datastore is closed');
        }
    }

    /** Whether a read has to wait for the load. Where not, it must not wait at all: it answers for the moment of its call. */
    #mustLoad() {
        this.#checkOpen();
        return !this.#driver.loaded;
    }

    #rule(checkConsistency) {
        if (!checkConsistency) {
            return 'ignored';
        }
        return this.#requireRev ? 'required' : 'given';
    }

    /** Runs a write of one key in its turn, and holds `close` until it has settled. An update brings a turn of its own. */
    async #write(key, run, turn) {
        this.#checkOpen();
        const alone = turn !== undefined || !this.#driver.ordersWrites || this.#lockingQueue !== undefined;
        const write = { key, alone, turn, by: current(this) };
        if (write.by !== undefined && this.#order.wouldWaitForItself(write)) {
            throw new AssertionError(
                `a write to ${show(key)} would wait for the update function that it is called inside of`,
                { key },
            );
        }
        this.#underWay += 1;
        try {
            return await this.#order.run(write, () => this.#locked(key, run));
        } finally {
            this.#underWay -= 1;
            if (this.#underWay === 0) {
                this.#idle?.();
            }
        }
    }

    async #locked(key, run) {
        if (!this.#driver.loaded) {
            await this.#driver.load();
        }
        if (this.#lockingQueue === undefined) {
            return run();
        }
        await this.#lockingQueue.getLock(key);
        let result;
        try {
            result = await run();
        } catch (error) {
            // The write's own error is the one to tell.
            await this.#release(key).catch(() => {});
            throw error;
        }
        await this.#release(key);
        return result;
    }

    async #release(key) {
        await this.#lockingQueue.releaseLock(key);
    }

    async #update(key, update, turn, rule, retries) {
        for (let attempt = 0; ; attempt += 1) {
            const { document, seen } = await this.#driver.read(key);
            const updated = await inside(turn, () => update(document));
            const text = stringify(updated, key);
            try {
                return await this.#driver.set(key, text, { rule, seen });
            } catch (error) {
                if (!wasLost(error) || attempt >= retries) {
                    throw error;
                }
            }
        }
    }
}

function missing(key) {
    return new NotFoundError(`there is no document ${show(key)}`, { key });
}

module.exports = { Datastore };
