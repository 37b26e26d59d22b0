'use strict';

/**
 * Documents written to files by the plain calls that a program would make without a store: no memory, no revisions, no
 * syncs. What they write is compact, half of what this package writes.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

function adapter(name, label, title, durability, setItem) {
    return {
        name,
        label,
        title,
        durability,
        persists: true,

        async seed(directory, { count, documentOf }) {
            const { keyOf } = require('../documents.js');
            for (let index = 0; index < count; index += 1) {
                fs.writeFileSync(fileOf(directory, keyOf(index)), JSON.stringify(documentOf(index)));
            }
        },

        async open(directory) {
            let turn = 0;
            return {
                setItem(key, document) {
                    turn += 1;
                    return setItem(fileOf(directory, key), JSON.stringify(document), `${directory}/temporary-${turn}`);
                },
                async flush() {
                    spawnSync('sync', ['-f', directory]);
                },
                async close() {},
            };
        },
    };
}

function fileOf(directory, key) {
    return path.join(directory, `${encodeURIComponent(key)}.json`);
}

const renameLoop = adapter(
    'rename-loop',
    'fs.renameSync',
    'temp + rename, one at a time, synchronous',
    'is in its file (temporary file + rename), never synced',
    async (file, text, temporary) => {
        fs.writeFileSync(temporary, text);
        fs.renameSync(temporary, file);
    },
);

const renamePromises = adapter(
    'rename-promises',
    'fs.rename',
    'temp + rename, `fs.promises`',
    'is in its file (temporary file + rename), never synced',
    async (file, text, temporary) => {
        await fs.promises.writeFile(temporary, text);
        await fs.promises.rename(temporary, file);
    },
);

const inPlace = adapter(
    'in-place',
    'fs.writeFile',
    'in place, `fs.promises.writeFile`',
    'is in its file, overwritten in place (a crash may leave half of it), never synced',
    (file, text) => fs.promises.writeFile(file, text),
);

module.exports = [renameLoop, renamePromises, inPlace];
