'use strict';

const { repair } = require('../../repair.js');
const { mustStand } = require('../directory.js');
const { many, printable } = require('../text.js');
const { tellVerdict } = require('./verify.js');

module.exports = {
    name: 'repair',
    operands: ['<directory>'],
    about: 'move what is damaged to .datastore/quarantine/, and make up for a crash; nothing is deleted',
    details: [
        'A damaged journal is moved with what belongs to it, and the files count; writes that were in it alone are lost.',
        'A damaged format.json is written anew, without the order of keys that it named.',
        'What was moved is told on stdout, and behind it what verify finds then: files that are only named wrongly stay',
        'where they are.',
    ],
    options: {},
    async run(context) {
        const { directory, output, progress, signal } = context;
        await mustStand(directory);
        const { quarantinedFiles, recovered } = await progress.during('Loading', (onProgress) =>
            repair(directory, { signal, onProgress }),
        );
        if (!output.json) {
            for (const { file, reason } of quarantinedFiles) {
                await output.line(`quarantined ${printable(file)}: ${printable(reason)}`);
            }
            if (recovered > 0) {
                await output.line(`recovered ${many(recovered, 'document')} from the journal`);
            }
        }
        return tellVerdict(context, { quarantinedFiles, recovered });
    },
};
