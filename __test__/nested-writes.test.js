'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const kixx = require('..');
const { inside, newTurn } = require('../lib/update-context.js');
const { afterwards, gate, openStore, temporaryDirectory } = require('./support.js');

/** Each key's update waits until all have begun, then writes the next key: a ring. */
async function ring(store, keys) {
    const begun = keys.map(() => gate());
    const updates = keys.map((key, index) =>
        store.updateItem(key, async () => {
            begun[index].open();
            await Promise.all(begun.map(({ opened }) => opened));
            await store.setItem(keys[(index + 1) % keys.length], { by: key });
            return { own: true };
        }),
    );
    return Promise.allSettled(updates);
}

for (const count of [2, 3, 5]) {
    test(`${count} updates that wait for each other in a ring: one is refused, the others go on`, async (t) => {
        const store = await openStore(t);
        const keys = Array.from({ length: count }, (_, index) => `k${index}`);
        const settled = await ring(store, keys);
        const refused = settled.filter(({ status }) => status === 'rejected');
        assert.equal(refused.length, 1);
        assert.equal(refused[0].reason.code, 'ASSERTION');
        await store.close();
    });
}

test('an update that waits for another one which needs nothing of it is no ring', async (t) => {
    const store = await openStore(t);
    const { open, opened } = gate();
    const slow = store.updateItem('b', async () => {
        await opened;
        return { n: 1 };
    });
    const waiting = store.updateItem('a', async () => {
        const written = store.setItem('b', { n: 2 });
        open();
        return { n: (await written).n };
    });
    assert.deepEqual(await Promise.all([slow, waiting]), [
        { _rev: 0, n: 1 },
        { _rev: 0, n: 2 },
    ]);
});

test('a write that is queued behind an update of another key, which waits for the writer, is refused', async (t) => {
    const store = await openStore(t);
    const inB = gate();
    const settled = await Promise.allSettled([
        store.updateItem('a', async () => {
            await inB.opened;
            // Behind the update of b, which waits for a.
            await store.deleteItem('b');
            return {};
        }),
        store.updateItem('b', async () => {
            const waiting = store.setItem('a', { by: 'b' });
            inB.open();
            await waiting;
            return {};
        }),
    ]);
    assert.deepEqual(
        settled.map(({ status, reason }) => reason?.code ?? status),
        ['ASSERTION', 'fulfilled'],
    );
});

test('a write that an update inside another one waits for is one that the outer one waits for', async (t) => {
    for (const nest of [
        (store, inner) =>
            store.updateItem('c', async () => {
                await inner();
                return {};
            }),
        (store, inner) => store.transaction(inner),
    ]) {
        const store = await openStore(t, { durability: 'none' });
        const inB = gate();
        const queued = gate();
        const a = store.updateItem('a', async () => {
            await inB.opened;
            await nest(store, async () => {
                const behindB = store.setItem('b', { by: 'a' });
                queued.open();
                await behindB;
            });
            return { own: true };
        });
        const b = store.updateItem('b', async () => {
            inB.open();
            await queued.opened;
            await assert.rejects(store.setItem('a', { by: 'b' }), { code: 'ASSERTION', key: 'a' });
            return { own: true };
        });
        assert.deepEqual(await Promise.all([a, b]), [
            { _rev: 0, own: true },
            { _rev: 0, own: true },
        ]);
        assert.deepEqual(await store.getItem('b'), { _rev: 1, by: 'a' });
    }
});

test('updates that start one another keep nothing of those that have ended', async () => {
    const owner = {};
    let turn = newTurn(owner);
    const first = turn;
    for (let count = 0; count < 100; count += 1) {
        const outer = turn;
        // Each next one is made inside of the one before, and begins before that one ends.
        await inside(outer, () => {
            turn = newTurn(owner);
        });
    }
    assert.notEqual(turn, first);
    let length = 0;
    for (let at = turn; at !== undefined; at = at.outer) {
        length += 1;
    }
    assert.ok(length <= 3, `${length} turns are kept`);
});

test('close lets an update that was called before it read and write what it needs', async (t) => {
    const store = await openStore(t);
    const { open, opened } = gate();
    const update = store.updateItem('a', async () => {
        await opened;
        await store.setItem('b', { n: 1 });
        const { n } = await store.getItem('b');
        const { total } = await store.queryKeys();
        return { n, total };
    });
    const closed = store.close();
    await assert.rejects(store.setItem('c', {}), { code: 'CLOSED' });
    open();
    assert.deepEqual(await update, { _rev: 0, n: 1, total: 1 });
    await closed;
    await assert.rejects(store.getItem('a'), { code: 'CLOSED' });
});

test("an engine's writes from before its load are stored before it closes", async (t) => {
    const directory = temporaryDirectory(t);
    const engine = new kixx.DatastoreEngine({ directory });
    const writes = [engine.setItem('a', { n: 1 }), engine.deleteItem('b')];
    await engine.close();
    assert.deepEqual(await Promise.all(writes), [{ key: 'a', document: { _rev: 0, n: 1 } }, { key: 'b' }]);
    const store = await openStore(t, { directory });
    assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
});

test('methods of a subclass of the engine are called', async (t) => {
    const calls = [];
    class Audited extends kixx.DatastoreEngine {
        getItem(key) {
            calls.push(['get', key]);
            return super.getItem(key);
        }

        async setItem(key, document) {
            calls.push(['set', key]);
            return super.setItem(key, document);
        }
    }
    const db = new Audited({ directory: temporaryDirectory(t) });
    const store = new kixx.Datastore({ db });
    afterwards(t, () => store.close());
    await store.setItem('a', { n: 1 });
    assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
    await store.updateItem('a', (document) => ({ ...document, n: 2 }));
    assert.equal((await store.queryKeys({ includeDocuments: true })).items[0].document.n, 2);
    assert.equal(store.loadReport.documents, 0);
    assert.ok(calls.filter(([call]) => call === 'set').length === 2 && calls.length > 3);
});

test('an error of a write is not hidden by one of releasing its lock', async (t) => {
    const lockingQueue = {
        getLock() {},
        releaseLock() {
            throw new Error('the lock');
        },
    };
    const store = await openStore(t, { lockingQueue });
    await assert.rejects(
        store.updateItem('a', () => {
            throw new Error('the write');
        }),
        { message: 'the write' },
    );
});
