'use strict';

const { Datastore } = require('../../datastore.js');
const { closing, mustStand } = require('../directory.js');
const { bytes, many } = require('../text.js');

module.exports = {
    name: 'restore',
    operands: ['<directory>', '<backup>'],
    about: 'make a data directory, which must be missing or empty, of a backup',
    details: ['Everything in the backup is checked; the directory gets all of it or nothing.'],
    options: {},
    async run(context) {
        const { directory, operands, output, progress, signal } = context;
        const [backup] = operands;
        await mustStand(backup);
        const report = await closing(new Datastore({ directory }), (store) =>
            progress.during('Restoring', (onProgress) => store.restore(backup, { signal, onProgress })),
        );
        await output.put(report, (told) => `${many(told.documents, 'document')}, ${bytes(told.bytes)}`);
    },
};
