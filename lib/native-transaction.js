'use strict';

/** A transaction of the engine: a snapshot with changes of its own, by number. What goes in was checked. */

const { accepted } = require('./answer.js');
const binding = require('./native.js');
const { parsed } = require('./decoder.js');
const { native } = require('./errors.js');
const { inOrder } = require('./query.js');
const { DELETE, SET } = require('./rule.js');

const NONE = -1;

class NativeTransaction {
    #store;
    #id;
    #written = new Set();

    /** @param {import('./store.js').Store} store loaded */
    constructor(store) {
        this.#store = store;
        this.#id = native(() => binding.transactionBegin(store.number));
    }

    /** The keys of what it set or deleted. */
    get written() {
        return this.#written;
    }

    get(key) {
        return parsed(native(() => binding.transactionGet(this.#store.number, this.#id, key)));
    }

    /** The document as the transaction will commit it, its revision included. */
    set(key, text, rule) {
        this.#store.checkWritable({ key });
        const stored = native(() => binding.transactionSet(this.#store.number, this.#id, key, text, SET[rule], NONE));
        this.#written.add(key);
        return parsed(stored);
    }

    delete(key, rule, revision = NONE) {
        this.#store.checkWritable({ key });
        native(() => binding.transactionDelete(this.#store.number, this.#id, key, DELETE[rule], revision));
        this.#written.add(key);
    }

    /** @param {import('./query.js').Query} query */
    queryKeys(query) {
        const { number } = this.#store;
        return parsed(native(() => binding.transactionQueryKeys(number, this.#id, ...inOrder(query), query.total)));
    }

    /** Ends it. Rejects where something that it read has changed since, marked as lost. */
    async commit(synced) {
        accepted(await this.#store.commit(this.#id, synced));
    }

    /** Gives it up, where neither it nor its store has ended. */
    end() {
        native(() => binding.transactionEnd(this.#store.number, this.#id));
    }
}

module.exports = { NativeTransaction };
