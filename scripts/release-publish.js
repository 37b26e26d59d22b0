'use strict';

/**
 * Publishes a version, from `.github/workflows/release.yml`: the platform packages, and when all of them are there the main
 * package, which asks for exactly these.
 *
 * Refuses before the first is published what is not fit to be: versions that differ, a binary that is missing or needs
 * too new a system, a package with anything more or less in it. What is published already is left as it is, so that a
 * run that was cut short can be repeated.
 *
 *     --binaries FOLDER    the `.node` files of all platforms
 *     --tag v1.2.3         the tag that is released: it has to be the version
 *     --repository URL     where the sources are, as provenance wants it
 *     --dry-run            everything but the publishing
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { giveUp, readOptions } = require('./setup.js');
const glibc = require('./release/glibc.js');
const inspect = require('./release/inspect.js');
const { pack } = require('./release/install.js');
const { npm } = require('./release/npm.js');
const { optionalDependencies, platforms, stage, versions } = require('./release/stage.js');

/** The version to publish; every file has to tell the same one, and the tag, too. */
function agreedVersion(tag) {
    const told = versions();
    const version = told.get('package.json');
    const others = [...told].filter(([, other]) => other !== version).map(([file, other]) => `${file}: ${other}`);
    if (tag !== undefined && tag !== `v${version}`) {
        others.push(`the tag: ${tag}`);
    }
    if (others.length > 0) {
        giveUp(`package.json has version ${version}, but not everything does.\n${others.join('\n')}`);
    }
    return version;
}

function binaryFaults(folder) {
    return platforms().flatMap((platform) => {
        const file = path.join(folder, `kixx-datastore.${platform}.node`);
        if (!fs.existsSync(file)) {
            return [`${path.basename(file)} is missing in ${folder}`];
        }
        const fault = platform.startsWith('linux-') ? glibc.fault(platform, glibc.glibcOf(file)) : null;
        return fault === null ? [] : [`${path.basename(file)}: ${fault}`];
    });
}

function packageFaults({ manifest, files, bytes }) {
    const isMain = manifest.optionalDependencies !== undefined;
    const faults = [
        ...(isMain ? inspect.mainFiles(files) : inspect.platformFiles(files, manifest)),
        ...(isMain ? inspect.dependencies(manifest, optionalDependencies()) : []),
        ...inspect.packedSize(bytes),
        ...inspect.scripts(manifest, files),
    ];
    return faults.map((fault) => `${manifest.name}: ${fault}`);
}

function refuse(faults) {
    if (faults.length > 0) {
        giveUp(`Not fit to be published:\n${faults.join('\n')}`);
    }
}

/** Whether a version is published; not knowing is no answer. */
function isPublished(name, version, cwd) {
    try {
        return npm(['view', `${name}@${version}`, 'version'], cwd).trim() !== '';
    } catch (error) {
        if (/\bE404\b/.test(error.stderr)) {
            return false;
        }
        throw error;
    }
}

function publish({ manifest: { name, version }, file }, isDryRun) {
    const folder = path.dirname(file);
    if (isPublished(name, version, folder)) {
        process.stdout.write(`${name}@${version} is published already\n`);
        return;
    }
    // Who asks for no version gets the newest one that is finished.
    const channel = version.includes('-') ? 'next' : 'latest';
    const how = isDryRun ? '--dry-run' : '--provenance';
    npm(['publish', file, '--ignore-scripts', '--access', 'public', '--tag', channel, how], folder);
    process.stdout.write(`${name}@${version} ${isDryRun ? 'would be' : 'is'} published as ${channel}\n`);
}

function main() {
    const values = readOptions({
        binaries: { type: 'string' },
        tag: { type: 'string' },
        repository: { type: 'string' },
        'dry-run': { type: 'boolean' },
    });
    if (values.binaries === undefined) {
        giveUp('--binaries is missing: the folder with the .node files of all platforms.');
    }
    const binaries = path.resolve(values.binaries);
    const version = agreedVersion(values.tag);
    refuse(binaryFaults(binaries));
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kixx-publish-'));
    process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
    const packages = pack(stage({ into: folder, binaries, repository: values.repository }), folder);
    refuse(packages.flatMap(packageFaults));
    process.stdout.write(`kixx-datastore ${version}: ${packages.length} packages\n`);
    for (const packed of packages) {
        publish(packed, values['dry-run']);
    }
}

main();
