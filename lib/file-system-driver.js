'use strict';

/**
 * Documents in native memory, files written by a custom file system in JavaScript.
 *
 * A write reaches the file system first and memory when that succeeded. There is no journal and no lock: such a store
 * belongs to its environment alone.
 */

const path = require('node:path');
const { CheckingDriver } = require('./checking-driver.js');
const { checkKey, checkText, stringify } = require('./check.js');
const { checkRevision, NativeDriver } = require('./driver.js');
const { CorruptError, DatastoreError } = require('./errors.js');
const { KeyOrder } = require('./key-order.js');
const { Progress } = require('./loading.js');
const { Once } = require('./once.js');
const { UnderWay } = require('./under-way.js');

const SUFFIX = '.json';

/** So many names are told in a load report, as by the engine. */
const NAMES_TOLD = 1_000;

/** Files read at the same time while loading. */
const READERS = 16;

class FileSystemDriver extends CheckingDriver {
    loadReport = null;
    progress = new Progress();
    #memory;
    #order = new KeyOrder();
    #underWay = new UnderWay();
    #directory;
    #fileSystem;
    #load = new Once(() => this.#startLoad());
    #loaded = false;

    /** @param {{ cacheSize?: number, collation?: string }} [ofMemory] nobody remembers the collation here */
    constructor(directory, fileSystem, ofMemory = {}) {
        super();
        this.#memory = new NativeDriver({ durability: 'none', ...ofMemory });
        this.#directory = directory;
        this.#fileSystem = fileSystem;
    }

    get loaded() {
        return this.#loaded;
    }

    load() {
        return this.#load.run();
    }

    async #startLoad() {
        const started = performance.now();
        const entries = await this.#fileSystem.readDocumentDirectory(this.#directory);
        const names = Array.from(entries, (entry) => (typeof entry === 'string' ? entry : entry.name));
        const keys = names.map(keyOf).filter((key) => key !== null);
        const texts = new Map();
        const bad = [];
        const waiting = keys.values();
        let done = 0;
        this.progress.begin();
        const reader = async () => {
            for (const key of waiting) {
                await this.#read(key, texts, bad);
                done += 1;
                this.progress.tell(done, keys.length);
            }
        };
        await Promise.all(Array.from({ length: READERS }, reader));
        if (bad.length > 0) {
            const [{ file, reason }] = bad;
            throw new CorruptError(`${bad.length} bad file(s) in the data directory: '${file}' ${reason}`, {
                files: bad,
            });
        }
        await this.#memory.load();
        await Promise.all(Array.from(texts, ([key, text]) => this.#memory.put(key, text)));
        const ignored = names.filter((name) => keyOf(name) === null);
        this.loadReport = {
            documents: texts.size,
            ignored: ignored.length,
            quarantined: 0,
            recovered: 0,
            milliseconds: performance.now() - started,
            ignoredFiles: ignored.slice(0, NAMES_TOLD),
            quarantinedFiles: [],
        };
        this.#loaded = true;
    }

    async #read(key, texts, bad) {
        try {
            const document = await this.#fileSystem.readDocumentFile(this.#pathOf(key));
            const text = stringify(document, key);
            checkText(text);
            texts.set(key, text);
        } catch (error) {
            if (error?.code !== 'ASSERTION' && !(error instanceof SyntaxError)) {
                throw error;
            }
            bad.push({ file: `${encodeURIComponent(key)}${SUFFIX}`, reason: error.message });
        }
    }

    get(key) {
        return this.#readable().get(key);
    }

    fetch(key) {
        return this.get(key);
    }

    version(key) {
        return this.#memory.sequenceOf(key);
    }

    getMany(keys) {
        return this.#readable().getMany(keys);
    }

    set(key, text, conditions) {
        return this.#run(key, () => super.set(key, text, conditions));
    }

    delete(key, conditions) {
        return this.#run(key, () => super.delete(key, conditions));
    }

    insert(key, text, options) {
        return this.#run(key, () => super.insert(key, text, options));
    }

    put(key, text) {
        const { _rev, ...members } = JSON.parse(text);
        checkRevision(_rev, key);
        return this.#run(key, () => this.place(key, { _rev: _rev ?? 0, ...members }));
    }

    async place(key, document) {
        const text = JSON.stringify(document);
        // What memory would refuse must not reach the file system.
        checkText(text);
        await this.#fileSystem.writeDocumentFile(this.#pathOf(key), document);
        return this.#memory.put(key, text);
    }

    async remove(key) {
        await this.#fileSystem.removeDocumentFile(this.#pathOf(key));
        await this.#memory.delete(key, { rule: 'ignored' });
    }

    queryKeys(query) {
        return this.#readable().queryKeys(query);
    }

    walk(query) {
        return this.#readable().walk(query);
    }

    backup(destination, options) {
        return this.#readable().backup(destination, options);
    }

    find(query) {
        return this.#readable().find(query);
    }

    setView(id, source) {
        if (source?.unique === true) {
            // A file that breaks the rule would be written before memory could refuse it.
            throw new DatastoreError('a unique view takes the engine in Rust; a custom file system cannot keep it', {
                code: 'UNSUPPORTED',
            });
        }
        this.#memory.setView(id, source);
    }

    hasView(id) {
        return this.#memory.hasView(id);
    }

    queryView(id, query) {
        return this.#readable().queryView(id, query);
    }

    queryViewNow(id, query) {
        return this.#readable().queryViewNow(id, query);
    }

    buildView(id, options) {
        return this.#readable().buildView(id, options);
    }

    deleteView(id) {
        return this.#readable().deleteView(id);
    }

    stats() {
        return this.#memory.stats();
    }

    watch(emitter) {
        this.#memory.watch(emitter);
    }

    async close() {
        await this.#underWay.settled();
        await this.#memory.close();
        this.#load.forget();
    }

    /** The documents, once all of them are there. */
    #readable() {
        if (!this.#loaded) {
            throw new DatastoreError('the datastore is not loaded yet', { code: 'NOT_LOADED' });
        }
        return this.#memory;
    }

    #run(key, write) {
        return this.#underWay.run(() => this.#order.run({ keys: [key], alone: true }, write));
    }

    #pathOf(key) {
        return path.join(this.#directory, `${encodeURIComponent(key)}${SUFFIX}`);
    }
}

/** The key of a file's name, or `null` where it is no document's. */
function keyOf(name) {
    if (typeof name !== 'string' || !name.endsWith(SUFFIX)) {
        return null;
    }
    const encoded = name.slice(0, -SUFFIX.length);
    try {
        const key = decodeURIComponent(encoded);
        return encodeURIComponent(key) === encoded ? checkKey(key) : null;
    } catch {
        return null;
    }
}

module.exports = { FileSystemDriver };
