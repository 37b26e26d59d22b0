'use strict';

/** Writes that the system refuses: they tell its code, memory stays as the disk is, and the next write works. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { DatastoreError, StorageError } = require('../index.js');
const { withMounts } = require('./mounts.js');
const { PACKAGE, documentFiles, openStore, readJson, refusal, runScript, temporaryDirectory } = require('./support.js');

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** Checks an error of the system's: its code, and what Node's own errors have beside it. */
function checkSystemError(error, codes, directory) {
    assert.ok(error instanceof StorageError && error instanceof DatastoreError, error.stack);
    assert.equal(error.name, 'StorageError');
    assert.ok(codes.includes(error.code), `${error.code} is none of ${codes}`);
    assert.ok(typeof error.syscall === 'string' && error.syscall !== '');
    assert.ok(path.resolve(error.path).startsWith(directory), error.path);
    assert.ok(Number.isInteger(error.errno) && error.errno < 0);
}

/** Checks that every document in memory is in its file, and every file in memory. */
async function checkMemoryIsDisk(store, directory) {
    const { items } = await store.queryKeys({ limit: Infinity, includeDocuments: true });
    const files = documentFiles(directory).filter((name) => fs.lstatSync(path.join(directory, name)).isFile());
    assert.deepEqual(items.map(({ key }) => `${encodeURIComponent(key)}.json`).sort(), files);
    for (const { key, document } of items) {
        assert.deepEqual(readJson(directory, `${encodeURIComponent(key)}.json`), document);
    }
}

/** A loaded datastore with the document `a`. */
async function storeWithA(t, directory = path.join(temporaryDirectory(t), 'data')) {
    const store = await openStore(t, { directory });
    store.setView('view', { map: (document, emit) => emit(document.n) });
    await store.setItem('a', { n: 1 });
    return { directory, store };
}

/** Every way to write `a`. */
const WRITES = {
    setItem: (store) => store.setItem('a', { n: 2 }),
    updateItem: (store) => store.updateItem('a', () => ({ n: 2 })),
    deleteItem: (store) => store.deleteItem('a'),
    'engine.setItem': (store) => store._db.setItem('a', { n: 2 }),
    'engine.deleteItem': (store) => store._db.deleteItem('a'),
};

/** Checks that every write of `a` is refused with one of these codes and that `a` is still what it was. */
async function checkAllRefused(store, directory, codes, writes = WRITES) {
    const before = store.stats();
    for (const [name, write] of Object.entries(writes)) {
        const error = await refusal(write(store));
        checkSystemError(error, codes, directory);
        // Where the whole directory is refused, no key is to blame.
        assert.ok(error.key === 'a' || error.syscall === 'mkdir', name);
        assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 }, name);
    }
    assert.deepEqual(
        (await store.queryView('view')).items.map(({ key }) => key),
        [1],
    );
    const after = store.stats();
    assert.deepEqual([after.sequence, after.documents, after.poisoned], [before.sequence, before.documents, false]);
}

test('a directory that was removed refuses writes until it is loaded again', async (t) => {
    const { directory, store } = await storeWithA(t);
    fs.rmSync(directory, { recursive: true });
    await checkAllRefused(store, directory, ['ENOENT']);
    assert.equal(fs.existsSync(directory), false);
    fs.mkdirSync(directory);
    // Memory holds what the new one does not.
    await checkAllRefused(store, directory, ['ENOENT']);
    await store.close().catch(() => {});
    const again = await openStore(t, { directory });
    assert.deepEqual(await again.setItem('a', { n: 3 }), { _rev: 0, n: 3 });
    await checkMemoryIsDisk(again, directory);
});

test('our own folder is made again where it was removed', async (t) => {
    const { directory, store } = await storeWithA(t);
    fs.rmSync(path.join(directory, '.datastore'), { recursive: true });
    await store.setItem('a', { n: 2 });
    fs.rmSync(path.join(directory, '.datastore', 'tmp'), { recursive: true });
    await store.setItem('b', { n: 3 });
    await checkMemoryIsDisk(store, directory);
    const { stdout } = await runScript(
        `await new kixx.Datastore({ directory }).load().catch((error) => console.log(error.code));`,
        { directory },
    );
    assert.equal(stdout, 'LOCKED\n');
});

for (const inside of [[], ['file']]) {
    const kind = inside.length === 0 ? 'an empty' : 'a full';
    test(`${kind} directory in a document's place refuses its writes, and no others`, async (t) => {
        const { directory, store } = await storeWithA(t);
        const place = path.join(directory, 'a.json');
        fs.rmSync(place);
        fs.mkdirSync(place);
        for (const name of inside) {
            fs.writeFileSync(path.join(place, name), 'mine');
        }
        await checkAllRefused(store, directory, ['EISDIR', 'ENOTEMPTY', 'EEXIST', 'EPERM']);
        const error = await refusal(store.setItem('a', {}));
        assert.deepEqual([error.path, error.syscall], [place, 'rename']);
        assert.deepEqual(fs.readdirSync(place), inside);
        const outcomes = await Promise.allSettled([
            store.setItem('b', { n: 2 }),
            store.setItem('a', { n: 2 }),
            store.setItem('c', { n: 3 }),
            store.deleteItem('a'),
        ]);
        assert.deepEqual(
            outcomes.map(({ status }) => status),
            ['fulfilled', 'rejected', 'fulfilled', 'rejected'],
        );
        fs.rmSync(place, { recursive: true });
        assert.deepEqual(await store.setItem('a', { n: 4, _rev: 0 }), { _rev: 1, n: 4 });
        await checkMemoryIsDisk(store, directory);
    });
}

test("a directory in a new document's place leaves it unmade", async (t) => {
    const { directory, store } = await storeWithA(t);
    fs.mkdirSync(path.join(directory, 'new.json'));
    checkSystemError(await refusal(store.setItem('new', {})), ['EISDIR', 'ENOTEMPTY', 'EEXIST'], directory);
    assert.equal(await store.getItem('new'), null);
    await assert.rejects(
        store.updateItem('new', (document) => ({ given: document })),
        { name: 'StorageError' },
    );
    assert.equal((await store.queryKeys()).total, 1);
    fs.rmdirSync(path.join(directory, 'new.json'));
    assert.deepEqual(await store.setItem('new', {}), { _rev: 0 });
    await checkMemoryIsDisk(store, directory);
});

test("a file in the place of a long name's folder refuses that document", async (t) => {
    const { directory, store } = await storeWithA(t);
    const key = 'k'.repeat(300);
    await store.setItem(key, {});
    const [folder] = documentFiles(directory).filter((name) => name.endsWith('%'));
    await store.deleteItem(key);
    assert.equal(fs.existsSync(path.join(directory, folder)), false);
    fs.writeFileSync(path.join(directory, folder), 'mine');
    checkSystemError(await refusal(store.setItem(key, {})), ['ENOTDIR', 'EEXIST'], directory);
    assert.equal(await store.getItem(key), null);
    fs.rmSync(path.join(directory, folder));
    assert.deepEqual(await store.setItem(key, {}), { _rev: 0 });
});

test('a document whose file is gone already is deleted', async (t) => {
    const { directory, store } = await storeWithA(t);
    fs.rmSync(path.join(directory, 'a.json'));
    assert.equal(await store.deleteItem('a'), 'a');
    assert.equal(await store.getItem('a'), null);
    await checkMemoryIsDisk(store, directory);
});

test('a failed write is told with the stack of its caller', async (t) => {
    const { directory, store } = await storeWithA(t);
    fs.rmSync(directory, { recursive: true });
    async function theCaller() {
        await store.setItem('a', {});
    }
    assert.match((await refusal(theCaller())).stack, /theCaller/);
});

test('a full disk refuses what does not fit, with ENOSPC', async (t) => {
    await withMounts(t, async ({ directory, mountSmall, newStore }) => {
        mountSmall('size=256k');
        const store = newStore();
        await store.setItem('a', { n: 1 });
        const large = 'x'.repeat(400 * 1024);
        const { deleteItem, 'engine.deleteItem': engineDelete, ...puts } = WRITES;
        const tooLarge = {
            setItem: () => store.setItem('a', { large }),
            updateItem: () => store.updateItem('a', () => ({ large })),
            'engine.setItem': () => store._db.setItem('a', { large }),
        };
        assert.deepEqual(Object.keys(tooLarge), Object.keys(puts));
        await checkAllRefused(store, directory, ['ENOSPC'], tooLarge);
        const error = await refusal(store.setItem('new', { large }));
        assert.deepEqual([error.code, error.syscall], ['ENOSPC', 'write']);
        await checkMemoryIsDisk(store, directory);
        assert.deepEqual(await store.setItem('a', { n: 2 }), { _rev: 1, n: 2 });
        await deleteItem(store);
        await engineDelete(store);
        await checkMemoryIsDisk(store, directory);
    });
});

/** What is left for the journal depends on whether the pages are even. */
for (const size of ['252k', '256k']) {
    test(`a disk of ${size} that fills up takes exactly the writes it answers, and can be opened again`, async (t) => {
        await withMounts(t, async ({ directory, mountSmall, newStore }) => {
            mountSmall(`size=${size}`);
            const store = newStore();
            await store.load();
            const text = 'x'.repeat(3_000);
            const outcomes = await Promise.allSettled(
                Array.from({ length: 100 }, (_, n) => store.setItem(`doc ${n}`, { n, text })),
            );
            const refused = outcomes.filter(({ status }) => status === 'rejected');
            assert.ok(refused.length > 20 && refused.length < 80, `${refused.length} of 100 were refused`);
            for (const { reason } of refused) {
                checkSystemError(reason, ['ENOSPC'], directory);
            }
            for (const [n, { status }] of outcomes.entries()) {
                assert.equal((await store.getItem(`doc ${n}`)) !== null, status === 'fulfilled');
            }
            await checkMemoryIsDisk(store, directory);
            assert.equal((await store.queryView('view')).total, 100 - refused.length);

            await store.deleteItem('doc 0');
            await store.deleteItem('doc 1');
            assert.deepEqual(await store.setItem('again', { n: 1, text }), { _rev: 0, n: 1, text });
            await checkMemoryIsDisk(store, directory);
            await store.close();
            const again = newStore();
            await again.load();
            await checkMemoryIsDisk(again, directory);
        });
    });
}

test('a disk without room for another file refuses new documents', async (t) => {
    await withMounts(t, async ({ directory, mountSmall, newStore }) => {
        mountSmall('size=1m,nr_inodes=20');
        const store = newStore();
        await store.setItem('a', { n: 1 });
        const outcomes = await Promise.allSettled(
            Array.from({ length: 30 }, (_, n) => store.setItem(`doc ${n}`, { n })),
        );
        const refused = outcomes.filter(({ status }) => status === 'rejected');
        assert.ok(refused.length > 5);
        for (const { reason } of refused) {
            checkSystemError(reason, ['ENOSPC'], directory);
            assert.equal(reason.syscall, 'open');
        }
        await checkMemoryIsDisk(store, directory);
        await store.deleteItem('doc 0');
        await store.setItem('a', { n: 2 });
        await checkMemoryIsDisk(store, directory);
    });
});

test('a full disk refuses the load, which can be tried again', async (t) => {
    await withMounts(t, async ({ directory, mountSmall, newStore }) => {
        mountSmall('size=64k');
        const filler = path.join(directory, 'filler');
        assert.throws(() => fs.writeFileSync(filler, Buffer.alloc(128 * 1024)), { code: 'ENOSPC' });
        const store = newStore();
        checkSystemError(await refusal(store.load()), ['ENOSPC'], directory);
        checkSystemError(await refusal(store.setItem('a', {})), ['ENOSPC'], directory);
        fs.rmSync(filler);
        await store.load();
        await store.setItem('a', { n: 1 });
        await checkMemoryIsDisk(store, directory);
    });
});

test('a read-only file system refuses the load with EROFS', async (t) => {
    await withMounts(t, async ({ directory, mountReadOnly, newStore, unmount }) => {
        fs.writeFileSync(path.join(directory, 'a.json'), '{"n":1}');
        mountReadOnly();
        const store = newStore();
        checkSystemError(await refusal(store.load()), ['EROFS'], directory);
        unmount();
        assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
    });
});

/** Options of a child that has no rights beyond its own, and who that is. */
const AS_NOBODY = isRoot ? { uid: NOBODY, gid: NOBODY } : {};

/** Why a child without rights cannot run here, or false. */
function withoutRights() {
    if (process.platform === 'win32') {
        return 'Windows has no such rights';
    }
    const script = `require(${JSON.stringify(PACKAGE)})`;
    const { error, status } = spawnSync(process.execPath, ['-e', script], AS_NOBODY);
    return (error !== undefined || status !== 0) && 'a user without rights cannot read this package';
}

/** Runs a script as a user without rights, over a directory that belongs to it; resolves to what it printed. */
async function runWithoutRights(t, script) {
    const folder = temporaryDirectory(t);
    const directory = path.join(folder, 'data');
    fs.mkdirSync(directory);
    if (isRoot) {
        fs.chmodSync(folder, 0o755);
        fs.chownSync(directory, NOBODY, NOBODY);
    }
    const prelude = `
        const fs = require('node:fs');
        const path = require('node:path');
        const facts = ({ name, code, syscall, path, errno, key }) =>
            ({ name, code, syscall, path, negative: errno < 0, key });
        const refusal = (promise) => promise.then(() => 'no refusal', facts);
        const store = new kixx.Datastore({ directory });`;
    const child = await runScript(prelude + script, { directory, ...AS_NOBODY });
    assert.deepEqual([child.code, child.stderr], [0, '']);
    return { directory, told: JSON.parse(child.stdout) };
}

const skipRights = withoutRights();

test('a directory that may not be written refuses writes with EACCES until it may', { skip: skipRights }, async (t) => {
    const { directory, told } = await runWithoutRights(
        t,
        `
        await store.setItem('a', { n: 1 });
        await store.setItem('b', { n: 1 });
        fs.chmodSync(directory, 0o555);
        const refused = [
            await refusal(store.setItem('a', { n: 2 })),
            await refusal(store.setItem('new', { n: 2 })),
            await refusal(store.updateItem('a', () => ({ n: 2 }))),
            await refusal(store.deleteItem('a')),
        ];
        const meanwhile = await store.getItems(['a', 'new']);
        const temporary = fs.readdirSync(path.join(directory, '.datastore', 'tmp'));
        fs.chmodSync(directory, 0o755);
        const after = [await store.setItem('a', { n: 3 }), await store.deleteItem('b')];
        await store.close();
        console.log(JSON.stringify({ refused, meanwhile, temporary, after }));`,
    );
    const facts = (name, key, syscall) => ({
        name: 'StorageError',
        code: 'EACCES',
        syscall,
        path: path.join(directory, name),
        negative: true,
        key,
    });
    assert.deepEqual(told, {
        refused: [
            facts('a.json', 'a', 'rename'),
            facts('new.json', 'new', 'rename'),
            facts('a.json', 'a', 'rename'),
            facts('a.json', 'a', 'rename'),
        ],
        meanwhile: [{ _rev: 0, n: 1 }, null],
        temporary: [],
        after: [{ _rev: 1, n: 3 }, 'b'],
    });
    assert.deepEqual(documentFiles(directory), ['a.json']);
    assert.deepEqual(readJson(directory, 'a.json'), { _rev: 1, n: 3 });
});

test('a directory or file that may not be read refuses the load with EACCES', { skip: skipRights }, async (t) => {
    const { directory, told } = await runWithoutRights(
        t,
        `
        fs.writeFileSync(path.join(directory, 'a.json'), '{"n":1}');
        fs.chmodSync(path.join(directory, 'a.json'), 0o000);
        const ofFile = await refusal(store.load());
        fs.chmodSync(path.join(directory, 'a.json'), 0o644);
        fs.chmodSync(directory, 0o000);
        const ofDirectory = await refusal(store.load());
        fs.chmodSync(directory, 0o555);
        const ofParent = await refusal(new kixx.Datastore({ directory: path.join(directory, 'new') }).load());
        fs.chmodSync(directory, 0o755);
        const after = await store.getItem('a');
        await store.close();
        console.log(JSON.stringify({ ofFile, ofDirectory, ofParent, after }));`,
    );
    const place = { ofFile: 'a.json', ofDirectory: '', ofParent: 'new' };
    for (const [name, below] of Object.entries(place)) {
        const { code, path: refused, syscall, negative } = told[name];
        assert.equal(code, 'EACCES', name);
        assert.ok(refused.startsWith(path.join(directory, below)), `${name}: ${refused}`);
        assert.ok(syscall.length > 0 && negative);
    }
    assert.equal(told.ofFile.syscall, 'open');
    assert.deepEqual(told.after, { _rev: 0, n: 1 });
});
