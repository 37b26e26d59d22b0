'use strict';

/** Results as tables: values with ratios, and latencies. */

const { summary } = require('./statistics.js');

/** @typedef {{ title: string, head: string[], rows: string[][] }} Table */

/**
 * The tables of one size.
 *
 * @param {object[]} results of the cells: `{ workload, store, documents, values, latency, bytesPerDocument, failed }`
 * @param {object[]} workloads in the order of the rows
 * @param {object[]} stores in the order of the columns; the first is compared with each of the others
 * @returns {Table[]}
 */
function tables(results, workloads, stores, documents) {
    const find = (workload, store) =>
        results.find((result) => {
            return result.workload === workload.name && result.store === store.name && result.documents === documents;
        });
    const [own, ...others] = stores;
    const size = documents.toLocaleString('en');
    const values = {
        title: `${size} documents: median (min - max)`,
        head: ['', ...stores.map(({ name }) => name), ...others.map(({ name }) => `${own.name} / ${name}`)],
        rows: workloads.flatMap((workload) => {
            const cells = stores.map((store) => find(workload, store));
            const ratios = cells.slice(1).map((other) => ratio(workload.unit, cells[0], other));
            const label = `${workload.title}, ${workload.unit}`;
            return [[label, ...cells.map(value), ...ratios], ...perDocument(workload, cells)];
        }),
    };
    const latencies = {
        title: `${size} documents: latency in us, p50 / p99`,
        head: ['', ...stores.map(({ name }) => name)],
        rows: workloads
            .map((workload) => [workload.title, ...stores.map((store) => latency(find(workload, store)))])
            .filter(([, ...cells]) => cells.some((cell) => cell !== '-')),
    };
    return [values, latencies].filter(({ rows }) => rows.length > 0);
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

function perDocument(workload, cells) {
    if (!cells.some((result) => result?.bytesPerDocument?.length > 0)) {
        return [];
    }
    const each = (result) =>
        result?.bytesPerDocument?.length > 0 ? short(summary(result.bytesPerDocument).median) : '-';
    return [[`${workload.title}, bytes per document`, ...cells.map(each), ...cells.slice(1).map(() => '')]];
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
