'use strict';

/** Finds the compiled engine: what a clone has built, else the platform package that npm has installed. */

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { DatastoreError } = require('./errors.js');
const { PLATFORMS, binariesOf } = require('./platform.js');

const NAME = 'kixx-datastore';

const INSTALL_AGAIN = 'Remove node_modules and package-lock.json, and run npm install on this machine';

/** A place where there is nothing: no cause of anything, where another one has a binary that fails. */
class Absent extends Error {}

/** Another version than the package's own. */
class OtherVersion extends Error {}

/** A binary that was built beside the package. */
function fromBuild({ root, load }, binary) {
    const file = path.join(root, `${NAME}.${binary}.node`);
    return {
        place: file,
        open() {
            if (!fs.existsSync(file)) {
                throw new Absent('no such file');
            }
            return load(file);
        },
    };
}

/** A platform package, wherever Node finds it; of the package's own version and no other. */
function fromPackage({ root, load }, binary) {
    const name = `${NAME}-${binary}`;
    return {
        place: name,
        open() {
            const file = resolved(load, name);
            const { version, main } = load(file);
            const { version: own } = load(path.join(root, 'package.json'));
            if (version !== own) {
                throw new OtherVersion(`${path.dirname(file)} is version ${version}, but ${NAME} is ${own}`);
            }
            return load(path.join(path.dirname(file), main));
        },
    };
}

function resolved(load, name) {
    try {
        return load.resolve(`${name}/package.json`);
    } catch (cause) {
        if (cause.code !== 'MODULE_NOT_FOUND') {
            throw cause;
        }
        throw new Absent(`not installed in any of ${load.resolve.paths(name).join(', ')}`, { cause });
    }
}

function isInstalled(load, binary) {
    try {
        return Boolean(load.resolve(`${NAME}-${binary}/package.json`));
    } catch {
        return false;
    }
}

/** What the user can do about it. */
function advice({ root, load }, host, errors) {
    const names = binariesOf(host);
    if (fs.existsSync(path.join(root, 'Cargo.toml'))) {
        return 'This is a clone: run npm run build, which needs Rust.';
    }
    if (!names.some((name) => PLATFORMS.includes(name))) {
        return `There are binaries for ${PLATFORMS.join(', ')}. Elsewhere a clone can be built: it needs Rust.`;
    }
    if (errors.some((error) => error instanceof OtherVersion)) {
        return `Both must have one version. ${INSTALL_AGAIN}.`;
    }
    if (errors.some((error) => !(error instanceof Absent))) {
        const glibc = host.libc === 'glibc' ? ' It needs glibc 2.28 or newer, as Node 20 does.' : '';
        return `What is there cannot be loaded: it is damaged, or made for another system.${glibc} ${INSTALL_AGAIN}.`;
    }
    const others = PLATFORMS.filter((name) => isInstalled(load, name)).map((name) => `${NAME}-${name}`);
    if (others.length > 0) {
        return `There is ${others.join(', ')}: node_modules was made on another platform. ${INSTALL_AGAIN}.`;
    }
    return (
        'npm leaves optional dependencies out with --omit=optional, and where package-lock.json was made with the ' +
        `node_modules of another platform. ${INSTALL_AGAIN}.`
    );
}

function failure(from, host, tried) {
    const errors = tried.map(({ error }) => error);
    const cause = errors.find((error) => !(error instanceof Absent)) ?? errors.at(-1).cause ?? errors.at(-1);
    // What Node adds below the first line is where the module was asked for: always here.
    const places = tried.map(({ place, error }) => ({ path: place, reason: error.message.split('\n', 1)[0] }));
    const system = `${host.platform}-${host.arch}${host.libc ? `, libc ${host.libc}` : ''}, Node ${process.version}`;
    const message = [
        `${NAME} found no engine that runs here (${system}). Tried:`,
        ...places.map((place) => `  ${place.path}: ${place.reason}`),
        advice(from, host, errors),
    ].join('\n');
    return new DatastoreError(message, { code: 'NATIVE_LOAD', cause, ...host, tried: places });
}

/**
 * Loads the compiled engine for a host.
 *
 * @param {string} root the folder of the package
 * @param {{ platform: string, arch: string, libc: string | null }} host as `thisHost` tells it
 * @throws {DatastoreError} `NATIVE_LOAD`, with `platform`, `arch`, `libc`, every place that was tried and the reason there
 *     (`tried: [{ path, reason }]`), and the real `cause`
 */
function loadBinary(root, host) {
    const from = { root, load: createRequire(path.join(root, 'index.js')) };
    const tried = [];
    for (const binary of binariesOf(host)) {
        const sources = [fromBuild(from, binary)];
        if (PLATFORMS.includes(binary)) {
            sources.push(fromPackage(from, binary));
        }
        for (const { place, open } of sources) {
            try {
                return open();
            } catch (error) {
                tried.push({ place, error });
            }
        }
    }
    throw failure(from, host, tried);
}

module.exports = { loadBinary };
