'use strict';

/** Errors: their classes, what they carry, and that each one that is thrown has a code. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const kixx = require('../index.js');
const { afterwards, openStore, refusal, temporaryDirectory } = require('./support.js');

const { Datastore, DatastoreEngine, DatastoreError } = kixx;

/** What a call throws, at once or later. */
async function thrownBy(call) {
    return refusal((async () => call())());
}

/** The classes with a code of their own, and the HTTP status that they stand for. */
const CLASSES = {
    ConflictError: ['CONFLICT', 409],
    AssertionError: ['ASSERTION', undefined],
    NotFoundError: ['NOT_FOUND', 404],
    ClosedError: ['CLOSED', undefined],
    CorruptError: ['CORRUPT', undefined],
    ViewMapError: ['VIEW_MAP', undefined],
    ViewReduceError: ['VIEW_REDUCE', undefined],
};

for (const [name, [code, httpStatusCode]] of Object.entries(CLASSES)) {
    test(`${name} is a DatastoreError with the code ${code}`, () => {
        const Class = kixx[name];
        const cause = new Error('cause');
        const error = new Class('what happened', { key: 'a', cause, absent: undefined });
        assert.ok(error instanceof Class && error instanceof DatastoreError && error instanceof Error);
        assert.deepEqual([Class.name, error.name, error.message], [name, name, 'what happened']);
        assert.deepEqual([Class.CODE, error.code], [code, code]);
        assert.equal(error.httpStatusCode, httpStatusCode);
        assert.equal(Object.hasOwn(error, 'httpStatusCode'), httpStatusCode !== undefined);
        assert.deepEqual([error.key, error.cause], ['a', cause]);
        assert.equal(Object.hasOwn(error, 'absent'), false);
        assert.equal(Object.hasOwn(new Class('no cause'), 'cause'), false);
        assert.equal(String(error), `${name}: what happened`);
        assert.match(error.stack, new RegExp(`^${name}: what happened`));
        for (const other of Object.keys(CLASSES).filter((candidate) => candidate !== name)) {
            assert.equal(error instanceof kixx[other], false);
        }
    });
}

test('DatastoreError and StorageError take the code they are given', () => {
    for (const name of ['DatastoreError', 'StorageError']) {
        const error = new kixx[name]('what happened', { code: 'ENOSPC', syscall: 'write', path: '/a', errno: -28 });
        assert.ok(error instanceof DatastoreError && error instanceof Error);
        assert.deepEqual([error.name, kixx[name].name], [name, name]);
        assert.deepEqual([error.code, error.syscall, error.path, error.errno], ['ENOSPC', 'write', '/a', -28]);
        assert.equal(kixx[name].CODE, undefined);
    }
    assert.ok(!(new DatastoreError('x') instanceof kixx.StorageError));
});

test('the exported errors are all that are tested here', () => {
    const errors = Object.keys(kixx).filter((name) => name.endsWith('Error'));
    assert.deepEqual(errors.sort(), [...Object.keys(CLASSES), 'DatastoreError', 'StorageError'].sort());
});

test('a conflict tells the key and both revisions', async (t) => {
    const store = await openStore(t);
    const strict = new Datastore({ db: store._db, requireRev: true });
    await store.setItem('a', {});
    await store.setItem('a', {});
    for (const [write, key, expectedRev, actualRev] of [
        [() => store.setItem('a', { _rev: 0 }), 'a', 0, 1],
        [() => store.setItem('a', { _rev: 7 }), 'a', 7, 1],
        [() => store.updateItem('a', () => ({ _rev: 0 })), 'a', 0, 1],
        [() => store.deleteItem('a', { rev: 0 }), 'a', 0, 1],
        [() => store.deleteItem('none', { rev: 2 }), 'none', 2, null],
        [() => store.deleteItem(42, { rev: 0 }), '42', 0, null],
        [() => strict.setItem('a', {}), 'a', null, 1],
        [() => strict.deleteItem('a'), 'a', null, 1],
    ]) {
        const error = await refusal(write());
        assert.ok(error instanceof kixx.ConflictError);
        assert.deepEqual([error.code, error.httpStatusCode], ['CONFLICT', 409]);
        assert.deepEqual([error.key, error.expectedRev, error.actualRev], [key, expectedRev, actualRev]);
    }
});

test('what is not found tells the key or the view', async (t) => {
    const store = await openStore(t);
    await store.setItem('a', {});
    for (const [call, facts] of [
        [() => store.getItem('none', { required: true }), { key: 'none' }],
        [() => store.getItem(42, { required: true }), { key: '42' }],
        [() => store.getItems(['a', 'b', 'c'], { required: true }), { key: 'b' }],
        [() => store.queryView('none'), { viewId: 'none' }],
        [() => store._db.queryView('none'), { viewId: 'none' }],
    ]) {
        const error = await thrownBy(call);
        assert.ok(error instanceof kixx.NotFoundError);
        assert.deepEqual([error.code, error.httpStatusCode], ['NOT_FOUND', 404]);
        const { key, viewId } = error;
        assert.deepEqual({ key, viewId }, { key: undefined, viewId: undefined, ...facts });
    }
    assert.deepEqual(await store.getItem('a', { required: true }), { _rev: 0 });
    assert.deepEqual(await store.getItems(['a'], { required: true }), [{ _rev: 0 }]);
    assert.equal(await store.getItem('none', { required: false }), null);
});

/** Calls from here, so that this file has to be in the stack of what they throw. */
const CONFLICTS = {
    'a set': (store) => store.setItem('a', { _rev: 9 }),
    'an update': (store) => store.updateItem('a', () => ({ _rev: 9 })),
    'a delete': (store) => store.deleteItem('a', { rev: 9 }),
};

for (const [what, write] of Object.entries(CONFLICTS)) {
    test(`the stack of a conflict of ${what} leads to the call, also where it had to wait`, async (t) => {
        const store = await openStore(t);
        await store.setItem('a', {});
        async function theCaller() {
            await write(store);
        }
        const atOnce = await refusal(theCaller());
        const before = store.updateItem('a', (document) => document);
        const afterWaiting = await refusal(theCaller());
        await before;
        for (const { code, stack } of [atOnce, afterWaiting]) {
            assert.equal(code, 'CONFLICT');
            assert.match(stack, /theCaller/);
            assert.ok(stack.includes(__filename), stack);
        }
    });
}

/** Calls and waits, as users do: an `await` is what V8 remembers of a caller. */
async function awaiting(call) {
    await call();
}

test('the stack of a refused read, load or engine call leads to the call', async (t) => {
    const store = await openStore(t);
    const locked = new Datastore({ directory: path.join(temporaryDirectory(t), 'data'), db: undefined });
    afterwards(t, () => locked.close());
    const calls = [
        () => store.getItem('none', { required: true }),
        () => store.getItem(''),
        () => store.queryKeys({ limit: 0 }),
        () => store.queryView('none'),
        () => store._db.queryView('none'),
        () => locked._db.getItem('a'),
        () => new Datastore({}),
    ];
    for (const call of calls) {
        const { stack } = await refusal(awaiting(call));
        assert.ok(stack.includes(__filename), stack);
    }
});

/** A way to every code that a healthy machine can show, and the class it comes with. */
const WAYS = {
    'ASSERTION of a key': [({ store }) => store.getItem(''), 'AssertionError', 'ASSERTION'],
    'ASSERTION of a very long key': [({ store }) => store.getItem('x'.repeat(5_000)), 'AssertionError', 'ASSERTION'],
    'ASSERTION of a document': [({ store }) => store.setItem('a', []), 'AssertionError', 'ASSERTION'],
    'ASSERTION of a bigint': [({ store }) => store.setItem('a', { n: 1n }), 'AssertionError', 'ASSERTION'],
    'ASSERTION of a revision': [({ store }) => store.setItem('a', { _rev: -1 }), 'AssertionError', 'ASSERTION'],
    'ASSERTION of an option': [({ store }) => store.queryKeys({ limit: 0 }), 'AssertionError', 'ASSERTION'],
    'ASSERTION of a constructor': [() => new DatastoreEngine(), 'AssertionError', 'ASSERTION'],
    'ASSERTION of a view': [({ store }) => store.setView('view', null), 'AssertionError', 'ASSERTION'],
    'ASSERTION of a write inside an update of its key': [
        ({ store }) => store.updateItem('a', () => store.setItem('a', {})),
        'AssertionError',
        'ASSERTION',
    ],
    CONFLICT: [({ store }) => store.deleteItem('none', { rev: 1 }), 'ConflictError', 'CONFLICT'],
    'NOT_FOUND of a document': [({ store }) => store.getItem('none', { required: true }), 'NotFoundError', 'NOT_FOUND'],
    'NOT_FOUND of a view': [({ store }) => store.queryView('none'), 'NotFoundError', 'NOT_FOUND'],
    CLOSED: [({ closed }) => closed.getItem('a'), 'ClosedError', 'CLOSED'],
    'CLOSED at once': [({ closed }) => closed.stats(), 'ClosedError', 'CLOSED'],
    'CLOSED of an engine': [({ closed }) => closed._db.getItem('a'), 'ClosedError', 'CLOSED'],
    NOT_LOADED: [({ unloaded }) => unloaded._db.getItem('a'), 'DatastoreError', 'NOT_LOADED'],
    LOCKED: [({ second }) => second.load(), 'DatastoreError', 'LOCKED'],
    VIEW_MAP: [
        async ({ store }) => {
            await store.setItem('a', {});
            store.setView('bad', { map: (document) => document.none.at });
            return store.queryView('bad');
        },
        'ViewMapError',
        'VIEW_MAP',
    ],
    CORRUPT: [({ corrupt }) => corrupt.load(), 'CorruptError', 'CORRUPT'],
    'the code of the system': [({ onFile }) => onFile.load(), 'StorageError', 'EEXIST'],
    UNSUPPORTED: [({ custom }) => custom.queryKeys(), 'DatastoreError', 'UNSUPPORTED'],
};

for (const [way, [call, name, code]] of Object.entries(WAYS)) {
    test(`${way} comes as a ${name}, with its code as a text`, async (t) => {
        const folder = temporaryDirectory(t);
        const [directory, bad, file] = ['data', 'bad', 'file'].map((part) => path.join(folder, part));
        fs.mkdirSync(bad);
        fs.writeFileSync(path.join(bad, 'a.json'), '');
        fs.writeFileSync(file, '');
        const store = await openStore(t, { directory });
        const closed = new Datastore({ directory: path.join(folder, 'closed') });
        await closed.close();
        const db = { loadDocuments() {}, getItem() {}, setItem() {}, deleteItem() {} };
        const stores = {
            store,
            closed,
            unloaded: new Datastore({ directory }),
            second: new Datastore({ directory }),
            corrupt: new Datastore({ directory: bad }),
            onFile: new Datastore({ directory: file }),
            custom: new Datastore({ db }),
        };
        afterwards(t, () => Promise.all(Object.values(stores).map((opened) => opened.close())));
        const error = await thrownBy(() => call(stores));
        assert.ok(error instanceof kixx[name] && error instanceof DatastoreError, error.stack);
        assert.deepEqual([error.name, error.code], [name, code]);
        assert.equal(typeof error.code, 'string');
        assert.ok(error.message.length > 0);
        assert.ok(error.stack.startsWith(`${name}: ${error.message}`));
    });
}

test("what a user's own function throws passes unchanged", async (t) => {
    const store = await openStore(t);
    const thrown = new Error('mine');
    const throwing = () => {
        throw thrown;
    };
    assert.equal(await refusal(store.updateItem('a', throwing)), thrown);
    assert.equal(await refusal(store.setItem('a', { toJSON: throwing })), thrown);
    const withGetter = Object.defineProperty({}, 'x', { enumerable: true, get: throwing });
    assert.equal(await refusal(store.setItem('a', withGetter)), thrown);
    await store.setItem('a', {});
    store.setView('view', { map: throwing });
    assert.equal((await refusal(store.queryView('view'))).cause, thrown);
    assert.equal(Object.hasOwn(thrown, 'code'), false);
});

test("an error of the system's has what Node's own errors have", async (t) => {
    const file = path.join(temporaryDirectory(t), 'file');
    fs.writeFileSync(file, '');
    const store = new Datastore({ directory: path.join(file, 'data') });
    afterwards(t, () => store.close());
    const error = await refusal(store.load());
    let nodes;
    try {
        fs.mkdirSync(path.join(file, 'data'));
    } catch (thrown) {
        nodes = thrown;
    }
    const { code, errno, syscall, path: place } = nodes;
    assert.deepEqual([error.code, error.errno, error.syscall, error.path], [code, errno, syscall, place]);
    assert.ok(error.cause instanceof Error);
});

test('errors survive being logged and made JSON with what they carry', async (t) => {
    const store = await openStore(t);
    await store.setItem('a', {});
    const error = await refusal(store.setItem('a', { _rev: 3 }));
    assert.deepEqual(JSON.parse(JSON.stringify(error)), {
        code: 'CONFLICT',
        key: 'a',
        expectedRev: 3,
        actualRev: 0,
        httpStatusCode: 409,
    });
});
