'use strict';

const { open, unlink } = require('node:fs/promises');
const { Readable } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { withStore } = require('../directory.js');
const { positive } = require('../option.js');

/** Writes lines to a file that must not be there. What is not whole does not stay. */
async function writeFile(file, lines) {
    const handle = await open(file, 'wx');
    try {
        await pipeline(Readable.from(lines), handle.createWriteStream({ flush: true }));
    } catch (error) {
        await unlink(file).catch(() => {});
        throw error;
    }
}

/** Counts what passes. */
async function* counted(lines, tell = () => {}) {
    let done = 0;
    for await (const line of lines) {
        yield line;
        done += 1;
        tell({ done });
    }
}

module.exports = {
    name: 'export',
    operands: ['<directory>'],
    about: 'documents of a range, or all, as lines of JSON: {"key":...,"document":{...}}',
    details: ['All are of one moment. import reads them.'],
    options: {
        output: { value: '<file>', about: 'to a file, which must not be there, instead of stdout' },
        prefix: { value: '<text>', about: 'keys that start with this' },
        start: { value: '<key>', about: 'from this key on, itself included' },
        end: { value: '<key>', about: 'up to this key, itself included' },
        limit: { value: '<n>', about: 'at most so many; default: all', read: positive },
    },
    async run(context) {
        const { output, progress, signal } = context;
        const { output: file, prefix, start: startKey, end: endKey, limit } = context.options;
        await withStore(context, async (store) => {
            const lines = store.exportItems({ prefix, startKey, endKey, limit, signal });
            if (file !== undefined) {
                await progress.during('Exporting', (tell) => writeFile(file, counted(lines, tell)));
                return;
            }
            for await (const line of lines) {
                await output.line(line.trimEnd());
            }
        });
    },
};
