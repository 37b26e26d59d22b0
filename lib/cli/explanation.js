'use strict';

/** How documents are found, for people. */

const { many, printable } = require('./text.js');

/** Why a view does not lead to the documents, by reason. */
const REASONS = {
    each: () => 'it has rows for the elements of an array',
    collation: () => 'its keys are in the order of a language',
    where: () => 'a condition of its own is not among those given',
    key: ({ path }) => `no condition given says what its key's ${path} equals or between what it lies`,
    map: () => 'it is a map function, and find uses declarative views',
};

/** What is to be said of a view beside the one that is used. */
function sentence(view, used) {
    if (view.reason !== null) {
        return `not: ${REASONS[view.reason](view)}`;
    }
    const rows = `${many(view.rows, 'row')} to look at`;
    return view.id === used ? `used: ${rows}` : `not: ${rows}, which is not fewer`;
}

/**
 * @param {{ view: string | null, examined: number, found: number, views: object[] }} explanation
 * @returns {string} lines
 */
function explanationText({ view, examined, found, views }) {
    const way = view === null ? 'a scan, without a view' : `the view ${view}`;
    const head = `by ${way}: ${many(examined, 'document')} looked at, ${found.toLocaleString('en-US')} found`;
    const width = Math.max(...views.map(({ id }) => id.length));
    const rows = views.map((one) => `  ${one.id.padEnd(width)}  ${sentence(one, view)}`);
    const none = ['  there are no views to use: --module <file> has them'];
    return [head, ...(rows.length > 0 ? rows : none)].map(printable).join('\n');
}

module.exports = { explanationText };
