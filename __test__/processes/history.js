'use strict';

/**
 * Random operations on a few documents, in the process, told as they are called and as they return, at descriptor 3:
 *
 *   ["call", id, key, { kind, value, expected }, moment]
 *   ["return", id, answer, moment]
 *
 * Moments are nanoseconds of the system's monotonic clock, which all processes of a machine share.
 */

const process = require('node:process');
const { Dice } = require('../crash/dice.js');
const { tell } = require('./report.js');

const RETRIES = 1_000_000;

function contentOf(document) {
    return document && { value: document.value, rev: document._rev };
}

const READS = {
    getItem: (store, key) => store.getItem(key),
    getItems: async (store, key) => (await store.getItems([key]))[0],
    transaction: (store, key) => store.transaction((tx) => tx.getItem(key)),
    async queryKeys(store, key) {
        const { items } = await store.queryKeys({ key, includeDocuments: true });
        return items[0]?.document ?? null;
    },
};

/** Each makes one operation, and resolves to its answer. */
const OPERATIONS = {
    async get(store, key, _operation, dice) {
        return contentOf(await READS[dice.pick(Object.keys(READS))](store, key));
    },

    async set(store, key, { value, expected }) {
        const { _rev } = await store.setItem(key, { value, ...(expected !== undefined && { _rev: expected }) });
        return { rev: _rev };
    },

    async update(store, key, { value }) {
        let saw;
        const update = (found) => {
            saw = contentOf(found);
            return { value };
        };
        const { _rev } = await store.updateItem(key, update, { retries: RETRIES });
        return { saw, rev: _rev };
    },

    async delete(store, key, { expected }) {
        await store.deleteItem(key, expected === undefined ? {} : { rev: expected });
        return {};
    },
};

/** What somebody does next, who has seen the document at a revision. */
function draw(dice, value, seen) {
    const kind = dice.pick(['get', 'get', 'set', 'set', 'update', 'delete']);
    const expected = seen !== null && dice.chance(0.7) ? seen : undefined;
    switch (kind) {
        case 'get':
            return { kind };
        case 'update':
            return { kind, value };
        case 'delete':
            return { kind, expected };
        default:
            return { kind, value, expected };
    }
}

async function answerOf(store, key, operation, dice) {
    try {
        return await OPERATIONS[operation.kind](store, key, operation, dice);
    } catch (error) {
        if (error.code !== 'CONFLICT') {
            throw error;
        }
        return { conflict: error.actualRev };
    }
}

/** So many operations, one after the other. */
async function lane(store, { label, keys, most }, dice) {
    const seen = new Map();
    for (let n = 0; n < most; n += 1) {
        const [id, key] = [`${label}.${n}`, dice.pick(keys)];
        const operation = draw(dice, id, seen.get(key) ?? null);
        tell('call', id, key, operation, String(process.hrtime.bigint()));
        const answer = await answerOf(store, key, operation, dice);
        tell('return', id, answer, String(process.hrtime.bigint()));
        seen.set(key, answer === null ? null : (answer.rev ?? answer.conflict ?? null));
    }
}

/** Plays in several lanes. */
async function play(store, { seed, label, inFlight, ...what }) {
    await Promise.all(
        Array.from({ length: inFlight }, (_, n) => {
            return lane(store, { ...what, label: `${label}/${n}` }, new Dice(seed + n));
        }),
    );
}

module.exports = { play };
