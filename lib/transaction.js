'use strict';

/** Transactions: what their functions are given, and how they are committed and run again. */

const { wasLost } = require('./answer.js');
const { boolean, checkKey, checkOptions, count, show, stringify } = require('./check.js');
const { AssertionError, NotFoundError } = require('./errors.js');
const { transactionQuery } = require('./query.js');
const { ruleOf } = require('./rule.js');
const { inside, isInsideUpdateOf, newTurn } = require('./update-context.js');

const OF_GET = { required: boolean };
const OF_SET = { checkConsistency: boolean };
const OF_DELETE = { rev: count };

/** What a transaction's function is given. It is over when that function has settled. */
class Transaction {
    #native;
    #turn;
    #requireRev;

    constructor(native, turn, requireRev) {
        this.#native = native;
        this.#turn = turn;
        this.#requireRev = requireRev;
    }

    async getItem(key, options) {
        const id = checkKey(key);
        const { required = false } = checkOptions(options, OF_GET, 'getItem');
        this.#checkRunning();
        const document = this.#native.get(id);
        if (document === null && required) {
            throw new NotFoundError(`there is no document ${show(id)}`, { key: id });
        }
        return document;
    }

    async setItem(key, document, options) {
        const id = checkKey(key);
        const { checkConsistency } = checkOptions(options, OF_SET, 'setItem');
        const text = stringify(document, id);
        this.#checkRunning();
        return this.#native.set(id, text, ruleOf(this.#requireRev, checkConsistency));
    }

    async deleteItem(key, options) {
        const id = checkKey(key);
        const { rev } = checkOptions(options, OF_DELETE, 'deleteItem');
        this.#checkRunning();
        this.#native.delete(id, ruleOf(this.#requireRev), rev);
        return key;
    }

    async queryKeys(options) {
        const query = transactionQuery(options);
        this.#checkRunning();
        return this.#native.queryKeys(query);
    }

    #checkRunning() {
        if (!this.#turn.running) {
            throw new AssertionError('the transaction is over');
        }
    }
}

/**
 * Runs a function in a transaction and commits that. Where somebody else has changed meanwhile what it read, the
 * function is run again in a new one.
 *
 * @param {import('./driver.js').NativeDriver} driver loaded
 * @param {(transaction: Transaction) => unknown} run
 * @param {{ owner: object, requireRev: boolean, retries: number, synced: boolean }} options
 */
async function transact(driver, run, { owner, requireRev, retries, synced }) {
    for (let attempt = 0; ; attempt += 1) {
        const turn = newTurn(owner);
        const native = driver.begin();
        try {
            const result = await inside(turn, () => run(new Transaction(native, turn, requireRev)));
            checkWritten(native.written, owner);
            const error = await lossOf(native.commit(synced));
            if (error === null) {
                return result;
            }
            if (attempt >= retries) {
                throw error;
            }
        } finally {
            native.end();
        }
    }
}

/** Runs a function in a transaction that is never committed. */
async function look(driver, run, owner) {
    const turn = newTurn(owner);
    const native = driver.begin();
    try {
        return await inside(turn, () => run(new Transaction(native, turn, false)));
    } finally {
        native.end();
    }
}

/** The error of a commit that came too late, `null` for one that was done. Any other error passes. */
async function lossOf(committed) {
    try {
        await committed;
        return null;
    } catch (error) {
        if (wasLost(error)) {
            return error;
        }
        throw error;
    }
}

/** An update around the transaction would lose to it, run again, and lose again. */
function checkWritten(keys, owner) {
    for (const key of keys) {
        if (isInsideUpdateOf(owner, key)) {
            throw new AssertionError(`the transaction writes ${show(key)} inside the update function of that key`, {
                key,
            });
        }
    }
}

module.exports = { look, transact };
