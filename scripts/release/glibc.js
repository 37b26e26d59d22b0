'use strict';

/** Which glibc a binary needs, by the versions of the symbols that it asks for. */

const { spawnSync } = require('node:child_process');

/**
 * The oldest glibc that published binaries have to run with. Node 20's own binaries need 2.28, so no system that runs a
 * supported Node has an older one, and a higher one would shut out systems that run Node: Debian 10 and RHEL 8 have 2.28.
 */
const FLOOR = '2.28';

/** `2.9` before `2.28`. */
function isNewer(one, other) {
    const [major, minor, patch = 0] = one.split('.').map(Number);
    const [otherMajor, otherMinor, otherPatch = 0] = other.split('.').map(Number);
    return (major - otherMajor || minor - otherMinor || patch - otherPatch) > 0;
}

/**
 * The newest version of glibc that `readelf -V` names.
 *
 * @returns {string | null} such as `'2.28'`; `null` where the binary asks for none, as one for musl does
 */
function newest(told) {
    const named = [...told.matchAll(/\bName: GLIBC_(\d+(?:\.\d+)+)/g)].map(([, version]) => version);
    return named.reduce((first, second) => (first === null || isNewer(second, first) ? second : first), null);
}

/**
 * The glibc that a binary needs.
 *
 * @returns {{ needs: string | null } | { unknown: string }} the version, or why it cannot be told
 */
function glibcOf(file, readelf = 'readelf') {
    const { error, status, stdout, stderr } = spawnSync(readelf, ['--wide', '-V', file], { encoding: 'utf8' });
    if (error) {
        const reason = error.code === 'ENOENT' ? 'it is missing (binutils have it)' : error.message;
        return { unknown: `${readelf} cannot be asked: ${reason}` };
    }
    return status === 0 ? { needs: newest(stdout) } : { unknown: `${readelf}: ${stderr.trim()}` };
}

/**
 * What is wrong with the glibc that a platform's binary needs.
 *
 * @returns {string | null} `null` where it may be published
 */
function fault(platform, glibc) {
    if (!platform.startsWith('linux-')) {
        return null;
    }
    if (glibc.unknown) {
        return glibc.unknown;
    }
    if (platform.endsWith('-musl')) {
        return glibc.needs === null ? null : `needs glibc ${glibc.needs}, but is for musl`;
    }
    if (glibc.needs === null) {
        return 'asks for no glibc, but is for it';
    }
    return isNewer(glibc.needs, FLOOR) ? `needs glibc ${glibc.needs}, and published ones ${FLOOR} at most` : null;
}

module.exports = { FLOOR, fault, glibcOf, isNewer, newest };
