'use strict';

/** The views of one store, by id. */

const { checkOptions, checkViewId, func, oneOf, show } = require('./check.js');
const { DECLARATION, DeclaredView } = require('./declared-view.js');
const { AssertionError, NotFoundError } = require('./errors.js');
const { View } = require('./view.js');

const SOURCE = { map: func, onError: oneOf('error', 'skip') };

/** What a view may be made of: a map function, or a declaration. */
const KNOWN = { ...SOURCE, ...DECLARATION };

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
            throw new AssertionError(`a view is an object with a map function or a key, not ${show(source)}`, {
                viewId: id,
            });
        }
        // An object of a class may keep whatever it likes beside its map function.
        const isPlain = [Object.prototype, null].includes(Object.getPrototypeOf(source));
        const given = checkOptions(isPlain ? source : pick(source), KNOWN, 'setView');
        if ((given.map === undefined) === (given.key === undefined)) {
            throw new AssertionError('a view has a map function or a key, and not both', { viewId: id });
        }
        const view = given.map === undefined ? this.#declared(id, given) : this.#programmed(id, given, source);
        this.#retire(this.#views.get(id));
        this.#views.set(id, view);
    }

    /** Forgets a view; who waits for it gets his answer still. Tells whether there was one. */
    delete(id) {
        this.#retire(this.#views.get(checkViewId(id)));
        return this.#views.delete(id);
    }

    #declared(id, given) {
        const { map: _, onError, ...declaration } = given;
        if (onError !== undefined) {
            throw new AssertionError('onError goes with a map function', { viewId: id });
        }
        return new DeclaredView(this.#store, id, declaration);
    }

    #programmed(id, given, source) {
        const { map, onError, ...declaration } = given;
        const [name] = Object.keys(declaration);
        if (name !== undefined) {
            throw new AssertionError(`${name} goes with a key, not with a map function`, { viewId: id });
        }
        return new View(this.#store, id, { map: map.bind(source), onError });
    }

    has(id) {
        return this.#views.has(checkViewId(id));
    }

    /** @param {import('./query.js').Query} query */
    query(id, query) {
        return this.#get(id).query(query);
    }

    /** Answers at once, however long the build takes. */
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

function pick(source) {
    return Object.fromEntries(Object.keys(KNOWN).map((name) => [name, source[name]]));
}

module.exports = { Views };
