'use strict';

/** The commands that check and publish a release, run as a whole on the addon that is there. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { PLATFORMS, binariesOf, thisHost } = require('../lib/platform.js');
const { ROOT, temporaryDirectory } = require('./support.js');

const { version: VERSION } = require('../package.json');

const [PLATFORM] = binariesOf(thisHost());
const UNPUBLISHED = !PLATFORMS.includes(PLATFORM) && `no package is published for ${PLATFORM}`;
const SHELL = process.platform === 'win32' && 'a shell script stands in for readelf';

function run(script, args, env = {}) {
    return spawnSync(process.execPath, [path.join(ROOT, 'scripts', script), ...args], {
        encoding: 'utf8',
        env: { ...process.env, ...env },
        timeout: 120_000,
    });
}

function manifests() {
    const files = ['package.json', 'package-lock.json', ...PLATFORMS.map((name) => `npm/${name}/package.json`)];
    return files.map((file) => fs.readFileSync(path.join(ROOT, file), 'utf8'));
}

test('what is packed here can be installed offline without scripts and used', { skip: UNPUBLISHED }, () => {
    const before = manifests();
    const { status, stdout, stderr } = run('release-check.js', ['--no-build']);
    assert.equal(status, 0, stdout + stderr);
    const binary = path.join('node_modules', `kixx-datastore-${PLATFORM}`, `kixx-datastore.${PLATFORM}.node`);
    for (const line of [
        'ok    scripts: none runs at an installation',
        `ok    dependencies: 8 platform packages, each exactly ${VERSION}, and no other`,
        `ok    installation: kixx-datastore, kixx-datastore-${PLATFORM}; offline, without scripts, in an empty folder`,
        `ok    require: set, get, view, close, reopen with ${binary}`,
        `ok    import: set, get, view, close, reopen with ${binary}`,
        'ok    types: import and require compile',
        'All checks passed.',
    ]) {
        assert.ok(stdout.includes(`${line}\n`), `${line} is missing in:\n${stdout}`);
    }
    assert.match(stdout, /^(ok|note) {2,4}glibc: /m);
    assert.deepEqual(manifests(), before, 'the working tree was changed');
});

test('a binary that does not load is found, and so is one that cannot be judged', { skip: UNPUBLISHED }, (t) => {
    const binaries = temporaryDirectory(t);
    fs.writeFileSync(path.join(binaries, `kixx-datastore.${PLATFORM}.node`), 'damaged');
    const { status, stdout, stderr } = run('release-check.js', ['--no-build', '--strict', '--binaries', binaries]);
    assert.equal(status, 1);
    for (const name of ['require', 'import', ...(process.platform === 'linux' ? ['glibc'] : [])]) {
        assert.match(stdout, new RegExp(`^FAIL {2}${name}: `, 'm'));
    }
    assert.match(stdout, /NATIVE_LOAD/);
    assert.match(stderr, /Not fit to be published: /);
    assert.match(stdout, /^ok {4}types: /m, 'what does not depend on it is checked all the same');
});

test('an addon that is not there is told with what to run', { skip: UNPUBLISHED }, (t) => {
    const { status, stderr } = run('release-check.js', ['--no-build', '--binaries', temporaryDirectory(t)]);
    assert.equal(status, 1);
    assert.match(stderr, /npm run build/);
});

for (const script of ['release-check.js', 'release-publish.js']) {
    test(`${script} refuses an option that it does not know`, () => {
        const { status, stderr } = run(script, ['--no-such-option']);
        assert.equal(status, 1);
        assert.match(stderr, /--no-such-option/);
        assert.doesNotMatch(stderr, /at .*\.js:\d+/);
    });
}

/** An npm that packs, and for the rest notes what it was told; `published` are the packages that it finds. */
const NPM = `
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const [command, ...args] = process.argv.slice(2);
const { KIXX_LOG, KIXX_NPM, KIXX_PUBLISHED, KIXX_VIEW_FAILURE } = process.env;
if (command === 'pack') {
    const [program, before] = JSON.parse(KIXX_NPM);
    process.exitCode = spawnSync(program, [...before, command, ...args], { stdio: 'inherit' }).status;
} else if (command === 'view') {
    if (KIXX_PUBLISHED.split(' ').includes(args[0])) {
        console.log(args[0]);
    } else {
        console.error('npm error code ' + KIXX_VIEW_FAILURE);
        process.exitCode = 1;
    }
} else {
    fs.appendFileSync(KIXX_LOG, JSON.stringify([command, ...args]) + '\\n');
}
`;

/** Publishes with an npm and a readelf that stand in for the real ones. */
function publish(t, args, { glibc = '2.17', published = [], viewFailure = 'E404', without } = {}) {
    const folder = temporaryDirectory(t);
    const [npm, log, binaries] = ['npm-cli.js', 'log', 'binaries'].map((name) => path.join(folder, name));
    const own = process.env.npm_execpath;
    fs.writeFileSync(npm, NPM);
    fs.writeFileSync(log, '');
    fs.mkdirSync(binaries);
    for (const platform of PLATFORMS.filter((name) => name !== without)) {
        fs.writeFileSync(path.join(binaries, `kixx-datastore.${platform}.node`), platform);
    }
    const readelf = `#!/bin/sh\ncase "$*" in *musl*) ;; *) echo "Name: GLIBC_${glibc}" ;; esac\n`;
    fs.writeFileSync(path.join(folder, 'readelf'), readelf, { mode: 0o755 });
    const ended = run('release-publish.js', ['--binaries', binaries, ...args], {
        PATH: `${folder}:${process.env.PATH}`,
        npm_execpath: npm,
        KIXX_LOG: log,
        KIXX_NPM: JSON.stringify(own ? [process.execPath, [own]] : ['npm', []]),
        KIXX_PUBLISHED: published.join(' '),
        KIXX_VIEW_FAILURE: viewFailure,
    });
    const calls = fs
        .readFileSync(log, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    return { ...ended, calls };
}

/** The package whose packed file was published. */
function packageOf([command, file]) {
    assert.equal(command, 'publish');
    return path.basename(file).replace(`-${VERSION}.tgz`, '');
}

const NAMES = [...PLATFORMS.map((platform) => `kixx-datastore-${platform}`), 'kixx-datastore'];

test('a release publishes all platforms with their provenance, and then the main package', { skip: SHELL }, (t) => {
    const { status, stderr, calls } = publish(t, [
        '--tag',
        `v${VERSION}`,
        '--repository',
        'git+https://example.org/a.git',
    ]);
    assert.equal(status, 0, stderr);
    assert.deepEqual(calls.map(packageOf), NAMES);
    for (const call of calls) {
        assert.ok(call.includes('--provenance') && call.includes('--ignore-scripts'), call.join(' '));
    }
});

test('a release that was cut short goes on where it was', { skip: SHELL }, (t) => {
    const published = NAMES.slice(0, 3).map((name) => `${name}@${VERSION}`);
    const { status, stdout, stderr, calls } = publish(t, [], { published });
    assert.equal(status, 0, stderr);
    assert.deepEqual(calls.map(packageOf), NAMES.slice(3));
    assert.match(stdout, /is published already/);
});

test('a rehearsal publishes nothing', { skip: SHELL }, (t) => {
    const { status, stderr, calls } = publish(t, ['--dry-run']);
    assert.equal(status, 0, stderr);
    assert.equal(calls.length, NAMES.length);
    assert.ok(calls.every((call) => call.includes('--dry-run')));
});

test('nothing is published of what is not fit to be', { skip: SHELL }, (t) => {
    for (const [args, how, said] of [
        [['--tag', 'v9.9.9'], {}, /the tag: v9\.9\.9/],
        [[], { without: 'linux-arm64-musl' }, /kixx-datastore\.linux-arm64-musl\.node is missing/],
        [[], { glibc: '2.34' }, /linux-x64-gnu\.node: needs glibc 2\.34/],
        [[], { viewFailure: 'ENOTFOUND' }, /ENOTFOUND/],
    ]) {
        const { status, stderr, calls } = publish(t, args, how);
        assert.equal(status, 1, said);
        assert.match(stderr, said);
        assert.deepEqual(calls, []);
    }
});
