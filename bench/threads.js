'use strict';

/**
 * `node bench/threads.js`: what a process holds whose threads all have one directory open, with one thread and with four. Native
 * bytes are those that are neither V8's heaps nor the program's: what the operating system counts as anonymous, less the heaps.
 *
 *   --documents 100000   how many there are
 */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const v8 = require('node:v8');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { Datastore } = require('..');
const { documentOf, keyOf } = require('./documents.js');
const { kixx } = require('./stores/kixx.js');

const OPTIONS = { documents: { type: 'string', default: '100000' } };
const MB = 1 << 20;

const heap = () => v8.getHeapStatistics().total_physical_size;

/** What the system counts of this process, in bytes. */
function counted() {
    const text = fs.readFileSync('/proc/self/smaps_rollup', 'utf8');
    const of = (name) => Number(new RegExp(`^${name}: +([0-9]+) kB`, 'm').exec(text)[1]) * 1_024;
    return { resident: of('Rss'), anonymous: of('Anonymous') };
}

/** A thread that opens the directory, reads one document, and tells how large its heap is whenever it is asked. */
async function serve({ directory }) {
    const store = directory === null ? null : await new Datastore({ directory, cacheSize: 0 }).load();
    await store?.getItem(keyOf(0));
    parentPort.on('message', async () => {
        await store?.close();
        process.exit();
    });
    parentPort.postMessage({ heap: heap() });
}

/** A process with so many threads; told are its native bytes and all it holds. */
async function hold(directory, count) {
    const workers = [];
    let heaps = 0;
    for (let number = 0; number < count; number += 1) {
        const worker = new Worker(__filename, { workerData: { directory } });
        const [told] = await once(worker, 'message');
        heaps += told.heap;
        workers.push(worker);
    }
    const { resident, anonymous } = counted();
    process.send({ native: anonymous - heaps - heap(), resident });
    for (const worker of workers) {
        worker.postMessage('end');
        await once(worker, 'exit');
    }
}

async function held(directory, count) {
    const child = fork(__filename, ['hold', directory ?? '', String(count)]);
    const [told] = await once(child, 'message');
    await once(child, 'exit');
    return told;
}

async function main() {
    const { values } = parseArgs({ options: OPTIONS });
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kixx-threads-'));
    try {
        await kixx.seed(folder, { count: Number(values.documents), documentOf });
        const rows = [];
        for (const count of [1, 4]) {
            // A thread has a stack and arenas, too, whatever it does.
            const [empty, full] = [await held(null, count), await held(folder, count)];
            rows.push({ native: full.native - empty.native, resident: full.resident });
        }
        const [one, four] = rows;
        const print = (title, value) => process.stdout.write(`${title.padEnd(56)}${value}\n`);
        print('native bytes of the store, 1 thread, MB', (one.native / MB).toFixed(1));
        print('native bytes of the store, 4 threads, of 1', (four.native / one.native).toFixed(3));
        print(
            'the whole process, 1 thread and 4, resident MB',
            rows.map(({ resident }) => Math.round(resident / MB)),
        );
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

const [, , task, directory, count] = process.argv;
if (!isMainThread) {
    serve(workerData);
} else if (task === 'hold') {
    hold(directory === '' ? null : directory, Number(count));
} else {
    main();
}
