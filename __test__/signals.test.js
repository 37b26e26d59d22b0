'use strict';

/** Queries that an `AbortSignal` ends. */

const assert = require('node:assert/strict');
const { getEventListeners } = require('node:events');
const { test } = require('node:test');
const { Datastore, DatastoreError } = require('../index.js');
const { gate, openStore, refusal } = require('./support.js');

const METHODS = {
    queryKeys: (store, options) => store.queryKeys(options),
    queryView: (store, options) => store.queryView('view', options),
};

/** An engine of the user's own that does nothing before it is let. */
function slowEngine() {
    const loading = gate();
    const answering = gate();
    const calls = [];
    const answer = async (...options) => {
        calls.push(options.at(-1));
        await answering.opened;
        return { items: [] };
    };
    const db = {
        loadDocuments: () => loading.opened,
        getItem: () => null,
        setItem() {},
        deleteItem() {},
        queryKeys: answer,
        queryView: answer,
    };
    return { store: new Datastore({ db }), loading, answering, calls };
}

function assertAborted(error, signal) {
    assert.ok(error instanceof DatastoreError);
    assert.deepEqual([error.name, error.code, error.cause], ['AbortError', 'ABORT_ERR', signal.reason]);
}

for (const [method, query] of Object.entries(METHODS)) {
    test(`${method} with a signal that is aborted already rejects at once`, async (t) => {
        const store = await openStore(t);
        store.setView('view', { map: () => assert.fail('the map was called') });
        await store.setItem('a', {});
        for (const signal of [AbortSignal.abort(), AbortSignal.abort('a reason'), AbortSignal.abort(null)]) {
            assertAborted(await refusal(query(store, { signal })), signal);
            assert.throws(
                () => METHODS[method](store._db, { signal }),
                (error) => assertAborted(error, signal) ?? true,
            );
        }
        const { signal } = new AbortController();
        assert.equal((await store.queryKeys({ signal })).items.length, 1);
    });

    test(`${method} that waits for the load is ended by its signal, and the load goes on`, async () => {
        const { store, loading, answering, calls } = slowEngine();
        const controller = new AbortController();
        const { signal } = controller;
        const waiting = refusal(query(store, { signal }));
        const other = query(store, {});
        controller.abort(new Error('enough'));
        assertAborted(await waiting, signal);
        assert.equal(getEventListeners(signal, 'abort').length, 0);
        loading.open();
        answering.open();
        await other;
        assert.equal(calls.length, 1, 'what was aborted is not asked');
        assert.equal('signal' in calls[0], false);
    });

    test(`${method} of a custom engine that takes its time is ended by its signal`, async () => {
        const { store, loading, answering } = slowEngine();
        loading.open();
        await store.load();
        const controller = new AbortController();
        const { signal } = controller;
        const waiting = refusal(query(store, { signal }));
        controller.abort();
        assertAborted(await waiting, signal);
        answering.open();
        assert.deepEqual(await query(store, { signal: new AbortController().signal }), { items: [] });
    });

    test(`${method} leaves nothing at a signal that lives on`, async () => {
        const { store, loading, answering } = slowEngine();
        const { signal } = new AbortController();
        const answered = query(store, { signal });
        loading.open();
        answering.open();
        await answered;
        assert.equal(getEventListeners(signal, 'abort').length, 0);
    });
}

test("a transaction's query with an aborted signal rejects, and the transaction may go on", async (t) => {
    const store = await openStore(t);
    const signal = AbortSignal.abort();
    await store.transaction(async (tx) => {
        assertAborted(await refusal(tx.queryKeys({ signal })), signal);
        await tx.setItem('a', {});
    });
    assert.deepEqual(await store.getItem('a'), { _rev: 0 });
});

test('what only tells that it was aborted ends every query, and an answer that came first stands', async (t) => {
    const store = await openStore(t, { durability: 'none', directory: undefined });
    await store.setItems(Array.from({ length: 3_000 }, (_, n) => [`k${n}`, { n }]));
    store.setView('view', { map: ({ n }, emit) => emit(n) });
    store.setView('declared', { key: 'n' });
    const signal = { aborted: false, reason: undefined, addEventListener() {} };
    assert.equal((await store.queryKeys({ signal })).total, 3_000);
    assert.equal((await store.queryView('view', { signal })).total, 3_000);
    assert.equal((await store.queryView('declared', { signal })).total, 3_000);
    assert.equal((await store.find({ n: { $ne: 5 } }, { signal })).total, 2_999);
});
