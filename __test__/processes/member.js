'use strict';

/**
 * A process that has a directory open beside others, and does what it is asked by messages:
 *
 *   { id, act, args } -> { id, result } or { id, failure }
 *
 * The first message is about the load, under the id `'load'`. It ends with whoever started it.
 */

const process = require('node:process');
const { Datastore } = require('../../index.js');
const { ACTS } = require('./acts.js');

/** What an error tells beside its stack. */
function failureOf(error) {
    const { name, message, code, key, path, expectedRev, actualRev } = error;
    return { name, message, code, key, path, expectedRev, actualRev };
}

async function answer(id, run) {
    let told;
    try {
        told = { id, result: await run() };
    } catch (error) {
        told = { id, failure: failureOf(error) };
    }
    if (process.connected) {
        process.send(told);
    }
}

function main({ directory, options }) {
    const store = new Datastore({ directory, ...options });
    process.on('disconnect', () => process.exit());
    process.on('message', ({ id, act, args }) => answer(id, () => ACTS[act](store, ...args)));
    answer('load', () => store.load().then(() => null));
}

main(JSON.parse(process.argv[2]));
