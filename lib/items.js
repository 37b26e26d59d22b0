'use strict';

/** Documents of one moment, one after the other, in constant memory. */

const binding = require('./native.js');
const { checkNotAborted, orAborted } = require('./abort.js');
const { native } = require('./errors.js');
const { inOrder } = require('./query.js');

/** A walk that nobody holds any more gives its moment back. */
const abandoned = new FinalizationRegistry(({ store, id }) => binding.walkEnd(store.number, id));

/** A range of keys at the moment in which the walk is made, some documents at a time. */
class Walk {
    #store;
    #id;

    /**
     * @param {import('./store.js').Store} store loaded
     * @param {import('./query.js').Query} query
     */
    constructor(store, query) {
        this.#store = store;
        this.#id = native(() => binding.walkBegin(store.number, ...inOrder(query)));
        abandoned.register(this, { store, id: this.#id }, this);
    }

    /** The JSON of the next documents with their keys, a line each; `null` where none is left. */
    next() {
        const lines = native(() => binding.walkNext(this.#store.number, this.#id));
        return lines === null ? null : lines.slice(0, -1).split('\n');
    }

    end() {
        abandoned.unregister(this);
        binding.walkEnd(this.#store.number, this.#id);
    }
}

/**
 * What `read` makes of each line. Nothing is begun before the first is asked for, and nothing is held when the last was
 * given or the consumer has left.
 *
 * @param {object} given
 * @param {() => Promise<void> | undefined} given.load what has to be waited for first
 * @param {() => Walk} given.begin
 * @param {() => void} given.check throws where nothing is to be read any more
 * @param {AbortSignal | undefined} given.signal
 * @param {(line: string) => unknown} given.read
 */
async function* walking({ load, begin, check, signal, read }) {
    check();
    checkNotAborted(signal);
    const loading = load();
    if (loading !== undefined) {
        await orAborted(signal, loading);
    }
    const walk = begin();
    try {
        for (let lines = walk.next(); lines !== null; lines = walk.next()) {
            for (const line of lines) {
                yield read(line);
                check();
                checkNotAborted(signal);
            }
        }
    } finally {
        walk.end();
    }
}

module.exports = { Walk, walking };
