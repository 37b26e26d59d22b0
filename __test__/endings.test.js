'use strict';

/** Ends with writes, flushes and files under way, at every level: what was acknowledged is there, and nothing hangs. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { once } = require('node:events');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');
const { remainsIn } = require('./crash/directory.js');
const { PACKAGE, documentFiles, openStore, readJson, runScript, temporaryDirectory } = require('./support.js');

/** Every way to keep a store. */
const WAYS = ['os', 'full'].flatMap((durability) => ['eager', 'background'].map((files) => ({ durability, files })));

function told({ durability, files }) {
    return `at '${durability}' with ${files} files`;
}

/** A data directory that is not there yet. */
function newDirectory(t) {
    return path.join(temporaryDirectory(t), 'data');
}

/** Runs a script over a loaded `store`; tells what it printed. */
async function run(way, directory, script, { code = 0 } = {}) {
    const prelude = `
        const fs = require('node:fs');
        const store = await new kixx.Datastore({ directory, ...${JSON.stringify({ ...way, syncInterval: 3_600_000 })} }).load();
        const document = (n) => ({ n, text: 'x'.repeat(3_000) });`;
    const ended = await runScript(prelude + script, { directory });
    assert.deepEqual([ended.signal, ended.stderr, ended.code], [null, '', code]);
    return ended.stdout;
}

/** What is in a directory, by key. */
async function contentsOf(t, directory) {
    const store = await openStore(t, { directory });
    assert.deepEqual([store.loadReport.ignored, store.loadReport.quarantined], [0, 0]);
    const { items } = await store.queryKeys({ limit: Infinity, includeDocuments: true });
    await store.close();
    return new Map(items.map(({ key, document }) => [key, document]));
}

for (const way of WAYS) {
    test(`close leaves nothing to make up for, ${told(way)}`, async (t) => {
        const directory = newDirectory(t);
        const store = await openStore(t, { directory, ...way });
        await Promise.all(Array.from({ length: 300 }, (_, n) => store.setItem(`doc ${n % 90}`, { n })));
        await store.setItems([
            ['a', { n: 1 }],
            ['b', { n: 2 }],
        ]);
        await store.deleteItem('doc 7');
        // Not awaited.
        const last = [store.setItem('c', { n: 3 }), store.deleteItems(['b', 'doc 8'])];
        const closed = store.close();
        await Promise.all(last);
        await closed;
        assert.deepEqual(remainsIn(directory), []);
        assert.deepEqual(fs.readdirSync(path.join(directory, '.datastore', 'tmp')), []);
        assert.equal(documentFiles(directory).length, 90);
        for (const [key, document] of await contentsOf(t, directory)) {
            assert.deepEqual(readJson(directory, `${encodeURIComponent(key)}.json`), document);
        }
    });

    test(`a file that is edited by hand after close is respected, ${told(way)}`, async (t) => {
        const directory = newDirectory(t);
        await run(way, directory, `await store.setItem('a', { n: 1 }); await store.close();`);
        fs.writeFileSync(path.join(directory, 'a.json'), '{"_rev":41,"n":"by hand"}');
        fs.writeFileSync(path.join(directory, 'b.json'), '{"n":"new"}');
        const found = await contentsOf(t, directory);
        assert.deepEqual(found.get('a'), { _rev: 41, n: 'by hand' });
        assert.deepEqual(found.get('b'), { _rev: 0, n: 'new' });
    });

    test(`process.exit with writes pending keeps its code and what was acknowledged, ${told(way)}`, async (t) => {
        const directory = newDirectory(t);
        // The last exits are in the middle of batches; each round starts with what the one before has left.
        for (const [round, most] of [1, 40, 90, 200].entries()) {
            const script = `
                let acknowledged = 0;
                const lane = async (lane) => {
                    for (let n = 0; ; n += 1) {
                        const made = document(${round * 1_000} + n);
                        await (lane % 4 === 3
                            ? store.setItems([['left ' + lane, made], ['right ' + lane, made]])
                            : store.setItem('lane ' + lane, made));
                        fs.writeSync(1, lane + ' ' + made.n + '\\n');
                        acknowledged += 1;
                        if (acknowledged === ${most}) {
                            process.exit(${round + 3});
                        }
                    }
                };
                await Promise.all(Array.from({ length: 32 }, (_, n) => lane(n)));`;
            const stdout = await run(way, directory, script, { code: round + 3 });
            const found = await contentsOf(t, directory);
            for (const line of stdout.trim().split('\n')) {
                const [lane, n] = line.split(' ').map(Number);
                const document = found.get(lane % 4 === 3 ? `left ${lane}` : `lane ${lane}`);
                assert.ok(document?.n >= n, `lane ${lane}: ${document?.n} after ${n}`);
            }
            for (const [key, document] of found) {
                assert.equal(document.text.length, 3_000);
                if (key.startsWith('left')) {
                    assert.deepEqual(found.get(key.replace('left', 'right')), document);
                }
            }
        }
    });

    test(`writes that nobody awaits are all stored when the loop runs dry, ${told(way)}`, async (t) => {
        const directory = newDirectory(t);
        const script = `
            for (let n = 0; n < 100; n += 1) {
                store.setItem('set ' + n, document(n));
            }
            store.setItems([['batch 1', document(1)], ['batch 2', document(2)]]);
            store.updateItem('set 1', async () => document(-1));
            store.transaction(async (tx) => {
                await new Promise(setImmediate);
                await tx.setItem('transaction', document(3));
            });
            store.deleteItem('set 2');`;
        await run(way, directory, script);
        const found = await contentsOf(t, directory);
        assert.deepEqual([found.size, found.get('set 1').n, found.get('transaction').n], [102, -1, 3]);
    });

    test(`an idle store that is listened to, with files and syncs behind, lets the process end, ${told(way)}`, async (t) => {
        const directory = newDirectory(t);
        const script = `
            store.on('error', () => {});
            store.on('degraded', () => {});
            store.on('flush', () => {});
            await store.setItem('a', document(1));
            process.on('beforeExit', () => process.stdout.write('nothing left to do'));`;
        assert.equal(await run(way, directory, script), 'nothing left to do');
        assert.equal((await contentsOf(t, directory)).get('a').n, 1);
    });

    test(`a pending flush keeps the process alive, ${told(way)}`, async (t) => {
        const directory = newDirectory(t);
        const script = `
            store.setItem('a', document(1));
            store.flush().then(() => process.stdout.write('flushed ' + fs.existsSync(directory + '/a.json')));`;
        assert.equal(await run(way, directory, script), 'flushed true');
    });

    test(`process.exit in a flush, or in a close, keeps its code, ${told(way)}`, async (t) => {
        const directory = newDirectory(t);
        for (const [code, ends] of [
            [3, 'store.flush(); process.exit(3);'],
            [4, 'store.close(); process.exit(4);'],
            [5, 'store.flush(); store.close(); setImmediate(() => process.exit(5));'],
            [6, `store.flush().then(() => process.exit(6));`],
        ]) {
            const script = `
                for (let n = 0; n < 200; n += 1) {
                    await store.setItem('doc ' + n % 50, document(n));
                }
                process.stdout.write('written');
                ${ends}`;
            assert.equal(await run(way, directory, script, { code }), 'written');
            const found = await contentsOf(t, directory);
            assert.deepEqual(
                Array.from({ length: 50 }, (_, n) => found.get(`doc ${n}`).n),
                Array.from({ length: 50 }, (_, n) => 150 + n),
            );
        }
    });

    test(`a worker that is terminated mid-write again and again loses nothing acknowledged, ${told(way)}`, async (t) => {
        const directory = newDirectory(t);
        const source = `
            const { parentPort, workerData } = require('node:worker_threads');
            const { Datastore } = require(workerData.package);
            const { directory, way, acknowledged, first } = workerData;
            const store = new Datastore({ directory, ...way });
            const lane = async (lane) => {
                for (let n = first; ; n += 1) {
                    await store.setItems([['left ' + lane, { n }], ['right ' + lane, { n }]]);
                    Atomics.store(acknowledged, lane, n);
                    if (n === first + 3) {
                        parentPort.postMessage('writing');
                    }
                }
            };
            for (let n = 0; n < 8; n += 1) {
                lane(n);
            }`;
        for (let round = 0; round < 8; round += 1) {
            const acknowledged = new Int32Array(new SharedArrayBuffer(32)).fill(-1);
            const workerData = { directory, way, acknowledged, first: round * 10_000, package: PACKAGE };
            const worker = new Worker(source, { eval: true, workerData });
            await once(worker, 'message');
            for (let turn = 0; turn < round; turn += 1) {
                await new Promise(setImmediate);
            }
            await worker.terminate();
            const found = await contentsOf(t, directory);
            for (const [lane, n] of acknowledged.entries()) {
                const [left, right] = [found.get(`left ${lane}`), found.get(`right ${lane}`)];
                assert.ok((left?.n ?? -1) >= n, `round ${round}, lane ${lane}: ${left?.n} after ${n}`);
                assert.deepEqual(left, right);
            }
        }
    });
}

test('a worker can end while rows of its views are gathered and dropped', async () => {
    const script = `
        const { Datastore } = require(${JSON.stringify(PACKAGE)});
        const { parentPort } = require('node:worker_threads');
        (async () => {
            const store = await new Datastore({ durability: 'none' }).load();
            await store.setItems(Array.from({ length: 20_000 }, (_, n) => [String(n), { n }]));
            store.setView('gone', { map: (document, emit) => emit(document.n) });
            await store.queryView('gone');
            await store.deleteView('gone');
            store.setView('half', {
                map(document, emit) {
                    emit(document.n);
                    if (document.n === 11_000) parentPort.postMessage('half');
                },
            });
            await store.queryView('half');
        })();`;
    for (let round = 0; round < 5; round += 1) {
        const worker = new Worker(script, { eval: true });
        await once(worker, 'message');
        await worker.terminate();
    }
});

test('after process.exit the load makes the files that were behind, and says how many', async (t) => {
    const directory = newDirectory(t);
    const way = { durability: 'os', files: 'background' };
    const script = `
        await Promise.all(Array.from({ length: 500 }, (_, n) => store.setItem('doc ' + n % 100, document(n))));
        await store.deleteItem('doc 0');
        process.stdout.write(String(store.stats().filesBehind));
        process.exit();`;
    assert.equal(await run(way, directory, script), '100');
    assert.deepEqual(documentFiles(directory), []);
    const store = await openStore(t, { directory });
    assert.equal(store.loadReport.documents, 99);
    assert.equal(documentFiles(directory).length, 99);
    assert.equal((await store.getItem('doc 99')).n, 499);
    assert.equal(await store.getItem('doc 0'), null);
});
