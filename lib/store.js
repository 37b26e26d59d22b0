'use strict';

/** A native store as promises: writes of a tick gathered, answers handed out. */

const { nextTick } = require('node:process');
const { setImmediate } = require('node:timers');
const v8 = require('node:v8');
const binding = require('./native.js');
const { checkNotAborted } = require('./abort.js');
const { parsed, useDecoder } = require('./decoder.js');
const { ClosedError, fromNative, native } = require('./errors.js');
const named = require('./named-answer.js');
const { ObjectCache } = require('./object-cache.js');
const { Once } = require('./once.js');
const { PendingCall } = require('./pending-call.js');
const { inOrder } = require('./query.js');
const { Submission } = require('./submission.js');
const { Vigil } = require('./vigil.js');

/** The events of `src/node/event.rs`. */
const LOADED = 0;
const SETTLED = 1;
const CLOSED = 2;
const FAILED = 3;
const DEGRADED = 4;
const ANSWERED = 5;
const PROGRESS = 6;

/** What those that nobody waits for are called in JavaScript. */
const NAMES = { [FAILED]: 'error', [DEGRADED]: 'degraded' };

const NONE = -1;

/** The ticket of a load's progress; calls begin with 1. */
const OF_LOAD = 0;

/** Bytes of documents kept as objects, where nobody says how many. A small heap keeps less. */
const CACHE_SIZE = Math.min(64 << 20, Math.floor(v8.getHeapStatistics().heap_size_limit / 16));

/**
 * So many writes of a tick cross at once: while they are committed, the texts of the next ones are made. Many small
 * submissions cost more than they gain.
 */
const MOST_GATHERED = 32;

/** A store that nobody holds any more gives its number, threads and lock back. */
const abandoned = new FinalizationRegistry((number) => binding.dispose(number));

/**
 * @typedef {import('./submission.js').Write} Write
 * @typedef {string | number | null | { code: string, lost: boolean }} Answer the stored document's text or revision, `null`
 * for a deletion, or the facts of a failure, from which the caller makes the error where its stack tells something
 */

class Store {
    #state = new State();
    #number;
    #load = new Once(() => this.#startLoad());
    #loaded = false;
    #whenLoaded = () => {};
    #close = null;
    #cache;

    /**
     * @param {object} given
     * @param {'none' | 'os' | 'full'} given.durability with `'none'` nothing is stored
     * @param {string} [given.directory]
     * @param {boolean} [given.quarantine]
     * @param {boolean} [given.salvage] whether damaged files of our own go to quarantine, too
     * @param {boolean} [given.background] whether files follow later than answers
     * @param {number} [given.syncInterval] milliseconds
     * @param {number} [given.cacheSize] bytes of documents kept as objects
     * @param {string} [given.collation] JSON text; without it keys are in the order that the directory remembers
     * @param {import('./loading.js').Progress} progress hears how far a load is
     */
    constructor(given, progress) {
        const { durability, directory, quarantine = false, salvage = false, background = false, collation } = given;
        const { syncInterval = 1_000, cacheSize = CACHE_SIZE } = given;
        // The callback holds the state but not the store, so that an unused store can be collected.
        const state = this.#state;
        const options = { directory, quarantine, salvage, durability, background, syncInterval, collation };
        this.#number = native(() =>
            binding.open(options, (event, ticket, payload) => {
                state.receive(event, ticket, payload);
            }),
        );
        state.number = this.#number;
        state.progress = progress;
        useDecoder(this.#number);
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

    /** Whether reads are answered at once. */
    get loaded() {
        return this.#loaded;
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
        this.#state.progress.begin();
        const report = await this.#state.expect(LOADED, () => native(() => binding.load(this.#number)));
        if (report.code !== undefined) {
            throw fromNative(report);
        }
        this.#loaded = true;
        this.#whenLoaded();
        return report;
    }

    /** Tells this emitter, as long as somebody else holds it, what happens to the store beside its answers. */
    watch(emitter) {
        this.#state.watch(emitter);
    }

    /** A document, or `null`. */
    document(key) {
        return this.#cache.get(key);
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
        return this.#state.gather(write);
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
        return this.#state.ask((ticket) => binding.submitBatch(this.#number, ticket, ...submission.take(), synced));
    }

    /** Commits a native transaction. Resolves to `null` or the facts of a failure. */
    async commit(transaction, synced) {
        const [answer] = await this.#state.ask((ticket) =>
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
        return this.#state.call(start, options);
    }

    /** Makes everything durable that was handed over so far. Resolves to `null` or the facts of a failure. */
    async flush() {
        const [answer] = await this.#state.ask((ticket) => binding.flush(this.#number, ticket));
        return answer;
    }

    /** Whether it was told to close. */
    get isClosing() {
        return this.#close !== null;
    }

    /**
     * Makes a declaration the unique view of an id, `null` for none: for all that is written from now on. Resolves to whether
     * there was one.
     */
    defineUnique(id, declaration) {
        this.#state.handOver();
        return this.#state.call((ticket) => binding.defineUnique(this.#number, ticket, id, declaration));
    }

    /** The values that several documents have in a unique view, as of what was written so far. */
    duplicates(id) {
        this.#state.handOver();
        return this.#state.call((ticket) => binding.duplicates(this.#number, ticket, id));
    }

    /** Writes everything that was handed over so far to a folder. */
    backUp(destination, { signal, onProgress }) {
        this.#state.handOver();
        const created = new Date().toISOString();
        const start = (ticket) => {
            binding.backUp(this.#number, ticket, destination, created, onProgress !== undefined);
            return null;
        };
        return this.#state.call(start, { signal, onProgress, tidies: true });
    }

    /** Makes the directory of this store, which is not loaded, of a backup. */
    restore(source, { signal, onProgress }) {
        const start = (ticket) => {
            binding.restore(this.#number, ticket, source, onProgress !== undefined);
            return null;
        };
        return this.#state.call(start, { signal, onProgress, tidies: true });
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
        this.#state.handOver();
        this.#state.refuseCalls();
        this.#cache.end();
        const failure = await this.#state.expect(CLOSED, () => native(() => binding.close(this.#number)));
        abandoned.unregister(this);
        binding.dispose(this.#number);
        // Numbers are used again: what comes late must not reach the next store that has this one.
        this.#number = NONE;
        this.#state.number = NONE;
        this.#load.forget();
        if (failure !== null) {
            throw fromNative(failure);
        }
    }
}

/** What waits for answers. */
class State {
    number = NONE;
    progress = null;
    #gathered = null;
    #tickets = new Map();
    #vigil = new Vigil(() => this.#tickets.size > 0);
    #nextTicket = 1;
    #calls = new Map();
    /** What the native side told and nobody was told yet, in its order. */
    #arrived = [];
    #expected = new Map();
    /** Weak, because the native side holds this object as long as the store is open. */
    #watchers = [];

    /** A promise for the next event of a kind. */
    expect(event, start) {
        return new Promise((resolve) => {
            this.#expected.set(event, resolve);
            start();
        });
    }

    watch(emitter) {
        this.#watchers.push(new WeakRef(emitter));
    }

    gather(write) {
        if (this.#gathered === null) {
            this.#gathered = { submission: new Submission(), resolvers: [] };
            nextTick(() => this.handOver());
        }
        const { submission, resolvers } = this.#gathered;
        return new Promise((resolve) => {
            submission.add(write);
            resolvers.push(resolve);
            if (resolvers.length === MOST_GATHERED) {
                this.handOver();
            }
        });
    }

    /** Lets what was gathered cross in one call. */
    handOver() {
        if (this.#gathered === null) {
            return;
        }
        const { submission, resolvers } = this.#gathered;
        this.#gathered = null;
        this.#submit(
            (ticket) => binding.submit(this.number, ticket, ...submission.take()),
            (answers) => {
                for (let index = 0; index < resolvers.length; index += 1) {
                    resolvers[index](answers[index]);
                }
            },
            (facts) => resolvers.map(() => facts),
        );
    }

    /** Asks for something that comes after all that was handed over, or gathered. Resolves to its answers. */
    ask(start) {
        this.handOver();
        return new Promise((resolve) => {
            this.#submit(start, resolve, (facts) => [facts]);
        });
    }

    call(start, { signal, onProgress, discard, tidies, read = parsed } = {}) {
        checkNotAborted(signal);
        const ticket = this.#nextTicket++;
        const text = native(() => start(ticket));
        if (text === null) {
            return this.#later(ticket, { signal, onProgress, discard, tidies });
        }
        const answer = read(text);
        try {
            // So little to do is not counted; but the end is told always.
            onProgress?.({ done: 0, total: 0 });
            checkNotAborted(signal);
        } catch (error) {
            discard?.(answer);
            throw error;
        }
        return answer;
    }

    async #later(ticket, { signal, onProgress, discard, tidies }) {
        const giveUp = tidies ? () => binding.cancel(this.number, ticket) : undefined;
        const call = new PendingCall(onProgress, discard, giveUp);
        this.#calls.set(ticket, call);
        const abort = () => call.abort(signal);
        signal?.addEventListener('abort', abort, { once: true });
        try {
            const answer = await call.answered;
            if (typeof answer !== 'string') {
                throw fromNative(answer);
            }
            return JSON.parse(answer);
        } finally {
            signal?.removeEventListener?.('abort', abort);
            call.isOver = true;
            if (discard === undefined) {
                this.#calls.delete(ticket);
            }
            // Nobody waits any more, if it was not answered.
            binding.cancel(this.number, ticket);
        }
    }

    /** The store is closed: what is answered later is refused now. */
    refuseCalls() {
        for (const call of this.#calls.values()) {
            call.refuse(new ClosedError('the datastore is closed'));
        }
    }

    #submit(start, settle, refused) {
        const ticket = this.#nextTicket++;
        try {
            start(ticket);
            this.#tickets.set(ticket, { settle, begun: this.#vigil.begin() });
        } catch (facts) {
            settle(refused(facts));
        }
    }

    /**
     * Takes what the native side tells. In one turn of the event loop it tells all that has come, and what comes meanwhile:
     * where each answer leads to the next write that is without end, and nobody else gets a turn. So it is handed on in
     * turns of its own.
     */
    receive(event, ticket, payload) {
        if (event === SETTLED) {
            this.#vigil.end(this.#tickets.get(ticket).begun);
        }
        this.#arrived.push({ event, ticket, payload });
        if (this.#arrived.length === 1) {
            setImmediate(this.#deliver);
        }
    }

    #deliver = () => {
        const { event, ticket, payload } = this.#arrived.shift();
        if (this.#arrived.length > 0) {
            setImmediate(this.#deliver);
        }
        this.#take(event, ticket, payload);
    };

    #take(event, ticket, payload) {
        if (event === SETTLED) {
            const { settle } = this.#tickets.get(ticket);
            this.#tickets.delete(ticket);
            settle(payload);
        } else if (event === ANSWERED) {
            this.#calls.get(ticket)?.answer(payload);
            this.#calls.delete(ticket);
        } else if (event === PROGRESS && ticket === OF_LOAD) {
            this.progress.tell(...payload);
        } else if (event === PROGRESS) {
            this.#calls.get(ticket)?.tell(...payload);
        } else if (event in NAMES) {
            this.#tell(NAMES[event], fromNative(payload));
        } else {
            const resolve = this.#expected.get(event);
            this.#expected.delete(event);
            resolve(payload);
        }
    }

    #tell(name, error) {
        this.#watchers = this.#watchers.filter((watcher) => watcher.deref() !== undefined);
        for (const watcher of this.#watchers) {
            // What a listener throws is uncaught as ever, and not the native side's to deal with.
            nextTick(() => {
                const emitter = watcher.deref();
                // An 'error' that nobody listens for would be thrown.
                if (emitter?.listenerCount(name) > 0) {
                    emitter.emit(name, error);
                }
            });
        }
    }
}

module.exports = { Store };
