'use strict';

const { withStore } = require('../directory.js');
const { printable } = require('../text.js');

/** Names and numbers, a line each; names of parts are joined by dots. */
function* lines(value, path = []) {
    for (const [name, part] of Object.entries(value)) {
        if (part !== null && typeof part === 'object' && !Array.isArray(part)) {
            yield* lines(part, [...path, name]);
        } else {
            yield [[...path, name].join('.'), Array.isArray(part) ? part.length : part];
        }
    }
}

function shown(value) {
    return typeof value === 'number' ? value.toLocaleString('en-US') : printable(String(value));
}

function table(value) {
    const rows = [...lines(value)];
    const width = Math.max(...rows.map(([name]) => name.length)) + 2;
    return rows.map(([name, part]) => `${name.padEnd(width)}${shown(part)}`).join('\n');
}

module.exports = {
    name: 'stats',
    operands: ['<directory>'],
    about: 'how many documents there are, what they take, and what the load found',
    details: ['As datastore.stats() and datastore.loadReport; milliseconds and bytes.'],
    options: {},
    async run(context) {
        await withStore(context, async (store) => {
            const { views, cache, ...stats } = store.stats();
            await context.output.put({ ...stats, load: store.loadReport }, table);
        });
    },
};
