'use strict';

/** The command line. */

const { parseArgs } = require('node:util');
const { ADAPTERS, STORES, WRITERS } = require('./stores/index.js');
const { WORKLOADS } = require('./workloads/index.js');

const HELP = `node bench/run.js [options]

  --documents 10000,100000   how many documents, one table each; sustained writes have a number of their own
  --only get,view            workloads whose name is, or begins with, one of these (${WORKLOADS.map(({ name }) => name).join(', ')})
  --stores kixx,original     stores to measure (${STORES.map(({ name }) => name).join(', ')})
  --runs 3                   runs of each cell; the table has their median
  --seconds 1                how long a run takes; where it is not given, sustained ones take 10 or as they like
  --json file                writes every cell to a file as soon as it is measured, a line of JSON each
  --markdown                 prints the tables in markdown
  --chart file               draws the cells into an SVG file, too
  --folder path              keeps the documents here and does not remove them
`;

const OPTIONS = {
    documents: { type: 'string', default: '10000,100000' },
    only: { type: 'string', default: '' },
    stores: { type: 'string', default: '' },
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string' },
    json: { type: 'string' },
    markdown: { type: 'boolean', default: false },
    chart: { type: 'string' },
    folder: { type: 'string' },
    help: { type: 'boolean', default: false },
};

/** Documents below this number would not fill the ranges. */
const FEWEST = 1_000;

/** Keys have seven digits, and new ones follow. */
const MOST = 2_000_000;

/** @param {string[]} args what follows the script's name */
function read(args) {
    const { values } = parseArgs({ args, options: OPTIONS });
    const stores = chosen('stores', STORES, values.stores, (name, part) => name === part);
    return {
        sizes: list(values.documents).map((size) => number('documents', size, FEWEST, MOST)),
        workloads: chosen('only', WORKLOADS, values.only, (name, part) => name === part || name.startsWith(`${part}-`)),
        stores: stores.filter((store) => ADAPTERS.includes(store)),
        writers: stores.filter((store) => WRITERS.includes(store)),
        runs: number('runs', values.runs, 1, 100),
        seconds: values.seconds && number('seconds', values.seconds, 0.01, 60),
        json: values.json,
        markdown: values.markdown,
        chart: values.chart,
        folder: values.folder,
        help: values.help,
    };
}

function list(text) {
    return text.split(',').filter((part) => part !== '');
}

function number(name, text, least, most) {
    const value = Number(text);
    if (!(value >= least && value <= most)) {
        throw new TypeError(`--${name} is a number from ${least} to ${most}, not '${text}'`);
    }
    return value;
}

function chosen(option, all, text, matches) {
    const wanted = list(text);
    for (const part of wanted) {
        if (!all.some(({ name }) => matches(name, part))) {
            throw new TypeError(`--${option}: there is no '${part}'`);
        }
    }
    return wanted.length === 0 ? all : all.filter(({ name }) => wanted.some((part) => matches(name, part)));
}

module.exports = { HELP, read };
