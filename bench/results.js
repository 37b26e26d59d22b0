'use strict';

/**
 * What has been measured, a line of JSON for each cell: its name, the store, the number of documents, the values of the
 * runs and their unit, what else the workload tells of a run, the date, and the machine.
 */

const fs = require('node:fs');

class Results {
    /** The cells so far. */
    lines = [];
    #file;
    #machine;

    /**
     * @param {object} machine what `machine.js` tells
     * @param {string} [file] where each line is appended as soon as it is known; what it held before is lost
     */
    constructor(machine, file) {
        this.#machine = machine;
        this.#file = file;
        if (file !== undefined) {
            fs.writeFileSync(file, '');
        }
    }

    add(result) {
        const line = { ...result, date: new Date().toISOString(), machine: this.#machine };
        this.lines.push(line);
        if (this.#file !== undefined) {
            fs.appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
        }
    }
}

/** The lines of a file; of two that name the same cell the later one. One that was cut off at the end is left out. */
function read(file) {
    const cells = new Map();
    for (const text of fs.readFileSync(file, 'utf8').split('\n')) {
        if (text.endsWith('}')) {
            const line = JSON.parse(text);
            cells.set([line.cell, line.store, line.documents].join(), line);
        }
    }
    return [...cells.values()];
}

/** The cell with these properties, or `undefined`. */
function cellOf(lines, { cell, store, documents }) {
    return lines.find((line) => {
        return line.cell === cell && line.store === store && (documents === undefined || line.documents === documents);
    });
}

module.exports = { Results, cellOf, read };
