'use strict';

/** `find`, `findOne` and `count`: by a declarative view or by a scan, the answer is the same. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Datastore } = require('../index.js');
const { afterwards, openStore, refusal } = require('./support.js');

/** More documents than are searched while the event loop waits. */
const MANY = 3_000;

async function open(t, entries = []) {
    const store = await openStore(t, { durability: 'none', directory: undefined });
    await store.setItems(entries);
    return store;
}

const USERS = [
    ['u:1', { name: 'Ada', admin: true, profile: { email: 'ada@example.com', tags: ['x', 'y'] }, age: 36 }],
    ['u:2', { name: 'Bob', admin: false, profile: { email: 'bob@example.com', tags: [] }, age: 17 }],
    ['u:3', { name: 'Cyd', admin: true, profile: { tags: ['y'] }, age: null }],
    ['v:4', { name: 'Ada', admin: true, age: '36' }],
];

async function keysOf(store, where, options) {
    return (await store.find(where, options)).items.map(({ key }) => key);
}

test('documents that meet all conditions are found in the order of their keys', async (t) => {
    const store = await open(t, USERS);
    for (const [where, expected] of [
        [{}, ['u:1', 'u:2', 'u:3', 'v:4']],
        [{ 'profile.email': 'ada@example.com', admin: true }, ['u:1']],
        [{ name: 'Ada' }, ['u:1', 'v:4']],
        [{ age: 36 }, ['u:1']],
        [{ age: null }, ['u:3']],
        [{ profile: { tags: ['y'] } }, ['u:3']],
        [{ profile: { tags: [], email: 'bob@example.com' } }, ['u:2']],
        [{ 'profile.tags.1': 'y' }, ['u:1']],
        [{ 'profile.tags': 'y' }, []],
        [{ 'profile.email': { $exists: false } }, ['u:3', 'v:4']],
        [{ 'profile.email': { $ne: 'ada@example.com' } }, ['u:2', 'u:3', 'v:4']],
        [{ age: { $gte: 17, $lt: 36 } }, ['u:2']],
        [{ name: { $in: ['Cyd', 'Bob', 'Bob'] } }, ['u:2', 'u:3']],
        [{ name: { $gt: 'Ada' }, admin: true }, ['u:3']],
    ]) {
        assert.deepEqual(await keysOf(store, where), expected, JSON.stringify(where));
        assert.equal(await store.count(where), expected.length);
        const [first] = expected;
        assert.deepEqual(await store.findOne(where), first === undefined ? null : await store.getItem(first));
    }
});

test('the result is that of queryKeys with documents', async (t) => {
    const store = await open(t, USERS);
    const all = await store.queryKeys({ includeDocuments: true, limit: 2 });
    const found = await store.find({}, { limit: 2 });
    assert.deepEqual({ ...found, cursor: typeof found.cursor }, { ...all, cursor: 'string' });
    const last = { limit: 2, offset: 2 };
    assert.deepEqual(await store.find({}, last), await store.queryKeys({ includeDocuments: true, ...last }));
});

test('window, prefix and direction are those of queryKeys', async (t) => {
    const store = await open(t, USERS);
    assert.deepEqual(await keysOf(store, { admin: true }, { descending: true }), ['v:4', 'u:3', 'u:1']);
    assert.deepEqual(await keysOf(store, { admin: true }, { prefix: 'u:' }), ['u:1', 'u:3']);
    assert.deepEqual(await keysOf(store, { admin: true }, { limit: 1, offset: 1 }), ['u:3']);
    assert.deepEqual(await keysOf(store, { admin: true }, { inclusiveStartIndex: 2, limit: Infinity }), ['v:4']);
    assert.equal((await store.findOne({ admin: true }, { descending: true, prefix: 'u:' })).name, 'Cyd');
    assert.equal(await store.count({ admin: true }, { prefix: 'u:' }), 2);
    assert.equal((await store.find({})).items.length, 4);
    await store.setItems(Array.from({ length: 20 }, (_, n) => [`w:${n}`, {}]));
    assert.equal((await store.find({})).items.length, 10);
});

test('pages follow each other by their cursors while documents come and go', async (t) => {
    const store = await open(
        t,
        Array.from({ length: 9 }, (_, n) => [`k${n}`, { n: n % 2 }]),
    );
    const options = { limit: 2, descending: true };
    const first = await store.find({ n: 0 }, options);
    assert.deepEqual(
        first.items.map(({ key }) => key),
        ['k8', 'k6'],
    );
    await store.deleteItems(['k6', 'k8']);
    await store.setItems([
        ['k5', { n: 0 }],
        ['k9', { n: 0 }],
    ]);
    const second = await store.find({ n: 0 }, { ...options, cursor: first.cursor });
    assert.deepEqual(
        second.items.map(({ key }) => key),
        ['k5', 'k4'],
    );
    assert.deepEqual([second.total, second.exclusiveEndIndex], [5, 3]);
    const third = await store.find({ n: 0 }, { ...options, limit: 5, cursor: second.cursor });
    assert.deepEqual(
        third.items.map(({ key }) => key),
        ['k2', 'k0'],
    );
    assert.deepEqual([third.cursor, third.exclusiveEndIndex], [null, null]);
    for (const [where, more] of [
        [{ n: 1 }, {}],
        [{ n: 0 }, { descending: false }],
        [{ n: 0 }, { prefix: 'k' }],
        [{ n: 0 }, { offset: 1 }],
        [{ n: 0 }, { cursor: `${first.cursor}A` }],
        [{ n: 0 }, { cursor: 'x' }],
    ]) {
        const error = await refusal(store.find(where, { ...options, cursor: first.cursor, ...more }));
        assert.equal(error.code, 'ASSERTION', JSON.stringify(more));
    }
});

test('explain tells the view that was used, and how many documents were looked at', async (t) => {
    const entries = Array.from({ length: 100 }, (_, n) => [`k${n}`, { n: n % 10, s: n % 2 === 0 ? 'a' : 'b' }]);
    const store = await open(t, entries);
    const explain = async (where) => {
        const { views, ...told } = (await store.find(where, { explain: true })).explain;
        return told;
    };
    assert.deepEqual(await explain({ n: 3 }), { view: null, examined: 100 });
    store.setView('mapped', { map: (document, emit) => emit(document.n) });
    assert.deepEqual(await explain({ n: 3 }), { view: null, examined: 100 });
    store.setView('byN', { key: 'n' });
    assert.deepEqual(await explain({ n: 3 }), { view: 'byN', examined: 10 });
    assert.deepEqual(await explain({ n: { $lt: 2 }, s: 'a' }), { view: 'byN', examined: 20 });
    assert.deepEqual(await explain({ n: { $in: [1, 2, 99] } }), { view: 'byN', examined: 20 });
    assert.deepEqual(await explain({ s: 'a' }), { view: null, examined: 100 });
    store.setView('odd', { where: { s: 'b' }, key: 'n' });
    assert.deepEqual(await explain({ n: { $gt: 2 } }), { view: 'byN', examined: 70 });
    await store.queryView('odd');
    assert.deepEqual(await explain({ n: { $gt: 2 }, s: 'b' }), { view: 'odd', examined: 40 });
    assert.equal('explain' in (await store.find({ n: 3 })), false);
});

test('explain tells of every declarative view how many rows the conditions leave, or why it does not lead to them', async (t) => {
    const store = await open(t, USERS);
    const considered = async (where) => (await store.find(where, { explain: true })).explain.views;
    assert.deepEqual(await considered({ name: 'Bob' }), []);
    store.setView('mapped', { map: (document, emit) => emit(document.name) });
    store.setView('byName', { key: 'name' });
    assert.deepEqual(await considered({ name: 'Bob' }), [{ id: 'byName', rows: null, reason: null }]);
    store.setView('byBoth', { key: ['name', 'profile.email'] });
    store.setView('some', { where: { kind: 'user' }, key: 'name' });
    store.setView('byTag', { key: 'tags', each: 'tags' });
    store.setView('sorted', { key: 'name', collation: { locale: 'de' } });
    assert.deepEqual(await considered({ name: 'Bob' }), [
        { id: 'byName', rows: 1, reason: null },
        { id: 'byBoth', rows: null, reason: 'key', path: 'profile.email' },
        { id: 'some', rows: null, reason: 'where' },
        { id: 'byTag', rows: null, reason: 'each' },
        { id: 'sorted', rows: null, reason: 'collation' },
    ]);
    const [byName, byBoth] = await considered({ 'profile.email': { $exists: true } });
    assert.deepEqual([byName.path, byBoth.path], ['name', 'name']);
});

test('what is found is the reader own', async (t) => {
    const store = await open(t, USERS);
    const found = await store.findOne({ name: 'Bob' });
    found.profile.email = 'changed';
    const { items } = await store.find({ name: 'Bob' });
    assert.equal(items[0].document.profile.email, 'bob@example.com');
});

test('a search answers for the moment of its call', async (t) => {
    const store = await open(
        t,
        Array.from({ length: MANY }, (_, n) => [`k${n}`, { n: n % 3 }]),
    );
    for (const prepare of [() => {}, () => store.setView('byN', { key: 'n' })]) {
        prepare();
        const counting = store.count({ n: 1 });
        const searching = store.find({ n: 1 }, { limit: 1, explain: true });
        await store.setItem('k1', { n: 2 });
        assert.equal(await counting, MANY / 3);
        assert.equal((await searching).items[0].document.n, 1);
        assert.equal(await store.count({ n: 1 }), MANY / 3 - 1);
        await store.setItem('k1', { n: 1 });
    }
});

test('an aborted search rejects', async (t) => {
    const store = await open(
        t,
        Array.from({ length: MANY }, (_, n) => [`k${n}`, { n }]),
    );
    const controller = new AbortController();
    const searching = refusal(store.find({ none: 1 }, { signal: controller.signal }));
    controller.abort(new Error('enough'));
    assert.equal((await searching).code, 'ABORT_ERR');
    assert.equal((await searching).cause.message, 'enough');
    for (const call of [store.find, store.findOne, store.count]) {
        assert.equal((await refusal(call.call(store, {}, { signal: controller.signal }))).code, 'ABORT_ERR');
    }
});

test('conditions and options are checked', async (t) => {
    const store = await open(t);
    for (const where of [
        undefined,
        null,
        [],
        'a',
        new Map(),
        { a: undefined },
        { a: { $near: 1 } },
        { '': 1 },
        { 'a.': 1 },
    ]) {
        for (const call of [store.find, store.findOne, store.count]) {
            assert.equal((await refusal(call.call(store, where))).code, 'ASSERTION');
        }
    }
    for (const options of [
        { limit: 0 },
        { offset: 1, inclusiveStartIndex: 2 },
        { startKey: 'a' },
        { explain: 1 },
        { signal: {} },
    ]) {
        assert.equal((await refusal(store.find({}, options))).code, 'ASSERTION');
    }
    assert.equal((await refusal(store.findOne({}, { limit: 1 }))).code, 'ASSERTION');
    assert.equal((await refusal(store.count({}, { descending: true }))).code, 'ASSERTION');
});

test('conditions and declarations too deep to be written are refused', async (t) => {
    const store = await open(t);
    let deep = 1;
    for (let level = 0; level < 3_000; level += 1) {
        deep = [deep];
    }
    for (const call of [store.find, store.findOne, store.count]) {
        assert.equal((await refusal(call.call(store, { a: deep }))).code, 'ASSERTION');
    }
    for (const declaration of [{ key: deep }, { key: 'a', where: { a: deep } }]) {
        assert.throws(() => store.setView('deep', declaration), { code: 'ASSERTION' });
    }
});

test('dates are compared as the text that they are stored as', async (t) => {
    const store = await open(t, [
        ['a', { at: new Date(1_000) }],
        ['b', { at: new Date(2_000) }],
    ]);
    assert.deepEqual(await keysOf(store, { at: new Date(1_000) }), ['a']);
    assert.deepEqual(await keysOf(store, { at: { $gt: new Date(1_000) } }), ['b']);
});

test('a custom engine cannot search', async (t) => {
    const db = { loadDocuments() {}, getItem() {}, setItem() {}, deleteItem() {} };
    const store = new Datastore({ db });
    afterwards(t, () => store.close());
    assert.equal((await refusal(store.find({}))).code, 'UNSUPPORTED');
    assert.equal((await refusal(store.findOne({}))).code, 'UNSUPPORTED');
    assert.equal((await refusal(store.count({}))).code, 'UNSUPPORTED');
});

/** Numbers from a seed. */
function dice(seed) {
    let state = seed;
    return (most) => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * most);
    };
}

test('a random store answers as a filter over all documents does', async (t) => {
    const seed = Date.now() >>> 0;
    t.diagnostic(`seed ${seed}`);
    const roll = dice(seed);
    const pick = (list) => list[roll(list.length)];
    const store = await open(t);
    const model = new Map();
    const conditions = [
        [{ n: 1 }, ({ n }) => n === 1],
        [{ n: { $gt: 1 } }, ({ n }) => typeof n === 'number' && n > 1],
        [{ n: { $in: [0, 'x'] } }, ({ n }) => n === 0 || n === 'x'],
        [{ n: null }, ({ n }) => n === null],
        [{ s: 'a', n: { $lte: 2 } }, ({ s, n }) => s === 'a' && typeof n === 'number' && n <= 2],
        [{ s: { $ne: 'a' } }, ({ s }) => s !== 'a'],
        [{ 'o.k': { $exists: true }, s: 'b' }, ({ o, s }) => o?.k !== undefined && s === 'b'],
        [{ 'o.k': 1, n: 2 }, ({ o, n }) => o?.k === 1 && n === 2],
    ];
    const views = [{ key: 'n' }, { key: ['s', 'n'] }, { where: { s: 'a' }, key: 'n' }, { key: ['o.k', 'n'] }];
    for (let step = 0; step < 600; step += 1) {
        const key = `k${roll(60)}`;
        if (roll(40) === 0) {
            store.setView(`v${roll(4)}`, pick(views));
        } else if (roll(4) === 0) {
            model.delete(key);
            await store.deleteItem(key);
        } else if (roll(2) === 0) {
            const document = {
                n: pick([0, 1, 2, 3, null, 'x']),
                s: pick(['a', 'b']),
                o: pick([{ k: 1 }, { k: 2 }, 1]),
            };
            model.set(key, document);
            await store.setItem(key, document);
        } else {
            const [where, holds] = pick(conditions);
            const descending = roll(2) === 0;
            const expected = [...model].filter(([, document]) => holds(document)).map(([name]) => name);
            expected.sort();
            if (descending) {
                expected.reverse();
            }
            const [offset, limit] = [roll(5), 1 + roll(20)];
            const found = await store.find(where, { descending, offset, limit, explain: true });
            const message = `step ${step}: ${JSON.stringify(where)} by ${found.explain.view}`;
            assert.deepEqual(
                found.items.map((item) => item.key),
                expected.slice(offset, offset + limit),
                message,
            );
            assert.equal(found.total, expected.length, message);
            assert.equal(await store.count(where), expected.length, message);
        }
    }
});
