'use strict';

/**
 * Does one write after the other while system calls fail, and tells what came of each, as lines of JSON at descriptor 3:
 *
 *   ["load", fault]             once per attempt, at most two
 *   ["did", name, fault]        after each step
 *   ["end", facts]              what the store says of itself, and what it holds
 *   ["closed", fault]
 *
 * With `exits` it ends before `close`. A fault is `null`, or what an error has beside its message.
 */

const fs = require('node:fs');
const { Datastore, DatastoreError, StorageError } = require('../../index.js');
const { STEPS } = require('./steps.js');

const REPORT = 3;

function tell(...line) {
    fs.writeSync(REPORT, `${JSON.stringify(line)}\n`);
}

function faultOf(error) {
    const { name, code, syscall, path, errno, cause } = error;
    const kinds = [error instanceof DatastoreError, error instanceof StorageError];
    return { name, code, syscall, path, errno, kinds, cause: cause?.message, message: error.message };
}

/** What an act is rejected with, told. */
async function attempt(act, ...told) {
    let fault = null;
    try {
        await act();
    } catch (error) {
        fault = faultOf(error);
    }
    tell(...told, fault);
    return fault;
}

async function main({ directory, options, steps = Object.keys(STEPS), exits = false }) {
    const store = new Datastore({ directory, syncInterval: 3_600_000, ...options });
    const events = [];
    for (const name of ['error', 'degraded']) {
        store.on(name, (error) => events.push([name, error.code]));
    }
    const load = () => store.load();
    if ((await attempt(load, 'load')) !== null && (await attempt(load, 'load')) !== null) {
        return;
    }
    for (const name of steps) {
        await attempt(() => STEPS[name].run(store), 'did', name);
    }
    if (exits) {
        process.exit();
    }
    const { items } = await store.queryKeys({ limit: Infinity, includeDocuments: true });
    const { poisoned, failure, degraded } = store.stats();
    const contents = items.map(({ key, document }) => [key, document.n]);
    const codes = { failure: failure?.code ?? null, degraded: degraded?.code ?? null };
    tell('end', { contents, poisoned, events, ...codes });
    await attempt(() => store.close(), 'closed');
}

main(JSON.parse(process.argv[2])).catch((error) => {
    console.error(error);
    process.exit(70);
});
