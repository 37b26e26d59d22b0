'use strict';

/**
 * What a `Datastore` works on.
 *
 * A driver answers reads at once and writes with a promise. Three exist: `NativeDriver` here, over the engine in Rust;
 * `FileSystemDriver`, the same with files written by JavaScript; `CustomDriver`, over somebody else's engine.
 *
 * @typedef {object} Conditions what has to hold for a write, and for its answer
 * @property {import('./rule.js').Rule} rule what the revision inside the document means
 * @property {number} [revision] the stored revision must be this one
 * @property {unknown} [seen] the document must not have changed since `read` told this
 * @property {boolean} [synced] it is on the disk before it is answered
 */

const { accepted, documentOf, thereAlready } = require('./answer.js');
const { AssertionError } = require('./errors.js');
const { find } = require('./find.js');
const { Walk } = require('./items.js');
const { NativeTransaction } = require('./native-transaction.js');
const { Progress } = require('./loading.js');
const { DELETE, SET } = require('./rule.js');
const { Store } = require('./store.js');
const { Action } = require('./submission.js');
const { Views } = require('./views.js');

class NativeDriver {
    /** Writes to one key may be under way together: the engine keeps their order. */
    ordersWrites = true;
    loadReport = null;
    progress = new Progress();
    /** What an answered write survives: `'none'`, `'os'` or `'full'`. */
    durability;
    /** Absolute; `undefined` where there is none. */
    directory;
    #store;
    #views;
    /** Whether a load was begun that has not failed. */
    #isInUse = false;
    #restored = null;

    /** @param {ConstructorParameters<typeof Store>[0]} options */
    constructor(options) {
        this.durability = options.durability ?? 'os';
        this.directory = options.directory;
        this.#store = new Store(options, this.progress);
        this.#views = new Views(this.#store);
    }

    /** Refuses nothing: batches and transactions are all or nothing here. */
    mustBeAtomic() {}

    /**
     * Refuses a write, of a key where it has one, in a store that is only read.
     *
     * @param {{ key?: string }} [facts]
     */
    checkWritable(facts) {
        this.#store.checkWritable(facts);
    }

    get loaded() {
        return this.#store.loaded;
    }

    /** Whether reads see everything that was committed, in whatever process. */
    get isCurrent() {
        return this.#store.isCurrent;
    }

    /** Loads, and takes in what other processes committed. */
    async becomeCurrent() {
        if (!this.#store.loaded) {
            await this.load();
        }
        // A load that was under way may have read the files before something was committed that the caller knows of.
        if (!this.isCurrent) {
            await this.#store.catchUp();
        }
    }

    async load() {
        if (this.#restored !== null) {
            // Whatever becomes of it: the directory is whole or as it was.
            await this.#restored.catch(() => {});
        }
        this.#isInUse = true;
        try {
            this.loadReport = await this.#store.load();
            // Another handle may have opened the directory, at its own level.
            if (this.durability !== 'none') {
                this.durability = this.#store.isSynced ? 'full' : 'os';
            }
        } catch (error) {
            this.#isInUse = false;
            throw error;
        }
    }

    /** Writes a backup of this moment. */
    backup(destination, options) {
        return this.#store.backUp(destination, options);
    }

    /** Makes the directory of a backup, before anything is loaded. */
    async restore(source, options) {
        const isInUse = this.#isInUse || this.#restored !== null;
        // A store in memory cannot be restored at all.
        if (isInUse && this.durability !== 'none') {
            throw new AssertionError('restore makes the directory of a store that is not loaded yet: take a new one');
        }
        this.#restored = Promise.resolve(this.#store.restore(source, options));
        try {
            return await this.#restored;
        } finally {
            this.#restored = null;
        }
    }

    /** The sequence of a document's last change, 0 where there is none. */
    sequenceOf(key) {
        return this.#store.sequenceOf(key);
    }

    get(key) {
        return this.#store.document(key);
    }

    /** A document of all that was committed, or a promise of it. Loaded. */
    getCurrent(key) {
        return this.#store.currentDocument(key);
    }

    getMany(keys) {
        return this.#store.getMany(keys);
    }

    /** A document and what `write` needs to tell whether it changed since. */
    read(key) {
        const { document, sequence } = this.#store.read(key);
        return { document, seen: sequence };
    }

    /**
     * @param {string} text
     * @param {Conditions} conditions
     * @param {object} [copy] of the document, to be answered with
     */
    async set(key, text, { rule, revision, seen, synced }, copy) {
        const write = { key, text, action: SET[rule], revision, sequence: seen, synced, brief: copy !== undefined };
        return documentOf(await this.#store.write(write), copy);
    }

    /**
     * A document as an import brings it. Resolves to whether it was written.
     *
     * @param {{ onExisting: 'error' | 'overwrite' | 'skip', keepRevisions: boolean, synced: boolean }} options
     */
    async insert(key, text, { onExisting, keepRevisions, synced }) {
        const action = keepRevisions ? Action.PUT : SET.ignored;
        const sequence = onExisting === 'overwrite' ? undefined : 0;
        const answer = await this.#store.write({ key, text, action, sequence, synced, brief: true });
        if (answer?.lost === true) {
            if (onExisting === 'skip') {
                return false;
            }
            throw thereAlready(key, answer.actualRev);
        }
        accepted(answer);
        return true;
    }

    /** @param {Conditions} conditions */
    async delete(key, { rule, revision, synced }) {
        accepted(await this.#store.write({ key, text: null, action: DELETE[rule], revision, synced }));
    }

    /**
     * All of the operations or none. Resolves to the stored documents in their order, `null` for those deleted.
     *
     * @param {import('./batch.js').Operation[]} operations
     * @param {Conditions} conditions of each of them
     */
    async batch(operations, { rule, synced }) {
        const writes = operations.map(({ key, text, copy, revision }) => {
            // A revision that was asked for counts, whether or not those inside the documents do.
            const setting = revision === undefined || rule !== 'ignored' ? rule : 'given';
            const action = text === null ? DELETE[rule] : SET[setting];
            return { key, text, action, revision, brief: copy !== undefined };
        });
        const answers = await this.#store.batch(writes, synced);
        return answers.map((answer, index) => documentOf(answer, operations[index].copy));
    }

    begin() {
        return new NativeTransaction(this.#store);
    }

    async flush() {
        accepted(await this.#store.flush());
    }

    /** Takes over what others wrote into files. Resolves to a report. */
    refresh() {
        return this.#store.refresh();
    }

    /** Tells an emitter of `'error'`, `'degraded'`, `'flush'` and `'refresh'`. */
    watch(emitter) {
        this.#store.watch(emitter);
    }

    /** Stores a document as it is, its own revision included. */
    async put(key, text) {
        return documentOf(await this.#store.write({ key, text, action: Action.PUT }));
    }

    queryKeys(query) {
        return this.#store.queryKeys(query);
    }

    /** @param {import('./query.js').Query} query at this moment */
    walk(query) {
        return new Walk(this.#store, query);
    }

    /** @param {import('./find.js').FindQuery} query */
    find(query) {
        return find(this.#store, query);
    }

    setView(id, source) {
        this.#views.set(id, source);
    }

    hasView(id) {
        return this.#views.has(id);
    }

    /** An answer, or a promise where the view has to be built for long. */
    queryView(id, query) {
        return this.#views.query(id, query);
    }

    /** The store is loaded. Resolves to whether there was one. */
    deleteView(id) {
        return this.#views.delete(id);
    }

    /** Answers at once, however long the view's build takes. */
    queryViewNow(id, query) {
        return this.#views.queryNow(id, query);
    }

    buildView(id, options) {
        return this.#views.build(id, options);
    }

    stats() {
        return { ...this.#store.stats(), views: this.#views.stats() };
    }

    close() {
        this.#views.close();
        return this.#store.close();
    }
}

/** A revision as it stands in a document: a non-negative integer, or `undefined`. */
function checkRevision(revision, key) {
    if (revision !== undefined && (!Number.isSafeInteger(revision) || revision < 0)) {
        throw new AssertionError(`_rev is a non-negative integer, not ${JSON.stringify(revision)}`, { key });
    }
    return revision;
}

module.exports = { NativeDriver, checkRevision };
