'use strict';

/** The views of one store, by id. */

const { checkOptions, checkViewId, func, oneOf, show } = require('./check.js');
const { collation } = require('./collation.js');
const { AssertionError, NotFoundError } = require('./errors.js');
const { View } = require('./view.js');

const SOURCE = { map: func, onError: oneOf('error', 'skip'), collation };

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
        // An object of a class may keep whatever it likes beside its map function.
        const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(source));
        const { map, ...options } = checkOptions(isPlain ? source : pick(source), SOURCE, 'setView');
        if (map === undefined) {
            throw new AssertionError('a view has a map function', { viewId: id });
        }
        const view = new View(this.#store, id, { ...options, map: map.bind(source) });
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

function pick(source) {
    return Object.fromEntries(Object.keys(SOURCE).map((name) => [name, source[name]]));
}

module.exports = { Views };
