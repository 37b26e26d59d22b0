'use strict';

/**
 * The writes of the crash test's child. Each call tells first which writes it is about to submit, so that none can be on
 * the disk of which the parent does not know.
 *
 * @typedef {object} Session
 * @property {import('../../index.js').Datastore} store
 * @property {import('./dice.js').Dice} dice
 * @property {number} largest characters of a document's text
 * @property {number} spread how many keys there are to choose from
 * @property {() => number} nextId
 * @property {(kind: string, writes: [id: number, key: number, deletes: boolean][], synced?: boolean) => void} intend
 */

const { documentOf, keys } = require('./documents.js');

/** Tells what a call will write, and what it asks for, now and then. */
function announce(session, kind, writes) {
    const synced = session.dice.chance(0.03);
    session.intend(kind, writes, synced);
    return synced ? { durability: 'full' } : {};
}

function setOf(session, key) {
    const id = session.nextId();
    return { id, key, document: documentOf(id, key, session.largest) };
}

function writeOf({ id, key, document }) {
    return [id, key, document === undefined];
}

/** A key; some are much in demand. */
function anyKey({ dice, spread }) {
    return dice.chance(0.3) ? dice.between(0, Math.min(7, spread - 1)) : dice.between(0, spread - 1);
}

/** Sets and deletions of several different keys. */
function severalOf(session, share) {
    const { dice, spread } = session;
    const chosen = dice.distinct(dice.between(2, 20), spread);
    return chosen.map((key) => (dice.chance(share) ? { id: session.nextId(), key } : setOf(session, key)));
}

const CALLS = {
    async set(session) {
        const { id, key, document } = setOf(session, anyKey(session));
        const level = announce(session, 'set', [[id, key, false]]);
        return [await session.store.setItem(keys[key], document, level)];
    },

    async update(session) {
        const { id, key, document } = setOf(session, anyKey(session));
        const level = announce(session, 'update', [[id, key, false]]);
        const pause = session.dice.chance(0.3);
        const update = async (current) => {
            if (pause) {
                await new Promise(setImmediate);
            }
            return { ...document, ...(current && { _rev: current._rev }) };
        };
        return [await session.store.updateItem(keys[key], update, level)];
    },

    async delete(session) {
        const [id, key] = [session.nextId(), anyKey(session)];
        const level = announce(session, 'delete', [[id, key, true]]);
        await session.store.deleteItem(keys[key], level);
        return [null];
    },

    /** Is refused. */
    async stale(session) {
        const { id, key, document } = setOf(session, anyKey(session));
        session.intend('stale', [[id, key, false]]);
        const stored = await session.store.setItem(keys[key], { ...document, _rev: 1e9 });
        // Where nothing is stored any revision will do.
        return [stored];
    },

    async setItems(session) {
        const sets = severalOf(session, 0);
        const level = announce(session, 'setItems', sets.map(writeOf));
        return session.store.setItems(
            sets.map(({ key, document }) => [keys[key], document]),
            level,
        );
    },

    async deleteItems(session) {
        const deletions = severalOf(session, 1);
        const level = announce(session, 'deleteItems', deletions.map(writeOf));
        await session.store.deleteItems(
            deletions.map(({ key }) => keys[key]),
            level,
        );
        return deletions.map(() => null);
    },

    async batch(session) {
        const steps = severalOf(session, 0.3);
        const level = announce(session, 'batch', steps.map(writeOf));
        const operations = steps.map(({ key, document }) => {
            return document ? { type: 'set', key: keys[key], document } : { type: 'delete', key: keys[key] };
        });
        const results = await session.store.batch(operations, level);
        return results.map((result) => result.document);
    },

    /** Reads what it writes, and some more. */
    async transaction(session) {
        const steps = severalOf(session, 0.2).slice(0, 5);
        const level = announce(session, 'transaction', steps.map(writeOf));
        return session.store.transaction(async (tx) => {
            await tx.getItem(keys[anyKey(session)]);
            const results = [];
            for (const { key, document } of steps) {
                const id = keys[key];
                results.push(document ? await tx.setItem(id, document) : await tx.deleteItem(id).then(() => null));
            }
            return results;
        }, level);
    },

    /** Throws when it has written. */
    async rollback(session) {
        const steps = severalOf(session, 0.2).slice(0, 5);
        session.intend('rollback', steps.map(writeOf));
        return session.store.transaction(async (tx) => {
            for (const { key, document } of steps) {
                await (document ? tx.setItem(keys[key], document) : tx.deleteItem(keys[key]));
            }
            throw Object.assign(new Error('rolled back'), { code: 'CONFLICT' });
        });
    },

    async flush(session) {
        session.intend('flush', []);
        await session.store.flush();
        return [];
    },
};

/** How often each is called, in a hundred. */
const SHARES = {
    set: 38,
    update: 20,
    delete: 12,
    stale: 2,
    setItems: 8,
    deleteItems: 2,
    batch: 8,
    transaction: 7,
    rollback: 2,
    flush: 1,
};

const DRAWN = Object.entries(SHARES).flatMap(([kind, share]) => Array(share).fill(kind));

/** Makes one call of a random kind; resolves to the revisions that it made, `null` for those of deletions. */
async function makeCall(session) {
    const documents = await CALLS[session.dice.pick(DRAWN)](session);
    return documents.map((document) => document?._rev ?? null);
}

module.exports = { makeCall };
