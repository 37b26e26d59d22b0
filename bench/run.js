'use strict';

/** `node bench/run.js`: measures every cell in a process of its own and prints the tables. See README.md. */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { Folders } = require('./folders.js');
const machine = require('./machine.js');
const { HELP, read } = require('./options.js');
const { installed } = require('./peers.js');
const { sustainedTable } = require('./sustained-table.js');
const { asMarkdown, asText, bareFiles, tables } = require('./table.js');

const CELL = path.join(__dirname, 'cell.js');

/** A cell that takes longer is stopped and counts as failed. The slowest store needs minutes to build its view. */
const LONGEST_MS = 15 * 60_000;

/** Runs a task in a child process; resolves to the results it told. */
async function child(task) {
    const process_ = spawn(process.execPath, ['--expose-gc', CELL, JSON.stringify(task)], {
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: LONGEST_MS,
    });
    const ended = new Promise((resolve, reject) => {
        process_.once('error', reject);
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

async function seed(store, directory, documents) {
    await child({ store: store.name, workload: 'seed', directory, documents });
}

/** Measures one cell. */
async function measure({ store, workload, documents }, folders, { runs, seconds }) {
    const directory = await folders.prepare({ store, workload, documents });
    const task = { store: store.name, workload: workload.name, directory, documents, runs };
    task.seconds = seconds ?? workload.seconds;
    const bare = directory !== null && workload.writes ? folders.probe() : undefined;
    const told = [];
    for (let run = 0; run < (workload.fresh ? runs : 1); run += 1) {
        told.push(...(await child(task)));
    }
    return {
        values: told.map(({ value }) => value).filter((value) => value !== undefined),
        bytesPerDocument: told.map((result) => result.bytesPerDocument).filter((bytes) => bytes !== undefined),
        latency: told.find(({ latency }) => latency !== undefined)?.latency,
        sustained: workload.writers && told,
        bare,
    };
}

function cellsOf({ sizes, workloads, stores, writers }) {
    const takesPart = ({ workloads: named, except = [] }, { name }) => named?.includes(name) ?? !except.includes(name);
    const cells = sizes.flatMap((documents) =>
        workloads
            .filter((workload) => workload.writers === undefined)
            .flatMap((workload) =>
                stores.filter((store) => takesPart(store, workload)).map((store) => ({ store, workload, documents })),
            ),
    );
    const sustained = workloads.filter((workload) => workload.writers !== undefined);
    return cells.concat(
        sustained.flatMap((workload) =>
            writers
                .filter(({ name }) => workload.writers.includes(name))
                .map((store) => ({ store, workload, documents: nearest(sizes, workload.documents) })),
        ),
    );
}

function nearest(sizes, wanted) {
    const away = (size) => Math.abs(size - wanted);
    return sizes.reduce((best, size) => (away(size) < away(best) ? size : best));
}

async function measureAll(options, folders) {
    const results = [];
    const cells = cellsOf(options);
    for (const [index, cell] of cells.entries()) {
        const { store, workload, documents } = cell;
        const name = { workload: workload.name, store: store.name, documents };
        process.stderr.write(`[${index + 1}/${cells.length}] ${documents} ${workload.name} ${store.name}\n`);
        try {
            results.push({ ...name, unit: workload.unit, ...(await measure(cell, folders, options)) });
        } catch (error) {
            process.stderr.write(`${error.message}\n`);
            process.exitCode = 1;
            results.push({ ...name, unit: workload.unit, values: [], failed: error.message });
        }
    }
    return results;
}

function print(results, about, { sizes, workloads, stores, writers, runs, seconds, markdown }) {
    const show = (table) => process.stdout.write(`${markdown ? asMarkdown(table) : asText(table)}\n`);
    const lengths = seconds ?? [...new Set(workloads.map((workload) => workload.seconds))].join(', ');
    const { cpu, cores, memory, system, node, fileSystem, load, loadAfter } = about;
    process.stdout.write(
        `${cores} x ${cpu}, ${memory}, ${system}, ${fileSystem}, Node ${node}; ${runs} runs of ${lengths} s; ` +
            `load average ${load} before, ${loadAfter} after\n\n`,
    );
    const [plain, sustained] = [false, true].map((is) => workloads.filter(({ writers: of }) => is === Boolean(of)));
    for (const size of plain.length > 0 ? sizes : []) {
        tables(results, plain, stores, size).forEach(show);
        process.stdout.write(bareFiles(results.filter((result) => !result.sustained && result.documents === size)));
    }
    for (const workload of sustained) {
        show(sustainedTable(results, workload, writers));
        process.stdout.write(bareFiles(results.filter((result) => result.workload === workload.name)));
    }
}

async function main() {
    const options = read(process.argv.slice(2));
    if (options.help) {
        process.stdout.write(HELP);
        return;
    }
    const peers = installed(options.stores);
    options.stores = peers.stores;
    const about = machine.describe();
    const folders = new Folders(seed);
    for (const signal of ['SIGINT', 'SIGTERM']) {
        process.once(signal, () => {
            folders.remove();
            process.exit(1);
        });
    }
    try {
        const results = await measureAll(options, folders);
        about.loadAfter = machine.describe().load;
        print(results, about, options);
        process.stdout.write(peers.absent.map((line) => `${line}\n`).join(''));
        if (options.json) {
            fs.writeFileSync(
                options.json,
                `${JSON.stringify({ machine: about, absent: peers.absent, results }, null, 4)}\n`,
            );
        }
    } finally {
        process.stderr.write('removing the folders\n');
        folders.remove();
    }
}

main().catch((error) => {
    process.stderr.write(`${error instanceof TypeError ? error.message : error.stack}\n`);
    process.exitCode = 1;
});
