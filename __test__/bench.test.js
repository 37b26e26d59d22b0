'use strict';

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { test } = require('node:test');
const { loadable } = require('../bench/peers.js');
const { read } = require('../bench/results.js');
const { WRITERS } = require('../bench/stores/index.js');
const { WORKLOADS } = require('../bench/workloads/index.js');
const { ROOT, temporaryDirectory } = require('./support.js');

const RUN = path.join(ROOT, 'bench', 'run.js');
const SMALL = ['--documents', '1000', '--runs', '1', '--seconds', '0.02'];

/** Runs the benchmark with its folders in `folder`; what needs no package of a peer's, or all that are named. */
function bench(folder, ...args) {
    return spawnSync(process.execPath, [RUN, ...args], {
        encoding: 'utf8',
        env: { ...process.env, TMPDIR: folder },
        timeout: 240_000,
    });
}

function assertLine(line) {
    const { cell, store, documents, unit, values, date, machine } = line;
    assert.ok(values.length > 0 && values.every((value) => value > 0), `${cell} ${store}`);
    assert.equal(documents, 1_000);
    assert.ok(['ops/s', 'ms', 'MB', 'documents/s'].includes(unit));
    assert.ok(Date.parse(date) > 0 && machine.cores > 0);
}

test('a small run measures every workload, a line of JSON each, and leaves nothing behind', (t) => {
    const folder = temporaryDirectory(t);
    const json = path.join(folder, 'results.jsonl');
    const { status, stdout } = bench(folder, ...SMALL, '--stores', 'kixx', '--json', json);
    assert.equal(status, 0);
    assert.match(stdout, /1,000 documents/);
    const lines = read(json);
    lines.forEach(assertLine);
    const all = WORKLOADS.filter(({ writers }) => writers === undefined).map(({ name }) => name);
    assert.deepEqual(
        lines.map(({ cell }) => cell),
        all,
    );
    assert.ok(lines.find(({ cell }) => cell === 'get-writes').beside[0] > 0);
    assert.ok(lines.find(({ cell }) => cell === 'memory').textPerDocument[0] > 300);
    assert.deepEqual(fs.readdirSync(folder), ['results.jsonl']);
});

test('a small run of sustained writes tells how every way of writing went', (t) => {
    const folder = temporaryDirectory(t);
    const json = path.join(folder, 'results.jsonl');
    const own = WRITERS.filter((writer) => writer.package === undefined).map(({ name }) => name);
    const { status, stdout } = bench(
        folder,
        ...SMALL,
        '--only',
        'sustained-64,sustained-update,sustained-full,sustained-batch-new,delay',
        '--stores',
        own.join(),
        '--json',
        json,
    );
    assert.equal(status, 0);
    assert.match(stdout, /Sustained, 1,000 documents/);
    const lines = read(json);
    lines.forEach(assertLine);
    assert.deepEqual(new Set(lines.map(({ store }) => store)), new Set(own));
    for (const { cell, store, sustained, delay } of lines) {
        if (cell === 'delay') {
            const [{ p50, p99, max }] = delay;
            assert.ok(p50 > 0 && p99 >= p50 && max > 0, store);
            continue;
        }
        const [{ value, flushed, filesBehind, rss }] = sustained;
        assert.ok(value >= flushed && flushed > 0 && filesBehind >= 0 && rss > 0, `${cell} ${store}`);
    }
});

test('an opening is compared with readers of the same files', (t) => {
    const folder = temporaryDirectory(t);
    const json = path.join(folder, 'results.jsonl');
    const stores = ['read-workers', 'read-loop', 'original'];
    const { status } = bench(folder, ...SMALL, '--only', 'open', '--stores', stores.join(), '--json', json);
    assert.equal(status, 0);
    const lines = read(json);
    lines.forEach(assertLine);
    assert.deepEqual(new Set(lines.map(({ store }) => store)), new Set(stores));
});

test('a run that is interrupted prints and stores what it has measured, and leaves nothing behind', async (t) => {
    const folder = temporaryDirectory(t);
    const json = path.join(folder, 'results.jsonl');
    const args = [RUN, ...SMALL, '--stores', 'kixx', '--only', 'get', '--json', json];
    const run = spawn(process.execPath, args, { env: { ...process.env, TMPDIR: folder } });
    let stdout = '';
    run.stdout.setEncoding('utf8').on('data', (text) => {
        stdout += text;
    });
    const closed = once(run, 'close');
    for await (const line of createInterface({ input: run.stderr })) {
        if (line.startsWith('[2/')) {
            run.kill('SIGINT');
        }
    }
    const [code] = await closed;
    assert.equal(code, 130);
    assert.match(stdout, /get, hot set/);
    assert.deepEqual(
        read(json).map(({ cell }) => cell),
        ['get-hot'],
    );
    assert.deepEqual(fs.readdirSync(folder), ['results.jsonl']);
});

test('an unknown option of the benchmark is refused', (t) => {
    const { status, stderr } = bench(temporaryDirectory(t), '--documens', '100');
    assert.equal(status, 1);
    assert.match(stderr, /documens/);
});

test('a store whose package cannot be loaded is left out of the benchmark, with a line that says why', () => {
    const [own, missing] = [{ name: 'own' }, { name: 'missing', package: './no-such-package' }];
    const { stores, absent } = loadable([own, missing]);
    assert.deepEqual(stores, [own]);
    assert.equal(absent.length, 1);
    assert.match(absent[0], /^missing was left out: .*no-such-package/);
});

test('a reader that needs a compiler is left out where there is none', () => {
    const compiled = { name: 'compiled', obstacle: () => 'there is no rustc' };
    const { stores, absent } = loadable([compiled, { name: 'other', obstacle: () => null }]);
    assert.deepEqual(
        [stores.map(({ name }) => name), absent],
        [['other'], ['compiled was left out: there is no rustc']],
    );
});
