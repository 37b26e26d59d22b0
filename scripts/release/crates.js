'use strict';

/** The crates that the native binary is made of, as cargo tells them. */

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { ROOT } = require('../setup.js');

/** cargo's answer has some megabytes. */
const LONGEST = 1 << 28;

/**
 * @typedef {object} Crate
 * @property {string} id name and version
 * @property {string} name
 * @property {string} license in SPDX's words
 */

function cargo(args) {
    const told = spawnSync('cargo', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: LONGEST });
    if (told.status !== 0) {
        throw new Error(`cargo ${args.join(' ')} failed: ${told.stderr ?? told.error.message}`);
    }
    return told.stdout;
}

/**
 * The crates of a target's release build, without this one: no crates for tests or the build script, those for macros.
 *
 * @param {string} target such as `x86_64-unknown-linux-gnu`
 * @param {string[]} [more] arguments for cargo, such as `--offline`
 * @returns {Crate[]} each once
 */
function cratesOf(target, more = []) {
    const args = ['tree', '--locked', '--edges', 'normal', '--target', target, '--prefix', 'none', ...more];
    const [own, ...lines] = cargo([...args, '--format', '{p}|{l}'])
        .trimEnd()
        .split('\n');
    const [ownName] = own.split(' ', 1);
    const crates = lines.map((line) => {
        const [, name, version, license] = /^(\S+) v(\S+)[^|]*\|(.*?)(?: \(\*\))?$/.exec(line);
        return [`${name} ${version}`, { id: `${name} ${version}`, name, license }];
    });
    return [...new Map(crates).values()].filter(({ name }) => name !== ownName);
}

/**
 * Where the sources of crates are.
 *
 * @returns {Map<string, string>} crates' ids, folders
 */
function folders() {
    const { packages } = JSON.parse(cargo(['metadata', '--locked', '--format-version', '1']));
    return new Map(
        packages.map(({ name, version, manifest_path: manifest }) => [`${name} ${version}`, path.dirname(manifest)]),
    );
}

module.exports = { cratesOf, folders };
