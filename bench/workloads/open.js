'use strict';

/** What a process pays to have the store: time until every document can be read, and memory then. */

const { spawnSync } = require('node:child_process');
const { keyOf } = require('../documents.js');

module.exports = [
    { name: 'open', title: 'open', unit: 'ms', fresh: open },
    { name: 'memory', title: 'memory after opening', unit: 'MB', fresh: (...of) => memory(...of, false) },
    {
        name: 'memory-read',
        title: 'memory after reading everything',
        unit: 'MB',
        fresh: (...of) => memory(...of, true),
    },
];

async function open(adapter, directory, source) {
    await adapter.getReady?.(directory);
    const started = performance.now();
    const store = await adapter.open(directory, source);
    const value = performance.now() - started;
    await store.getItem(keyOf(source.count - 1));
    await store.close();
    return { value };
}

async function memory(adapter, directory, source, readsAll) {
    const before = emptyProcess();
    const store = await adapter.open(directory, source);
    const keys = readsAll ? source.count : 1;
    for (let index = source.count - keys; index < source.count; index += 1) {
        await store.getItem(keyOf(index));
    }
    settle();
    const grown = process.memoryUsage.rss() - before;
    await store.close();
    return {
        value: grown / 2 ** 20,
        bytesPerDocument: grown / source.count,
        textPerDocument: textBytes(source) / source.count,
    };
}

/** Resident memory of a process that does nothing. */
function emptyProcess() {
    const script = `(${settle})(); process.stdout.write(String(process.memoryUsage.rss()))`;
    const { stdout } = spawnSync(process.execPath, ['--expose-gc', '-e', script], { encoding: 'utf8' });
    return Number(stdout);
}

/** Several collections, because the first leaves what finalizers held. */
function settle() {
    for (let time = 0; time < 4; time += 1) {
        globalThis.gc();
    }
}

/** Of all documents as JSON, with their revisions. */
function textBytes({ count, documentOf }) {
    let bytes = 0;
    for (let index = 0; index < count; index += 1) {
        bytes += Buffer.byteLength(JSON.stringify({ _rev: 0, ...documentOf(index) }));
    }
    return bytes;
}
