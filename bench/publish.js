'use strict';

/**
 * `node bench/publish.js`: measures what the documents show, draws it, and writes it into them. Nothing else may run.
 *
 *   --runs 5          runs of each cell
 *   --seconds 1       for a rehearsal; as `run.js` has it where it is not given
 *   --documents n     how many documents, and the largest of the growth, for a rehearsal: 4,000 or more
 *   --folder path     where the documents lie, several tens of gigabytes of them; they are left there
 *   --into path       writes into a copy of this repository's documents instead, for a rehearsal
 *   --stored          measures nothing, and draws and writes what was stored the last time
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { draw } = require('./chart.js');
const { growthOf } = require('./growth.js');
const { panelsOf } = require('./panels.js');
const { installed } = require('./peers.js');
const { reachTable } = require('./reach.js');
const { about, report } = require('./report.js');
const { read } = require('./results.js');
const { STORES } = require('./stores/index.js');
const { asMarkdown } = require('./table.js');

const ROOT = path.join(__dirname, '..');

/** These take so long that the others would have to wait for hours; `run.js` measures them when it is asked. */
const LEFT_OUT = ['pouchdb', 'nedb', 'lokijs'];

/** What whole runs leave on the disk until the end, at the most. */
const NEEDED_GB = 40;

/** What `run.js` ends with where a cell failed; more is a signal. */
const FAILED = 1;

const DOCUMENTS = 100_000;
const GROWING_SIZES = [10_000, 100_000, 1_000_000];

const GROWING = 'get-hot,get-uniform,range,page-middle,view-10,set,open,memory';

const OPTIONS = {
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string' },
    documents: { type: 'string' },
    folder: { type: 'string' },
    into: { type: 'string', default: ROOT },
    stored: { type: 'boolean', default: false },
};

/** The two measurements: arguments for `run.js`, which makes a file of lines of each. */
function measurements(documents) {
    const stores = STORES.map(({ name }) => name).filter((name) => !LEFT_OUT.includes(name));
    const sizes = documents === undefined ? GROWING_SIZES : [documents / 4, documents / 2, documents];
    return {
        main: ['--documents', String(documents ?? DOCUMENTS), '--stores', stores.join()],
        growth: ['--documents', sizes.join(), '--only', GROWING, '--stores', 'kixx'],
    };
}

/** Both in one folder, which is removed at the very end: what is deleted slows down what is created next. */
function measureAll({ runs, seconds, documents, folder, into }) {
    installed(STORES.filter(({ name }) => !LEFT_OUT.includes(name)));
    const place = folder ?? fs.mkdtempSync(path.join(os.tmpdir(), 'kixx-publish-'));
    fs.mkdirSync(place, { recursive: true });
    checkSpace(place, documents === undefined);
    const shared = ['--runs', runs, '--folder', place, ...(seconds ? ['--seconds', seconds] : [])];
    for (const [name, args] of Object.entries(measurements(documents && Number(documents)))) {
        const json = ['--json', resultsIn(into, name)];
        const script = path.join(__dirname, 'run.js');
        const ended = spawnSync(process.execPath, [script, ...args, ...shared, ...json], { stdio: 'inherit' });
        if (ended.status > FAILED) {
            throw new TypeError('interrupted; --stored shows what was measured until then');
        }
        if (ended.status !== 0) {
            // What could be measured is stored, and worth to be shown.
            process.stderr.write(`${name}: not everything could be measured\n`);
            process.exitCode = 1;
        }
    }
    return folder === undefined ? () => fs.rmSync(place, { recursive: true, force: true }) : () => {};
}

/** Half of a measurement is worth less than a word in time. */
function checkSpace(place, isWhole) {
    const { bavail, bsize } = fs.statfsSync(place);
    const free = (bavail * bsize) / 2 ** 30;
    if (isWhole && free < NEEDED_GB) {
        throw new TypeError(
            `${place} has ${free.toFixed(0)} GB free; this needs up to ${NEEDED_GB}: --folder elsewhere`,
        );
    }
}

function resultsIn(root, name) {
    return path.join(root, 'bench', 'results', `${name}.jsonl`);
}

/** Draws and writes whatever is stored: of a measurement that was interrupted, what it came to. */
async function publish(into) {
    const [main, growth] = ['main', 'growth'].map((name) => stored(into, name));
    const images = [];
    if (panelsOf(main).length > 0) {
        await draw(main, path.join(into, 'bench', 'chart.svg'));
        images.push('![How fast it is, beside what else could be used](bench/chart.svg)', about(main).trim());
    }
    if (growthOf(growth).length > 0) {
        await draw(growth, path.join(into, 'bench', 'growth.svg'), true);
        images.push('![What an operation costs with more and more documents](bench/growth.svg)');
    }
    write(path.join(into, 'README.md'), images.join('\n\n'));
    const tables = [asMarkdown(reachTable(main)), `${report(main, true)}## Growth\n`, report(growth, true)];
    write(path.join(into, 'bench', 'README.md'), tables.join('\n'));
}

function stored(into, name) {
    const file = resultsIn(into, name);
    return fs.existsSync(file) ? read(file) : [];
}

/** Replaces what stands between the two marks of a document. */
function write(file, text) {
    const [begin, end] = ['<!-- measured -->\n', '<!-- /measured -->'];
    const whole = fs.readFileSync(file, 'utf8');
    const [from, to] = [whole.indexOf(begin), whole.indexOf(end)];
    if (from === -1 || to < from) {
        throw new TypeError(`${file} has no place for what was measured`);
    }
    fs.writeFileSync(file, `${whole.slice(0, from + begin.length)}\n${text.trimEnd()}\n\n${whole.slice(to)}`);
}

async function main() {
    // What runs is interrupted with it, and tells so by how it ends.
    process.on('SIGINT', () => {});
    const { values } = parseArgs({ options: OPTIONS });
    fs.mkdirSync(path.join(values.into, 'bench', 'results'), { recursive: true });
    const remove = values.stored ? () => {} : measureAll(values);
    await publish(values.into);
    remove();
}

main().catch((error) => {
    process.stderr.write(`${error instanceof TypeError ? error.message : error.stack}\n`);
    process.exitCode = 1;
});
