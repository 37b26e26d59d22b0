'use strict';

/** A `Datastore` over somebody else's engine: any object with the engine's methods, whose results are awaited. */

const { CheckingDriver } = require('./checking-driver.js');
const { DatastoreError } = require('./errors.js');
const { forCustomEngine } = require('./query.js');

class CustomDriver extends CheckingDriver {
    loaded = false;
    loadReport = null;
    #engine;
    #load = null;

    constructor(engine) {
        super();
        this.#engine = engine;
    }

    load() {
        this.#load ??= this.#startLoad().catch((error) => {
            this.#load = null;
            throw error;
        });
        return this.#load;
    }

    async #startLoad() {
        await this.#engine.loadDocuments();
        this.loaded = true;
    }

    async fetch(key) {
        const { document } = await this.#engine.getItem(key);
        return document ?? null;
    }

    /** The engine may hand out the object that it keeps; what a user gets is his own. */
    async get(key) {
        const document = await this.fetch(key);
        return document === null ? null : structuredClone(document);
    }

    getMany(keys) {
        return Promise.all(keys.map((key) => this.get(key)));
    }

    async read(key) {
        const { document, seen } = await super.read(key);
        return { document: document === null ? null : structuredClone(document), seen };
    }

    async place(key, document) {
        await this.#engine.setItem(key, document);
        return structuredClone(document);
    }

    async remove(key) {
        await this.#engine.deleteItem(key);
    }

    queryKeys(query, options) {
        return this.#call('queryKeys', forCustomEngine(query, options));
    }

    queryView(id, query, options) {
        return this.#call('queryView', id, forCustomEngine(query, options));
    }

    setView(id, source) {
        return this.#call('setView', id, source);
    }

    hasView(id) {
        return this.#call('hasView', id);
    }

    stats() {
        return typeof this.#engine.stats === 'function' ? this.#engine.stats() : {};
    }

    async close() {
        if (typeof this.#engine.close === 'function') {
            await this.#engine.close();
        }
    }

    #call(method, ...given) {
        if (typeof this.#engine[method] !== 'function') {
            throw new DatastoreError(`the custom engine has no method ${method}`, { code: 'UNSUPPORTED' });
        }
        return this.#engine[method](...given);
    }
}

module.exports = { CustomDriver };
