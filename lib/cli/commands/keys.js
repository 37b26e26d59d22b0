'use strict';

const { withStore } = require('../directory.js');
const { itemsOf, putItem } = require('../items.js');
const { count, positive } = require('../option.js');

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
        offset: { value: '<n>', about: 'leave out so many first', read: count },
        limit: { value: '<n>', about: 'at most so many; default: all', read: positive },
        descending: { about: 'from the highest key down' },
        documents: { about: 'each with its document' },
    },
    async run(context) {
        const { prefix, start: startKey, end: endKey, documents: includeDocuments, ...page } = context.options;
        const { json, ...options } = page;
        await withStore(context, async (store) => {
            const query = (of) => store.queryKeys({ ...of, signal: context.signal });
            const asked = { prefix, startKey, endKey, includeDocuments, ...options };
            for await (const item of itemsOf(query, asked)) {
                await putItem(context.output, item);
            }
        });
    },
};
