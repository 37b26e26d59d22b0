'use strict';

/** Opening beside readers of the same files as a table, a row for each: in the others they would be empty columns. */

const { cellOf } = require('./results.js');
const { summary } = require('./statistics.js');
const { times, value } = require('./table.js');

/**
 * The table of one size, or `null` where no reader was measured.
 *
 * @param {object[]} lines results
 * @param {object[]} readers adapters with `filledBy`
 * @returns {import('./table.js').Table | null}
 */
function readersTable(lines, readers, documents) {
    const line = (store) => cellOf(lines, { cell: 'open', store, documents });
    const measured = readers.filter(({ name }) => line(name) !== undefined);
    if (measured.length === 0) {
        return null;
    }
    const [{ filledBy }] = measured;
    const own = line(filledBy.name);
    return {
        title: `${documents.toLocaleString('en')} documents: opening, beside readers of the same files`,
        head: ['', 'ms, median (min - max)', `${filledBy.name} takes`],
        rows: [filledBy, ...measured].map((store) => [
            store.label ?? store.name,
            value(line(store.name)),
            store === filledBy ? '-' : ratio(own, line(store.name)),
        ]),
    };
}

function ratio(own, other) {
    const isMeasured = own?.values.length > 0 && other.values.length > 0;
    return isMeasured ? times(summary(own.values).median / summary(other.values).median) : '-';
}

module.exports = { readersTable };
