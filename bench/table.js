'use strict';

/** Results as tables: values with ratios, and latencies. */

const { summary } = require('./statistics.js');

/** With more stores than this, ratios are a table of their own. */
const MOST_IN_ONE = 3;

/** @typedef {{ title: string, head: string[], rows: string[][] }} Table */

/**
 * The tables of one size.
 *
 * @param {object[]} results of the cells: `{ cell, store, documents, values, latency, bytesPerDocument, textPerDocument, failed }`
 * @param {object[]} workloads in the order of the rows
 * @param {object[]} stores in the order of the columns; the first is compared with each of the others
 * @returns {Table[]}
 */
function tables(results, workloads, stores, documents) {
    const find = (workload, store) =>
        results.find((result) => {
            return result.cell === workload.name && result.store === store.name && result.documents === documents;
        });
    const measured = workloads.map((workload) => ({
        workload,
        cells: stores.map((store) => find(workload, store)),
    }));
    const size = `${documents.toLocaleString('en')} documents`;
    const names = stores.map(({ name }) => name);
    const all =
        stores.length > MOST_IN_ONE
            ? [valuesOf(size, names, measured, false), ratiosOf(size, names, measured)]
            : [valuesOf(size, names, measured, true)];
    return [...all, latenciesOf(size, names, measured)].filter(({ rows }) => rows.length > 0);
}

function valuesOf(size, names, measured, withRatios) {
    const [own, ...others] = names;
    return {
        title: `${size}: median (min - max)`,
        head: ['', ...names, ...(withRatios ? others.map((name) => `${own} / ${name}`) : [])],
        rows: measured.flatMap(({ workload, cells }) => {
            if (!cells.some((cell) => cell !== undefined)) {
                return [];
            }
            const label = `${workload.title}, ${workload.unit}`;
            const row = [label, ...cells.map(value), ...(withRatios ? ratios(workload, cells) : [])];
            return [row, ...perDocument(workload, cells, row.length)];
        }),
    };
}

function ratiosOf(size, [own, ...others], measured) {
    return {
        title: `${size}: how many times better ${own} is than`,
        head: ['', ...others],
        rows: measured
            .map(({ workload, cells }) => [workload.title, ...ratios(workload, cells)])
            .filter(([, ...cells]) => cells.some((cell) => cell !== '-')),
    };
}

function latenciesOf(size, names, measured) {
    return {
        title: `${size}: latency in us, p50 / p99`,
        head: ['', ...names],
        rows: measured
            .map(({ workload, cells }) => [workload.title, ...cells.map(latency)])
            .filter(([, ...cells]) => cells.some((cell) => cell !== '-')),
    };
}

function value(result) {
    if (result === undefined || result.values.length === 0) {
        return result?.failed ? 'failed' : '-';
    }
    const { median, min, max } = summary(result.values);
    return `${short(median)} (${short(min)} - ${short(max)})`;
}

/** A sentence about the file system while these cells, of which some write, were measured. */
function bareFiles(results) {
    const bare = results.filter((result) => result.bare).map((result) => result.bare);
    if (bare.length === 0) {
        return '';
    }
    const told = (name) => {
        const { median, min, max } = summary(bare.map((each) => each[name]));
        return `${short(median)} us (${short(min)} - ${short(max)})`;
    };
    const [created, replaced] = [told('create'), told('replace')];
    return `A bare file, just before each cell that writes: new ${created}, replaced by rename ${replaced}.\n\n`;
}

function latency(result) {
    return result?.latency ? `${short(result.latency.p50)} / ${short(result.latency.p99)}` : '-';
}

function perDocument(workload, cells, width) {
    const text = cells.find((result) => result?.textPerDocument?.length > 0)?.textPerDocument[0];
    if (text === undefined) {
        return [];
    }
    const each = (result) =>
        result?.bytesPerDocument?.length > 0 ? short(summary(result.bytesPerDocument).median) : '-';
    const row = [`${workload.title}, bytes per document of ${short(text)} bytes of text`, ...cells.map(each)];
    return [row.concat(Array(width - row.length).fill(''))];
}

/** The first store against each of the others. */
function ratios({ unit }, [own, ...others]) {
    return others.map((other) => ratio(unit, own, other));
}

/** How many times better the first is: above 1 it wins, also where less is better. */
function ratio(unit, own, other) {
    if (!own?.values.length || !other?.values.length) {
        return '-';
    }
    const [mine, theirs] = [summary(own.values).median, summary(other.values).median];
    return times(unit === 'ops/s' ? mine / theirs : theirs / mine);
}

/** How many times more, as a cell. */
function times(ratio) {
    return `${short(Number(ratio.toPrecision(2)))}x`;
}

/** Three digits that count: 0.123, 1.23, 12.3, 123, 1,234, 123k, 1.23M. */
function short(number) {
    if (number >= 1e6) {
        return `${(number / 1e6).toFixed(2)}M`;
    }
    if (number >= 1e4) {
        return `${(number / 1e3).toFixed(number >= 1e5 ? 0 : 1)}k`;
    }
    return number >= 100 ? Math.round(number).toLocaleString('en') : String(Number(number.toPrecision(3)));
}

/** @param {Table} table */
function asMarkdown({ title, head, rows }) {
    const line = (cells) => `| ${cells.join(' | ')} |`;
    const rule = line(head.map((_, column) => (column === 0 ? '---' : '---:')));
    return [`### ${title}`, '', line(head), rule, ...rows.map(line), ''].join('\n');
}

/** @param {Table} table */
function asText({ title, head, rows }) {
    const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
    const line = (cells) =>
        cells
            .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
            .join('   ')
            .trimEnd();
    return [title, '', line(head), ...rows.map(line), ''].join('\n');
}

module.exports = { asMarkdown, asText, bareFiles, short, tables, times, value };
