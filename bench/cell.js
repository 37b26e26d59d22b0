'use strict';

/**
 * The child process: one workload, one size, one store. Not to be started by hand.
 *
 * Its one argument is a task as JSON; every result is a line of JSON on stdout: `{ value }` for a run, in the workload's
 * unit, with what else the workload tells, and at the end `{ latency: { p50, p99 } }` where single operations were measured.
 * Beside another client a run tells `{ value, alone, beside }`: with it, without it, and how much it did in a second. A
 * sustained run tells `{ value, flushed, filesBehind, rss }`: documents per second until the last promise and until a flush
 * after it, and the most that was seen of files behind and of memory.
 */

const { sourceOf } = require('./documents.js');
const { Meter } = require('./measure.js');
const { Peaks } = require('./peaks.js');
const { find } = require('./stores/index.js');
const { summary } = require('./statistics.js');
const { WORKLOADS } = require('./workloads/index.js');

/** A run beside another client is so many turns with it, and as many without. */
const TURNS = 5;

/** Sustained writes warm up for a part of a run, but no longer. */
const LONGEST_WARM_UP = 2;

function tell(result) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function main({ store: storeName, workload: name, directory, documents, isLarge, runs, seconds }) {
    const adapter = find(storeName);
    const source = sourceOf(documents, isLarge);
    if (name === 'seed') {
        await adapter.seed(directory, source);
        return;
    }
    const workload = WORKLOADS.find((candidate) => candidate.name === name);
    if (workload.fresh) {
        tell(await workload.fresh(adapter, directory, source));
        return;
    }
    const open = adapter.openQuickly ?? adapter.open;
    const store = await open.call(adapter, directory, source, workload.options);
    const client = await workload.beside?.(store, documents);
    const meter = new Meter(await workload.prepare(store, documents), workload.inFlight, client !== undefined);
    if (client !== undefined) {
        await measureBeside(meter, client, runs, seconds);
    } else if (workload.measuresDelay) {
        await measureDelay(meter, store, runs, seconds);
    } else if (workload.writers !== undefined) {
        await sustain(meter, workload, store, runs, seconds);
    } else {
        await measure(meter, workload, runs, seconds);
    }
    await store.close();
}

async function measure(meter, workload, runs, seconds) {
    if (workload.unit === 'ms') {
        await meter.once();
        for (let run = 0; run < runs; run += 1) {
            tell({ value: await meter.once() });
        }
        return;
    }
    await meter.rate(seconds / 2);
    for (let run = 0; run < runs; run += 1) {
        tell({ value: await meter.rate(seconds) });
    }
    if (workload.inFlight === 1) {
        tell({ latency: await meter.latency(seconds / 2) });
    }
}

/** With and without the other client in turns: the machine is not the same for as long as a run takes. */
async function measureBeside(meter, client, runs, seconds) {
    await meter.rate(seconds / 2);
    for (let run = 0; run < runs; run += 1) {
        const [alone, value] = [new Rate(), new Rate()];
        const acts = [];
        for (let turn = 0; turn < TURNS; turn += 1) {
            alone.add(await meter.run(seconds / TURNS));
            client.start();
            value.add(await meter.run(seconds / TURNS));
            acts.push(await client.stop());
        }
        tell({ value: value.perSecond, alone: alone.perSecond, beside: summary(acts).median });
    }
}

/** Of several turns together. */
class Rate {
    #done = 0;
    #elapsed = 0;

    add({ done, elapsed }) {
        this.#done += done;
        this.#elapsed += elapsed;
    }

    get perSecond() {
        return (this.#done / this.#elapsed) * 1_000;
    }
}

async function measureDelay(meter, store, runs, seconds) {
    await meter.run(Math.min(seconds / 2, LONGEST_WARM_UP));
    for (let run = 0; run < runs; run += 1) {
        await store.flush();
        const delay = await meter.delay(seconds);
        tell({ value: delay.p99, delay });
    }
}

async function sustain(meter, { size }, store, runs, seconds) {
    await meter.run(Math.min(seconds / 2, LONGEST_WARM_UP));
    for (let run = 0; run < runs; run += 1) {
        // What was written before is not this run's to pay for.
        await store.flush();
        const peaks = new Peaks(store);
        const started = performance.now();
        const { done, elapsed } = await meter.run(seconds);
        await store.flush();
        const rate = (milliseconds) => ((done * size) / milliseconds) * 1_000;
        tell({ value: rate(elapsed), flushed: rate(performance.now() - started), ...peaks.end() });
    }
}

main(JSON.parse(process.argv[2]));
