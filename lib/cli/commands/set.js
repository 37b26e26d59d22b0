'use strict';

const { withStore } = require('../directory.js');
const { UsageError } = require('../failure.js');
const { count } = require('../option.js');
const { printable } = require('../text.js');

module.exports = {
    name: 'set',
    operands: ['<directory>', '<key>', '<document>'],
    about: 'store a document, given as JSON or, with -, by stdin; tells its revision',
    details: [
        "A _rev in the document, or --rev, has to be the stored one's, or the write is refused with code CONFLICT.",
        'The directory is made where it is missing.',
    ],
    options: {
        rev: { value: '<n>', about: 'store it only over this revision', read: count },
    },
    async run(context) {
        const { operands, options, input, output } = context;
        const [key, argument] = operands;
        const document = await input.json(argument, 'the document');
        if (document === null || typeof document !== 'object' || Array.isArray(document)) {
            throw new UsageError('the document is not a JSON object');
        }
        const wanted = options.rev === undefined ? document : { ...document, _rev: options.rev };
        const use = async (store) => {
            const { _rev } = await store.setItem(key, wanted);
            await output.put({ key, _rev }, () => `${printable(key)} ${_rev}`);
        };
        await withStore(context, use, { create: true });
    },
};
