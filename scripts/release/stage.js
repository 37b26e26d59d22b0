'use strict';

/**
 * The packages as they are published: copies, in a folder of their own.
 *
 * Only the copy of the main package asks for the platform packages. In the working tree nothing does, or the lock file of
 * a clone would ask for versions that are not published yet.
 */

const fs = require('node:fs');
const path = require('node:path');
const { ROOT } = require('../setup.js');

const PLATFORM_PACKAGES = path.join(ROOT, 'npm');

/** What a clone needs and a user of the package does not. */
const OF_THE_CLONE = ['devDependencies', 'overrides', 'scripts', 'napi'];

/** The licenses: the main package's own, and what is compiled into the binaries. */
const LICENSES = ['LICENSE', 'NOTICE'];

function readManifest(folder) {
    return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
}

function writeManifest(folder, manifest) {
    fs.writeFileSync(path.join(folder, 'package.json'), `${JSON.stringify(manifest, null, 4)}\n`);
}

/** The platforms that have a package, by the names of their folders. */
function platforms() {
    return fs.readdirSync(PLATFORM_PACKAGES).sort();
}

/** The exact version of every platform package, as the main package asks for them. */
function optionalDependencies() {
    return Object.fromEntries(
        platforms().map((platform) => {
            const { name, version } = readManifest(path.join(PLATFORM_PACKAGES, platform));
            return [name, version];
        }),
    );
}

/** Where the sources are, for those who check where a package was built; nothing where that is not known. */
function sources(url) {
    return url === undefined ? {} : { repository: { type: 'git', url } };
}

function copy(files, from, into) {
    for (const file of files) {
        fs.cpSync(path.join(from, file), path.join(into, file), { recursive: true });
    }
}

function stageMain(into, repository) {
    const own = readManifest(ROOT);
    const manifest = Object.fromEntries(Object.entries(own).filter(([name]) => !OF_THE_CLONE.includes(name)));
    const folder = path.join(into, own.name);
    fs.mkdirSync(folder);
    copy([...own.files, 'README.md', 'LICENSE'], ROOT, folder);
    writeManifest(folder, { ...manifest, ...sources(repository), optionalDependencies: optionalDependencies() });
    return folder;
}

function stagePlatform(platform, binaries, into, repository) {
    const source = path.join(PLATFORM_PACKAGES, platform);
    const manifest = readManifest(source);
    const folder = path.join(into, manifest.name);
    fs.mkdirSync(folder);
    copy(['README.md'], source, folder);
    copy(LICENSES, ROOT, folder);
    copy([manifest.main], binaries, folder);
    writeManifest(folder, { ...manifest, ...sources(repository), files: [...manifest.files, 'NOTICE'] });
    return folder;
}

/**
 * Copies the main package and some platforms' packages into an empty folder.
 *
 * @param {{ into: string, binaries: string, only?: string[], repository?: string }} options the folder; the one with the
 *     `.node` files; the platforms, by default all; the address of the sources
 * @returns {string[]} the folders, in the order in which they have to be published: the main package is the last
 */
function stage({ into, binaries, only = platforms(), repository }) {
    return [
        ...only.map((platform) => stagePlatform(platform, binaries, into, repository)),
        stageMain(into, repository),
    ];
}

/**
 * Every place that tells the version, so that they can be compared.
 *
 * @returns {Map<string, string>} file, version
 */
function versions() {
    const cargo = fs.readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8');
    const lock = JSON.parse(fs.readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'));
    return new Map([
        ['package.json', readManifest(ROOT).version],
        ['package-lock.json', lock.packages[''].version],
        ['Cargo.toml', /^version = "(.*)"$/m.exec(cargo)[1]],
        ...platforms().map((platform) => [
            `npm/${platform}/package.json`,
            readManifest(path.join(PLATFORM_PACKAGES, platform)).version,
        ]),
    ]);
}

module.exports = { PLATFORM_PACKAGES, optionalDependencies, platforms, readManifest, stage, versions };
