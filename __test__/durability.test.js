'use strict';

/** Levels of durability, flush, and what a store tells of its failures. */

const assert = require('node:assert/strict');
const { EventEmitter, once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const binding = require('../lib/native.js');
const { Datastore, DatastoreEngine, DatastoreError, StorageError } = require('../index.js');
const { LEVELS, afterwards, openStore, refusal, runScript, temporaryDirectory } = require('./support.js');

const EVERY_LEVEL = ['none', 'os', 'full'];

/** Every call that takes a durability. */
const CALLS = {
    setItem: (store, options) => store.setItem('a', {}, options),
    updateItem: (store, options) => store.updateItem('a', () => ({}), options),
    deleteItem: (store, options) => store.deleteItem('a', options),
    setItems: (store, options) => store.setItems([['a', {}]], options),
    deleteItems: (store, options) => store.deleteItems(['a'], options),
    batch: (store, options) => store.batch([{ type: 'set', key: 'a', document: {} }], options),
    transaction: (store, options) => store.transaction((tx) => tx.setItem('a', {}), options),
};

/** Calls that store nothing, because what they would delete is gone already, or they only read. */
const NOTHING_LEFT = {
    deleteItem: (store, options) => store.deleteItem('a', options),
    deleteItems: (store, options) => store.deleteItems(['a', 'b'], options),
    batch: (store, options) => store.batch([{ type: 'delete', key: 'a' }], options),
    'transaction that deletes': (store, options) => store.transaction((tx) => tx.deleteItem('a'), options),
    'transaction that reads': (store, options) => store.transaction((tx) => tx.getItem('a'), options),
};

for (const [method, call] of Object.entries(NOTHING_LEFT)) {
    for (const files of ['eager', 'background']) {
        test(`${method} at 'full' of what is gone waits until that survives a power cut, with ${files} files`, async (t) => {
            const store = await openStore(t, { files, syncInterval: 600_000 });
            await store.setItem('a', {});
            await store.deleteItem('a');
            const { sequence, syncedSequence } = store.stats();
            assert.ok(syncedSequence < sequence);
            await call(store, { durability: 'full' });
            assert.deepEqual([store.stats().sequence, store.stats().syncedSequence], [sequence, sequence]);
            assert.equal(await store.getItem('a'), null);
        });
    }
}

/** Per level of the store, what a call may ask for. */
const MAY_ASK = { none: ['none'], os: ['os', 'full'], full: ['full'] };

for (const [method, call] of Object.entries(CALLS)) {
    for (const [own, may] of Object.entries(MAY_ASK)) {
        test(`${method} in a store of '${own}' may ask for ${may.join(' and ')}, and for nothing less`, async (t) => {
            const store = await openStore(t, { durability: own });
            for (const durability of LEVELS) {
                if (may.includes(durability)) {
                    await call(store, { durability });
                    continue;
                }
                const { sequence } = store.stats();
                await assert.rejects(call(store, { durability }), { name: 'AssertionError', code: 'ASSERTION' });
                assert.equal(store.stats().sequence, sequence);
            }
        });
    }

    test(`${method} over a custom engine refuses any durability as unsupported`, async () => {
        const db = {
            loadDocuments() {},
            getItem: () => null,
            setItem: () => assert.fail('it was written'),
            deleteItem: () => assert.fail('it was deleted'),
        };
        const store = new Datastore({ db });
        for (const durability of EVERY_LEVEL) {
            await assert.rejects(call(store, { durability }), { name: 'DatastoreError', code: 'UNSUPPORTED' });
        }
    });
}

/** How a call crosses, and whether that asks for a sync. */
const CROSSINGS = {
    submit: (_number, _ticket, _texts, [action]) => (action & 8) !== 0,
    submitBatch: (_number, _ticket, _texts, _plan, synced) => synced,
    transactionCommit: (_number, _id, _ticket, synced) => synced,
};

for (const [method, call] of Object.entries(CALLS)) {
    test(`${method} asks for a sync where its durability is more than the store's`, async (t) => {
        const store = await openStore(t);
        const synced = [];
        for (const [crossing, isSynced] of Object.entries(CROSSINGS)) {
            const original = binding[crossing];
            t.mock.method(binding, crossing, (...given) => {
                synced.push(isSynced(...given));
                return original(...given);
            });
        }
        for (const durability of ['full', 'os', undefined]) {
            await call(store, { durability });
        }
        t.mock.restoreAll();
        assert.deepEqual(synced, [true, false, false]);
    });
}

test("'os' is the default", async (t) => {
    const store = await openStore(t);
    await store.setItem('a', {}, { durability: 'os' });
    await assert.rejects(store.setItem('a', {}, { durability: 'none' }), { code: 'ASSERTION' });
});

test('a datastore over an engine has the durability of that engine', async (t) => {
    const store = new Datastore({ db: new DatastoreEngine({ durability: 'none' }) });
    afterwards(t, () => store.close());
    await store.setItem('a', {}, { durability: 'none' });
    await assert.rejects(store.setItem('a', {}, { durability: 'full' }), { code: 'ASSERTION' });
});

test("'none' needs no directory, and touches none that is given", async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    for (const options of [{}, { directory }, { directory, files: 'background', syncInterval: 10 }]) {
        const store = new Datastore({ durability: 'none', ...options });
        await store.load();
        await store.setItem('a', { n: 1 });
        await store.setItems([
            ['b', {}],
            ['c', {}],
        ]);
        await store.flush();
        assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
        assert.equal(store.loadReport.documents, 0);
        await store.close();
    }
    assert.equal(fs.existsSync(directory), false);
});

test("'none' reads nothing of a directory that is there", async (t) => {
    const directory = temporaryDirectory(t);
    fs.writeFileSync(path.join(directory, 'a.json'), '{ "broken": ');
    const store = await openStore(t, { directory, durability: 'none' });
    assert.equal((await store.queryKeys()).total, 0);
    assert.deepEqual(fs.readdirSync(directory), ['a.json']);
});

test('any other durability needs a directory', () => {
    for (const Class of [Datastore, DatastoreEngine]) {
        for (const options of [{}, { durability: 'os' }, { durability: 'full' }, { files: 'background' }]) {
            assert.throws(() => new Class(options), { code: 'ASSERTION' });
        }
    }
});

test('files and syncInterval are taken from the shortest to the longest', async (t) => {
    for (const options of [
        { files: 'eager', syncInterval: 10 },
        { files: 'background', syncInterval: 3_600_000 },
    ]) {
        for (const durability of ['os', 'full']) {
            const store = await openStore(t, { durability, ...options });
            await store.setItem('a', {});
        }
    }
});

for (const durability of EVERY_LEVEL) {
    test(`flush at '${durability}' resolves after the writes that were called before it in its tick`, async (t) => {
        const store = await openStore(t, { durability });
        const settled = [];
        const writes = [store.setItem('a', {}), store._db.setItem('b', {}), store.setItems([['c', {}]])];
        for (const [index, write] of writes.entries()) {
            write.then(() => settled.push(index));
        }
        assert.equal(await store.flush(), undefined);
        assert.deepEqual(settled.sort(), [0, 1, 2]);
        assert.equal(await store._db.flush(), undefined);
    });
}

for (const durability of LEVELS) {
    test(`what was flushed at '${durability}' is told as synced, as far as there is a disk`, async (t) => {
        const store = await openStore(t, { durability, syncInterval: 3_600_000 });
        await store.setItem('a', {});
        await store.flush();
        const { sequence, syncedSequence, filesBehind, journalBytes, spares, failure, degraded } = store.stats();
        assert.equal(sequence, 1);
        assert.equal(syncedSequence, durability === 'none' ? 0 : 1);
        assert.equal(filesBehind, 0);
        assert.deepEqual([typeof journalBytes, typeof spares, failure, degraded], ['number', 'number', null, null]);
    });
}

test('flush before the load covers what was called before it', async (t) => {
    const store = new Datastore({ directory: path.join(temporaryDirectory(t), 'data') });
    afterwards(t, () => store.close());
    let isStored = false;
    const write = store.setItem('a', {}).then(() => {
        isStored = true;
    });
    await store.flush();
    assert.equal(isStored, true);
    await write;
});

test('close waits for a flush, and refuses those after it', async (t) => {
    const store = await openStore(t);
    const settled = [];
    await store.setItem('a', {});
    const flushed = store.flush().then(() => settled.push('flush'));
    const closed = store.close().then(() => settled.push('close'));
    await assert.rejects(store.flush(), { code: 'CLOSED' });
    await Promise.all([flushed, closed]);
    assert.deepEqual(settled, ['flush', 'close']);
});

test('close waits for a flush that waits for the load', async (t) => {
    const store = new Datastore({ directory: path.join(temporaryDirectory(t), 'data') });
    const flushed = store.flush();
    await store.close();
    await flushed;
});

test("flush over a custom engine is the engine's, and unsupported where it has none", async () => {
    const calls = [];
    const rest = { loadDocuments() {}, getItem: () => null, setItem() {}, deleteItem() {} };
    const flushing = { ...rest, flush: async () => calls.push('flush') };
    assert.equal(await new Datastore({ db: flushing }).flush(), undefined);
    assert.deepEqual(calls, ['flush']);
    await assert.rejects(new Datastore({ db: rest }).flush(), { name: 'DatastoreError', code: 'UNSUPPORTED' });
});

test('flush over a custom file system is unsupported', async (t) => {
    const fileSystem = {
        readDocumentDirectory: async () => [],
        readDocumentFile() {},
        writeDocumentFile() {},
        removeDocumentFile() {},
    };
    const store = new Datastore({ directory: temporaryDirectory(t), fileSystem });
    afterwards(t, () => store.close());
    await assert.rejects(store.flush(), { code: 'UNSUPPORTED' });
    await assert.rejects(store._db.flush(), { code: 'UNSUPPORTED' });
    await assert.rejects(store.setItem('a', {}, { durability: 'full' }), { code: 'UNSUPPORTED' });
});

/** The events of the native half that no call waits for, and one that a call does. */
const CLOSED = 2;
const FAILED = 3;
const DEGRADED = 4;

const POISON = { code: 'POISONED', kind: 'POISONED', message: 'a sync failed', cause: 'fdatasync: EIO' };
const FULL = { code: 'ENOSPC', kind: 'STORAGE', message: 'no space', syscall: 'write', errno: 28, path: '/data' };

/** An open store, and what tells it an event as the native half does. */
async function toldStore(t, makeStore = (options) => new Datastore(options)) {
    let tell;
    const { open } = binding;
    t.mock.method(binding, 'open', (options, callback) => {
        tell = callback;
        return open(options, callback);
    });
    const store = makeStore({ durability: 'none' });
    binding.open.mock.restore();
    await store.load();
    return { store, tell };
}

test('a failure is told as an error event, with its code and cause', async (t) => {
    const { store, tell } = await toldStore(t);
    assert.ok(store instanceof EventEmitter);
    const told = new Promise((resolve) => store.once('error', resolve));
    tell(FAILED, 0, POISON);
    const error = await told;
    assert.ok(error instanceof DatastoreError);
    assert.deepEqual([error.code, error.cause.message], ['POISONED', 'fdatasync: EIO']);
    await store.close();
});

test('a failure that nobody listens for throws nothing', async (t) => {
    const { store, tell } = await toldStore(t);
    tell(FAILED, 0, POISON);
    tell(DEGRADED, 0, FULL);
    await new Promise(setImmediate);
    assert.deepEqual(await store.setItem('a', {}), { _rev: 0 });
    await store.close();
});

test('what hinders the background is told as degraded', async (t) => {
    const { store, tell } = await toldStore(t);
    store.on('error', () => assert.fail('it is no failure'));
    const told = once(store, 'degraded');
    tell(DEGRADED, 0, FULL);
    const [error] = await told;
    assert.ok(error instanceof StorageError);
    assert.deepEqual([error.code, error.syscall, error.errno], ['ENOSPC', 'write', -28]);
    await store.close();
});

test('every datastore over one engine is told', async (t) => {
    const { store, tell } = await toldStore(t, (options) => new Datastore({ db: new DatastoreEngine(options) }));
    const other = new Datastore({ db: store._db });
    const told = Promise.all([once(store, 'degraded'), once(other, 'degraded')]);
    tell(DEGRADED, 0, FULL);
    assert.equal((await told).length, 2);
    await store.close();
});

test('stats tells a failure and a hindrance as errors', async (t) => {
    const { store } = await toldStore(t);
    const { stats } = binding;
    t.mock.method(binding, 'stats', (number) => ({ ...stats(number), failure: POISON, degraded: FULL }));
    const { failure, degraded } = store.stats();
    assert.ok(failure instanceof DatastoreError && degraded instanceof StorageError);
    assert.deepEqual([failure.code, degraded.code], ['POISONED', 'ENOSPC']);
    binding.stats.mock.restore();
    await store.close();
});

test('close rejects with what went wrong, has closed all the same, and says so again', async (t) => {
    for (const of of ['datastore', 'engine']) {
        const { store, tell } = await toldStore(t);
        const closing = t.mock.method(binding, 'close', () => tell(CLOSED, 0, FULL));
        const disposed = t.mock.method(binding, 'dispose');
        const close = () => (of === 'datastore' ? store : store._db).close();
        const error = await refusal(close());
        assert.ok(error instanceof StorageError);
        assert.equal(error.code, 'ENOSPC');
        assert.equal(disposed.mock.callCount(), 1);
        assert.equal(await refusal(close()), error);
        assert.equal(await refusal(store.close()), error);
        await assert.rejects(store.getItem('a'), { code: 'CLOSED' });
        closing.mock.restore();
        disposed.mock.restore();
    }
});

test('listeners keep no process alive, and no store from being collected', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const script = `
        const use = async () => {
            const store = new kixx.Datastore({ directory });
            store.on('error', () => store.stats());
            store.on('degraded', () => store.stats());
            store.on('flush', () => store.stats());
            await store.setItem('a', {});
        };
        await use();
        const store = new kixx.Datastore({ directory });
        for (let rounds = 0; rounds < 200; rounds += 1) {
            try {
                await store.load();
                break;
            } catch (error) {
                gc();
                await new Promise(setImmediate);
            }
        }
        store.on('error', () => {});
        console.log((await store.getItem('a'))._rev);`;
    const ended = await runScript(script, { directory, execArgv: ['--expose-gc'] });
    assert.deepEqual(ended, { code: 0, signal: null, stdout: '0\n', stderr: '' });
});
