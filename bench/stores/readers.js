'use strict';

/**
 * Readers of the files that this package has written, to compare its opening with: two threads that do nothing but open,
 * read and close them, compiled and in JavaScript, and a program that loads them into a `Map`. None of them can do
 * anything else.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
const { kixx } = require('./kixx.js');

const THREADS = 2;
const AT_A_TIME = 64;

const SOURCE = path.join(__dirname, 'read-files.rs');

const isDocument = (name) => name.endsWith('.json');

function reader(name, label, methods) {
    return {
        name,
        label,
        durability: 'none: it reads',
        persists: true,
        filledBy: kixx,
        workloads: ['open'],
        ...methods,
    };
}

/** What has been read, as a store that knows one document. */
function opened(documents = new Map()) {
    return { getItem: async (key) => documents.get(key) ?? null, close: async () => {} };
}

/** The program, compiled once into the folder of a whole run. */
function programIn(directory) {
    const program = path.join(path.dirname(directory), 'read-files');
    if (!fs.existsSync(program)) {
        const { status, stderr } = spawnSync('rustc', ['-O', SOURCE, '-o', program], { encoding: 'utf8' });
        if (status !== 0) {
            throw new Error(`rustc: ${stderr}`);
        }
    }
    return program;
}

let program;

const compiled = reader('read-compiled', `raw read, Rust`, {
    obstacle: () => (spawnSync('rustc', ['--version']).status === 0 ? null : 'there is no rustc'),

    async getReady(directory) {
        program = programIn(directory);
    },

    async open(directory) {
        const { status, stderr } = spawnSync(program, [directory, String(THREADS)], { encoding: 'utf8' });
        if (status !== 0) {
            throw new Error(stderr);
        }
        return opened();
    },
});

/** Told a list of files and a signal, reads them into one buffer, and tells that it has. */
const WORKER = `
    const fs = require('node:fs');
    const { parentPort } = require('node:worker_threads');
    const buffer = Buffer.allocUnsafe(1 << 20);
    parentPort.on('message', (files) => {
        for (const file of files) {
            const descriptor = fs.openSync(file, 'r');
            while (fs.readSync(descriptor, buffer) === buffer.length);
            fs.closeSync(descriptor);
        }
        parentPort.postMessage(files.length);
    });
    parentPort.postMessage('ready');
`;

const told = (worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));

let workers;

const inWorkers = reader('read-workers', `raw read, Node`, {
    async getReady() {
        workers = Array.from({ length: THREADS }, () => new Worker(WORKER, { eval: true }));
        await Promise.all(workers.map(told));
    },

    async open(directory) {
        const files = fs.readdirSync(directory).filter(isDocument);
        const part = Math.ceil(files.length / THREADS);
        const all = workers.map((worker, index) => {
            const ofWorker = files.slice(index * part, (index + 1) * part);
            worker.postMessage(ofWorker.map((name) => path.join(directory, name)));
            return told(worker);
        });
        await Promise.all(all);
        await Promise.all(workers.map((worker) => worker.terminate()));
        return opened();
    },
});

const loop = reader('read-loop', `${AT_A_TIME} reads in flight`, {
    async open(directory) {
        const documents = new Map();
        const names = (await fs.promises.readdir(directory)).filter(isDocument);
        const lane = async () => {
            for (let name = names.pop(); name !== undefined; name = names.pop()) {
                const text = await fs.promises.readFile(path.join(directory, name), 'utf8');
                documents.set(decodeURIComponent(name.slice(0, -'.json'.length)), JSON.parse(text));
            }
        };
        await Promise.all(Array.from({ length: AT_A_TIME }, lane));
        return opened(documents);
    },
});

module.exports = [compiled, inWorkers, loop];
