'use strict';

/**
 * `node bench/processes.js`: what several processes on one directory cost. Ratios of turns that are taken one after the other
 * in one run; the medians of them.
 *
 *   --documents 100000   how many there are
 *   --turns 7            of each measurement
 */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { Datastore } = require('..');
const { documentOf, keyOf } = require('./documents.js');
const { summary } = require('./statistics.js');

const OPTIONS = {
    documents: { type: 'string', default: '100000' },
    turns: { type: 'string', default: '7' },
};

const HOT = 5_000;
const TURN_MS = 500;
const SHORT_TURNS = 100;
const SHORT_TURN_MS = 20;
const WRITE_MS = 10_000;
const WRITES_PER_SECOND = 1_000;
const IN_FLIGHT = 64;
const BATCH = 1_000;

/** Runs `act` again and again for a turn; tells how often a second. */
async function rate(act, turn = TURN_MS) {
    const started = performance.now();
    let done = 0;
    do {
        for (let time = 0; time < 100; time += 1) {
            await act(done);
            done += 1;
        }
    } while (performance.now() - started < turn);
    return (done * 1_000) / (performance.now() - started);
}

const hotRead = (store) => (turn) => store.getItem(keyOf((turn * 7) % HOT));
const hotReads = (store) => rate(hotRead(store));

/** What a child does until it is told to stop: `writes` a second, or as many as go. */
async function write(directory, number, writesPerSecond) {
    const store = await new Datastore({ directory, cacheSize: 0 }).load();
    let isOver = false;
    process.once('message', () => {
        isOver = true;
    });
    process.send('ready');
    let written = 0;
    const started = performance.now();
    while (!isOver) {
        const count = writesPerSecond === 0 ? IN_FLIGHT : writesPerSecond / 100;
        const writes = Array.from({ length: count }, (_, index) => {
            // Keys of its own, beside the hot ones.
            const key = keyOf(HOT + ((written + index) % 1_000) + number * 1_000);
            return store.setItem(key, documentOf(written + index, 1));
        });
        await Promise.all(writes);
        written += count;
        if (writesPerSecond > 0) {
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
    }
    const seconds = (performance.now() - started) / 1_000;
    await store.close();
    process.send({ rate: written / seconds });
}

/** Starts writers; resolves, when all of them write, to a function that stops them and tells how many a second they wrote. */
async function writers(directory, count, writesPerSecond) {
    const children = Array.from({ length: count }, (_, number) =>
        fork(__filename, ['write', directory, String(number), String(writesPerSecond)]),
    );
    const told = (child) => new Promise((resolve) => child.once('message', resolve));
    await Promise.all(children.map(told));
    return async () => {
        const rates = Promise.all(children.map(told));
        for (const child of children) {
            child.send('stop');
        }
        return (await rates).reduce((sum, one) => sum + one.rate, 0);
    };
}

/** A process's hot reads a second in the least disturbed of many short turns. */
async function readHot(directory, singleProcess) {
    const store = await new Datastore({ directory, singleProcess }).load();
    let most = 0;
    for (let turn = 0; turn < SHORT_TURNS; turn += 1) {
        most = Math.max(most, await rate(hotRead(store), SHORT_TURN_MS));
    }
    await store.close();
    process.send({ rate: most });
}

/**
 * A process for each turn, because of two stores in one the second one is the faster; and the least disturbed of each way,
 * because what is compared is smaller than what else goes on.
 */
async function readsAlone(directory, turns) {
    const most = { true: 0, false: 0 };
    for (let turn = 0; turn < 2 * turns; turn += 1) {
        const singleProcess = String(turn % 2 === 0);
        const child = fork(__filename, ['read', directory, singleProcess]);
        const [told] = await once(child, 'message');
        most[singleProcess] = Math.max(most[singleProcess], told.rate);
        await once(child, 'exit');
    }
    return most.false / most.true;
}

async function readsBeside(directory, turns) {
    const store = await new Datastore({ directory }).load();
    const ratios = [];
    for (let turn = 0; turn < turns; turn += 1) {
        await hotReads(store);
        const alone = await hotReads(store);
        const stop = await writers(directory, 1, WRITES_PER_SECOND);
        const beside = await hotReads(store);
        await stop();
        ratios.push(beside / alone);
    }
    await store.close();
    return summary(ratios).median;
}

/**
 * How many writes a second so many processes sustain, each with keys of its own. In a directory of its own, which stays until
 * all is measured: ext4 creates files slowly after others were deleted.
 */
async function writesOf(directory, count, turns) {
    const rates = [];
    for (let turn = 0; turn < turns; turn += 1) {
        const stop = await writers(`${directory}/${count}-${turn}`, count, 0);
        await new Promise((resolve) => setTimeout(resolve, WRITE_MS));
        rates.push(await stop());
    }
    return summary(rates).median;
}

/** How long a process that has followed nothing takes for so many writes of another one. */
async function catchUp(directory, documents) {
    const store = await new Datastore({ directory }).load();
    const child = fork(__filename, ['fill', directory, String(documents)]);
    const started = performance.now();
    // The loop is held, and the committer follows once a second in its own thread all the same.
    await new Promise((resolve) => child.once('exit', resolve));
    const took = performance.now() - started;
    const asked = performance.now();
    await store.getItem(keyOf(0));
    const waited = performance.now() - asked;
    await store.close();
    return { took, waited };
}

async function fill(directory, documents) {
    const store = await new Datastore({ directory, cacheSize: 0 }).load();
    for (let first = 0; first < documents; first += BATCH) {
        const entries = Array.from({ length: BATCH }, (_, index) => [
            keyOf(first + index),
            documentOf(first + index, 2),
        ]);
        await store.setItems(entries);
    }
    await store.close();
}

async function main() {
    const { values } = parseArgs({ options: OPTIONS });
    const [documents, turns] = [Number(values.documents), Number(values.turns)];
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kixx-processes-'));
    const [directory, written] = ['data', 'written'].map((name) => path.join(folder, name));
    const print = (title, value) => process.stdout.write(`${title.padEnd(72)}${value}\n`);
    try {
        await fill(directory, documents);
        print(
            'hot reads, no other process, of the same with singleProcess',
            (await readsAlone(directory, turns)).toFixed(3),
        );
        const beside = await readsBeside(directory, turns);
        print(`hot reads while another process writes ${WRITES_PER_SECOND}/s, of the same without`, beside.toFixed(3));
        const alone = await writesOf(written, 1, turns);
        print(`writes/s of 1 process, ${IN_FLIGHT} in flight`, Math.round(alone));
        for (const count of [2, 4]) {
            const together = await writesOf(written, count, turns);
            print(`writes/s of ${count} processes, of 1, ${IN_FLIGHT} in flight each`, (together / alone).toFixed(2));
        }
        const { took, waited } = await catchUp(directory, documents);
        print(`${documents} writes of another process, in batches, ms until it closed`, Math.round(took));
        print('  and of a read after that, ms', waited.toFixed(1));
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
}

const [, , task, directory, ...rest] = process.argv;
const tasks = {
    write: () => write(directory, Number(rest[0]), Number(rest[1])),
    read: () => readHot(directory, rest[0] === 'true'),
    fill: () => fill(directory, Number(rest[0])),
};
(tasks[task] ?? main)();
