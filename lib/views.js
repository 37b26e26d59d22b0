'use strict';

/** The views of one store, by id. */

const { checkOptions, checkViewId, func, oneOf, show } = require('./check.js');
const { AssertionError, NotFoundError } = require('./errors.js');
const { View } = require('./view.js');

const SOURCE = { map: func, onError: oneOf('error', 'skip') };

class Views {
    #store;
    /** Registered before the store is loaded, a view has no rows yet and needs none. */
    #views = new Map();

    constructor(store) {
        this.#store = store;
    }

    /** Registers a view; one of the same id is replaced and built anew. */
    set(id, source) {
        checkViewId(id);
        if (source === null || typeof source !== 'object' || Array.isArray(source)) {
            throw new AssertionError(`a view is an object with a map function, not ${show(source)}`, { viewId: id });
        }
        const { map, onError } = source;
        checkOptions({ map, onError }, SOURCE, 'setView');
        for (const name of Object.keys(source)) {
            if (!Object.hasOwn(SOURCE, name)) {
                throw new AssertionError(`a view has no member ${show(name)}`, { viewId: id });
            }
        }
        if (map === undefined) {
            throw new AssertionError('a view has a map function', { viewId: id });
        }
        const view = new View(this.#store, id, source);
        this.#views.get(id)?.drop();
        this.#views.set(id, view);
    }

    has(id) {
        return this.#views.has(checkViewId(id));
    }

    /** @param {import('./query.js').Query} query */
    query(id, query) {
        const view = this.#views.get(checkViewId(id));
        if (view === undefined) {
            throw new NotFoundError(`there is no view ${show(id)}`, { viewId: id });
        }
        return view.query(query);
    }

    stats() {
        return Object.fromEntries([...this.#views].map(([id, view]) => [id, view.stats()]));
    }
}

module.exports = { Views };
