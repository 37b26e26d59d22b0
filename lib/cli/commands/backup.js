'use strict';

const { withStore } = require('../directory.js');
const { bytes, many } = require('../text.js');

module.exports = {
    name: 'backup',
    operands: ['<directory>', '<destination>'],
    about: 'copy the store into a new folder, which can be opened as a data directory',
    details: ['The destination must not be there, and appears when the backup is whole.'],
    options: {},
    async run(context) {
        const { operands, output, progress, signal } = context;
        const [destination] = operands;
        await withStore(context, async (store) => {
            const report = await progress.during('Copying', (onProgress) =>
                store.backup(destination, { signal, onProgress }),
            );
            await output.put(report, (told) => `${many(told.documents, 'document')}, ${bytes(told.bytes)}`);
        });
    },
};
