'use strict';

/** What is published: names and versions that agree, and the checks of packages, each on what it has to refuse. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const yaml = require('js-yaml');
const { PLATFORMS } = require('../lib/platform.js');
const glibc = require('../scripts/release/glibc.js');
const inspect = require('../scripts/release/inspect.js');
const { compileTypes } = require('../scripts/release/install.js');
const release = require('../scripts/release/stage.js');
const { ROOT, temporaryDirectory } = require('./support.js');

const manifest = require('../package.json');

const WORKFLOW = path.join(ROOT, '.github', 'workflows', 'release.yml');

/** Every file below a folder with its content. */
function contents(folder) {
    return fs
        .readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
        .sort()
        .map((file) => [path.relative(folder, file), fs.readFileSync(file, 'utf8')]);
}

/** The target of each platform, as the napi CLI has written it into the package. */
function targetOf(platform) {
    const text = fs.readFileSync(path.join(ROOT, 'npm', platform, 'README.md'), 'utf8');
    return /\*\*(.+)\*\*/.exec(text)[1];
}

function workflow() {
    return yaml.load(fs.readFileSync(WORKFLOW, 'utf8'));
}

test('the platform packages are what the napi CLI makes of package.json', (t) => {
    const folder = temporaryDirectory(t);
    fs.copyFileSync(path.join(ROOT, 'package.json'), path.join(folder, 'package.json'));
    const cli = path.join(ROOT, 'node_modules', '@napi-rs', 'cli', 'dist', 'cli.js');
    const { status, stderr } = spawnSync(process.execPath, [cli, 'create-npm-dirs'], { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.deepEqual(contents(path.join(ROOT, 'npm')), contents(path.join(folder, 'npm')));
});

test('the loader knows the platforms that have a package, and no other', () => {
    assert.deepEqual(release.platforms(), PLATFORMS);
});

test('every file tells the same version', () => {
    assert.equal(release.versions().size, 3 + PLATFORMS.length);
    assert.deepEqual([...new Set(release.versions().values())], [manifest.version]);
});

test('a clone asks for no platform package, so that its lock file needs nothing unpublished', () => {
    assert.equal(manifest.optionalDependencies, undefined);
    assert.doesNotMatch(fs.readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'), /kixx-datastore-/);
});

test('the workflow builds, tests and uploads every platform and no other', () => {
    const { include } = workflow().jobs.binary.strategy.matrix;
    const built = include.map(({ platform, target }) => [platform, target]).sort();
    assert.deepEqual(
        built,
        PLATFORMS.map((platform) => [platform, targetOf(platform)]),
    );
    assert.deepEqual(include.map(({ target }) => target).sort(), manifest.napi.targets.toSorted());
    for (const { platform, runner, container, alpine } of include) {
        assert.equal(
            /arm/.test(runner) || /^macos-15$/.test(runner),
            platform.includes('arm64'),
            `${platform}: ${runner}`,
        );
        assert.equal(Boolean(container), platform.endsWith('-gnu'), `${platform} is linked with the oldest glibc`);
        assert.equal(Boolean(alpine), platform.endsWith('-musl'), platform);
    }
});

test('the workflow tests what it built with both ends of the supported Node, as strictly as can be', () => {
    const { env, jobs } = workflow();
    assert.ok(manifest.engines.node.startsWith(`^${env.OLDEST_NODE}.`));
    const steps = jobs.binary.steps.filter(({ run }) => run?.includes('release:check'));
    assert.deepEqual(
        steps.map(({ name }) => name),
        ['Test', 'Test with the oldest Node', 'Test in Alpine'],
    );
    for (const { run } of steps) {
        assert.match(run, /npm test -- --built/);
        assert.match(run, /npm run release:check -- --no-build --strict/);
    }
    assert.match(steps[2].run, /for node in "\$NODE" "\$OLDEST_NODE"/);
});

test('the workflow publishes a tag after everything passed, with the right to say where it was built', () => {
    const { jobs, permissions } = workflow();
    assert.deepEqual(jobs.publish.needs, ['suite', 'binary']);
    assert.equal(jobs.publish.permissions['id-token'], 'write');
    assert.deepEqual(permissions, { contents: 'read' });
    const publishing = jobs.publish.steps.filter(({ run }) => run?.includes('release-publish.js'));
    assert.deepEqual(
        publishing.map(({ if: condition, run }) => [condition.includes("== 'tag'"), run.includes('--dry-run')]),
        [
            [false, true],
            [true, false],
        ],
    );
});

test('every command of the workflow is one of this package', () => {
    const text = fs.readFileSync(WORKFLOW, 'utf8');
    for (const [, name] of text.matchAll(/npm run ([\w:]+)/g)) {
        assert.ok(manifest.scripts[name], name);
    }
    for (const [, file] of text.matchAll(/\bnode (\S+\.js)/g)) {
        assert.ok(fs.existsSync(path.join(ROOT, file)), file);
    }
});

const READELF = `
Version needs section '.gnu.version_r' contains 2 entries:
  000000: Version: 1  File: libgcc_s.so.1  Cnt: 1
  0x0010:   Name: GCC_4.2.0  Flags: none  Version: 19
  0x0010: Version: 1  File: libc.so.6  Cnt: 3
  0x0020:   Name: GLIBC_2.2.5  Flags: none  Version: 2
  0x0030:   Name: GLIBC_2.28  Flags: none  Version: 15
  0x0040:   Name: GLIBC_2.9  Flags: none  Version: 7
`;

test('the glibc that a binary needs is the newest one that it names, by number and not by letter', () => {
    assert.equal(glibc.newest(READELF), '2.28');
    assert.equal(glibc.newest('0x0010: Name: GCC_4.2.0'), null);
    assert.ok(glibc.isNewer('2.28', '2.9'));
    assert.ok(glibc.isNewer('2.2.5', '2.2'));
    assert.ok(!glibc.isNewer('2.28', '2.28'));
});

test('a binary that needs a newer glibc than Node, or the wrong C library, is refused', () => {
    for (const [platform, told, fault] of [
        ['linux-x64-gnu', { needs: '2.28' }, null],
        ['linux-x64-gnu', { needs: '2.29' }, /needs glibc 2\.29/],
        ['linux-x64-gnu', { needs: null }, /asks for no glibc/],
        ['linux-x64-gnu', { unknown: 'readelf is missing' }, /missing/],
        ['linux-x64-musl', { needs: null }, null],
        ['linux-x64-musl', { needs: '2.17' }, /is for musl/],
        ['darwin-arm64', { unknown: 'readelf is missing' }, null],
        ['win32-x64-msvc', { unknown: 'readelf is missing' }, null],
    ]) {
        const found = glibc.fault(platform, told);
        assert.ok(fault === null ? found === null : fault.test(found), `${platform}: ${found}`);
    }
});

test('where readelf is missing, or cannot read the file, that is said', (t) => {
    assert.match(glibc.glibcOf('x.node', 'no-such-readelf').unknown, /no-such-readelf.*missing/);
    const file = path.join(temporaryDirectory(t), 'x.node');
    fs.writeFileSync(file, 'damaged');
    assert.ok(glibc.glibcOf(file).unknown);
});

const LICENSED = ['LICENSE', 'NOTICE', 'README.md', 'package.json'];
const MAIN = [
    ...LICENSED,
    'index.d.ts',
    'index.d.mts',
    'index.js',
    'index.mjs',
    'bin/kixx-datastore.js',
    'lib/native.js',
    'lib/key-order.js',
];

test('the main package may have its entries, declarations and lib, and nothing else', () => {
    assert.deepEqual(inspect.mainFiles(MAIN), []);
    for (const stray of ['src/lib.rs', '__test__/errors.test.js', 'kixx-datastore.linux-x64-gnu.node', 'lib/a/b.js']) {
        assert.deepEqual(inspect.mainFiles([...MAIN, stray]), [`${stray} does not belong there`]);
    }
    for (const file of MAIN.slice(0, -1)) {
        assert.deepEqual(inspect.mainFiles(MAIN.filter((name) => name !== file)), [`${file} is missing`]);
    }
});

test('a platform package has its binary and the licenses of what is in it', () => {
    const files = [...LICENSED, 'a.node'];
    assert.deepEqual(inspect.platformFiles(files, { main: 'a.node' }), []);
    assert.deepEqual(inspect.platformFiles([...files, 'b.node'], { main: 'a.node' }), ['b.node does not belong there']);
    assert.deepEqual(inspect.platformFiles(files.slice(1), { main: 'a.node' }), ['LICENSE is missing']);
});

test('a package that runs something at its installation is refused', () => {
    assert.deepEqual(inspect.scripts({ name: 'a', scripts: { test: 'x' } }, []), []);
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
        assert.deepEqual(inspect.scripts({ name: 'a', scripts: { [script]: 'x' } }, []), [
            `a has the script ${script}`,
        ]);
    }
    assert.deepEqual(inspect.scripts({ name: 'a' }, ['binding.gyp']), ['a has a binding.gyp']);
});

test('the main package has to ask for exactly its own version of every platform package, and for nothing else', () => {
    const wanted = { 'x-linux': '1.0.0', 'x-mac': '1.0.0' };
    const told = (more) => inspect.dependencies({ version: '1.0.0', optionalDependencies: wanted, ...more }, wanted);
    assert.deepEqual(told({}), []);
    assert.deepEqual(told({ dependencies: { y: '1.0.0' } }), ['the main package has dependencies']);
    for (const optionalDependencies of [
        undefined,
        { 'x-linux': '1.0.0' },
        { ...wanted, 'x-mac': '^1.0.0' },
        { ...wanted, 'x-mac': '1.0.1' },
        { ...wanted, 'x-sun': '1.0.0' },
    ]) {
        assert.notDeepEqual(told({ optionalDependencies }), [], JSON.stringify(optionalDependencies));
    }
    assert.notDeepEqual(told({ version: '1.0.1' }), []);
});

test('a package of 3 MB is too large', () => {
    assert.deepEqual(inspect.packedSize(2_999_999), []);
    assert.equal(inspect.packedSize(3_000_000).length, 1);
});

test('types are not compiled where there is no TypeScript, and that is told', (t) => {
    const empty = temporaryDirectory(t);
    assert.equal(compileTypes(empty, empty), false);
});

test('what is published are copies that ask for the exact versions and leave out what only a clone needs', (t) => {
    const [binaries, into] = [temporaryDirectory(t), temporaryDirectory(t)];
    for (const platform of PLATFORMS) {
        fs.writeFileSync(path.join(binaries, `kixx-datastore.${platform}.node`), platform);
    }
    const before = contents(path.join(ROOT, 'npm'));
    const folders = release.stage({ into, binaries, repository: 'git+https://example.org/kixx.git' });
    const names = [...PLATFORMS.map((platform) => `kixx-datastore-${platform}`), 'kixx-datastore'];
    assert.deepEqual(
        folders.map((folder) => path.basename(folder)),
        names,
        'the main package is published last',
    );
    const main = release.readManifest(folders.at(-1));
    assert.deepEqual(
        main.optionalDependencies,
        Object.fromEntries(names.slice(0, -1).map((name) => [name, manifest.version])),
    );
    for (const name of ['scripts', 'devDependencies', 'overrides', 'napi']) {
        assert.equal(main[name], undefined, name);
    }
    for (const [index, platform] of PLATFORMS.entries()) {
        const { os, cpu, libc, name, main: binary, repository } = release.readManifest(folders[index]);
        assert.equal(name, `kixx-datastore-${platform}`);
        assert.equal(fs.readFileSync(path.join(folders[index], binary), 'utf8'), platform);
        assert.deepEqual([os, cpu], [[platform.split('-')[0]], [platform.split('-')[1]]]);
        assert.deepEqual(libc, { gnu: ['glibc'], musl: ['musl'] }[platform.split('-')[2]]);
        assert.deepEqual(repository, { type: 'git', url: 'git+https://example.org/kixx.git' });
    }
    assert.deepEqual(contents(path.join(ROOT, 'npm')), before);
});
