'use strict';

const { readdir, stat } = require('node:fs/promises');
const path = require('node:path');
const { mustStand, withStore } = require('../directory.js');
const { bytes } = require('../text.js');

/** What of `.datastore/` serves what was written last. Quarantine is the user's. */
const WORKING = ['journal', 'tmp'];

/** The bytes of the files in the store's working folders. */
async function workingBytes(directory) {
    let total = 0;
    for (const folder of WORKING) {
        const below = path.join(directory, '.datastore', folder);
        for (const name of await readdir(below).catch(missing)) {
            const { size } = await stat(path.join(below, name));
            total += size;
        }
    }
    return total;
}

/** A store that was never opened has none. */
function missing(error) {
    if (error.code !== 'ENOENT') {
        throw error;
    }
    return [];
}

module.exports = {
    name: 'compact',
    operands: ['<directory>'],
    about: 'put everything in its file, cut the journal and remove what was displaced; tells bytes before and after',
    details: [
        'Opening does what a crash left to be done, closing the rest: a store that was closed has nothing to compact.',
    ],
    options: {},
    async run(context) {
        const { directory, output } = context;
        await mustStand(directory);
        const before = await workingBytes(directory);
        await withStore(context, (store) => store.flush(), { singleProcess: true });
        const sizes = { before, after: await workingBytes(directory) };
        await output.put(
            sizes,
            ({ after }) => `journal and temporary files: ${bytes(before)} before, ${bytes(after)} after`,
        );
    },
};
