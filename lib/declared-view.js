'use strict';

/** A declarative view: rows that the engine makes by itself, without JavaScript. */

const binding = require('./native.js');
const { boolean } = require('./check.js');
const { collation } = require('./collation.js');
const { parsed } = require('./decoder.js');
const { AssertionError, native } = require('./errors.js');
const { inOrder } = require('./query.js');
const { Reduce, reduceOption } = require('./reduce.js');
const { exactJson, whereText } = require('./where.js');

/** Checked by the engine, which tells by name what is wrong. */
const asIs = (value) => value;

/** What a declaration is made of. */
const DECLARATION = {
    where: asIs,
    key: asIs,
    each: asIs,
    value: asIs,
    reduce: reduceOption,
    unique: boolean,
    collation,
};

class DeclaredView {
    /** Whoever waits for it is answered without it. */
    isGone = true;
    /** What the engine has to keep and enforce, as JSON; `null` where the view is not unique. */
    unique;
    #store;
    #number;
    #reduce;
    #pending = 0;

    /**
     * @param {import('./store.js').Store} store
     * @param {string} id
     * @param {Record<keyof typeof DECLARATION, unknown>} declaration
     */
    constructor(store, id, declaration) {
        this.#store = store;
        const text = textOf(declaration);
        this.#number = registered(store, id, text);
        this.#reduce = new Reduce(store, id, declaration.reduce);
        this.unique = declaration.unique === true ? text : null;
    }

    /**
     * Answers for the moment of the call: at once where little has changed, else by a promise.
     *
     * @param {import('./query.js').Query} query
     */
    query(query) {
        this.#reduce.check(query);
        const { signal, onProgress } = query;
        const flags = this.#store.flagsFor(query);
        const page = (ticket) => this.#page(ticket, onProgress !== undefined, query, flags);
        if (!query.reduce) {
            const read = (text) => this.#store.page(text, flags);
            return this.#call(page, { signal, onProgress, read });
        }
        const discard = (begun) => this.#reduce.discard(begun);
        const begun = this.#reduce.begin(() => this.#call(page, { signal, onProgress, discard }));
        return this.#reduce.finishInTurns(begun, signal);
    }

    /** Answers at once, however long that takes. */
    queryNow(query) {
        this.#reduce.check(query);
        const flags = this.#store.flagsFor(query);
        const ask = () => native(() => this.#page(0, false, query, flags));
        if (!query.reduce) {
            return this.#store.page(ask(), flags);
        }
        const text = this.#reduce.begin(ask);
        return this.#reduce.finish(parsed(text));
    }

    /** Brings the rows to the present moment. Resolves to `{ rows, skipped, sequence, duplicates }`. */
    async build({ signal, onProgress } = {}) {
        const [store, view] = [this.#store.number, this.#number];
        const start = (ticket) => binding.declaredBuild(store, view, ticket, onProgress !== undefined);
        const { rows, sequence } = await this.#call(start, { signal, onProgress });
        return { rows, skipped: 0, sequence, duplicates: [] };
    }

    /** `{ rows, skipped, sequence, building, pending }` */
    stats() {
        const [rows, sequence] = native(() => binding.declaredStats(this.#store.number, this.#number));
        return { rows, skipped: 0, sequence, building: this.#pending > 0, pending: this.#pending };
    }

    /** What was asked is answered by the engine, when that ends. */
    close() {}

    /** Gives the rows back. What was asked before is answered all the same. */
    drop() {
        native(() => binding.undeclare(this.#store.number, this.#number));
    }

    #call(start, options) {
        const answer = this.#store.call(start, options);
        if (answer instanceof Promise) {
            this.#pending += 1;
            const settled = () => {
                this.#pending -= 1;
            };
            answer.then(settled, settled);
        }
        return answer;
    }

    #page(ticket, isFollowed, query, flags) {
        const given = query.reduce ? this.#reduce.inOrder(query) : inOrder(query, flags);
        return binding.declaredQuery(this.#store.number, this.#number, ticket, isFollowed, ...given);
    }
}

/** A declaration as the engine reads it. */
function textOf({ where, reduce, collation: order, ...declaration }) {
    const members = [];
    if (where !== undefined) {
        members.push(`"where":${whereText(where)}`);
    }
    // A reduce function stays here.
    if (reduce !== undefined && typeof reduce !== 'function') {
        members.push(`"reduce":${exactJson(reduce, 'reduce')}`);
    }
    if (order !== undefined) {
        members.push(`"collation":${order}`);
    }
    for (const [name, value] of Object.entries(declaration)) {
        members.push(`"${name}":${exactJson(value, name)}`);
    }
    return `{${members.join(',')}}`;
}

/** The native number of a view that was registered. */
function registered(store, id, text) {
    try {
        return native(() => binding.declare(store.number, id, text));
    } catch (error) {
        throw error.code === 'ASSERTION' ? new AssertionError(`setView: ${error.message}`, { viewId: id }) : error;
    }
}

module.exports = { DECLARATION, DeclaredView };
