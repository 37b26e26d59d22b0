'use strict';

const { withStore } = require('../directory.js');
const { PAGE_OPTIONS, putItems } = require('../items.js');

module.exports = {
    name: 'keys',
    operands: ['<directory>'],
    about: 'the keys of a range, or of everything, in their order',
    details: [
        'With --json a line each: {"key":...}, with --documents {"key":...,"document":{...}}. What a terminal would',
        'obey is escaped in text: give scripts that must not care --json.',
    ],
    options: {
        prefix: { value: '<text>', about: 'keys that start with this' },
        start: { value: '<key>', about: 'from this key on, itself included' },
        end: { value: '<key>', about: 'up to this key, itself included' },
        ...PAGE_OPTIONS,
        documents: { about: 'each with its document' },
    },
    async run(context) {
        const { prefix, start: startKey, end: endKey, documents: includeDocuments, ...page } = context.options;
        const { json, ...options } = page;
        await withStore(context, async (store) => {
            const query = (of) => store.queryKeys({ ...of, signal: context.signal });
            const asked = { prefix, startKey, endKey, includeDocuments, ...options };
            await putItems(context.output, query, asked);
        });
    },
};
