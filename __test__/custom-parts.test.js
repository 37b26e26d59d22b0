'use strict';

/** Engines and file systems of the user's own, and the methods of our engine. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Datastore, DatastoreEngine } = require('../index.js');
const { afterwards, documentFiles, gate, openStore, readJson, refusal, temporaryDirectory } = require('./support.js');

/** An engine in plain JavaScript, which hands out the very objects it keeps and notes every call. */
class PlainEngine {
    calls = [];
    documents = new Map();
    views = new Map();

    loadDocuments() {
        this.calls.push(['loadDocuments']);
    }

    getItem(key) {
        return { key, document: this.documents.get(key) ?? null };
    }

    setItem(key, document) {
        this.calls.push(['setItem', key, document]);
        this.documents.set(key, document);
        return { key, document };
    }

    deleteItem(key) {
        this.calls.push(['deleteItem', key]);
        this.documents.delete(key);
        return { key };
    }

    queryKeys(options) {
        this.calls.push(['queryKeys', options]);
        return { items: [{ key: 'of the engine' }], exclusiveEndIndex: null };
    }

    queryView(id, options) {
        this.calls.push(['queryView', id, options]);
        return { items: [{ key: 'of the view' }], exclusiveEndIndex: null };
    }

    setView(id, source) {
        this.views.set(id, source);
    }

    hasView(id) {
        return this.views.has(id);
    }

    close() {
        this.calls.push(['close']);
    }
}

/** The same engine with every answer a promise. */
class AsyncEngine extends PlainEngine {}

for (const method of ['loadDocuments', 'getItem', 'setItem', 'deleteItem', 'queryKeys', 'queryView', 'close']) {
    AsyncEngine.prototype[method] = async function answerLater(...given) {
        await null;
        return PlainEngine.prototype[method].apply(this, given);
    };
}

for (const Engine of [PlainEngine, AsyncEngine]) {
    test(`${Engine.name}: documents are read and written through it, with revisions`, async () => {
        const db = new Engine();
        const store = new Datastore({ db });
        assert.equal(store._db, db);
        assert.equal(await store.getItem('a'), null);
        assert.deepEqual(await store.setItem('a', { n: 1, _rev: 7 }), { _rev: 0, n: 1 });
        assert.deepEqual(await store.setItem('a', { n: 2, _rev: 0 }), { _rev: 1, n: 2 });
        assert.deepEqual(await store.updateItem('a', ({ n, _rev }) => ({ n: n + 1, _rev })), { _rev: 2, n: 3 });
        assert.deepEqual(await store.updateItem('b', (document) => ({ given: document })), { _rev: 0, given: null });
        assert.deepEqual(await store.getItems(['b', 'none', 'a']), [{ _rev: 0, given: null }, null, { _rev: 2, n: 3 }]);
        assert.deepEqual(db.documents.get('a'), { _rev: 2, n: 3 });
        assert.equal(await store.deleteItem('a', { rev: 2 }), 'a');
        assert.equal(await store.deleteItem(42), 42);
        assert.equal(await store.getItem('a'), null);
        await store.close();
    });

    test(`${Engine.name}: conflicts are found without its help`, async () => {
        const db = new Engine();
        const store = new Datastore({ db });
        await store.setItem('a', {});
        await store.setItem('a', {});
        const before = db.calls.length;
        for (const [write, expectedRev, actualRev] of [
            [() => store.setItem('a', { _rev: 0 }), 0, 1],
            [() => store.updateItem('a', () => ({ _rev: 0 })), 0, 1],
            [() => store.deleteItem('a', { rev: 0 }), 0, 1],
            [() => store.deleteItem('none', { rev: 3 }), 3, null],
        ]) {
            const error = await refusal(write());
            assert.deepEqual([error.name, error.code, error.httpStatusCode], ['ConflictError', 'CONFLICT', 409]);
            assert.deepEqual([error.expectedRev, error.actualRev], [expectedRev, actualRev]);
        }
        await assert.rejects(store.setItem('a', { _rev: 1.5 }), { code: 'ASSERTION' });
        await assert.rejects(store.getItem('none', { required: true }), { code: 'NOT_FOUND', key: 'none' });
        assert.equal(db.calls.length, before);
        assert.equal((await store.setItem('a', { _rev: 0 }, { checkConsistency: false }))._rev, 2);
        const strict = new Datastore({ db, requireRev: true });
        assert.equal((await refusal(strict.setItem('a', {}))).code, 'CONFLICT');
        assert.equal((await refusal(strict.deleteItem('a'))).code, 'CONFLICT');
        assert.equal((await strict.setItem('a', { _rev: 2 }))._rev, 3);
    });

    test(`${Engine.name}: inclusiveStartIndex and limit are always set, and offset is translated`, async () => {
        const db = new Engine();
        const store = new Datastore({ db });
        const rest = { descending: false, includeDocuments: false };
        for (const [given, received] of [
            [undefined, { inclusiveStartIndex: 0, limit: 10, ...rest }],
            [{}, { inclusiveStartIndex: 0, limit: 10, ...rest }],
            [{ offset: 5 }, { inclusiveStartIndex: 5, limit: 10, ...rest }],
            [
                { inclusiveStartIndex: 7, limit: 3 },
                { inclusiveStartIndex: 7, limit: 3, ...rest },
            ],
            [
                { offset: 2, inclusiveStartIndex: 2, limit: Infinity },
                { inclusiveStartIndex: 2, limit: Infinity, ...rest },
            ],
            [
                { startKey: 'a', endKey: 'b', descending: true, includeDocuments: true },
                {
                    startKey: 'a',
                    endKey: 'b',
                    inclusiveStartIndex: 0,
                    limit: 10,
                    descending: true,
                    includeDocuments: true,
                },
            ],
            [
                { key: 'k', startKey: undefined },
                { key: 'k', inclusiveStartIndex: 0, limit: 10, ...rest },
            ],
            [{ prefix: 'p' }, { prefix: 'p', inclusiveStartIndex: 0, limit: 10, ...rest }],
        ]) {
            assert.equal((await store.queryKeys(given)).items[0].key, 'of the engine');
            assert.deepEqual(db.calls.pop(), ['queryKeys', received]);
            assert.equal((await store.queryView('view', given)).items[0].key, 'of the view');
            assert.deepEqual(db.calls.pop(), ['queryView', 'view', received]);
        }
        const newer = {
            inclusiveStart: false,
            inclusiveEnd: true,
            cursor: 'of the engine',
            reduce: false,
            keys: ['k'],
        };
        const { signal } = new AbortController();
        await store.queryView('view', { ...newer, signal });
        assert.deepEqual(db.calls.pop()[2], { ...newer, inclusiveStartIndex: 0, limit: 10, ...rest });
        await store.queryView('view', { keys: [['a'], null], groupLevel: 2 });
        const groups = { keys: [['a'], null], reduce: true, groupLevel: 2 };
        assert.deepEqual(db.calls.pop()[2], { ...groups, inclusiveStartIndex: 0, limit: 10, ...rest });
        await store.queryView('view', { key: null, endKey: ['a'] });
        const bounds = { key: null, endKey: ['a'] };
        assert.deepEqual(db.calls.pop(), [
            'queryView',
            'view',
            { ...bounds, inclusiveStartIndex: 0, limit: 10, ...rest },
        ]);
        await assert.rejects(store.queryKeys({ limit: 0 }), { code: 'ASSERTION' });
        await assert.rejects(store.queryKeys({ prefix: 'a', key: 'a' }), { code: 'ASSERTION' });
    });

    test(`${Engine.name}: views, load and close are its own`, async () => {
        const db = new Engine();
        const store = new Datastore({ db });
        const source = { map() {} };
        assert.equal(store.hasView('view'), false);
        store.setView('view', source);
        assert.equal(store.hasView('view'), true);
        assert.equal(db.views.get('view'), source);
        assert.equal(await store.load(), store);
        await Promise.all([store.load(), store.getItem('a'), store.setItem('a', {})]);
        assert.equal(db.calls.filter(([method]) => method === 'loadDocuments').length, 1);
        await store.close();
        await store.close();
        assert.equal(db.calls.filter(([method]) => method === 'close').length, 1);
        await assert.rejects(store.getItem('a'), { code: 'CLOSED' });
        assert.throws(() => store.hasView('view'), { code: 'CLOSED' });
    });

    test(`${Engine.name}: what a user gets is his own`, async () => {
        const db = new Engine();
        const store = new Datastore({ db });
        const mine = { list: [1] };
        const stored = await store.setItem('a', mine);
        mine.list.push('mine');
        stored.list.push('stored');
        (await store.getItem('a')).list.push('read');
        (await store.getItems(['a']))[0].list.push('read');
        await assert.rejects(
            store.updateItem('a', (document) => {
                document.list.push('updating');
                throw new Error('after changing it');
            }),
        );
        assert.deepEqual(await store.getItem('a'), { _rev: 0, list: [1] });
    });

    test(`${Engine.name}: writes of one key wait for each other`, async () => {
        const db = new Engine();
        const store = new Datastore({ db });
        const increment = (document) => ({ n: (document?.n ?? 0) + 1 });
        await Promise.all(Array.from({ length: 50 }, () => store.updateItem('a', increment)));
        assert.deepEqual(db.documents.get('a'), { _rev: 49, n: 50 });
        const outcomes = await Promise.allSettled([
            store.setItem('b', {}),
            store.setItem('b', { _rev: 0 }),
            store.setItem('b', { _rev: 0 }),
        ]);
        assert.deepEqual(
            outcomes.map(({ status }) => status),
            ['fulfilled', 'fulfilled', 'rejected'],
        );
    });
}

for (const method of ['loadDocuments', 'getItem', 'setItem', 'deleteItem', 'queryKeys', 'queryView']) {
    test(`what the ${method} of a custom engine throws passes unchanged`, async () => {
        for (const isAsync of [false, true]) {
            const db = new PlainEngine();
            await new Datastore({ db }).setItem('a', {});
            const thrown = new Error('mine');
            db[method] = () => {
                if (isAsync) {
                    return Promise.reject(thrown);
                }
                throw thrown;
            };
            const store = new Datastore({ db });
            const calls = {
                loadDocuments: () => store.load(),
                getItem: () => store.getItem('a'),
                setItem: () => store.setItem('a', {}),
                deleteItem: () => store.deleteItem('a'),
                queryKeys: () => store.queryKeys(),
                queryView: () => store.queryView('view'),
            };
            assert.equal(await refusal(calls[method]()), thrown);
            delete db[method];
            await calls[method]();
        }
    });
}

test('what a custom engine cannot do is refused as unsupported', async () => {
    const { loadDocuments, getItem, setItem, deleteItem } = new PlainEngine();
    const db = { documents: new Map(), calls: [], loadDocuments, getItem, setItem, deleteItem };
    const store = new Datastore({ db });
    assert.deepEqual(await store.setItem('a', {}), { _rev: 0 });
    await assert.rejects(store.queryKeys(), { name: 'DatastoreError', code: 'UNSUPPORTED' });
    await assert.rejects(store.queryView('view'), { name: 'DatastoreError', code: 'UNSUPPORTED' });
    assert.throws(() => store.setView('view', { map() {} }), { code: 'UNSUPPORTED' });
    assert.throws(() => store.hasView('view'), { code: 'UNSUPPORTED' });
    await store.close();
});

/** Files in a `Map`, with errors to come and a list of what was called. */
class FakeFiles {
    files = new Map();
    calls = [];
    /** What the next calls of a method throw. */
    failing = {};
    /** What the calls of `writeDocumentFile` wait for. */
    slow = null;

    constructor(documents = {}) {
        for (const [name, content] of Object.entries(documents)) {
            this.files.set(name, content);
        }
    }

    async #call(method, file) {
        this.calls.push([method, file]);
        if (this.failing[method] !== undefined) {
            throw this.failing[method];
        }
    }

    async readDocumentDirectory(directory) {
        await this.#call('readDocumentDirectory', directory);
        return [...this.files.keys()];
    }

    async readDocumentFile(file) {
        await this.#call('readDocumentFile', file);
        return this.files.get(path.basename(file));
    }

    async writeDocumentFile(file, document) {
        await this.slow;
        await this.#call('writeDocumentFile', file);
        this.files.set(path.basename(file), structuredClone(document));
    }

    async removeDocumentFile(file) {
        await this.#call('removeDocumentFile', file);
        this.files.delete(path.basename(file));
    }
}

/** The three ways to give a file system to a datastore. */
const GIVING_FILES = {
    'the option of a datastore': (fileSystem) => new Datastore({ directory: '/nowhere/data', fileSystem }),
    'an engine': (fileSystem) => new Datastore({ db: new DatastoreEngine({ directory: '/nowhere/data', fileSystem }) }),
};

for (const [way, makeStore] of Object.entries(GIVING_FILES)) {
    test(`a custom file system by ${way} is all that holds documents`, async (t) => {
        const fileSystem = new FakeFiles({
            'a.json': { n: 1 },
            'user%3A1.json': { _rev: 4, n: 2 },
            'notes.txt': 'ignored',
            'user:2.json': {},
            '%61.json': {},
            '.json': {},
            'deeper/a.json': {},
        });
        const store = makeStore(fileSystem);
        afterwards(t, () => store.close());
        assert.equal(store.loadReport, null);
        await store.load();
        const { milliseconds, ...report } = store.loadReport;
        assert.equal(typeof milliseconds, 'number');
        assert.deepEqual([report.documents, report.ignored, report.quarantined], [2, 5, 0]);
        assert.deepEqual(fileSystem.calls[0], ['readDocumentDirectory', '/nowhere/data']);
        const read = fileSystem.calls.splice(0).filter(([method]) => method === 'readDocumentFile');
        assert.deepEqual(read.map(([, file]) => file).sort(), [
            path.join('/nowhere/data', 'a.json'),
            path.join('/nowhere/data', 'user%3A1.json'),
        ]);
        assert.deepEqual(await store.getItem('user:1'), { _rev: 4, n: 2 });
        assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });

        assert.deepEqual(await store.setItem('user:1', { n: 3, _rev: 4 }), { _rev: 5, n: 3 });
        assert.deepEqual(await store.updateItem('new/*', () => ({ x: 1 })), { _rev: 0, x: 1 });
        assert.equal(await store.deleteItem('a'), 'a');
        assert.equal(await store.deleteItem('never'), 'never');
        assert.deepEqual(fileSystem.calls, [
            ['writeDocumentFile', path.join('/nowhere/data', 'user%3A1.json')],
            ['writeDocumentFile', path.join('/nowhere/data', 'new%2F*.json')],
            ['removeDocumentFile', path.join('/nowhere/data', 'a.json')],
        ]);
        assert.deepEqual(fileSystem.files.get('user%3A1.json'), { _rev: 5, n: 3 });
        assert.deepEqual(fileSystem.files.get('new%2F*.json'), { _rev: 0, x: 1 });
        assert.equal(fileSystem.files.has('a.json'), false);
        const { items } = await store.queryKeys();
        assert.deepEqual(
            items.map(({ key }) => key),
            ['new/*', 'user:1'],
        );
        await assert.rejects(store.setItem('user:1', { _rev: 4 }), { code: 'CONFLICT', actualRev: 5 });
        assert.equal(fs.existsSync('/nowhere'), false);
    });
}

/** A loaded datastore over fake files. */
async function openFake(t, documents) {
    const fileSystem = new FakeFiles(documents);
    const store = await openStore(t, { directory: '/nowhere', fileSystem });
    fileSystem.calls.splice(0);
    return { fileSystem, store };
}

test('a directory may be told as names, as objects with a name, and as any iterable', async (t) => {
    for (const entries of [
        ['a.json', 'b.json'],
        [{ name: 'a.json' }, { name: 'b.json' }],
        ['a.json', { name: 'b.json', isFile: () => true }],
        new Set(['a.json', 'b.json']),
    ]) {
        const fileSystem = new FakeFiles({ 'a.json': { n: 1 }, 'b.json': { n: 2 } });
        fileSystem.readDocumentDirectory = async () => entries;
        const store = await openStore(t, { directory: '/nowhere', fileSystem });
        assert.deepEqual(await store.getItems(['a', 'b']), [
            { _rev: 0, n: 1 },
            { _rev: 0, n: 2 },
        ]);
    }
});

test('a custom file system may answer at once', async (t) => {
    const files = new Map([['a.json', { n: 1 }]]);
    const fileSystem = {
        readDocumentDirectory: () => [...files.keys()],
        readDocumentFile: (file) => files.get(path.basename(file)),
        writeDocumentFile: (file, document) => files.set(path.basename(file), document),
        removeDocumentFile: (file) => files.delete(path.basename(file)),
    };
    const store = await openStore(t, { directory: '/nowhere', fileSystem });
    await store.setItem('b', { n: 2 });
    await store.deleteItem('a');
    assert.deepEqual([...files], [['b.json', { _rev: 0, n: 2 }]]);
});

test('views and every query work over a custom file system', async (t) => {
    const { store } = await openFake(t, { 'a.json': { n: 1 }, 'b.json': { n: 2 } });
    store.setView('view', { map: (document, emit) => emit(-document.n) });
    await store.setItem('c', { n: 3 });
    await store.deleteItem('a');
    const { items, total } = await store.queryView('view', { includeDocuments: true });
    assert.equal(total, 2);
    assert.deepEqual(items[0], { key: -3, documentKey: 'c', document: { _rev: 0, n: 3 } });
    assert.equal((await store.queryKeys({ prefix: 'b' })).total, 1);
    assert.equal(store.stats().documents, 2);
});

test('a custom write that fails rejects with that very error, memory is unchanged, and the next write works', async (t) => {
    const { fileSystem, store } = await openFake(t, { 'a.json': { n: 1 } });
    fileSystem.failing.writeDocumentFile = new Error('disk full');
    const writes = [
        () => store.setItem('a', { n: 2 }),
        () => store.setItem('new', {}),
        () => store.updateItem('a', () => ({ n: 2 })),
        () => store._db.setItem('a', { n: 2 }),
    ];
    for (const write of writes) {
        assert.equal(await refusal(write()), fileSystem.failing.writeDocumentFile);
    }
    assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
    assert.equal(await store.getItem('new'), null);
    assert.equal((await store.queryKeys()).total, 1);
    fileSystem.failing = {};
    assert.deepEqual(await store.setItem('a', { n: 3 }), { _rev: 1, n: 3 });
    assert.deepEqual(fileSystem.files.get('a.json'), { _rev: 1, n: 3 });
});

test('a custom removal that fails rejects with that very error, and the document stays', async (t) => {
    const { fileSystem, store } = await openFake(t, { 'a.json': { n: 1 } });
    fileSystem.failing.removeDocumentFile = new Error('busy');
    for (const remove of [() => store.deleteItem('a'), () => store._db.deleteItem('a')]) {
        assert.equal(await refusal(remove()), fileSystem.failing.removeDocumentFile);
        assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
    }
    fileSystem.failing = {};
    await store.deleteItem('a');
    assert.equal(await store.getItem('a'), null);
});

test('memory changes when the custom write has ended, not before', async (t) => {
    const { fileSystem, store } = await openFake(t, { 'a.json': { n: 1 } });
    const { open, opened } = gate();
    fileSystem.slow = opened;
    const write = store.setItem('a', { n: 2 });
    assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
    assert.deepEqual(store._db.getItem('a').document, { _rev: 0, n: 1 });
    open();
    await write;
    assert.deepEqual(await store.getItem('a'), { _rev: 1, n: 2 });
});

test('custom writes of one key come one at a time, in the order of the calls, by whatever way they come', async (t) => {
    const { fileSystem, store } = await openFake(t, {});
    const underWay = new Set();
    const written = [];
    fileSystem.writeDocumentFile = async (file, document) => {
        assert.equal(underWay.has(file), false);
        underWay.add(file);
        // Each takes less time than the one before it.
        for (let turns = 20 - document.n; turns > 0; turns -= 1) {
            await null;
        }
        underWay.delete(file);
        written.push([path.basename(file), document.n]);
    };
    const writes = Array.from({ length: 20 }, (_, n) =>
        n % 3 === 0 ? store._db.setItem('a', { n }) : store.setItem('a', { n }),
    );
    await store.setItem('b', { n: 19 });
    await Promise.all(writes);
    const ofA = written.filter(([file]) => file === 'a.json').map(([, n]) => n);
    assert.equal(ofA.length, 20);
    for (const isOfEngine of [false, true]) {
        const inOrder = ofA.filter((n) => (n % 3 === 0) === isOfEngine);
        assert.deepEqual(
            inOrder,
            [...inOrder].sort((a, b) => a - b),
        );
    }
    assert.equal((await store.getItem('a')).n, ofA.at(-1));
    assert.ok(written.findIndex(([file]) => file === 'b.json') < 10, 'another key had to wait');
});

test('what a custom file system is given is its own', async (t) => {
    const { fileSystem, store } = await openFake(t, {});
    fileSystem.writeDocumentFile = async (_file, document) => {
        document.list.push('changed');
        document._rev = 99;
    };
    const mine = { list: [1] };
    assert.deepEqual(await store.setItem('a', mine), { _rev: 0, list: [1] });
    assert.deepEqual(mine, { list: [1] });
    assert.deepEqual(await store.getItem('a'), { _rev: 0, list: [1] });
});

test('bad content of custom files is told whole, reads stay refused, and the load can be tried again', async (t) => {
    const fileSystem = new FakeFiles({
        'array.json': [],
        'nothing.json': undefined,
        'null.json': null,
        'text.json': '{"a":1}',
        'rev%3A1.json': { _rev: -1 },
        'rev%3A2.json': { _rev: '1' },
        'fine.json': { n: 1 },
        'gone.json': { n: 2 },
    });
    const { readDocumentFile } = fileSystem;
    fileSystem.files.set('syntax.json', null);
    fileSystem.readDocumentFile = async (file) =>
        path.basename(file) === 'syntax.json' ? JSON.parse('{') : readDocumentFile.call(fileSystem, file);
    const store = new Datastore({ directory: '/nowhere', fileSystem });
    afterwards(t, () => store.close());
    const error = await refusal(store.load());
    assert.deepEqual([error.name, error.code], ['CorruptError', 'CORRUPT']);
    const names = error.files.map(({ file, reason }) => {
        assert.equal(typeof reason, 'string');
        return file;
    });
    assert.deepEqual(names.sort(), [
        'array.json',
        'nothing.json',
        'null.json',
        'rev%3A1.json',
        'rev%3A2.json',
        'syntax.json',
        'text.json',
    ]);
    assert.throws(() => store._db.getItem('fine'), { code: 'NOT_LOADED' });
    assert.equal(store.loadReport, null);
    await assert.rejects(store.getItem('fine'), { code: 'CORRUPT' });
    for (const name of [...names, 'gone.json']) {
        fileSystem.files.delete(name);
    }
    await store.load();
    assert.deepEqual(await store.getItems(['fine', 'gone']), [{ _rev: 0, n: 1 }, null]);
});

test('what a custom file system throws at load passes unchanged', async (t) => {
    for (const method of ['readDocumentDirectory', 'readDocumentFile']) {
        const fileSystem = new FakeFiles({ 'a.json': { n: 1 } });
        fileSystem.failing[method] = Object.assign(new Error('mine'), { code: 'EIO' });
        const store = new Datastore({ directory: '/nowhere', fileSystem });
        afterwards(t, () => store.close());
        assert.equal(await refusal(store.load()), fileSystem.failing[method]);
        assert.equal(await refusal(store.setItem('a', {})), fileSystem.failing[method]);
        fileSystem.failing = {};
        assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
    }
});

test('an engine over a custom file system refuses to read before all documents are there', async (t) => {
    const count = 2_000;
    const names = Array.from({ length: count }, (_, n) => `${n}.json`);
    const fileSystem = new FakeFiles(Object.fromEntries(names.map((name, n) => [name, { n }])));
    const { open, opened } = gate();
    const { readDocumentFile } = fileSystem;
    fileSystem.readDocumentFile = async (file) => {
        if (path.basename(file) === names.at(-1)) {
            await opened;
        }
        return readDocumentFile.call(fileSystem, file);
    };
    const engine = new DatastoreEngine({ directory: '/nowhere', fileSystem });
    afterwards(t, () => engine.close());
    engine.setView('view', { map: (document, emit) => emit(document.n) });
    const reads = [() => engine.getItem(0), () => engine.queryKeys(), () => engine.queryView('view')];
    let isLoaded = false;
    const loading = engine.loadDocuments().then(() => {
        isLoaded = true;
    });
    for (let turns = 0; turns < 20 || !isLoaded; turns += 1) {
        if (!isLoaded) {
            for (const read of reads) {
                assert.throws(read, { code: 'NOT_LOADED' });
            }
        }
        if (turns === 10) {
            open();
        }
        await new Promise(setImmediate);
    }
    await loading;
    assert.deepEqual(engine.getItem(0), { key: '0', document: { _rev: 0, n: 0 } });
    assert.deepEqual([engine.queryKeys().total, engine.queryView('view').total], [count, count]);
});

test('closing an engine over a custom file system waits for its writes', async (t) => {
    const { fileSystem, store } = await openFake(t, {});
    const { open, opened } = gate();
    fileSystem.slow = opened;
    let closed = false;
    const writes = [store._db.setItem('a', { n: 1 }), store._db.setItem('a', { n: 2 }), store._db.deleteItem('b')];
    const closing = store._db.close().then(() => {
        closed = true;
    });
    await new Promise(setImmediate);
    assert.equal(closed, false);
    open();
    assert.deepEqual(await Promise.all(writes), [
        { key: 'a', document: { _rev: 0, n: 1 } },
        { key: 'a', document: { _rev: 0, n: 2 } },
        { key: 'b' },
    ]);
    await closing;
    await assert.rejects(store._db.setItem('a', {}), { code: 'CLOSED' });
    await assert.rejects(store.setItem('a', {}), { code: 'CLOSED' });
    await assert.rejects(store.getItem('a'), { code: 'CLOSED' });
    await assert.rejects(store.load(), { code: 'CLOSED' });
    assert.deepEqual([...fileSystem.files], [['a.json', { _rev: 0, n: 2 }]]);
});

test('an update over a custom file system that lost to its engine runs again', async (t) => {
    const { store } = await openFake(t, { 'a.json': { n: 1 } });
    const given = [];
    const updated = await store.updateItem('a', async (document) => {
        given.push(document.n);
        if (given.length === 1) {
            await store._db.deleteItem('a');
            await store._db.setItem('a', { n: 10 });
        }
        return { n: document.n + 1 };
    });
    assert.deepEqual([given, updated], [[1, 10], { _rev: 1, n: 11 }]);
});

/** Our engine, over files and over a custom file system. */
const ENGINES = {
    'our files': (t) => new DatastoreEngine({ directory: path.join(temporaryDirectory(t), 'data') }),
    'a custom file system': () => new DatastoreEngine({ directory: '/nowhere', fileSystem: new FakeFiles() }),
};

for (const [files, makeEngine] of Object.entries(ENGINES)) {
    test(`over ${files}, an engine's getItem tells the key, and null for nothing`, async (t) => {
        const engine = makeEngine(t);
        afterwards(t, () => engine.close());
        await engine.loadDocuments();
        assert.deepEqual(engine.getItem('a'), { key: 'a', document: null });
        assert.deepEqual(engine.getItem(42), { key: '42', document: null });
        await engine.setItem('a', { list: [1] });
        engine.getItem('a').document.list.push('changed');
        assert.deepEqual(engine.getItem('a'), { key: 'a', document: { _rev: 0, list: [1] } });
    });

    test(`over ${files}, an engine's setItem stores the document as it is, its revision included`, async (t) => {
        const engine = makeEngine(t);
        afterwards(t, () => engine.close());
        assert.deepEqual(await engine.setItem('a', { n: 1 }), { key: 'a', document: { _rev: 0, n: 1 } });
        assert.deepEqual(await engine.setItem('a', { n: 2 }), { key: 'a', document: { _rev: 0, n: 2 } });
        assert.deepEqual(await engine.setItem(7, { n: 3, _rev: 12 }), { key: '7', document: { _rev: 12, n: 3 } });
        assert.deepEqual(await engine.setItem(7, { n: 4, _rev: 3 }), { key: '7', document: { _rev: 3, n: 4 } });
        assert.deepEqual(engine.getItem(7).document, { _rev: 3, n: 4 });
        for (const _rev of [-1, 1.5, '1', null, 2 ** 53]) {
            await assert.rejects(engine.setItem('a', { _rev }), { code: 'ASSERTION' });
        }
        for (const document of [null, undefined, [], 'x', 1, () => {}, new Map()]) {
            await assert.rejects(engine.setItem('a', document), { code: 'ASSERTION' });
        }
        assert.deepEqual(engine.getItem('a').document, { _rev: 0, n: 2 });
        const store = new Datastore({ db: engine });
        assert.deepEqual(await store.setItem(7, { n: 5, _rev: 3 }), { _rev: 4, n: 5 });
    });

    test(`over ${files}, an engine's deleteItem tells the key, and asks for no revision`, async (t) => {
        const engine = makeEngine(t);
        afterwards(t, () => engine.close());
        await engine.setItem('a', { _rev: 5 });
        assert.deepEqual(await engine.deleteItem('a'), { key: 'a' });
        assert.deepEqual(await engine.deleteItem('a'), { key: 'a' });
        assert.deepEqual(await engine.deleteItem(42), { key: '42' });
        assert.equal(engine.getItem('a').document, null);
        const strict = new Datastore({ db: engine, requireRev: true });
        await strict.setItem('a', {});
        await assert.rejects(strict.deleteItem('a'), { code: 'CONFLICT' });
        await engine.deleteItem('a');
        assert.equal(await strict.getItem('a'), null);
    });

    test(`over ${files}, an engine's queries answer at once`, async (t) => {
        const engine = makeEngine(t);
        afterwards(t, () => engine.close());
        engine.setView('view', { map: (document, emit) => emit(document.n, 'value') });
        assert.equal(engine.hasView('view'), true);
        await engine.setItem('a', { n: 2 });
        await engine.setItem('b', { n: 1 });
        const { cursor, ...page } = engine.queryKeys({ descending: true, limit: 1 });
        assert.deepEqual(page, { items: [{ key: 'b', documentKey: 'b' }], exclusiveEndIndex: 1, total: 2 });
        assert.deepEqual(engine.queryKeys({ descending: true, cursor }).items, [{ key: 'a', documentKey: 'a' }]);
        assert.deepEqual(engine.queryView('view', { key: 1, includeDocuments: true }), {
            items: [{ key: 1, documentKey: 'b', value: 'value', document: { _rev: 0, n: 1 } }],
            exclusiveEndIndex: null,
            cursor: null,
            total: 1,
        });
    });

    test(`over ${files}, an engine's writes before the load start it`, async (t) => {
        const engine = makeEngine(t);
        afterwards(t, () => engine.close());
        assert.throws(() => engine.getItem('a'), { name: 'DatastoreError', code: 'NOT_LOADED' });
        assert.throws(() => engine.queryKeys(), { code: 'NOT_LOADED' });
        await Promise.all([engine.setItem('a', { n: 1 }), engine.deleteItem('b'), engine.loadDocuments()]);
        assert.deepEqual(engine.getItem('a').document, { _rev: 0, n: 1 });
        assert.equal(engine.loadReport.documents, 0);
    });

    test(`over ${files}, writes that were called before close are taken`, async (t) => {
        const engine = makeEngine(t);
        await engine.loadDocuments();
        const writes = [engine.setItem('a', {}), engine.deleteItem('b')];
        const closed = engine.close();
        assert.deepEqual(await Promise.all(writes), [{ key: 'a', document: { _rev: 0 } }, { key: 'b' }]);
        await closed;
    });
}

test('an engine of ours can be the db of a datastore', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const db = new DatastoreEngine({ directory });
    const store = new Datastore({ db });
    afterwards(t, () => store.close());
    assert.equal(store._db, db);
    await store.load();
    await store.setItem('a', { n: 1 });
    assert.deepEqual(db.getItem('a').document, { _rev: 0, n: 1 });
    assert.deepEqual(documentFiles(directory), ['a.json']);
    assert.deepEqual(readJson(directory, 'a.json'), { _rev: 0, n: 1 });
    await assert.rejects(store.setItem('a', { _rev: 1 }), { code: 'CONFLICT' });
    await store.close();
    assert.throws(() => db.getItem('a'), { code: 'CLOSED' });
});

test('two datastores over one engine lose no update', async (t) => {
    const db = new DatastoreEngine({ directory: path.join(temporaryDirectory(t), 'data') });
    afterwards(t, () => db.close());
    const stores = [new Datastore({ db }), new Datastore({ db })];
    const increment = async (document) => {
        await null;
        return { n: (document?.n ?? 0) + 1 };
    };
    await Promise.all(Array.from({ length: 60 }, (_, index) => stores[index % 2].updateItem('n', increment)));
    assert.deepEqual(await stores[0].getItem('n'), { _rev: 59, n: 60 });
});

test('documents in the results of a custom engine are the own ones of whoever asked', async () => {
    const kept = { n: 1 };
    const db = {
        loadDocuments() {},
        getItem: () => null,
        setItem() {},
        deleteItem() {},
        queryKeys: () => ({ items: [{ key: 'a', documentKey: 'a', document: kept }], exclusiveEndIndex: null }),
        queryView: async () => ({ items: [{ key: 'a', documentKey: 'a', document: kept }], exclusiveEndIndex: null }),
    };
    const store = new Datastore({ db });
    for (const result of [await store.queryKeys(), await store.queryView('any')]) {
        result.items[0].document.n = 9;
        assert.equal(kept.n, 1);
        assert.equal(result.exclusiveEndIndex, null);
    }
    assert.equal(await store.getItem('a'), null);
});

test('what a custom engine is asked was checked, however the options change meanwhile', async () => {
    const asked = [];
    const db = {
        loadDocuments: async () => {},
        getItem: () => ({ document: null }),
        setItem() {},
        deleteItem() {},
        queryKeys: (options) => asked.push(options),
        queryView: (_id, options) => asked.push(options),
    };
    const store = new Datastore({ db });
    const [ofKeys, ofRows] = [{ startKey: 7 }, { key: ['x', { y: null }], limit: 3 }];
    const waiting = [store.queryKeys(ofKeys), store.queryView('any', ofRows)];
    ofKeys.startKey = { evil: 1 };
    ofRows.key.push('later');
    await Promise.all(waiting);
    const rest = { inclusiveStartIndex: 0, limit: 10, descending: false, includeDocuments: false };
    assert.deepEqual(asked, [
        { startKey: '7', ...rest },
        { key: ['x', { y: null }], ...rest, limit: 3 },
    ]);
});

test('a custom file system is never given what memory would refuse', async (t) => {
    const written = [];
    const fileSystem = {
        readDocumentDirectory: async () => [],
        readDocumentFile: async () => ({}),
        writeDocumentFile: async (file) => written.push(file),
        removeDocumentFile: async () => {},
    };
    const store = new Datastore({ directory: temporaryDirectory(t), fileSystem });
    let deep = {};
    for (let level = 0; level < 2_500; level += 1) {
        deep = { deep };
    }
    assert.equal((await refusal(store.setItem('a', deep))).code, 'ASSERTION');
    assert.equal((await refusal(store._db.setItem('a', deep))).code, 'ASSERTION');
    assert.deepEqual(written, []);
    await store.setItem('a', { n: 1 });
    assert.equal(written.length, 1);
});

test('a document of a custom file system that memory would refuse is a bad file', async (t) => {
    let deep = {};
    for (let level = 0; level < 2_500; level += 1) {
        deep = { deep };
    }
    const fileSystem = {
        readDocumentDirectory: async () => ['a.json', 'b.json'],
        readDocumentFile: async (file) => (file.endsWith('b.json') ? deep : {}),
        writeDocumentFile: async () => {},
        removeDocumentFile: async () => {},
    };
    const store = new Datastore({ directory: temporaryDirectory(t), fileSystem });
    const error = await refusal(store.load());
    assert.equal(error.code, 'CORRUPT');
    assert.deepEqual(
        error.files.map(({ file }) => file),
        ['b.json'],
    );
});
