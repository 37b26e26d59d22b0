'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { growthOf } = require('../bench/growth.js');
const { PANELS, labelOf, panelsOf } = require('../bench/panels.js');
const { reachTable } = require('../bench/reach.js');
const { report } = require('../bench/report.js');
const { Results, read } = require('../bench/results.js');
const { STORES } = require('../bench/stores/index.js');
const { ROOT, temporaryDirectory } = require('./support.js');

const BENCH = path.join(ROOT, 'bench');

/** The charts need a library that only those have who have measured beside others, or drawn one before. */
const skip = fs.existsSync(path.join(BENCH, 'node_modules', 'vega-lite')) ? false : 'bench/ is not installed';

const MACHINE = {
    cpu: 'A & B <C>',
    cores: 2,
    memory: '4 GB',
    system: 'Linux 6 x64',
    node: 'v20.0.0',
    fileSystem: 'ext4',
};

function line(cell, store, value, documents = 1_000) {
    const about = {
        documents,
        unit: 'ops/s',
        seconds: 1,
        load: '0.1',
        date: '2026-01-02T03:04:05.000Z',
        machine: MACHINE,
    };
    const delay = cell === 'delay' ? [{ p50: 1, p99: value, max: 2 * value }] : undefined;
    return { cell, store, values: [value, value], delay, ...about };
}

/** Every store in every panel where it is shown. */
function allLines() {
    return PANELS.flatMap(({ cell, stores = ['kixx', 'lmdb', 'better-sqlite3', 'classic-level', 'map-clone'] }) =>
        stores.map((store, index) => line(cell, store, 1_000 / (index + 1))),
    );
}

function growingLines() {
    return [1_000, 10_000, 100_000].flatMap((documents) => [
        line('get-hot', 'kixx', 1e6, documents),
        line('range', 'kixx', 1e4, documents),
    ]);
}

function stored(folder, name, lines) {
    const file = path.join(folder, name);
    const results = new Results(MACHINE, file);
    for (const { machine, date, ...result } of lines) {
        results.add(result);
    }
    return file;
}

function node(script, ...args) {
    return spawnSync(process.execPath, [path.join(BENCH, script), ...args], { encoding: 'utf8', timeout: 60_000 });
}

/** Throws where a tag is not closed, an attribute is not quoted, or a text is not escaped. */
function assertWellFormed(xml) {
    const attributes = String.raw`(?:\s+[\w:-]+="[^"<]*")*`;
    const tag = new RegExp(String.raw`<(/?)([\w:-]+)(${attributes})\s*(/?)>|([^<>]+)`, 'gy');
    const open = [];
    let end = 0;
    for (const [whole, closing, name, , empty, text] of xml.matchAll(tag)) {
        end += whole.length;
        if (text !== undefined) {
            assert.doesNotMatch(text, /&(?!(?:amp|lt|gt|quot|#\d+);)/);
        } else if (closing) {
            assert.equal(open.pop(), name);
        } else if (!empty) {
            open.push(name);
        }
    }
    assert.deepEqual([end, open], [xml.length, []]);
}

function textsOf(svg) {
    return new Set([...svg.matchAll(/<text[^>]*>([^<]*)/g)].map(([, text]) => text));
}

test('the check for well-formed files finds what is not', () => {
    assertWellFormed('<a b="c"><d/>e &amp; f</a>');
    for (const wrong of ['<a>', '<a></b>', '<a b=c/>', '<a>&</a>', '<a>b > c</a>']) {
        assert.throws(() => assertWellFormed(wrong), wrong);
    }
});

test('a chart of stored lines is well-formed and names every store and workload', { skip }, (t) => {
    const folder = temporaryDirectory(t);
    const lines = allLines();
    const chart = path.join(folder, 'chart.svg');
    const { status, stderr } = node('chart.js', stored(folder, 'results.jsonl', lines), chart);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    const svg = fs.readFileSync(chart, 'utf8');
    assertWellFormed(svg);
    const texts = textsOf(svg);
    for (const store of new Set(lines.map((each) => each.store))) {
        assert.ok(texts.has(labelOf(store)), store);
    }
    for (const { title } of PANELS) {
        assert.ok(texts.has(title), title);
    }
});

test('a chart of growth is well-formed and names every workload', { skip }, (t) => {
    const folder = temporaryDirectory(t);
    const chart = path.join(folder, 'growth.svg');
    const { status } = node('chart.js', stored(folder, 'growth.jsonl', growingLines()), chart, '--growth');
    assert.equal(status, 0);
    const svg = fs.readFileSync(chart, 'utf8');
    assertWellFormed(svg);
    const texts = textsOf(svg);
    for (const text of ['get, hot set of 5,000', 'range of 10 documents', '1k', '100k']) {
        assert.ok(texts.has(text), text);
    }
});

test('the charts that the documents show are well-formed', () => {
    for (const name of ['chart.svg', 'growth.svg']) {
        const file = path.join(BENCH, name);
        if (fs.existsSync(file)) {
            assertWellFormed(fs.readFileSync(file, 'utf8').trimEnd());
        }
    }
});

test('publishing stored results draws both charts and writes between the marks', { skip }, (t) => {
    const folder = temporaryDirectory(t);
    fs.mkdirSync(path.join(folder, 'bench', 'results'), { recursive: true });
    stored(folder, path.join('bench', 'results', 'main.jsonl'), allLines());
    stored(folder, path.join('bench', 'results', 'growth.jsonl'), growingLines());
    const pages = ['README.md', path.join('bench', 'README.md')].map((name) => path.join(folder, name));
    for (const page of pages) {
        fs.writeFileSync(page, 'before\n<!-- measured -->\nold\n<!-- /measured -->\nafter\n');
    }
    for (let time = 0; time < 2; time += 1) {
        const { status, stderr } = node('publish.js', '--stored', '--into', folder);
        assert.equal(stderr, '');
        assert.equal(status, 0);
    }
    const [readme, tables] = pages.map((page) => fs.readFileSync(page, 'utf8'));
    for (const page of [readme, tables]) {
        assert.match(page, /^before\n<!-- measured -->\n\n.*\n\n<!-- \/measured -->\nafter\n$/s);
        assert.doesNotMatch(page, /old/);
    }
    assert.match(readme, /bench\/chart\.svg.*bench\/growth\.svg/s);
    assert.match(tables, /### What was to be reached.*### 1,000 documents.*## Growth/s);
    assert.deepEqual(fs.readdirSync(path.join(folder, 'bench')).sort(), [
        'README.md',
        'chart.svg',
        'growth.svg',
        'results',
    ]);
});

test('publishing half a measurement shows that half', { skip }, (t) => {
    const folder = temporaryDirectory(t);
    fs.mkdirSync(path.join(folder, 'bench', 'results'), { recursive: true });
    stored(folder, path.join('bench', 'results', 'main.jsonl'), allLines());
    for (const name of ['README.md', path.join('bench', 'README.md')]) {
        fs.writeFileSync(path.join(folder, name), '<!-- measured -->\n<!-- /measured -->');
    }
    const { status } = node('publish.js', '--stored', '--into', folder);
    assert.equal(status, 0);
    const readme = fs.readFileSync(path.join(folder, 'README.md'), 'utf8');
    assert.match(readme, /chart\.svg/);
    assert.doesNotMatch(readme, /growth\.svg/);
});

test('the documents have a place for what is measured', () => {
    for (const page of ['README.md', path.join('bench', 'README.md')]) {
        assert.match(fs.readFileSync(path.join(ROOT, page), 'utf8'), /<!-- measured -->\n.*<!-- \/measured -->/s);
    }
});

test('a panel has the best first, also where less is better, and says how many times better this package is', () => {
    const lines = [
        line('get-hot', 'lmdb', 100),
        line('get-hot', 'kixx', 250),
        line('open', 'kixx', 10),
        line('open', 'original', 5),
    ];
    const [get, open] = panelsOf(lines);
    assert.deepEqual(
        get.bars.map(({ label }) => label),
        ['kixx', 'lmdb'],
    );
    assert.match(get.verdict, /^2\.5x lmdb/);
    assert.deepEqual(
        open.bars.map(({ label }) => label),
        ['original', 'kixx'],
    );
    assert.match(open.verdict, /^0\.5x original .*less is better/);
});

test('every panel shows a workload that is measured, and stores that there are', () => {
    const lines = allLines();
    assert.equal(panelsOf(lines).length, PANELS.length);
    const names = new Set(STORES.map(({ name }) => name));
    assert.ok(PANELS.every(({ stores = [] }) => stores.every((store) => names.has(store))));
});

test('growth is the cost of one operation at each size', () => {
    const lines = [line('get-hot', 'kixx', 1e6, 10_000), line('get-hot', 'kixx', 5e5, 1_000), line('range', 'kixx', 1)];
    const [{ points }, ...others] = growthOf(lines);
    assert.deepEqual(others, []);
    assert.deepEqual(points, [
        { documents: 1_000, microseconds: 2 },
        { documents: 10_000, microseconds: 1 },
    ]);
});

test('of two lines about a cell the later one counts, and one that was cut off does not', (t) => {
    const folder = temporaryDirectory(t);
    const file = stored(folder, 'results.jsonl', [line('get-hot', 'kixx', 1), line('get-hot', 'kixx', 2)]);
    fs.appendFileSync(file, '{"cell":"get-unif');
    const lines = read(file);
    assert.deepEqual(
        lines.map(({ cell, values }) => [cell, ...values]),
        [['get-hot', 2, 2]],
    );
});

test('what was to be reached is told from what was missed and from what was not measured', () => {
    const { rows } = reachTable([
        line('get-hot', 'kixx', 900),
        line('get-hot', 'lmdb', 100),
        line('get-hot', 'map-clone', 300),
        line('delay', 'kixx-eager', 6),
    ]);
    const of = (beginning) => rows.find(([claim]) => claim.startsWith(beginning)).slice(2);
    assert.deepEqual(of('get, hot set, of lmdb'), ['9x', 'reached']);
    assert.deepEqual(of('get, hot set, of Map'), ['3x', 'missed']);
    assert.deepEqual(of('get, uniform'), ['-', '']);
    assert.deepEqual(of('event loop delay with 64 writes per turn, p99'), ['6 ms', 'missed']);
    assert.deepEqual(of('event loop delay with 64 writes per turn, maximum'), ['12 ms', 'reached']);
});

test('a report has the tables of what was measured, and says so where nothing was', () => {
    const text = report([line('get-hot', 'kixx', 900), line('get-hot', 'lmdb', 100)], true);
    assert.match(text, /^2026-01-02: 2 x A & B <C>/);
    assert.match(text, /\| get, hot set of 5,000, ops\/s \| 900 .* \| 9x \|/);
    assert.match(report([], false), /nothing/);
});

test('opening takes a part, or a multiple, of what readers of the same files take', () => {
    const text = report([line('open', 'kixx', 300), line('open', 'read-loop', 600)], true);
    assert.match(text, /readers of the same files/);
    assert.match(text, /\| 64 reads in flight \| 600 .* \| 0\.5x \|/);
});
