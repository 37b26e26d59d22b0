'use strict';

/**
 * The writes of the child whose system calls fail, one after the other, and what each of them makes.
 *
 * @type {Record<string, { run: (store: object) => Promise<unknown>, makes: Record<string, number | null> }>}
 */
const STEPS = {
    'create a': { run: (store) => store.setItem('a', { n: 1 }), makes: { a: 1 } },
    'create b': { run: (store) => store.setItem('b', { n: 2, text: 'x'.repeat(9_000) }), makes: { b: 2 } },
    'overwrite a': { run: (store) => store.setItem('a', { n: 3 }), makes: { a: 3 } },
    'set c and d': {
        run: (store) =>
            store.setItems([
                ['c', { n: 4 }],
                ['d', { n: 5 }],
            ]),
        makes: { c: 4, d: 5 },
    },
    'delete b': { run: (store) => store.deleteItem('b'), makes: { b: null } },
    'create e, synced': { run: (store) => store.setItem('e', { n: 6 }, { durability: 'full' }), makes: { e: 6 } },
    'update a': { run: (store) => store.updateItem('a', () => ({ n: 7 })), makes: { a: 7 } },
    'change c, d and f': {
        run: (store) =>
            store.batch([
                { type: 'set', key: 'c', document: { n: 8 } },
                { type: 'delete', key: 'd' },
                { type: 'set', key: 'f', document: { n: 9 } },
            ]),
        makes: { c: 8, d: null, f: 9 },
    },
    flush: { run: (store) => store.flush(), makes: {} },
    'create b anew': { run: (store) => store.setItem('b', { n: 10 }), makes: { b: 10 } },
    'change a and b': {
        run: (store) =>
            store.transaction(async (tx) => {
                await tx.setItem('a', { n: 11 });
                await tx.setItem('b', { n: 12 });
            }),
        makes: { a: 11, b: 12 },
    },
    'flush again': { run: (store) => store.flush(), makes: {} },
    'delete c': { run: (store) => store.deleteItem('c'), makes: { c: null } },
    'create g': { run: (store) => store.setItem('g', { n: 13 }), makes: { g: 13 } },
};

/** What is there after these steps. */
function after(names) {
    const contents = new Map();
    for (const name of names) {
        for (const [key, n] of Object.entries(STEPS[name].makes)) {
            if (n === null) {
                contents.delete(key);
            } else {
                contents.set(key, n);
            }
        }
    }
    return [...contents].sort();
}

module.exports = { STEPS, after };
