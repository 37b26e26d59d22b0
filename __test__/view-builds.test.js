'use strict';

/** Views that are built while other things happen: in slices, shared, followed, aborted, replaced, closed. */

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { once } = require('node:events');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { Datastore } = require('../index.js');
const { PACKAGE, openStore, refusal, runScript } = require('./support.js');

const ALL = { limit: Infinity };

/** One turn of the event loop. */
const turn = () => new Promise(setImmediate);

/** A loaded store in memory, with documents `0`, `1`, ... that hold their number. */
async function storeOf(t, count, options) {
    const store = await openStore(t, { durability: 'none', ...options });
    await store.setItems(Array.from({ length: count }, (_, n) => [n, { n }]));
    // Earlier tests may have used up this turn's time.
    await turn();
    await turn();
    return store;
}

/** Time that passes only where a test says so: what happens in which turn does not depend on the machine. */
function stopClock(t) {
    let now = 1_000;
    t.mock.method(performance, 'now', () => now);
    return {
        pass(milliseconds) {
            now += milliseconds;
        },
    };
}

/** A view that emits each document's `n` and takes so many milliseconds of a stopped clock for it. */
function slowly(clock, milliseconds = 1) {
    const calls = [];
    const map = (document, emit) => {
        calls.push(document.n);
        clock.pass(milliseconds);
        emit(document.n);
    };
    return { calls, source: { map } };
}

/** Waits until a write is in memory, without a turn of the event loop. Its answer comes later. */
async function committed(store, write) {
    const before = store.stats().sequence;
    write();
    // Writes are handed over at the end of the tick.
    await new Promise((resolve) => process.nextTick(resolve));
    const patience = Date.now() + 10_000;
    while (store.stats().sequence === before && Date.now() < patience) {
        // The committer runs in a thread of its own.
    }
}

/** Runs until a promise is settled; tells what `measure` told in each turn. */
async function turnsUntil(promise, measure) {
    const measured = [];
    let isSettled = false;
    const settle = () => {
        isSettled = true;
    };
    promise.then(settle, settle);
    while (!isSettled) {
        await turn();
        measured.push(measure());
    }
    return measured;
}

function keysOf({ items }) {
    return items.map(({ key }) => key);
}

function numbers(count) {
    return Array.from({ length: count }, (_, n) => n);
}

for (const [milliseconds, most] of [
    [0.01, 501],
    [1, 5],
    [4, 2],
    [30, 1],
]) {
    test(`a build with a map of ${milliseconds} ms maps at most ${most} documents in a turn of the loop`, async (t) => {
        const count = most * 12;
        const store = await storeOf(t, count);
        const { calls, source } = slowly(stopClock(t), milliseconds);
        store.setView('view', source);
        const query = store.queryView('view', ALL);
        assert.ok(calls.length >= 1 && calls.length <= most, `${calls.length} inside of the call`);
        let before = calls.length;
        const mapped = await turnsUntil(query, () => {
            const more = calls.length - before;
            before = calls.length;
            return more;
        });
        assert.ok(Math.max(...mapped) <= most, `${Math.max(...mapped)} in one turn`);
        assert.ok(mapped.length >= 10);
        assert.equal(calls.length, count);
        assert.deepEqual(keysOf(await query), numbers(count));
    });
}

test('views that are built at the same time share the turns', async (t) => {
    const store = await storeOf(t, 30);
    const clock = stopClock(t);
    const views = numbers(4).map(() => slowly(clock));
    for (const [id, { source }] of views.entries()) {
        store.setView(`view ${id}`, source);
    }
    const mapped = () => views.reduce((sum, { calls }) => sum + calls.length, 0);
    const queries = Promise.all(views.map((_, id) => store.queryView(`view ${id}`, ALL)));
    let before = mapped();
    assert.ok(before <= 5, `${before} inside of the calls`);
    const perTurn = await turnsUntil(queries, () => {
        const more = mapped() - before;
        before = mapped();
        return more;
    });
    assert.ok(Math.max(...perTurn) <= 5);
    assert.equal(mapped(), 4 * 30);
});

test('little to map is mapped inside of the call', async (t) => {
    const store = await storeOf(t, 100);
    const { calls, source } = slowly(stopClock(t));
    store.setView('view', source);
    await store.queryView('view');
    await store.setItem('new', { n: 100 });
    calls.length = 0;
    await turn();
    await turn();
    const query = store.queryView('view', ALL);
    assert.deepEqual(calls, [100]);
    assert.equal(store.stats().views.view.pending, 0);
    assert.deepEqual(keysOf(await query), numbers(101));
});

test('queries of one moment share a build, and each document is mapped once', async (t) => {
    const store = await storeOf(t, 60);
    const { calls, source } = slowly(stopClock(t));
    store.setView('view', source);
    const queries = numbers(20).map((n) => store.queryView('view', { startKey: n, limit: 1 }));
    const { building, pending } = store.stats().views.view;
    assert.deepEqual([building, pending], [true, 20]);
    const results = await Promise.all(queries);
    assert.deepEqual(results.flatMap(keysOf), numbers(20));
    assert.deepEqual(
        calls.sort((a, b) => a - b),
        numbers(60),
    );
    assert.deepEqual(store.stats().views.view.pending, 0);
});

test('queries of different moments each answer for their own, in their order', async (t) => {
    const store = await storeOf(t, 40);
    const { calls, source } = slowly(stopClock(t));
    store.setView('view', source);
    const order = [];
    const ask = (name) =>
        store.queryView('view', ALL).then((result) => {
            order.push(name);
            return keysOf(result);
        });
    const first = ask('first');
    const changes = [
        [3, { n: 103 }],
        [39, { n: 139 }],
    ];
    await committed(store, () => store.setItems(changes));
    const second = ask('second');
    await committed(store, () => store.deleteItem(5));
    await committed(store, () => store.setItem(3, { n: 203 }));
    const third = ask('third');
    await committed(store, () => store.setItem(5, { n: 305 }));
    const fourth = ask('fourth');
    assert.equal(store.stats().views.view.pending, 4);
    const without = (...gone) => numbers(40).filter((n) => !gone.includes(n));
    assert.deepEqual(await first, numbers(40));
    assert.deepEqual(await second, [...without(3, 39), 103, 139]);
    assert.deepEqual(await third, [...without(3, 5, 39), 139, 203]);
    assert.deepEqual(await fourth, [...without(3, 5, 39), 139, 203, 305]);
    assert.deepEqual(order, ['first', 'second', 'third', 'fourth']);
    // 103 and 139 for the second, 203 for the third, 305 for the fourth.
    assert.equal(calls.length, 40 + 4);
});

test('the engine answers at once in the middle of a build, and who waited gets his own moment', async (t) => {
    const store = await storeOf(t, 40);
    const { calls, source } = slowly(stopClock(t));
    store.setView('view', source);
    const first = store.queryView('view', ALL);
    await committed(store, () => store.setItem(0, { n: 100 }));
    const second = store.queryView('view', ALL);
    await committed(store, () => store.deleteItem(1));
    assert.equal(store.stats().views.view.pending, 2);
    assert.deepEqual(keysOf(store._db.queryView('view', ALL)), [...numbers(40).slice(2), 100]);
    assert.equal(calls.length, 41);
    assert.equal(store.stats().views.view.pending, 0);
    assert.deepEqual(keysOf(await first), numbers(40));
    assert.deepEqual(keysOf(await second), [...numbers(40).slice(1), 100]);
});

test('onProgress never falls, ends with all of them, and counts for its own query', async (t) => {
    const store = await storeOf(t, 50);
    const { source } = slowly(stopClock(t));
    store.setView('view', source);
    const told = [[], [], []];
    const ask = (index) => store.queryView('view', { onProgress: (progress) => told[index].push(progress) });
    const first = ask(0);
    await store.setItems([
        [0, { n: 100 }],
        ['new', { n: 101 }],
    ]);
    const second = ask(1);
    await Promise.all([first, second]);
    await store.setItem(7, { n: 107 });
    await ask(2);
    assert.ok(told[0].length > 5);
    for (const all of told) {
        const { total } = all[0];
        assert.ok(all.every((progress) => progress.total === total));
        assert.ok(all.every(({ done }, index) => index === 0 || done > all[index - 1].done));
        assert.deepEqual(all.at(-1), { done: total, total });
    }
    assert.deepEqual([told[0][0].total, told[2][0].total], [50, 1]);
    const idle = [];
    await store.queryView('view', { onProgress: (progress) => idle.push(progress) });
    assert.deepEqual(idle, [{ done: 0, total: 0 }]);
});

test('what onProgress throws rejects its own query and no other', async (t) => {
    const store = await storeOf(t, 50);
    const { source } = slowly(stopClock(t));
    store.setView('view', source);
    const thrown = new Error('mine');
    const fine = store.queryView('view', ALL);
    const bad = store.queryView('view', {
        onProgress() {
            throw thrown;
        },
    });
    assert.equal(await refusal(bad), thrown);
    assert.deepEqual(keysOf(await fine), numbers(50));
    const last = store.queryView('view', {
        onProgress() {
            throw thrown;
        },
    });
    assert.equal(await refusal(last), thrown);
});

test('onProgress may query the view, also at once', async (t) => {
    const store = await storeOf(t, 50);
    const { calls, source } = slowly(stopClock(t));
    store.setView('view', source);
    const inside = [];
    let isFirst = true;
    const onProgress = () => {
        if (isFirst) {
            isFirst = false;
            inside.push(store.queryView('view', ALL), store._db.queryView('view', ALL));
        }
    };
    const outer = store.queryView('view', { ...ALL, onProgress });
    const later = store.queryView('view', ALL);
    const results = [await outer, await later, ...(await Promise.all(inside))];
    assert.equal(results.length, 4);
    for (const result of results) {
        assert.deepEqual(keysOf(result), numbers(50));
    }
    assert.equal(calls.length, 50);
});

test('onProgress runs in the context of its caller, whoever drives the build', async (t) => {
    const store = await storeOf(t, 50);
    const { source } = slowly(stopClock(t));
    store.setView('view', source);
    const storage = new AsyncLocalStorage();
    const seen = new Set();
    const ask = (name) =>
        storage.run(name, () =>
            store.queryView('view', { onProgress: () => seen.add(`${name}${storage.getStore()}`) }),
        );
    await Promise.all([ask('a'), ask('b')]);
    assert.deepEqual([...seen].sort(), ['aa', 'bb']);
});

test('buildView brings the view to the moment of its call and tells what there is', async (t) => {
    const store = await storeOf(t, 30);
    const { calls, source } = slowly(stopClock(t));
    store.setView('view', source);
    store.setView('skipping', {
        map(document, emit) {
            emit(document.n < 10 ? document.n : document.none.at);
        },
        onError: 'skip',
    });
    const progress = [];
    const building = store.buildView('view', { onProgress: ({ done, total }) => progress.push([done, total]) });
    const { sequence } = store.stats();
    await store.setItem('later', { n: 30 });
    assert.deepEqual(await building, { rows: 30, skipped: 0, sequence, duplicates: [] });
    assert.deepEqual(progress.at(-1), [30, 30]);
    assert.equal(calls.length, 30);
    const skipping = await store.buildView('skipping');
    assert.deepEqual([skipping.rows, skipping.skipped], [10, 21]);
    await assert.rejects(store.buildView('none'), { code: 'NOT_FOUND', viewId: 'none' });
    await assert.rejects(store.buildView('view', { limit: 1 }), { code: 'ASSERTION' });
    await assert.rejects(store.buildView('view', { signal: {} }), { code: 'ASSERTION' });
    await assert.rejects(store.buildView('view', { onProgress: 1 }), { code: 'ASSERTION' });
});

test('an aborted query rejects at once, and the others go on', async (t) => {
    const store = await storeOf(t, 50);
    const { calls, source } = slowly(stopClock(t));
    store.setView('view', source);
    const [first, second] = [new AbortController(), new AbortController()];
    const aborted = store.queryView('view', { signal: first.signal });
    const building = store.buildView('view', { signal: second.signal });
    const fine = store.queryView('view', ALL);
    await turn();
    const reason = new Error('no longer wanted');
    first.abort(reason);
    second.abort();
    for (const [promise, cause] of [
        [aborted, reason],
        [building, second.signal.reason],
    ]) {
        const error = await refusal(promise);
        assert.deepEqual([error.name, error.code, error.cause], ['AbortError', 'ABORT_ERR', cause]);
    }
    assert.ok(calls.length < 50);
    assert.deepEqual(keysOf(await fine), numbers(50));
    assert.equal(calls.length, 50);
});

test('a build that nobody waits for stops, and what it mapped stays', async (t) => {
    const store = await storeOf(t, 50);
    const { calls, source } = slowly(stopClock(t));
    store.setView('view', source);
    const controller = new AbortController();
    const query = refusal(store.queryView('view', { signal: controller.signal }));
    await turn();
    controller.abort();
    await query;
    const mapped = calls.length;
    assert.ok(mapped > 0 && mapped < 50);
    for (let turns = 0; turns < 10; turns += 1) {
        await turn();
    }
    assert.equal(calls.length, mapped);
    assert.deepEqual([store.stats().views.view.building, store.stats().views.view.pending], [false, 0]);
    // One that was mapped, and one that was not.
    await store.setItem(calls[0], { n: 100 });
    await store.setItem(49, { n: 149 });
    const expected = [...numbers(49).filter((n) => n !== calls[0]), 100, 149];
    assert.deepEqual(keysOf(await store.queryView('view', ALL)), expected);
    assert.equal(calls.length, 51);
});

test('a query that is aborted already maps nothing', async (t) => {
    const store = await storeOf(t, 5);
    const { calls, source } = slowly(stopClock(t));
    store.setView('view', source);
    const signal = AbortSignal.abort('reason');
    for (const call of [() => store.queryView('view', { signal }), () => store.buildView('view', { signal })]) {
        const error = await refusal(call());
        assert.deepEqual([error.code, error.cause], ['ABORT_ERR', 'reason']);
    }
    assert.deepEqual(calls, []);
});

test('aborting from inside the map, or from onProgress, is aborting', async (t) => {
    const store = await storeOf(t, 50);
    const clock = stopClock(t);
    const controllers = [new AbortController(), new AbortController()];
    let calls = 0;
    store.setView('view', {
        map(document, emit) {
            calls += 1;
            clock.pass(1);
            emit(document.n);
            if (calls === 3 || calls === 12) {
                controllers[calls === 3 ? 0 : 1].abort();
            }
        },
    });
    // Inside of the call, and in a later turn.
    await assert.rejects(store.queryView('view', { signal: controllers[0].signal }), { code: 'ABORT_ERR' });
    await turn();
    await assert.rejects(store.queryView('view', { signal: controllers[1].signal }), { code: 'ABORT_ERR' });
    const own = new AbortController();
    const options = { signal: own.signal, onProgress: () => own.abort() };
    await turn();
    await assert.rejects(store.queryView('view', options), { code: 'ABORT_ERR' });
    assert.deepEqual(keysOf(await store.queryView('view', ALL)), numbers(50));
    assert.equal(calls, 50);
});

test('queries that wait for a view that is replaced are answered by the old function', async (t) => {
    const store = await storeOf(t, 30);
    const clock = stopClock(t);
    const old = slowly(clock);
    store.setView('view', old.source);
    const pending = [store.queryView('view', ALL), store.queryView('view', { key: 7 })];
    store.setView('view', { map: (document, emit) => emit(`new ${document.n}`) });
    const replaced = store.queryView('view', ALL);
    const renamed = numbers(30).map((n) => `new ${n}`);
    assert.deepEqual(keysOf(await replaced), renamed.sort());
    assert.deepEqual(keysOf(await pending[0]), numbers(30));
    assert.deepEqual(keysOf(await pending[1]), [7]);
    assert.equal(old.calls.length, 30);
});

test('deleteView forgets a view, after those who wait have their answers', async (t) => {
    const store = await storeOf(t, 30);
    const { calls, source } = slowly(stopClock(t));
    store.setView('view', source);
    const pending = store.queryView('view', ALL);
    assert.equal(await store.deleteView('view'), true);
    assert.equal(await store.deleteView('view'), false);
    assert.equal(store.hasView('view'), false);
    assert.deepEqual(store.stats().views, {});
    await assert.rejects(store.queryView('view'), { code: 'NOT_FOUND' });
    store.setView('other', { map: (_document, emit) => emit('other') });
    assert.equal((await store.queryView('other')).items[0].key, 'other');
    assert.deepEqual(keysOf(await pending), numbers(30));
    assert.equal(calls.length, 30);
    await assert.rejects(store.deleteView(''), { code: 'ASSERTION' });
    await assert.rejects(store.deleteView(1), { code: 'ASSERTION' });
});

test('a view may be deleted from inside its own map', async (t) => {
    const store = await storeOf(t, 3);
    const deletions = [];
    store.setView('view', {
        map(document, emit) {
            deletions.push(store.deleteView('view'));
            emit(document.n);
        },
    });
    assert.deepEqual(keysOf(await store.queryView('view')), [0, 1, 2]);
    assert.deepEqual(await Promise.all(deletions), [true, false, false]);
    await assert.rejects(store.queryView('view'), { code: 'NOT_FOUND' });
});

test('close rejects the queries that wait, and the map is called no more', async (t) => {
    const store = await storeOf(t, 50);
    const { calls, source } = slowly(stopClock(t));
    store.setView('view', source);
    store.setView('replaced', source);
    const pending = [store.queryView('view'), store.buildView('view'), store.queryView('replaced')].map(refusal);
    store.setView('replaced', { map() {} });
    const closed = store.close();
    const errors = await Promise.all(pending);
    assert.deepEqual(
        errors.map(({ name, code }) => [name, code]),
        Array(3).fill(['ClosedError', 'CLOSED']),
    );
    const mapped = calls.length;
    await closed;
    await turn();
    await turn();
    assert.ok(calls.length === mapped && mapped < 50);
});

test('a map that fails in the middle rejects every query of that moment; later ones try again', async (t) => {
    const store = await storeOf(t, 30);
    const clock = stopClock(t);
    let failures = 0;
    store.setView('view', {
        map(document, emit) {
            clock.pass(1);
            if (document.bad) {
                failures += 1;
                throw new Error('bad');
            }
            emit(document.n);
        },
    });
    await store.setItem(20, { bad: true });
    const bad = [store.queryView('view'), store.buildView('view'), store.queryView('view', ALL)].map(refusal);
    await store.setItem(20, { n: 100 });
    const mended = store.queryView('view', ALL);
    for (const error of await Promise.all(bad)) {
        assert.deepEqual([error.code, error.viewId, error.key, error.cause.message], ['VIEW_MAP', 'view', '20', 'bad']);
    }
    assert.equal(failures, 1);
    assert.deepEqual(keysOf(await mended), [...numbers(30).filter((n) => n !== 20), 100]);
    await store.setItem(3, { bad: true });
    await assert.rejects(store.queryView('view'), { key: '3' });
    await assert.rejects(store.queryView('view'), { key: '3' });
    assert.equal(failures, 3);
});

test('a view whose deletions are forgotten is built anew, in turns', async (t) => {
    const store = await storeOf(t, 40);
    const { calls, source } = slowly(stopClock(t));
    store.setView('view', source);
    await store.queryView('view');
    await store.deleteItem(0);
    const passing = Array.from({ length: 1_100 }, (_, n) => `passing ${n}`);
    await store.setItems(passing.map((key) => [key, {}]));
    await store.deleteItems(passing);
    calls.length = 0;
    await turn();
    await turn();
    const query = store.queryView('view', ALL);
    assert.ok(calls.length <= 5);
    assert.deepEqual(keysOf(await query), numbers(40).slice(1));
    assert.equal(calls.length, 39);
});

test('a build over a custom file system is one like any other', async (t) => {
    const fileSystem = {
        readDocumentDirectory: async () => [],
        readDocumentFile: async () => assert.fail('there are no files'),
        writeDocumentFile: async () => {},
        removeDocumentFile: async () => {},
    };
    const store = await openStore(t, { fileSystem });
    await Promise.all(numbers(30).map((n) => store.setItem(n, { n })));
    await turn();
    await turn();
    const { calls, source } = slowly(stopClock(t));
    store.setView('view', source);
    const progress = [];
    const query = store.queryView('view', { ...ALL, onProgress: ({ done }) => progress.push(done) });
    await store.setItem(0, { n: 100 });
    assert.deepEqual(keysOf(await query), numbers(30));
    assert.ok(progress.length > 2 && progress.at(-1) === 30);
    assert.equal((await store.buildView('view')).rows, 30);
    assert.equal(calls.length, 31);
    assert.equal(await store.deleteView('view'), true);
});

test('a custom engine builds and deletes views where it can', async (t) => {
    const engine = { loadDocuments() {}, getItem() {}, setItem() {}, deleteItem() {} };
    const plain = new Datastore({ db: engine });
    await assert.rejects(plain.buildView('view'), { code: 'UNSUPPORTED' });
    await assert.rejects(plain.deleteView('view'), { code: 'UNSUPPORTED' });
    const calls = [];
    const able = new Datastore({
        db: {
            ...engine,
            buildView: (...given) => calls.push(given),
            deleteView: (...given) => calls.push(given) > 0,
        },
    });
    const onProgress = t.mock.fn();
    await able.buildView('a', { onProgress });
    await able.buildView('b');
    assert.equal(await able.deleteView('c'), true);
    assert.deepEqual(calls, [['a', { onProgress }], ['b', {}], ['c']]);
});

test('a query that waits keeps the process alive, and process.exit in a build ends it', async () => {
    const script = (then) => `
        const store = await new kixx.Datastore({ durability: 'none' }).load();
        await store.setItems(Array.from({ length: 20_000 }, (_, n) => [n, { n }]));
        store.setView('view', { map: (document, emit) => emit([document.n, 'x'.repeat(100)]) });
        store.queryView('view', { limit: 1 }).then(({ total }) => console.log(total));
        ${then}`;
    const ended = await runScript(script(''));
    assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, '20000\n', '']);
    const exited = await runScript(script('setImmediate(() => process.exit(7));'));
    assert.deepEqual([exited.code, exited.stdout, exited.stderr], [7, '', '']);
});

test('workers that are terminated in the middle of a build crash nothing', async () => {
    const source = `
        const { parentPort, workerData } = require('node:worker_threads');
        const { Datastore } = require(workerData);
        const store = new Datastore({ durability: 'none' });
        let calls = 0;
        store.setItems(Array.from({ length: 20_000 }, (_, n) => [n, { n }])).then(() => {
            store.setView('view', {
                map(document, emit) {
                    emit(document.n);
                    calls += 1;
                    if (calls === 5_000) {
                        parentPort.postMessage('building');
                    }
                },
            });
            return store.queryView('view');
        });`;
    for (let round = 0; round < 5; round += 1) {
        const worker = new Worker(source, { eval: true, workerData: PACKAGE });
        await once(worker, 'message');
        await worker.terminate();
    }
});
