'use strict';

/**
 * Which views of a store are unique, on their way to the engine, which keeps and enforces that for every opener.
 *
 * What a view is said to be before the load, the engine is told with the load; whatever is written after that is checked.
 */

const { accepted } = require('./answer.js');

class Definitions {
    #store;
    /** By id, what is not known to be kept: not told yet, on its way, or failed. */
    #open = new Map();

    /** @param {import('./store.js').Store} store */
    constructor(store) {
        this.#store = store;
        store.whenLoaded(() => {
            for (const [id, definition] of this.#open) {
                this.#tell(id, definition);
            }
        });
    }

    /**
     * Says what the view of an id is from now on.
     *
     * @param {string} id
     * @param {string | null} declaration of a unique view, as JSON; `null` for any other
     */
    set(id, declaration) {
        if (!id.isWellFormed()) {
            // The engine would know it by another name; nothing was kept under this one.
            return Promise.resolve('false');
        }
        const definition = { declaration, settled: null, answer: null };
        this.#open.set(id, definition);
        return this.#store.loaded ? this.#tell(id, definition) : null;
    }

    /** Lets an id have no unique view, where the store is loaded. Resolves to whether it had one. */
    async forget(id) {
        return JSON.parse(accepted(await this.set(id, null)));
    }

    /** Throws where what a view is said to be could not be kept. A promise of that where it is not known yet, else `null`. */
    check(id) {
        const definition = this.#open.size === 0 ? undefined : this.#open.get(id);
        if (definition === undefined) {
            return null;
        }
        if (definition.answer !== null) {
            accepted(definition.answer);
        }
        return definition.settled === null ? null : definition.settled.then((answer) => void accepted(answer));
    }

    /** The values that several documents have in a view, if it is unique. */
    async duplicates(id) {
        return JSON.parse(accepted(await this.#store.duplicates(id)));
    }

    /** Resolves to the answer, a failure's facts included. */
    #tell(id, definition) {
        definition.settled = this.#store.defineUnique(id, definition.declaration).then((answer) => {
            definition.settled = null;
            if (typeof answer !== 'string') {
                definition.answer = answer;
            } else if (this.#open.get(id) === definition) {
                this.#open.delete(id);
            }
            return answer;
        });
        return definition.settled;
    }
}

module.exports = { Definitions };
