'use strict';

/** Results as text: on which machine, then all tables. `node bench/report.js results.jsonl [--markdown]` */

const { readersTable } = require('./readers-table.js');
const { read } = require('./results.js');
const { ADAPTERS, WRITERS } = require('./stores/index.js');
const { sustainedTable } = require('./sustained-table.js');
const { asMarkdown, asText, bareFiles, tables } = require('./table.js');
const { WORKLOADS } = require('./workloads/index.js');

/** @param {object[]} lines results in any order */
function report(lines, isMarkdown) {
    const names = (member) => new Set(lines.map((line) => line[member]));
    const [cells, measured] = [names('cell'), names('store')];
    const workloads = WORKLOADS.filter(({ name }) => cells.has(name));
    const plain = workloads.filter(({ writers }) => writers === undefined);
    const isPlain = ({ cell }) => plain.some(({ name }) => name === cell);
    const isReader = ({ filledBy }) => filledBy !== undefined;
    const isMeasured = ({ name }) => lines.some((line) => line.store === name && isPlain(line));
    const stores = ADAPTERS.filter((store) => isMeasured(store) && !isReader(store));
    const sizes = [...new Set(lines.filter(isPlain).map(({ documents }) => documents))].sort((a, b) => a - b);
    const show = (table) => `${isMarkdown ? asMarkdown(table) : asText(table)}\n`;
    const parts = [about(lines)];
    for (const size of sizes) {
        const readers = readersTable(lines, ADAPTERS.filter(isReader), size);
        parts.push(...tables(lines, plain, stores, size).map(show), readers === null ? '' : show(readers));
        parts.push(bareFiles(lines.filter((line) => isPlain(line) && line.documents === size)));
    }
    for (const workload of workloads.filter(({ writers }) => writers !== undefined)) {
        const writers = WRITERS.filter(({ name }) => measured.has(name));
        parts.push(show(sustainedTable(lines, workload, writers)));
        parts.push(bareFiles(lines.filter(({ cell }) => cell === workload.name)));
    }
    return parts.join('');
}

/** When and on what the first of them was measured, and how long. */
function about(lines) {
    if (lines.length === 0) {
        return 'nothing was measured\n\n';
    }
    const [{ machine, date }] = lines;
    const { cpu, cores, memory, system, node, fileSystem } = machine;
    const runs = [...new Set(lines.map(({ values }) => values.length))].filter((count) => count > 0);
    const seconds = [...new Set(lines.map((line) => line.seconds))].sort((a, b) => a - b);
    const loads = lines.map(({ load }) => Number(load));
    return (
        `${date.slice(0, 10)}: ${cores} x ${cpu}, ${memory}, ${system}, ${fileSystem}, Node ${node}; ` +
        `${runs.join(' or ')} runs of ${seconds.join(' or ')} s; load average ${Math.min(...loads)} to ${Math.max(...loads)}\n\n`
    );
}

if (require.main === module) {
    const [file, ...flags] = process.argv.slice(2);
    process.stdout.write(report(read(file), flags.includes('--markdown')));
}

module.exports = { about, report };
