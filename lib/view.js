'use strict';

/**
 * A view: a map function of the user's, and its rows on the native side.
 *
 * A query maps only what changed since the last one. Documents come in chunks as one JSON text, rows go back as lines.
 */

const binding = require('./native.js');
const { show } = require('./check.js');
const { AssertionError, ViewMapError, fromNative, native } = require('./errors.js');
const { inOrder } = require('./query.js');

/** A chunk is at most so many documents, and ends after so many bytes of text. */
const CHUNK_DOCUMENTS = 500;
const CHUNK_BYTES = 1 << 20;

/** In place of rows: the document is left out. */
const SKIPPED = '-';

class View {
    #store;
    #number;
    #id;
    #map;
    #skipsErrors;
    #building = false;
    #dropped = false;

    /**
     * @param {import('./store.js').Store} store
     * @param {string} id
     * @param {{ map: Function, onError?: 'error' | 'skip', collation?: string }} source checked already
     */
    constructor(store, id, source) {
        this.#store = store;
        this.#id = id;
        this.#map = source.map;
        this.#skipsErrors = source.onError === 'skip';
        this.#number = native(() => binding.viewCreate(store.number, source.collation));
    }

    /**
     * Answers for the moment of the call.
     *
     * @param {import('./query.js').Query} query
     */
    query(query) {
        if (this.#building) {
            throw new AssertionError(`the view ${show(this.#id)} is queried from inside its own map function`, {
                viewId: this.#id,
            });
        }
        const [store, view] = [this.#store.number, this.#number];
        this.#building = true;
        try {
            native(() => binding.viewAim(store, view));
            this.#build();
            return JSON.parse(native(() => binding.viewQuery(store, view, ...inOrder(query))));
        } finally {
            this.#building = false;
            if (this.#dropped) {
                this.drop();
            } else {
                native(() => binding.viewRelease(store, view));
            }
        }
    }

    /** `{ rows, skipped, sequence }` */
    stats() {
        const [rows, skipped, sequence] = native(() => binding.viewStats(this.#store.number, this.#number));
        return { rows, skipped, sequence };
    }

    /** Gives the rows back; a query under way, whose map function replaced the view, ends first. */
    drop() {
        this.#dropped = true;
        if (this.#building) {
            return;
        }
        native(() => binding.viewDrop(this.#store.number, this.#number));
    }

    /** Maps what changed up to the moment aimed at. */
    #build() {
        const [store, view] = [this.#store.number, this.#number];
        for (;;) {
            const chunk = native(() => binding.viewChunk(store, view, CHUNK_DOCUMENTS, CHUNK_BYTES));
            if (chunk === null) {
                return;
            }
            this.#apply(JSON.parse(chunk).map((document, index) => this.#mapOne(document, index)));
        }
    }

    /** Hands over what the documents of a chunk emitted; a document whose rows cannot be stored failed, too. */
    #apply(emitted) {
        for (;;) {
            try {
                binding.viewApply(this.#store.number, this.#number, `${emitted.join('\n')}\n`);
                return;
            } catch (facts) {
                const cause = fromNative(facts);
                const index = emitted.findIndex((_, place) => this.#keyOf(place) === cause.key);
                if (index === -1) {
                    throw cause;
                }
                emitted[index] = this.#failed(index, cause);
            }
        }
    }

    /** What one document emitted, as lines. */
    #mapOne(document, index) {
        const rows = [];
        try {
            this.#collect(document, rows);
            return rows.length === 0 ? '0' : `${rows.length / 2}\n${rows.join('\n')}`;
        } catch (cause) {
            return this.#failed(index, cause);
        }
    }

    /** The line of a document that is left out; throws where the view does not say so. */
    #failed(index, cause) {
        if (this.#skipsErrors) {
            return SKIPPED;
        }
        throw this.#mapError(this.#keyOf(index), cause);
    }

    /** The key of a document of the current chunk. */
    #keyOf(index) {
        return binding.viewChunkKey(this.#store.number, this.#number, index);
    }

    #collect(document, rows) {
        let isOpen = true;
        let obstacle;
        const emit = (key, value) => {
            if (!isOpen) {
                throw new AssertionError(
                    `emit of the view ${show(this.#id)} was called after its map function returned`,
                );
            }
            try {
                rows.push(rowText(key ?? null, 'key'), value === undefined ? '' : rowText(value, 'value'));
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

    #mapError(key, cause) {
        const reason = cause instanceof Error ? cause.message : show(cause);
        return new ViewMapError(`the map function of the view ${show(this.#id)} failed for ${show(key)}: ${reason}`, {
            viewId: this.#id,
            key,
            cause,
        });
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

module.exports = { View };
