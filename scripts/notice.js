'use strict';

/**
 * Makes NOTICE, the licenses of all that is compiled into the binaries: `npm run notice [-- --check]`.
 *
 *     --check    writes nothing, and fails where NOTICE is not what it would be
 */

const fs = require('node:fs');
const path = require('node:path');
const { ROOT, checkNode, checkRust, giveUp, readOptions } = require('./setup.js');
const { cratesOf, folders } = require('./release/crates.js');
const { notice } = require('./release/licenses.js');
const { napi } = require('../package.json');

const NOTICE = path.join(ROOT, 'NOTICE');

/** The crates of all targets, each once, with the names of their files. */
function crates() {
    const found = napi.targets.flatMap((target) => cratesOf(target));
    const byId = new Map(found.map((crate) => [crate.id, crate]));
    const folderOf = folders();
    return [...byId.values()].map(({ id, ...crate }) => {
        const folder = folderOf.get(id);
        const read = (file) => fs.readFileSync(path.join(folder, file), 'utf8');
        return { ...crate, files: fs.readdirSync(folder).sort(), read };
    });
}

function main() {
    const { check } = readOptions({ check: { type: 'boolean' } });
    checkNode();
    checkRust();
    const text = notice(crates());
    if (!check) {
        fs.writeFileSync(NOTICE, text);
    } else if (fs.readFileSync(NOTICE, 'utf8') !== text) {
        giveUp('NOTICE is not that of the crates in Cargo.lock. Run: npm run notice');
    }
}

main();
