'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { hasDependencies } = require('../scripts/setup.js');
const { ROOT, fixtureDirectory, temporaryDirectory } = require('./support.js');

function node(script, args = [], options = {}) {
    return spawnSync(process.execPath, [path.join(ROOT, script), ...args], {
        encoding: 'utf8',
        timeout: 120_000,
        ...options,
    });
}

/** Every file below a folder with its content. */
function contents(folder) {
    return fs
        .readdirSync(folder, { recursive: true })
        .sort()
        .map((name) => [name, fs.readFileSync(path.join(folder, name), 'utf8')]);
}

for (const script of ['quickstart', 'test', 'build', 'release-check'].map((name) => `scripts/${name}.js`)) {
    test(`${script} says plainly that Rust is missing`, (t) => {
        const { status, stderr } = node(script, [], { env: { PATH: temporaryDirectory(t) } });
        assert.equal(status, 1);
        assert.match(stderr, /Rust is missing/);
        assert.match(stderr, /rustup/);
        assert.doesNotMatch(stderr, /at .*\.js:\d+/, 'a stack trace helps nobody here');
    });
}

test('a Rust that is too old is told with what to run', { skip: process.platform === 'win32' }, (t) => {
    const folder = temporaryDirectory(t);
    fs.writeFileSync(path.join(folder, 'cargo'), '#!/bin/sh\necho "cargo 1.70.0 (abc 2023-01-01)"\n', { mode: 0o755 });
    const { status, stderr } = node('scripts/build.js', [], { env: { PATH: `${folder}:/bin:/usr/bin` } });
    assert.equal(status, 1);
    assert.match(stderr, /1\.88/);
    assert.match(stderr, /rustup update/);
});

const NOT_SET_UP = !hasDependencies() && 'the dependencies were not installed by the set-up, which would do it now';

test('the JavaScript tests run on an addon that is built, where there is no Rust', { skip: NOT_SET_UP }, (t) => {
    const { status, stdout, stderr } = node('scripts/test.js', ['--built', 'mocked-timers'], {
        env: { PATH: temporaryDirectory(t) },
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /All 1 steps passed/);
    assert.doesNotMatch(stdout, /Rust/);
});

test('the set-up needs nothing but modules of Node', () => {
    const files = fs.readdirSync(path.join(ROOT, 'scripts'), { recursive: true });
    for (const name of files.filter((file) => file.endsWith('.js'))) {
        const source = fs.readFileSync(path.join(ROOT, 'scripts', name), 'utf8');
        for (const [, required] of source.matchAll(/require\('([^']+)'\)/g)) {
            assert.match(required, /^node:|^\.{1,2}\//, `${name} requires ${required}`);
        }
    }
});

test('the quickstart tours the example documents', () => {
    const { status, stdout, stderr } = node('examples/quickstart.js');
    assert.equal(stderr, '');
    assert.equal(status, 0);
    for (const said of ['536 documents', 'ConflictError CONFLICT', 'page 4', '"_rev": 3', 'Summary']) {
        assert.ok(stdout.includes(said), `${said} is missing in:\n${stdout}`);
    }
    const [copy] = /\S*kixx-quickstart-\w+/.exec(stdout);
    fs.rmSync(copy, { recursive: true });
});

test('the quickstart takes a path as argument and never writes to it', (t) => {
    const source = fixtureDirectory(t);
    const before = contents(source);
    const { status, stdout, stderr } = node('examples/quickstart.js', [source]);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    assert.deepEqual(contents(source), before);
    const [copy] = /\S*kixx-quickstart-\w+/.exec(stdout);
    assert.notEqual(copy, source);
    fs.rmSync(copy, { recursive: true });
});

test('the quickstart refuses a path that is no directory', (t) => {
    const { status, stderr } = node('examples/quickstart.js', [path.join(temporaryDirectory(t), 'nothing')]);
    assert.equal(status, 1);
    assert.match(stderr, /is not a directory/);
});

test('lock files are there and hold no addresses', () => {
    assert.ok(fs.existsSync(path.join(ROOT, 'Cargo.lock')));
    const lock = fs.readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8');
    assert.doesNotMatch(lock, /"resolved"/);
});
