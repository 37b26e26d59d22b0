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
    /** Those that were replaced or deleted while somebody waited for them. */
    #leaving = [];

    constructor(store) {
        this.#store = store;
    }

    /** Registers a view; one of the same id is replaced and built anew. */
    set(id, source) {
        checkViewId(id);
        if (source === null || typeof source !== 'object' || Array.isArray(source)) {
            throw new AssertionError(`a view is an object with a map function, not ${show(source)}`, { viewId: id });
        }
        // An object of a class may keep whatever it likes beside its map function.
        const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(source));
        const { map, onError } = checkOptions(isPlain ? source : pick(source), SOURCE, 'setView');
        if (map === undefined) {
            throw new AssertionError('a view has a map function', { viewId: id });
        }
        const view = new View(this.#store, id, { map: map.bind(source), onError });
        this.#retire(this.#views.get(id));
        this.#views.set(id, view);
    }

    /** Forgets a view; who waits for it gets his answer still. Tells whether there was one. */
    delete(id) {
        this.#retire(this.#views.get(checkViewId(id)));
        return this.#views.delete(id);
    }

    has(id) {
        return this.#views.has(checkViewId(id));
    }

    /** @param {import('./query.js').Query} query */
    query(id, query) {
        return this.#get(id).query(query);
    }

    /** @param {import('./query.js').Query} query */
    queryNow(id, query) {
        return this.#get(id).queryNow(query);
    }

    /** @param {import('./query.js').BuildOptions} options */
    build(id, options) {
        return this.#get(id).build(options);
    }

    stats() {
        return Object.fromEntries([...this.#views].map(([id, view]) => [id, view.stats()]));
    }

    /** Nobody gets an answer any more. */
    close() {
        for (const view of [...this.#leaving, ...this.#views.values()]) {
            view.close();
        }
    }

    #retire(view) {
        if (view !== undefined) {
            view.drop();
            this.#leaving = [...this.#leaving, view].filter(({ isGone }) => !isGone);
        }
    }

    #get(id) {
        const view = this.#views.get(checkViewId(id));
        if (view === undefined) {
            throw new NotFoundError(`there is no view ${show(id)}`, { viewId: id });
        }
        return view;
    }
}

function pick({ map, onError }) {
    return { map, onError };
}

module.exports = { Views };
