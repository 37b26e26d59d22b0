'use strict';

/** `node bench/run.js`: measures every cell in a process of its own and prints the tables. See README.md. */

const { spawn } = require('node:child_process');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { Folders } = require('./folders.js');
const machine = require('./machine.js');
const { HELP, read } = require('./options.js');
const { installed } = require('./peers.js');
const { report } = require('./report.js');
const { Results } = require('./results.js');

const CELL = path.join(__dirname, 'cell.js');

/** A cell that takes longer is stopped and counts as failed. The slowest store needs minutes to build its view. */
const LONGEST_MS = 15 * 60_000;

/** Runs that are shorter, in seconds, show that everything works and nothing else. */
const SHORTEST = 0.2;

/** What a workload tells of a run beside its value; every result has a list of each that was told. */
const MEMBERS = ['bytesPerDocument', 'textPerDocument', 'alone', 'beside', 'delay'];

/** Aborted by the first signal: what has been measured until then is printed. */
const interruption = new AbortController();

/** Runs a task in a child process; resolves to the results it told. */
async function child(task) {
    const process_ = spawn(process.execPath, ['--expose-gc', CELL, JSON.stringify(task)], {
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: LONGEST_MS,
        signal: interruption.signal,
    });
    const ended = new Promise((resolve) => {
        process_.once('error', (error) => resolve(error.message));
        process_.once('close', (code, signal) => resolve(signal ?? code));
    });
    const told = [];
    for await (const line of createInterface({ input: process_.stdout })) {
        told.push(JSON.parse(line));
    }
    const end = await ended;
    if (end !== 0) {
        throw new Error(`${task.store} ${task.workload} at ${task.documents} documents ended with ${end}`);
    }
    return told;
}

async function seed(store, directory, documents, isLarge) {
    await child({ store: store.name, workload: 'seed', directory, documents, isLarge });
}

/** Measures one cell. */
async function measure(cell, folders, options) {
    const { store, workload, documents } = cell;
    const runs = Math.min(options.runs, workload.runs ?? Infinity);
    const { seconds } = options;
    const isRepeated = Boolean(workload.fresh ?? workload.perRun);
    const told = [];
    let bare;
    for (let run = 0; run < (isRepeated ? runs : 1); run += 1) {
        const directory = await folders.prepare(cell, workload.perRun ? run : 0);
        if (directory !== null && seconds >= SHORTEST) {
            folders.settle();
        }
        bare ??= directory !== null && workload.writes ? folders.probe() : undefined;
        const task = { store: store.name, workload: workload.name, directory, documents, isLarge: workload.isLarge };
        told.push(...(await child({ ...task, runs: isRepeated ? 1 : runs, seconds })));
    }
    const members = (name) => told.map((result) => result[name]).filter((value) => value !== undefined);
    const others = MEMBERS.map((name) => [name, members(name)]).filter(([, values]) => values.length > 0);
    return {
        values: members('value'),
        ...Object.fromEntries(others),
        latency: members('latency')[0],
        sustained: told.some(({ flushed }) => flushed !== undefined) ? told : undefined,
        bare,
    };
}

function cellsOf({ sizes, workloads, stores, writers }) {
    const takesPart = ({ workloads: named, except = [] }, { name }) => named?.includes(name) ?? !except.includes(name);
    const cells = sizes.flatMap((documents) =>
        workloads
            .filter((workload) => workload.writers === undefined && documents <= workload.most)
            .flatMap((workload) =>
                stores.filter((store) => takesPart(store, workload)).map((store) => ({ store, workload, documents })),
            ),
    );
    const sustained = workloads.filter((workload) => workload.writers !== undefined);
    return cells.concat(
        sustained.flatMap((workload) =>
            writers
                .filter(({ name }) => workload.writers.includes(name))
                .map((store) => ({ store, workload, documents: Math.min(workload.documents, Math.max(...sizes)) })),
        ),
    );
}

async function measureAll(options, folders, results) {
    const cells = cellsOf(options);
    for (const [index, cell] of cells.entries()) {
        const { store, workload, documents } = cell;
        const seconds = options.seconds ?? workload.seconds;
        const { load } = machine.describe();
        const name = { cell: workload.name, store: store.name, documents, unit: workload.unit, seconds, load };
        process.stderr.write(`[${index + 1}/${cells.length}] ${documents} ${workload.name} ${store.name}\n`);
        try {
            results.add({ ...name, ...(await measure(cell, folders, { ...options, seconds })) });
        } catch (error) {
            if (interruption.signal.aborted) {
                process.stderr.write('interrupted\n');
                return;
            }
            process.stderr.write(`${error.message}\n`);
            process.exitCode = 1;
            results.add({ ...name, values: [], failed: error.message });
        }
    }
}

function listen() {
    const numbers = { SIGINT: 130, SIGTERM: 143 };
    for (const [signal, number] of Object.entries(numbers)) {
        process.on(signal, () => {
            // Who asks twice does not want to wait for the tables or the folders.
            if (interruption.signal.aborted) {
                process.exit(number);
            }
            process.exitCode = number;
            interruption.abort();
        });
    }
}

/** Without the library, or anything to draw, the tables have to do. */
async function drawChart(lines, file) {
    const { draw } = require('./chart.js');
    try {
        await draw(lines, file);
        process.stderr.write(`a chart of it is in ${file}\n`);
    } catch (error) {
        process.stderr.write(`there is no chart: ${error.message}\n`);
    }
}

async function main() {
    const options = read(process.argv.slice(2));
    if (options.help) {
        process.stdout.write(HELP);
        return;
    }
    const { stores, absent } = installed([...new Set([...options.stores, ...options.writers])]);
    options.stores = options.stores.filter((store) => stores.includes(store));
    options.writers = options.writers.filter((store) => stores.includes(store));
    const { load, ...about } = machine.describe();
    const results = new Results(about, options.json);
    const folders = new Folders(seed, options.folder);
    listen();
    try {
        await measureAll(options, folders, results);
        process.stdout.write(report(results.lines, options.markdown));
        process.stdout.write(absent.map((line) => `${line}\n`).join(''));
        if (options.chart !== undefined) {
            await drawChart(results.lines, options.chart);
        }
    } finally {
        process.stderr.write(`${folders.used().toFixed(1)} GB on disk; ${options.folder ? 'kept' : 'being removed'}\n`);
        folders.remove();
    }
}

main().catch((error) => {
    process.stderr.write(`${error instanceof TypeError ? error.message : error.stack}\n`);
    process.exitCode = 1;
});
