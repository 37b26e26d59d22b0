'use strict';

/** An empty project into which packed packages are installed, and what is done with them there. */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT } = require('../setup.js');
const { npm } = require('./npm.js');
const { readManifest } = require('./stage.js');

const CONSUMER = path.join(__dirname, 'consumer');

/**
 * Makes packages of folders, with scripts off.
 *
 * @returns {{ manifest: object, file: string, bytes: number, files: string[] }[]} of each its size as a file, and what is in it
 */
function pack(folders, into) {
    const told = JSON.parse(npm(['pack', ...folders, '--json', '--ignore-scripts', '--pack-destination', into], into));
    return folders.map((folder) => {
        const manifest = readManifest(folder);
        const { filename, size, files } = told.find(({ name }) => name === manifest.name);
        const names = files.map(({ path: name }) => name).sort();
        return { manifest, file: path.join(into, filename), bytes: size, files: names };
    });
}

/**
 * Installs packed packages into an empty project: with a cache that is empty, too, so that nothing but these files can
 * be what is installed, without the network, and with scripts off.
 *
 * The platform package is only ever asked for by the main one. Because the exact version that this asks for is published
 * nowhere yet, the project says which file it is; the packages of other platforms cannot be had, as it is on a user's
 * machine that cannot use them.
 *
 * @returns {string[]} the names of all that is installed
 */
function install(project, main, platform) {
    fs.mkdirSync(project);
    const manifest = {
        private: true,
        dependencies: { [main.manifest.name]: `file:${main.file}` },
        overrides: { [platform.manifest.name]: `file:${platform.file}` },
    };
    fs.writeFileSync(path.join(project, 'package.json'), JSON.stringify(manifest));
    const cache = `${project}-cache`;
    npm(['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--cache', cache], project);
    return fs
        .readdirSync(path.join(project, 'node_modules'))
        .filter((name) => !name.startsWith('.'))
        .sort();
}

/** Runs a program in the project; gives what it prints. */
function runIn(project, args) {
    // Where this process looks for modules beside node_modules is nothing that a user has.
    const { NODE_PATH: _, ...env } = process.env;
    const ended = spawnSync(process.execPath, args, { cwd: project, env, encoding: 'utf8', timeout: 60_000 });
    if (ended.status !== 0) {
        const how = ended.error?.message ?? ended.signal ?? `exit code ${ended.status}`;
        throw new Error(`${path.basename(args[0])}: ${how}\n${ended.stdout}${ended.stderr}`.trim());
    }
    return ended.stdout.trim();
}

/**
 * A round trip through `required.cjs` or `imported.mjs`.
 *
 * @returns {string} the binary that was loaded, seen from the project
 */
function roundTrip(project, script) {
    for (const name of [script, 'round-trip.js']) {
        fs.copyFileSync(path.join(CONSUMER, name), path.join(project, name));
    }
    return path.relative(project, runIn(project, [script]));
}

/**
 * Compiles an `import` and a `require` with TypeScript, as strictly as it can.
 *
 * @returns {boolean} `false` where TypeScript is not there
 */
function compileTypes(project, modules = path.join(ROOT, 'node_modules')) {
    const compiler = path.join(modules, 'typescript', 'bin', 'tsc');
    if (!fs.existsSync(compiler)) {
        return false;
    }
    const files = ['typed.mts', 'typed.cts'];
    for (const name of files) {
        fs.copyFileSync(path.join(CONSUMER, name), path.join(project, name));
    }
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'];
    runIn(project, [compiler, ...options, '--typeRoots', path.join(modules, '@types'), ...files]);
    return true;
}

module.exports = { compileTypes, install, pack, roundTrip };
