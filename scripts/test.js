'use strict';

/**
 * The whole suite: formatters, linters, types, Rust, JavaScript. Sets the clone up first.
 *
 * With arguments, only the JavaScript test files whose path holds one of them: `npm test -- query lifecycle`. With
 * `--built`, the JavaScript tests alone on the addon that is there, where there may be no Rust.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, buildAddon, checkNode, checkRust, giveUp, installDependencies } = require('./setup.js');

const TESTS = path.join(ROOT, '__test__');
const BUILT = '--built';

function inModules(...parts) {
    return path.join(ROOT, 'node_modules', ...parts);
}

function testFiles(only) {
    return fs
        .readdirSync(TESTS, { recursive: true })
        .filter((name) => name.endsWith('.test.js'))
        .map((name) => path.join('__test__', name))
        .filter((name) => only.length === 0 || only.some((part) => name.includes(part)))
        .sort();
}

function checkComponents() {
    for (const [component, args] of [
        ['rustfmt', ['fmt', '--version']],
        ['clippy', ['clippy', '--version']],
    ]) {
        const asked = spawnSync('cargo', args, { cwd: ROOT });
        if (asked.status !== 0) {
            giveUp(`The Rust component ${component} is missing. Run: rustup component add ${component}`);
        }
    }
}

const node = process.execPath;

const STEPS = [
    ['Rust format', 'cargo', ['fmt', '--check']],
    ['Rust lints', 'cargo', ['clippy', '--locked', '--all-targets', '--quiet', '--', '-D', 'warnings']],
    ['Rust tests', 'cargo', ['test', '--locked', '--quiet']],
    [
        'Rust docs',
        'cargo',
        ['doc', '--locked', '--no-deps', '--document-private-items', '--quiet'],
        { RUSTDOCFLAGS: '-D warnings' },
    ],
    ['JavaScript format and lints', node, [inModules('@biomejs', 'biome', 'bin', 'biome'), 'ci', '.']],
    ['Types', node, [inModules('typescript', 'bin', 'tsc'), '-p', '__test__/types/tsconfig.json']],
];

function javaScript(only) {
    return ['JavaScript tests', node, ['--test', '--test-concurrency=2', ...testFiles(only)]];
}

/** Runs a step; tells whether it passed. */
function passes([name, command, args, env = {}]) {
    process.stdout.write(`\n--- ${name}\n`);
    const started = performance.now();
    const ended = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const passed = ended.status === 0;
    process.stdout.write(`--- ${name}: ${passed ? 'passed' : 'FAILED'} in ${seconds} s\n`);
    return passed;
}

function prepare(isBuilt) {
    checkNode();
    if (!isBuilt) {
        checkRust();
        checkComponents();
    }
    installDependencies();
    if (!isBuilt) {
        buildAddon();
    }
}

function main(args) {
    const only = args.filter((argument) => argument !== BUILT);
    const isBuilt = only.length < args.length;
    prepare(isBuilt);
    const steps = isBuilt || only.length > 0 ? [javaScript(only)] : [...STEPS, javaScript(only)];
    const failed = steps.filter((step) => !passes(step)).map(([name]) => name);
    if (failed.length > 0) {
        giveUp(`Failed: ${failed.join(', ')}.`);
    }
    process.stdout.write(`\nAll ${steps.length} steps passed.\n`);
}

main(process.argv.slice(2));
