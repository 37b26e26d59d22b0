'use strict';

/** The event 'flush': what was written survives a power cut by now. */

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { test } = require('node:test');
const { Datastore } = require('../index.js');
const { afterwards, openStore } = require('./support.js');

const NEVER = 3_600_000;

/** What a store tells from now on. */
function heardOf(store) {
    const heard = [];
    store.on('flush', (told) => heard.push(told));
    return heard;
}

for (const files of ['eager', 'background']) {
    test(`what was written is told when it is synced in the background (${files})`, async (t) => {
        const store = await openStore(t, { files, syncInterval: 10 });
        const heard = heardOf(store);
        // An event keeps no process alive.
        const held = setInterval(() => {}, NEVER);
        afterwards(t, () => clearInterval(held));
        await Promise.all([store.setItem('a', {}), store.setItem('b', {})]);
        while ((heard.at(-1)?.sequence ?? 0) < 2) {
            await once(store, 'flush');
        }
        assert.ok(store.stats().syncedSequence >= 2);
        assert.deepEqual(Object.keys(heard[0]), ['sequence', 'filesBehind']);
    });

    test(`flush tells before it resolves, and only where more was written (${files})`, async (t) => {
        const store = await openStore(t, { files, syncInterval: NEVER });
        const heard = heardOf(store);
        await store.flush();
        await store.setItem('a', {});
        await store.setItem('b', {});
        assert.deepEqual(heard, []);
        await store.flush();
        assert.deepEqual(heard, [{ sequence: 2, filesBehind: 0 }]);
        await store.flush();
        assert.equal(heard.length, 1);
        await store.deleteItem('a');
        await store.flush();
        assert.deepEqual(heard.at(-1), { sequence: 3, filesBehind: 0 });
    });
}

test('every datastore over one engine is told', async (t) => {
    const store = await openStore(t, { syncInterval: NEVER });
    const other = new Datastore({ db: store._db });
    const heard = [heardOf(store), heardOf(other)];
    await store.setItem('a', {});
    await store.flush();
    assert.deepEqual(heard, [[{ sequence: 1, filesBehind: 0 }], [{ sequence: 1, filesBehind: 0 }]]);
});

test('a store without a directory tells nothing', async (t) => {
    const store = await openStore(t, { durability: 'none', directory: undefined });
    const heard = heardOf(store);
    await store.setItem('a', {});
    await store.flush();
    assert.deepEqual(heard, []);
});
