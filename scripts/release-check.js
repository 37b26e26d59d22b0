'use strict';

/**
 * Packs what would be published and uses it as a user does: `npm run release:check [-- --no-build]`.
 *
 * Packs the main package and the one of this platform, looks into both, installs them without network and scripts into
 * an empty folder, and works with them there. Writes nothing into the working tree but the built addon.
 *
 *     --no-build          check the addon that is there
 *     --binaries FOLDER   where it is; else in the clone
 *     --strict            hold it to what is asked of a published one: the oldest glibc that it runs with
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { ROOT, buildAddon, checkNode, checkRust, giveUp, installDependencies, readOptions } = require('./setup.js');
const glibc = require('./release/glibc.js');
const inspect = require('./release/inspect.js');
const { compileTypes, install, pack, roundTrip } = require('./release/install.js');
const { optionalDependencies, stage } = require('./release/stage.js');
const { PLATFORMS, binariesOf, thisHost } = require('../lib/platform.js');

/** The platform whose package is checked: this one. */
function thisPlatform(binaries) {
    const platform = binariesOf(thisHost()).find((name) => PLATFORMS.includes(name));
    if (platform === undefined) {
        giveUp(`No package is published for ${process.platform}-${process.arch}.`);
    }
    if (!fs.existsSync(path.join(binaries, `kixx-datastore.${platform}.node`))) {
        giveUp('The addon is not built. Run: npm run build');
    }
    return platform;
}

/** Tells what each check found, and remembers whether one failed. */
class Report {
    failed = [];

    line(state, name, text) {
        process.stdout.write(`${state.padEnd(6)}${name}: ${text}\n`);
    }

    /** The faults that a check has found; `text` tells what is so where there are none. */
    check(name, faults, text) {
        if (faults.length === 0) {
            this.line('ok', name, text);
            return;
        }
        this.failed.push(name);
        for (const fault of faults) {
            this.line('FAIL', name, fault);
        }
    }

    /** Runs a check that gives its text and throws its fault; tells whether it passed. */
    passes(name, check) {
        try {
            this.line('ok', name, check());
            return true;
        } catch (error) {
            this.check(name, [error.message]);
            return false;
        }
    }
}

function checkGlibc(report, platform, file, isStrict) {
    const needs = glibc.glibcOf(file);
    const fault = glibc.fault(platform, needs);
    if (fault !== null && !isStrict) {
        report.line('note', 'glibc', `${fault}; good enough here, and refused with --strict, before it is published`);
        return;
    }
    const text = needs.needs ? `needs ${needs.needs}, published ones ${glibc.FLOOR} at most` : 'is not needed';
    report.check('glibc', fault === null ? [] : [fault], text);
}

function checkPackages(report, main, own) {
    for (const [{ manifest, bytes, files }, faults] of [
        [main, inspect.mainFiles(main.files)],
        [own, inspect.platformFiles(own.files, own.manifest)],
    ]) {
        report.check(manifest.name, faults, `${files.length} files, ${inspect.size(bytes)} packed`);
    }
    report.check('size', inspect.packedSize(own.bytes), `less than ${inspect.size(inspect.LARGEST)}`);
    const scripts = [main, own].flatMap(({ manifest, files }) => inspect.scripts(manifest, files));
    report.check('scripts', scripts, 'none runs at an installation');
    const wanted = optionalDependencies();
    report.check(
        'dependencies',
        inspect.dependencies(main.manifest, wanted),
        `${Object.keys(wanted).length} platform packages, each exactly ${main.manifest.version}, and no other`,
    );
}

function checkInstallation(report, project, main, own) {
    const expected = [main.manifest.name, own.manifest.name].join(', ');
    const isInstalled = report.passes('installation', () => {
        const installed = install(project, main, own).join(', ');
        if (installed !== expected) {
            throw new Error(`installed are ${installed} instead of ${expected}`);
        }
        return `${installed}; offline, without scripts, in an empty folder`;
    });
    if (isInstalled) {
        checkUse(report, project, path.join('node_modules', own.manifest.name, own.manifest.main));
    }
}

function checkUse(report, project, expected) {
    for (const [name, script] of [
        ['require', 'required.cjs'],
        ['import', 'imported.mjs'],
    ]) {
        report.passes(name, () => {
            const binary = roundTrip(project, script);
            if (binary !== expected) {
                throw new Error(`${binary} was loaded instead of ${expected}`);
            }
            return `set, get, view, close, reopen with ${binary}`;
        });
    }
    report.passes('types', () =>
        compileTypes(project) ? 'import and require compile' : 'left out: no TypeScript here',
    );
}

/** Runs every check; gives the names of those that failed. */
function checkAll({ platform, binaries, isStrict }) {
    const report = new Report();
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'kixx-release-')));
    try {
        const [own, main] = pack(stage({ into: folder, binaries, only: [platform] }), folder);
        process.stdout.write(`kixx-datastore ${main.manifest.version} for ${platform}, Node ${process.version}\n`);
        checkPackages(report, main, own);
        checkGlibc(report, platform, path.join(binaries, own.manifest.main), isStrict);
        checkInstallation(report, path.join(folder, 'project'), main, own);
    } finally {
        fs.rmSync(folder, { recursive: true, force: true });
    }
    return report.failed;
}

const OPTIONS = {
    'no-build': { type: 'boolean' },
    binaries: { type: 'string', default: ROOT },
    strict: { type: 'boolean' },
};

function main() {
    const values = readOptions(OPTIONS);
    const binaries = path.resolve(values.binaries);
    checkNode();
    if (!values['no-build']) {
        checkRust();
        installDependencies();
        buildAddon();
    }
    const failed = checkAll({ platform: thisPlatform(binaries), binaries, isStrict: values.strict });
    if (failed.length > 0) {
        giveUp(`Not fit to be published: ${failed.join(', ')}.`);
    }
    process.stdout.write('All checks passed.\n');
}

main();
