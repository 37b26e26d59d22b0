'use strict';

/** Backups of a store that is written to, and stores made of them. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Datastore } = require('../index.js');
const {
    afterwards,
    documentFiles,
    fixtureDirectory,
    openStore,
    refusal,
    runScript,
    temporaryDirectory,
} = require('./support.js');

/** Enough for a backup to be under way for a while. */
const MANY = 500;

const ENGLISH = { locale: 'en', numeric: true };

async function contentOf(store) {
    const content = new Map();
    for await (const { key, document } of store.items()) {
        content.set(key, document);
    }
    return content;
}

function numbered(count) {
    return Array.from({ length: count }, (_, n) => [`key:${n}`, { n }]);
}

/** A store that was not loaded. */
function newStore(t, directory, options) {
    const store = new Datastore({ directory, ...options });
    afterwards(t, () => store.close());
    return store;
}

/** A store of many documents, its directory, and a folder beside it. */
async function filled(t, count = MANY) {
    const folder = temporaryDirectory(t);
    const directory = path.join(folder, 'data');
    const store = await openStore(t, { directory, files: 'background' });
    await store.setItems(numbered(count));
    return { store, directory, folder };
}

/** A backup of a few documents, and where a store may be made of it. */
async function backedUp(t, count = 20) {
    const { store, folder } = await filled(t, count);
    const backup = path.join(folder, 'backup');
    await store.backup(backup);
    return { backup, store, target: path.join(folder, 'restored') };
}

test('a backup has the very files of the store, and can be opened as one', async (t) => {
    const directory = fixtureDirectory(t);
    const store = await openStore(t, { directory });
    for await (const { key, document } of store.items()) {
        await store.setItem(key, document);
    }
    const backup = path.join(temporaryDirectory(t), 'parents', 'backup');
    const { documents, bytes, sequence, created } = await store.backup(backup);
    assert.deepEqual([documents, sequence], [536, store.stats().sequence]);
    assert.equal(new Date(created).toISOString(), created);
    const [source, copy] = [directory, backup].map((folder) => {
        const files = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
        return new Map(
            files
                .filter(
                    (file) => file.isFile() && file.name.endsWith('.json') && !file.parentPath.includes('.datastore'),
                )
                .map((file) => path.join(file.parentPath, file.name))
                .map((file) => [path.relative(folder, file), fs.readFileSync(file, 'utf8')]),
        );
    });
    assert.equal(copy.size, 536);
    assert.ok(bytes > 0);
    for (const [name, content] of copy) {
        assert.equal(content, source.get(name), name);
    }
    assert.deepEqual(await contentOf(newStore(t, backup)), await contentOf(store));
});

test('what is restored has documents, revisions, collation and unique views', async (t) => {
    const folder = temporaryDirectory(t);
    const store = await openStore(t, { directory: path.join(folder, 'data'), collation: ENGLISH });
    store.setView('byName', { key: 'name', unique: true });
    await store.buildView('byName');
    await store.setItem('user:10', { name: 'Ada' });
    await store.setItem('user:9', { name: 'Bob' });
    await store.setItem('user:9', { name: 'Bea' });
    const { created } = await store.backup(path.join(folder, 'backup'));
    const restored = newStore(t, path.join(folder, 'restored'));
    const report = await restored.restore(path.join(folder, 'backup'));
    assert.deepEqual([report.documents, report.created], [2, created]);
    assert.deepEqual(
        [...(await contentOf(restored))],
        [
            ['user:9', { _rev: 1, name: 'Bea' }],
            ['user:10', { _rev: 0, name: 'Ada' }],
        ],
    );
    await assert.rejects(restored.setItem('user:11', { name: 'Ada' }), { code: 'CONFLICT', viewId: 'byName' });
    await restored.setItem('user:11', { name: 'Cleo' });
});

test('a backup is of one moment while writes go on, and has every write that was called before', async (t) => {
    const { store, folder } = await filled(t, 20);
    const accounts = Array.from({ length: 100 }, (_, n) => `account:${n}`);
    await store.setItems(accounts.map((key) => [key, { balance: 10 }]));
    let goesOn = true;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let turn = writer; goesOn; turn += 7) {
            const [from, to] = [accounts[turn % 100], accounts[(turn * 31 + 1) % 100]];
            if (from !== to) {
                await store.transaction(async (tx) => {
                    const [a, b] = [await tx.getItem(from), await tx.getItem(to)];
                    await tx.setItem(from, { balance: a.balance - 1 });
                    await tx.setItem(to, { balance: b.balance + 1 });
                });
            }
        }
    });
    for (let n = 0; n < 3; n += 1) {
        // Not awaited: it was called before.
        const marked = store.setItem(`mark:${n}`, {});
        const backup = path.join(folder, `backup-${n}`);
        const { documents } = await store.backup(backup);
        await marked;
        const content = await contentOf(newStore(t, backup));
        assert.equal(content.size, documents);
        assert.ok(content.has(`mark:${n}`));
        const sum = accounts.reduce((total, key) => total + content.get(key).balance, 0);
        assert.equal(sum, 1_000);
    }
    goesOn = false;
    await Promise.all(writers);
});

test('a store in memory, and one with a custom file system, are backed up, too', async (t) => {
    const folder = temporaryDirectory(t);
    const fileSystem = {
        readDocumentDirectory: async () => ['a.json'],
        readDocumentFile: async () => ({ _rev: 3, n: 1 }),
        writeDocumentFile: async () => {},
        removeDocumentFile: async () => {},
    };
    const inMemory = await openStore(t, { durability: 'none' });
    await inMemory.importItems([{ key: 'a', document: { _rev: 3, n: 1 } }], { keepRevisions: true });
    const custom = new Datastore({ directory: folder, fileSystem });
    afterwards(t, () => custom.close());
    for (const [name, store] of Object.entries({ inMemory, custom })) {
        await store.backup(path.join(folder, name));
        const restored = newStore(t, path.join(folder, `${name}-restored`));
        await restored.restore(path.join(folder, name));
        assert.deepEqual([...(await contentOf(restored))], [['a', { _rev: 3, n: 1 }]]);
    }
});

test('a backup goes nowhere where something stands, nor into the data directory', async (t) => {
    const { store, directory, folder } = await filled(t, 3);
    fs.writeFileSync(path.join(folder, 'file'), '');
    fs.mkdirSync(path.join(folder, 'empty'));
    fs.symlinkSync(directory, path.join(folder, 'link'), 'junction');
    const error = await refusal(store.backup(path.join(folder, 'file')));
    assert.deepEqual([error.name, error.code, error.path], ['StorageError', 'EEXIST', path.join(folder, 'file')]);
    for (const [name, code] of [
        ['empty', 'EEXIST'],
        ['data', 'ASSERTION'],
        ['data/backup', 'ASSERTION'],
        ['data/.datastore/a/b', 'ASSERTION'],
        ['link/backup', 'ASSERTION'],
        ['file/backup', 'EEXIST'],
        ['', 'EEXIST'],
    ]) {
        await assert.rejects(store.backup(path.join(folder, name)), { code }, name);
    }
    for (const wrong of [undefined, '', 7, 'a\0b', path.parse(folder).root]) {
        await assert.rejects(store.backup(wrong), { code: 'ASSERTION' });
    }
    await assert.rejects(store.backup('x', { signal: 7 }), { code: 'ASSERTION' });
    assert.deepEqual(fs.readdirSync(folder).sort(), ['data', 'empty', 'file', 'link']);
    await store.flush();
    assert.equal(documentFiles(directory).length, 3);
});

test('a backup that is aborted, or whose progress throws, leaves nothing', async (t) => {
    const { store, folder } = await filled(t);
    const controller = new AbortController();
    const told = [];
    const onProgress = (progress) => {
        told.push(progress);
        controller.abort('enough');
    };
    const error = await refusal(store.backup(path.join(folder, 'a'), { signal: controller.signal, onProgress }));
    assert.deepEqual([error.code, error.cause], ['ABORT_ERR', 'enough']);
    assert.equal(told[0].total, MANY);
    assert.deepEqual(fs.readdirSync(folder), ['data']);
    const mine = new Error('mine');
    const throws = () => {
        throw mine;
    };
    assert.equal(await refusal(store.backup(path.join(folder, 'b'), { onProgress: throws })), mine);
    assert.deepEqual(fs.readdirSync(folder), ['data']);
    const { signal } = controller;
    await assert.rejects(store.backup(path.join(folder, 'c'), { signal }), { code: 'ABORT_ERR' });
});

test('progress rises to the number of documents, of a restore to twice the number of files', async (t) => {
    const { store, folder } = await filled(t, 150);
    const backup = path.join(folder, 'backup');
    const steps = { backup: [], restore: [] };
    await store.backup(backup, { onProgress: (step) => steps.backup.push(step) });
    const restored = newStore(t, path.join(folder, 'restored'));
    await restored.restore(backup, { onProgress: (step) => steps.restore.push(step) });
    assert.deepEqual(steps.backup.at(-1), { done: 150, total: 150 });
    assert.deepEqual(steps.restore.at(-1), { done: 302, total: 302 });
    for (const told of Object.values(steps)) {
        assert.ok(told.length > 50 && told.length <= 126);
        assert.ok(told.every(({ done }, index) => index === 0 || done > told[index - 1].done));
    }
});

test('a directory that is missing or empty can be restored to, and nothing else', async (t) => {
    const { backup, store, target } = await backedUp(t);
    fs.mkdirSync(target);
    const restored = newStore(t, target);
    await restored.restore(backup);
    assert.deepEqual(await contentOf(restored), await contentOf(store));
    await assert.rejects(restored.restore(backup), { code: 'ASSERTION' });
    await assert.rejects(store.restore(backup), { code: 'ASSERTION' });
    const full = `${target}-full`;
    fs.mkdirSync(full);
    fs.writeFileSync(path.join(full, 'notes.txt'), 'mine');
    const error = await refusal(newStore(t, full).restore(backup));
    assert.deepEqual([error.code, error.path], ['ENOTEMPTY', full]);
    assert.deepEqual(fs.readdirSync(full), ['notes.txt']);
    const inMemory = new Datastore({ durability: 'none' });
    afterwards(t, () => inMemory.close());
    await assert.rejects(inMemory.restore(backup), { code: 'UNSUPPORTED' });
    await inMemory.load();
    await assert.rejects(inMemory.restore(backup), { code: 'UNSUPPORTED' });
    await assert.rejects(newStore(t, `${target}-none`).restore(path.join(target, 'none')), { code: 'ENOENT' });
    await assert.rejects(newStore(t, `${target}-none`).restore(7), { code: 'ASSERTION' });
    assert.ok(!fs.existsSync(`${target}-none`));
    assert.ok(!fs.existsSync(path.join(target, 'none')));
});

test('a backup that was changed is not restored, and every change is named', async (t) => {
    const { backup, target } = await backedUp(t);
    fs.appendFileSync(path.join(backup, 'key%3A1.json'), ' ');
    fs.rmSync(path.join(backup, 'key%3A2.json'));
    fs.writeFileSync(path.join(backup, 'new.json'), '{}');
    const store = newStore(t, target);
    const error = await refusal(store.restore(backup));
    assert.deepEqual([error.code, error.path], ['CORRUPT', backup]);
    assert.deepEqual(
        error.files.map(({ file }) => file),
        ['key%3A1.json', 'key%3A2.json', 'new.json'],
    );
    assert.ok(!fs.existsSync(target));
    // It was only refused: the store can be used.
    assert.deepEqual((await contentOf(store)).size, 0);
});

test('a store with another collation is not restored', async (t) => {
    const { backup, target } = await backedUp(t);
    await assert.rejects(newStore(t, target, { collation: ENGLISH }).restore(backup), { code: 'ASSERTION' });
    assert.ok(!fs.existsSync(target));
    await newStore(t, target, { collation: 'codeUnit' }).restore(backup);
});

test('what is called while a restore is under way waits for it', async (t) => {
    const { backup, target } = await backedUp(t, MANY);
    const store = newStore(t, target);
    const restored = store.restore(backup);
    const found = store.getItem('key:7');
    await assert.rejects(store.restore(backup), { code: 'ASSERTION' });
    await restored;
    assert.deepEqual(await found, { _rev: 0, n: 7 });
});

test('a restore that is aborted leaves nothing', async (t) => {
    const { backup, target } = await backedUp(t, MANY);
    const controller = new AbortController();
    const onProgress = ({ done, total }) => done > total / 2 && controller.abort();
    const store = newStore(t, target);
    await assert.rejects(store.restore(backup, { signal: controller.signal, onProgress }), { code: 'ABORT_ERR' });
    assert.deepEqual(fs.readdirSync(path.dirname(target)).sort(), ['backup', 'data']);
    await store.restore(backup);
    assert.equal((await contentOf(store)).size, MANY);
});

test('close waits for a backup; an engine that is closed below it ends it', async (t) => {
    const { store, folder } = await filled(t);
    const backup = store.backup(path.join(folder, 'backup'));
    await store.close();
    assert.equal((await backup).documents, MANY);
    const again = await openStore(t, { directory: path.join(folder, 'data') });
    const ended = refusal(again.backup(path.join(folder, 'ended')));
    await again._db.close();
    assert.equal((await ended).code, 'CLOSED');
    assert.deepEqual(fs.readdirSync(folder).sort(), ['backup', 'data']);
});

/** Kills a child in the middle of something. */
async function killed(directory, args, script) {
    const kill = "const onProgress = () => process.kill(process.pid, 'SIGKILL');";
    const ended = await runScript(`${kill}\nconst store = new kixx.Datastore({ directory });\n${script}`, {
        directory,
        args,
    });
    assert.deepEqual([ended.signal, ended.stderr], ['SIGKILL', '']);
}

test('kill -9 in the middle of a backup leaves it whole or not there, and the next one succeeds', async (t) => {
    const { store, directory, folder } = await filled(t);
    await store.close();
    const backup = path.join(folder, 'backup');
    await killed(directory, [backup], 'await store.backup(args[0], { onProgress });');
    const again = await openStore(t, { directory });
    if (!fs.existsSync(backup)) {
        await again.backup(backup);
    }
    // What the killed one had left is gone.
    assert.deepEqual(fs.readdirSync(folder).sort(), ['backup', 'data']);
    const restored = newStore(t, path.join(folder, 'restored'));
    await restored.restore(backup);
    assert.deepEqual(await contentOf(restored), await contentOf(again));
});

test('kill -9 in the middle of a restore leaves the directory as it was or whole', async (t) => {
    const { backup, target, store } = await backedUp(t, MANY);
    const whenCopying = `const late = ({ done, total }) => done > total / 2 && onProgress();
await store.restore(args[0], { onProgress: late });`;
    fs.mkdirSync(target);
    await killed(target, [backup], whenCopying);
    const restored = newStore(t, target);
    if (!fs.existsSync(target) || fs.readdirSync(target).length === 0) {
        await restored.restore(backup);
    }
    assert.deepEqual(fs.readdirSync(path.dirname(target)).sort(), ['backup', 'data', 'restored']);
    assert.deepEqual(await contentOf(restored), await contentOf(store));
});

test('a custom engine can neither be backed up nor restored', async () => {
    const db = { loadDocuments() {}, getItem: () => null, setItem() {}, deleteItem() {} };
    const store = new Datastore({ db });
    await assert.rejects(store.backup('backup'), { code: 'UNSUPPORTED' });
    await assert.rejects(store.restore('backup'), { code: 'UNSUPPORTED' });
});

test('a process that exits in the middle of a backup leaves nothing', async (t) => {
    const { store, directory, folder } = await filled(t);
    await store.close();
    const ended = await runScript(
        `const store = new kixx.Datastore({ directory });
await store.backup(args[0], { onProgress: () => process.exit(3) });`,
        { directory, args: [path.join(folder, 'backup')] },
    );
    assert.deepEqual([ended.code, ended.stderr], [3, '']);
    assert.deepEqual(fs.readdirSync(folder), ['data']);
});
