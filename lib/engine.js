'use strict';

/** `DatastoreEngine`: the original's engine, over the store in Rust. Reads are synchronous. */

const path = require('node:path');
const { checkKey, checkOptions, oneOf, path: checkPath, stringify, withMethods } = require('./check.js');
const { NativeDriver } = require('./driver.js');
const { AssertionError, ClosedError } = require('./errors.js');
const { FileSystemDriver } = require('./file-system-driver.js');
const { keyQuery, viewQuery } = require('./query.js');

const OPTIONS = {
    directory: checkPath,
    fileSystem: withMethods('readDocumentDirectory', 'readDocumentFile', 'writeDocumentFile', 'removeDocumentFile'),
    onCorrupt: oneOf('error', 'quarantine'),
};

/** The drivers of real engines, for `Datastore` alone. */
const drivers = new WeakMap();

/** The driver of a `DatastoreEngine`; `undefined` for anything else. */
function driverOf(engine) {
    return drivers.get(engine);
}

class DatastoreEngine {
    #driver;
    #closed = null;

    constructor(options) {
        const { directory, fileSystem, onCorrupt } = checkOptions(options, OPTIONS, 'DatastoreEngine');
        if (directory === undefined) {
            throw new AssertionError('a DatastoreEngine needs a directory');
        }
        const resolved = path.resolve(directory);
        if (fileSystem !== undefined && onCorrupt === 'quarantine') {
            throw new AssertionError("a custom file system cannot move files: onCorrupt must be 'error'");
        }
        this.#driver =
            fileSystem === undefined
                ? new NativeDriver({ directory: resolved, quarantine: onCorrupt === 'quarantine' })
                : new FileSystemDriver(directory, fileSystem);
        drivers.set(this, this.#driver);
    }

    /** What `loadDocuments` found; `null` before. */
    get loadReport() {
        return this.#driver.loadReport;
    }

    async loadDocuments() {
        this.#checkOpen();
        await this.#driver.load();
    }

    getItem(key) {
        const id = checkKey(key);
        this.#checkOpen();
        return { key: id, document: this.#driver.get(id) };
    }

    /** Stores the document as it is, `_rev` included (missing: 0). */
    async setItem(key, document) {
        const id = checkKey(key);
        const text = stringify(document, id);
        if (this.#mustLoad()) {
            await this.#driver.load();
        }
        return { key: id, document: await this.#driver.put(id, text) };
    }

    async deleteItem(key) {
        const id = checkKey(key);
        if (this.#mustLoad()) {
            await this.#driver.load();
        }
        await this.#driver.delete(id, { rule: 'ignored' });
        return { key: id };
    }

    queryKeys(options) {
        const query = keyQuery(options);
        this.#checkOpen();
        return this.#driver.queryKeys(query);
    }

    queryView(id, options) {
        const query = viewQuery(options);
        this.#checkOpen();
        return this.#driver.queryView(id, query);
    }

    hasView(id) {
        this.#checkOpen();
        return this.#driver.hasView(id);
    }

    setView(id, source) {
        this.#checkOpen();
        this.#driver.setView(id, source);
    }

    stats() {
        this.#checkOpen();
        return this.#driver.stats();
    }

    /** Waits for what was submitted and gives the directory back. */
    close() {
        this.#closed ??= this.#driver.close();
        return this.#closed;
    }

    /** Whether a write has to wait for the load. Where not, it is handed over at once, so that `close` waits for it. */
    #mustLoad() {
        this.#checkOpen();
        return !this.#driver.loaded;
    }

    #checkOpen() {
        if (this.#closed !== null) {
            throw new ClosedError('the datastore is closed');
        }
    }
}

module.exports = { DatastoreEngine, driverOf };
