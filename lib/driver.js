'use strict';

/**
 * What a `Datastore` works on.
 *
 * A driver answers reads at once and writes with a promise. Three exist: `NativeDriver` here, over the engine in Rust;
 * `FileSystemDriver`, the same with files written by JavaScript; `CustomDriver`, over somebody else's engine.
 *
 * @typedef {object} Conditions what has to hold for a write
 * @property {'given' | 'required' | 'ignored'} rule what the revision inside the document means
 * @property {number} [revision] the stored revision must be this one
 * @property {unknown} [seen] the document must not have changed since `read` told this
 */

const { AssertionError, fromNative } = require('./errors.js');
const { Action, Store } = require('./store.js');
const { Views } = require('./views.js');

const SET = { given: Action.SET, required: Action.SET_REQUIRED, ignored: Action.SET_ANYWAY };
const DELETE = { given: Action.DELETE, required: Action.DELETE_REQUIRED, ignored: Action.DELETE };

class NativeDriver {
    /** Writes to one key may be under way together: the engine keeps their order. */
    ordersWrites = true;
    loadReport = null;
    #store;
    #views;

    /** @param {{ directory?: string, quarantine?: boolean }} options */
    constructor(options) {
        this.#store = new Store(options);
        this.#views = new Views(this.#store);
    }

    get loaded() {
        return this.#store.loaded;
    }

    async load() {
        this.loadReport = await this.#store.load();
    }

    /** The sequence of a document's last change, 0 where there is none. */
    sequenceOf(key) {
        return this.#store.sequenceOf(key);
    }

    get(key) {
        const text = this.#store.get(key);
        return text === null ? null : JSON.parse(text);
    }

    getMany(keys) {
        return this.#store.getMany(keys);
    }

    /** A document and what `write` needs to tell whether it changed since. */
    read(key) {
        // The sequence first: a change between the two is then noticed by the write, never missed.
        const seen = this.#store.sequenceOf(key);
        return { document: this.get(key), seen };
    }

    /** @param {string} text @param {Conditions} conditions */
    async set(key, text, { rule, revision, seen }) {
        const answer = await this.#store.write({ key, text, action: SET[rule], revision, sequence: seen });
        return JSON.parse(accepted(answer));
    }

    /** @param {Conditions} conditions */
    async delete(key, { rule, revision }) {
        accepted(await this.#store.write({ key, text: null, action: DELETE[rule], revision }));
    }

    /** Stores a document as it is, its own revision included. */
    async put(key, text) {
        return JSON.parse(accepted(await this.#store.write({ key, text, action: Action.PUT })));
    }

    queryKeys(query) {
        return this.#store.queryKeys(query);
    }

    setView(id, source) {
        this.#views.set(id, source);
    }

    hasView(id) {
        return this.#views.has(id);
    }

    queryView(id, query) {
        return this.#views.query(id, query);
    }

    stats() {
        return { ...this.#store.stats(), views: this.#views.stats() };
    }

    close() {
        return this.#store.close();
    }
}

/** The text that a write was answered with, or its error, marked where another writer was faster. */
function accepted(answer) {
    if (answer !== null && typeof answer === 'object') {
        const error = fromNative(answer);
        throw answer.lost ? asLost(error) : error;
    }
    return answer;
}

/** Errors of writes whose document changed since it was read; such a write can be tried again. */
const lost = new WeakSet();

function asLost(error) {
    lost.add(error);
    return error;
}

function wasLost(error) {
    return lost.has(error);
}

/** A revision as it stands in a document: a non-negative integer, or `undefined`. */
function checkRevision(revision, key) {
    if (revision !== undefined && (!Number.isSafeInteger(revision) || revision < 0)) {
        throw new AssertionError(`_rev is a non-negative integer, not ${JSON.stringify(revision)}`, { key });
    }
    return revision;
}

module.exports = { NativeDriver, asLost, checkRevision, wasLost };
