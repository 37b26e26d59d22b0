'use strict';

/** Beginnings and ends: processes that exit or are killed, workers that are terminated, stores that are dropped. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { pathToFileURL } = require('node:url');
const { Worker } = require('node:worker_threads');
const kixx = require('../index.js');
const {
    PACKAGE,
    ROOT,
    afterwards,
    documentFiles,
    holdings,
    openElsewhere,
    openStore,
    readJson,
    refusal,
    runScript,
    temporaryDirectory,
} = require('./support.js');

const { Datastore } = kixx;

/** A data directory that is not there yet. */
function newDirectory(t) {
    return path.join(temporaryDirectory(t), 'data');
}

/** Runs a script and checks how it ended and that it complained of nothing. */
async function runWell(script, options, { code = 0, stdout } = {}) {
    const ended = await runScript(script, options);
    assert.deepEqual([ended.signal, ended.stderr, ended.code], [null, '', code]);
    if (stdout !== undefined) {
        assert.equal(ended.stdout, stdout);
    }
    return ended.stdout;
}

/** Opens what a child has left: the load finds no bad file, and nothing unfinished lies about. */
async function openWhatIsLeft(t, directory) {
    const store = await openStore(t, { directory });
    assert.equal(store.loadReport.ignored, 0);
    assert.deepEqual(fs.readdirSync(path.join(directory, '.datastore', 'tmp')), []);
    return store;
}

/** Opens a store in `directory` and writes 64 documents without waiting. */
const WRITE_64 = `
    const store = new kixx.Datastore({ directory });
    await store.load();
    const writes = Array.from({ length: 64 }, (_, n) => store.setItem('doc ' + n, { n, text: 'x'.repeat(5_000) }));
    for (const write of writes) {
        write.catch(() => {});
    }`;

/** Checks that the documents of `WRITE_64` are whole or absent. */
async function checkWholeOrAbsent(t, directory) {
    const store = await openWhatIsLeft(t, directory);
    const { items } = await store.queryKeys({ limit: Infinity, includeDocuments: true });
    for (const { key, document } of items) {
        assert.deepEqual(document, { _rev: 0, n: Number(key.slice(4)), text: 'x'.repeat(5_000) });
    }
    await store.close();
    return items.length;
}

test('a process that exits with a store open keeps its exit code and its documents', async (t) => {
    const directory = newDirectory(t);
    const script = `
        const store = new kixx.Datastore({ directory });
        await store.setItem('a', { n: 1 });
        process.exit(7);`;
    await runWell(script, { directory }, { code: 7 });
    const store = await openWhatIsLeft(t, directory);
    assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
});

test('an idle open store does not keep the process alive, nor change how it ends', async (t) => {
    const directory = newDirectory(t);
    const script = `
        globalThis.store = new kixx.Datastore({ directory });
        store.setView('view', { map: (document, emit) => emit(1) });
        await store.setItem('a', {});
        await store.queryView('view');
        globalThis.unused = new kixx.Datastore({ directory: directory + '-unused' });
        process.on('beforeExit', () => process.stdout.write('nothing left to do'));
        process.exitCode = 5;`;
    await runWell(script, { directory }, { code: 5, stdout: 'nothing left to do' });
});

/** What is pending keeps the process alive until it has settled. */
const PENDING = {
    'a load': `new kixx.Datastore({ directory }).load().then(() => console.log('settled'));`,
    'a read that loads': `new kixx.Datastore({ directory }).getItem('a').then(() => console.log('settled'));`,
    'a write that loads': `new kixx.Datastore({ directory }).setItem('a', {}).then(() => console.log('settled'));`,
    'a write': `
        const store = await new kixx.Datastore({ directory }).load();
        store.setItem('a', {}).then(() => console.log('settled'));`,
    'the last of many writes': `
        const store = await new kixx.Datastore({ directory }).load();
        for (let n = 0; n < 100; n += 1) {
            store.setItem('doc ' + n, {});
        }
        store.updateItem('a', () => ({})).then(() => store.deleteItem('a')).then(() => console.log('settled'));`,
    'a batch': `
        const store = await new kixx.Datastore({ directory }).load();
        store.setItems([['a', {}]]).then(() => console.log('settled'));`,
    'the commit of a transaction': `
        const store = await new kixx.Datastore({ directory }).load();
        store.transaction((tx) => tx.setItem('a', {})).then(() => console.log('settled'));`,
    'a flush': `
        const store = await new kixx.Datastore({ directory }).load();
        await store.setItem('a', {});
        store.flush().then(() => console.log('settled'));`,
    'a close': `
        const store = await new kixx.Datastore({ directory }).load();
        store.close().then(() => console.log('settled'));`,
    'a close with writes before it': `
        const store = await new kixx.Datastore({ directory }).load();
        store.setItem('a', {});
        store.close().then(() => console.log('settled'));`,
    'a load that fails': `
        require('node:fs').writeFileSync(directory, '');
        new kixx.Datastore({ directory }).load().catch(() => console.log('settled'));`,
};

for (const [what, script] of Object.entries(PENDING)) {
    test(`${what} keeps the process alive until it has settled`, async (t) => {
        await runWell(script, { directory: newDirectory(t) }, { stdout: 'settled\n' });
    });
}

/** When a process exits while writes are under way. */
const MOMENTS = {
    'in the same tick': 'process.exit(3);',
    'in the next tick': 'process.nextTick(() => process.exit(3));',
    'in the next turn': 'setImmediate(() => process.exit(3));',
    'when the first has settled': 'writes[0].then(() => process.exit(3));',
    'while it closes': 'store.close(); setImmediate(() => process.exit(3));',
};

for (const [moment, exit] of Object.entries(MOMENTS)) {
    test(`a process that exits mid-write, ${moment}, leaves whole documents`, async (t) => {
        const directory = newDirectory(t);
        await runWell(`${WRITE_64}\n${exit}`, { directory }, { code: 3 });
        await checkWholeOrAbsent(t, directory);
    });
}

test('a process can exit while it loads', async (t) => {
    const directory = newDirectory(t);
    await runWell('new kixx.Datastore({ directory }).load(); process.exit(3);', { directory }, { code: 3 });
    await runWell(
        'new kixx.Datastore({ directory }).load(); setImmediate(() => process.exit(3));',
        { directory },
        { code: 3 },
    );
    await openWhatIsLeft(t, directory);
});

test('a process can exit inside the callback of a settled write, load or close', async (t) => {
    const directory = newDirectory(t);
    for (const [step, call] of Object.entries({
        load: 'store.load()',
        write: `store.setItem('a', { n: 1 })`,
        close: 'store.close()',
    })) {
        const script = `
            const store = new kixx.Datastore({ directory });
            ${call}.then(() => { process.stdout.write('${step}'); process.exit(4); });`;
        await runWell(script, { directory }, { code: 4, stdout: step });
    }
    const store = await openWhatIsLeft(t, directory);
    assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
});

test('an uncaught exception with writes pending ends the process as ever', async (t) => {
    const directory = newDirectory(t);
    const script = `${WRITE_64}
        setImmediate(() => { throw new Error('uncaught here'); });`;
    const { code, signal, stderr } = await runScript(script, { directory });
    assert.deepEqual([code, signal], [1, null]);
    assert.match(stderr, /uncaught here/);
    await checkWholeOrAbsent(t, directory);
});

test('an exception in the callback of a settled write is uncaught like any other', async (t) => {
    const directory = newDirectory(t);
    const script = `
        process.on('uncaughtException', (error) => { console.log(error.message); process.exit(6); });
        const store = new kixx.Datastore({ directory });
        store.setItem('a', {}).then(() => process.nextTick(() => { throw new Error('mine'); }));`;
    await runWell(script, { directory }, { code: 6, stdout: 'mine\n' });
});

/** Lanes of writes, one under way in each; the process kills itself after so many are acknowledged. */
const LANES = 64;

/** The document after the n-th write of a lane in a round, mostly large; every fifth write deletes it. */
function documentOf(round, lane, n) {
    return n % 5 === 4 ? null : { round, lane, n, text: `${lane}`.repeat(1 + (((n + 1) * 7_919) % 40_000)) };
}

const WRITE_UNTIL_KILLED = `
    const fs = require('node:fs');
    ${documentOf}
    const [round, most] = args;
    const store = new kixx.Datastore({ directory });
    await store.load();
    let acknowledged = 0;
    const write = async (lane) => {
        for (let n = 0; ; n += 1) {
            const document = documentOf(round, lane, n);
            await (document === null ? store.deleteItem('lane:' + lane) : store.setItem('lane:' + lane, document));
            fs.writeSync(1, lane + ' ' + n + '\\n');
            acknowledged += 1;
            if (acknowledged === most) {
                // The next writes of all lanes cross in between; the kill comes while they are under way.
                setImmediate(() => {
                    const moment = performance.now() + 3 * round;
                    while (performance.now() < moment) {}
                    process.kill(process.pid, 'SIGKILL');
                });
            }
        }
    };
    await Promise.all(Array.from({ length: ${LANES} }, (_, lane) => write(lane)));`;

/** A document without its revision. */
function content(document) {
    if (document === null) {
        return null;
    }
    const { _rev, ...members } = document;
    assert.ok(Number.isInteger(_rev));
    return members;
}

test('kill -9 loses no acknowledged write and tears none, round after round', async (t) => {
    const directory = newDirectory(t);
    const keys = Array.from({ length: LANES }, (_, lane) => `lane:${lane}`);
    let before = keys.map(() => null);
    for (const [round, most] of [1, 64, 150, 333, 100, 200].entries()) {
        const { signal, stdout, stderr } = await runScript(WRITE_UNTIL_KILLED, { directory, args: [round, most] });
        assert.deepEqual([signal, stderr], ['SIGKILL', '']);
        const last = new Map(
            stdout
                .trim()
                .split('\n')
                .map((line) => line.split(' ').map(Number)),
        );
        assert.ok(stdout.split('\n').length > most);
        const store = await openWhatIsLeft(t, directory);
        const found = (await store.getItems(keys)).map(content);
        for (const [lane, document] of found.entries()) {
            const n = last.get(lane);
            // The next write was under way and may have landed.
            const expected = n === undefined ? before[lane] : documentOf(round, lane, n);
            const next = documentOf(round, lane, (n ?? -1) + 1);
            const matches = [expected, next].some((candidate) => {
                return JSON.stringify(candidate) === JSON.stringify(document);
            });
            assert.ok(
                matches,
                `round ${round}, lane ${lane}, acknowledged ${n}, found ${document?.n} of ${document?.round}`,
            );
        }
        const present = keys.filter((_, lane) => found[lane] !== null);
        assert.deepEqual(documentFiles(directory), present.map((key) => `${encodeURIComponent(key)}.json`).sort());
        before = found;
        await store.close();
    }
});

test('the lock of a process that was killed is free', async (t) => {
    const directory = newDirectory(t);
    const script = `
        const store = new kixx.Datastore({ directory });
        await store.setItem('a', {});
        process.kill(process.pid, 'SIGKILL');`;
    const { signal } = await runScript(script, { directory });
    assert.equal(signal, 'SIGKILL');
    const store = await openWhatIsLeft(t, directory);
    assert.deepEqual(await store.getItem('a'), { _rev: 0 });
});

/** Reports how a load of `directory` ends in a worker. */
const WORKER_LOAD = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { Datastore } = require(workerData.package);
    const store = new Datastore({ directory: workerData.directory });
    store.load().then(
        () => store.close().then(() => parentPort.postMessage('loaded')),
        (error) => parentPort.postMessage(error.code),
    );`;

/** A worker; resolves its messages one by one. */
function startWorker(source, directory) {
    return new Worker(source, { eval: true, workerData: { directory, package: PACKAGE } });
}

function eventOf(emitter, name) {
    return new Promise((resolve, reject) => {
        emitter.once(name, resolve);
        if (name !== 'error') {
            emitter.once('error', reject);
        }
    });
}

async function messageOf(source, directory) {
    const worker = startWorker(source, directory);
    const exited = eventOf(worker, 'exit');
    const message = await eventOf(worker, 'message');
    assert.equal(await exited, 0);
    return message;
}

test('a directory that is open here alone is locked for other processes until the last store is closed', async (t) => {
    const directory = newDirectory(t);
    const store = await openStore(t, { directory, singleProcess: true });
    await store.setItem('a', {});
    const second = await openStore(t, { directory });
    assert.equal(await messageOf(WORKER_LOAD, directory), 'loaded');
    const script = `await new kixx.Datastore({ directory }).load().catch((error) => console.log(error.code));`;
    for (const each of [store, second]) {
        await runWell(script, { directory }, { stdout: 'LOCKED\n' });
        assert.equal((await second.setItem('a', {}))._rev > 0, true);
        await each.close();
    }
    await runWell(script, { directory }, { stdout: '' });
});

test('a directory that another process has open alone is locked here, in every thread', async (t) => {
    const directory = newDirectory(t);
    const close = await openElsewhere(t, directory);
    const store = new Datastore({ directory });
    afterwards(t, () => store.close());
    const error = await refusal(store.load());
    assert.deepEqual([error.name, error.code], ['DatastoreError', 'LOCKED']);
    assert.ok(error.path.startsWith(directory));
    await assert.rejects(store.setItem('a', {}), { code: 'LOCKED' });
    assert.equal(await messageOf(WORKER_LOAD, directory), 'LOCKED');
    await close();
    assert.deepEqual(await store.setItem('a', {}), { _rev: 0 });
    assert.equal(await messageOf(WORKER_LOAD, directory), 'loaded');
});

test('a directory that a worker has open is shared with this thread, and free when the worker was the last', async (t) => {
    const directory = newDirectory(t);
    const worker = startWorker(
        `const { parentPort, workerData } = require('node:worker_threads');
        const { Datastore } = require(workerData.package);
        const store = new Datastore({ directory: workerData.directory });
        parentPort.once('message', () => store.close().then(() => parentPort.postMessage('closed')));
        store.setItem('a', {}).then(() => parentPort.postMessage('open'));`,
        directory,
    );
    assert.equal(await eventOf(worker, 'message'), 'open');
    const shared = await openStore(t, { directory });
    assert.deepEqual(await shared.getItem('a'), { _rev: 0 });
    await shared.close();
    const exited = eventOf(worker, 'exit');
    worker.postMessage('close');
    assert.equal(await eventOf(worker, 'message'), 'closed');
    const close = await openElsewhere(t, directory);
    await close();
    assert.equal(await exited, 0);
});

test('a directory is the same by whatever path it is reached', async (t) => {
    const directory = newDirectory(t);
    const store = await openStore(t, { directory });
    const link = `${directory}-link`;
    fs.symlinkSync(directory, link, 'junction');
    for (const other of [`${directory}${path.sep}`, path.join(directory, '..', 'data'), link]) {
        const second = await openStore(t, { directory: other });
        const written = await second.updateItem('n', (found) => ({ n: (found?.n ?? 0) + 1 }));
        assert.deepEqual(await store.getItem('n'), written);
        await second.close();
    }
    assert.deepEqual(await store.getItem('n'), { _rev: 2, n: 3 });
});

/** Writes without end and tells when the first has settled. */
const WORKER_WRITES = `
    const { parentPort, workerData } = require('node:worker_threads');
    const { Datastore } = require(workerData.package);
    const store = new Datastore({ directory: workerData.directory });
    const write = async (lane) => {
        for (let n = 0; ; n += 1) {
            await store.setItem('lane ' + lane, { n, text: 'x'.repeat(3_000) });
            if (lane === 0 && n === 0) {
                parentPort.postMessage('writing');
            }
        }
    };
    for (let lane = 0; lane < 8; lane += 1) {
        write(lane);
    }`;

test('the lock of a worker that was terminated is free', async (t) => {
    const directory = newDirectory(t);
    const worker = startWorker(WORKER_WRITES, directory);
    await eventOf(worker, 'message');
    await worker.terminate();
    const close = await openElsewhere(t, directory);
    await close();
    const store = await openWhatIsLeft(t, directory);
    assert.equal((await store.getItem('lane 0')).text.length, 3_000);
});

test('thirty workers that open, write and are terminated in turn crash nothing', async (t) => {
    const directory = newDirectory(t);
    // In a process of its own, which a crash would end.
    const script = `
        const { Worker } = require('node:worker_threads');
        for (let round = 0; round < 30; round += 1) {
            const worker = new Worker(args[0], { eval: true, workerData: { directory, package: args[1] } });
            await new Promise((resolve, reject) => {
                worker.once('error', reject);
                // Terminated while it starts, while it loads, or while it writes.
                worker.once(round % 3 === 0 ? 'online' : 'message', resolve);
            });
            if (round % 3 === 1) {
                await new Promise(setImmediate);
            }
            await worker.terminate();
        }
        const store = await new kixx.Datastore({ directory }).load();
        await store.setItem('after', {});
        await store.close();
        console.log('survived');`;
    await runWell(script, { directory, args: [WORKER_WRITES, PACKAGE] }, { stdout: 'survived\n' });
    const store = await openWhatIsLeft(t, directory);
    assert.deepEqual(await store.getItem('after'), { _rev: 0 });
});

/** How a worker can end with a store open. */
const WORKER_ENDS = {
    'ends by itself': { source: `store.setItem('a', {});`, code: 0 },
    'exits while it writes': { source: `store.setItem('a', {}).then(() => process.exit(9));`, code: 9 },
    'exits in the same tick': {
        source: `store.load().then(() => { store.setItem('a', {}); process.exit(9); });`,
        code: 9,
    },
    'exits while it loads': { source: `store.load(); process.exit(9);`, code: 9 },
    'exits while it closes': { source: `store.setItem('a', {}); store.close(); process.exit(9);`, code: 9 },
};

for (const [way, { source, code }] of Object.entries(WORKER_ENDS)) {
    test(`a worker that ${way} leaves the directory free and this thread unharmed`, async (t) => {
        const directory = newDirectory(t);
        const worker = startWorker(
            `const { workerData } = require('node:worker_threads');
            const { Datastore } = require(workerData.package);
            const store = new Datastore({ directory: workerData.directory });
            ${source}`,
            directory,
        );
        assert.equal(await eventOf(worker, 'exit'), code);
        const store = await openWhatIsLeft(t, directory);
        if (way === 'ends by itself' || way === 'exits while it writes') {
            assert.deepEqual(await store.getItem('a'), { _rev: 0 });
        }
        await store.setItem('b', {});
    });
}

test("an exception in a worker with writes pending is the worker's alone", async (t) => {
    const directory = newDirectory(t);
    const worker = startWorker(`${WORKER_WRITES}\nsetImmediate(() => { throw new Error('mine'); });`, directory);
    const exited = new Promise((resolve) => {
        worker.once('exit', resolve);
    });
    assert.equal((await eventOf(worker, 'error')).message, 'mine');
    await exited;
    await openWhatIsLeft(t, directory);
});

test('this thread and workers have different directories open at once', async (t) => {
    const directories = Array.from({ length: 4 }, () => newDirectory(t));
    const store = await openStore(t, { directory: directories[0] });
    const source = `
        const { parentPort, workerData } = require('node:worker_threads');
        const { Datastore } = require(workerData.package);
        const store = new Datastore({ directory: workerData.directory });
        const increment = (document) => ({ n: (document?.n ?? 0) + 1 });
        Promise.all(Array.from({ length: 50 }, () => store.updateItem('n', increment)))
            .then(() => store.close())
            .then(() => parentPort.postMessage('done'));`;
    const workers = directories.slice(1).map((directory) => messageOf(source, directory));
    const increment = (document) => ({ n: (document?.n ?? 0) + 1 });
    await Promise.all(Array.from({ length: 50 }, () => store.updateItem('n', increment)));
    assert.deepEqual(await Promise.all(workers), ['done', 'done', 'done']);
    for (const directory of directories) {
        assert.deepEqual(readJson(directory, 'n.json'), { _rev: 49, n: 50 });
    }
});

test('a store that is dropped without close is collected, and its directory is free again', async (t) => {
    const directory = newDirectory(t);
    const script = `
        const use = async (Class) => {
            const store = new Class({ directory });
            const isEngine = Class === kixx.DatastoreEngine;
            store.setView('view', { map: (document, emit) => emit(document.n) });
            await (isEngine ? store.loadDocuments() : store.load());
            await store.setItem('a', { n: 1 });
            await store.queryView('view');
        };
        const isFree = async () => {
            // Refused as long as the store that was dropped has it open in another way.
            const store = new kixx.Datastore({ directory, syncInterval: 2_000 });
            try {
                await store.load();
            } catch (error) {
                if (error.code !== 'ASSERTION') {
                    throw error;
                }
                return false;
            }
            await store.close();
            return true;
        };
        for (const Class of [kixx.Datastore, kixx.DatastoreEngine]) {
            await use(Class);
            let rounds = 0;
            while (!(await isFree())) {
                rounds += 1;
                if (rounds === 200) {
                    throw new Error('never collected');
                }
                gc();
                await new Promise(setImmediate);
            }
        }
        console.log('free');`;
    await runWell(script, { directory, execArgv: ['--expose-gc'] }, { stdout: 'free\n' });
});

test('a store that is in use is not collected', async (t) => {
    const directory = newDirectory(t);
    const script = `
        const pending = (() => {
            const store = new kixx.Datastore({ directory });
            return Array.from({ length: 20 }, (_, n) => store.setItem('doc ' + n, {}));
        })();
        const engine = new kixx.Datastore({ directory: directory + '-engine' })._db;
        for (let round = 0; round < 20; round += 1) {
            gc();
            await new Promise(setImmediate);
        }
        await Promise.all(pending);
        await engine.setItem('a', {});
        gc();
        await new Promise(setImmediate);
        console.log(engine.queryKeys().total);`;
    await runWell(script, { directory, execArgv: ['--expose-gc'] }, { stdout: '1\n' });
    assert.equal(documentFiles(directory).length, 20);
});

test('a store that was closed and collected ends no other', async (t) => {
    const directory = newDirectory(t);
    const script = `
        const closeMany = async () => {
            for (let round = 0; round < 5; round += 1) {
                const store = new kixx.Datastore({ directory: directory + '-' + round });
                await store.setItem('a', {});
                await store.close();
            }
        };
        await closeMany();
        const store = new kixx.Datastore({ directory });
        await store.load();
        for (let round = 0; round < 30; round += 1) {
            gc();
            await new Promise(setImmediate);
            await store.setItem('a', { round });
        }
        console.log((await store.getItem('a')).round);`;
    await runWell(script, { directory, execArgv: ['--expose-gc'] }, { stdout: '29\n' });
});

test('a directory is the one that its path named when the store was made', async (t) => {
    const folder = temporaryDirectory(t);
    const elsewhere = temporaryDirectory(t);
    const script = `
        const stores = [new kixx.Datastore({ directory: 'data' }), new kixx.DatastoreEngine({ directory: './engine' })];
        process.chdir(args[0]);
        for (const store of stores) {
            await store.setItem('a', {});
        }`;
    await runWell(script, { cwd: folder, args: [elsewhere] });
    assert.deepEqual(fs.readdirSync(elsewhere), []);
    assert.deepEqual(documentFiles(path.join(folder, 'data')), ['a.json']);
    assert.deepEqual(documentFiles(path.join(folder, 'engine')), ['a.json']);
});

test('close can be called again and again, at any time', async (t) => {
    const directory = newDirectory(t);
    const store = new Datastore({ directory });
    await store.setItem('a', {});
    const closes = [store.close(), store.close(), store._db.close()];
    assert.deepEqual(await Promise.all(closes), [undefined, undefined, undefined]);
    await store.close();
    await store._db.close();
    const unloaded = new Datastore({ directory });
    await unloaded.close();
    await unloaded.close();
    await assert.rejects(unloaded.load(), { code: 'CLOSED' });
});

test('close waits for what was submitted, in whatever way', async (t) => {
    const directory = newDirectory(t);
    const store = new Datastore({ directory });
    await store.load();
    const settled = [];
    const note = (name, promise) => promise.then(() => settled.push(name));
    const writes = [
        note('set', store.setItem('a', {})),
        note(
            'update',
            store.updateItem('b', async () => {
                await new Promise(setImmediate);
                return {};
            }),
        ),
        note('after it', store.setItem('b', {})),
        note('delete', store.deleteItem('c')),
        note('engine', store._db.setItem('d', {})),
    ];
    await note('close', store.close());
    await Promise.all(writes);
    assert.equal(settled.at(-1), 'close');
    assert.equal(settled.length, 6);
    assert.deepEqual(documentFiles(directory), ['a.json', 'b.json', 'd.json']);
    assert.deepEqual(readJson(directory, 'b.json'), { _rev: 1 });
});

test('close while it loads ends the load and frees the directory', async (t) => {
    const directory = newDirectory(t);
    for (let round = 0; round < 5; round += 1) {
        const store = new Datastore({ directory });
        const outcomes = Promise.allSettled([store.load(), store.setItem('a', {}), store.getItem('a')]);
        await store.close();
        for (const { status, reason } of await outcomes) {
            assert.ok(status === 'fulfilled' || reason.code === 'CLOSED', reason?.stack);
        }
        await assert.rejects(store.getItem('a'), { code: 'CLOSED' });
    }
    const store = await openWhatIsLeft(t, directory);
    assert.equal((await store.getItem('a'))._rev >= 0, true);
});

test('a store is an async disposable', async (t) => {
    const directory = newDirectory(t);
    const store = new Datastore({ directory });
    const write = store.setItem('a', {});
    // What `await using` does at the end of a block.
    await store[Symbol.asyncDispose]();
    await write;
    await assert.rejects(store.getItem('a'), { code: 'CLOSED' });
    const again = await openStore(t, { directory });
    assert.deepEqual(await again.getItem('a'), { _rev: 0 });
});

test('stores that are opened and closed in turn keep their documents, and no threads or descriptors', async (t) => {
    const directory = newDirectory(t);
    let before;
    for (let round = 0; round < 100; round += 1) {
        const store = new Datastore({ directory });
        const updated = await store.updateItem('n', (document) => ({ n: (document?.n ?? 0) + 1 }));
        assert.deepEqual(updated, { _rev: round, n: round + 1 });
        await store.close();
        before ??= holdings();
    }
    const [descriptors, threads] = holdings();
    assert.ok(descriptors < before[0] + 20 && threads < before[1] + 20, `${[descriptors, threads]} after ${before}`);
});

test('loads at the same time are one load', async (t) => {
    const store = new Datastore({ directory: newDirectory(t) });
    afterwards(t, () => store.close());
    const loads = await Promise.all([store.load(), store.load(), store._db.loadDocuments(), store.load()]);
    assert.deepEqual(
        loads.map((loaded) => loaded === store),
        [true, true, false, true],
    );
    const report = store.loadReport;
    await store.load();
    assert.equal(store.loadReport, report);
});

test('a load that failed can be called again', async (t) => {
    const directory = newDirectory(t);
    const release = await openElsewhere(t, directory);
    const store = new Datastore({ directory });
    afterwards(t, () => store.close());
    const failed = await Promise.allSettled([store.load(), store.load(), store.getItem('a'), store.setItem('a', {})]);
    for (const { reason } of failed) {
        assert.equal(reason.code, 'LOCKED');
    }
    await assert.rejects(store.load(), { code: 'LOCKED' });
    assert.equal(store.loadReport, null);
    await release();
    assert.equal(await store.load(), store);
    assert.deepEqual(await store.setItem('a', { n: 1 }), { _rev: 0, n: 1 });
});

test('import and require give the same classes', async () => {
    const imported = await import(pathToFileURL(path.join(ROOT, 'index.mjs')));
    const names = Object.keys(kixx);
    assert.deepEqual(Object.keys(imported).sort(), [...names].sort());
    for (const name of names) {
        assert.equal(imported[name], kixx[name], name);
        assert.equal(typeof kixx[name], 'function');
        assert.equal(kixx[name].name, name);
    }
});
