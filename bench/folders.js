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

/** From this number of documents on, cells that can do with written documents share them: filling takes minutes. */
const MANY = 500_000;

class Folders {
    #root;
    #keeps;
    #free;
    #shared = new Map();
    #probes = 0;
    #seed;

    /**
     * @param {(store: object, directory: string, documents: number, isLarge: boolean) => Promise<void>} seed fills a
     *   directory
     * @param {string} [folder] where a folder of this run is made, and kept
     */
    constructor(seed, folder) {
        this.#seed = seed;
        this.#keeps = folder !== undefined;
        fs.mkdirSync(folder ?? os.tmpdir(), { recursive: true });
        this.#root = fs.mkdtempSync(path.join(folder ?? os.tmpdir(), 'kixx-bench-'));
        this.#free = this.#freeBytes();
    }

    /** A directory with documents, for one cell or for one `run` of it; `null` where the store needs none. */
    async prepare({ store, workload, documents }, run = 0) {
        if (!store.persists) {
            return null;
        }
        const { name: by } = store.filledBy ?? store;
        const name = [by, documents, usersOf(workload, documents), run].join('-');
        if (!this.#shared.has(name)) {
            const directory = path.join(this.#root, name);
            fs.mkdirSync(directory);
            await this.#seed(store.filledBy ?? store, directory, documents, workload.isLarge);
            this.#shared.set(name, directory);
        }
        return this.#shared.get(name);
    }

    /** What filling them and the cells before left unsynced is not the next cell's to pay for. */
    settle() {
        spawnSync('sync');
    }

    /** What the file system takes just now. */
    probe() {
        this.#probes += 1;
        return bareFiles(path.join(this.#root, `probe-${this.#probes}`));
    }

    /** Gigabytes that are taken, by whatever was written to the file system meanwhile. */
    used() {
        return Math.max(0, this.#free - this.#freeBytes()) / 2 ** 30;
    }

    remove() {
        if (!this.#keeps) {
            fs.rmSync(this.#root, { recursive: true, force: true });
        }
    }

    #freeBytes() {
        const { bavail, bsize } = fs.statfsSync(this.#root);
        return bavail * bsize;
    }
}

/** Which cells work in the same directory. */
function usersOf({ name, writes, reuses, isLarge }, documents) {
    if (!writes) {
        return isLarge ? 'large' : 'read';
    }
    return reuses && documents >= MANY ? 'written' : name;
}

module.exports = { Folders };
