'use strict';

/**
 * Sets up a clone: what `npm run quickstart`, `npm test` and `npm run build` do first.
 *
 * Needs nothing but Node's own modules, because in a fresh clone there is nothing else. Every step is skipped where
 * its work is already done, and says plainly what is missing where it cannot be done.
 */

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const ROOT = path.join(__dirname, '..');
const MINIMUM_RUST = [1, 88];
const STAMP = path.join(ROOT, 'node_modules', '.kixx-lock-digest');

/** Ends the process with a sentence that says what to do. */
function giveUp(message) {
    process.stderr.write(`\n${message}\n`);
    process.exit(1);
}

/** Reads a script's own arguments; gives up at one that it does not know. */
function readOptions(options) {
    try {
        return parseArgs({ options }).values;
    } catch (error) {
        return giveUp(error.message);
    }
}

/** Runs a program in the clone; gives up where it fails. */
function run(command, args, options = {}) {
    const ended = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit', ...options });
    if (ended.error) {
        giveUp(`${command} could not be started: ${ended.error.message}`);
    }
    if (ended.status !== 0) {
        giveUp(`${[command, ...args].join(' ')} failed (${ended.signal ?? `exit code ${ended.status}`}).`);
    }
}

/** How npm is started, which on Windows is a script and not a program: `[command, args, options]`. */
function npmCommand(args) {
    const own = process.env.npm_execpath;
    if (own && /npm-cli\.c?js$/.test(own)) {
        return [process.execPath, [own, ...args], {}];
    }
    return ['npm', args, { shell: process.platform === 'win32' }];
}

function checkNode() {
    const [major, minor] = process.versions.node.split('.').map(Number);
    const isSupported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22;
    if (!isSupported) {
        giveUp(`This needs Node 20.19 or 22.12 and newer; this is Node ${process.versions.node}.`);
    }
}

function checkRust() {
    const asked = spawnSync('cargo', ['--version'], { cwd: ROOT, encoding: 'utf8' });
    const wanted = MINIMUM_RUST.join('.');
    if (asked.error || asked.status !== 0) {
        giveUp(
            `Rust is missing: 'cargo' was not found, and a clone builds its native half itself.\n` +
                `Install Rust ${wanted} or newer with rustup (https://rustup.rs), open a new terminal, and try again.\n` +
                'Using the published package needs no Rust.',
        );
    }
    const [major, minor] = /(\d+)\.(\d+)/.exec(asked.stdout).slice(1).map(Number);
    if (major < MINIMUM_RUST[0] || (major === MINIMUM_RUST[0] && minor < MINIMUM_RUST[1])) {
        giveUp(`This needs Rust ${wanted} or newer; here is ${asked.stdout.trim()}. Run: rustup update`);
    }
}

function digestOfLock() {
    return createHash('sha256')
        .update(fs.readFileSync(path.join(ROOT, 'package-lock.json')))
        .digest('hex');
}

/** Whether exactly the development dependencies of the lock file were installed here. */
function hasDependencies() {
    return fs.existsSync(STAMP) && fs.readFileSync(STAMP, 'utf8') === digestOfLock();
}

/** Installs the development dependencies of the lock file, unless they are there. */
function installDependencies() {
    if (!hasDependencies()) {
        run(...npmCommand(['ci', '--no-audit', '--no-fund', '--loglevel=error']));
        fs.writeFileSync(STAMP, digestOfLock());
    }
}

/**
 * Builds the addon for release; cargo sees by itself whether anything changed.
 *
 * @param {string[]} [more] arguments for the napi CLI, such as `--target` and a target's name
 */
function buildAddon(more = []) {
    const cli = path.join(ROOT, 'node_modules', '@napi-rs', 'cli', 'dist', 'cli.js');
    const args = ['build', '--platform', '--release', '--no-js', '--dts', 'target/binding.d.ts', ...more];
    const lock = fs.existsSync(path.join(ROOT, 'Cargo.lock')) ? ['--', '--locked'] : [];
    run(process.execPath, [cli, ...args, ...lock]);
}

module.exports = {
    ROOT,
    buildAddon,
    checkNode,
    checkRust,
    giveUp,
    hasDependencies,
    installDependencies,
    npmCommand,
    readOptions,
    run,
};
