'use strict';

/** The views of one store, by id. */

const { checkOptions, checkViewId, func, oneOf, show } = require('./check.js');
const { collation } = require('./collation.js');
const { Definitions } = require('./definitions.js');
const { DECLARATION, DeclaredView } = require('./declared-view.js');
const { AssertionError, NotFoundError } = require('./errors.js');
const { View } = require('./view.js');

const SOURCE = { map: func, onError: oneOf('error', 'skip'), collation };

/** What a view may be made of: a map function, or a declaration. */
const KNOWN = { ...SOURCE, ...DECLARATION };

class Views {
    #store;
    /** Registered before the store is loaded, a view has no rows yet and needs none. */
    #views = new Map();
    /** Those that were replaced or deleted while somebody waited for them. */
    #leaving = [];
    #definitions;

    constructor(store) {
        this.#store = store;
        this.#definitions = new Definitions(store);
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
        if (given.unique === true && !id.isWellFormed()) {
            throw new AssertionError('the id of a unique view has no lone surrogate', { viewId: id });
        }
        const view = given.map === undefined ? this.#declared(id, given, source) : this.#programmed(id, given, source);
        this.#retire(this.#views.get(id));
        this.#views.set(id, view);
        this.#definitions.set(id, view.unique ?? null);
    }

    /** Forgets a view, a unique one for every opener. The store is loaded. Resolves to whether there was one. */
    async delete(id) {
        checkViewId(id);
        if (this.#store.isReadOnly && id.isWellFormed()) {
            // Where the directory has a unique one of that id, this is refused before anything changes.
            await this.#store.defineUnique(id, null);
        }
        const view = this.#views.get(id);
        this.#views.delete(id);
        this.#retire(view);
        const wasUnique = await this.#definitions.forget(id);
        return view !== undefined || wasUnique;
    }

    #declared(id, given, source) {
        const { map: _, onError, ...declaration } = given;
        if (onError !== undefined) {
            throw new AssertionError('onError goes with a map function', { viewId: id });
        }
        return new DeclaredView(this.#store, id, { ...declaration, reduce: bound(declaration.reduce, source) });
    }

    #programmed(id, given, source) {
        const { map, onError, reduce, collation: order, ...declaration } = given;
        const [name] = Object.keys(declaration);
        if (name !== undefined) {
            throw new AssertionError(`${name} goes with a key, not with a map function`, { viewId: id });
        }
        const made = { map: map.bind(source), onError, reduce: bound(reduce, source), collation: order };
        return new View(this.#store, id, made);
    }

    has(id) {
        return this.#views.has(checkViewId(id));
    }

    /** @param {import('./query.js').Query} query */
    query(id, query) {
        return this.#onceKept(id, (view) => view.query(query));
    }

    /** Answers at once, however long the build takes. */
    queryNow(id, query) {
        const view = this.#get(id);
        this.#definitions.check(id);
        return view.queryNow(query);
    }

    /**
     * Brings a view forward. Resolves to what it holds then, and which values of a unique one several documents have.
     *
     * @param {import('./query.js').BuildOptions} options
     */
    async build(id, options) {
        const { unique } = this.#get(id);
        const report = await this.#onceKept(id, (view) => view.build(options));
        return typeof unique === 'string' ? { ...report, duplicates: await this.#definitions.duplicates(id) } : report;
    }

    /** What is asked of a view now; told when the view is known to be kept. */
    #onceKept(id, ask) {
        const view = this.#get(id);
        const kept = this.#definitions.check(id);
        return kept === null ? ask(view) : both(() => ask(view), kept);
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

/** What is asked now, told when `kept` has resolved. */
async function both(ask, kept) {
    const asked = new Promise((resolve) => {
        resolve(ask());
    });
    return (await Promise.all([asked, kept]))[0];
}

/** A reduce function, as a method of its source; the name of a built-in reduce as it is. */
function bound(reduce, source) {
    return typeof reduce === 'function' ? reduce.bind(source) : reduce;
}

function pick(source) {
    return Object.fromEntries(Object.keys(KNOWN).map((name) => [name, source[name]]));
}

module.exports = { Views };
