'use strict';

/**
 * The packages that some stores are, and those that draw the charts: dependencies of this folder alone, installed by the
 * first run that needs one of them. A store whose package cannot be installed or loaded is left out, with a line that
 * says why.
 */

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const STAMP = path.join(__dirname, 'node_modules', '.lock-digest');

/** The one that brings no binary and has to fetch or build it. */
const BUILT = 'better-sqlite3';

/** Characters of a reason that are told. */
const MOST_WORDS = 200;

/**
 * Installs what is missing.
 *
 * @param {object[]} stores adapters
 * @returns {{ stores: object[], absent: string[] }} those that can be measured, and sentences about the others
 */
function installed(stores) {
    const failure = stores.some((store) => store.package !== undefined) ? install() : null;
    const checked = loadable(stores, failure);
    process.stderr.write(checked.absent.map((line) => `${line}\n`).join(''));
    return checked;
}

/** Divides stores as `installed` does, without installing; a `failure` is everybody's. */
function loadable(stores, failure = null) {
    const absent = new Map();
    for (const store of stores) {
        const reason = store.package === undefined ? store.obstacle?.() : (failure ?? reasonNotToLoad(store.package));
        if (reason) {
            absent.set(store, `${store.name} was left out: ${reason}`);
        }
    }
    return { stores: stores.filter((store) => !absent.has(store)), absent: [...absent.values()] };
}

/** Installs the lock file's packages unless exactly these are there; what went wrong, or `null`. */
function install() {
    const lock = fs.readFileSync(path.join(__dirname, 'package-lock.json'));
    const digest = createHash('sha256').update(lock).digest('hex');
    if (fs.existsSync(STAMP) && fs.readFileSync(STAMP, 'utf8') === digest) {
        return null;
    }
    process.stderr.write('installing what bench/ depends on\n');
    // Without scripts: all but one bring their binaries, and one that fails to build is no reason to miss the others.
    const ended = npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
    if (ended !== null) {
        return `npm ci in bench/ failed: ${ended}`;
    }
    build();
    fs.writeFileSync(STAMP, digest);
    return null;
}

/** By the package's own means first (a download, else a compiler), then with the headers that came with this Node. */
function build() {
    const rebuild = ['rebuild', BUILT, '--ignore-scripts=false', '--loglevel=error'];
    const prefix = path.dirname(path.dirname(process.execPath));
    const hasHeaders = fs.existsSync(path.join(prefix, 'include', 'node', 'node_api.h'));
    let failure = npm(rebuild);
    if (failure !== null && hasHeaders) {
        failure = npm(rebuild, { npm_config_nodedir: prefix });
    }
    if (failure !== null) {
        process.stderr.write(`${BUILT} could not be built: ${failure}\n`);
    }
}

/** Runs npm in this folder; its last words where it failed, or `null`. */
function npm(args, env = {}) {
    const own = process.env.npm_execpath;
    const options = { cwd: __dirname, encoding: 'utf8', env: { ...process.env, ...env } };
    const ended =
        own && /npm-cli\.c?js$/.test(own)
            ? spawnSync(process.execPath, [own, ...args], options)
            : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
    if (ended.status === 0) {
        return null;
    }
    return ended.error?.message ?? firstWords(ended.stderr);
}

/** Why a package cannot be loaded, or `null`; tried in a process of its own, so that nothing of it stays here. */
function reasonNotToLoad(name) {
    // Some load their binary only when they are used.
    const script = `const loaded = require(${JSON.stringify(name)}); if (${name === BUILT}) new loaded(':memory:')`;
    const { status, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: __dirname, encoding: 'utf8' });
    return status === 0 ? null : firstWords(stderr.slice(stderr.indexOf('Error:')));
}

/** The beginning of what a program complained about, in one line. */
function firstWords(text) {
    return text.replaceAll('npm error', '').replace(/\s+/g, ' ').trim().slice(0, MOST_WORDS);
}

module.exports = { install, installed, loadable };
