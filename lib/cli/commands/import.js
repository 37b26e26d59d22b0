'use strict';

const { open } = require('node:fs/promises');
const { withStore } = require('../directory.js');
const { STDIN } = require('../input.js');
const { oneOf } = require('../option.js');
const { many } = require('../text.js');

module.exports = {
    name: 'import',
    operands: ['<directory>', '[file]'],
    about: 'store the documents of an export, from a file or stdin; tells how many',
    details: [
        'A document whose key is there already is a CONFLICT, unless --on-existing says otherwise; what stands before the',
        'line that is refused is stored. The directory is made where it is missing.',
    ],
    options: {
        'on-existing': {
            value: '<what>',
            about: 'error (default), overwrite or skip',
            read: oneOf('error', 'overwrite', 'skip'),
        },
        'keep-revisions': { about: 'documents keep the revisions that they come with' },
    },
    async run(context) {
        const { operands, input, output, progress, signal } = context;
        const { onExisting, keepRevisions } = context.options;
        const [file = STDIN] = operands;
        // Before the store is: a file that is missing makes no directory.
        const source = file === STDIN ? input.stream() : (await open(file)).createReadStream();
        const use = async (store) => {
            const report = await progress.during('Importing', (tell) => {
                const onProgress = tell && (({ written, skipped }) => tell({ done: written + skipped }));
                return store.importItems(source, { onExisting, keepRevisions, signal, onProgress });
            });
            await output.put(
                report,
                ({ written, skipped }) => `${many(written, 'document')} stored, ${skipped} skipped`,
            );
        };
        try {
            await withStore(context, use, { create: true });
        } finally {
            source.destroy();
        }
    },
};
