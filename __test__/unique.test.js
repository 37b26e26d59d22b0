'use strict';

/** Unique views: what is refused, what is kept for later openers, and the way out of duplicates. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { ConflictError, Datastore, DatastoreEngine } = require('../index.js');
const { LEVELS, afterwards, openStore, refusal, runScript, temporaryDirectory } = require('./support.js');

const BY_EMAIL = { where: { type: 'user' }, key: 'email', unique: true };

function user(email, more) {
    return { type: 'user', email, ...more };
}

/** A store whose users have one address each. */
async function openUnique(t, options) {
    const store = await openStore(t, options);
    store.setView('byEmail', BY_EMAIL);
    return store;
}

/** What a breach tells. */
async function breach(promise) {
    const error = await refusal(promise);
    assert.ok(error instanceof ConflictError, error.stack);
    assert.deepEqual([error.code, error.expectedRev, error.actualRev], ['CONFLICT', null, null]);
    const { viewId, viewKey, key, otherKey } = error;
    return { viewId, viewKey, key, otherKey };
}

function taken(key, otherKey, viewKey = 'a@b.c') {
    return { viewId: 'byEmail', viewKey, key, otherKey };
}

/** A way to write `document` under `key`, by name. */
const WRITES = {
    setItem: (store, key, document) => store.setItem(key, document),
    'setItem without a check of revisions': (store, key, document) =>
        store.setItem(key, document, { checkConsistency: false }),
    updateItem: (store, key, document) => store.updateItem(key, () => document),
    setItems: (store, key, document) =>
        store.setItems([
            ['z', {}],
            [key, document],
        ]),
    batch: (store, key, document) => store.batch([{ type: 'set', key, document }]),
    transaction: (store, key, document) => store.transaction((tx) => tx.setItem(key, document)),
    "the engine's setItem": (store, key, document) => store._db.setItem(key, document),
};

for (const [name, write] of Object.entries(WRITES)) {
    test(`${name} is refused a value that another document has, and stores nothing`, async (t) => {
        const store = await openUnique(t);
        await store.setItem('1', user('a@b.c'));
        assert.deepEqual(await breach(write(store, '2', user('a@b.c'))), taken('2', '1'));
        assert.deepEqual(await store.getItems(['2', 'z']), [null, null]);
        await write(store, '2', user('c@d.e'));
        await write(store, '1', user('a@b.c', { again: true }));
        await write(store, '3', { type: 'guest', email: 'a@b.c' });
    });
}

test('two documents swap their values in a batch, and one takes what another gives up', async (t) => {
    const store = await openUnique(t);
    await store.setItems([
        ['1', user('a@b.c')],
        ['2', user('c@d.e')],
    ]);
    await store.setItems([
        ['1', user('c@d.e')],
        ['2', user('a@b.c')],
    ]);
    await store.batch([
        { type: 'delete', key: '2' },
        { type: 'set', key: '3', document: user('a@b.c') },
    ]);
    assert.deepEqual(await breach(store.setItem('2', user('a@b.c'))), taken('2', '3'));
    await store.transaction(async (tx) => {
        await tx.setItem('2', user('a@b.c'));
        await tx.setItem('3', user('f@g.h'));
    });
    assert.equal((await store.getItem('2')).email, 'a@b.c');
});

for (const durability of LEVELS) {
    test(`of many writes under way for one value exactly one wins, at durability ${durability}`, async (t) => {
        const store = await openUnique(t, { durability });
        const claims = Array.from({ length: 64 }, (_, number) => store.setItem(`${number}`, user('a@b.c')));
        const outcomes = await Promise.allSettled(claims);
        const winners = outcomes.filter(({ status }) => status === 'fulfilled');
        assert.equal(winners.length, 1);
        const lost = outcomes.filter(({ reason }) => reason?.code === 'CONFLICT' && reason.viewKey === 'a@b.c');
        assert.equal(lost.length, 63);
        assert.equal((await store.queryKeys()).total, 1);
    });
}

test('a breach is not tried again by an update or a transaction', async (t) => {
    const store = await openUnique(t);
    await store.setItem('1', user('a@b.c'));
    let runs = 0;
    const claim = () => {
        runs += 1;
        return user('a@b.c');
    };
    await breach(store.updateItem('2', claim));
    await breach(store.transaction((tx) => tx.setItem('2', claim())));
    assert.equal(runs, 2);
});

test('a batch of thousands is judged as a whole', async (t) => {
    const store = await openUnique(t, { durability: 'none' });
    const entries = Array.from({ length: 5_000 }, (_, number) => [`${number}`, user(`${number}@b.c`)]);
    await store.setItems(entries);
    const shifted = entries.map(([key], index) => [key, user(`${(index + 1) % 5_000}@b.c`)]);
    await store.setItems(shifted);
    assert.deepEqual(await breach(store.setItems([...entries, ['new', user('0@b.c')]])), taken('new', '0', '0@b.c'));
    assert.deepEqual(await store.getItem('1'), { _rev: 1, ...user('2@b.c') });
});

test('what is written after setView in the same turn is checked, and what was written before is not', async (t) => {
    const store = await openStore(t);
    const before = [store.setItem('1', user('a@b.c')), store.setItem('2', user('a@b.c'))];
    store.setView('byEmail', BY_EMAIL);
    const after = store.setItem('3', user('a@b.c'));
    await Promise.all(before);
    await breach(after);
});

test('a view registered before the load is enforced from the first write on', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const store = new Datastore({ directory });
    afterwards(t, () => store.close());
    store.setView('byEmail', BY_EMAIL);
    const writes = [store.setItem('1', user('a@b.c')), store.setItem('2', user('a@b.c'))];
    await writes[0];
    assert.deepEqual(await breach(writes[1]), taken('2', '1'));
});

test('whoever opens the store has to keep to it, whether or not he registers the view', async (t) => {
    const directory = temporaryDirectory(t);
    const store = await openUnique(t, { directory });
    await store.setItem('1', user('a@b.c'));
    await store.close();
    const again = await openStore(t, { directory });
    assert.equal(again.hasView('byEmail'), false);
    assert.deepEqual(await breach(again.setItem('2', user('a@b.c'))), taken('2', '1'));
    await again.close();
    const engine = new DatastoreEngine({ directory });
    afterwards(t, () => engine.close());
    assert.deepEqual(await breach(engine.setItem('2', user('a@b.c'))), taken('2', '1'));
});

test('a kill right after the view was built loses no definition', async (t) => {
    const directory = temporaryDirectory(t);
    const script = `
        const store = new kixx.Datastore({ directory });
        store.setView('byEmail', ${JSON.stringify(BY_EMAIL)});
        await store.buildView('byEmail');
        process.kill(process.pid, 'SIGKILL');`;
    assert.equal((await runScript(script, { directory })).signal, 'SIGKILL');
    const store = await openStore(t, { directory });
    await store.setItem('1', user('a@b.c'));
    assert.deepEqual(await breach(store.setItem('2', user('a@b.c'))), taken('2', '1'));
});

test('a definition on its way holds nobody up who ends, and a store that closes finishes it', async (t) => {
    const directory = temporaryDirectory(t);
    const script = `
        const store = new kixx.Datastore({ directory });
        store.setView('byEmail', ${JSON.stringify(BY_EMAIL)});
        await store.load();
        await store.close();
        new kixx.Datastore({ directory }).setView('never', { key: 'n', unique: true });`;
    const { code, stderr } = await runScript(script, { directory });
    assert.deepEqual([code, stderr], [0, '']);
    const store = await openStore(t, { directory });
    await store.setItem('1', user('a@b.c', { n: 1 }));
    assert.deepEqual(await breach(store.setItem('2', user('a@b.c', { n: 1 }))), taken('2', '1'));
});

test('another view of the same id takes its place, for every opener', async (t) => {
    const directory = temporaryDirectory(t);
    const others = [
        { where: { type: 'user' }, key: 'email' },
        { map: (document, emit) => emit(document.email) },
        { key: 'name', unique: true },
    ];
    for (const other of others) {
        const store = await openUnique(t, { directory });
        await store.setItem('1', user('a@b.c'));
        await breach(store.setItem('2', user('a@b.c')));
        store.setView('byEmail', other);
        await store.setItem('2', user('a@b.c'));
        await store.close();
        const again = await openStore(t, { directory });
        await again.setItem('3', user('a@b.c'));
        await again.deleteItems(['1', '2', '3']);
        await again.close();
    }
    const store = await openUnique(t, { directory });
    await store.setItem('1', user('a@b.c', { name: 'n' }));
    await store.setItem('2', user('c@d.e', { name: 'n' }));
    await breach(store.setItem('2', user('a@b.c')));
});

test('a view that is not unique, registered before the load, replaces the unique one that was kept', async (t) => {
    const directory = temporaryDirectory(t);
    await (await openUnique(t, { directory })).close();
    const store = new Datastore({ directory });
    afterwards(t, () => store.close());
    store.setView('byEmail', { map: (document, emit) => emit(document.email) });
    await store.setItems([
        ['1', user('a@b.c')],
        ['2', user('a@b.c')],
    ]);
    assert.equal((await store.queryView('byEmail', { key: 'a@b.c' })).total, 2);
});

test('deleteView tells whether there was one, and takes it from every opener', async (t) => {
    const directory = temporaryDirectory(t);
    const store = await openUnique(t, { directory });
    await store.close();
    const again = await openStore(t, { directory });
    again.setView('map', { map() {} });
    // Kept, though it was not registered here.
    const deleted = ['byEmail', 'byEmail', 'map', 'map', 'never'].map((id) => again.deleteView(id));
    assert.deepEqual(await Promise.all(deleted), [true, false, true, false, false]);
    assert.equal(again.hasView('map'), false);
    await again.setItem('1', user('a@b.c'));
    await again.setItem('2', user('a@b.c'));
    await again.close();
    const unloaded = new Datastore({ directory });
    afterwards(t, () => unloaded.close());
    unloaded.setView('byEmail', { map() {} });
    assert.equal(await unloaded.deleteView('byEmail'), true);
});

test('buildView tells the duplicates that stand, and the way out is to lower their number', async (t) => {
    const store = await openStore(t);
    await store.setItems(['1', '2', '3'].map((key) => [key, user('a@b.c')]));
    await store.setItems(['4', '5'].map((key) => [key, user('x@y.z')]));
    store.setView('byEmail', BY_EMAIL);
    const { duplicates, rows } = await store.buildView('byEmail');
    assert.equal(rows, 5);
    assert.deepEqual(duplicates, [
        { viewKey: 'a@b.c', documentKeys: ['1', '2', '3'] },
        { viewKey: 'x@y.z', documentKeys: ['4', '5'] },
    ]);
    assert.equal((await store.queryView('byEmail', { key: 'a@b.c' })).total, 3);
    // Nothing about its documents until there are none.
    assert.deepEqual(await breach(store.setItem('new', user('new@b.c'))), taken('new', '1'));
    assert.deepEqual(await breach(store.setItem('2', user('a@b.c', { name: 'n' }))), taken('2', '1'));
    await store.setItem('other', { type: 'guest' });
    await store.setItem('3', user('c@d.e'));
    await store.batch([
        { type: 'delete', key: '2' },
        { type: 'set', key: '5', document: user('q@y.z') },
    ]);
    assert.deepEqual((await store.buildView('byEmail')).duplicates, []);
    await store.setItem('new', user('new@b.c'));
    assert.deepEqual(await breach(store.setItem('2', user('a@b.c'))), taken('2', '1'));
});

test('duplicates that somebody wrote by hand are found at the load', async (t) => {
    const directory = temporaryDirectory(t);
    const store = await openUnique(t, { directory });
    await store.setItem('1', user('a@b.c'));
    await store.close();
    fs.copyFileSync(path.join(directory, '1.json'), path.join(directory, '2.json'));
    const again = await openUnique(t, { directory });
    const { duplicates } = await again.buildView('byEmail');
    assert.deepEqual(duplicates, [{ viewKey: 'a@b.c', documentKeys: ['1', '2'] }]);
    assert.deepEqual(await breach(again.setItem('3', user('c@d.e'))), taken('3', '1'));
    await again.deleteItem('2');
    await again.setItem('3', user('c@d.e'));
});

test('a definition that cannot be kept is not enforced, says so, and is tried again', async (t) => {
    const directory = temporaryDirectory(t);
    const store = await openStore(t, { directory });
    const obstacle = path.join(directory, '.datastore', 'views.json.new');
    fs.mkdirSync(obstacle);
    store.setView('byEmail', BY_EMAIL);
    // While it is on its way, and when it is known.
    for (let time = 0; time < 2; time += 1) {
        assert.equal((await refusal(store.queryView('byEmail'))).syscall, 'unlink');
        assert.equal((await refusal(store.buildView('byEmail'))).syscall, 'unlink');
    }
    assert.throws(() => store._db.queryView('byEmail'), { syscall: 'unlink' });
    await store.setItem('1', user('a@b.c'));
    await store.setItem('2', user('a@b.c'));
    fs.rmdirSync(obstacle);
    store.setView('byEmail', BY_EMAIL);
    assert.equal((await store.buildView('byEmail')).duplicates.length, 1);
    fs.mkdirSync(obstacle);
    assert.equal((await refusal(store.deleteView('byEmail'))).syscall, 'unlink');
    await breach(store.setItem('3', user('a@b.c')));
    fs.rmdirSync(obstacle);
    assert.equal(await store.deleteView('byEmail'), true);
    await store.setItem('3', user('a@b.c'));
});

test('a damaged file of definitions is named, or moved away where that is asked for', async (t) => {
    const directory = temporaryDirectory(t);
    await (await openUnique(t, { directory })).close();
    const file = path.join(directory, '.datastore', 'views.json');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('email', 'e-mail'));
    const refused = new Datastore({ directory });
    afterwards(t, () => refused.close());
    const error = await refusal(refused.load());
    assert.deepEqual([error.code, error.files.map(({ file: name }) => name)], ['CORRUPT', ['.datastore/views.json']]);
    const store = await openStore(t, { directory, onCorrupt: 'quarantine' });
    assert.equal(store.loadReport.quarantinedFiles[0].file, '.datastore/views.json');
    await store.setItem('1', user('a@b.c'));
    await store.setItem('2', user('a@b.c'));
});

test('with files written in JavaScript a view cannot be unique', async (t) => {
    const fileSystem = {
        readDocumentDirectory: () => [],
        readDocumentFile: () => ({}),
        writeDocumentFile() {},
        removeDocumentFile() {},
    };
    const store = new Datastore({ directory: temporaryDirectory(t), fileSystem });
    afterwards(t, () => store.close());
    assert.throws(() => store.setView('byEmail', BY_EMAIL), { code: 'UNSUPPORTED' });
    assert.equal(store.hasView('byEmail'), false);
    store.setView('byEmail', { ...BY_EMAIL, unique: false });
    await store.setItem('1', user('a@b.c'));
    await store.setItem('2', user('a@b.c'));
    assert.equal((await store.queryView('byEmail')).total, 2);
    assert.equal(await store.deleteView('byEmail'), true);
});

test('the value of a breach may be anything that JSON holds', async (t) => {
    const store = await openStore(t);
    store.setView('byBoth', { key: ['a', 'b'], unique: true });
    store.setView('byOne', { key: 'one', unique: true });
    const values = [null, false, 0, -1.5, '', '\ud800 "', [], [1, [null]], {}, { a: { b: 1 } }];
    for (const [index, value] of values.entries()) {
        await store.setItem(`${index}`, { one: value });
        assert.deepEqual((await breach(store.setItem('new', { one: value }))).viewKey, value);
    }
    await store.setItem('both', { a: 1, b: { c: 2 } });
    const facts = await breach(store.setItem('new', { b: { c: 2 }, a: 1 }));
    assert.deepEqual(facts, { viewId: 'byBoth', viewKey: [1, { c: 2 }], key: 'new', otherKey: 'both' });
});
