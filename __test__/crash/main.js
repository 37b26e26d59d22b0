'use strict';

/**
 * The long form of the crash test: `--iterations 500 --seconds 600 --seed 1`, and with `--processes 4`, from 2 to 8, of the
 * tests of several processes. Ends with 1 where anything was lost, and then leaves the directory.
 *
 * The seed makes the same children again; the moment at which they are killed is the machine's.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { crowd } = require('../processes/together.js');
const { crash } = require('./run.js');

const OPTIONS = {
    iterations: { type: 'string', default: '500' },
    seconds: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: String((Date.now() % 1_000_000) + 1) },
    processes: { type: 'string', default: '1' },
};

const MOST_PROCESSES = 8;

/** So many iterations lie between two reports. */
const REPORTED = 25;

function numbers() {
    const { values } = parseArgs({ options: OPTIONS });
    const given = Object.entries(values).map(([name, text]) => [name, Number(text)]);
    const wrong = given.find(([, number]) => !(number > 0));
    if (wrong) {
        throw new RangeError(`--${wrong[0]} takes a number above 0`);
    }
    const processes = Number(values.processes);
    if (!Number.isInteger(processes) || processes > MOST_PROCESSES) {
        throw new RangeError(`--processes takes a whole number from 1 to ${MOST_PROCESSES}`);
    }
    return Object.fromEntries(given);
}

function report({ counts }) {
    const told = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
    console.log(told.join(', '));
}

async function main() {
    const { iterations, seconds, seed, processes } = numbers();
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kixx-crash-'));
    console.log(`seed ${seed}, in ${folder}`);
    const onIteration = (run) => {
        if (run.counts.iterations % REPORTED === 0) {
            report(run);
        }
    };
    const rounds = processes > 1 ? crowd : crash;
    const run = await rounds({ folder, seed, processes, iterations, seconds, onIteration });
    report(run);
    if (run.faults.length > 0) {
        console.error(`${run.faults.join('\n')}\nWhat is left is in ${folder}.`);
        process.exitCode = 1;
        return;
    }
    fs.rmSync(folder, { recursive: true });
}

main().catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
});
