'use strict';

/**
 * The child process: one workload, one size, one store. Not to be started by hand.
 *
 * Its one argument is a task as JSON; every result is a line of JSON on stdout: `{ value }` for a run, in the
 * workload's unit, and at the end `{ latency: { p50, p99 } }` where single operations were measured. A sustained run
 * tells `{ value, flushed, filesBehind, rss }`: documents per second until the last promise and until a flush after it,
 * and the most that was seen of files behind and of memory.
 */

const { Meter } = require('./measure.js');
const { Peaks } = require('./peaks.js');
const { ADAPTERS, WRITERS } = require('./stores/index.js');
const { WORKLOADS } = require('./workloads/index.js');

function tell(result) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function main({ store: storeName, workload: name, directory, documents, runs, seconds }) {
    const adapter = [...ADAPTERS, ...WRITERS].find((candidate) => candidate.name === storeName);
    if (name === 'seed') {
        await adapter.seed(directory, documents);
        return;
    }
    const workload = WORKLOADS.find((candidate) => candidate.name === name);
    if (workload.fresh) {
        tell(await workload.fresh(adapter, directory, documents));
        return;
    }
    const open = adapter.openQuickly ?? adapter.open;
    const store = await open.call(adapter, directory, documents, workload.options);
    const meter = new Meter(await workload.prepare(store, documents), workload.inFlight);
    if (workload.writers === undefined) {
        await measure(meter, workload, runs, seconds);
    } else {
        await sustain(meter, workload, store, runs, seconds);
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

async function sustain(meter, { size }, store, runs, seconds) {
    await meter.run(seconds / 2);
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
