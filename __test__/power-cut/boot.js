'use strict';

/** Makes a copied journal one of an earlier run of the machine. */

const fs = require('node:fs');
const path = require('node:path');

const TABLE = Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) {
        value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    }
    return value >>> 0;
});

function crc32c(bytes) {
    let crc = 0xffffffff;
    for (const byte of bytes) {
        crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
    }
    return ((crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, '0');
}

/** The boot in the heads that are whole becomes another one, of the same length. */
function rewriteBoot(directory) {
    const folder = path.join(directory, '.datastore', 'journal');
    const segments = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
    for (const name of segments) {
        const file = path.join(folder, name);
        const bytes = fs.readFileSync(file);
        const end = bytes.indexOf('\n');
        const [, text, sum] =
            /^(\{.*),"c":"([0-9a-f]{8})"\}$/.exec(bytes.toString('latin1', 0, Math.max(0, end))) ?? [];
        if (text !== undefined && crc32c(Buffer.from(text, 'latin1')) === sum) {
            const other = text.replace(/("boot":")[^"]*/, (boot, before) => {
                return before + '0'.repeat(boot.length - before.length);
            });
            const head = `${other},"c":"${crc32c(Buffer.from(other, 'latin1'))}"}`;
            fs.writeFileSync(file, Buffer.concat([Buffer.from(head, 'latin1'), bytes.subarray(end)]));
        }
    }
    return segments.length;
}

module.exports = { crc32c, rewriteBoot };
