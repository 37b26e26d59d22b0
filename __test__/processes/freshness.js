'use strict';

/** Reading what another process has acknowledged, in every way in which it can be read; in the process. */

/** The only value of a list, or the list, which is then what is wrong. */
function only(list) {
    return list.length === 1 ? list[0] : list;
}

async function inView(store, id, key) {
    const { items } = await store.queryView(id, { key });
    return only(items.map(({ value }) => value));
}

/** Each resolves to the number that the document has. */
const READS = {
    getItem: async (store, name) => (await store.getItem(name)).n,
    getItems: async (store, name) => only(await store.getItems([name])).n,

    async queryKeys(store, name) {
        const { items } = await store.queryKeys({ key: name, includeDocuments: true });
        return only(items.map(({ document }) => document.n));
    },

    mapped(store, name) {
        if (!store.hasView('mapped')) {
            store.setView('mapped', { map: (document, emit) => emit(document.name, document.n) });
        }
        return inView(store, 'mapped', name);
    },

    declared(store, name) {
        if (!store.hasView('declared')) {
            store.setView('declared', { key: 'name', value: 'n' });
        }
        return inView(store, 'declared', name);
    },

    async find(store, name) {
        const { items } = await store.find({ name });
        return only(items.map(({ document }) => document.n));
    },

    findOne: async (store, name) => (await store.findOne({ name })).n,

    async items(store, name) {
        const found = [];
        for await (const { document } of store.items({ key: name })) {
            found.push(document.n);
        }
        return only(found);
    },

    async exportItems(store, name) {
        const found = [];
        for await (const line of store.exportItems({ key: name })) {
            found.push(JSON.parse(line).document.n);
        }
        return only(found);
    },

    transaction: (store, name) => store.transaction(async (tx) => (await tx.getItem(name)).n),

    async 'a range in a transaction'(store, name) {
        const { items } = await store.transaction((tx) => tx.queryKeys({ key: name, includeDocuments: true }));
        return only(items.map(({ document }) => document.n));
    },
};

/** Each stores a number. */
const WRITES = {
    setItem: (store, name, n) => store.setItem(name, { name, n }),
    updateItem: (store, name, n) => store.updateItem(name, (found) => ({ ...found, name, n })),
    setItems: (store, name, n) => store.setItems([[name, { name, n }]]),
    batch: (store, name, n) =>
        store.batch([
            { type: 'set', key: name, document: { name, n } },
            { type: 'set', key: `beside ${name}`, document: { n } },
        ]),
    transaction: (store, name, n) => store.transaction((tx) => tx.setItem(name, { name, n })),
    'a document made anew': async (store, name, n) => {
        await store.deleteItem(name);
        await store.setItem(name, { name, n });
    },
};

/** Reads what somebody else has acknowledged, and goes on with the next number. Resolves to what was read. */
async function pass(store, { name, next, read, write }) {
    const found = await READS[read](store, name);
    await WRITES[write](store, name, next);
    return found;
}

module.exports = { READS, WRITES, pass };
