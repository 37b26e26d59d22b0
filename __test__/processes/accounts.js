'use strict';

/** Amounts that are moved between accounts, and their sum, which each read has to find as it was; in the process. */

const { Dice } = require('../crash/dice.js');

const RETRIES = 1_000_000;

function keysOf(accounts) {
    return Array.from({ length: accounts }, (_, n) => `account:${n}`);
}

function after({ balance, ...account }, amount) {
    return { ...account, balance: balance + amount };
}

const MOVES = {
    transaction: (store, [from, to], amount) =>
        store.transaction(
            async (tx) => {
                await tx.setItem(from, after(await tx.getItem(from), -amount));
                await tx.setItem(to, after(await tx.getItem(to), amount));
            },
            { retries: RETRIES },
        ),

    /** By the revisions that come with the documents. */
    async batch(store, [from, to], amount) {
        for (;;) {
            const [one, other] = await store.getItems([from, to]);
            try {
                await store.batch([
                    { type: 'set', key: from, document: after(one, -amount) },
                    { type: 'set', key: to, document: after(other, amount) },
                ]);
                return;
            } catch (error) {
                if (error.code !== 'CONFLICT') {
                    throw error;
                }
            }
        }
    },
};

function sumOf(documents) {
    return documents.reduce((sum, { balance }) => sum + balance, 0);
}

async function reduced(store, id) {
    const { value } = await store.queryView(id, { reduce: true });
    return value;
}

const SUMS = {
    getItems: async (store, keys) => sumOf(await store.getItems(keys)),

    async queryKeys(store) {
        const { items } = await store.queryKeys({ prefix: 'account:', limit: Infinity, includeDocuments: true });
        return sumOf(items.map(({ document }) => document));
    },

    declared(store) {
        if (!store.hasView('declared sum')) {
            store.setView('declared sum', { key: 'kind', value: 'balance', reduce: '_sum' });
        }
        return reduced(store, 'declared sum');
    },

    mapped(store) {
        if (!store.hasView('mapped sum')) {
            store.setView('mapped sum', { map: ({ balance }, emit) => emit(null, balance), reduce: '_sum' });
        }
        return reduced(store, 'mapped sum');
    },

    async find(store) {
        const { items } = await store.find({ kind: 'account' }, { limit: Infinity });
        return sumOf(items.map(({ document }) => document));
    },

    async items(store) {
        let sum = 0;
        for await (const { document } of store.items({ prefix: 'account:' })) {
            sum += document.balance;
        }
        return sum;
    },

    transaction: (store, keys) =>
        store.transaction(
            async (tx) => {
                const documents = [];
                for (const key of keys) {
                    documents.push(await tx.getItem(key));
                }
                return sumOf(documents);
            },
            { retries: RETRIES },
        ),
};

/** Moves amounts so many times. Resolves to how often. */
async function move(store, { accounts, most, seed }) {
    const [dice, keys] = [new Dice(seed), keysOf(accounts)];
    for (let n = 0; n < most; n += 1) {
        const pair = dice.distinct(2, accounts).map((number) => keys[number]);
        await MOVES[dice.pick(Object.keys(MOVES))](store, pair, dice.between(1, 50));
    }
    return most;
}

/** Adds up so many times, in every way. Resolves to `[way, sum]`s that were not as expected. */
async function watch(store, { accounts, most, expected }) {
    const [wrong, keys] = [[], keysOf(accounts)];
    for (let n = 0; n < most; n += 1) {
        for (const [way, add] of Object.entries(SUMS)) {
            const sum = await add(store, keys);
            if (sum !== expected) {
                wrong.push([way, sum]);
            }
        }
    }
    return wrong;
}

module.exports = { keysOf, move, watch };
