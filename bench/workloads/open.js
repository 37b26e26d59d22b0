'use strict';

/** What a process pays to have the store: time until every document can be read, and memory then. */

const { keyOf } = require('../documents.js');

module.exports = [
    { name: 'open', title: 'open', unit: 'ms', fresh: open },
    { name: 'memory', title: 'memory', unit: 'MB', fresh: memory },
];

async function open(adapter, directory, count) {
    const started = performance.now();
    const store = await adapter.open(directory, count);
    const value = performance.now() - started;
    await store.getItem(keyOf(count - 1));
    await store.close();
    return { value };
}

async function memory(adapter, directory, count) {
    settle();
    const before = process.memoryUsage.rss();
    const store = await adapter.open(directory, count);
    await store.getItem(keyOf(count - 1));
    settle();
    const grown = process.memoryUsage.rss() - before;
    await store.close();
    return { value: grown / 2 ** 20, bytesPerDocument: grown / count };
}

/** Several collections, because the first leaves what finalizers held. */
function settle() {
    for (let time = 0; time < 4; time += 1) {
        globalThis.gc();
    }
}
