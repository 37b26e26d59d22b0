'use strict';

/** The command line as a whole: help, misuse, pipes, signals. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { PassThrough } = require('node:stream');
const { test } = require('node:test');
const { version, bin, files } = require('../package.json');
const { COMMANDS } = require('../lib/cli/commands.js');
const { EXIT_CODES, readmeTable } = require('../lib/cli/help.js');
const { Progress } = require('../lib/cli/progress.js');
const { run } = require('../lib/cli/run.js');
const { BIN, command, ended, said, start } = require('./cli/command.js');
const { ROOT, openStore, temporaryDirectory } = require('./support.js');

const VIEWS = path.join(__dirname, 'cli', 'views.mjs');

const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');

/** A closed store's directory with so many documents. */
async function directoryOf(t, count) {
    const directory = path.join(temporaryDirectory(t), 'data');
    const store = await openStore(t, { directory });
    await store.setItems(Array.from({ length: count }, (_, n) => [`key:${n}`, { text: 'x'.repeat(1_000) }]));
    await store.close();
    return directory;
}

test('the package brings the command with what it needs', () => {
    assert.equal(path.join(ROOT, bin['kixx-datastore']), BIN);
    assert.ok(fs.readFileSync(BIN, 'utf8').startsWith('#!/usr/bin/env node\n'));
    assert.ok(files.includes('bin') && files.includes('lib'));
});

test('the README has the table of the commands, and the exit codes', () => {
    assert.ok(readme.includes(`\n${readmeTable()}\n`), readmeTable());
    for (const [codes, meaning] of EXIT_CODES) {
        assert.ok(readme.includes(`| ${codes} | ${meaning} |`), `${codes}: ${meaning}`);
    }
});

test('--help lists every command and --version tells the version, on stdout', async () => {
    const help = await said('--help');
    for (const { name, about } of COMMANDS) {
        assert.ok(help.includes(`  ${name} <directory>`) && help.includes(about), name);
    }
    assert.equal(await said('help'), help);
    assert.equal(await said('--version'), `${version}\n`);
});

test('each command has a help of its own that names its operands and options', async () => {
    for (const { name, operands, options } of COMMANDS) {
        const help = await said(name, '--help');
        const named = [...operands, '--json', '--help', ...Object.keys(options).map((option) => `--${option}`)];
        for (const part of named) {
            assert.ok(help.includes(part), `${name}: ${part}`);
        }
        assert.ok(
            help.split('\n').every((line) => line.length <= 120),
            name,
        );
    }
    assert.equal(await said('help', 'get'), await said('get', '--help'));
});

test('a wrong command line ends with 2 and says so on stderr, before anything is opened', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    for (const args of [
        [],
        ['frobnicate', directory],
        ['get'],
        ['get', directory],
        ['keys', directory, 'more'],
        ['keys', directory, '--frobnicate'],
        ['keys', directory, '--limit', '0'],
        ['keys', directory, '--limit', '1e3'],
        ['set', directory, 'key', '{'],
        ['set', directory, 'key', '[1]'],
        ['set', directory, 'key', '{}', '--rev', '-1'],
        ['delete', directory, 'a', 'b', '--rev', '1'],
        ['view', directory],
        ['view', directory, '--module', path.join(directory, 'none.js')],
        ['view', directory, '--module', BIN, '--keys', '1'],
    ]) {
        const { code, stdout, stderr } = await command(...args);
        assert.deepEqual([code, stdout], [2, ''], args.join(' '));
        assert.match(stderr, /^kixx-datastore: USAGE: /, args.join(' '));
    }
    assert.ok(!fs.existsSync(directory));
});

test('what only reads makes no directory, and tells ENOENT with code 1', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    for (const { name, operands } of COMMANDS) {
        if (operands.length === 1) {
            const more = name === 'view' ? ['--module', VIEWS, '--view', 'byAge'] : [];
            const { code, stdout, stderr } = await command(name, directory, ...more);
            assert.deepEqual([code, stdout], [1, ''], name);
            assert.match(stderr, /^kixx-datastore: ENOENT: /, name);
        }
    }
    for (const args of [
        ['get', directory, 'a'],
        ['delete', directory, 'a'],
        ['find', directory, '{}'],
    ]) {
        assert.equal((await command(...args)).code, 1);
    }
    assert.ok(!fs.existsSync(directory));
    const { code, stderr } = await command('get', BIN, 'a', '--json');
    const { code: reason, path: told, syscall } = JSON.parse(stderr);
    assert.deepEqual([code, reason, told, syscall], [1, 'ENOTDIR', BIN, 'scandir']);
});

test('a store that another process has for itself is told as LOCKED, with what to do', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const store = await openStore(t, { directory, singleProcess: true });
    await store.setItem('a', { n: 1 });
    const { code, stdout, stderr } = await command('get', directory, 'a');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^kixx-datastore: LOCKED: .*\n.*Stop it/);
    assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
});

test('a command works beside a store that is open elsewhere, and each sees what the other has written', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const store = await openStore(t, { directory });
    await store.setItem('a', { n: 1 });
    const { code, stdout } = await command('get', directory, 'a', '--json');
    assert.deepEqual([code, JSON.parse(stdout)], [0, { _rev: 0, n: 1 }]);
    assert.equal((await command('delete', directory, 'a')).code, 0);
    assert.equal(await store.getItem('a'), null);
});

test('a reader that leaves ends the command quietly, as it ends others', async (t) => {
    const directory = await directoryOf(t, 500);
    const child = start('keys', directory, '--documents', '--json');
    child.stdout.once('data', () => child.stdout.destroy());
    const { code, stderr } = await ended(child);
    assert.deepEqual([code, stderr], [141, '']);
    // Nobody else has the store, and it was closed.
    assert.equal((await said('keys', directory)).split('\n').length, 501);
});

test('an interrupt closes the store before the command ends', { skip: process.platform === 'win32' }, async (t) => {
    const directory = await directoryOf(t, 100);
    const module = path.join(temporaryDirectory(t), 'view.cjs');
    // Long enough for many turns of the event loop, in one of which the signal is heard.
    const map = `map(document, emit) {
        process.kill(process.pid, signal);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
        signal = 0;
    }`;
    for (const [signal, expected] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
    ]) {
        fs.writeFileSync(module, `let signal = '${signal}'; module.exports = { view: { ${map} } };`);
        const { code, stdout, stderr } = await command('view', directory, '--module', module);
        assert.deepEqual([code, stdout, stderr], [expected, '', '']);
        const journal = path.join(directory, '.datastore', 'journal');
        const last = fs.readdirSync(journal).sort().at(-1);
        assert.match(fs.readFileSync(path.join(journal, last), 'utf8'), /"closed":true/);
    }
});

test('an interrupt ends what waits for stdin', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const controller = new AbortController();
    const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
    const running = run(['set', directory, 'key', '-'], streams, controller.signal);
    controller.abort('SIGINT');
    assert.equal(await running, undefined);
    assert.ok(!fs.existsSync(directory));
    assert.equal(streams.stderr.read(), null);
});

test('progress is drawn on a terminal alone, after a while, and is gone in the end', async () => {
    const drawn = [];
    const terminal = { isTTY: true, write: (text) => drawn.push(text) };
    let now = 0;
    const progress = new Progress(terminal, () => now);
    const result = await progress.during('Loading', async (tell) => {
        tell({ done: 10, total: 100 });
        now = 300;
        tell({ done: 50, total: 100 });
        tell({ done: 60, total: 100 });
        now = 400;
        tell({ done: 1_200 });
        return 'done';
    });
    assert.equal(result, 'done');
    assert.deepEqual(drawn, [
        `\r\u001b[KLoading [${'#'.repeat(15)}${'.'.repeat(15)}] 50 % of 100`,
        '\r\u001b[KLoading 1,200',
        '\r\u001b[K',
    ]);
    const quiet = new Progress({ write: assert.fail });
    assert.equal(await quiet.during('Loading', async (tell) => tell), undefined);
});
