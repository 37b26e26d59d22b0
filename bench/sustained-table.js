'use strict';

/** Sustained writes as tables: a row for each way of writing, with the ratios of this package to it. */

const { summary } = require('./statistics.js');
const { short, times, value } = require('./table.js');

/**
 * The table of one workload.
 *
 * @param {object[]} results of the cells: `{ cell, store, documents, values, sustained, delay, failed }`
 * @param {object} workload
 * @param {object[]} writers in the order of the rows; the package's own are the ones that rows are compared with
 * @returns {import('./table.js').Table}
 */
function sustainedTable(results, workload, writers) {
    const rows = writers.flatMap((writer) => {
        const result = results.find(({ cell, store }) => cell === workload.name && store === writer.name);
        return result === undefined ? [] : [{ writer, result }];
    });
    const own = rows.filter(({ writer }) => writer.name.startsWith('kixx'));
    const compared = rows.length > own.length ? own : [];
    const documents = rows[0]?.result.documents.toLocaleString('en');
    const title = `Sustained, ${documents} documents: ${workload.title}`;
    if (workload.measuresDelay) {
        const head = ['', 'ms, median of the runs: p50', 'p99', 'maximum'];
        return { title, head, rows: rows.map(({ writer, result }) => [titleOf(writer), ...delays(result)]) };
    }
    return {
        title,
        head: [
            '',
            'documents/s, median (min - max)',
            'until flushed',
            'files behind',
            'memory, MB',
            ...compared.map(({ writer }) => `${titleOf(writer)} / this`),
        ],
        rows: rows.map(({ writer, result }) => [
            titleOf(writer),
            value(result),
            ...figures(result),
            ...compared.map((mine) => ratio(mine.result, result)),
        ]),
    };
}

function titleOf({ name, title = name }) {
    return title;
}

function delays({ delay = [] }) {
    const of = (name) => (delay.length === 0 ? '-' : short(summary(delay.map((run) => run[name])).median));
    return [of('p50'), of('p99'), of('max')];
}

/** The median rate until a flush, and the most that was seen of the rest. */
function figures({ sustained = [] }) {
    if (sustained.length === 0) {
        return ['-', '-', '-'];
    }
    const most = (name) => Math.max(...sustained.map((run) => run[name]));
    const { median } = summary(sustained.map(({ flushed }) => flushed));
    return [short(median), short(most('filesBehind')), short(most('rss'))];
}

function ratio(mine, other) {
    if (mine === other || !mine.values.length || !other.values.length) {
        return '-';
    }
    return times(summary(mine.values).median / summary(other.values).median);
}

module.exports = { sustainedTable };
