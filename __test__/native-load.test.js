'use strict';

/** Finding the compiled engine: from which place, for which platform, and what an install that went wrong is told. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { loadBinary } = require('../lib/binary.js');
const platform = require('../lib/platform.js');
const { FLOOR } = require('../scripts/release/glibc.js');
const { ROOT, temporaryDirectory } = require('./support.js');

const { version: VERSION } = require('../package.json');

const GLIBC = { platform: 'linux', arch: 'x64', libc: 'glibc' };
const MUSL = { ...GLIBC, libc: 'musl' };
const MAC = { platform: 'darwin', arch: 'arm64', libc: null };

/** An empty installation of the package; the folder where npm puts it. */
function installation(t) {
    const root = path.join(fs.realpathSync(temporaryDirectory(t)), 'node_modules', 'kixx-datastore');
    fs.mkdirSync(root, { recursive: true });
    fs.writeFileSync(path.join(root, 'package.json'), JSON.stringify({ name: 'kixx-datastore', version: VERSION }));
    return root;
}

/** Puts a platform package beside the package; by default its binary tells its name. */
function install(root, binary, { version = VERSION, content, main = 'binary.js' } = {}) {
    const folder = path.join(path.dirname(root), `kixx-datastore-${binary}`);
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ version, main }));
    fs.writeFileSync(path.join(folder, main), content ?? `exports.binary = ${JSON.stringify(binary)};`);
    return folder;
}

function refused(root, host) {
    try {
        loadBinary(root, host);
    } catch (error) {
        assert.equal(error.name, 'DatastoreError');
        assert.equal(error.code, 'NATIVE_LOAD');
        assert.deepEqual({ platform: error.platform, arch: error.arch, libc: error.libc }, host);
        for (const named of [host.platform, host.arch, host.libc ?? '', process.version]) {
            assert.ok(error.message.includes(named), `${named} is missing in: ${error.message}`);
        }
        for (const { path: place, reason } of error.tried) {
            assert.ok(error.message.includes(`${place}: ${reason}`), error.message);
        }
        return error;
    }
    return assert.fail('it was loaded');
}

for (const [host, binary] of [
    [GLIBC, 'linux-x64-gnu'],
    [MUSL, 'linux-x64-musl'],
    [{ ...GLIBC, arch: 'arm64' }, 'linux-arm64-gnu'],
    [{ ...MUSL, arch: 'arm64' }, 'linux-arm64-musl'],
    [MAC, 'darwin-arm64'],
    [{ ...MAC, arch: 'x64' }, 'darwin-x64'],
    [{ platform: 'win32', arch: 'x64', libc: null }, 'win32-x64-msvc'],
    [{ platform: 'win32', arch: 'arm64', libc: null }, 'win32-arm64-msvc'],
]) {
    test(`${Object.values(host).filter(Boolean).join(' ')} takes ${binary}, and no other that is installed`, (t) => {
        const root = installation(t);
        for (const name of platform.PLATFORMS) {
            install(root, name);
        }
        assert.deepEqual(loadBinary(root, host), { binary });
    });
}

test('where the C library is unknown, the one that loads is taken', (t) => {
    const root = installation(t);
    install(root, 'linux-x64-gnu', { main: 'binary.node', content: 'not made for here' });
    install(root, 'linux-x64-musl');
    assert.deepEqual(loadBinary(root, { ...GLIBC, libc: 'unknown' }), { binary: 'linux-x64-musl' });
});

test('what a clone has built goes before what is installed', (t) => {
    const root = installation(t);
    install(root, 'linux-x64-gnu');
    const [binary] = platform.binariesOf(platform.thisHost());
    fs.copyFileSync(
        path.join(ROOT, `kixx-datastore.${binary}.node`),
        path.join(root, 'kixx-datastore.linux-x64-gnu.node'),
    );
    assert.equal(typeof loadBinary(root, GLIBC).open, 'function');
});

test('a missing package is named with every folder where it was looked for, and with what npm does', (t) => {
    const root = installation(t);
    const error = refused(root, GLIBC);
    const [build, installed] = error.tried;
    assert.deepEqual(build, { path: path.join(root, 'kixx-datastore.linux-x64-gnu.node'), reason: 'no such file' });
    assert.equal(installed.path, 'kixx-datastore-linux-x64-gnu');
    assert.ok(installed.reason.includes(path.dirname(root)), installed.reason);
    assert.equal(error.tried.length, 2);
    assert.equal(error.cause.code, 'MODULE_NOT_FOUND');
    assert.match(error.message, /optional dependencies.*npm install/s);
});

test('the package of another platform is named where that is what is installed', (t) => {
    const root = installation(t);
    install(root, 'darwin-arm64');
    assert.match(refused(root, MUSL).message, /There is kixx-datastore-darwin-arm64: .*another platform.*npm install/);
});

test('a damaged binary is told with what the system says of it', (t) => {
    const root = installation(t);
    const folder = install(root, 'linux-x64-gnu', { main: 'binary.node', content: 'damaged' });
    const error = refused(root, GLIBC);
    assert.equal(error.cause.code, 'ERR_DLOPEN_FAILED');
    assert.ok(error.cause.message.includes(folder) || process.platform === 'win32', error.cause.message);
    assert.equal(error.tried[1].reason, error.cause.message.split('\n', 1)[0]);
    assert.match(error.message, /damaged, or made for another system.*npm install/);
    assert.ok(error.message.includes(`glibc ${FLOOR} or newer`));
});

test('the cause is the binary that fails and not the place where there is none', (t) => {
    const root = installation(t);
    fs.writeFileSync(path.join(root, 'kixx-datastore.linux-x64-gnu.node'), 'damaged');
    assert.equal(refused(root, GLIBC).cause.code, 'ERR_DLOPEN_FAILED');
});

test('a platform package of another version is refused, and both versions are named', (t) => {
    const root = installation(t);
    const folder = install(root, 'linux-x64-gnu', { version: '0.0.9' });
    const error = refused(root, GLIBC);
    assert.equal(error.tried[1].reason, `${folder} is version 0.0.9, but kixx-datastore is ${VERSION}`);
    assert.match(error.message, /must have one version.*npm install/);
});

test('a platform package without its binary is told', (t) => {
    const root = installation(t);
    const folder = install(root, 'linux-x64-gnu');
    fs.rmSync(path.join(folder, 'binary.js'));
    const { cause, tried } = refused(root, GLIBC);
    assert.equal(cause.code, 'MODULE_NOT_FOUND');
    assert.ok(tried[1].reason.includes(path.join(folder, 'binary.js')), tried[1].reason);
});

test('a platform without a binary is told which ones have one', (t) => {
    const error = refused(installation(t), { platform: 'aix', arch: 'ppc64', libc: null });
    assert.deepEqual(
        error.tried.map(({ path: place }) => path.basename(place)),
        ['kixx-datastore.aix-ppc64.node'],
    );
    for (const name of platform.PLATFORMS) {
        assert.ok(error.message.includes(name), name);
    }
});

test('a clone that was not built is told how to', (t) => {
    const root = installation(t);
    fs.writeFileSync(path.join(root, 'Cargo.toml'), '');
    assert.match(refused(root, GLIBC).message, /npm run build/);
});

test('require and import of a package without its binary fail with the typed error', (t) => {
    const root = installation(t);
    for (const name of ['index.js', 'index.mjs', 'package.json', 'lib']) {
        fs.cpSync(path.join(ROOT, name), path.join(root, name), { recursive: true });
    }
    const project = path.join(root, '..', '..');
    for (const [file, source] of [
        ['required.cjs', "require('kixx-datastore');"],
        ['imported.mjs', "import 'kixx-datastore';"],
    ]) {
        fs.writeFileSync(path.join(project, file), source);
        const { status, stderr } = spawnSync(process.execPath, [file], { cwd: project, encoding: 'utf8' });
        assert.equal(status, 1);
        assert.match(stderr, /^DatastoreError: kixx-datastore found no engine that runs here/m, file);
        assert.match(stderr, /code: 'NATIVE_LOAD'/, file);
    }
});

test('this host has a binary, and its C library is the one that Node reports', () => {
    const host = platform.thisHost();
    assert.deepEqual([host.platform, host.arch], [process.platform, process.arch]);
    assert.equal(host.libc, process.platform === 'linux' ? platform.libcOfReport(process.report.getReport()) : null);
    const [binary] = platform.binariesOf(host);
    assert.ok(fs.existsSync(path.join(ROOT, `kixx-datastore.${binary}.node`)), binary);
});

test('the C library is told by the loader that a program asks for', () => {
    for (const [interpreter, libc] of [
        ['/lib64/ld-linux-x86-64.so.2', 'glibc'],
        ['/lib/ld-linux-aarch64.so.1', 'glibc'],
        ['/nix/store/abc-glibc-2.40/lib/ld-linux-x86-64.so.2', 'glibc'],
        ['/lib/ld-musl-x86_64.so.1', 'musl'],
        ['/nix/store/abc-musl-1.2.5/lib/ld-musl-aarch64.so.1', 'musl'],
        ['/system/bin/linker64', null],
        [null, null],
    ]) {
        assert.equal(platform.libcOfInterpreter(interpreter), libc, interpreter);
    }
});

test('a report tells the C library, or that it is unknown', () => {
    assert.equal(platform.libcOfReport({ header: { glibcVersionRuntime: '2.36' } }), 'glibc');
    assert.equal(platform.libcOfReport({ header: {}, sharedObjects: ['/lib/ld-musl-x86_64.so.1'] }), 'musl');
    assert.equal(platform.libcOfReport({ header: {}, sharedObjects: ['/usr/lib/libc.musl-aarch64.so.1'] }), 'musl');
    assert.equal(platform.libcOfReport({ header: {}, sharedObjects: ['/lib/libc.so.6'] }), null);
    assert.equal(platform.libcOfReport({}), null);
});

/** An ELF file as small as can be: its head, a segment that is none, and one that names the interpreter. */
function program(interpreter, { bits = 2, order = 1 } = {}) {
    const bytes = Buffer.alloc(64 + 2 * 56 + 100);
    bytes.set([0x7f, 0x45, 0x4c, 0x46, bits, order]);
    bytes.writeBigUInt64LE(64n, 32);
    bytes.writeUInt16LE(56, 54);
    bytes.writeUInt16LE(2, 56);
    const second = 64 + 56;
    bytes.writeUInt32LE(1, 64);
    bytes.writeUInt32LE(3, second);
    bytes.writeBigUInt64LE(BigInt(second + 56), second + 8);
    bytes.writeBigUInt64LE(BigInt(interpreter.length + 1), second + 32);
    bytes.write(interpreter, second + 56, 'latin1');
    return bytes;
}

function interpreterIn(bytes) {
    return platform.interpreterOf((position, length) => bytes.subarray(position, position + length));
}

test('an ELF file tells its interpreter; any other file, and half a one, tells none', () => {
    const musl = '/lib/ld-musl-x86_64.so.1';
    const bytes = program(musl);
    assert.equal(interpreterIn(bytes), musl);
    assert.equal(interpreterIn(program(musl, { bits: 1 })), null);
    assert.equal(interpreterIn(program(musl, { order: 2 })), null);
    assert.equal(interpreterIn(Buffer.from('#!/bin/sh\n'.repeat(20))), null);
    for (let length = 0; length < 64 + 2 * 56; length += 1) {
        assert.equal(interpreterIn(bytes.subarray(0, length)), null, `cut after ${length} bytes`);
    }
});

test('a program that cannot be read tells no interpreter', (t) => {
    assert.equal(platform.interpreterOfFile(path.join(temporaryDirectory(t), 'nothing')), null);
});

const READELF = process.platform === 'linux' && spawnSync('readelf', ['--version']).status === 0;

test('the interpreter of Node is the one that readelf tells', { skip: !READELF && 'readelf is missing' }, () => {
    const { stdout } = spawnSync('readelf', ['-l', process.execPath], { encoding: 'utf8' });
    const [, told] = /program interpreter: (.*)\]/.exec(stdout);
    assert.equal(platform.interpreterOfFile(process.execPath), told);
});
