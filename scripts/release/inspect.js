'use strict';

/** What may be in a package that is published. Each check gives what is wrong, as sentences; none where all is well. */

/** What npm runs when a package is installed, or is made of a folder. */
const RUN_BY_NPM = ['preinstall', 'install', 'postinstall', 'prepublish', 'preprepare', 'prepare', 'postprepare'];

/** The most that a platform package may have, packed: 3 MB. */
const LARGEST = 3_000_000;

/** What the main package consists of. */
const MAIN = [
    /^(package\.json|README\.md|LICENSE|NOTICE)$/,
    /^index\.(js|mjs|d\.ts|d\.mts)$/,
    /^declarations\/[a-z-]+\.d\.ts$/,
    /^bin\/kixx-datastore\.js$/,
    /^lib\/(cli\/(commands\/)?)?[a-z-]+\.js$/,
];

/** What has to be there. */
const NEEDED = ['package.json', 'README.md', 'LICENSE', 'NOTICE'];

function listFaults(files, isExpected, needed) {
    return [
        ...needed.filter((name) => !files.includes(name)).map((name) => `${name} is missing`),
        ...files.filter((name) => !isExpected(name)).map((name) => `${name} does not belong there`),
    ];
}

/** The files of the main package: its two entries, its types, `lib/`, and nothing of the clone. */
function mainFiles(files) {
    const needed = [
        ...NEEDED,
        'index.js',
        'index.mjs',
        'index.d.ts',
        'index.d.mts',
        'bin/kixx-datastore.js',
        'lib/native.js',
    ];
    return listFaults(files, (name) => MAIN.some((pattern) => pattern.test(name)), needed);
}

/** The files of a platform package: its binary, and the licenses of what is compiled into it. */
function platformFiles(files, { main }) {
    const needed = [...NEEDED, main];
    return listFaults(files, (name) => needed.includes(name), needed);
}

/** Nothing may run when a package is installed. */
function scripts(manifest, files) {
    const run = RUN_BY_NPM.filter((name) => manifest.scripts?.[name] !== undefined);
    return [
        ...run.map((name) => `${manifest.name} has the script ${name}`),
        // npm makes an install script of its own where it finds this file.
        ...(files.includes('binding.gyp') ? [`${manifest.name} has a binding.gyp`] : []),
    ];
}

/** The main package needs one exact version of every platform package, its own, and nothing else. */
function dependencies(manifest, wanted) {
    const others = ['dependencies', 'peerDependencies', 'bundleDependencies', 'bundledDependencies'];
    const { optionalDependencies = {} } = manifest;
    const names = [...new Set([...Object.keys(wanted), ...Object.keys(optionalDependencies)])].sort();
    return [
        ...others.filter((name) => manifest[name] !== undefined).map((name) => `the main package has ${name}`),
        ...names
            .filter((name) => optionalDependencies[name] !== manifest.version || wanted[name] !== manifest.version)
            .map((name) => {
                const told = `${optionalDependencies[name] ?? 'nothing'}; the package has ${wanted[name] ?? 'none'}`;
                return `the main package is ${manifest.version} and asks of ${name} for ${told}`;
            }),
    ];
}

/** Bytes as people read them. */
function size(bytes) {
    return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

function packedSize(bytes) {
    return bytes < LARGEST ? [] : [`${size(bytes)} packed, and ${size(LARGEST)} is the limit`];
}

module.exports = { LARGEST, dependencies, mainFiles, packedSize, platformFiles, scripts, size };
