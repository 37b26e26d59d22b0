'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { loadable } = require('../bench/peers.js');
const { WRITERS } = require('../bench/stores/index.js');
const { ROOT, temporaryDirectory } = require('./support.js');

function bench(...args) {
    const script = path.join(ROOT, 'bench', 'run.js');
    return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', timeout: 120_000 });
}

test('a small run measures every workload and leaves nothing behind', (t) => {
    const folder = temporaryDirectory(t);
    const json = path.join(folder, 'results.json');
    const small = ['--documents', '1000', '--runs', '1', '--seconds', '0.02', '--stores', 'kixx', '--json', json];
    const { status, stdout } = spawnSync(process.execPath, [path.join(ROOT, 'bench', 'run.js'), ...small], {
        encoding: 'utf8',
        env: { ...process.env, TMPDIR: folder },
        timeout: 120_000,
    });
    assert.equal(status, 0);
    assert.match(stdout, /1,000 documents/);
    const { results } = JSON.parse(fs.readFileSync(json, 'utf8'));
    assert.ok(results.length >= 12);
    for (const { workload, values } of results) {
        assert.ok(values.length > 0 && values.every((value) => value > 0), workload);
    }
    assert.deepEqual(fs.readdirSync(folder), ['results.json']);
});

test('a small run of sustained writes tells how every way of writing went', (t) => {
    const folder = temporaryDirectory(t);
    const json = path.join(folder, 'results.json');
    const small = ['--only', 'sustained', '--documents', '1000', '--runs', '1', '--seconds', '0.02', '--json', json];
    const { status, stdout } = bench(...small);
    assert.equal(status, 0);
    assert.match(stdout, /Sustained, 1,000 documents/);
    const { results } = JSON.parse(fs.readFileSync(json, 'utf8'));
    const writers = new Set(results.map(({ store }) => store));
    assert.deepEqual(writers, new Set(WRITERS.map(({ name }) => name)));
    for (const { workload, store, sustained } of results) {
        const [{ value, flushed, filesBehind, rss }] = sustained;
        assert.ok(value >= flushed && flushed > 0 && filesBehind >= 0 && rss > 0, `${workload} ${store}`);
    }
});

test('an unknown option of the benchmark is refused', () => {
    const { status, stderr } = bench('--documens', '100');
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
