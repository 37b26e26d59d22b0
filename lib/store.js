'use strict';

/** A native store as promises: writes of a tick gathered, answers handed out. */

const v8 = require('node:v8');
const binding = require('./native.js');
const { parsed, useDecoder } = require('./decoder.js');
const { fromNative, native, readOnly } = require('./errors.js');
const named = require('./named-answer.js');
const { ObjectCache } = require('./object-cache.js');
const { Once } = require('./once.js');
const { CLOSED, LOADED, NONE, Pending } = require('./pending.js');
const { inOrder } = require('./query.js');
const { Submission } = require('./submission.js');

/** Bytes of documents kept as objects, where nobody says how many. A small heap keeps less. */
const CACHE_SIZE = Math.min(64 << 20, Math.floor(v8.getHeapStatistics().heap_size_limit / 16));

/** A store that nobody holds any more gives its number, threads and lock back. */
const abandoned = new FinalizationRegistry((number) => binding.dispose(number));

/**
 * @typedef {import('./submission.js').Write} Write
 * @typedef {string | number | null | { code: string, lost: boolean }} Answer the stored document's text or revision, `null`
 * for a deletion, or the facts of a failure, from which the caller makes the error where its stack tells something
 */

/** Whether other processes may have the same directory open. */
function mayBeShared({ directory, durability, singleProcess }) {
    return directory !== undefined && durability !== 'none' && singleProcess !== true;
}

class Store {
    #pending = new Pending();
    #number;
    #load = new Once(() => this.#startLoad());
    #loaded = false;
    #whenLoaded = () => {};
    #close = null;
    #cache;
    /** Whether another process committed what is not here yet. */
    #isBehind;
    #mayAnswer = () => !this.#isBehind();
    #caughtUp = null;
    /** Whether nothing may be written by this store, whoever else has the same engine. */
    isReadOnly;

    /**
     * @param {object} given
     * @param {'none' | 'os' | 'full'} [given.durability] with `'none'` nothing is stored
     * @param {string} [given.directory] shared with whoever has it open in this process
     * @param {boolean} [given.quarantine]
     * @param {boolean} [given.salvage] whether damaged files of our own go to quarantine, too
     * @param {boolean} [given.background] whether files follow later than answers
     * @param {number} [given.syncInterval] milliseconds
     * @param {number} [given.cacheSize] bytes of documents kept as objects
     * @param {boolean} [given.singleProcess] whether other processes are kept out
     * @param {boolean} [given.readOnly] whether nothing is written
     * @param {boolean} [given.watch] whether files that others change are noticed
     * @param {string} [given.collation] JSON text; without it keys are in the order that the directory remembers
     * @param {import('./loading.js').Progress} progress hears how far a load is
     */
    constructor(given, progress) {
        const { cacheSize = CACHE_SIZE, ...options } = given;
        this.isReadOnly = given.readOnly === true;
        // The callback holds what is pending but not the store, so that an unused store can be collected.
        const pending = this.#pending;
        this.#number = native(() =>
            binding.open(options, (event, ticket, payload) => {
                pending.receive(event, ticket, payload);
            }),
        );
        pending.number = this.#number;
        pending.progress = progress;
        useDecoder(this.#number);
        this.#isBehind = mayBeShared(given) ? binding.behindReader(this.#number) : () => false;
        this.#cache = new ObjectCache(this.#source(), cacheSize);
        abandoned.register(this, this.#number, this);
    }

    /** Where the cache has documents from. */
    #source() {
        const documentOf = binding.documentReader(this.#number);
        return {
            document: (key) => {
                const document = documentOf(key);
                return parsed(document === undefined ? native(() => binding.get(this.#number, key)) : document);
            },
            entry: (key) => native(() => binding.entry(this.#number, key)),
            generation: binding.generationReader(this.#number),
            mark: binding.slotMarker(this.#number),
        };
    }

    /** Whether reads are answered at once, though perhaps without what other processes have just committed. */
    get loaded() {
        return this.#loaded;
    }

    /** Whether reads see everything that was committed. */
    get isCurrent() {
        return this.#loaded && !this.#isBehind();
    }

    /** Takes in what other processes committed before the call. */
    async catchUp() {
        // One that was asked for before may have been answered with less.
        this.#caughtUp ??= Promise.resolve().then(() => this.#catchUp());
        const failure = await this.#caughtUp;
        if (failure !== null) {
            throw fromNative(failure);
        }
    }

    async #catchUp() {
        // Asked for now: who comes from now on has to ask again.
        this.#caughtUp = null;
        const [answer] = await this.#pending.ask((ticket) => binding.catchUp(this.#number, ticket), false);
        return answer;
    }

    /** Whether every answered write survives a power cut, as whoever opened the directory first has it. Loaded. */
    get isSynced() {
        return native(() => binding.isSynced(this.#number));
    }

    /** Names what is done in the moment in which the store is loaded, before anybody can write. */
    whenLoaded(act) {
        this.#whenLoaded = act;
    }

    /** Loads once, however often it is called; after a failure it tries again. Resolves to the load report. */
    load() {
        return this.#load.run();
    }

    async #startLoad() {
        this.#pending.progress.begin();
        const report = await this.#pending.expect(LOADED, () => native(() => binding.load(this.#number)));
        if (report.code !== undefined) {
            throw fromNative(report);
        }
        this.#loaded = true;
        this.#whenLoaded();
        return report;
    }

    /** Tells this emitter, as long as somebody else holds it, what happens to the store beside its answers. */
    watch(emitter) {
        this.#pending.watch(emitter);
    }

    /**
     * Refuses a write, of a key where it has one, in a store that is only read.
     *
     * @param {{ key?: string }} [facts]
     */
    checkWritable(facts) {
        if (this.isReadOnly) {
            throw readOnly(facts);
        }
    }

    /** A document, or `null`. */
    document(key) {
        return this.#cache.get(key);
    }

    /** A document, or `null`, of all that was committed: at once, or a promise where that has to be taken in first. */
    currentDocument(key) {
        const document = this.#cache.get(key, this.#mayAnswer);
        return document === undefined ? this.catchUp().then(() => this.#cache.get(key)) : document;
    }

    /** A document, or `null`, and the sequence of its last change. */
    read(key) {
        return this.#cache.read(key);
    }

    /** The sequence of a document's last change, 0 where there is none. */
    sequenceOf(key) {
        return native(() => binding.sequenceOf(this.#number, key));
    }

    /** The documents of several keys at one moment, `null` for those that are missing. */
    getMany(keys) {
        const ask = (asked, held, flags) => native(() => binding.getMany(this.#number, asked, held, flags));
        return named.several(this.#cache, keys, ask);
    }

    /** @param {import('./query.js').Query} query */
    queryKeys(query) {
        const flags = this.flagsFor(query);
        return this.page(
            native(() => binding.queryKeys(this.#number, ...inOrder(query, flags))),
            flags,
        );
    }

    /** What the answer to a query is told of the documents kept here, as flags. */
    flagsFor(query) {
        return named.flagsFor(this.#cache, query);
    }

    /** The result of a query whose answer was told these flags, and came at once. */
    page(text, flags) {
        return named.page(this.#cache, text, flags);
    }

    /** The only document of such an answer, or `null`. */
    first(text, flags) {
        return named.first(this.#cache, text, flags);
    }

    /**
     * Hands a write over with others of this tick.
     *
     * @param {Write} write
     * @returns {Promise<Answer>}
     */
    write(write) {
        return this.#pending.gather(write);
    }

    /**
     * Hands writes over that are done all or not at all.
     *
     * @param {Write[]} writes
     * @param {boolean} synced
     * @returns {Promise<Answer[]>} one each, or a single failure
     */
    batch(writes, synced) {
        const submission = new Submission(writes);
        return this.#pending.ask((ticket) => binding.submitBatch(this.#number, ticket, ...submission.take(), synced));
    }

    /** Commits a native transaction. Resolves to `null` or the facts of a failure. */
    async commit(transaction, synced) {
        const [answer] = await this.#pending.ask((ticket) =>
            binding.transactionCommit(this.#number, transaction, ticket, synced),
        );
        return answer;
    }

    /**
     * A native function that answers at once with JSON text, or later, having told `null`. A value at once, or a promise.
     *
     * @param {(ticket: number) => string | null} start
     * @param {object} [options]
     * @param {AbortSignal} [options.signal]
     * @param {(progress: { done: number, total: number }) => void} [options.onProgress]
     * @param {(answer: unknown) => void} [options.discard] takes back an answer that comes when nobody wants it any more
     * @param {boolean} [options.tidies] one that is aborted is answered when it has removed what it had begun
     */
    call(start, options) {
        return this.#pending.call(start, options);
    }

    /** Makes everything durable that was handed over so far. Resolves to `null` or the facts of a failure. */
    async flush() {
        const [answer] = await this.#pending.ask((ticket) => binding.flush(this.#number, ticket), false);
        return answer;
    }

    /** Takes over what others wrote into files, behind everything that was handed over so far. Resolves to a report. */
    async refresh() {
        this.#pending.handOver();
        const start = (ticket) => {
            binding.refresh(this.#number, ticket);
            return null;
        };
        return this.#pending.call(start);
    }

    /** Whether it was told to close. */
    get isClosing() {
        return this.#close !== null;
    }

    /**
     * Makes a declaration the unique view of an id, `null` for none: for all that is written from now on. Resolves to whether
     * there was one. A store that is only read rejects with `READ_ONLY` where it is not so already.
     */
    async defineUnique(id, declaration) {
        this.#pending.handOver();
        return this.#pending.call((ticket) =>
            binding.defineUnique(this.#number, ticket, id, declaration, this.isReadOnly),
        );
    }

    /** The values that several documents have in a unique view, as of what was written so far. */
    async duplicates(id) {
        this.#pending.handOver();
        return this.#pending.call((ticket) => binding.duplicates(this.#number, ticket, id));
    }

    /** Writes everything that was handed over so far to a folder. */
    backUp(destination, { signal, onProgress }) {
        this.#pending.handOver();
        const created = new Date().toISOString();
        const start = (ticket) => {
            binding.backUp(this.#number, ticket, destination, created, onProgress !== undefined);
            return null;
        };
        return this.#pending.call(start, { signal, onProgress, tidies: true });
    }

    /** Makes the directory of this store, which is not loaded, of a backup. */
    restore(source, { signal, onProgress }) {
        const start = (ticket) => {
            binding.restore(this.#number, ticket, source, onProgress !== undefined);
            return null;
        };
        return this.#pending.call(start, { signal, onProgress, tidies: true });
    }

    /** The native number of this store's views and transactions. */
    get number() {
        return this.#number;
    }

    stats() {
        const { failure, degraded, ...numbers } = native(() => binding.stats(this.#number));
        return {
            ...numbers,
            cache: this.#cache.stats(),
            commits: this.#pending.latencies.stats(),
            failure: failure && fromNative(failure),
            degraded: degraded && fromNative(degraded),
        };
    }

    /** Commits what was handed over and gives everything back. Rejects then, where the closing failed. */
    close() {
        this.#close ??= this.#startClose();
        return this.#close;
    }

    async #startClose() {
        this.#pending.handOver();
        const refused = this.#pending.refuseCalls();
        this.#cache.end();
        const failure = await this.#pending.expect(CLOSED, () => native(() => binding.close(this.#number)));
        // From then on nothing is heard any more.
        await refused;
        abandoned.unregister(this);
        binding.dispose(this.#number);
        // Numbers are used again: what comes late must not reach the next store that has this one.
        this.#number = NONE;
        this.#pending.number = NONE;
        this.#load.forget();
        if (failure !== null) {
            throw fromNative(failure);
        }
    }
}

module.exports = { Store };
