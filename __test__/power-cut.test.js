'use strict';

/**
 * Power cuts in the life of a real process: its calls are recorded, and what a disk may hold after a cut between any two of
 * them is made and opened, as after another start of the machine.
 */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Datastore } = require('../index.js');
const { Dice } = require('./crash/dice.js');
const { filesIn } = require('./crash/directory.js');
const { contentsOf } = require('./crash/documents.js');
const { Model } = require('./crash/model.js');
const { rewriteBoot } = require('./power-cut/boot.js');
const { Disk } = require('./power-cut/disk.js');
const { File } = require('./power-cut/file.js');
const { callsIn, strangerToStrace } = require('./power-cut/strace.js');
const { temporaryDirectory } = require('./support.js');

/** How many states are tried per workload. */
const STATES = Number(process.env.KIXX_POWER_CUTS ?? 100);

const CALLS = 'openat,write,pwrite64,ftruncate,/rename,/link,/unlink,/mkdir,rmdir,fsync,fdatasync,syncfs,close';

const REPORT = 3;

/** What the child of the crash tests is to do, with few documents so that writes meet. */
const SESSIONS = [
    { firstId: 1_000_000, most: 150, inFlight: 12, spread: 30, largest: 3_000, exits: true },
    { firstId: 2_000_000, most: 100, inFlight: 4, spread: 30, largest: 3_000, exits: false },
];

/** Runs the child of the crash tests and tells its calls. */
function record(folder, directory, session) {
    const [trace, report] = ['trace', 'report'].map((name) => path.join(folder, name));
    const told = fs.openSync(report, 'w');
    const child = path.join(__dirname, 'crash', 'child.js');
    const strace = ['-f', '-xx', '-s', '1048576', '-e', `trace=${CALLS}`, '-o', trace];
    const { status, stderr } = spawnSync(
        'strace',
        [...strace, process.execPath, child, JSON.stringify({ directory, ...session })],
        { stdio: ['ignore', 'ignore', 'pipe', told], encoding: 'utf8' },
    );
    fs.closeSync(told);
    assert.deepEqual([status, stderr], [0, '']);
    return [...callsIn(fs.readFileSync(trace, 'utf8'))];
}

/** The line that a call tells of the child, if it does. */
function lineOf({ begins, call }) {
    const tells = !begins && call?.name === 'write' && call.args[0] === REPORT;
    return tells ? JSON.parse(call.args[1].toString()) : null;
}

/** Takes in what the child tells; what it held before it was closed counts only when it is. */
function take(model, [what, ...told]) {
    if (what === 'contents' || what === 'last') {
        assert.deepEqual(model.faultsIn(told[0], { files: true }), []);
        model.last = told[0];
    }
    if (what === 'contents' || (what === 'phase' && told[0] === 'closed')) {
        model.settle(model.last);
    } else if (what === 'intent') {
        model.intend(...told);
    } else if (what === 'done' || what === 'refused') {
        model[what](...told);
    }
}

/** Opens what a cut has left, in this run of the machine another one. */
async function open(directory, files) {
    rewriteBoot(directory);
    const store = new Datastore({ directory, files });
    try {
        await store.load();
        return await contentsOf(store);
    } finally {
        await store.close();
    }
}

function inOrder(contents) {
    return contents.map(JSON.stringify).sort();
}

/** What is wrong with one state of the disk. */
async function faultsOf(disk, model, directory, dice) {
    disk.writeCutTo(directory, dice);
    try {
        const contents = await open(directory, dice.pick(['eager', 'background']));
        assert.deepEqual(inOrder(filesIn(directory)), inOrder(contents));
        return model.faultsIn(contents);
    } catch (error) {
        return [{ kind: 'load', text: `${error.stack} ${JSON.stringify(error.files ?? null)}` }];
    }
}

/** What processes share in memory by way of a file. No call writes it, and who opens first makes it anew. */
const BOARD = path.join('.datastore', 'board');

/** Every file below a folder, with what it holds. */
function treeOf(folder) {
    const entries = fs.readdirSync(folder, { recursive: true, withFileTypes: true });
    const all = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
    const files = all.filter((file) => path.relative(folder, file) !== BOARD);
    return new Map(files.sort().map((file) => [path.relative(folder, file), fs.readFileSync(file, 'latin1')]));
}

/** Numbers in order, so many of those below `below`. */
function moments(dice, count, below) {
    return Array.from({ length: count }, () => dice.between(0, below - 1)).sort((a, b) => a - b);
}

test('syncs that overlap count each for what was written before it began', () => {
    const file = new File();
    const ends = [];
    for (const [offset, byte] of ['a', 'b', 'c'].entries()) {
        file.write(Buffer.from(byte), offset);
        ends.push(file.sync());
    }
    const durable = [0, 2, 1].map((which) => {
        ends[which]();
        return file.afterCut(new Dice(1)).toString();
    });
    assert.deepEqual(durable.slice(1), ['abc', 'abc']);
});

const stranger = strangerToStrace();

for (const durability of ['full', 'os']) {
    for (const files of ['eager', 'background']) {
        test(`a power cut at '${durability}' with ${files} files loses nothing that it should not`, {
            skip: stranger ?? false,
        }, async (t) => {
            const seed = Number(process.env.KIXX_SEED ?? Date.now() % 1_000_000);
            const dice = new Dice(seed);
            const folder = temporaryDirectory(t);
            const directory = path.join(folder, 'data');
            const options = { durability, files, syncInterval: 20 };
            const disk = new Disk(directory);
            const model = new Model({ syncs: durability === 'full' });
            let states = 0;
            for (const session of SESSIONS) {
                const calls = record(folder, directory, { ...session, seed: dice.between(1, 2 ** 31), options });
                disk.restart();
                const cuts = moments(dice, STATES / SESSIONS.length, calls.length);
                for (const [moment, told] of calls.entries()) {
                    while (cuts[0] === moment) {
                        cuts.shift();
                        states += 1;
                        const after = path.join(folder, `cut-${states}`);
                        const faults = await faultsOf(disk, model, after, dice);
                        assert.deepEqual(faults, [], `seed ${seed}, state ${states}, moment ${moment}`);
                        fs.rmSync(after, { recursive: true });
                    }
                    disk.take(told);
                    const line = lineOf(told);
                    if (line !== null) {
                        take(model, line);
                    }
                }
                const modelled = path.join(folder, 'modelled');
                disk.writeTo(modelled);
                assert.deepEqual(treeOf(modelled), treeOf(directory));
                fs.rmSync(modelled, { recursive: true });
            }
            t.diagnostic(`seed ${seed}: ${states} states`);
        });
    }
}
