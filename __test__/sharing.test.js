'use strict';

/** What processes that have one directory open together owe to one another. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const process = require('node:process');
const { test } = require('node:test');
const { remainsIn } = require('./crash/directory.js');
const { keysOf } = require('./processes/accounts.js');
const { crew, joined } = require('./processes/crew.js');
const { PACKAGE, documentFiles, openStore, readJson, refusal, runScript, temporaryDirectory } = require('./support.js');
const { Datastore } = require(PACKAGE);

/** How many documents a second process opens; `KIXX_SHARED_DOCUMENTS=100000` for many. */
const DOCUMENTS = Number(process.env.KIXX_SHARED_DOCUMENTS ?? 5_000);

const BY_EMAIL = { key: 'email', unique: true };

/** A data directory that is not there yet. */
function newDirectory(t) {
    return path.join(temporaryDirectory(t), 'data');
}

/** A member, and a store of this process, on a directory. */
async function two(t, options = {}) {
    const directory = newDirectory(t);
    const store = await openStore(t, { directory, ...options });
    return { directory, store, other: await joined(t, directory, { options }) };
}

/** Runs a script in another process, and waits for its end without letting go of this thread. */
function runBlocking(directory, script) {
    const source = `const { Datastore } = require(${JSON.stringify(PACKAGE)});
        const store = new Datastore({ directory: ${JSON.stringify(directory)} });
        (async () => {${script}})();`;
    const { status, stderr } = spawnSync(process.execPath, ['-e', source], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
}

test('a read that is called while the store loads sees what another process had acknowledged before', async (t) => {
    const reads = {
        getItem: (store) => store.getItem('a'),
        getItems: async (store) => (await store.getItems(['a']))[0],
        queryKeys: async (store) => (await store.queryKeys({ includeDocuments: true })).items[0]?.document ?? null,
        findOne: (store) => store.findOne({ n: 1 }),
        transaction: (store) => store.transaction((tx) => tx.getItem('a')),
        items: async (store) => (await store.items().next()).value?.document ?? null,
    };
    for (const [way, read] of Object.entries(reads)) {
        const directory = newDirectory(t);
        await (await openStore(t, { directory })).close();
        const store = new Datastore({ directory });
        const loading = store.load();
        // The load goes on in its own thread, and is told to this one after all of this.
        runBlocking(directory, `await store.setItem('a', { n: 1 }); await store.close();`);
        const found = read(store);
        await loading;
        assert.deepEqual(await found, { _rev: 0, n: 1 }, way);
        await store.close();
    }
});

test('documents that wait for their files are there for a second process, which has them placed', async (t) => {
    const options = { files: 'background', syncInterval: 3_600_000 };
    const directory = newDirectory(t);
    const store = await openStore(t, { directory, ...options });
    await store.setItems([
        ['a', { n: 1 }],
        ['b', { n: 2 }],
    ]);
    await store.setItem('c', { n: 3 });
    assert.deepEqual(documentFiles(directory), []);
    const other = await joined(t, directory, { options });
    assert.deepEqual(documentFiles(directory), ['a.json', 'b.json', 'c.json']);
    const found = await other.call('getItems', ['a', 'b', 'c']);
    assert.deepEqual(
        found.map(({ n }) => n),
        [1, 2, 3],
    );
    // From now on each commit places its own.
    await other.call('setItem', 'a', { n: 4 });
    assert.deepEqual(readJson(directory, 'a.json'), { _rev: 1, n: 4 });
    await store.deleteItem('b');
    assert.deepEqual(documentFiles(directory), ['a.json', 'c.json']);
    assert.equal(await other.close(), 0);
    await store.close();
    assert.deepEqual(readJson(directory, 'a.json'), { _rev: 1, n: 4 });
});

test('one who is alone again places its files later again, and none is forgotten', async (t) => {
    const options = { files: 'background', syncInterval: 3_600_000 };
    const { directory, store, other } = await two(t, options);
    await other.call('setItem', 'a', { n: 1 });
    await other.kill();
    for (let n = 2; n < 30; n += 1) {
        await store.setItem('a', { n });
    }
    await store.close();
    assert.deepEqual(readJson(directory, 'a.json'), { _rev: 28, n: 29 });
});

test('a revision that another process has made counts', async (t) => {
    const { store, other } = await two(t);
    const first = await store.setItem('a', { n: 1 });
    await other.call('setItem', 'a', { ...first, n: 2 });
    const error = await refusal(store.setItem('a', { ...first, n: 3 }));
    assert.deepEqual([error.code, error.key, error.expectedRev, error.actualRev], ['CONFLICT', 'a', 0, 1]);
    const removal = await refusal(other.call('deleteItem', 'a', { rev: 0 }));
    assert.deepEqual([removal.code, removal.expectedRev, removal.actualRev], ['CONFLICT', 0, 1]);
    await other.call('deleteItem', 'a', { rev: 1 });
    assert.equal(await store.getItem('a'), null);
    assert.equal((await store.setItem('a', { n: 4 }))._rev, 0);
    assert.deepEqual(await other.call('getItem', 'a'), { _rev: 0, n: 4 });
});

test('of conditional writes in several processes at once just one is done', async (t) => {
    const directory = newDirectory(t);
    const members = await crew(t, directory, 3);
    await members[0].call('setItem', 'a', { n: 0 });
    for (let round = 0; round < 40; round += 1) {
        const attempts = members.map((member, by) => member.call('setItem', 'a', { _rev: round, round, by }));
        const settled = await Promise.allSettled(attempts);
        const done = settled.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
        const codes = settled.filter(({ status }) => status === 'rejected').map(({ reason }) => reason.code);
        assert.deepEqual([done.length, codes], [1, ['CONFLICT', 'CONFLICT']]);
        for (const member of members) {
            assert.deepEqual(await member.call('getItem', 'a'), done[0]);
        }
    }
});

test('a unique view that one process defines is enforced in another, which did not know of it', async (t) => {
    const { store, other } = await two(t);
    await other.call('setItem', 'one', { email: 'ada@example.com' });
    store.setView('byEmail', BY_EMAIL);
    await store.buildView('byEmail');
    const error = await refusal(other.call('setItem', 'two', { email: 'ada@example.com' }));
    assert.deepEqual([error.code, error.key], ['CONFLICT', 'two']);
    // And from then on in both.
    await other.call('setItem', 'two', { email: 'grace@example.com' });
    const again = await refusal(store.setItem('three', { email: 'grace@example.com' }));
    assert.deepEqual([again.code, again.viewId, again.otherKey], ['CONFLICT', 'byEmail', 'two']);
    await store.deleteView('byEmail');
    await other.call('setItem', 'three', { email: 'ada@example.com' });
});

test('of several processes that want one value of a unique view just one gets it', async (t) => {
    const directory = newDirectory(t);
    const members = await crew(t, directory, 3);
    await members[0].call('setView', 'byEmail', BY_EMAIL);
    await members[0].call('buildView', 'byEmail');
    const claims = (by) => Array.from({ length: 60 }, (_, n) => [`${by}:${n}`, { email: `${n}@example.com` }]);
    const outcomes = await Promise.all(members.map((member, by) => member.ask('many', 'setItem', claims(by))));
    const done = outcomes.reduce((sum, outcome) => sum + outcome.done, 0);
    const refused = outcomes.flatMap((outcome) => outcome.refused);
    assert.deepEqual([done, refused.length, new Set(refused)], [60, 120, new Set(['CONFLICT'])]);
    await members[1].call('setView', 'byEmail', BY_EMAIL);
    const { rows, duplicates } = await members[1].call('buildView', 'byEmail');
    assert.deepEqual([rows, duplicates], [60, []]);
});

test('the order of keys that the first process asked for is that of all, and another one is refused', async (t) => {
    const directory = newDirectory(t);
    const german = { collation: { locale: 'de' } };
    const store = await openStore(t, { directory, ...german });
    await store.setItems(['Z', 'ä', 'a', 'z'].map((key) => [key, {}]));
    const other = await joined(t, directory);
    const { items } = await other.call('queryKeys');
    assert.deepEqual(
        items.map(({ key }) => key),
        ['a', 'ä', 'z', 'Z'],
    );
    const refused = await refusal(joined(t, directory, { options: { collation: { locale: 'sv' } } }));
    assert.equal(refused.code, 'ASSERTION');
    assert.equal((await (await joined(t, directory, { options: german })).call('queryKeys')).total, 4);
});

test('a process that opens many documents while another one writes sees every write that it should', async (t) => {
    const directory = newDirectory(t);
    const store = await openStore(t, { directory, files: 'background' });
    for (let from = 0; from < DOCUMENTS; from += 5_000) {
        await store.setItems(Array.from({ length: 5_000 }, (_, n) => [`doc:${from + n}`, { n: from + n }]));
    }
    const joining = joined(t, directory);
    let [written, isOpen] = [0, false];
    const opened = joining.then((member) => {
        isOpen = true;
        return member;
    });
    for (; !isOpen; written += 1) {
        await store.setItem(`doc:${written % DOCUMENTS}`, { written });
    }
    const other = await opened;
    assert.ok(written > 0);
    const last = written - 1;
    assert.equal((await other.call('getItem', `doc:${last % DOCUMENTS}`)).written, last);
    assert.equal((await other.call('queryKeys', { limit: 1 })).total, DOCUMENTS);
    const sample = Array.from({ length: 500 }, (_, n) => `doc:${n * 9}`);
    assert.deepEqual(await other.call('getItems', sample), await store.getItems(sample));
});

test('a member that went without closing is not missed, and the last close leaves all in order', async (t) => {
    const directory = newDirectory(t);
    const script = `
        const store = new kixx.Datastore({ directory });
        await store.setItem('exited', { n: 1 });
        process.exit(0);`;
    const member = await joined(t, directory);
    await member.call('setItem', 'a', { n: 1 });
    const { code, stderr } = await runScript(script, { directory });
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(await member.call('getItem', 'exited'), { _rev: 0, n: 1 });
    await member.call('setItem', 'exited', { n: 2 });
    assert.equal(await member.close(), 0);
    assert.deepEqual(remainsIn(directory), []);
    assert.deepEqual(readJson(directory, 'exited.json'), { _rev: 1, n: 2 });
    assert.deepEqual(fs.readdirSync(path.join(directory, '.datastore', 'tmp')), []);
});

test('a backup of one process holds whole what another one writes meanwhile', async (t) => {
    const accounts = 10;
    const directory = newDirectory(t);
    const store = await openStore(t, { directory });
    await store.setItems(keysOf(accounts).map((key) => [key, { kind: 'account', balance: 100 }]));
    const member = await joined(t, directory);
    const moved = member.ask('move', { accounts, most: 300, seed: 1 });
    const backups = temporaryDirectory(t);
    for (let n = 0; n < 5; n += 1) {
        await store.backup(path.join(backups, String(n)));
    }
    assert.equal(await moved, 300);
    for (let n = 0; n < 5; n += 1) {
        const copy = await openStore(t, { directory: path.join(backups, String(n)) });
        const { items } = await copy.queryKeys({ limit: Infinity, includeDocuments: true });
        const sum = items.reduce((total, { document }) => total + document.balance, 0);
        assert.deepEqual([items.length, sum], [accounts, 1_000]);
    }
});

test('processes that migrate at once migrate each document once', async (t) => {
    const directory = newDirectory(t);
    const store = await openStore(t, { directory });
    await store.setItems(Array.from({ length: 500 }, (_, n) => [`doc:${n}`, { n }]));
    const members = await crew(t, directory, 3);
    const before = [{ version: 1, up: () => undefined }];
    await store.migrate(before);
    const reports = await Promise.all(members.map((member) => member.ask('migrateOnce')));
    assert.deepEqual(
        reports.map(({ to }) => to),
        [2, 2, 2],
    );
    const { items } = await store.queryKeys({ prefix: 'doc:', limit: Infinity, includeDocuments: true });
    assert.deepEqual(new Set(items.map(({ document }) => document.migrated)), new Set([1]));
    assert.equal(items.length, 500);
});
