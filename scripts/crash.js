'use strict';

/**
 * Kills a writing store again and again and counts what it lost:
 * `npm run crash [-- --iterations 500 --seconds 600 --seed 1]`. Ends with 1 where anything was.
 *
 * The seed makes the same children again; the moment at which they are killed is the machine's.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { buildAddon, checkNode, checkRust, giveUp, installDependencies } = require('./setup.js');

const OPTIONS = {
    iterations: { type: 'string', default: '500' },
    seconds: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
};

function numbers() {
    const { values } = parseArgs({ options: OPTIONS });
    const given = Object.entries(values).map(([name, text]) => [name, Number(text)]);
    const wrong = given.find(([, number]) => !(number > 0));
    if (wrong) {
        giveUp(`--${wrong[0]} takes a number above 0.`);
    }
    return Object.fromEntries(given);
}

function tellOf({ counts }) {
    const told = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
    return told.join(', ');
}

async function main() {
    const { iterations, seconds, seed } = numbers();
    checkNode();
    checkRust();
    installDependencies();
    buildAddon();
    const { crash } = require('../__test__/crash/run.js');
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kixx-crash-'));
    console.log(`seed ${seed}, in ${folder}`);
    const onIteration = (run) => {
        if (run.counts.iterations % 25 === 0) {
            console.log(tellOf(run));
        }
    };
    const run = await crash({ folder, seed, iterations, seconds, onIteration });
    console.log(tellOf(run));
    if (run.faults.length > 0) {
        giveUp(`${run.faults.join('\n')}\nWhat is left is in ${folder}; --seed ${seed}.`);
    }
    fs.rmSync(folder, { recursive: true });
}

main();
