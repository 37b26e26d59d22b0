'use strict';

/** What the tests share: folders that go away, stores that are closed, the fixture, child processes. */

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const PACKAGE = path.join(ROOT, 'index.js');
const FIXTURE = path.join(__dirname, 'fixtures', 'kixx-data.tar.gz');

/** The levels of durability at which batches of several documents are tested. */
const LEVELS = ['none', 'os', 'full'];

/** What is to be done after each test, the last thing first: a store is closed before its folder goes. */
const cleanups = new WeakMap();

function afterwards(t, cleanup) {
    if (!cleanups.has(t)) {
        const stack = [];
        cleanups.set(t, stack);
        t.after(async () => {
            while (stack.length > 0) {
                await stack.pop()();
            }
        });
    }
    cleanups.get(t).push(cleanup);
}

/** A promise and the functions that settle it. */
function gate() {
    const made = {};
    made.opened = new Promise((resolve, reject) => {
        made.open = resolve;
        made.fail = reject;
    });
    return made;
}

/** What a promise is rejected with; one that is not fails the test. */
function refusal(promise) {
    return promise.then(assert.fail, (error) => error);
}

/** A new empty folder outside of the project; removed after the test. */
function temporaryDirectory(t) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kixx-test-'));
    afterwards(t, () => fs.rmSync(folder, { recursive: true, force: true }));
    return folder;
}

/** A fresh copy of the data directory that the original datastore wrote: 536 documents. */
function fixtureDirectory(t) {
    const folder = temporaryDirectory(t);
    const { status, stderr } = spawnSync('tar', ['-xzf', FIXTURE, '-C', folder], { encoding: 'utf8' });
    if (status !== 0) {
        throw new Error(`tar: ${stderr}`);
    }
    return path.join(folder, 'kixx-data');
}

/** A loaded datastore in a folder of its own; closed before the folder is removed. */
async function openStore(t, options = {}) {
    const { Datastore } = require(PACKAGE);
    const directory = options.directory ?? path.join(temporaryDirectory(t), 'data');
    const datastore = new Datastore({ directory, ...options });
    afterwards(t, () => datastore.close());
    await datastore.load();
    return datastore;
}

/** A file of a data directory, by its encoded name. */
function readJson(directory, name) {
    return JSON.parse(fs.readFileSync(path.join(directory, name), 'utf8'));
}

/** The files of a data directory that are not ours alone. */
function documentFiles(directory) {
    return fs
        .readdirSync(directory)
        .filter((name) => name !== '.datastore')
        .sort();
}

/**
 * Runs a script in a child process, with `kixx` (the package), `directory` and `args` at hand. Resolves when it has
 * ended.
 *
 * @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string }>}
 */
function runScript(script, { directory, args = [], execArgv = [], ...options } = {}) {
    const prelude = `const kixx = require(${JSON.stringify(PACKAGE)}); const directory = ${JSON.stringify(directory)};
const args = ${JSON.stringify(args)}; const main = async () => {${script}\n}; main().catch((error) => {
console.error(error); process.exitCode = 70; });`;
    const child = spawn(process.execPath, [...execArgv, '-e', prelude], {
        ...options,
        stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text) => {
        stdout += text;
    });
    child.stderr.on('data', (text) => {
        stderr += text;
    });
    return new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
}

/** Opens a directory in another process, which has it for itself. Resolves, when it is loaded, to what closes it there. */
async function openElsewhere(t, directory) {
    const script = `
        const { Datastore } = require(${JSON.stringify(PACKAGE)});
        const store = new Datastore({ directory: ${JSON.stringify(directory)}, singleProcess: true });
        store.load().then(() => process.stdout.write('open'));
        process.stdin.resume().on('end', () => store.close());`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    const close = async () => {
        child.stdin.end();
        await ended;
    };
    afterwards(t, close);
    await once(child.stdout, 'data');
    return close;
}

/** How many descriptors and threads this process has, where the system tells. */
function holdings() {
    return ['fd', 'task'].map((kind) => {
        const folder = path.join('/proc/self', kind);
        return fs.existsSync(folder) ? fs.readdirSync(folder).length : 0;
    });
}

module.exports = {
    afterwards,
    FIXTURE,
    LEVELS,
    PACKAGE,
    ROOT,
    documentFiles,
    fixtureDirectory,
    gate,
    holdings,
    openElsewhere,
    openStore,
    readJson,
    refusal,
    runScript,
    temporaryDirectory,
};
