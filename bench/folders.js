'use strict';

/**
 * Where the documents lie. Nothing is deleted before the very end: on ext4, creating files after deleting many is an
 * order of magnitude slower. Workloads that write get a directory of their own; those that only read share one.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { bareFiles } = require('./probe.js');

class Folders {
    #root = fs.mkdtempSync(path.join(os.tmpdir(), 'kixx-bench-'));
    #shared = new Map();
    #probes = 0;
    #seed;

    /** @param {(store: object, directory: string, documents: number) => Promise<void>} seed fills a directory */
    constructor(seed) {
        this.#seed = seed;
    }

    /** A directory with documents, for one cell; `null` where the store needs none. */
    async prepare({ store, workload, documents }) {
        if (!store.persists) {
            return null;
        }
        const name = `${store.name}-${documents}-${workload.writes ? workload.name : 'read'}`;
        if (!this.#shared.has(name)) {
            const directory = path.join(this.#root, name);
            fs.mkdirSync(directory);
            await this.#seed(store, directory, documents);
            this.#shared.set(name, directory);
        }
        // What seeding and the cell before left unsynced is not this cell's to pay for.
        spawnSync('sync');
        return this.#shared.get(name);
    }

    /** What the file system takes just now. */
    probe() {
        this.#probes += 1;
        return bareFiles(path.join(this.#root, `probe-${this.#probes}`));
    }

    remove() {
        fs.rmSync(this.#root, { recursive: true, force: true });
    }
}

module.exports = { Folders };
