'use strict';

/** A `Datastore` over somebody else's engine: any object with the engine's methods, whose results are awaited. */

const { orAborted } = require('./abort.js');
const { CheckingDriver } = require('./checking-driver.js');
const { DatastoreError } = require('./errors.js');
const { Progress } = require('./loading.js');
const { forCustomEngine } = require('./query.js');
const { Once } = require('./once.js');
const { checkViewId, withMethods } = require('./check.js');

/** What a view is made of is between the user and his engine. */
const aSource = withMethods();

class CustomDriver extends CheckingDriver {
    loaded = false;
    /** What somebody else's engine is at, it does not tell. */
    progress = new Progress();
    #engine;
    #load = new Once(() => this.#startLoad());

    constructor(engine) {
        super();
        this.#engine = engine;
    }

    get loadReport() {
        return this.#engine.loadReport ?? null;
    }

    load() {
        return this.#load.run();
    }

    async #startLoad() {
        await this.#engine.loadDocuments();
        this.loaded = true;
    }

    async fetch(key) {
        const found = await this.#engine.getItem(key);
        return found?.document ?? null;
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

    async queryKeys(query) {
        return own(await orAborted(query.signal, this.#call('queryKeys', forCustomEngine(query, String))));
    }

    async queryView(id, query) {
        return own(
            await orAborted(query.signal, this.#call('queryView', checkViewId(id), forCustomEngine(query, JSON.parse))),
        );
    }

    async buildView(id, { signal, onProgress }) {
        const given = onProgress === undefined ? {} : { onProgress };
        return orAborted(signal, this.#call('buildView', checkViewId(id), given));
    }

    async deleteView(id) {
        return this.#call('deleteView', checkViewId(id));
    }

    find() {
        this.mustBeAtomic('find');
    }

    setView(id, source) {
        return this.#call('setView', checkViewId(id), aSource(source, 'a view'));
    }

    hasView(id) {
        return this.#call('hasView', checkViewId(id));
    }

    stats() {
        return this.#call('stats');
    }

    async flush() {
        await this.#call('flush');
    }

    /** A custom engine's events are its own. */
    watch() {}

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

/** A query's result with documents of the user's own: the engine may hand out those that it keeps. */
function own(result) {
    const items = result?.items;
    if (!Array.isArray(items)) {
        return result;
    }
    const copied = items.map((item) =>
        item?.document === undefined ? item : { ...item, document: structuredClone(item.document) },
    );
    return { ...result, items: copied };
}

module.exports = { CustomDriver };
