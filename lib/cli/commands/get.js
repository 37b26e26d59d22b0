'use strict';

const { NotFoundError } = require('../../errors.js');
const { withStore } = require('../directory.js');
const { FAILED } = require('../failure.js');
const { putItem } = require('../items.js');
const { pretty } = require('../text.js');

module.exports = {
    name: 'get',
    operands: ['<directory>', '<key>...'],
    about: 'the document of a key, or documents with their keys',
    details: [
        'With one key, stdout has its document alone; with several, or with -, which takes keys from the lines of',
        'stdin, each has its key above it, with --json on one line: {"key":...,"document":{...}}.',
        'A key without a document is told on stderr, with code NOT_FOUND; the others are printed all the same.',
    ],
    options: {},
    async run(context) {
        const { operands, input, output, complaints } = context;
        const keys = await input.keys(operands);
        const isAlone = operands.length === 1 && operands[0] !== '-';
        return withStore(context, async (store) => {
            const documents = await store.getItems(keys);
            let code;
            for (const [index, key] of keys.entries()) {
                const document = documents[index];
                if (document === null) {
                    complaints.tell(new NotFoundError(`there is no document '${key}'`, { key }));
                    code = FAILED;
                } else if (isAlone) {
                    await output.put(document, pretty);
                } else {
                    await putItem(output, { key, document });
                }
            }
            return code;
        });
    },
};
