'use strict';

/** Documents kept as objects, in every way of reading: the caller's own, of one moment, and the ones stored. */

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { Datastore } = require('..');
const { PACKAGE } = require('./support.js');

/** Room for a handful of documents. */
const TINY = 10_000;

const SEED = Number(process.env.KIXX_SEED ?? 20_261_121);

/** Every way to read, each giving all the documents that it reads. */
const READS = {
    getItem: async (store, keys) => Promise.all(keys.map((key) => store.getItem(key))),
    getItems: (store, keys) => store.getItems(keys),
    engine: async ({ _db }, keys) => keys.map((key) => _db.getItem(key)?.document ?? null),
    queryKeys: (store) => store.queryKeys({ limit: 7, includeDocuments: true }),
    'queryKeys, descending': (store) => store.queryKeys({ limit: 40, descending: true, includeDocuments: true }),
    'queryKeys with keys': (store, keys) => store.queryKeys({ keys, limit: Infinity, includeDocuments: true }),
    'queryKeys of the engine': async ({ _db }) => _db.queryKeys({ limit: 5, includeDocuments: true }),
    queryView: (store) => store.queryView('mapped', { limit: 9, includeDocuments: true }),
    'queryView of the engine': async ({ _db }) => _db.queryView('mapped', { limit: 9, includeDocuments: true }),
    'queryView, with onProgress': (store) =>
        store.queryView('mapped', { limit: 9, includeDocuments: true, onProgress() {} }),
    'declarative queryView': (store) => store.queryView('declared', { limit: 9, includeDocuments: true }),
    'declarative queryView of the engine': async ({ _db }) =>
        _db.queryView('declared', { offset: 2, limit: 4, includeDocuments: true }),
    'without documents': (store) => store.queryView('mapped', { limit: 9 }),
    find: (store) => store.find({ even: true }, { limit: 6, explain: true }),
    findOne: (store) => store.findOne({ even: false }, { descending: true }),
    transaction: (store, keys) => store.transaction(async (given) => given.getItem(keys[0])),
};

async function opened(options) {
    const store = await new Datastore({ durability: 'none', ...options }).load();
    store.setView('mapped', {
        map({ n, list }, emit) {
            emit(n);
            emit([n % 5, 'again'], { of: list });
        },
    });
    store.setView('declared', { key: ['even', 'n'], value: 'list' });
    return store;
}

function dice(seed) {
    let state = seed >>> 0;
    return (sides) => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * sides);
    };
}

function documentOf(n, roll) {
    const text = 'x'.repeat(roll(200));
    return { n, even: n % 2 === 0, list: [{ n }, { n: 2 }], text: roll(9) === 0 ? `${text} \u{1f600}` : text };
}

/** Changes every object that can be reached. */
function spoil(value) {
    if (value !== null && typeof value === 'object') {
        for (const name of Object.keys(value)) {
            spoil(value[name]);
        }
        if (Array.isArray(value)) {
            value.push('spoiled');
        } else {
            value.spoiled = true;
        }
    }
}

/** The same random write to all stores. */
async function write(stores, roll, step) {
    const keys = Array.from({ length: 1 + roll(4) }, () => `key ${roll(40)}`);
    const kind = roll(6);
    const documents = keys.map(() => documentOf(roll(50), roll));
    for (const store of stores) {
        const entries = [...new Set(keys)].map((key, index) => [key, { ...documents[index], step }]);
        if (kind < 2) {
            await store.setItems(entries);
        } else if (kind === 2) {
            await store.deleteItem(keys[0]);
        } else if (kind === 3) {
            await store.updateItem(keys[0], (document) => ({ ...(document ?? documents[0]), step }));
        } else if (kind === 4) {
            await store.transaction(async (given) => {
                await given.deleteItem(keys[0]);
                for (const [key, document] of entries.slice(1)) {
                    await given.setItem(key, document);
                }
            });
        } else {
            await store.batch([
                { type: 'delete', key: `key ${step % 40}` },
                ...entries
                    .filter(([key]) => key !== `key ${step % 40}`)
                    .map(([key, document]) => ({ type: 'set', key, document })),
            ]);
        }
    }
}

/** All stores answer alike, to the order of members, and go on doing so when the answers were changed. */
async function assertAlike(stores, roll, what) {
    const keys = Array.from({ length: 6 }, () => `key ${roll(42)}`);
    const texts = [];
    for (const store of stores) {
        const answer = await READS[what](store, keys);
        texts.push(withoutCursor(answer));
        spoil(answer);
    }
    for (const text of texts) {
        assert.equal(text, texts[0], `${what}, seed ${SEED}`);
    }
}

/** A cursor knows the view it is of, which is another one in each store. */
function withoutCursor(answer) {
    return JSON.stringify(answer, (name, value) => (name === 'cursor' && value !== null ? 'a cursor' : value));
}

test('whatever is kept, random reads between random writes tell what a store that keeps nothing tells', async () => {
    const roll = dice(SEED);
    const stores = await Promise.all([0, TINY, 20_000, undefined].map((cacheSize) => opened({ cacheSize })));
    const names = Object.keys(READS);
    for (let step = 0; step < 400; step += 1) {
        if (roll(3) === 0) {
            await write(stores, roll, step);
        }
        await assertAlike(stores, roll, names[roll(names.length)]);
    }
    for (const store of stores.slice(1)) {
        assert.ok(store.stats().cache.hits > 100);
    }
    assert.ok(stores[1].stats().cache.bytes <= TINY);
    await Promise.all(stores.map((store) => store.close()));
});

for (const [what, read] of Object.entries(READS)) {
    test(`what ${what} gives is the caller's own, read for the first time or again`, async () => {
        const store = await opened();
        const roll = dice(1);
        const keys = Array.from({ length: 12 }, (_, n) => `key ${n}`);
        await store.setItems(keys.map((key, n) => [key, documentOf(n, roll)]));
        const asked = [...keys.slice(0, 4), 'key 1', 'none'];
        const expected = JSON.stringify(await read(store, asked));
        for (let times = 0; times < 4; times += 1) {
            const answer = await read(store, asked);
            assert.equal(JSON.stringify(answer), expected);
            spoil(answer);
        }
        await store.close();
    });
}

test('a document that an answer holds several times is several objects', async () => {
    const store = await opened();
    await store.setItem('a', { n: 1, list: [] });
    for (let times = 0; times < 3; times += 1) {
        const { items } = await store.queryView('mapped', { includeDocuments: true });
        const [one, other] = await store.getItems(['a', 'a']);
        assert.equal(items.length, 2);
        for (const [a, b] of [[one, other], items.map(({ document }) => document)]) {
            assert.deepEqual(a, b);
            assert.notEqual(a, b);
            assert.notEqual(a.list, b.list);
        }
    }
    await store.close();
});

test('getItems sees all of a batch or nothing, however much of it is kept', async () => {
    const store = await opened();
    const keys = Array.from({ length: 50 }, (_, n) => `key ${n}`);
    const all = (n) => store.setItems(keys.map((key) => [key, { n }]));
    await all(0);
    for (let n = 1; n <= 60; n += 1) {
        const written = all(n);
        let isWritten = false;
        written.then(() => {
            isWritten = true;
        });
        while (!isWritten) {
            // Half of them are kept before each look at all.
            await Promise.all(keys.slice(0, 25).map((key) => store.getItem(key)));
            const found = await store.getItems(keys);
            assert.equal(new Set(found.map((document) => document.n)).size, 1);
            await new Promise(setImmediate);
        }
        assert.ok((await store.getItems(keys)).every((document) => document.n === n));
    }
    await store.close();
});

test('an answer that keeps documents in the places of those it names gives the ones it named', async () => {
    const store = await opened({ cacheSize: TINY });
    const keys = Array.from({ length: 40 }, (_, n) => `key ${String(n).padStart(2, '0')}`);
    await store.setItems(keys.map((key, n) => [key, { n, text: 'x'.repeat(100) }]));
    for (let round = 0; round < 60; round += 1) {
        // What is kept moves on with each round, so that every answer both names documents and keeps others.
        const { items } = await store.queryKeys({ offset: round % 30, limit: 10, includeDocuments: true });
        assert.deepEqual(
            items.map(({ key, documentKey, document }) => [key, documentKey, keys[document.n]]),
            keys.slice(round % 30, (round % 30) + 10).map((key) => [key, key, key]),
        );
        const asked = keys.filter((_, n) => (n + round) % 3 === 0);
        assert.deepEqual((await store.getItems(asked)).map(({ n }) => keys[n]), asked); // biome-ignore format: one line
        assert.ok(store.stats().cache.bytes <= TINY);
    }
    assert.ok(store.stats().cache.hits > 0);
    await store.close();
});

test('stats count the documents of queries, and only those', async () => {
    const store = await opened();
    await store.setItems(Array.from({ length: 10 }, (_, n) => [`key ${n}`, { n, list: [] }]));
    const counts = () => {
        const { hits, misses, documents } = store.stats().cache;
        return [hits, misses, documents];
    };
    await store.queryKeys({ limit: 4 });
    assert.deepEqual(counts(), [0, 0, 0]);
    await store.queryKeys({ limit: 4, includeDocuments: true });
    assert.deepEqual(counts(), [0, 4, 4]);
    await store.queryKeys({ limit: 6, includeDocuments: true });
    assert.deepEqual(counts(), [4, 6, 6]);
    await store.getItems(['key 0', 'key 9', 'none']);
    assert.deepEqual(counts(), [5, 8, 7]);
    await store.queryView('mapped', { limit: Infinity, reduce: false, includeDocuments: true });
    assert.deepEqual(counts(), [19, 14, 10]);
    await store.close();
});

test('a scan of everything leaves most of what is read often where it is', async () => {
    const store = await opened({ cacheSize: 200_000 });
    const keys = Array.from({ length: 20_000 }, (_, n) => `key ${n}`);
    await store.setItems(keys.map((key, n) => [key, { n, text: 'x'.repeat(100) }]));
    const hot = keys.slice(0, 200);
    for (let times = 0; times < 40; times += 1) {
        await store.getItems(hot);
    }
    assert.equal((await store.queryKeys({ limit: Infinity, includeDocuments: true })).items.length, keys.length);
    const { hits } = store.stats().cache;
    await store.getItems(hot);
    assert.ok(store.stats().cache.hits - hits > 150);
    await store.close();
});

test('a document made anew under its key is not taken for the one that was kept', async () => {
    const store = await opened();
    for (let n = 0; n < 5; n += 1) {
        await store.setItem('a', { n, list: [n] });
        for (const read of ['queryKeys', 'queryView', 'getItems']) {
            await READS[read](store, ['a']);
        }
        assert.deepEqual(await store.getItems(['a', 'a']), Array(2).fill({ _rev: 0, n, list: [n] }));
        assert.equal((await store.queryKeys({ includeDocuments: true })).items[0].document.n, n);
        await store.deleteItem('a');
        assert.deepEqual(await store.getItems(['a']), [null]);
        assert.deepEqual((await store.queryKeys({ includeDocuments: true })).items, []);
    }
    await store.close();
});

test('a closed store tells nothing of what it kept', async () => {
    const store = await opened();
    await store.setItem('a', { n: 1, even: false, list: [] });
    for (const read of Object.values(READS)) {
        await read(store, ['a']);
    }
    const { _db: engine } = store;
    await engine.close();
    await assert.rejects(store.getItems(['a']), { code: 'CLOSED' });
    await assert.rejects(store.queryKeys({ includeDocuments: true }), { code: 'CLOSED' });
    assert.throws(() => engine.queryKeys({ includeDocuments: true }), { code: 'CLOSED' });
});

/** Reads the same in several ways, twice, in a process or thread of its own. */
const SCRIPT = `
    const { Datastore } = require(${JSON.stringify(PACKAGE)});
    const assert = require('node:assert');
    async function main() {
        const store = await new Datastore({ durability: 'none' }).load();
        store.setView('view', { map: ({ n }, emit) => emit(n) });
        await store.setItems([['a', { n: 1, in: { list: [{}] } }], ['b', { n: 2 }]]);
        for (let times = 0; times < 3; times += 1) {
            const [a, b] = await store.getItems(['a', 'b']);
            assert.deepStrictEqual([a, b], [{ _rev: 0, n: 1, in: { list: [{}] } }, { _rev: 0, n: 2 }]);
            a.in.list[0].mine = true;
            const { items } = await store.queryView('view', { includeDocuments: true });
            assert.deepStrictEqual(items.map(({ document }) => document.n), [1, 2]);
        }
        assert.strictEqual(store.stats().cache.hits, 10);
        await store.close();
    }
`;

test('documents of queries are kept where code must not be made of text, too', () => {
    execFileSync(process.execPath, ['--disallow-code-generation-from-strings', '-e', `${SCRIPT} main();`]);
});

test('worker threads keep what they read each for itself', async () => {
    const workers = [1, 2, 3].map(() => new Worker(`${SCRIPT} main();`, { eval: true }));
    const codes = await Promise.all(workers.map(async (worker) => (await once(worker, 'exit'))[0]));
    assert.deepEqual(codes, [0, 0, 0]);
});
