'use strict';

/** Processes that end, stop, or lose their files, while others have the same directory open. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { once } = require('node:events');
const { remainsIn } = require('./crash/directory.js');
const { withMounts } = require('./mounts.js');
const { Member, crew, joined } = require('./processes/crew.js');
const {
    PACKAGE,
    afterwards,
    documentFiles,
    openElsewhere,
    openStore,
    readJson,
    refusal,
    temporaryDirectory,
} = require('./support.js');
const { Datastore } = require(PACKAGE);

/** A data directory that is not there yet. */
function newDirectory(t) {
    return path.join(temporaryDirectory(t), 'data');
}

function raised(found) {
    return { n: (found?.n ?? 0) + 1 };
}

test('one that wants a directory for itself is refused while another process shares it, with the path of the lock', async (t) => {
    const directory = newDirectory(t);
    const member = await joined(t, directory);
    const alone = new Datastore({ directory, singleProcess: true });
    afterwards(t, () => alone.close());
    const error = await refusal(alone.load());
    assert.deepEqual([error.name, error.code], ['DatastoreError', 'LOCKED']);
    assert.equal(error.path, path.join(directory, '.datastore', 'lock'));
    await assert.rejects(alone.setItem('a', {}), { code: 'LOCKED' });
    assert.equal((await member.call('setItem', 'a', { n: 1 }))._rev, 0);
    assert.equal(await member.close(), 0);
    assert.deepEqual(await alone.getItem('a'), { _rev: 0, n: 1 });
    const refused = await refusal(joined(t, directory));
    assert.deepEqual([refused.code, refused.path], ['LOCKED', error.path]);
});

test('a directory that one process had for itself is open to all when it is closed, or dead', async (t) => {
    const directory = newDirectory(t);
    const close = await openElsewhere(t, directory);
    await close();
    const [member, other] = await crew(t, directory, 2);
    await Promise.all([member.close(), other.close()]);
    const alone = await joined(t, directory, { options: { singleProcess: true } });
    await alone.call('setItem', 'a', { n: 1 });
    await alone.kill();
    const store = await openStore(t, { directory });
    assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
});

for (const moment of ['now', 'tick', 'turn']) {
    const written = {
        'of one document': ['setItem', 'new', { text: 'x'.repeat(100_000) }],
        'of many': ['setItems', Array.from({ length: 200 }, (_, n) => [`new ${n}`, { n, text: 'x'.repeat(3_000) }])],
    };
    for (const [what, call] of Object.entries(written)) {
        test(`a process that exits inside a commit ${what} (${moment}) leaves all of it or nothing to the others`, async (t) => {
            const directory = newDirectory(t);
            const store = await openStore(t, { directory });
            await store.setItem('a', { n: 1 });
            const size = what === 'of many' ? 200 : 1;
            for (let round = 0; round < 4; round += 1) {
                const member = await joined(t, directory);
                member.ask('beginAndExit', moment, ...call).catch(() => {});
                assert.deepEqual(await member.ended, [3, null]);
                const { total } = await store.queryKeys({ prefix: 'new' });
                assert.ok(total === 0 || total === size, `${total} of ${size}`);
                await store.updateItem('a', raised);
                const { items } = await store.queryKeys({ prefix: 'new', limit: Infinity });
                await store.deleteItems(items.map(({ key }) => key));
            }
            await store.close();
            assert.deepEqual(documentFiles(directory), ['a.json']);
            assert.deepEqual(readJson(directory, 'a.json'), { _rev: 4, n: 5 });
            assert.deepEqual(remainsIn(directory), []);
        });
    }
}

test('a process that is stopped hinders nobody, and knows everything when it goes on', async (t) => {
    const directory = newDirectory(t);
    const [stopped, writer] = await crew(t, directory, 2);
    await stopped.call('setView', 'byN', { key: 'n' });
    await stopped.call('setItem', 'a', { n: 0 });
    await stopped.call('queryView', 'byN');
    // Answered, so it is in no commit; what it syncs in the background holds nobody up.
    await stopped.call('flush');
    stopped.signal('SIGSTOP');
    for (let n = 1; n <= 300; n += 1) {
        await writer.call('setItem', 'a', { n });
    }
    await writer.call('setItem', 'b', { n: 1 });
    const store = await openStore(t, { directory });
    assert.deepEqual(await store.getItem('a'), { _rev: 300, n: 300 });
    await store.close();
    const reads = [stopped.call('getItem', 'a'), stopped.call('queryView', 'byN'), stopped.call('setItem', 'c', {})];
    stopped.signal('SIGCONT');
    const [document, { items }] = await Promise.all(reads);
    assert.deepEqual(document, { _rev: 300, n: 300 });
    assert.deepEqual(
        items.map(({ key, documentKey }) => [key, documentKey]),
        [
            [1, 'b'],
            [300, 'a'],
        ],
    );
    assert.deepEqual(await writer.call('getItem', 'c'), { _rev: 0 });
});

test('a process that is killed while it is stopped is replaced, and the others go on', async (t) => {
    const directory = newDirectory(t);
    const [stopped, writer] = await crew(t, directory, 2);
    await stopped.call('setItem', 'a', { n: 1 });
    await stopped.call('flush');
    stopped.signal('SIGSTOP');
    await stopped.kill();
    await writer.call('setItem', 'a', { _rev: 0, n: 2 });
    const another = await joined(t, directory);
    assert.deepEqual(await another.call('getItem', 'a'), { _rev: 1, n: 2 });
});

test('with .datastore removed, processes that shared it are poisoned, and nothing acknowledged is lost', async (t) => {
    const directory = newDirectory(t);
    const members = await crew(t, directory, 2);
    for (let n = 0; n < 50; n += 1) {
        await members[n % 2].call('setItem', `doc ${n}`, { n });
    }
    fs.rmSync(path.join(directory, '.datastore'), { recursive: true });
    const acknowledged = new Set();
    const codes = [];
    for (let n = 50; n < 60; n += 1) {
        const written = members[n % 2].call('setItem', `doc ${n}`, { n });
        await written.then(
            () => acknowledged.add(n),
            ({ code }) => codes.push(code),
        );
    }
    assert.deepEqual(new Set(codes), new Set(['POISONED']));
    for (const member of members) {
        // Who cannot know whether it has everything tells so instead.
        const read = await member.call('getItem', 'doc 49').catch(({ code }) => code);
        assert.ok(read === 'POISONED' || read.n === 49, JSON.stringify(read));
        await member.kill();
    }
    const store = await openStore(t, { directory });
    for (let n = 0; n < 60; n += 1) {
        const found = await store.getItem(`doc ${n}`);
        assert.ok(found?.n === n || (n >= 50 && !acknowledged.has(n)), `doc ${n}: ${JSON.stringify(found)}`);
    }
    await store.setItem('after', {});
});

/** A worker of this process that raises a counter so many times, and closes. */
function raisingWorker(directory, times) {
    const source = `
        const { parentPort, workerData } = require('node:worker_threads');
        const { Datastore } = require(workerData.package);
        const store = new Datastore({ directory: workerData.directory });
        (async () => {
            for (let step = 0; step < workerData.times; step += 1) {
                await store.updateItem('n', (found) => ({ n: found.n + 1 }), { retries: 10_000 });
            }
            parentPort.postMessage((await store.getItem('n')).n >= workerData.times);
            await store.close();
        })();`;
    return new Worker(source, { eval: true, workerData: { directory, times, package: PACKAGE } });
}

test('worker threads and processes raise one counter together, and lose no step', async (t) => {
    const directory = newDirectory(t);
    const store = await openStore(t, { directory });
    await store.setItem('n', { n: 0 });
    const members = await crew(t, directory, 2, { report: path.join(temporaryDirectory(t), 'report') });
    const workers = [raisingWorker(directory, 60), raisingWorker(directory, 60)];
    const exits = workers.map((worker) => once(worker, 'exit'));
    const counted = members.map((member, seed) => {
        return member.ask('count', { keys: ['n'], ways: ['updateItem'], inFlight: 2, most: 30, seed });
    });
    const told = workers.map((worker) => once(worker, 'message'));
    for (let step = 0; step < 60; step += 1) {
        await store.updateItem('n', raised, { retries: 10_000 });
    }
    await Promise.all(counted);
    assert.deepEqual(await Promise.all(told), [[true], [true]]);
    assert.deepEqual(await store.getItem('n'), { _rev: 300, n: 300 });
    assert.deepEqual(await Promise.all(exits), [[0], [0]]);
    assert.deepEqual(await members[0].call('getItem', 'n'), { _rev: 300, n: 300 });
});

test('a disk that fills up under two processes takes exactly the writes that they answer', async (t) => {
    await withMounts(t, async ({ directory, mountSmall, newStore, beforeUnmount }) => {
        mountSmall('size=320k');
        const store = newStore();
        await store.load();
        const member = new Member(directory);
        beforeUnmount(() => member.kill());
        await member.loaded;
        const text = 'x'.repeat(3_000);
        const write = async (by, target, n) => {
            const key = `${by} ${n}`;
            const code = await target(key, { n, text }).then(
                () => null,
                (error) => error.code,
            );
            return { key, code };
        };
        const outcomes = [];
        for (let n = 0; n < 60; n += 1) {
            outcomes.push(await write('here', (...args) => store.setItem(...args), n));
            outcomes.push(await write('there', (...args) => member.call('setItem', ...args), n));
        }
        const refused = outcomes.filter(({ code }) => code !== null);
        assert.ok(refused.length > 20 && refused.length < 110, `${refused.length} of 120 were refused`);
        assert.deepEqual(new Set(refused.map(({ code }) => code)), new Set(['ENOSPC']));
        const keys = outcomes.filter(({ code }) => code === null).map(({ key }) => key);
        for (const found of [
            await store.queryKeys({ limit: Infinity }),
            await member.call('queryKeys', { limit: 1_000 }),
        ]) {
            assert.deepEqual(
                found.items.map(({ key }) => key),
                keys.toSorted(),
            );
        }
        // Whoever removes a file keeps its room for his own.
        await store.deleteItems(keys.slice(0, 4));
        assert.equal((await store.setItem('again', { text }))._rev, 0);
        assert.equal((await member.call('getItem', 'again')).text, text);
        assert.equal(await member.close(), 0);
        await store.close();
        assert.equal(documentFiles(directory).length, keys.length - 4 + 1);
    });
});
