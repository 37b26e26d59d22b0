'use strict';

/**
 * What the package is meant to reach, beside what was measured: `node bench/reach.js results.jsonl` prints a table. Each
 * claim is a ratio of two cells of the same run, or a limit.
 */

const { cellOf, read } = require('./results.js');
const { summary } = require('./statistics.js');
const { asMarkdown, asText, short } = require('./table.js');

/** Bytes of memory for each byte of text, and for each document. */
const MEMORY = { text: 1.3, document: 100 };

/** The default `cacheSize`. */
const CACHE_MB = 64;

const least = (ratio) => ({ wanted: `${ratio}x`, isMet: (value) => value >= ratio });
const most = (limit, unit) => ({ wanted: `at most ${limit}${unit}`, isMet: (value) => value <= limit, unit });

/** Rates of one cell: more is better. */
function faster(claim, cell, own, other, ratio) {
    return { claim, ...least(ratio), measure: (line) => over(median(line(cell, own)), median(line(cell, other))) };
}

/** Times: less is better. */
function sooner(claim, other, ratio) {
    return {
        claim,
        ...least(ratio),
        measure: (line) => over(median(line('open', other)), median(line('open', 'kixx'))),
    };
}

const CLAIMS = [
    faster('get, hot set, of lmdb', 'get-hot', 'kixx', 'lmdb', 8),
    faster('get, hot set, of Map + structuredClone', 'get-hot', 'kixx', 'map-clone', 8),
    {
        claim: 'get, hot set, beside 1,000 writes/s, of the same without',
        ...least(0.8),
        measure: (line) => withOfWithout(line('get-writes', 'kixx')),
    },
    faster('get, uniform, of lmdb', 'get-uniform', 'kixx', 'lmdb', 1.5),
    faster('get, 4 KB, uniform, of lmdb', 'get-large', 'kixx', 'lmdb', 1),
    faster('getItems of 100, uniform, of lmdb getMany', 'get-many', 'kixx', 'lmdb', 2),
    faster('range of 10, of lmdb', 'range', 'kixx', 'lmdb', 1.5),
    asTheBest('page at the middle, of the best peer', 'page-middle', 30),
    {
        claim: 'page at the middle, of the first page',
        ...least(0.8),
        measure: (line) => over(median(line('page-middle', 'kixx')), median(line('page-first', 'kixx'))),
    },
    {
        claim: 'view, first query, of a loop that parses and calls the map function',
        ...most(2, 'x'),
        measure: (line) => over(median(line('view-build', 'kixx')), median(line('view-build', 'plain-loop'))),
    },
    {
        claim: 'declarative view, first query, of better-sqlite3',
        ...least(2),
        measure: (line) =>
            over(median(line('view-build-declared', 'better-sqlite3')), median(line('view-build-declared', 'kixx'))),
    },
    asTheBest('view of 10 documents, of the best peer', 'view-10', 1.5),
    {
        claim: 'page at the middle of a view, of the first page',
        ...least(0.8),
        measure: (line) => over(median(line('view-middle-page', 'kixx')), median(line('view-first-page', 'kixx'))),
    },
    {
        claim: '_sum over half of the rows, of reading them',
        ...least(1_000),
        measure: (line) => over(median(line('view-sum', 'kixx')), median(line('view-sum-rows', 'kixx'))),
    },
    asTheBest('write one, then a view of 10, of the best peer', 'write-view', 1),
    asTheBest('the same with background files', 'write-view-background', 1),
    faster('set, one at a time, new keys, of a writeFile loop', 'sustained-one-new', 'kixx-eager', 'in-place', 3),
    faster('set, one at a time, overwrites, of a writeFile loop', 'sustained-one', 'kixx-eager', 'in-place', 3),
    faster('set, 64 in flight, new keys, of writeFile', 'sustained-64-new', 'kixx-eager', 'in-place', 1.3),
    faster('set, 64 in flight, overwrites, of writeFile', 'sustained-64', 'kixx-eager', 'in-place', 2),
    faster('set, 64 in flight, background, of classic-level', 'sustained-64', 'kixx-background', 'classic-level', 1.2),
    flushed('the same until flushed', 'sustained-64', 'classic-level'),
    faster(
        'setItems by 1,000, background, of classic-level',
        'sustained-batch',
        'kixx-background',
        'classic-level',
        1.2,
    ),
    flushed('the same until flushed', 'sustained-batch', 'classic-level'),
    faster("updateItem, of the original's algorithm", 'sustained-update', 'kixx-eager', 'original', 4),
    {
        claim: 'open, of a raw read by two threads (compiled)',
        ...most(1.6, 'x'),
        measure: (line) => over(median(line('open', 'kixx')), median(line('open', 'read-compiled'))),
    },
    sooner('open, of a Node loop with 64 reads at a time', 'read-loop', 12),
    {
        claim: 'memory after opening, of text x 1.3 + 100 bytes per document',
        ...most(1, 'x'),
        measure: (line) => allowed(line('memory', 'kixx')),
    },
    {
        claim: 'memory after reading everything: more than that',
        ...most(CACHE_MB, ' MB'),
        measure: (line) => minus(median(line('memory-read', 'kixx')), median(line('memory', 'kixx'))),
    },
    delay('event loop delay with 64 writes per turn, p99', 'p99', 5),
    delay('event loop delay with 64 writes per turn, maximum', 'max', 15),
];

/** Those that keep documents on the disk. */
const PEERS = ['original', 'lmdb', 'better-sqlite3', 'classic-level', 'pouchdb', 'nedb'];

/** Rates, beside the peer that is best at the cell. */
function asTheBest(claim, cell, ratio) {
    return { claim, ...least(ratio), measure: (line) => over(median(line(cell, 'kixx')), best(cell, line)) };
}

function flushed(claim, cell, other) {
    return {
        claim,
        wanted: 'beside it',
        isMet: () => null,
        measure: (line) => over(median(line(cell, 'kixx-background'), 'flushed'), median(line(cell, other))),
    };
}

function delay(claim, name, limit) {
    return { claim, ...most(limit, ' ms'), measure: (line) => median(line('delay', 'kixx-eager'), name) };
}

/** The median over the runs: of the values, or of what a sustained run or a delay told beside. */
function median(line, member = 'values') {
    const told = {
        values: (of) => of.values,
        flushed: (of) => of.sustained?.map((run) => run.flushed),
        p99: (of) => of.delay?.map((run) => run.p99),
        max: (of) => of.delay?.map((run) => run.max),
    };
    const values = line === undefined ? [] : (told[member](line) ?? []);
    return values.length === 0 ? undefined : summary(values).median;
}

function over(own, other) {
    return own === undefined || other === undefined ? undefined : own / other;
}

/** Of runs that were measured with something and without it in turns. */
function withOfWithout(line) {
    const without = line?.alone ?? [];
    return without.length === 0 ? undefined : summary(line.values.map((value, run) => value / without[run])).median;
}

function minus(own, other) {
    return own === undefined || other === undefined ? undefined : own - other;
}

function best(cell, line) {
    const rates = PEERS.map((store) => median(line(cell, store))).filter((rate) => rate !== undefined);
    return rates.length === 0 ? undefined : Math.max(...rates);
}

function allowed(line) {
    if (line?.textPerDocument === undefined) {
        return undefined;
    }
    const [text] = line.textPerDocument;
    return summary(line.bytesPerDocument).median / (text * MEMORY.text + MEMORY.document);
}

/** The table of the claims, of which what was not measured is a dash. */
function reachTable(lines) {
    const documents = Math.max(
        ...lines.filter(({ sustained }) => sustained === undefined).map((line) => line.documents),
    );
    return {
        title: 'What was to be reached',
        head: ['', 'wanted', 'measured', ''],
        rows: CLAIMS.map(({ claim, wanted, isMet, measure, unit = 'x' }) => {
            const value = measure((cell, store) => find(lines, cell, store, documents));
            if (value === undefined) {
                return [claim, wanted, '-', ''];
            }
            const verdict = { true: 'reached', false: 'missed', null: '' }[isMet(value)];
            return [claim, wanted, `${short(Number(value.toPrecision(3)))}${unit}`, verdict];
        }),
    };
}

/** A cell at this size; sustained ones have their own. */
function find(lines, cell, store, documents) {
    return cellOf(lines, { cell, store, documents }) ?? cellOf(lines, { cell, store });
}

if (require.main === module) {
    const [file, ...flags] = process.argv.slice(2);
    const show = flags.includes('--markdown') ? asMarkdown : asText;
    process.stdout.write(`${show(reachTable(read(file)))}\n`);
}

module.exports = { reachTable };
