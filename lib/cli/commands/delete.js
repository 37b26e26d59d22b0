'use strict';

const { NotFoundError } = require('../../errors.js');
const { withStore } = require('../directory.js');
const { FAILED, UsageError } = require('../failure.js');
const { putItem } = require('../items.js');
const { count } = require('../option.js');

module.exports = {
    name: 'delete',
    operands: ['<directory>', '<key>...'],
    about: 'remove documents, all at once; tells their keys',
    details: [
        'With - keys are taken from the lines of stdin. A key without a document is told on stderr, with code',
        'NOT_FOUND; the others are removed all the same.',
    ],
    options: {
        rev: { value: '<n>', about: 'remove it only if this is its revision; with one key', read: count },
    },
    async run(context) {
        const { options, input, output, complaints } = context;
        const keys = [...new Set(await input.keys(context.operands))];
        if (options.rev !== undefined && keys.length !== 1) {
            throw new UsageError('--rev goes with one key');
        }
        return withStore(context, async (store) => {
            const documents = await store.getItems(keys);
            const [there, missing] = [[], []];
            for (const [index, key] of keys.entries()) {
                (documents[index] === null ? missing : there).push(key);
            }
            if (options.rev === undefined) {
                await store.deleteItems(there);
            } else if (there.length > 0) {
                await store.deleteItem(keys[0], { rev: options.rev });
            }
            for (const key of there) {
                await putItem(output, { key });
            }
            for (const key of missing) {
                complaints.tell(new NotFoundError(`there is no document '${key}'`, { key }));
            }
            return missing.length > 0 ? FAILED : undefined;
        });
    },
};
