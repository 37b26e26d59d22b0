'use strict';

/** What the chart shows of results: a panel for each workload, in it a bar for each store. */

const { summary } = require('./statistics.js');
const { find } = require('./stores/index.js');
const { short, times } = require('./table.js');
const { WORKLOADS } = require('./workloads/index.js');

/** Those that have everything in memory when they are open; the others begin to read when they are asked. */
const EAGER = ['kixx', 'original', 'map-clone', 'nedb', 'lokijs'];

const WRITERS = ['kixx-eager', 'kixx-background', 'classic-level', 'lmdb', 'better-sqlite3', 'in-place'];

/** `cell`, a title, and the stores that are comparable there, where these are not all. */
const PANELS = [
    { cell: 'get-hot', title: 'get, hot set of 5,000' },
    { cell: 'get-writes', title: 'the same beside 1,000 writes/s' },
    { cell: 'get-uniform', title: 'get, any of all' },
    { cell: 'get-large', title: 'get, 4 KB documents' },
    { cell: 'get-many', title: 'get 100 at once' },
    { cell: 'range', title: 'range of 10 documents' },
    { cell: 'page-middle', title: 'page at the middle' },
    { cell: 'view-10', title: 'view of 10 documents' },
    { cell: 'update', title: 'update, with conflict check' },
    { cell: 'sustained-one', title: 'set, one awaited at a time', stores: WRITERS },
    { cell: 'sustained-64', title: 'set, 64 in flight', stores: WRITERS },
    { cell: 'sustained-batch', title: 'set 1,000 at once', stores: WRITERS },
    { cell: 'open', title: 'open and load', stores: [...EAGER, 'read-compiled', 'read-workers', 'read-loop'] },
    { cell: 'memory', title: 'memory after loading', stores: EAGER },
    { cell: 'delay', title: 'event loop delay, p99', stores: WRITERS },
];

/**
 * @typedef {object} Panel
 * @property {string} title
 * @property {string} verdict how many times better the package is than the best other, and the unit
 * @property {number} documents
 * @property {{ label: string, value: number, text: string, isOwn: boolean }[]} bars the best first
 */

/**
 * The panels of which something was measured.
 *
 * @param {object[]} lines results; of several sizes the largest counts
 * @returns {Panel[]}
 */
function panelsOf(lines) {
    return PANELS.flatMap(({ cell, title, stores }) => {
        const measured = lines.filter((line) => line.cell === cell && line.values.length > 0);
        const documents = Math.max(...measured.map((line) => line.documents));
        const shown = measured.filter((line) => {
            return line.documents === documents && (stores === undefined || stores.includes(line.store));
        });
        if (shown.length === 0) {
            return [];
        }
        const { unit } = WORKLOADS.find(({ name }) => name === cell);
        const isLessBetter = unit === 'ms' || unit === 'MB';
        const bars = shown.map(barOf).sort((a, b) => (isLessBetter ? a.value - b.value : b.value - a.value));
        const unitText = isLessBetter ? `${unit}, less is better` : unit.replace('documents', 'docs');
        return [
            {
                title,
                verdict: [verdict(bars, isLessBetter), unitText].filter(Boolean).join(' \u00b7 '),
                documents,
                bars,
            },
        ];
    });
}

function barOf({ store, values }) {
    const { median } = summary(values);
    return { label: labelOf(store), value: median, text: short(median), isOwn: isOwn(store) };
}

/** The package with its default options against the best of the others. */
function verdict(bars, isLessBetter) {
    const own = bars.find(({ isOwn, label }) => isOwn && label === 'kixx') ?? bars.find(({ isOwn }) => isOwn);
    const other = bars.find(({ isOwn }) => !isOwn);
    if (own === undefined || other === undefined) {
        return null;
    }
    const ratio = isLessBetter ? other.value / own.value : own.value / other.value;
    return `${times(ratio)} ${other.label}`;
}

function labelOf(store) {
    return find(store)?.label ?? store;
}

function isOwn(store) {
    return store.startsWith('kixx');
}

module.exports = { PANELS, isOwn, labelOf, panelsOf };
