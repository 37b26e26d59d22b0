'use strict';

/**
 * A log and nothing else: lines as long as this package's journal has, appended together and synced once, by synchronous
 * calls. What a group commit can cost at the least.
 */

const fs = require('node:fs');
const path = require('node:path');

/** Records to one write and one sync. */
const TOGETHER = 64;

class Log {
    #file;
    #waiting = [];
    #lines = [];
    #sequence = 0;

    constructor(directory) {
        this.#file = fs.openSync(path.join(directory, 'log.jsonl'), 'a');
    }

    setItem(key, document) {
        this.#sequence += 1;
        const s = this.#sequence;
        const val = JSON.stringify(document);
        const line = `{"s":${s},"k":"${key}","v":1,"d":false,"val":{"_rev":1,${val.slice(1)},"p":2746151105`;
        this.#lines.push(`${line},"e":1,"y":${s},"a":${s},"c":"7b6c4d35"}\n`);
        return new Promise((resolve) => {
            this.#waiting.push(resolve);
            if (this.#waiting.length === TOGETHER) {
                this.#commit();
            } else if (this.#waiting.length === 1) {
                // At the end of a run fewer are left.
                setImmediate(() => this.#commit());
            }
        });
    }

    #commit() {
        if (this.#waiting.length === 0) {
            return;
        }
        fs.writeSync(this.#file, this.#lines.join(''));
        fs.fdatasyncSync(this.#file);
        this.#lines = [];
        for (const resolve of this.#waiting.splice(0)) {
            resolve();
        }
    }

    async flush() {}

    async close() {
        fs.closeSync(this.#file);
    }
}

module.exports = {
    name: 'log',
    label: 'bare log',
    title: `a log, ${TOGETHER} records to one write and fdatasync`,
    durability: 'is in a log, synced',
    persists: true,
    async seed() {},
    open: async (directory) => new Log(directory),
};
