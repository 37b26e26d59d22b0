'use strict';

const { withStore } = require('../directory.js');
const { many, printable } = require('../text.js');
const { tellVerdict } = require('./verify.js');

module.exports = {
    name: 'repair',
    operands: ['<directory>'],
    about: 'move what is damaged to .datastore/quarantine/, and make up for a crash; nothing is deleted',
    details: [
        'What was moved is told on stdout, and behind it what verify finds then: files that are only named wrongly stay',
        'where they are.',
    ],
    options: {},
    async run(context) {
        const { quarantinedFiles, recovered } = await withStore(context, async (store) => store.loadReport, {
            onCorrupt: 'quarantine',
        });
        if (!context.output.json) {
            for (const { file, reason } of quarantinedFiles) {
                await context.output.line(`quarantined ${printable(file)}: ${printable(reason)}`);
            }
            if (recovered > 0) {
                await context.output.line(`recovered ${many(recovered, 'document')} from the journal`);
            }
        }
        return tellVerdict(context, { quarantinedFiles, recovered });
    },
};
