'use strict';

const { withStore } = require('../directory.js');
const { itemsOf, putItem } = require('../items.js');
const { count, positive } = require('../option.js');

module.exports = {
    name: 'find',
    operands: ['<directory>', '<where>'],
    about: 'the documents that meet conditions, given as JSON or, with -, by stdin',
    details: ['Conditions are those of datastore.find: \'{"type":"user","age":{"$gte":18}}\'.'],
    options: {
        prefix: { value: '<text>', about: 'of the keys that start with this' },
        offset: { value: '<n>', about: 'leave out so many first', read: count },
        limit: { value: '<n>', about: 'at most so many; default: all', read: positive },
        descending: { about: 'from the highest key down' },
        count: { about: 'only how many there are' },
    },
    async run(context) {
        const { input, output, signal } = context;
        const { json, count: isCount, ...options } = context.options;
        const where = await input.json(context.operands[0], 'where');
        await withStore(context, async (store) => {
            if (isCount) {
                await output.put(await store.count(where, { prefix: options.prefix, signal }), String);
                return;
            }
            const query = (of) => store.find(where, { ...of, signal });
            for await (const item of itemsOf(query, options)) {
                await putItem(output, item);
            }
        });
    },
};
