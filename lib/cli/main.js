'use strict';

/** The process: its streams, its signals, its end. */

const { constants } = require('node:os');
const { run } = require('./run.js');

/** What asks the process to end. The second time it ends at once, as if it were killed: the store survives that. */
const SIGNALS = ['SIGINT', 'SIGTERM'];

/** @param {string[]} argv */
async function main(argv) {
    const controller = new AbortController();
    for (const name of SIGNALS) {
        process.on(name, () => {
            if (controller.signal.aborted) {
                process.exit(codeOf(name));
            }
            controller.abort(name);
        });
    }
    // Nobody is left to be told.
    process.stderr.on('error', () => {});
    const code = await run(argv, process, controller.signal);
    process.exitCode = code ?? codeOf(controller.signal.reason);
}

function codeOf(signal) {
    return 128 + constants.signals[signal];
}

module.exports = { main };
