'use strict';

/** A view's map function: running it over documents, and what they emit. */

const { show } = require('./check.js');
const { AssertionError } = require('./errors.js');
const { SCHEMA_KEY } = require('./schema-version.js');

/** In place of rows: the document is left out. */
const SKIPPED = '-';

class MapFunction {
    /** Whether it runs at this very moment: what is called now is called from inside of it. */
    isRunning = false;
    #viewId;
    #map;
    #skipsErrors;

    /**
     * @param {string} viewId for messages
     * @param {{ map: Function, onError?: 'error' | 'skip' }} source
     */
    constructor(viewId, { map, onError }) {
        this.#viewId = viewId;
        this.#map = map;
        this.#skipsErrors = onError === 'skip';
    }

    /**
     * Maps documents until the time is over, or one fails, but always one.
     *
     * @param {object[]} documents of their own
     * @param {number} until a moment of `performance.now()`
     */
    run(documents, until) {
        const emissions = new Emissions(this.#skipsErrors);
        this.isRunning = true;
        try {
            for (const document of documents) {
                emissions.add((lines) => this.#collect(document, lines));
                if (emissions.failure !== null || performance.now() >= until) {
                    break;
                }
            }
        } finally {
            this.isRunning = false;
        }
        return emissions;
    }

    #collect(document, lines) {
        if (document[SCHEMA_KEY] !== undefined) {
            // Ours, and not what the map function was written for.
            return;
        }
        let isOpen = true;
        let obstacle;
        const emit = (key, value) => {
            if (!isOpen) {
                throw new AssertionError(
                    `emit of the view ${show(this.#viewId)} was called after its map function returned`,
                );
            }
            try {
                lines.push(rowText(key ?? null, 'key'), value === undefined ? '' : rowText(value, 'value'));
            } catch (error) {
                // Told even where the map function catches it: a row that is silently missing helps nobody.
                obstacle ??= { error };
                throw error;
            }
        };
        let returned;
        try {
            returned = this.#map(document, emit);
        } finally {
            isOpen = false;
        }
        if (typeof returned?.then === 'function') {
            Promise.resolve(returned).catch(() => {});
            throw new AssertionError('a map function must not return a promise: emit before it returns');
        }
        if (obstacle !== undefined) {
            throw obstacle.error;
        }
    }
}

/** What the first documents of a chunk emitted, as the lines in which it crosses (`src/node/view/build.rs`). */
class Emissions {
    /** The document that failed, where that ends the build: `{ index, cause }`. */
    failure = null;
    #skipsErrors;
    #lines = [];
    /** Where each document's lines begin. */
    #starts = [];

    constructor(skipsErrors) {
        this.#skipsErrors = skipsErrors;
    }

    /** How many documents there are. */
    get count() {
        return this.#starts.length;
    }

    /** All of it, as text. */
    text() {
        return `${this.#lines.join('\n')}\n`;
    }

    /** Adds the next document; `collect` pushes two lines a row. */
    add(collect) {
        const lines = this.#lines;
        const start = lines.length;
        this.#starts.push(start);
        lines.push('');
        try {
            collect(lines);
            lines[start] = String((lines.length - start - 1) / 2);
        } catch (cause) {
            this.fail(this.count - 1, cause);
        }
    }

    /** A document failed: it is left out, or nothing from there on counts. */
    fail(index, cause) {
        const start = this.#starts[index];
        if (!this.#skipsErrors) {
            this.#lines.length = start;
            this.#starts.length = index;
            this.failure = { index, cause };
            return;
        }
        const length = (this.#starts[index + 1] ?? this.#lines.length) - start;
        this.#lines.splice(start, length, SKIPPED);
        for (let later = index + 1; later < this.#starts.length; later += 1) {
            this.#starts[later] -= length - 1;
        }
    }
}

/** The JSON of what was emitted; throws where JSON cannot hold it. */
function rowText(value, part) {
    const json = JSON.stringify(value);
    if (json === undefined) {
        throw new AssertionError(`the emitted ${part} is ${show(value)}, which JSON cannot hold`);
    }
    return json;
}

module.exports = { MapFunction };
