'use strict';

/** Pages that follow each other by cursor, while documents come and go. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { DatastoreEngine } = require('../index.js');
const { NO_FILES, Random, change, rowsOfKeys, rowsOfView, selected } = require('./query-model.js');
const { afterwards, openStore, temporaryDirectory } = require('./support.js');

const REFUSED = { name: 'AssertionError', code: 'ASSERTION' };

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** The ways to ask. In the view every document emits its own key, so that the same rules give the same items. */
const FACES = {
    'Datastore.queryKeys': (store, options) => store.queryKeys(options),
    'Datastore.queryView': (store, options) => store.queryView('keys', options),
    'DatastoreEngine.queryKeys': async (store, options) => store._db.queryKeys(options),
    'DatastoreEngine.queryView': async (store, options) => store._db.queryView('keys', options),
    'Transaction.queryKeys': (store, options) => store.transaction((tx) => tx.queryKeys(options)),
};

async function storeOf(t, options) {
    const store = await openStore(t, options);
    store.setView('keys', { map: (document, emit) => emit(document.key) });
    await store.setItems(KEYS.map((key) => [key, { key }]));
    return store;
}

/** A test for each way to ask, over `KEYS`. */
function testFaces(claim, run) {
    for (const [name, query] of Object.entries(FACES)) {
        test(`${name}: ${claim}`, async (t) => {
            const store = await storeOf(t);
            await run((options) => query(store, options), store);
        });
    }
}

const keysOf = ({ items }) => items.map(({ key }) => key);

testFaces('pages follow each other to the last, which has no cursor', async (ask) => {
    for (const range of [
        {},
        { descending: true },
        { startKey: 'b', endKey: 'g', inclusiveEnd: false },
        { startKey: 'g', inclusiveStart: false, descending: true },
        { prefix: '' },
        { keys: ['c', 'a', 'none', 'c', 'h', 'b'] },
        { keys: [] },
        { key: 'd' },
    ]) {
        const whole = await ask({ ...range, limit: Infinity });
        assert.equal(whole.cursor, null);
        for (const limit of [1, 2, 3, 5, 8]) {
            const walked = [];
            let cursor;
            do {
                const page = await ask({ ...range, limit, cursor });
                walked.push(...page.items);
                assert.ok(walked.length <= whole.total, 'the walk ends');
                assert.equal(page.total, whole.total);
                assert.equal(page.exclusiveEndIndex, walked.length < whole.total ? walked.length : null);
                assert.equal(typeof page.cursor, page.exclusiveEndIndex === null ? 'object' : 'string');
                cursor = page.cursor;
            } while (cursor !== null);
            assert.deepEqual(walked, whole.items);
        }
    }
});

testFaces('a page begins behind the last one, whatever has come and gone', async (ask, store) => {
    for (const [descending, second, third] of [
        [false, ['bb', 'd', 'e'], ['f', 'g', 'h']],
        [true, ['ff', 'f', 'e'], ['d', 'c', 'bb']],
    ]) {
        const first = await ask({ descending, limit: 2 });
        // The very row that the cursor names goes, others come on both of its sides.
        await store.deleteItems(descending ? ['g'] : ['b', 'c']);
        const came = descending ? ['ff', 'gg'] : ['aa', 'bb'];
        await store.setItems(came.map((key) => [key, { key }]));
        const page = await ask({ descending, limit: 3, cursor: first.cursor });
        assert.deepEqual(keysOf(page), second);
        const behind = descending ? 'ee' : 'cc';
        await store.setItem(behind, { key: behind });
        assert.deepEqual(keysOf(await ask({ descending, limit: 3, cursor: page.cursor })), third);
        await store.deleteItem(behind);
        await store.setItems(['b', 'c', 'g'].map((key) => [key, { key }]));
    }
});

testFaces('the index is where the page lies by now', async (ask, store) => {
    const { cursor } = await ask({ limit: 2 });
    await store.setItems(['0', '1', '2'].map((key) => [key, { key }]));
    const page = await ask({ limit: 2, cursor });
    assert.deepEqual([keysOf(page), page.exclusiveEndIndex, page.total], [['c', 'd'], 7, 11]);
    await store.deleteItems(['0', '1', '2', 'a', 'b', 'c']);
    const again = await ask({ limit: 2, cursor });
    assert.deepEqual([keysOf(again), again.exclusiveEndIndex, again.total], [['d', 'e'], 2, 5]);
});

testFaces('a cursor behind which nothing is left gives an empty last page', async (ask, store) => {
    const { cursor } = await ask({ limit: 2 });
    await store.deleteItems(KEYS.slice(1));
    assert.deepEqual(await ask({ cursor }), { items: [], exclusiveEndIndex: null, total: 1, cursor: null });
});

testFaces('limit and includeDocuments may be others on every page', async (ask) => {
    const { cursor } = await ask({ limit: 1 });
    const { signal } = new AbortController();
    const page = await ask({ limit: 2, includeDocuments: true, cursor, signal });
    assert.deepEqual(page.items[0], { key: 'b', documentKey: 'b', document: { _rev: 0, key: 'b' } });
    assert.equal((await ask({ limit: Infinity, cursor: page.cursor })).items.length, 5);
});

testFaces('another query refuses the cursor', async (ask) => {
    const range = { startKey: 'b', endKey: 'g' };
    const { cursor } = await ask({ ...range, limit: 1 });
    for (const other of [
        {},
        { startKey: 'b' },
        { endKey: 'g' },
        { startKey: 'a', endKey: 'g' },
        { startKey: 'g', endKey: 'b' },
        { ...range, descending: true },
        { ...range, inclusiveStart: false },
        { ...range, inclusiveEnd: false },
        { ...range, key: 'b' },
        { keys: ['b', 'g'] },
        { prefix: 'b' },
    ]) {
        await assert.rejects(ask({ ...other, cursor }), REFUSED, JSON.stringify(other));
    }
    const listed = await ask({ keys: ['a', 'b', 'c'], limit: 1 });
    for (const keys of [[], ['a', 'b'], ['b', 'a', 'c'], ['a', 'b', 'c', 'c']]) {
        await assert.rejects(ask({ keys, cursor: listed.cursor }), REFUSED, String(keys));
    }
});

testFaces('a damaged cursor is refused', async (ask) => {
    const { cursor } = await ask({ limit: 1 });
    for (let at = 0; at < cursor.length; at += 1) {
        const changed = `${cursor.slice(0, at)}${cursor[at] === 'A' ? 'B' : 'A'}${cursor.slice(at + 1)}`;
        await assert.rejects(ask({ cursor: changed }), REFUSED, changed);
        await assert.rejects(ask({ cursor: cursor.slice(0, at) }), REFUSED, `cut at ${at}`);
    }
    for (const wrong of [`${cursor}A`, `${cursor}=`, ` ${cursor}`, '\u{1f600}', 'null']) {
        await assert.rejects(ask({ cursor: wrong }), REFUSED, wrong);
    }
});

test('a cursor can stand in a URL', async (t) => {
    const store = await openStore(t);
    await store.setItems([0, 1, 2, 3].map((n) => [`\u{1f600}?>${'\u{ffff}'.repeat(n)}`, {}]));
    let cursor;
    for (let page = 0; page < 3; page += 1) {
        ({ cursor } = await store.queryKeys({ limit: 1, cursor }));
        assert.match(cursor, /^[\w-]+$/);
    }
});

test('a cursor of keys, of a view and of another view are not the same', async (t) => {
    const store = await storeOf(t);
    store.setView('other', { map: (document, emit) => emit(document.key) });
    const asks = [FACES['Datastore.queryKeys'], FACES['Datastore.queryView'], (s, o) => s.queryView('other', o)];
    const cursors = await Promise.all(asks.map(async (ask) => (await ask(store, { limit: 1 })).cursor));
    for (const [index, ask] of asks.entries()) {
        for (const [made, cursor] of cursors.entries()) {
            if (made === index) {
                assert.deepEqual(keysOf(await ask(store, { limit: 1, cursor })), ['b']);
            } else {
                await assert.rejects(ask(store, { cursor }), REFUSED);
            }
        }
    }
});

test("a transaction and its store understand each other's cursors", async (t) => {
    const store = await storeOf(t);
    const { cursor } = await store.queryKeys({ limit: 2 });
    const next = await store.transaction(async (tx) => {
        await tx.deleteItem('c');
        await tx.setItem('dd', { key: 'dd' });
        const page = await tx.queryKeys({ limit: 2, cursor });
        assert.deepEqual(keysOf(page), ['d', 'dd']);
        return page.cursor;
    });
    assert.deepEqual(keysOf(await store.queryKeys({ limit: 1, cursor: next })), ['e']);
});

test('a cursor survives a restart, and the view that it is of another map function', async (t) => {
    const directory = temporaryDirectory(t);
    const store = await storeOf(t, { directory });
    const ofKeys = (await store.queryKeys({ limit: 3 })).cursor;
    const ofView = (await store.queryView('keys', { limit: 3 })).cursor;
    await store.close();
    const again = await openStore(t, { directory });
    assert.deepEqual(keysOf(await again.queryKeys({ limit: 1, cursor: ofKeys })), ['d']);
    again.setView('other', { map() {} });
    again.setView('keys', { map: (document, emit) => emit(document.key) });
    assert.deepEqual(keysOf(await again.queryView('keys', { limit: 1, cursor: ofView })), ['d']);
    again.setView('keys', { map: (document, emit) => emit(`${document.key}!`, 1) });
    assert.deepEqual(keysOf(await again.queryView('keys', { limit: 2, cursor: ofView })), ['c!', 'd!']);
});

test('rows of one key and one document are told apart', async (t) => {
    const store = await openStore(t);
    store.setView('view', {
        map({ rows }, emit) {
            for (const row of rows) {
                emit(['same'], row);
            }
        },
    });
    await store.setItem('a', { rows: [1, 2, 3] });
    await store.setItem('b', { rows: [4, 5] });
    for (const [range, expected] of [
        [{}, [1, 2, 3, 4, 5]],
        [{ descending: true }, [5, 4, 3, 2, 1]],
        [{ prefix: ['same'] }, [1, 2, 3, 4, 5]],
        [{ keys: [['same'], null, ['same']] }, [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]],
        [{ keys: [['same'], ['same']], descending: true }, [5, 4, 3, 2, 1, 5, 4, 3, 2, 1]],
    ]) {
        const walked = [];
        let cursor;
        do {
            const page = await store.queryView('view', { ...range, limit: 2, cursor });
            walked.push(...page.items.map(({ value }) => value));
            assert.ok(walked.length <= expected.length, 'the walk ends');
            cursor = page.cursor;
        } while (cursor !== null);
        assert.deepEqual(walked, expected);
    }
});

test('an engine of its own answers by cursor', async (t) => {
    const engine = new DatastoreEngine({ durability: 'none' });
    afterwards(t, () => engine.close());
    await engine.loadDocuments();
    await Promise.all(KEYS.map((key) => engine.setItem(key, { key })));
    const { cursor } = engine.queryKeys({ limit: 2 });
    assert.deepEqual(keysOf(engine.queryKeys({ limit: 2, cursor })), ['c', 'd']);
    assert.throws(() => engine.queryKeys({ descending: true, cursor }), REFUSED);
});

/** What tells a row from every other one. */
const nameOf = (row) => JSON.stringify([row.key, row.documentKey, row.value]);

/** The rows that are among these, too: as many equal ones as there are of them. */
function common(rows, others) {
    const left = new Map();
    for (const name of others.map(nameOf)) {
        left.set(name, (left.get(name) ?? 0) + 1);
    }
    return rows.filter((row) => {
        const name = nameOf(row);
        const count = left.get(name) ?? 0;
        left.set(name, count - 1);
        return count > 0;
    });
}

/** Pages through a range while documents change; every row that was there throughout comes once, in its order. */
async function walk({ random, store, model, ask, rowsOf, range, limits }) {
    let stayed = rowsOf(model);
    const walked = [];
    let cursor;
    let pages = 0;
    do {
        pages += 1;
        assert.ok(pages < 2_000, 'the walk ends');
        const limit = random.of(limits);
        const page = await ask({ ...range, limit, cursor });
        const present = selected(rowsOf(model), range);
        assert.equal(page.total, present.length);
        const end = page.exclusiveEndIndex ?? present.length;
        assert.deepEqual(page.items, present.slice(end - page.items.length, end), 'the index is where the page lies');
        assert.ok(page.items.length <= limit);
        assert.equal(page.cursor !== null, end < present.length);
        walked.push(...page.items);
        cursor = page.cursor;
        if (cursor !== null) {
            await change(random, store, model, random.upTo(6));
            stayed = common(stayed, rowsOf(model));
        }
    } while (cursor !== null);
    const names = new Set(stayed.map(nameOf));
    const seen = walked.map(nameOf).filter((name) => names.has(name));
    assert.deepEqual(seen, selected(stayed, range).map(nameOf), JSON.stringify({ range, limits }));
    return walked.length;
}

for (const seed of [7, 20_261_121]) {
    test(`what stays is seen once and in order while documents come and go, seed ${seed}`, async (t) => {
        const random = new Random(seed);
        const store = await openStore(t, { fileSystem: NO_FILES });
        store.setView('rows', {
            map(document, emit) {
                // Equal rows could not be told apart.
                const emitted = new Map(document.rows.map((row) => [JSON.stringify(row), row]));
                for (const row of emitted.values()) {
                    emit(...row);
                }
            },
        });
        const distinct = (documents) =>
            new Map(
                [...documents].map(([key, { rows, ...document }]) => [
                    key,
                    { ...document, rows: [...new Map(rows.map((row) => [JSON.stringify(row), row])).values()] },
                ]),
            );
        const model = new Map();
        while (model.size < 60) {
            await change(random, store, model, 20);
        }
        const faces = [
            { rowsOf: rowsOfKeys, ask: (options) => store.queryKeys(options), make: () => random.documentKey() || 'x' },
            {
                rowsOf: (documents) => rowsOfView(distinct(documents)),
                ask: (options) => store.queryView('rows', options),
                make: () => random.viewKey(),
            },
        ];
        let walked = 0;
        for (let round = 0; round < 25; round += 1) {
            for (const { rowsOf, ask, make } of faces) {
                const range = random.range(rowsOf(model), make);
                const limits = random.of([[2, 3, 5], [10], [1, 40]]);
                walked += await walk({ random, store, model, ask, rowsOf, range, limits });
            }
            while (model.size < 40) {
                await change(random, store, model, 50);
            }
        }
        assert.ok(walked > 700, `only ${walked} rows were seen`);
    });
}
