'use strict';

/**
 * System calls of a real process that fail, by `strace --inject`: errors are typed, nothing hangs, memory is what was
 * acknowledged, and so is what a load finds afterwards.
 */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Dice } = require('./crash/dice.js');
const { strangerToStrace } = require('./power-cut/strace.js');
const { openStore, temporaryDirectory } = require('./support.js');
const { STEPS, after } = require('./system-faults/steps.js');

const CHILD = path.join(__dirname, 'system-faults', 'child.js');

/** How many places per fault are tried. */
const PLACES = Number(process.env.KIXX_FAULT_PLACES ?? 2);

/** A child that takes so long, in milliseconds, hangs. */
const PATIENCE = 60_000;

const SYNCS = ['fdatasync', 'fsync', 'syncfs'];

/** What fails, and how. */
const FAULTS = [
    ['pwrite64', 'ENOSPC'],
    ['pwrite64', 'EIO'],
    ['openat', 'EMFILE'],
    ['openat', 'EROFS'],
    ['renameat2', 'EIO'],
    ['renameat2', 'EROFS'],
    ['renameat', 'ENOSPC'],
    ['renameat', 'EROFS'],
    ['ftruncate', 'EIO'],
    ['unlinkat', 'EIO'],
    ['fdatasync', 'EIO'],
    ['fdatasync', 'ENOSPC'],
    ['fsync', 'EIO'],
    ['syncfs', 'EIO'],
];

/** Runs the child in `folder/data`, with some of its calls failing. */
async function run(folder, args, inject) {
    const directory = path.join(folder, 'data');
    const [trace, report] = ['trace', 'report'].map((name) => path.join(folder, name));
    // Node opens many files of its own.
    const filter = inject.call === 'openat' ? ['-P', directory, '-P', report] : [];
    const calls = [...new Set([inject.call, ...SYNCS, 'write'])].join(',');
    const fault = inject.when ? ['-e', `inject=${inject.call}:error=${inject.error}:when=${inject.when}`] : [];
    const strace = ['-f', '-y', ...filter, '-e', `trace=${calls}`, ...fault, '-o', trace];
    const told = fs.openSync(report, 'w');
    const ended = await end(
        spawn('strace', [...strace, process.execPath, CHILD, JSON.stringify({ directory, ...args })], {
            stdio: ['ignore', 'ignore', 'pipe', told],
            timeout: PATIENCE,
            killSignal: 'SIGKILL',
        }),
    );
    fs.closeSync(told);
    assert.deepEqual(ended, { code: 0, signal: null, stderr: '' }, `${inject.call} ${inject.when}`);
    const lines = fs.readFileSync(report, 'utf8').trim().split('\n').filter(Boolean);
    return {
        directory,
        told: lines.map((line) => JSON.parse(line)),
        calls: callsIn(fs.readFileSync(trace, 'utf8'), report),
    };
}

function end(child) {
    let stderr = '';
    child.stderr.on('data', (text) => {
        stderr += text;
    });
    return new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code, signal) => resolve({ code, signal, stderr }));
    });
}

/**
 * The calls that a trace tells, in order.
 *
 * @returns {{ thread: string, name: string, target: string, failed: boolean, tells: boolean }[]}
 */
function callsIn(trace, report) {
    const begun = new Map();
    const calls = [];
    for (const line of trace.split('\n')) {
        const [, thread, rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
        const [, resumed] = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest ?? '') ?? [];
        const whole = resumed === undefined ? (rest ?? '') : `${begun.get(thread)}${resumed}`;
        if (whole.endsWith('<unfinished ...>')) {
            begun.set(thread, whole.slice(0, -'<unfinished ...>'.length));
            continue;
        }
        const [, name, target] = /^(\w+)\([^<]*<?([^>,]*)/.exec(whole) ?? [];
        if (name !== undefined) {
            const tells = name === 'write' && target === report;
            calls.push({ thread, name, target, failed: whole.includes('(INJECTED)'), tells });
        }
    }
    return calls;
}

/** The numbers of the calls of a name that the thread which writes makes, in and after the load. */
function placesOf(calls, name) {
    const ofName = calls.filter((call) => call.name === name);
    const threads = [...new Set(ofName.map(({ thread }) => thread))];
    const writer = threads.sort((a, b) => countOf(ofName, b) - countOf(ofName, a))[0];
    const loaded = calls.findIndex(({ tells }) => tells);
    const inLoad = calls.slice(0, loaded).filter((call) => call.name === name && call.thread === writer).length;
    return { inLoad, all: writer === undefined ? 0 : countOf(ofName, writer) };
}

function countOf(calls, thread) {
    return calls.filter((call) => call.thread === thread).length;
}

/** So many of the numbers from `first` to `last`, by chance. */
function someOf(first, last, dice) {
    return dice.distinct(PLACES, last - first + 1).map((number) => first + number);
}

/** Checks that an error is one that a caller can branch on. */
function checkTyped(fault, error, directory, what) {
    const [isOurs, isStorage] = fault.kinds;
    assert.ok(isOurs, `${what}: ${JSON.stringify(fault)}`);
    if (fault.code === 'POISONED') {
        assert.ok(fault.cause, `${what}: ${JSON.stringify(fault)}`);
        return;
    }
    assert.ok(isStorage, `${what}: ${JSON.stringify(fault)}`);
    assert.equal(fault.code, error, what);
    assert.ok(fault.syscall && fault.errno < 0, what);
    assert.ok(fault.path.startsWith(directory), `${what}: ${fault.path}`);
}

/** Checks what the child has told of its life. Returns the steps that went well, and the one that is in doubt. */
function checkLife(told, { call, error, when }, directory, before) {
    const what = `${call} ${error} ${when}`;
    const [done, refused, poisoned] = [[], [], []];
    for (const [kind, ...rest] of told) {
        const fault = kind === 'end' ? null : rest.at(-1);
        if (fault !== null) {
            checkTyped(fault, error, directory, `${what}: ${kind} ${rest[0]}`);
        }
        if (kind === 'did') {
            const list = fault === null ? done : fault.code === 'POISONED' ? poisoned : refused;
            list.push(rest[0]);
            // Nothing is written any more.
            assert.ok(poisoned.length === 0 || fault?.code === 'POISONED', `${what}: ${rest[0]} after ${poisoned[0]}`);
        }
    }
    const end = told.find(([kind]) => kind === 'end')?.[1];
    if (end) {
        assert.deepEqual(end.contents, after([...before, ...done]), `${what}: memory`);
        assert.equal(end.poisoned, poisoned.length > 0, what);
        assert.equal(end.failure, poisoned.length > 0 ? 'POISONED' : null, what);
        const failures = end.events.filter(([name]) => name === 'error');
        assert.deepEqual(failures, poisoned.length > 0 ? [['error', 'POISONED']] : [], what);
        assert.ok(
            told.some(([kind]) => kind === 'closed'),
            what,
        );
    }
    return { done: [...before, ...done], refused, inDoubt: poisoned[0], hasLoaded: end !== undefined, what };
}

/** Checks that a file, or a file system, whose sync failed is not synced again as if nothing had been. */
function checkNoSecondSync(calls, what) {
    const failed = calls.findIndex((call) => call.failed && SYNCS.includes(call.name));
    if (failed !== -1) {
        const { name, target } = calls[failed];
        const again = calls
            .slice(failed + 1)
            .filter((call) => call.name === name && call.target === target && !call.failed);
        assert.deepEqual(again, [], what);
    }
}

/** Opens what is left, without faults. */
async function checkLeft(t, directory, { done, inDoubt, what }) {
    const store = await openStore(t, { directory });
    const { items } = await store.queryKeys({ limit: Infinity, includeDocuments: true });
    const found = items.map(({ key, document }) => [key, document.n]);
    const all = Object.keys(STEPS);
    const inOrder = (names) => after(all.filter((name) => names.includes(name)));
    const may = [inOrder(done), ...(inDoubt ? [inOrder([...done, inDoubt])] : [])].map((contents) =>
        JSON.stringify(contents),
    );
    assert.ok(may.includes(JSON.stringify(found)), `${what}: ${JSON.stringify(found)} is none of ${may.join(' or ')}`);
    assert.deepEqual(store.loadReport.quarantinedFiles, [], what);
    await store.setItem('after', { n: 1 });
    await store.close();
}

const skip = strangerToStrace() ?? false;

/** Runs the child with a fault, and then without one what it has left. */
async function tryOut(t, folder, args, inject, before = []) {
    const { directory, told, calls } = await run(folder, args, inject);
    const failed = calls.some((call) => call.failed);
    assert.ok(failed, `${inject.call} ${inject.when}: nothing failed`);
    const life = checkLife(told, inject, directory, before);
    await checkLeft(t, directory, life);
    return { ...life, calls };
}

/** Each place alone, and from there on. */
function whensOf(places) {
    return places.flatMap((place) => [`${place}`, `${place}+`]);
}

/** Whether one failed call refused one write at most, and the next one went well. */
function isOver({ done, refused, inDoubt, hasLoaded }, { call, when }) {
    if (when.endsWith('+') || SYNCS.includes(call) || !hasLoaded) {
        return true;
    }
    // A folder of the journal that cannot be opened cannot be synced.
    return (
        (inDoubt !== undefined && call === 'openat') ||
        (inDoubt === undefined && refused.length <= 2 && done.length > 0)
    );
}

for (const files of ['eager', 'background']) {
    for (const [call, error] of FAULTS) {
        test(`${call} that fails with ${error}, with ${files} files, is told and loses nothing`, {
            skip,
        }, async (t) => {
            const seed = Number(process.env.KIXX_SEED ?? Date.now() % 1_000_000);
            const args = { options: { files } };
            const { calls } = await run(temporaryDirectory(t), args, { call });
            const { inLoad, all } = placesOf(calls, call);
            const places = someOf(inLoad + 1, all, new Dice(seed));
            for (const when of whensOf(places)) {
                const inject = { call, error, when };
                const life = await tryOut(t, temporaryDirectory(t), args, inject);
                checkNoSecondSync(life.calls, life.what);
                assert.ok(isOver(life, inject), JSON.stringify({ ...life, calls: [] }));
            }
            t.diagnostic(`seed ${seed}: places ${places} of ${inLoad} + ${all - inLoad}`);
        });
    }
}

/** What is called while a load recovers. */
const IN_LOAD = ['pwrite64', 'openat', 'renameat2', 'renameat', 'unlinkat', 'fdatasync', 'fsync', 'syncfs'];

for (const call of IN_LOAD) {
    test(`${call} that fails in a recovery is told and loses nothing`, { skip }, async (t) => {
        const seed = Number(process.env.KIXX_SEED ?? Date.now() % 1_000_000);
        const before = Object.keys(STEPS);
        const crashed = temporaryDirectory(t);
        const inject = { call, error: 'EIO' };
        await run(crashed, { options: { files: 'background' }, exits: true }, { call });
        const fresh = () => {
            const folder = temporaryDirectory(t);
            fs.cpSync(path.join(crashed, 'data'), path.join(folder, 'data'), { recursive: true });
            return folder;
        };
        const args = { options: {}, steps: [] };
        const { inLoad } = placesOf((await run(fresh(), args, { call })).calls, call);
        const places = someOf(1, inLoad, new Dice(seed));
        for (const when of whensOf(places)) {
            await tryOut(t, fresh(), args, { ...inject, when }, before);
        }
        t.diagnostic(`seed ${seed}: places ${places} of ${inLoad}`);
    });
}
