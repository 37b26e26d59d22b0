'use strict';

/** Stores of several threads on one directory: what one writes the others read, and threads that end in the middle. */

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const process = require('node:process');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { PACKAGE, documentFiles, holdings, openStore, runScript, temporaryDirectory } = require('./support.js');

/** Terminations in a row; `KIXX_TERMINATIONS=200` for the whole loop. */
const TERMINATIONS = Number(process.env.KIXX_TERMINATIONS ?? 4);

/** A worker with a loaded store on `directory`; `source` may use `store`, `parentPort` and `workerData`. */
async function startWorker(t, directory, source, more = {}) {
    const prelude = `
        const { parentPort, workerData } = require('node:worker_threads');
        const { Datastore } = require(workerData.package);
        const store = new Datastore({ directory: workerData.directory });
        store.load().then(async () => {${source}});`;
    const worker = new Worker(prelude, { eval: true, workerData: { directory, package: PACKAGE, ...more } });
    t.after(() => worker.terminate());
    return worker;
}

/** What a worker answers. */
async function ask(worker, message) {
    const answered = once(worker, 'message');
    worker.postMessage(message);
    return (await answered)[0];
}

function newDirectory(t) {
    return path.join(temporaryDirectory(t), 'data');
}

test('what was acknowledged in one thread is what another one reads when it hears of it', async (t) => {
    const directory = newDirectory(t);
    const store = await openStore(t, { directory });
    const source = `
        parentPort.on('message', async (expected) => {
            // Twice: the second time it is kept.
            const found = [await store.getItem('a'), await store.getItem('a'), (await store.getItems(['a']))[0]];
            if (found.some((document) => document.n !== expected)) {
                parentPort.postMessage({ found, expected });
            } else {
                const { n } = await store.setItem('a', { n: expected + 1 });
                parentPort.postMessage(n);
            }
        });`;
    const worker = await startWorker(t, directory, source);
    for (let n = 0; n < 600; n += 2) {
        await store.setItem('a', { n });
        assert.deepEqual(await ask(worker, n), n + 1);
        assert.equal((await store.getItem('a')).n, n + 1);
    }
    assert.equal((await store.getItem('a'))._rev, 599);
});

test('a view sees in each thread what all have written', async (t) => {
    const directory = newDirectory(t);
    const store = await openStore(t, { directory });
    const source = `
        store.setView('declared', { key: 'n' });
        store.setView('mapped', { map: (document, emit) => emit(document.n) });
        parentPort.on('message', async (n) => {
            await store.setItem('worker ' + n, { n });
            const queries = ['declared', 'mapped'].map((view) => store.queryView(view, { limit: 1 }));
            parentPort.postMessage((await Promise.all(queries)).map(({ total }) => total));
        });`;
    const workers = [await startWorker(t, directory, source), await startWorker(t, directory, source)];
    store.setView('declared', { key: 'n' });
    for (let n = 0; n < 40; n += 1) {
        await store.setItem(`main ${n}`, { n });
        const total = n * 2 + 2;
        assert.deepEqual(await ask(workers[n % 2], n), [total, total]);
        assert.equal((await store.queryView('declared')).total, total);
    }
});

test('counters that eight threads raise lose no step', async (t) => {
    const directory = newDirectory(t);
    const store = await openStore(t, { directory });
    const source = `
        const increment = (found) => ({ n: (found?.n ?? 0) + 1 });
        const raise = async () => {
            for (let step = 0; step < 50; step += 1) {
                await store.updateItem('shared', increment, { retries: 10_000 });
                await store.updateItem('slow', async (found) => {
                    await new Promise(setImmediate);
                    return increment(found);
                }, { retries: 10_000 });
                await store.transaction(async (tx) => {
                    await tx.setItem('both', increment(await tx.getItem('both')));
                }, { retries: 10_000 });
            }
        };
        await raise();
        await store.close();
        parentPort.postMessage('done');`;
    const workers = await Promise.all(Array.from({ length: 8 }, () => startWorker(t, directory, source)));
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    const expected = { _rev: 399, n: 400 };
    assert.deepEqual(await store.getItems(['shared', 'slow', 'both']), [expected, expected, expected]);
});

test('the last thread to close leaves everything in order, whichever opened the directory', async (t) => {
    const directory = newDirectory(t);
    const source = `
        await store.setItem('of ' + workerData.name, {});
        parentPort.once('message', () => store.close().then(() => parentPort.postMessage('closed')));
        parentPort.postMessage('written');`;
    const workers = [];
    for (const name of ['first', 'second', 'third']) {
        const worker = await startWorker(t, directory, source, { name });
        assert.deepEqual(await once(worker, 'message'), ['written']);
        workers.push(worker);
    }
    for (const worker of workers) {
        const exited = once(worker, 'exit');
        assert.equal(await ask(worker, 'close'), 'closed');
        assert.deepEqual(await exited, [0]);
    }
    assert.deepEqual(documentFiles(directory), ['of%20first.json', 'of%20second.json', 'of%20third.json']);
    const store = await openStore(t, { directory });
    assert.deepEqual([store.stats().documents, store.loadReport.recovered], [3, 0]);
});

test('a thread that is terminated while it shares an engine leaves it to the others', async (t) => {
    const directory = newDirectory(t);
    const store = await openStore(t, { directory });
    const source = `
        store.setView('view', { key: 'n' });
        const lane = async (lane) => {
            for (let n = 0; ; n += 1) {
                await store.setItem('lane ' + lane, { n });
                await store.queryView('view');
                parentPort.postMessage({ lane, n });
            }
        };
        [0, 1, 2, 3].map(lane);`;
    const last = new Map();
    for (let round = 0; round < 5; round += 1) {
        const worker = await startWorker(t, directory, source);
        worker.on('message', ({ lane, n }) => last.set(lane, n));
        await once(worker, 'message');
        await Promise.all([worker.terminate(), store.setItem('main', { round })]);
        for (const [lane, n] of last) {
            assert.ok((await store.getItem(`lane ${lane}`)).n >= n, `lane ${lane} has not ${n}`);
        }
        assert.deepEqual(await store.getItem('main'), { _rev: round, round });
    }
    await store.flush();
});

test('a process that exits while its threads share a store keeps its code and whole documents', async (t) => {
    const directory = newDirectory(t);
    const script = `
        const { Worker } = require('node:worker_threads');
        const source = \`
            const { parentPort, workerData } = require('node:worker_threads');
            const { Datastore } = require(workerData.package);
            const store = new Datastore({ directory: workerData.directory });
            const write = async (n) => {
                const document = { n, text: 'x'.repeat(2_000) };
                await store.setItems([[workerData.number + ' left', document], [workerData.number + ' right', document]]);
                parentPort.postMessage(n);
                return write(n + 1);
            };
            write(0);\`;
        const store = await new kixx.Datastore({ directory }).load();
        let told = 0;
        for (let number = 0; number < 3; number += 1) {
            new Worker(source, { eval: true, workerData: { directory, package: args[0], number } }).on('message', () => {
                told += 1;
                if (told === 60) {
                    process.exit(7);
                }
            });
        }
        for (let n = 0; ; n += 1) {
            await store.setItem('main', { n });
        }`;
    const { code, signal, stderr } = await runScript(script, { directory, args: [PACKAGE] });
    assert.deepEqual([signal, stderr, code], [null, '', 7]);
    const store = await openStore(t, { directory });
    for (const number of [0, 1, 2]) {
        const [left, right] = await store.getItems([`${number} left`, `${number} right`]);
        assert.deepEqual(left, right);
    }
});

/** Writes, reads and queries without end; tells each write that is acknowledged. */
const BUSY = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { Datastore } = require(workerData.package);
    const { acknowledged, number, round } = workerData;
    const store = new Datastore({ directory: workerData.directory });
    store.setView('declared', { key: 'n' });
    store.setView('mapped', { map: (document, emit) => emit(document.n) });
    (async () => {
        for (let n = round * 1_000_000; ; n += 1) {
            await store.setItem('worker ' + number, { n, text: 'x'.repeat(500) });
            Atomics.store(acknowledged, number, n);
            if (n % 3 === number % 3) {
                await Promise.all([
                    store.getItem('worker ' + ((number + 1) % workerData.workers)),
                    store.queryView('declared', { limit: 2 }),
                    store.queryView('mapped', { limit: 2 }),
                    store.updateItem('shared', (found) => ({ n: (found?.n ?? 0) + 1 })),
                    store.find({ n: { $gt: 5 } }, { limit: 2 }),
                ]);
            }
            if (n === round * 1_000_000 + 3) {
                parentPort.postMessage('writing');
            }
        }
    })();`;

test(`twenty threads that are terminated while they write, ${TERMINATIONS} times, crash, lose and leak nothing`, async (t) => {
    const directory = newDirectory(t);
    // In a process of its own, which a crash would end.
    const script = `
        const assert = require('node:assert/strict');
        const { Worker } = require('node:worker_threads');
        const [source, rounds, support] = args;
        const { PACKAGE, holdings } = require(support);
        const workers = 20;
        const acknowledged = new Int32Array(new SharedArrayBuffer(workers * 4)).fill(-1);
        let before;
        for (let round = 0; round < rounds; round += 1) {
            // Every other time the threads are alone, so that the last one to go ends the engine.
            const own = round % 2 === 0 ? await new kixx.Datastore({ directory }).load() : null;
            const all = Array.from({ length: workers }, (_, number) => {
                const workerData = { directory, package: PACKAGE, acknowledged, number, round, workers };
                return new Worker(source, { eval: true, workerData });
            });
            // Some are still loading when the first ones write.
            await Promise.race(all.map((worker) => new Promise((resolve, reject) => {
                worker.once('message', resolve);
                worker.once('error', reject);
            })));
            await Promise.all(all.map((worker, number) => new Promise((resolve) => {
                setImmediate(() => worker.terminate().then(resolve));
            })));
            const store = own ?? (await new kixx.Datastore({ directory }).load());
            for (let number = 0; number < workers; number += 1) {
                const n = (await store.getItem('worker ' + number))?.n ?? -1;
                assert.ok(n >= acknowledged[number], 'round ' + round + ': ' + n + ' after ' + acknowledged[number]);
            }
            await store.close();
            // What a closed store still holds goes when it is collected.
            gc();
            await new Promise(setImmediate);
            // The first rounds make what a process keeps.
            if (round === 1) {
                before = [...holdings(), process.memoryUsage().rss];
            }
        }
        const [descriptors, threads, rss] = [...holdings(), process.memoryUsage().rss];
        assert.ok(descriptors <= before[0] + 2 && threads <= before[1] + 2, [descriptors, threads] + ' after ' + before);
        console.log(JSON.stringify({ descriptors, threads, rss, before }));`;
    const support = path.join(__dirname, 'support.js');
    const { code, signal, stdout, stderr } = await runScript(script, {
        directory,
        args: [BUSY, TERMINATIONS, support],
        execArgv: ['--expose-gc'],
    });
    assert.deepEqual([signal, stderr, code], [null, '', 0]);
    const { rss, before } = JSON.parse(stdout);
    t.diagnostic(stdout.trim());
    // An engine or a thread's heap that stayed behind each time would be many times as much.
    assert.ok(rss < before[2] * 1.2 + (16 << 20), stdout);
    const store = await openStore(t, { directory });
    assert.deepEqual([store.loadReport.ignored, store.loadReport.quarantined], [0, 0]);
});

test('threads that come and go take no descriptors and no threads', async (t) => {
    const directory = newDirectory(t);
    const store = await openStore(t, { directory });
    const source = `await store.setItem('a', {}); await store.close();`;
    let before;
    for (let round = 0; round < 10; round += 1) {
        const worker = await startWorker(t, directory, source);
        assert.deepEqual(await once(worker, 'exit'), [0]);
        before ??= holdings();
    }
    const [descriptors, threads] = holdings();
    assert.ok(descriptors <= before[0] + 1 && threads <= before[1] + 1, `${[descriptors, threads]} after ${before}`);
    assert.equal((await store.getItem('a'))._rev, 9);
});
