'use strict';

/**
 * Which views of a store are unique, on their way to the engine, which keeps and enforces that for every opener.
 *
 * What a view is said to be before the load, the engine is told with the load; whatever is written after that is checked.
 */

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
        if (declaration === null && this.#store.isReadOnly) {
            // One that only reads takes nothing from the directory by what it calls its own views.
            this.#open.delete(id);
            return;
        }
        // The engine would know another id by the same name; under this one nothing was ever kept.
        if (id.isWellFormed()) {
            const definition = { declaration, kept: null, failure: null };
            this.#open.set(id, definition);
            if (this.#store.loaded) {
                this.#tell(id, definition);
            }
        }
    }

    /** Lets an id have no unique view, where the store is loaded. Resolves to whether it had one. */
    async forget(id) {
        this.set(id, null);
        return this.#open.get(id)?.kept ?? false;
    }

    /**
     * Throws where what a view is said to be could not be kept. Of a unique view for which that is not known yet a promise,
     * else `null`.
     */
    check(id) {
        const definition = this.#open.size === 0 ? undefined : this.#open.get(id);
        if (definition === undefined) {
            return null;
        }
        if (definition.failure !== null) {
            throw definition.failure;
        }
        return definition.declaration === null ? null : definition.kept;
    }

    /** The values that several documents have in a view, if it is unique. */
    duplicates(id) {
        return this.#store.duplicates(id);
    }

    #tell(id, definition) {
        const kept = this.#store.defineUnique(id, definition.declaration);
        const forget = () => {
            definition.kept = null;
            if (definition.failure === null && this.#open.get(id) === definition) {
                this.#open.delete(id);
            }
        };
        definition.kept = kept;
        kept.catch((error) => {
            definition.failure = error;
        }).then(forget);
    }
}

module.exports = { Definitions };
