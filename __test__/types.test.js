'use strict';

/** The declarations: what they say with each compiler, and how they are found in the package as it is published. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, test } = require('node:test');
const ts = require('typescript');
const { project } = require('./pages.js');
const { ROOT, temporaryDirectory } = require('./support.js');

const MODULES = path.join(ROOT, 'node_modules');
const IMPORTERS = path.join(__dirname, 'types', 'importers');

/** The oldest that is supported, the one that the project is written with, and the newest. */
const COMPILERS = ['typescript-oldest', 'typescript', 'typescript-newest'];

/** Compiler options, and which importers they are for. */
const RESOLUTIONS = {
    node16: [{ module: 'node16', moduleResolution: 'node16' }, ['esm.mts', 'cjs.cts']],
    nodenext: [{ module: 'nodenext', moduleResolution: 'nodenext' }, ['esm.mts', 'cjs.cts']],
    bundler: [{ module: 'esnext', moduleResolution: 'bundler' }, ['bundled.ts']],
};

function run(script, args, cwd = ROOT) {
    const ended = spawnSync(process.execPath, [script, ...args], { cwd, encoding: 'utf8', timeout: 120_000 });
    return { status: ended.status, told: `${ended.stdout}${ended.stderr}` };
}

/** Runs a tool that says nothing of importance where all is well. */
function passes(script, args, cwd) {
    const { status, told } = run(path.join(MODULES, script), args, cwd);
    assert.equal(status, 0, told);
}

function compile(compiler, args, cwd) {
    passes(path.join(compiler, 'bin', 'tsc'), args, cwd);
}

/** The package as npm would publish it: a tarball in a folder. */
function pack(folder) {
    const args = ['pack', '--offline', '--ignore-scripts', '--json', '--pack-destination', folder];
    const own = process.env.npm_execpath;
    const [command, first] = /npm-cli\.c?js$/.test(own ?? '') ? [process.execPath, [own]] : ['npm', []];
    const shell = command === 'npm' && process.platform === 'win32';
    const ended = spawnSync(command, [...first, ...args], { cwd: ROOT, encoding: 'utf8', shell });
    assert.equal(ended.status, 0, ended.stderr);
    const [tarball] = fs.readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    return path.join(folder, tarball);
}

/** A project in which the packed package is installed, and the types of Node. */
function packedProject(t) {
    const folder = temporaryDirectory(t);
    const installed = path.join(folder, 'node_modules', 'kixx-datastore');
    fs.mkdirSync(installed, { recursive: true });
    const { status, stderr } = spawnSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1']);
    assert.equal(status, 0, String(stderr));
    for (const name of ['@types', 'undici-types']) {
        fs.symlinkSync(path.join(MODULES, name), path.join(folder, 'node_modules', name), 'junction');
    }
    fs.cpSync(IMPORTERS, folder, { recursive: true });
    return folder;
}

for (const compiler of COMPILERS) {
    const { version } = require(`${compiler}/package.json`);
    test(`the assertions on types hold with TypeScript ${version}`, () => {
        compile(compiler, ['-p', path.join('__test__', 'types', 'tsconfig.json')]);
    });
}

const packed = fs.mkdtempSync(path.join(os.tmpdir(), 'kixx-test-'));
let tarball;
before(() => {
    tarball = pack(packed);
});
after(() => fs.rmSync(packed, { recursive: true, force: true }));

for (const [name, [options, files]] of Object.entries(RESOLUTIONS)) {
    test(`importers find the declarations of the packed package with moduleResolution ${name}`, (t) => {
        const folder = packedProject(t);
        const checks = { ...options, target: 'es2022', strict: true, noEmit: true, types: ['node'] };
        // The assertions check the declarations themselves; where one is not found here, what should not compile does.
        const compilerOptions = { ...checks, lib: ['es2022', 'esnext.disposable'], skipLibCheck: true };
        fs.writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
        for (const compiler of COMPILERS) {
            compile(compiler, ['-p', 'tsconfig.json'], folder);
        }
    });
}

test('what importers compile to finds the same names when it runs', (t) => {
    const folder = project(t);
    for (const [file, module] of [
        ['esm.mts', ts.ModuleKind.ESNext],
        ['cjs.cts', ts.ModuleKind.CommonJS],
    ]) {
        const source = fs.readFileSync(path.join(IMPORTERS, file), 'utf8');
        const { outputText } = ts.transpileModule(source, {
            compilerOptions: { module, target: ts.ScriptTarget.ES2022 },
        });
        const compiled = path.join(folder, file.replace('ts', 'js'));
        fs.writeFileSync(compiled, outputText);
        const { status, told } = run(compiled, [], folder);
        assert.equal(status, 0, told);
    }
});

test('publint finds nothing in the packed package', () => {
    passes(path.join('publint', 'src', 'cli.js'), ['run', tarball, '--strict']);
});

test('attw finds nothing in the packed package', () => {
    passes(path.join('@arethetypeswrong', 'cli', 'dist', 'index.js'), [tarball, '--no-emoji', '--no-color']);
});
