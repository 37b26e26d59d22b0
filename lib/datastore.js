'use strict';

/** `Datastore`: documents by key, with revisions, ordered writes, batches, transactions, update functions and views. */

const { EventEmitter } = require('node:events');
const path = require('node:path');
const { orAborted } = require('./abort.js');
const { wasLost } = require('./answer.js');
const { deletionsOf, operationsOf, setsOf } = require('./batch.js');
const { boolean, checkKey, checkOptions, count, func, path: checkPath, show } = require('./check.js');
const { CustomDriver } = require('./custom-driver.js');
const { datastoreOptions } = require('./datastore-options.js');
const { asksToSync, level } = require('./durability.js');
const { DatastoreEngine, driverOf } = require('./engine.js');
const { AssertionError, ClosedError, NotFoundError } = require('./errors.js');
const { countQuery, firstQuery, pageQuery } = require('./find.js');
const { DryRun } = require('./dry-run.js');
const { importOptions, importRecords } = require('./import.js');
const { walking } = require('./items.js');
const { KeyOrder } = require('./key-order.js');
const { loadOptions, loading } = require('./loading.js');
const { Migrator, migrateOptions, migrationsOf } = require('./migrate.js');
const { buildOptions, itemsQuery, keyQuery, viewQuery } = require('./query.js');
const { iteratorOf } = require('./records.js');
const { ruleOf } = require('./rule.js');
const { take } = require('./taken.js');
const { traceable } = require('./tracing.js');
const { look, transact } = require('./transaction.js');
const { UnderWay } = require('./under-way.js');
const { current, inside, newTurn } = require('./update-context.js');

/** How often a transaction is run again after somebody else was faster: it may have read and done a lot, and should tell when that is in vain. */
const TRANSACTION_RETRIES = 3;

const OF_GET = { required: boolean };
const OF_SET = { checkConsistency: boolean, durability: level };
const OF_UPDATE = { checkConsistency: boolean, retries: count, durability: level };
const OF_DELETE = { rev: count, durability: level };
const OF_DELETIONS = { durability: level };
const OF_TRANSACTION = { retries: count, durability: level };

class Datastore extends EventEmitter {
    #engine;
    #driver;
    #lockingQueue;
    #requireRev;
    #retries;
    #order = new KeyOrder();
    #underWay = new UnderWay();
    #closed = null;
    #isMigrating = false;

    constructor(options) {
        const { db, lockingQueue, requireRev, retries, ...ofEngine } = datastoreOptions(options);
        super();
        this.#engine = db ?? new DatastoreEngine(ofEngine);
        this.#driver = driverOf(this.#engine) ?? new CustomDriver(this.#engine);
        this.#driver.watch(this);
        this.#lockingQueue = lockingQueue;
        this.#requireRev = requireRev;
        this.#retries = retries;
    }

    static {
        traceable(Datastore, (datastore) => datastore.#driver.directory);
    }

    /** The engine below: synchronous reads, unconditional writes, the same views. */
    get _db() {
        return this.#engine;
    }

    /** What `load` found: `{ documents, ignored, quarantined, milliseconds, ... }`; `null` before. */
    get loadReport() {
        return this.#driver.loadReport;
    }

    async load(options) {
        const checked = loadOptions(options, 'load');
        this.#checkOpen();
        await loading(this.#driver, checked);
        return this;
    }

    async getItem(key, options) {
        const id = checkKey(key);
        const required = options !== undefined && checkOptions(options, OF_GET, 'getItem').required === true;
        if (this.#mustLoad()) {
            await this.#driver.becomeCurrent();
        }
        // Most are there at once, and an await would cost them a turn.
        const found = this.#driver.getCurrent(id);
        const document = found instanceof Promise ? await found : found;
        if (document === null && required) {
            throw missing(id);
        }
        return document;
    }

    async getItems(keys, options) {
        if (!Array.isArray(keys)) {
            throw new AssertionError(`getItems takes an array of keys, not ${show(keys)}`);
        }
        const ids = [];
        for (const key of keys) {
            ids.push(checkKey(key));
        }
        const { required = false } = checkOptions(options, OF_GET, 'getItems');
        if (this.#mustWait()) {
            await this.#driver.becomeCurrent();
        }
        const found = this.#driver.getMany(ids);
        const documents = found instanceof Promise ? await found : found;
        const absent = required ? documents.indexOf(null) : -1;
        if (absent !== -1) {
            throw missing(ids[absent]);
        }
        return documents;
    }

    async setItem(key, document, options) {
        const id = checkKey(key);
        const { checkConsistency, durability } = checkOptions(options, OF_SET, 'setItem');
        const conditions = this.#conditions(checkConsistency, durability);
        const { text, copy } = take(document, id);
        return this.#writeOne(id, () => this.#driver.set(id, text, conditions, copy));
    }

    async updateItem(key, update, options) {
        const id = checkKey(key);
        func(update, 'the update');
        const checked = checkOptions(options, OF_UPDATE, 'updateItem');
        const { checkConsistency, durability, retries = this.#retries } = checked;
        const conditions = this.#conditions(checkConsistency, durability);
        const turn = newTurn(this, id);
        return this.#writeOne(id, () => this.#update(id, update, turn, conditions, retries), turn);
    }

    async deleteItem(key, options) {
        const id = checkKey(key);
        const { rev, durability } = checkOptions(options, OF_DELETE, 'deleteItem');
        const { rule, synced } = this.#conditions(true, durability);
        await this.#writeOne(id, () => this.#driver.delete(id, { rule, synced, revision: rev }));
        return key;
    }

    /** Stores several documents, all or none of them. */
    async setItems(entries, options) {
        const checked = checkOptions(options, OF_SET, 'setItems');
        return this.#batch(setsOf(entries), checked);
    }

    /** Removes several documents, all or none of them. */
    async deleteItems(keys, options) {
        const checked = checkOptions(options, OF_DELETIONS, 'deleteItems');
        const operations = deletionsOf(keys);
        await this.#batch(operations, checked);
        return operations.map(({ given }) => given);
    }

    /** Sets and deletes, all or none of them. */
    async batch(operations, options) {
        const checked = checkOptions(options, OF_SET, 'batch');
        const checkedOperations = operationsOf(operations);
        const documents = await this.#batch(checkedOperations, checked);
        return checkedOperations.map(({ key }, index) => ({ key, document: documents[index] }));
    }

    /** Runs a function on a snapshot of its own; what it wrote is committed if nothing that it read has changed. */
    async transaction(run, options) {
        func(run, 'the transaction');
        const { retries = TRANSACTION_RETRIES, durability } = checkOptions(options, OF_TRANSACTION, 'transaction');
        this.#driver.mustBeAtomic('a transaction');
        const { synced } = this.#conditions(true, durability);
        this.#checkOpen();
        if (synced) {
            // What it read is to be synced, too.
            this.#driver.checkWritable();
        }
        return this.#underWay.run(async () => {
            if (!this.#driver.isCurrent) {
                await this.#driver.becomeCurrent();
            }
            return transact(this.#driver, run, { owner: this, requireRev: this.#requireRev, retries, synced });
        });
    }

    /** Brings the documents to the version of the last migration. Resolves to what was done. */
    async migrate(migrations, options) {
        const list = migrationsOf(migrations);
        const checked = migrateOptions(options);
        this.#driver.mustBeAtomic('a migration');
        if (!checked.dryRun) {
            this.#checkWritable();
        }
        if (this.#mustWait()) {
            await orAborted(checked.signal, this.#driver.becomeCurrent());
        }
        if (this.#isMigrating) {
            throw new AssertionError('a migration is under way');
        }
        this.#isMigrating = true;
        try {
            return await (checked.dryRun ? this.#rehearse(list, checked) : this.#migrate(list, checked));
        } finally {
            this.#isMigrating = false;
        }
    }

    /** Resolves when what was acknowledged so far is synced and, with background files, in its file. */
    async flush() {
        const mustWait = this.#mustWait();
        await this.#underWay.run(async () => {
            if (mustWait) {
                await this.#driver.becomeCurrent();
            }
            await this.#driver.flush();
        });
    }

    /** Takes over what others wrote into the documents' files, each as a new revision. Resolves to what differed. */
    async refresh() {
        this.#checkWritable();
        const mustWait = this.#mustWait();
        return this.#underWay.run(async () => {
            if (mustWait) {
                await this.#driver.becomeCurrent();
            }
            return this.#driver.refresh();
        });
    }

    async queryKeys(options) {
        const query = keyQuery(options);
        if (this.#mustWait()) {
            await orAborted(query.signal, this.#driver.becomeCurrent());
        }
        return this.#driver.queryKeys(query);
    }

    async queryView(id, options) {
        const query = viewQuery(options);
        if (this.#mustWait()) {
            await orAborted(query.signal, this.#driver.becomeCurrent());
        }
        return this.#driver.queryView(id, query);
    }

    /** A page of the documents that meet conditions, by a declarative view or by a scan. */
    async find(where, options) {
        return this.#find(pageQuery(where, options));
    }

    /** The first of the documents that meet conditions, or `null`. */
    async findOne(where, options) {
        return this.#find(firstQuery(where, options));
    }

    /** How many documents meet conditions. */
    async count(where, options) {
        return this.#find(countQuery(where, options));
    }

    /** The documents of a range with their keys, of the moment in which the first is asked for. */
    items(options) {
        return this.#walking(itemsQuery(options, 'items'), JSON.parse);
    }

    /** The same as lines of JSON, each with its newline. */
    exportItems(options) {
        return this.#walking(itemsQuery(options, 'exportItems'), (line) => `${line}\n`);
    }

    /** Stores records: `{ key, document }` objects, or the text or bytes of an export. */
    async importItems(source, options) {
        const checked = importOptions(options);
        this.#checkWritable();
        const { synced } = this.#conditions(true, checked.durability);
        const insertion = { ...checked, synced };
        return importRecords(iteratorOf(source), checked, ({ key, text }) =>
            this.#writeOne(key, () => this.#driver.insert(key, text, insertion)),
        );
    }

    /** Copies this moment into a new folder, which can be opened as a data directory. */
    async backup(destination, options) {
        const target = path.resolve(checkPath(destination, 'destination'));
        const checked = loadOptions(options, 'backup');
        const mustWait = this.#mustWait();
        return this.#underWay.run(async () => {
            if (mustWait) {
                await orAborted(checked.signal, this.#driver.becomeCurrent());
            }
            return this.#driver.backup(target, checked);
        });
    }

    /** Makes the data directory, which is missing or empty, of a backup. */
    async restore(source, options) {
        const from = path.resolve(checkPath(source, 'source'));
        const checked = loadOptions(options, 'restore');
        this.#checkWritable();
        return this.#underWay.run(() => this.#driver.restore(from, checked));
    }

    setView(id, source) {
        this.#checkOpen();
        return this.#driver.setView(id, source);
    }

    /** Brings a view to the moment of the call. Resolves to `{ rows, skipped, sequence, duplicates }`. */
    async buildView(id, options) {
        const checked = buildOptions(options);
        if (this.#mustWait()) {
            await orAborted(checked.signal, this.#driver.becomeCurrent());
        }
        return this.#driver.buildView(id, checked);
    }

    /** Forgets a view, a unique one for every opener. Resolves to whether there was one. */
    async deleteView(id) {
        const mustWait = this.#mustWait();
        return this.#underWay.run(async () => {
            if (mustWait) {
                await this.#driver.becomeCurrent();
            }
            return this.#driver.deleteView(id);
        });
    }

    hasView(id) {
        this.#checkOpen();
        return this.#driver.hasView(id);
    }

    stats() {
        this.#checkOpen();
        return this.#driver.stats();
    }

    /** Waits for what was submitted and gives everything back. Called again it has the same outcome. */
    async close() {
        if (current(this) !== undefined) {
            throw new AssertionError('close from inside an update or a transaction would wait for that very function');
        }
        this.#closed ??= this.#startClose();
        return this.#closed;
    }

    [Symbol.asyncDispose]() {
        return this.close();
    }

    async #startClose() {
        await this.#underWay.settled();
        // The engine is told too, so that it refuses what comes by `_db`.
        await (this.#driver instanceof CustomDriver ? this.#driver : this.#engine).close();
    }

    /** What an update or a transaction does while `close` waits for it is part of what was submitted. */
    #checkOpen() {
        if (this.#closed !== null && current(this) === undefined) {
            throw new ClosedError('the datastore is closed');
        }
    }

    #checkWritable(key) {
        this.#checkOpen();
        this.#driver.checkWritable({ key });
    }

    async #find(query) {
        if (this.#mustWait()) {
            await orAborted(query.signal, this.#driver.becomeCurrent());
        }
        return this.#driver.find(query);
    }

    #walking(query, read) {
        this.#checkOpen();
        return walking({
            load: () => (this.#driver.isCurrent ? undefined : this.#driver.becomeCurrent()),
            begin: () => this.#driver.walk(query),
            check: () => this.#checkOpen(),
            signal: query.signal,
            read,
        });
    }

    #migrate(migrations, options) {
        const transaction = (run) => this.transaction(run, { retries: this.#retries });
        const countRange = (range) => this.#driver.queryKeys(keyQuery({ ...range, limit: 1 })).total;
        return new Migrator({ transaction, countRange }, migrations, options).run();
    }

    #rehearse(migrations, options) {
        const isClosing = () => this.#closed !== null;
        const rehearse = (transaction) => new DryRun(transaction, migrations, options, isClosing).run();
        return this.#underWay.run(() => look(this.#driver, rehearse, this));
    }

    /**
     * Whether a read has to wait for the load, or for what other processes committed. Where not, it must not wait at all: it
     * answers for the moment of its call.
     */
    #mustWait() {
        return this.#mustLoad() || !this.#driver.isCurrent;
    }

    #mustLoad() {
        this.#checkOpen();
        return !this.#driver.loaded;
    }

    /** What a write's options ask of the driver. */
    #conditions(checkConsistency, durability) {
        const rule = ruleOf(this.#requireRev, checkConsistency);
        return { rule, synced: asksToSync(durability, this.#driver.durability) };
    }

    async #batch(operations, { checkConsistency, durability }) {
        this.#driver.mustBeAtomic('a batch');
        const conditions = this.#conditions(checkConsistency, durability);
        const keys = operations.map(({ key }) => key);
        return this.#write({ keys, alone: false }, () => this.#driver.batch(operations, conditions));
    }

    /** A write of one key. An update brings a turn of its own. */
    #writeOne(key, run, turn) {
        const alone = turn !== undefined || !this.#driver.ordersWrites || this.#lockingQueue !== undefined;
        const task = this.#lockingQueue === undefined ? run : () => this.#locked(key, run);
        return this.#write({ keys: [key], alone, turn }, task);
    }

    /** Runs a write in its turn, after the load, and holds `close` until it has settled. */
    async #write({ keys, alone, turn }, run) {
        this.#checkWritable(keys.length === 1 ? keys[0] : undefined);
        const write = { keys, alone, turn, by: current(this) };
        const key = write.by && this.#order.wouldWaitForItself(write);
        if (key !== undefined) {
            throw new AssertionError(
                `a write to ${show(key)} would wait for the update function that it is called inside of`,
                { key },
            );
        }
        this.#underWay.begin();
        try {
            return await this.#order.run(write, this.#driver.loaded ? run : () => this.#driver.load().then(run));
        } finally {
            this.#underWay.end();
        }
    }

    async #locked(key, run) {
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

    async #update(key, update, turn, { rule, synced }, retries) {
        for (let attempt = 0; ; attempt += 1) {
            if (!this.#driver.isCurrent) {
                await this.#driver.becomeCurrent();
            }
            const { document, seen } = await this.#driver.read(key);
            const updated = await inside(turn, () => update(document));
            const { text, copy } = take(updated, key);
            try {
                return await this.#driver.set(key, text, { rule, synced, seen }, copy);
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
