'use strict';

/** A native store as promises: writes of a tick gathered, answers handed out. */

const binding = require('./native.js');
const { fromNative, native } = require('./errors.js');
const { Once } = require('./once.js');
const { inOrder } = require('./query.js');

/** What a write does; the numbers of `src/node/write.rs`. */
const Action = { SET: 0, SET_REQUIRED: 1, SET_ANYWAY: 2, PUT: 3, DELETE: 4, DELETE_REQUIRED: 5 };

/** The events of `src/node/event.rs`. */
const LOADED = 0;
const SETTLED = 1;
const CLOSED = 2;

const NONE = -1;

/** A store that nobody holds any more gives its number, threads and lock back. */
const abandoned = new FinalizationRegistry((number) => binding.dispose(number));

/**
 * @typedef {object} Write
 * @property {string} key
 * @property {string | null} text the document's JSON, `null` to delete
 * @property {number} action one of `Action`
 * @property {number} [sequence] the document's last change must be this one, 0 for none
 * @property {number} [revision] the stored revision must be this one
 */

class Store {
    #state = new State();
    #number;
    #load = new Once(() => this.#startLoad());
    #loaded = false;
    #close = null;

    /** @param {{ directory?: string, quarantine?: boolean }} options without a directory nothing is stored */
    constructor({ directory, quarantine = false } = {}) {
        // The callback holds the state but not the store, so that an unused store can be collected.
        const state = this.#state;
        const options = { directory, quarantine, durability: 'os', background: false, syncInterval: 1000 };
        this.#number = binding.open(options, (event, ticket, payload) => {
            state.receive(event, ticket, payload);
        });
        state.number = this.#number;
        abandoned.register(this, this.#number, this);
    }

    /** Whether reads are answered at once. */
    get loaded() {
        return this.#loaded;
    }

    /** Loads once, however often it is called; after a failure it tries again. Resolves to the load report. */
    load() {
        return this.#load.run();
    }

    async #startLoad() {
        const report = await this.#state.expect(LOADED, () => native(() => binding.load(this.#number)));
        if (report.code !== undefined) {
            throw fromNative(report);
        }
        this.#loaded = true;
        return report;
    }

    /** A document's JSON text, or `null`. */
    get(key) {
        return native(() => binding.get(this.#number, key));
    }

    /** The sequence of a document's last change, 0 where there is none. */
    sequenceOf(key) {
        return native(() => binding.sequenceOf(this.#number, key));
    }

    /** The documents of several keys at one moment, `null` for those that are missing. */
    getMany(keys) {
        return JSON.parse(native(() => binding.getMany(this.#number, keys)));
    }

    /** @param {import('./query.js').Query} query */
    queryKeys(query) {
        return JSON.parse(native(() => binding.queryKeys(this.#number, ...inOrder(query))));
    }

    /**
     * Hands a write over with the others of this tick. Resolves to the stored document's text, `null` for a deletion,
     * or the facts of a failure, from which the caller makes the error where its stack tells something.
     *
     * @param {Write} write
     * @returns {Promise<string | null | { code: string, lost: boolean }>}
     */
    write(write) {
        return this.#state.gather(write);
    }

    /** The native number of this store's view functions. */
    get number() {
        return this.#number;
    }

    /** `{ documents, textBytes, sequence, poisoned }` */
    stats() {
        return native(() => binding.stats(this.#number));
    }

    /** Commits what was handed over and gives everything back. */
    close() {
        this.#close ??= this.#startClose();
        return this.#close;
    }

    async #startClose() {
        this.#state.flush();
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
    #gathered = null;
    #tickets = new Map();
    #nextTicket = 1;
    #expected = new Map();

    /** A promise for the next event of a kind. */
    expect(event, start) {
        return new Promise((resolve) => {
            this.#expected.set(event, resolve);
            start();
        });
    }

    gather({ key, text, action, sequence = NONE, revision = NONE }) {
        if (this.#gathered === null) {
            this.#gathered = { keys: [], texts: [], plan: [], resolvers: [] };
            process.nextTick(() => this.flush());
        }
        const { keys, texts, plan, resolvers } = this.#gathered;
        return new Promise((resolve) => {
            keys.push(key);
            texts.push(text);
            plan.push(action, sequence, revision);
            resolvers.push(resolve);
        });
    }

    /** Lets the tick's writes cross in one call. */
    flush() {
        if (this.#gathered === null) {
            return;
        }
        const { keys, texts, plan, resolvers } = this.#gathered;
        this.#gathered = null;
        const ticket = this.#nextTicket++;
        try {
            binding.submit(this.number, ticket, keys, texts, Float64Array.from(plan));
            this.#tickets.set(ticket, resolvers);
        } catch (facts) {
            for (const resolve of resolvers) {
                resolve(facts);
            }
        }
    }

    receive(event, ticket, payload) {
        if (event === SETTLED) {
            const resolvers = this.#tickets.get(ticket);
            this.#tickets.delete(ticket);
            for (let index = 0; index < resolvers.length; index += 1) {
                resolvers[index](payload[index]);
            }
            return;
        }
        const resolve = this.#expected.get(event);
        this.#expected.delete(event);
        resolve?.(payload);
    }
}

module.exports = { Action, Store };
