'use strict';

/** Which binaries could run here, by the names under which they are published. */

const fs = require('node:fs');
const path = require('node:path');

/** What there are published binaries for: each is the end of a platform package's name, and a folder of `npm/`. */
const PLATFORMS = [
    'darwin-arm64',
    'darwin-x64',
    'linux-arm64-gnu',
    'linux-arm64-musl',
    'linux-x64-gnu',
    'linux-x64-musl',
    'win32-arm64-msvc',
    'win32-x64-msvc',
];

const ENDINGS = { glibc: ['gnu'], musl: ['musl'], unknown: ['gnu', 'musl'] };

/** The head of a 64-bit, little-endian ELF file: all that is read of one. */
const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
const INTERPRETER = 3;

/**
 * The program that starts another one, as its ELF file tells: the loader of the C library that it is linked with.
 *
 * @param {(position: number, length: number) => Buffer} read a part of the file
 * @returns {string | null} `null` where it is no such file, or needs none
 */
function interpreterOf(read) {
    const head = read(0, 64);
    if (head.length < 64 || !head.subarray(0, ELF.length).equals(ELF)) {
        return null;
    }
    const [start, size, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)];
    const table = read(start, size * count);
    for (let entry = 0; entry + 56 <= table.length; entry += size) {
        if (table.readUInt32LE(entry) === INTERPRETER) {
            const place = Number(table.readBigUInt64LE(entry + 8));
            const length = Number(table.readBigUInt64LE(entry + 32));
            return read(place, length).toString('latin1').replace(/\0.*$/s, '');
        }
    }
    return null;
}

function libcOfInterpreter(file) {
    const name = path.posix.basename(file ?? '');
    if (name.startsWith('ld-musl-')) {
        return 'musl';
    }
    return name.startsWith('ld-linux') ? 'glibc' : null;
}

/** The C library that a diagnostic report of Node tells of. */
function libcOfReport({ header, sharedObjects = [] }) {
    if (header?.glibcVersionRuntime) {
        return 'glibc';
    }
    return sharedObjects.some((file) => /ld-musl-|libc\.musl-/.test(file)) ? 'musl' : null;
}

/** The interpreter of a program on disk; `null` where its file cannot be read, too. */
function interpreterOfFile(file) {
    let descriptor;
    try {
        descriptor = fs.openSync(file, 'r');
        return interpreterOf((position, length) => {
            const buffer = Buffer.alloc(length);
            return buffer.subarray(0, fs.readSync(descriptor, buffer, 0, length, position));
        });
    } catch {
        return null;
    } finally {
        if (descriptor !== undefined) {
            fs.closeSync(descriptor);
        }
    }
}

/** What Node tells of itself, without the names of open connections, which it would look up. */
function report() {
    if (!process.report) {
        return {};
    }
    const { excludeNetwork } = process.report;
    process.report.excludeNetwork = true;
    try {
        return process.report.getReport();
    } finally {
        process.report.excludeNetwork = excludeNetwork;
    }
}

/**
 * On what this process runs.
 *
 * The C library is the one that Node itself is linked with: a system may have both. Its ELF file tells; a
 * report of Node, which takes milliseconds, is asked where that does not.
 *
 * @returns {{ platform: string, arch: string, libc: 'glibc' | 'musl' | 'unknown' | null }} `null` where it is not Linux
 */
function thisHost() {
    const { platform, arch, execPath } = process;
    if (platform !== 'linux') {
        return { platform, arch, libc: null };
    }
    const libc = libcOfInterpreter(interpreterOfFile(execPath)) ?? libcOfReport(report()) ?? 'unknown';
    return { platform, arch, libc };
}

/** The names of the binaries that could run on a host, the likeliest first; there need not be any such. */
function binariesOf({ platform, arch, libc }) {
    if (platform === 'linux') {
        return ENDINGS[libc].map((ending) => `linux-${arch}-${ending}`);
    }
    return [platform === 'win32' ? `win32-${arch}-msvc` : `${platform}-${arch}`];
}

module.exports = { PLATFORMS, binariesOf, interpreterOf, interpreterOfFile, libcOfInterpreter, libcOfReport, thisHost };
