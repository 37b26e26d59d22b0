'use strict';

/** `DatastoreEngine`: the original's engine, over the store in Rust. Reads are synchronous. */

const path = require('node:path');
const { checkKey, checkOptions, count, oneOf, path: checkPath, stringify, withMethods } = require('./check.js');
const { collation } = require('./collation.js');
const { NativeDriver } = require('./driver.js');
const { OF_STORE, isGiven } = require('./durability.js');
const { AssertionError, ClosedError } = require('./errors.js');
const { FileSystemDriver } = require('./file-system-driver.js');
const { loadOptions, loading } = require('./loading.js');
const { keyQuery, viewQuery } = require('./query.js');
const { UnderWay } = require('./under-way.js');

const OPTIONS = {
    directory: checkPath,
    fileSystem: withMethods('readDocumentDirectory', 'readDocumentFile', 'writeDocumentFile', 'removeDocumentFile'),
    onCorrupt: oneOf('error', 'quarantine'),
    collation,
    cacheSize: count,
    ...OF_STORE,
};

/** The drivers of real engines, for `Datastore` alone. */
const drivers = new WeakMap();

/** The driver of a `DatastoreEngine`; `undefined` for anything else, and where a subclass has methods of its own. */
function driverOf(engine) {
    const own = Object.getOwnPropertyNames(DatastoreEngine.prototype);
    const isOriginal = own.every((name) => name === 'loadReport' || engine[name] === DatastoreEngine.prototype[name]);
    return isOriginal ? drivers.get(engine) : undefined;
}

class DatastoreEngine {
    #driver;
    #closed = null;
    #underWay = new UnderWay();

    constructor(options) {
        this.#driver = newDriver(checkOptions(options, OPTIONS, 'DatastoreEngine'));
        drivers.set(this, this.#driver);
    }

    /** What `loadDocuments` found; `null` before. */
    get loadReport() {
        return this.#driver.loadReport;
    }

    async loadDocuments(options) {
        const checked = loadOptions(options, 'loadDocuments');
        this.#checkOpen();
        await loading(this.#driver, checked);
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
        this.#checkWritable(id);
        return { key: id, document: await this.#write(() => this.#driver.put(id, text)) };
    }

    async deleteItem(key) {
        const id = checkKey(key);
        this.#checkWritable(id);
        await this.#write(() => this.#driver.delete(id, { rule: 'ignored' }));
        return { key: id };
    }

    /** Resolves when what was acknowledged so far is synced and, with background files, in its file. */
    async flush() {
        await this.#write(() => this.#driver.flush());
    }

    /** Takes over what others wrote into the documents' files. Resolves to a report. */
    async refresh() {
        this.#checkWritable();
        return this.#write(() => this.#driver.refresh());
    }

    queryKeys(options) {
        const query = keyQuery(options);
        this.#checkOpen();
        return this.#driver.queryKeys(query);
    }

    queryView(id, options) {
        const query = viewQuery(options);
        this.#checkOpen();
        return this.#driver.queryViewNow(id, query);
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
        this.#closed ??= this.#startClose();
        return this.#closed;
    }

    async #startClose() {
        await this.#underWay.settled();
        await this.#driver.close();
    }

    /** Runs a write after the load, and holds `close` until it has settled. */
    async #write(run) {
        this.#checkOpen();
        return this.#underWay.run(() => (this.#driver.loaded ? run() : this.#driver.load().then(run)));
    }

    #checkWritable(key) {
        this.#checkOpen();
        this.#driver.checkWritable({ key });
    }

    #checkOpen() {
        if (this.#closed !== null) {
            throw new ClosedError('the datastore is closed');
        }
    }
}

/** Whether it is this one that was asked for; `undefined` where nothing was. */
function asks(asked, value) {
    return asked === undefined ? undefined : asked === value;
}

/** Refuses what a store cannot be asked for that writes nothing. */
function checkReadOnly({ durability, files, syncInterval, singleProcess, onCorrupt, watch }) {
    const ofWrites = Object.entries({ durability, files, syncInterval }).find(([, value]) => value !== undefined);
    if (ofWrites !== undefined) {
        throw new AssertionError(`${ofWrites[0]} is about writes: a store with readOnly true has none`);
    }
    if (singleProcess === true) {
        throw new AssertionError('a store with readOnly true keeps nobody out: singleProcess must be false');
    }
    if (onCorrupt === 'quarantine') {
        throw new AssertionError("a store with readOnly true moves no files: onCorrupt must be 'error'");
    }
    if (watch === true) {
        throw new AssertionError(
            'a store with readOnly true takes no edits over, but follows who does: watch must be false',
        );
    }
}

function newDriver({ directory, fileSystem, onCorrupt, cacheSize, collation: order, ...ofStore }) {
    const { durability, files, syncInterval, singleProcess, readOnly, watch } = ofStore;
    if (directory === undefined && (durability !== 'none' || fileSystem !== undefined)) {
        throw new AssertionError("a store needs a directory, unless its durability is 'none'");
    }
    if (fileSystem !== undefined) {
        if (onCorrupt === 'quarantine') {
            throw new AssertionError("a custom file system cannot move files: onCorrupt must be 'error'");
        }
        if (isGiven(ofStore)) {
            throw new AssertionError(
                'a custom file system has no journal: no durability, files, syncInterval, singleProcess, readOnly or watch',
            );
        }
        return new FileSystemDriver(directory, fileSystem, { cacheSize, collation: order });
    }
    if (readOnly === true) {
        checkReadOnly({ durability, files, syncInterval, singleProcess, onCorrupt, watch });
    }
    if (watch === true && durability === 'none') {
        throw new AssertionError("a store of durability 'none' has no files that could be watched");
    }
    // What nobody asked for is as the engine has it that is open already.
    return new NativeDriver({
        durability,
        // The directory that the path names now, wherever the process goes.
        directory: directory && path.resolve(directory),
        quarantine: asks(onCorrupt, 'quarantine'),
        background: asks(files, 'background'),
        syncInterval,
        singleProcess,
        readOnly,
        watch,
        collation: order,
        cacheSize,
    });
}

module.exports = { DatastoreEngine, driverOf };
