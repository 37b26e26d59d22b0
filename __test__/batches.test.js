'use strict';

/** Batches: all or nothing, in the order of the calls, for every reader. */

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const { Datastore, DatastoreEngine } = require('../index.js');
const { LEVELS, afterwards, gate, openStore, refusal, temporaryDirectory } = require('./support.js');

/** A test per level of durability. */
function atLevels(claim, check) {
    for (const durability of LEVELS) {
        test(`at '${durability}': ${claim}`, async (t) => check(await openStore(t, { durability }), t));
    }
}

async function contentOf(store) {
    const { items } = await store.queryKeys({ limit: Infinity, includeDocuments: true });
    return Object.fromEntries(items.map(({ key, document }) => [key, document]));
}

atLevels('setItems stores all documents and resolves to them in their order', async (store) => {
    await store.setItem('b', { n: 1 });
    const stored = await store.setItems([
        ['c', { n: 3 }],
        ['b', { n: 2 }],
        [7, { n: 7 }],
    ]);
    assert.deepEqual(stored, [
        { _rev: 0, n: 3 },
        { _rev: 1, n: 2 },
        { _rev: 0, n: 7 },
    ]);
    assert.deepEqual(await store.getItems(['c', 'b', '7']), stored);
});

atLevels('setItems and deleteItems take any iterable', async (store) => {
    await store.setItems(
        new Map([
            ['a', { n: 1 }],
            ['b', { n: 2 }],
        ]),
    );
    function* entries() {
        yield ['c', { n: 3 }];
    }
    await store.setItems(entries());
    assert.deepEqual(Object.keys(await contentOf(store)), ['a', 'b', 'c']);
    assert.deepEqual(await store.deleteItems(new Set(['a', 'c'])), ['a', 'c']);
    assert.deepEqual(Object.keys(await contentOf(store)), ['b']);
});

atLevels('deleteItems resolves to the keys as they were given, whether or not something was there', async (store) => {
    await store.setItems([
        ['a', {}],
        [1, {}],
    ]);
    assert.deepEqual(await store.deleteItems([1, 'none', 'a']), [1, 'none', 'a']);
    assert.deepEqual(await contentOf(store), {});
});

atLevels('batch sets and deletes, and tells what it made of each key', async (store) => {
    await store.setItems([
        ['a', { n: 1 }],
        ['b', { n: 1 }],
    ]);
    const made = await store.batch([
        { type: 'delete', key: 'b' },
        { type: 'set', key: 'a', document: { n: 2 } },
        { type: 'set', key: 5, document: { n: 5 } },
        { type: 'delete', key: 'none' },
    ]);
    assert.deepEqual(made, [
        { key: 'b', document: null },
        { key: 'a', document: { _rev: 1, n: 2 } },
        { key: '5', document: { _rev: 0, n: 5 } },
        { key: 'none', document: null },
    ]);
    assert.deepEqual(await contentOf(store), { 5: { _rev: 0, n: 5 }, a: { _rev: 1, n: 2 } });
});

atLevels('an empty batch resolves to an empty list', async (store) => {
    assert.deepEqual(await store.setItems([]), []);
    assert.deepEqual(await store.deleteItems([]), []);
    assert.deepEqual(await store.batch([]), []);
    assert.equal(store.stats().sequence, 0);
});

const REFUSED = {
    'setItems with a stale _rev': (store) =>
        store.setItems([
            ['new', {}],
            ['b', { _rev: 7 }],
            ['a', { n: 2 }],
        ]),
    'batch with a stale _rev': (store) =>
        store.batch([
            { type: 'delete', key: 'a' },
            { type: 'set', key: 'b', document: { _rev: 7 } },
        ]),
    'batch with a stale rev of a set': (store) =>
        store.batch([
            { type: 'set', key: 'new', document: {} },
            { type: 'set', key: 'b', document: {}, rev: 7 },
        ]),
    'batch with a stale rev of a deletion': (store) =>
        store.batch([
            { type: 'set', key: 'a', document: {} },
            { type: 'delete', key: 'b', rev: 7 },
        ]),
};

for (const [what, write] of Object.entries(REFUSED)) {
    atLevels(`${what} is refused whole, with the conflict of that key`, async (store) => {
        await store.setItems([
            ['a', { n: 1 }],
            ['b', { n: 1 }],
        ]);
        const before = await contentOf(store);
        const error = await refusal(write(store));
        assert.deepEqual(
            [error.name, error.code, error.key, error.expectedRev, error.actualRev],
            ['ConflictError', 'CONFLICT', 'b', 7, 0],
        );
        assert.deepEqual(await contentOf(store), before);
        assert.equal(store.stats().sequence, 2);
    });
}

atLevels('the rev of a deletion of nothing is a conflict', async (store) => {
    const error = await refusal(
        store.batch([
            { type: 'set', key: 'a', document: {} },
            { type: 'delete', key: 'none', rev: 0 },
        ]),
    );
    assert.deepEqual([error.code, error.key, error.expectedRev, error.actualRev], ['CONFLICT', 'none', 0, null]);
    assert.equal(await store.getItem('a'), null);
});

atLevels('the rev of a set stands for the _rev of its document, which may say the same', async (store) => {
    await store.setItem('a', {});
    await store.batch([{ type: 'set', key: 'a', document: { n: 1 }, rev: 0 }]);
    await store.batch([{ type: 'set', key: 'a', document: { n: 2, _rev: 1 }, rev: 1 }]);
    assert.deepEqual(await store.getItem('a'), { _rev: 2, n: 2 });
});

atLevels('checkConsistency: false skips the revisions in documents, not those asked for', async (store) => {
    await store.setItem('a', {});
    const lenient = { checkConsistency: false };
    assert.deepEqual(await store.setItems([['a', { _rev: 9 }]], lenient), [{ _rev: 1 }]);
    await store.batch([{ type: 'set', key: 'a', document: { _rev: 9 } }], lenient);
    for (const operation of [
        { type: 'set', key: 'a', document: {}, rev: 9 },
        { type: 'delete', key: 'a', rev: 9 },
    ]) {
        await assert.rejects(store.batch([operation], lenient), { code: 'CONFLICT' });
    }
    assert.deepEqual(await store.getItem('a'), { _rev: 2 });
});

for (const durability of LEVELS) {
    test(`at '${durability}': requireRev asks every step of a batch on an existing document for its revision`, async (t) => {
        const store = await openStore(t, { durability, requireRev: true });
        const [a] = await store.setItems([
            ['a', {}],
            ['b', {}],
        ]);
        for (const write of [
            () => store.setItems([['a', {}]]),
            () => store.deleteItems(['a']),
            () => store.batch([{ type: 'set', key: 'a', document: {} }]),
            () => store.batch([{ type: 'delete', key: 'a' }]),
        ]) {
            const error = await refusal(write());
            assert.deepEqual([error.code, error.key, error.expectedRev], ['CONFLICT', 'a', null]);
        }
        await store.setItems([['a', a]]);
        await store.batch([
            { type: 'set', key: 'a', document: {}, rev: 1 },
            { type: 'delete', key: 'b', rev: 0 },
        ]);
        await store.deleteItems(['none']);
        assert.deepEqual(await contentOf(store), { a: { _rev: 2 } });
    });
}

atLevels('readers, queries and views see all of a batch or nothing', async (store) => {
    const keys = Array.from({ length: 600 }, (_, n) => `k${n}`);
    store.setView('byRound', { map: (document, emit) => emit(document.round) });
    const entries = (round) => keys.map((key) => [key, { round }]);
    await store.setItems(entries(0));
    let isWriting = true;
    const writing = (async () => {
        for (let round = 1; round <= 10; round += 1) {
            await store.setItems(entries(round));
        }
        isWriting = false;
    })();
    while (isWriting) {
        const rounds = new Set((await store.getItems(keys)).map(({ round }) => round));
        assert.equal(rounds.size, 1);
        const [row] = (await store.queryView('byRound', { limit: 1 })).items;
        assert.equal((await store.queryView('byRound', { key: row.key, limit: 1 })).total % keys.length, 0);
        await new Promise(setImmediate);
    }
    await writing;
});

atLevels('batches and other writes of a key happen in the order of the calls', async (store) => {
    const ended = gate();
    const steps = [];
    const note = (name) => (result) => {
        steps.push(name);
        return result;
    };
    const writes = [
        store.setItem('a', { n: 1 }).then(note('set a')),
        store.setItems([
            ['a', { n: 2 }],
            ['b', { n: 2 }],
        ]),
        store.setItem('b', { n: 3 }),
        store.updateItem('b', async (found) => {
            await ended.opened;
            return { ...found, updated: true };
        }),
        store.batch([
            { type: 'delete', key: 'a' },
            { type: 'set', key: 'b', document: { n: 4 } },
            { type: 'set', key: 'c', document: { n: 4 } },
        ]),
        // Of a key that the batch has for itself while it waits.
        store.setItem('c', { n: 5 }).then(note('set c')),
        store.setItem('a', { n: 5 }),
    ];
    await store.setItem('elsewhere', {});
    assert.deepEqual(steps, ['set a']);
    assert.equal(await store.getItem('c'), null);
    ended.open();
    const results = await Promise.all(writes);
    assert.deepEqual(results[3], { _rev: 2, n: 3, updated: true });
    assert.deepEqual(results[4][1], { key: 'b', document: { _rev: 3, n: 4 } });
    assert.deepEqual(results.slice(5), [
        { _rev: 1, n: 5 },
        { _rev: 0, n: 5 },
    ]);
});

test('batches called before the load happen in the order of the calls', async (t) => {
    const store = new Datastore({ durability: 'none' });
    afterwards(t, () => store.close());
    const results = await Promise.all([
        store.setItem('a', {}),
        store.setItems([
            ['a', {}],
            ['b', {}],
        ]),
        store.updateItem('b', (found) => ({ ...found })),
        store.batch([{ type: 'set', key: 'b', document: {} }]),
        store.setItem('b', {}),
    ]);
    assert.deepEqual(results, [
        { _rev: 0 },
        [{ _rev: 1 }, { _rev: 0 }],
        { _rev: 1 },
        [{ key: 'b', document: { _rev: 2 } }],
        { _rev: 3 },
    ]);
});

atLevels(
    'batches of the same keys in any order, between updates, never wait for each other for ever',
    async (store) => {
        const keys = ['a', 'b', 'c', 'd'];
        const writes = [];
        for (let n = 0; n < 400; n += 1) {
            const turned = [...keys.slice(n % 4), ...keys.slice(0, n % 4)].slice(0, 1 + (n % 3));
            writes.push(
                n % 5 === 0
                    ? store.updateItem(keys[n % 4], async (found) => ({ ...found, n }))
                    : store.setItems(turned.map((key) => [key, { n }])),
            );
        }
        await Promise.all(writes);
        const last = await store.setItems(keys.map((key) => [key, {}]));
        assert.equal(last.length, 4);
    },
);

atLevels('a batch of the own key inside an update is refused, one of other keys is not', async (store) => {
    await store.updateItem('own', async () => {
        const outcomes = [
            refusal(store.deleteItems(['other', 'own'])),
            refusal(store.setItems([['own', {}]])),
            refusal(store.batch([{ type: 'delete', key: 'own' }])),
        ];
        for (const error of await Promise.all(outcomes)) {
            assert.deepEqual([error.code, error.key], ['ASSERTION', 'own']);
        }
        await store.setItems([
            ['x', {}],
            ['y', {}],
        ]);
        return {};
    });
    assert.deepEqual(Object.keys(await contentOf(store)), ['own', 'x', 'y']);
});

atLevels(
    'a write inside an update that would wait for a batch which waits for that update is refused',
    async (store) => {
        const begun = gate();
        const go = gate();
        const update = store.updateItem('a', async () => {
            begun.open();
            await go.opened;
            const error = await refusal(store.setItem('b', { by: 'update' }));
            assert.deepEqual([error.code, error.key], ['ASSERTION', 'b']);
            return { by: 'update' };
        });
        await begun.opened;
        // It has b for itself while it waits for a.
        const batch = store.setItems([
            ['b', { by: 'batch' }],
            ['a', { by: 'batch' }],
        ]);
        go.open();
        await Promise.all([update, batch]);
        assert.deepEqual(await store.getItems(['a', 'b']), [
            { _rev: 1, by: 'batch' },
            { _rev: 0, by: 'batch' },
        ]);
    },
);

atLevels('a write inside an update does not wait for what is behind the batch that it waits for', async (store) => {
    const goOn = gate();
    const other = store.updateItem('a', () => goOn.opened);
    // It has b for itself while it waits for a.
    const batch = store.deleteItems(['b', 'a']);
    const begun = gate();
    const queued = gate();
    const update = store.updateItem('c', async () => {
        begun.open();
        await queued.opened;
        const write = store.setItem('a', { by: 'update' });
        goOn.open({});
        return write;
    });
    await begun.opened;
    const behind = store.deleteItems(['b', 'c']);
    queued.open();
    await Promise.all([other, batch, update, behind]);
    assert.deepEqual(await contentOf(store), { a: { _rev: 0, by: 'update' } });
});

atLevels('an update that lost to a batch of another datastore runs again', async (store, t) => {
    const other = new Datastore({ db: store._db });
    afterwards(t, () => other.close());
    let runs = 0;
    const updated = await store.updateItem('a', async (found) => {
        runs += 1;
        if (runs === 1) {
            await other.setItems([
                ['a', { n: 1 }],
                ['b', { n: 1 }],
            ]);
        }
        return { n: (found?.n ?? 0) + 1 };
    });
    assert.deepEqual([runs, updated], [2, { _rev: 1, n: 2 }]);
});

atLevels('a failing batch does not hold up what comes after it', async (store) => {
    await store.setItem('a', {});
    const refused = refusal(
        store.setItems([
            ['a', { _rev: 3 }],
            ['b', {}],
        ]),
    );
    const after = await Promise.all([store.setItem('a', {}), store.updateItem('b', () => ({ n: 1 }))]);
    assert.equal((await refused).code, 'CONFLICT');
    assert.deepEqual(after, [{ _rev: 1 }, { _rev: 0, n: 1 }]);
});

test('a custom queue is not asked for batches, which keep their order with what it locks', async (t) => {
    const locked = [];
    const lockingQueue = {
        getLock: async (key) => {
            locked.push(key);
        },
        releaseLock() {},
    };
    const store = await openStore(t, { durability: 'none', lockingQueue });
    const results = await Promise.all([
        store.setItem('a', {}),
        store.setItems([
            ['a', {}],
            ['b', {}],
        ]),
        store.setItem('a', {}),
    ]);
    assert.deepEqual(results, [{ _rev: 0 }, [{ _rev: 1 }, { _rev: 0 }], { _rev: 2 }]);
    assert.deepEqual(locked, ['a', 'a']);
});

const cycle = {};
cycle.self = cycle;
const SET = { type: 'set', key: 'a', document: {} };

/** Batches that are wrong, each with a right step before the wrong one. */
const WRONG = {
    'no list': (store) => store.setItems({ a: {} }),
    'a text as a list of entries': (store) => store.setItems('ab'),
    'a text as a list of keys': (store) => store.deleteItems('ab'),
    'nothing to set': (store) => store.setItems(),
    'nothing to delete': (store) => store.deleteItems(null),
    'nothing to do': (store) => store.batch(),
    'an entry that is no pair': (store) => store.setItems([['a', {}], ['b']]),
    'an entry with a third part': (store) => store.setItems([['a', {}, 1]]),
    'an entry that is an object': (store) => store.setItems([{ key: 'a', document: {} }]),
    'a bad key to set': (store) =>
        store.setItems([
            ['a', {}],
            ['', {}],
        ]),
    'a bad key to delete': (store) => store.deleteItems(['here', null]),
    // biome-ignore lint/suspicious/noSparseArray: a hole is no key
    'a hole': (store) => store.deleteItems(['here', , 'a']),
    'what is no document': (store) =>
        store.setItems([
            ['a', {}],
            ['b', []],
        ]),
    'a cycle': (store) =>
        store.setItems([
            ['a', {}],
            ['b', cycle],
        ]),
    'a _rev that is none': (store) =>
        store.setItems([
            ['a', {}],
            ['b', { _rev: '1' }],
        ]),
    'a key to set twice': (store) =>
        store.setItems([
            [1, {}],
            ['1', {}],
        ]),
    'a key to delete twice': (store) => store.deleteItems(['here', 'a', 'here']),
    'a key to set and delete': (store) => store.batch([SET, { type: 'delete', key: 'a' }]),
    'an operation that is none': (store) => store.batch([SET, null]),
    'an operation that is a text': (store) => store.batch([SET, 'delete']),
    'an operation without a type': (store) => store.batch([SET, { key: 'b', document: {} }]),
    'another type': (store) => store.batch([SET, { type: 'put', key: 'b', document: {} }]),
    'an operation without a key': (store) => store.batch([SET, { type: 'delete' }]),
    'a set without a document': (store) => store.batch([SET, { type: 'set', key: 'b' }]),
    'a deletion with a document': (store) => store.batch([SET, { type: 'delete', key: 'here', document: {} }]),
    'an unknown member': (store) => store.batch([SET, { type: 'delete', key: 'here', revision: 0 }]),
    'a rev that is none': (store) => store.batch([SET, { type: 'delete', key: 'here', rev: -1 }]),
    'a rev that is not the _rev': (store) =>
        store.batch([SET, { type: 'set', key: 'here', document: { _rev: 1 }, rev: 0 }]),
};

for (const [what, write] of Object.entries(WRONG)) {
    test(`a batch with ${what} is refused and changes nothing`, async (t) => {
        const store = await openStore(t, { durability: 'none' });
        await store.setItem('here', { n: 1 });
        await assert.rejects(write(store), { name: 'AssertionError', code: 'ASSERTION' });
        assert.deepEqual(await contentOf(store), { here: { _rev: 0, n: 1 } });
    });
}

test('what is handed in as a batch is stored as it was at the call', async (t) => {
    const store = await openStore(t, { durability: 'none' });
    const document = { n: 1 };
    const operations = [{ type: 'set', key: 'a', document }];
    const entries = [['b', document]];
    const writes = [store.batch(operations), store.setItems(entries)];
    document.n = 2;
    operations.push({ type: 'set', key: 'c', document });
    entries[0][0] = 'c';
    await Promise.all(writes);
    assert.deepEqual(await contentOf(store), { a: { _rev: 0, n: 1 }, b: { _rev: 0, n: 1 } });
});

/** Custom parts, and what they call to make a store. */
const CUSTOM = {
    'a custom engine': () => {
        const documents = new Map();
        const db = {
            loadDocuments() {},
            getItem: (key) => ({ document: documents.get(key) }),
            setItem: (key, document) => documents.set(key, document),
            deleteItem: (key) => documents.delete(key),
        };
        return new Datastore({ db });
    },
    'a custom file system': (t) => {
        const fileSystem = {
            readDocumentDirectory: async () => [],
            readDocumentFile: async () => assert.fail('there is none'),
            writeDocumentFile: async () => assert.fail('a file was written'),
            removeDocumentFile: async () => assert.fail('a file was removed'),
        };
        return new Datastore({ directory: path.join(temporaryDirectory(t), 'data'), fileSystem });
    },
    'a subclass of the engine': () => {
        class Own extends DatastoreEngine {
            getItem(key) {
                return super.getItem(key);
            }
        }
        return new Datastore({ db: new Own({ durability: 'none' }) });
    },
};

for (const [what, makeStore] of Object.entries(CUSTOM)) {
    test(`${what} refuses batches and transactions as unsupported`, async (t) => {
        const store = makeStore(t);
        afterwards(t, () => store.close());
        for (const write of [
            () => store.setItems([['a', {}]]),
            () => store.deleteItems(['a']),
            () => store.batch([SET]),
            () => store.transaction(() => assert.fail('the function was called')),
        ]) {
            await assert.rejects(write(), { name: 'DatastoreError', code: 'UNSUPPORTED' });
        }
        assert.equal(await store.getItem('a'), null);
    });
}

test('keys and documents of any characters and lengths cross together as they are', async (t) => {
    const store = await openStore(t);
    const texts = ['a', 'é', '€', '😀', '\ud800', 'a'.repeat(20_000), '😀'.repeat(20_000), '\0\n', ''];
    const entries = texts.map((text, index) => [`${index}-é-😀-${index}`, { [`name ${text}`]: text }]);
    await store.setItems(entries);
    await Promise.all(entries.map(([key, document]) => store.setItem(`one by one ${key}`, document)));
    for (const [key, document] of entries) {
        assert.deepEqual(await store.getItem(key), { _rev: 0, ...document });
        assert.deepEqual(await store.getItem(`one by one ${key}`), { _rev: 0, ...document });
    }
});
