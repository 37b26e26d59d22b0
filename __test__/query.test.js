'use strict';

/** What a query selects and which page of it, for keys and for rows of views alike. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { NO_FILES, Random, change, expectedAnswer, rowsOfKeys, rowsOfView } = require('./query-model.js');
const { openStore } = require('./support.js');

const KEYS = ['a', 'b', 'b:1', 'b:2', 'b:\u{1f600}', 'b:\uffff', 'c', 'd'];

/** The four ways to ask. In the view every document emits its own key, so that the same rules give the same items. */
const FACES = {
    'Datastore.queryKeys': (store, options) => store.queryKeys(options),
    'Datastore.queryView': (store, options) => store.queryView('keys', options),
    'DatastoreEngine.queryKeys': async (store, options) => store._db.queryKeys(options),
    'DatastoreEngine.queryView': async (store, options) => store._db.queryView('keys', options),
};

/** A store with a document per key, which knows its key. */
async function storeOf(t, keys) {
    const store = await openStore(t);
    store.setView('keys', { map: (document, emit) => emit(document.key) });
    await Promise.all(keys.map((key) => store.setItem(key, { key })));
    return store;
}

/** A test for each way to ask, over `KEYS`; `found` tells the keys that a query answers with. */
function testFaces(claim, run, keys = KEYS) {
    for (const [name, query] of Object.entries(FACES)) {
        test(`${name}: ${claim}`, async (t) => {
            const store = await storeOf(t, keys);
            const ask = (options) => query(store, options);
            const found = async (options) => (await ask({ limit: Infinity, ...options })).items.map(({ key }) => key);
            await run({ ask, found });
        });
    }
}

testFaces('no bounds hold everything', async ({ found }) => {
    assert.deepEqual(await found(), KEYS);
    assert.deepEqual(await found({ descending: true }), [...KEYS].reverse());
    assert.deepEqual(await found({ descending: false }), KEYS);
});

testFaces('both bounds are inside, and need not be there', async ({ found }) => {
    assert.deepEqual(await found({ startKey: 'b', endKey: 'b:2' }), ['b', 'b:1', 'b:2']);
    assert.deepEqual(await found({ startKey: 'aa', endKey: 'b:10' }), ['b', 'b:1']);
    assert.deepEqual(await found({ startKey: 'b', endKey: 'b' }), ['b']);
    assert.deepEqual(await found({ startKey: 'bb', endKey: 'bz' }), []);
});

testFaces('ascending from high to low holds nothing', async ({ found }) => {
    assert.deepEqual(await found({ startKey: 'c', endKey: 'a' }), []);
    assert.deepEqual(await found({ startKey: 'b:1', endKey: 'b' }), []);
});

testFaces('descending takes the bounds in either order', async ({ found }) => {
    for (const [startKey, endKey] of [
        ['b', 'b:2'],
        ['b:2', 'b'],
    ]) {
        assert.deepEqual(await found({ startKey, endKey, descending: true }), ['b:2', 'b:1', 'b']);
    }
});

testFaces('a single startKey goes from there in the direction of the query', async ({ found }) => {
    assert.deepEqual(await found({ startKey: 'b:\uffff' }), ['b:\uffff', 'c', 'd']);
    assert.deepEqual(await found({ startKey: 'b:1', descending: true }), ['b:1', 'b', 'a']);
    assert.deepEqual(await found({ startKey: '' }), KEYS);
    assert.deepEqual(await found({ startKey: '', descending: true }), []);
});

testFaces('a single endKey stops there', async ({ found }) => {
    assert.deepEqual(await found({ endKey: 'b:1' }), ['a', 'b', 'b:1']);
    assert.deepEqual(await found({ endKey: 'c', descending: true }), ['d', 'c']);
    assert.deepEqual(await found({ endKey: '' }), []);
    assert.deepEqual(await found({ endKey: '', descending: true }), [...KEYS].reverse());
});

testFaces('a key overrides the range', async ({ found, ask }) => {
    assert.deepEqual(await found({ key: 'b' }), ['b']);
    assert.deepEqual(await found({ key: 'b', startKey: 'c', endKey: 'd' }), ['b']);
    assert.deepEqual(await found({ key: 'b', startKey: 'c', descending: true }), ['b']);
    assert.deepEqual(await found({ key: 'b', endKey: 'a' }), ['b']);
    assert.deepEqual(await ask({ key: 'bb', startKey: 'a' }), {
        items: [],
        exclusiveEndIndex: null,
        cursor: null,
        total: 0,
    });
    assert.deepEqual(await ask({ key: 'b', startKey: 'a', offset: 1 }), {
        items: [],
        exclusiveEndIndex: null,
        cursor: null,
        total: 1,
    });
});

testFaces('a prefix holds every key that starts with it', async ({ found }) => {
    assert.deepEqual(await found({ prefix: 'b:' }), ['b:1', 'b:2', 'b:\u{1f600}', 'b:\uffff']);
    assert.deepEqual(await found({ prefix: 'b' }), ['b', 'b:1', 'b:2', 'b:\u{1f600}', 'b:\uffff']);
    assert.deepEqual(await found({ prefix: 'b', descending: true }), ['b:\uffff', 'b:\u{1f600}', 'b:2', 'b:1', 'b']);
    assert.deepEqual(await found({ prefix: '' }), KEYS);
    assert.deepEqual(await found({ prefix: 'b:\ud83d' }), ['b:\u{1f600}']);
    assert.deepEqual(await found({ prefix: 'x' }), []);
    assert.deepEqual(await found({ prefix: 'dd' }), []);
});

testFaces(
    'a prefix of the last code unit has no end',
    async ({ found }) => {
        assert.deepEqual(await found({ prefix: '\uffff' }), ['\uffff', '\uffffa', '\uffff\uffff']);
        assert.deepEqual(await found({ prefix: '\uffff\uffff' }), ['\uffff\uffff']);
    },
    ['a', '\ufffe', '\uffff', '\uffffa', '\uffff\uffff'],
);

testFaces('the range up to the last code unit holds emoji', async ({ found }) => {
    assert.deepEqual(await found({ startKey: 'b:', endKey: 'b:\uffff' }), ['b:1', 'b:2', 'b:\u{1f600}', 'b:\uffff']);
});

testFaces('pages follow each other and count inside the range', async ({ ask }) => {
    for (const descending of [false, true]) {
        const range = { startKey: 'b', endKey: 'c', descending };
        const whole = (await ask({ ...range, limit: Infinity })).items;
        assert.equal(whole.length, 6);
        for (const limit of [1, 2, 3, 4, 5, 6, 7]) {
            const walked = [];
            let pages = 0;
            for (let at = 0; at !== null; pages += 1) {
                const page = await ask({ ...range, limit, inclusiveStartIndex: at });
                assert.equal(page.total, 6);
                assert.ok(page.exclusiveEndIndex === null || page.exclusiveEndIndex === at + limit);
                walked.push(...page.items);
                at = page.exclusiveEndIndex;
            }
            assert.deepEqual(walked, whole);
            assert.equal(pages, Math.ceil(6 / limit));
        }
    }
});

testFaces('exclusiveEndIndex is null exactly on the last page', async ({ ask }) => {
    const ends = async (options) => (await ask({ prefix: 'b', ...options })).exclusiveEndIndex;
    assert.equal(await ends({ limit: 4 }), 4);
    assert.equal(await ends({ limit: 5 }), null);
    assert.equal(await ends({ limit: 6 }), null);
    assert.equal(await ends({ limit: 4, offset: 0, descending: true }), 4);
    assert.equal(await ends({ limit: 2, offset: 2 }), 4);
    assert.equal(await ends({ limit: 2, offset: 3 }), null);
    assert.equal(await ends({ limit: 1, offset: 4 }), null);
    assert.equal(await ends({ limit: 1, offset: 5 }), null);
    assert.equal(await ends({ limit: 1, offset: Number.MAX_SAFE_INTEGER }), null);
    assert.equal(await ends({ limit: Number.MAX_SAFE_INTEGER, offset: 1 }), null);
    assert.equal(await ends({ limit: Infinity }), null);
    assert.equal(await ends({}), null);
});

testFaces('a page beyond the range is empty and still tells the total', async ({ ask }) => {
    for (const offset of [5, 6, Number.MAX_SAFE_INTEGER]) {
        for (const descending of [false, true]) {
            const page = await ask({ prefix: 'b', offset, descending });
            assert.deepEqual(page, { items: [], exclusiveEndIndex: null, cursor: null, total: 5 });
        }
    }
});

testFaces('offset is inclusiveStartIndex', async ({ ask }) => {
    for (let at = 0; at < KEYS.length + 2; at += 1) {
        const window = { limit: 3, descending: at % 2 === 0 };
        const page = await ask({ ...window, offset: at });
        assert.deepEqual(page, await ask({ ...window, inclusiveStartIndex: at }));
        assert.equal(page.items.length, Math.min(3, Math.max(0, KEYS.length - at)));
    }
});

testFaces('the total counts the whole range', async ({ ask }) => {
    assert.equal((await ask({ limit: 1 })).total, KEYS.length);
    assert.equal((await ask({ limit: 1, startKey: 'b', endKey: 'b:2' })).total, 3);
    assert.equal((await ask({ limit: 1, offset: 100, prefix: 'b:' })).total, 4);
    assert.equal((await ask({ limit: 1, key: 'a' })).total, 1);
});

testFaces('an item holds its keys, and its document where it is asked for', async ({ ask }) => {
    assert.deepEqual((await ask({ key: 'b:1' })).items, [{ key: 'b:1', documentKey: 'b:1' }]);
    assert.deepEqual((await ask({ key: 'b:1', includeDocuments: false })).items, [{ key: 'b:1', documentKey: 'b:1' }]);
    assert.deepEqual((await ask({ key: 'b:1', includeDocuments: true })).items, [
        { key: 'b:1', documentKey: 'b:1', document: { _rev: 0, key: 'b:1' } },
    ]);
});

testFaces('the documents of an answer are its own', async ({ ask }) => {
    const [first] = (await ask({ key: 'a', includeDocuments: true })).items;
    first.document.key = 'changed';
    first.key = 'changed';
    const [second] = (await ask({ key: 'a', includeDocuments: true })).items;
    assert.deepEqual(second, { key: 'a', documentKey: 'a', document: { _rev: 0, key: 'a' } });
});

testFaces(
    'an empty store has one empty page',
    async ({ ask }) => {
        const nothing = { items: [], exclusiveEndIndex: null, cursor: null, total: 0 };
        assert.deepEqual(await ask(), nothing);
        assert.deepEqual(await ask({ descending: true, limit: Infinity, includeDocuments: true }), nothing);
        assert.deepEqual(await ask({ prefix: 'a' }), nothing);
    },
    [],
);

test('numbers bound a range of keys by their text', async (t) => {
    const store = await storeOf(t, ['1', '10', '2']);
    const found = async (options) => (await store.queryKeys(options)).items.map(({ key }) => key);
    assert.deepEqual(await found({ startKey: 1, endKey: 10 }), ['1', '10']);
    assert.deepEqual(await found({ key: 10 }), ['10']);
    assert.deepEqual(await found({ prefix: 1 }), ['1', '10']);
});

testFaces('an exclusive bound is left out, wherever descending puts it', async ({ found }) => {
    const range = { startKey: 'b', endKey: 'b:2' };
    assert.deepEqual(await found({ ...range, inclusiveStart: false }), ['b:1', 'b:2']);
    assert.deepEqual(await found({ ...range, inclusiveEnd: false }), ['b', 'b:1']);
    assert.deepEqual(await found({ ...range, inclusiveStart: true, inclusiveEnd: true }), ['b', 'b:1', 'b:2']);
    assert.deepEqual(await found({ ...range, inclusiveStart: false, descending: true }), ['b:2', 'b:1']);
    const turned = { startKey: 'b:2', endKey: 'b', descending: true };
    assert.deepEqual(await found({ ...turned, inclusiveStart: false }), ['b:1', 'b']);
    assert.deepEqual(await found({ ...turned, inclusiveEnd: false }), ['b:2', 'b:1']);
    assert.deepEqual(await found({ startKey: 'c', inclusiveStart: false }), ['d']);
    assert.deepEqual(await found({ endKey: 'c', inclusiveEnd: false, descending: true }), ['d']);
    assert.deepEqual(await found({ startKey: 'bb', endKey: 'ca', inclusiveStart: false, inclusiveEnd: false }), ['c']);
    assert.deepEqual(await found({ startKey: 'b', endKey: 'b', inclusiveEnd: false }), []);
    assert.deepEqual(await found({ inclusiveStart: false, inclusiveEnd: false }), KEYS);
    assert.deepEqual(await found({ key: 'b', startKey: 'b', inclusiveStart: false }), ['b']);
    assert.deepEqual(await found({ prefix: 'c', inclusiveStart: false }), ['c']);
});

testFaces('keys are answered in the order given, as often as given', async ({ ask, found }) => {
    const keys = ['d', 'none', 'a', 'd', 'b:1'];
    assert.deepEqual(await found({ keys }), ['d', 'a', 'd', 'b:1']);
    assert.deepEqual(await found({ keys, descending: true }), ['d', 'a', 'd', 'b:1']);
    const page = await ask({ keys, offset: 1, limit: 2, includeDocuments: true });
    assert.deepEqual(
        page.items.map(({ document }) => document.key),
        ['a', 'd'],
    );
    assert.deepEqual([page.exclusiveEndIndex, page.total, typeof page.cursor], [3, 4, 'string']);
    const rest = await ask({ keys, cursor: page.cursor });
    assert.deepEqual([rest.items.map(({ key }) => key), rest.exclusiveEndIndex, rest.cursor], [['b:1'], null, null]);
    assert.deepEqual(await ask({ keys: [] }), { items: [], exclusiveEndIndex: null, cursor: null, total: 0 });
    assert.deepEqual(await ask({ keys: ['none'] }), { items: [], exclusiveEndIndex: null, cursor: null, total: 0 });
});

test('descending turns the rows within each of the keys, not the keys', async (t) => {
    const store = await openStore(t);
    store.setView('tags', {
        map(document, emit) {
            for (const tag of document.tags) {
                emit(tag);
            }
        },
    });
    await store.setItems(['x', 'y', 'z'].map((key) => [key, { tags: ['b', ['a'], null] }]));
    const found = async (options) =>
        (await store.queryView('tags', options)).items.map(({ key, documentKey }) => [key, documentKey]);
    const keys = [['a'], null];
    const up = ['x', 'y', 'z'];
    assert.deepEqual(await found({ keys }), [...up.map((key) => [['a'], key]), ...up.map((key) => [null, key])]);
    const down = ['z', 'y', 'x'];
    assert.deepEqual(await found({ keys, descending: true }), [
        ...down.map((key) => [['a'], key]),
        ...down.map((key) => [null, key]),
    ]);
});

test('composite keys go up to an object as the highest of all', async (t) => {
    const found = await rowsOf(t, [['a', 1], ['a', 'x'], ['a', ['y']], ['b', 1], ['a']]);
    assert.deepEqual(await found({ startKey: ['a'], endKey: ['a', {}] }), [['a'], ['a', 1], ['a', 'x'], ['a', ['y']]]);
    const all = { startKey: ['a', {}], endKey: ['a'], descending: true };
    assert.deepEqual(await found(all), [['a', ['y']], ['a', 'x'], ['a', 1], ['a']]);
});

/** A store whose view `view` has a row for each of these keys. */
async function rowsOf(t, emitted) {
    const store = await openStore(t);
    store.setView('view', {
        map(document, emit) {
            for (const key of document.emitted) {
                emit(key);
            }
        },
    });
    await store.setItem('one', { emitted });
    return async (options) =>
        (await store.queryView('view', { limit: Infinity, ...options })).items.map(({ key }) => key);
}

test('null is a key of a view like any other', async (t) => {
    const found = await rowsOf(t, [null, false, 0, 'null', [null], {}]);
    assert.deepEqual(await found({ key: null }), [null]);
    assert.deepEqual(await found({ key: null, startKey: 0 }), [null]);
    assert.deepEqual(await found({ startKey: null, endKey: false }), [null, false]);
    assert.deepEqual(await found({ endKey: null }), [null]);
    assert.deepEqual(await found({ startKey: null, descending: true }), [null]);
    assert.deepEqual(await found({ endKey: null, descending: true }), [{}, [null], 'null', 0, false, null]);
});

test('any JSON value bounds a range of rows', async (t) => {
    const emitted = [null, false, true, -1, 0, 2, 10, '', 'a', [], [1], [1, 2], {}, { a: 1 }];
    const found = await rowsOf(t, emitted);
    for (const [at, startKey] of emitted.entries()) {
        assert.deepEqual(await found({ startKey }), emitted.slice(at));
        assert.deepEqual(await found({ endKey: startKey }), emitted.slice(0, at + 1));
        assert.deepEqual(await found({ key: startKey }), [startKey]);
        for (const [to, endKey] of emitted.entries()) {
            assert.deepEqual(await found({ startKey, endKey }), emitted.slice(at, to + 1));
        }
    }
});

test('a bound is taken as the JSON it becomes', async (t) => {
    const found = await rowsOf(t, [0, '2024-01-01T00:00:00.000Z', [null]]);
    assert.deepEqual(await found({ key: new Date('2024-01-01') }), ['2024-01-01T00:00:00.000Z']);
    assert.deepEqual(await found({ key: -0 }), [0]);
    assert.deepEqual(await found({ key: [undefined] }), [[null]]);
});

test('a text prefix holds texts only, an array prefix arrays only', async (t) => {
    const emitted = [null, 1, '1', 'a', 'ab', 'b', [], ['a'], ['a', 1], ['a', 2, 'x'], ['ab'], [['a']], [1], { a: 1 }];
    const found = await rowsOf(t, emitted);
    assert.deepEqual(await found({ prefix: 'a' }), ['a', 'ab']);
    assert.deepEqual(await found({ prefix: '' }), ['1', 'a', 'ab', 'b']);
    assert.deepEqual(await found({ prefix: ['a'] }), [['a'], ['a', 1], ['a', 2, 'x']]);
    assert.deepEqual(await found({ prefix: ['a', 2] }), [['a', 2, 'x']]);
    assert.deepEqual(await found({ prefix: [1] }), [[1]]);
    assert.deepEqual(await found({ prefix: [['a']] }), [[['a']]]);
    assert.deepEqual((await found({ prefix: [] })).length, 7);
    assert.deepEqual(await found({ prefix: ['a'], descending: true }), [['a', 2, 'x'], ['a', 1], ['a']]);
});

test('a prefix ends with whole elements: numbers and texts in an array are not cut', async (t) => {
    const found = await rowsOf(t, [['a'], ['ab'], [1], [10], ['a', 'bc'], ['a', 'b']]);
    assert.deepEqual(await found({ prefix: ['a'] }), [['a'], ['a', 'b'], ['a', 'bc']]);
    assert.deepEqual(await found({ prefix: ['a', 'b'] }), [['a', 'b']]);
    assert.deepEqual(await found({ prefix: [1] }), [[1]]);
});

test('a row has a value where one was emitted, and none where none was', async (t) => {
    const store = await openStore(t);
    store.setView('view', {
        map(_document, emit) {
            emit(1);
            emit(2, undefined);
            emit(3, null);
            emit(4, 0);
            emit(5, { a: [1, 'x', null] });
            emit(6, '');
            emit(7, { a: undefined });
        },
    });
    await store.setItem('doc', {});
    const { items } = await store.queryView('view');
    assert.deepEqual(items, [
        { key: 1, documentKey: 'doc' },
        { key: 2, documentKey: 'doc' },
        { key: 3, documentKey: 'doc', value: null },
        { key: 4, documentKey: 'doc', value: 0 },
        { key: 5, documentKey: 'doc', value: { a: [1, 'x', null] } },
        { key: 6, documentKey: 'doc', value: '' },
        { key: 7, documentKey: 'doc', value: {} },
    ]);
    const withDocument = (await store.queryView('view', { key: 4, includeDocuments: true })).items;
    assert.deepEqual(withDocument, [{ key: 4, documentKey: 'doc', value: 0, document: { _rev: 0 } }]);
});

/** An answer without its cursor, which only tells whether there is more. */
function known({ cursor, ...answer }) {
    assert.equal(typeof cursor, answer.exclusiveEndIndex === null ? 'object' : 'string');
    return answer;
}

for (const seed of [1, 20_240_229]) {
    test(`random queries between random writes answer as a naive search does, seed ${seed}`, async (t) => {
        const random = new Random(seed);
        const store = await openStore(t, { fileSystem: NO_FILES });
        store.setView('rows', {
            map(document, emit) {
                for (const row of document.rows) {
                    emit(...row);
                }
            },
        });
        const model = new Map();
        while (model.size < 500) {
            await change(random, store, model, 100);
        }
        for (let round = 0; round < 30; round += 1) {
            const ofKeys = rowsOfKeys(model);
            const ofView = rowsOfView(model);
            assert.ok(ofKeys.length > 300 && ofView.length > 300, 'too little to search in');
            for (let count = 0; count < 8; count += 1) {
                const keyQuery = random.query(ofKeys, () => random.documentKey() || 'x');
                const viewQuery = random.query(ofView, () => random.viewKey());
                const label = JSON.stringify({ round, keyQuery, viewQuery });
                const [byKey, byRow] = [await store.queryKeys(keyQuery), await store.queryView('rows', viewQuery)];
                assert.deepEqual(known(byKey), expectedAnswer(ofKeys, model, keyQuery), label);
                assert.deepEqual(known(byRow), expectedAnswer(ofView, model, viewQuery), label);
            }
            await change(random, store, model, 12);
        }
    });
}
