'use strict';

/** Bad input is refused with a typed error before anything has happened. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { AssertionError, Datastore, DatastoreEngine } = require('../index.js');
const { afterwards, openStore, temporaryDirectory } = require('./support.js');

const REFUSED = { name: 'AssertionError', code: 'ASSERTION' };

function nothing() {}

const cycle = { a: [] };
cycle.a.push(cycle);

/** Values of every kind, to be refused wherever a kind is not wanted. `undefined` is absent, so it is none of them. */
const KINDS = {
    null: null,
    true: true,
    'the text true': 'true',
    'an empty text': '',
    'a text': 'x',
    'the text 10': '10',
    zero: 0,
    one: 1,
    'minus one': -1,
    'one and a half': 1.5,
    NaN: NaN,
    Infinity: Infinity,
    'minus infinity': -Infinity,
    'two to the 53rd': 2 ** 53,
    'a bigint': 1n,
    'a symbol': Symbol('x'),
    'a function': nothing,
    'an object': {},
    'an array': [],
    'a date': new Date(0),
    'a cycle': cycle,
    'a bigint in an array': [1n],
};

/** Every kind but those named. */
function allBut(...names) {
    const wrong = { ...KINDS };
    for (const name of names) {
        assert.ok(Object.hasOwn(wrong, name), name);
        delete wrong[name];
    }
    return wrong;
}

const TEXTS = ['an empty text', 'a text', 'the text 10', 'the text true'];
const FINITE = ['zero', 'one', 'minus one', 'one and a half', 'two to the 53rd'];

const NO_BOOLEAN = allBut('true');
const NO_COUNT = allBut('zero', 'one');
const NO_LIMIT = allBut('one', 'Infinity');
const NO_BOUND = allBut(...TEXTS, ...FINITE);
const NO_KEY = allBut('a text', 'the text 10', 'the text true', ...FINITE);
const NO_JSON = {
    NaN: NaN,
    Infinity: Infinity,
    'minus infinity': -Infinity,
    'a bigint': 1n,
    'a symbol': Symbol('x'),
    'a function': nothing,
    'a cycle': cycle,
    'a bigint in an array': [1n],
    'an object whose JSON is nothing': { toJSON: nothing },
};
const NO_ROW_PREFIX = allBut(...TEXTS, 'an array');
const NO_FUNCTION = allBut('a function');
const NO_OPTIONS = allBut('an object', 'a date', 'a cycle');
const NO_PATH = allBut('a text', 'the text 10', 'the text true');
const NO_VIEW_ID = allBut('a text', 'the text 10', 'the text true');
const NO_LEVEL = { ...KINDS, 'another level': 'sync', 'a list': ['os'] };
const NO_INTERVAL = { ...KINDS, 'too short': 9, 'too long': 3_600_001 };

const NO_SIGNAL = {
    ...KINDS,
    'a controller': new AbortController(),
    'an emitter': new EventTarget(),
    'a flag': { aborted: false },
};
const NO_KEYS = {
    ...allBut('an array'),
    'a set': new Set(['a']),
    'a list with undefined': ['a', undefined],
    'a hole': new Array(1),
};

const WINDOW = {
    inclusiveStart: NO_BOOLEAN,
    inclusiveEnd: NO_BOOLEAN,
    descending: NO_BOOLEAN,
    inclusiveStartIndex: NO_COUNT,
    offset: NO_COUNT,
    limit: NO_LIMIT,
    cursor: allBut(...TEXTS),
    includeDocuments: NO_BOOLEAN,
    signal: NO_SIGNAL,
};
const OF_KEYS = {
    startKey: NO_BOUND,
    endKey: NO_BOUND,
    key: NO_KEY,
    keys: { ...NO_KEYS, 'a list with an empty text': ['a', ''], 'a list of lists': [['a']] },
    prefix: NO_BOUND,
    ...WINDOW,
};
const OF_ROWS = {
    startKey: NO_JSON,
    endKey: NO_JSON,
    key: NO_JSON,
    keys: { ...NO_KEYS, 'a list with a function': [nothing], 'a list with a bigint': [['a', 1n]] },
    prefix: NO_ROW_PREFIX,
    ...WINDOW,
    onProgress: NO_FUNCTION,
    reduce: NO_BOOLEAN,
    group: NO_BOOLEAN,
    groupLevel: NO_COUNT,
};

/** Per method: how to call it with options, and the wrong values of each option. */
const METHODS = {
    getItem: [(store, options) => store.getItem('here', options), { required: NO_BOOLEAN }],
    getItems: [(store, options) => store.getItems(['here'], options), { required: NO_BOOLEAN }],
    setItem: [
        (store, options) => store.setItem('here', { n: 2 }, options),
        { checkConsistency: NO_BOOLEAN, durability: NO_LEVEL },
    ],
    updateItem: [
        (store, options) => store.updateItem('here', () => assert.fail('the update was called'), options),
        { checkConsistency: NO_BOOLEAN, retries: NO_COUNT, durability: NO_LEVEL },
    ],
    deleteItem: [(store, options) => store.deleteItem('here', options), { rev: NO_COUNT, durability: NO_LEVEL }],
    setItems: [
        (store, options) => store.setItems([['here', { n: 2 }]], options),
        { checkConsistency: NO_BOOLEAN, durability: NO_LEVEL },
    ],
    deleteItems: [(store, options) => store.deleteItems(['here'], options), { durability: NO_LEVEL }],
    batch: [
        (store, options) => store.batch([{ type: 'delete', key: 'here' }], options),
        { checkConsistency: NO_BOOLEAN, durability: NO_LEVEL },
    ],
    transaction: [
        (store, options) => store.transaction(() => assert.fail('the function was called'), options),
        { retries: NO_COUNT, durability: NO_LEVEL },
    ],
    queryKeys: [(store, options) => store.queryKeys(options), OF_KEYS],
    queryView: [(store, options) => store.queryView('view', options), OF_ROWS],
    'engine.queryKeys': [async (store, options) => store._db.queryKeys(options), OF_KEYS],
    'engine.queryView': [async (store, options) => store._db.queryView('view', options), OF_ROWS],
};

/** A datastore whose directory is there only after a load has begun. */
function unloaded(t) {
    const directory = path.join(temporaryDirectory(t), 'data');
    const store = new Datastore({ directory });
    afterwards(t, () => store.close());
    store.setView('view', { map: () => assert.fail('the map was called') });
    return { directory, store };
}

/** A loaded datastore with one document, `here`. */
async function loaded(t) {
    const store = await openStore(t);
    store.setView('view', { map: (document, emit) => emit(document.n) });
    await store.setItem('here', { n: 1 });
    return store;
}

async function hasChangedNothing(store) {
    assert.deepEqual(await store.getItem('here'), { _rev: 0, n: 1 });
    assert.deepEqual((await store.queryKeys()).total, 1);
    assert.equal(store.stats().sequence, 1);
}

for (const [method, [call, options]] of Object.entries(METHODS)) {
    for (const [option, wrong] of Object.entries(options)) {
        test(`${method} refuses every wrong kind of ${option} before it loads anything`, async (t) => {
            const { directory, store } = unloaded(t);
            for (const [kind, value] of Object.entries(wrong)) {
                await assert.rejects(call(store, { [option]: value }), REFUSED, kind);
            }
            assert.equal(fs.existsSync(directory), false);
        });
    }

    test(`${method} refuses names that it does not know, and what is no options object`, async (t) => {
        const { directory, store } = unloaded(t);
        for (const name of ['unknown', 'Limit', '', 'toString', 'constructor', 'startkey', 'fileSystem']) {
            await assert.rejects(call(store, { [name]: true }), REFUSED, name);
        }
        await assert.rejects(call(store, JSON.parse('{"__proto__":1}')), REFUSED, '__proto__');
        for (const [kind, value] of Object.entries(NO_OPTIONS)) {
            await assert.rejects(call(store, value), REFUSED, kind);
        }
        assert.equal(fs.existsSync(directory), false);
    });

    test(`${method} changes nothing where it refuses its options`, async (t) => {
        const store = await loaded(t);
        for (const [option, wrong] of Object.entries(options)) {
            for (const [kind, value] of Object.entries(wrong)) {
                await assert.rejects(call(store, { [option]: value }), REFUSED, `${option}: ${kind}`);
            }
        }
        await assert.rejects(call(store, null), REFUSED);
        await hasChangedNothing(store);
    });
}

test('options that are undefined count as absent', async (t) => {
    const store = await loaded(t);
    const absent = (options) => Object.fromEntries(Object.keys(options).map((name) => [name, undefined]));
    const item = { key: 'here', documentKey: 'here' };
    for (const options of [undefined, {}, absent(OF_KEYS)]) {
        assert.deepEqual((await store.queryKeys(options)).items, [item]);
        assert.deepEqual(store._db.queryKeys(options).items, [item]);
        assert.deepEqual((await store.queryView('view', options)).items, [{ ...item, key: 1 }]);
        assert.deepEqual(store._db.queryView('view', options).items, [{ ...item, key: 1 }]);
    }
    assert.equal(await store.getItem('none', { required: undefined }), null);
    assert.deepEqual(await store.getItems(['none'], { required: undefined }), [null]);
    await assert.rejects(store.setItem('here', { _rev: 7 }, { checkConsistency: undefined }), { code: 'CONFLICT' });
    await hasChangedNothing(store);
    const asIs = (document) => document;
    const updated = await store.updateItem('here', asIs, { checkConsistency: undefined, retries: undefined });
    assert.equal(updated._rev, 1);
    assert.equal(await store.deleteItem('here', { rev: undefined }), 'here');
});

test('limit is 10 where none is given, and Infinity is all', async (t) => {
    const store = await openStore(t);
    store.setView('view', { map: (document, emit) => emit(document.n) });
    await Promise.all(Array.from({ length: 25 }, (_, n) => store.setItem(n, { n })));
    for (const query of [(options) => store.queryKeys(options), (options) => store.queryView('view', options)]) {
        for (const [limit, count] of [
            [undefined, 10],
            [1, 1],
            [24, 24],
            [25, 25],
            [26, 25],
            [Number.MAX_SAFE_INTEGER, 25],
            [Infinity, 25],
        ]) {
            const { items, exclusiveEndIndex, total } = await query({ limit });
            assert.deepEqual([items.length, exclusiveEndIndex, total], [count, count < 25 ? count : null, 25]);
        }
    }
});

test('limit refuses 0, negative numbers, fractions, NaN and texts', async (t) => {
    const store = await loaded(t);
    for (const limit of [0, -0, -1, 1.5, NaN, '10', 2 ** 53]) {
        await assert.rejects(store.queryKeys({ limit }), REFUSED, String(limit));
        await assert.rejects(store.queryView('view', { limit }), REFUSED, String(limit));
    }
});

const FACES = {
    queryKeys: (store, options) => store.queryKeys(options),
    queryView: (store, options) => store.queryView('view', options),
    'engine.queryKeys': async (store, options) => store._db.queryKeys(options),
    'engine.queryView': async (store, options) => store._db.queryView('view', options),
};

for (const [method, query] of Object.entries(FACES)) {
    test(`${method} takes prefix alone, or with the window`, async (t) => {
        const store = await loaded(t);
        for (const other of [
            { key: 'a' },
            { startKey: 'a' },
            { endKey: 'a' },
            { startKey: 'a', endKey: 'b' },
            { startKey: '' },
            { endKey: 0 },
        ]) {
            await assert.rejects(query(store, { prefix: 'a', ...other }), REFUSED, JSON.stringify(other));
            await assert.rejects(query(store, { prefix: '', ...other }), REFUSED, JSON.stringify(other));
        }
        await query(store, { prefix: 'a', key: undefined, startKey: undefined, endKey: undefined });
        await query(store, { prefix: 'a', descending: true, offset: 1, limit: 1, includeDocuments: true });
    });

    test(`${method} takes keys alone, or with the window`, async (t) => {
        const store = await loaded(t);
        for (const other of [{ key: 'a' }, { startKey: 'a' }, { endKey: 'a' }, { prefix: 'a' }, { startKey: '' }]) {
            await assert.rejects(query(store, { keys: ['a'], ...other }), REFUSED, JSON.stringify(other));
            await assert.rejects(query(store, { keys: [], ...other }), REFUSED, JSON.stringify(other));
        }
        await query(store, { keys: ['a'], key: undefined, startKey: undefined, endKey: undefined, prefix: undefined });
        await query(store, { keys: ['a'], descending: true, offset: 1, limit: 1, includeDocuments: true });
    });

    test(`${method} tells which of the keys is none`, async (t) => {
        const store = await loaded(t);
        const error = await query(store, { keys: ['a', 'b', undefined] }).then(assert.fail, (thrown) => thrown);
        assert.equal(error.code, 'ASSERTION');
        assert.ok(error.message.startsWith('keys[2]'), error.message);
    });

    test(`${method} takes a cursor without an index`, async (t) => {
        const store = await loaded(t);
        await store.setItem('there', {});
        const { cursor } = await query(store, { limit: 1 });
        for (const other of [{ offset: 1 }, { inclusiveStartIndex: 1 }, { offset: 0 }, { inclusiveStartIndex: 0 }]) {
            await assert.rejects(query(store, { cursor, ...other }), REFUSED, JSON.stringify(other));
        }
        const rest = await query(store, { cursor, offset: undefined, inclusiveStartIndex: undefined });
        assert.equal(rest.items.length, 1);
    });

    test(`${method} takes offset and inclusiveStartIndex where they agree`, async (t) => {
        const store = await loaded(t);
        for (const [offset, inclusiveStartIndex] of [
            [1, 2],
            [0, 1],
            [1, 0],
        ]) {
            await assert.rejects(query(store, { offset, inclusiveStartIndex }), REFUSED);
        }
        assert.equal((await query(store, { offset: 0, inclusiveStartIndex: 0 })).items.length, 1);
        assert.equal((await query(store, { offset: 1, inclusiveStartIndex: 1 })).items.length, 0);
        assert.equal((await query(store, { offset: 1, inclusiveStartIndex: undefined })).items.length, 0);
        assert.equal((await query(store, { offset: undefined, inclusiveStartIndex: 1 })).items.length, 0);
    });
}

test('a view query refuses prefix with a key that is null', async (t) => {
    const store = await loaded(t);
    for (const name of ['key', 'startKey', 'endKey']) {
        await assert.rejects(store.queryView('view', { prefix: 'a', [name]: null }), REFUSED);
    }
});

test('a view query refuses groups that contradict themselves, and documents of what is reduced', async (t) => {
    const store = await loaded(t);
    for (const options of [
        { group: true, groupLevel: 1 },
        { group: false, groupLevel: 1 },
        { group: true, reduce: false },
        { groupLevel: 0, reduce: false },
        { reduce: true, includeDocuments: true },
        { group: true, includeDocuments: true },
    ]) {
        await assert.rejects(store.queryView('view', options), REFUSED, JSON.stringify(options));
    }
    await store.queryView('view', { reduce: false, group: false, includeDocuments: true });
});

test('a view without a reduce is not reduced', async (t) => {
    const store = await loaded(t);
    for (const options of [{ reduce: true }, { group: true }, { groupLevel: 1 }]) {
        await assert.rejects(store.queryView('view', options), REFUSED, JSON.stringify(options));
    }
});

test('getItems refuses what is no array of keys', async (t) => {
    const { directory, store } = unloaded(t);
    const lists = [null, undefined, 'here', {}, new Set(['here']), ['here', null], [''], [['here']], [undefined]];
    // biome-ignore lint/suspicious/noSparseArray: a hole is no key
    for (const keys of [...lists, [, 'here'], new Array(1)]) {
        await assert.rejects(store.getItems(keys), REFUSED);
    }
    assert.equal(fs.existsSync(directory), false);
});

test('updateItem and transaction refuse what is no function', async (t) => {
    const { directory, store } = unloaded(t);
    for (const [kind, value] of Object.entries({ ...NO_FUNCTION, undefined: undefined })) {
        await assert.rejects(store.updateItem('here', value), REFUSED, kind);
        await assert.rejects(store.transaction(value), REFUSED, kind);
    }
    assert.equal(fs.existsSync(directory), false);
});

function withoutMethod(object, method) {
    return { ...object, [method]: undefined };
}

const DB = { loadDocuments: nothing, getItem: nothing, setItem: nothing, deleteItem: nothing };
const QUEUE = { getLock: nothing, releaseLock: nothing };
const FILE_SYSTEM = {
    readDocumentDirectory: nothing,
    readDocumentFile: nothing,
    writeDocumentFile: nothing,
    removeDocumentFile: nothing,
};

/** Objects that have not all methods of a part. */
function incomplete(part) {
    const without = Object.keys(part).map((method) => [`without ${method}`, withoutMethod(part, method)]);
    const wrong = Object.keys(part).map((method) => [`with a text as ${method}`, { ...part, [method]: 'x' }]);
    return { ...KINDS, ...Object.fromEntries([...without, ...wrong]) };
}

const NO_POLICY = { ...KINDS, 'another text': 'ignore', 'a list': ['error'] };

const OF_STORE = {
    durability: NO_LEVEL,
    files: NO_POLICY,
    syncInterval: NO_INTERVAL,
    singleProcess: NO_BOOLEAN,
    readOnly: NO_BOOLEAN,
    watch: NO_BOOLEAN,
};
const OF_DATASTORE = {
    ...OF_STORE,
    directory: NO_PATH,
    db: incomplete(DB),
    lockingQueue: incomplete(QUEUE),
    fileSystem: incomplete(FILE_SYSTEM),
    onCorrupt: NO_POLICY,
    requireRev: NO_BOOLEAN,
    retries: NO_COUNT,
};
const OF_ENGINE = {
    ...OF_STORE,
    directory: NO_PATH,
    fileSystem: incomplete(FILE_SYSTEM),
    onCorrupt: NO_POLICY,
};

for (const [Class, options] of [
    [Datastore, OF_DATASTORE],
    [DatastoreEngine, OF_ENGINE],
]) {
    for (const [option, wrong] of Object.entries(options)) {
        test(`new ${Class.name} refuses every wrong kind of ${option}`, (t) => {
            const directory = path.join(temporaryDirectory(t), 'data');
            for (const [kind, value] of Object.entries(wrong)) {
                assert.throws(() => new Class({ directory, [option]: value }), REFUSED, kind);
            }
            assert.equal(fs.existsSync(directory), false);
        });
    }

    test(`new ${Class.name} refuses names that it does not know, and what is no options object`, (t) => {
        const directory = path.join(temporaryDirectory(t), 'data');
        for (const name of ['unknown', 'Directory', 'journal', 'toString', 'limit']) {
            assert.throws(() => new Class({ directory, [name]: 1 }), REFUSED, name);
        }
        for (const [kind, value] of Object.entries({ ...NO_OPTIONS, undefined: undefined })) {
            assert.throws(() => new Class(value), REFUSED, kind);
        }
        assert.throws(() => new Class({}), REFUSED);
        assert.throws(() => new Class({ directory: undefined }), REFUSED);
        assert.throws(() => new Class({ directory: 'a\0b' }), REFUSED);
        assert.equal(fs.existsSync(directory), false);
    });

    test(`new ${Class.name} touches nothing and takes undefined as absent`, async (t) => {
        const directory = path.join(temporaryDirectory(t), 'data');
        const absent = Object.fromEntries(Object.keys(options).map((name) => [name, undefined]));
        const made = new Class({ ...absent, directory });
        assert.equal(fs.existsSync(directory), false);
        await made.close();
        assert.equal(fs.existsSync(directory), false);
    });

    test(`new ${Class.name} refuses quarantine by a custom file system, which moves no files`, (t) => {
        const directory = path.join(temporaryDirectory(t), 'data');
        const both = { directory, fileSystem: FILE_SYSTEM, onCorrupt: 'quarantine' };
        assert.throws(() => new Class(both), REFUSED);
        new Class({ ...both, onCorrupt: 'error' });
    });
}

test('new DatastoreEngine refuses the options of a datastore', (t) => {
    const directory = temporaryDirectory(t);
    for (const option of [{ db: DB }, { lockingQueue: QUEUE }, { requireRev: true }, { retries: 1 }]) {
        assert.throws(() => new DatastoreEngine({ directory, ...option }), REFUSED);
    }
});

const NO_SOURCE = {
    ...KINDS,
    undefined: undefined,
    'an empty object': {},
    'a map that is none': { map: 'x' },
    'a map that is null': { map: null },
    'a map that is undefined': { map: undefined },
    'another policy': { map: nothing, onError: 'ignore' },
    'a policy that is null': { map: nothing, onError: null },
    'a policy that is true': { map: nothing, onError: true },
    'a member that is unknown': { map: nothing, reducer: nothing },
    'a reduce that is unknown': { map: nothing, reduce: '_median' },
    'a reduce that is null': { map: nothing, reduce: null },
    'a misspelt member': { map: nothing, onerror: 'skip' },
    'an array with a map': [1, 2],
};

const SET_VIEW = {
    'Datastore.setView': (store, id, source) => store.setView(id, source),
    'DatastoreEngine.setView': (store, id, source) => store._db.setView(id, source),
};

for (const [method, setView] of Object.entries(SET_VIEW)) {
    test(`${method} refuses bad ids`, async (t) => {
        const store = await loaded(t);
        for (const [kind, id] of Object.entries({ ...NO_VIEW_ID, undefined: undefined })) {
            assert.throws(() => setView(store, id, { map: nothing }), REFUSED, kind);
        }
        assert.deepEqual(Object.keys(store.stats().views), ['view']);
    });

    test(`${method} refuses bad sources and keeps the view that was there`, async (t) => {
        const store = await loaded(t);
        for (const [kind, source] of Object.entries(NO_SOURCE)) {
            assert.throws(() => setView(store, 'view', source), REFUSED, kind);
            assert.throws(() => setView(store, 'new', source), REFUSED, kind);
        }
        assert.equal(store.hasView('new'), false);
        assert.deepEqual((await store.queryView('view')).items, [{ key: 1, documentKey: 'here' }]);
    });

    test(`${method} takes an object whose class has the map, and calls it on that object`, async (t) => {
        class ByFactor {
            map(document, emit) {
                emit(document.n * this.factor());
            }
            factor() {
                return 7;
            }
        }
        const store = await loaded(t);
        setView(store, 'class', new ByFactor());
        setView(store, 'absent', { map: nothing, onError: undefined });
        assert.deepEqual((await store.queryView('class')).items, [{ key: 7, documentKey: 'here' }]);
        assert.equal((await store.queryView('absent')).total, 0);
    });
}

test('hasView and queryView refuse bad ids', async (t) => {
    const store = await loaded(t);
    for (const [kind, id] of Object.entries({ ...NO_VIEW_ID, undefined: undefined })) {
        assert.throws(() => store.hasView(id), REFUSED, kind);
        assert.throws(() => store._db.hasView(id), REFUSED, kind);
        await assert.rejects(store.queryView(id), REFUSED, kind);
        assert.throws(() => store._db.queryView(id), REFUSED, kind);
    }
});

test('what is refused is an AssertionError of this package', async (t) => {
    const store = await loaded(t);
    await assert.rejects(store.queryKeys({ limit: 0 }), AssertionError);
    assert.throws(() => new Datastore(), AssertionError);
    assert.throws(() => store.setView('view', null), AssertionError);
});

test('options that come by inheritance or by a getter count like any other', async (t) => {
    const store = await loaded(t);
    class Prefixed {
        get prefix() {
            return 'nothing starts like this';
        }
    }
    assert.equal((await store.queryKeys(new Prefixed())).total, 0);
    assert.equal((await store.queryKeys(Object.create({ prefix: 'here' }))).total, 1);
});

test('what holds options in no members of its own is refused', async (t) => {
    const store = await loaded(t);
    for (const options of [new Map([['rev', 7]]), new Set(), new Date(), [], () => {}]) {
        await assert.rejects(store.deleteItem('here', options), REFUSED);
    }
    await assert.rejects(store.deleteItem('here', { [Symbol('rev')]: 7 }), REFUSED);
    assert.notEqual(await store.getItem('here'), null);
});

test('options of the engine beside a db are refused', (t) => {
    const db = new DatastoreEngine({ directory: temporaryDirectory(t) });
    assert.throws(() => new Datastore({ db, onCorrupt: 'quarantine' }), REFUSED);
    assert.throws(() => new Datastore({ db, fileSystem: {} }), REFUSED);
    for (const option of [
        { durability: 'os' },
        { files: 'eager' },
        { syncInterval: 1_000 },
        { singleProcess: true },
        { singleProcess: false },
        { readOnly: true },
        { watch: true },
        { watch: false },
    ]) {
        assert.throws(() => new Datastore({ db, ...option }), REFUSED);
    }
});

for (const Class of [Datastore, DatastoreEngine]) {
    test(`new ${Class.name} refuses what a journal is needed for beside a custom file system`, (t) => {
        const directory = temporaryDirectory(t);
        const options = [
            { durability: 'none' },
            { files: 'eager' },
            { syncInterval: 1_000 },
            { singleProcess: true },
            { singleProcess: false },
            { readOnly: true },
            { watch: true },
            { watch: false },
        ];
        for (const option of options) {
            assert.throws(() => new Class({ directory, fileSystem: FILE_SYSTEM, ...option }), REFUSED);
        }
    });
}

test('a view may be an object of a class that keeps more than its map function', async (t) => {
    const store = await loaded(t);
    class Counting {
        seen = 0;

        map(_document, emit) {
            this.seen += 1;
            emit('n');
        }
    }
    const view = new Counting();
    store.setView('counting', view);
    assert.equal((await store.queryView('counting')).total, view.seen);
    assert.ok(view.seen > 0);
});

test('an error of a bound names the option', async (t) => {
    const store = await loaded(t);
    store.setView('view', { map() {} });
    await assert.rejects(store.queryView('view', { startKey: [1n] }), (error) => {
        assert.equal(error.code, 'ASSERTION');
        return error.message.startsWith('startKey[0] is a BigInt');
    });
});
