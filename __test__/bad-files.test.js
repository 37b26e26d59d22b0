'use strict';

/** Files that are no documents: what a load does with them, and what it tells. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { CorruptError, Datastore, DatastoreEngine } = require('../index.js');
const { afterwards, documentFiles, openStore, readJson, refusal, temporaryDirectory } = require('./support.js');

/** A data directory with these files; content is text or bytes. */
function directoryOf(t, files) {
    const directory = temporaryDirectory(t);
    for (const [name, content] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
        fs.writeFileSync(path.join(directory, name), content);
    }
    return directory;
}

function unloaded(t, directory, options) {
    const store = new Datastore({ directory, ...options });
    afterwards(t, () => store.close());
    return store;
}

const BOM = '\ufeff';

/** Every kind of file that has a document's name but is none. */
const BAD = {
    'array.json': '[{"a":1}]',
    'bare.json': '{a:1}',
    'bom-only.json': BOM,
    'comment.json': '{"a":1} // comment',
    'control.json': '{"a":"\n"}',
    'empty.json': '',
    'escape.json': '{"a":"\\x"}',
    'false.json': 'false',
    'hex.json': '{"a":0x10}',
    'infinity.json': '{"a":Infinity}',
    'leading-zero.json': '{"a":01}',
    'null.json': 'null',
    'nul-bytes.json': '\0\0\0\0',
    'number.json': '1',
    'quotes.json': "{'a':1}",
    'rev%3Afraction.json': '{"_rev":1.5}',
    'rev%3Ahuge.json': '{"_rev":9007199254740992}',
    'rev%3Alist.json': '{"_rev":[0]}',
    'rev%3Anegative.json': '{"a":1,"_rev":-1}',
    'rev%3Anull.json': '{"_rev":null}',
    'rev%3Atext.json': '{"_rev":"1"}',
    'rev%3Atrue.json': '{"_rev":true}',
    'spaces.json': ' \r\n\t ',
    'text.json': '"{}"',
    'trailing-comma.json': '{"a":1,}',
    'truncated.json': '{"_rev":3,"name":"Jo',
    'truncated-after-member.json': '{"_rev":3,"a":1',
    'two-boms.json': `${BOM}${BOM}{}`,
    'two-documents.json': '{}{}',
    'utf8%3Acut.json': Buffer.from('7b2261223a22c3227d', 'hex'),
    'utf8%3Alatin1.json': Buffer.from('{"a":"\u00e9"}', 'latin1'),
    'utf8%3Asurrogate.json': Buffer.from('7b2261223a22eda080227d', 'hex'),
    'utf16.json': Buffer.from(`${BOM}{}`, 'utf16le'),
};

/** What is a document, however it is laid out, and how it reads. */
const GOOD = {
    'bom.json': [`${BOM}{"n":1}`, { _rev: 0, n: 1 }],
    'crlf.json': ['{\r\n\t"n" : 1\r\n}\r\n', { _rev: 0, n: 1 }],
    'empty-object.json': ['{}', { _rev: 0 }],
    'escapes.json': ['{"\\u005frev":2,"a":"\\ud800"}', { _rev: 2, a: '\ud800' }],
    'inner-rev.json': ['{"a":{"_rev":-1}}', { _rev: 0, a: { _rev: -1 } }],
    'last-rev.json': ['{"a":1,"_rev":9}', { _rev: 9, a: 1 }],
    'largest-rev.json': ['{"_rev":9007199254740991}', { _rev: 9007199254740991 }],
    'numbers.json': ['{"_rev":1e1,"a":-0,"b":1E400}', { _rev: 10, a: -0, b: Infinity }],
    'same-name-twice.json': ['{"a":1,"a":2}', { _rev: 0, a: 2 }],
};

test('a load rejects with one error that lists every bad file, and touches none', async (t) => {
    const directory = directoryOf(t, { ...BAD, 'fine.json': '{"n":1}' });
    const store = unloaded(t, directory);
    const error = await refusal(store.load());
    assert.ok(error instanceof CorruptError);
    assert.deepEqual([error.name, error.code], ['CorruptError', 'CORRUPT']);
    assert.deepEqual(error.files.map(({ file }) => file).sort(), Object.keys(BAD).sort());
    for (const { file, reason, ...more } of error.files) {
        assert.ok(typeof reason === 'string' && reason.length > 0, file);
        assert.deepEqual(more, {});
    }
    assert.equal(store.loadReport, null);
    for (const [name, content] of Object.entries(BAD)) {
        assert.ok(fs.readFileSync(path.join(directory, name)).equals(Buffer.from(content)), name);
    }
    assert.equal(documentFiles(directory).length, Object.keys(BAD).length + 1);
});

for (const [name, content] of Object.entries(BAD)) {
    test(`a file like ${name} alone is bad`, async (t) => {
        const store = unloaded(t, directoryOf(t, { [name]: content }));
        const error = await refusal(store.load());
        assert.deepEqual([error.code, error.files.map(({ file }) => file)], ['CORRUPT', [name]]);
    });
}

for (const [name, [content, expected]] of Object.entries(GOOD)) {
    test(`a file like ${name} is a document`, async (t) => {
        const store = await openStore(t, { directory: directoryOf(t, { [name]: content }) });
        const document = await store.getItem(path.basename(name, '.json'));
        assert.deepEqual(document, expected);
    });
}

test('a file that is nested two thousand levels deep is a document, one level deeper is bad', async (t) => {
    const nested = (depth) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    const directory = directoryOf(t, { 'deep.json': nested(2_000), 'deeper.json': nested(2_001) });
    const error = await refusal(unloaded(t, directory).load());
    assert.deepEqual([error.code, error.files.map(({ file }) => file)], ['CORRUPT', ['deeper.json']]);
    const store = await openStore(t, { directory, onCorrupt: 'quarantine' });
    assert.equal(JSON.stringify(await store.getItem('deep')), `{"_rev":0,${nested(2_000).slice(1)}`);
});

test('bad files deep inside long names are told with their folders', async (t) => {
    const key = 'k'.repeat(600);
    const directory = path.join(temporaryDirectory(t), 'data');
    const first = new Datastore({ directory });
    await first.setItem(key, {});
    await first.close();
    const [folder] = documentFiles(directory);
    const file = path.join(folder, fs.readdirSync(path.join(directory, folder))[0]);
    const inner = fs.readdirSync(path.join(directory, file)).map((name) => `${file}/${name}`);
    fs.writeFileSync(path.join(directory, inner[0]), 'bad');
    const error = await refusal(unloaded(t, directory).load());
    assert.deepEqual(
        error.files.map((bad) => bad.file),
        inner,
    );
    const store = await openStore(t, { directory, onCorrupt: 'quarantine' });
    assert.deepEqual(
        store.loadReport.quarantinedFiles.map((bad) => bad.file),
        inner,
    );
    assert.equal(fs.existsSync(path.join(directory, inner[0])), false);
    await store.setItem(key, { again: true });
    assert.deepEqual(await store.getItem(key), { _rev: 0, again: true });
});

test('a load can be tried again when the files were mended, and a write starts such a load', async (t) => {
    const directory = directoryOf(t, { 'a.json': '{', 'b.json': '[]', 'c.json': '{"n":3}' });
    const store = unloaded(t, directory);
    const [first, second, third] = await Promise.all([
        refusal(store.load()),
        refusal(store.getItem('c')),
        refusal(store.setItem('d', {})),
    ]);
    for (const error of [first, second, third]) {
        assert.deepEqual([error.code, error.files.length], ['CORRUPT', 2]);
    }
    fs.writeFileSync(path.join(directory, 'a.json'), '{"n":1}');
    assert.deepEqual((await refusal(store.load())).files.length, 1);
    fs.rmSync(path.join(directory, 'b.json'));
    fs.rmSync(path.join(directory, 'c.json'));
    assert.deepEqual(await store.setItem('d', { n: 4 }), { _rev: 0, n: 4 });
    assert.equal(store.loadReport.documents, 1);
    assert.deepEqual(await store.getItems(['a', 'b', 'c', 'd']), [{ _rev: 0, n: 1 }, null, null, { _rev: 0, n: 4 }]);
});

test('a load that failed lets another store have the directory', async (t) => {
    const directory = directoryOf(t, { 'a.json': 'bad' });
    const store = unloaded(t, directory);
    await assert.rejects(store.load(), { code: 'CORRUPT' });
    const other = await openStore(t, { directory, onCorrupt: 'quarantine' });
    // What it left at its default is as the other one has it.
    await store.load();
    await store.setItem('b', {});
    assert.deepEqual(await other.getItem('b'), { _rev: 0 });
});

test('quarantine moves bad files with every byte, tells them, and loads the rest', async (t) => {
    const directory = directoryOf(t, { ...BAD, 'fine.json': '{"_rev":2,"n":1}', 'notes.txt': 'ignored' });
    const store = await openStore(t, { directory, onCorrupt: 'quarantine' });
    const { documents, ignored, quarantined, ignoredFiles, quarantinedFiles } = store.loadReport;
    assert.deepEqual([documents, ignored, quarantined], [1, 1, Object.keys(BAD).length]);
    assert.deepEqual(ignoredFiles, ['notes.txt']);
    assert.deepEqual(quarantinedFiles.map(({ file }) => file).sort(), Object.keys(BAD).sort());
    assert.ok(quarantinedFiles.every(({ reason }) => typeof reason === 'string' && reason.length > 0));
    assert.deepEqual(documentFiles(directory), ['fine.json', 'notes.txt']);
    const moved = path.join(directory, '.datastore', 'quarantine', '0001');
    assert.deepEqual(fs.readdirSync(moved).sort(), Object.keys(BAD).sort());
    for (const [name, content] of Object.entries(BAD)) {
        assert.ok(fs.readFileSync(path.join(moved, name)).equals(Buffer.from(content)), name);
    }
    assert.deepEqual(await store.getItem('fine'), { _rev: 2, n: 1 });
    assert.equal(await store.getItem('empty'), null);
    assert.deepEqual(await store.setItem('empty', {}), { _rev: 0 });
});

test('a second quarantine overwrites nothing of the first', async (t) => {
    const directory = directoryOf(t, { 'a.json': 'first' });
    const options = { directory, onCorrupt: 'quarantine' };
    await new Datastore(options).load().then((store) => store.close());
    fs.writeFileSync(path.join(directory, 'a.json'), 'second');
    const store = await openStore(t, options);
    assert.equal(store.loadReport.quarantined, 1);
    const quarantine = path.join(directory, '.datastore', 'quarantine');
    assert.equal(fs.readFileSync(path.join(quarantine, '0001', 'a.json'), 'utf8'), 'first');
    assert.equal(fs.readFileSync(path.join(quarantine, '0002', 'a.json'), 'utf8'), 'second');
    await store.close();
    const third = await openStore(t, options);
    assert.equal(third.loadReport.quarantined, 0);
    assert.deepEqual(fs.readdirSync(quarantine), ['0001', '0002']);
});

test("an engine's load is as strict", async (t) => {
    const directory = directoryOf(t, { 'a.json': 'bad', 'b.json': '{}' });
    const strict = new DatastoreEngine({ directory });
    afterwards(t, () => strict.close());
    const error = await refusal(strict.loadDocuments());
    assert.deepEqual([error.code, error.files.map(({ file }) => file)], ['CORRUPT', ['a.json']]);
    assert.throws(() => strict.getItem('b'), { code: 'NOT_LOADED' });
    const engine = new DatastoreEngine({ directory, onCorrupt: 'quarantine' });
    afterwards(t, () => engine.close());
    await engine.loadDocuments();
    assert.deepEqual([engine.loadReport.documents, engine.loadReport.quarantined], [1, 1]);
});

/** Makes what has a document's name but is no regular file; returns the names. */
function makeStrangers(directory) {
    fs.mkdirSync(path.join(directory, 'folder.json'));
    fs.writeFileSync(path.join(directory, 'folder.json', 'inside.json'), '{}');
    fs.symlinkSync('real.json', path.join(directory, 'link.json'));
    fs.symlinkSync('nowhere.json', path.join(directory, 'dangling.json'));
    fs.symlinkSync('loop.json', path.join(directory, 'loop.json'));
    fs.symlinkSync('folder.json', path.join(directory, 'folder-link.json'));
    const names = ['folder.json', 'link.json', 'dangling.json', 'loop.json', 'folder-link.json'];
    if (spawnSync('mkfifo', [path.join(directory, 'fifo.json')]).status === 0) {
        names.push('fifo.json');
    }
    return names.sort();
}

const skipsLinks = process.platform === 'win32' && 'symbolic links need privileges on Windows';

for (const onCorrupt of ['error', 'quarantine']) {
    test(`with ${onCorrupt}, only regular files are documents`, { skip: skipsLinks }, async (t) => {
        const directory = directoryOf(t, { 'real.json': '{"n":1}' });
        const strangers = makeStrangers(directory);
        const store = await openStore(t, { directory, onCorrupt });
        const { documents, ignored, ignoredFiles, quarantined } = store.loadReport;
        assert.deepEqual([documents, ignored, quarantined], [1, strangers.length, 0]);
        assert.deepEqual([...ignoredFiles].sort(), strangers);
        assert.deepEqual(await store.getItems(['real', 'link', 'folder', 'fifo']), [
            { _rev: 0, n: 1 },
            null,
            null,
            null,
        ]);
        assert.deepEqual(documentFiles(directory), [...strangers, 'real.json'].sort());
    });
}

test('a write to the name of a link replaces the link and not what it leads to', { skip: skipsLinks }, async (t) => {
    const outside = directoryOf(t, { 'secret.json': '{"outside":true}' });
    const directory = temporaryDirectory(t);
    fs.symlinkSync(path.join(outside, 'secret.json'), path.join(directory, 'link.json'));
    const store = await openStore(t, { directory });
    await store.setItem('link', { n: 1 });
    assert.deepEqual(readJson(outside, 'secret.json'), { outside: true });
    assert.ok(fs.lstatSync(path.join(directory, 'link.json')).isFile());
    assert.deepEqual(readJson(directory, 'link.json'), { _rev: 0, n: 1 });
});

test('names that are not canonical are ignored, whatever they hold, and stay', async (t) => {
    const names = [
        'user%3a1.json',
        'user:1.json',
        '%61.json',
        'sp ace.json',
        '%E0%A4%A.json',
        '%FF.json',
        '%.json',
        '.json',
        'a.JSON',
        'a.json~',
        'a.json.tmp',
        'readme.md',
        'json',
        '.hidden',
    ];
    const directory = directoryOf(t, Object.fromEntries([...names, 'fine.json'].map((name) => [name, 'bad'])));
    fs.writeFileSync(path.join(directory, 'fine.json'), '{}');
    const notText = Buffer.concat([Buffer.from(directory), Buffer.from('/a\xff.json', 'latin1')]);
    let strange = 0;
    try {
        fs.writeFileSync(notText, 'bad');
        strange = 1;
    } catch (error) {
        // Some file systems take names of UTF-8 only.
        assert.equal(error.code, 'EILSEQ');
    }
    for (const onCorrupt of ['error', 'quarantine']) {
        const store = await openStore(t, { directory, onCorrupt });
        const { documents, ignored, ignoredFiles, quarantined } = store.loadReport;
        assert.deepEqual([documents, ignored, quarantined], [1, names.length + strange, 0]);
        assert.deepEqual([...ignoredFiles].filter((name) => names.includes(name)).sort(), [...names].sort());
        assert.equal((await store.queryKeys()).total, 1);
        await store.close();
    }
    assert.equal(documentFiles(directory).length, names.length + 1 + strange);
});

test('the load report is numbers, null before', async (t) => {
    const directory = directoryOf(t, { 'a.json': '{}', 'b.json': '{}', 'c.txt': '' });
    const store = unloaded(t, directory);
    assert.equal(store.loadReport, null);
    assert.equal(store._db.loadReport, null);
    const started = performance.now();
    await store.load();
    const taken = performance.now() - started;
    const report = store.loadReport;
    assert.deepEqual(Object.keys(report).sort(), [
        'documents',
        'ignored',
        'ignoredFiles',
        'milliseconds',
        'quarantined',
        'quarantinedFiles',
        'recovered',
    ]);
    const { milliseconds, ...counts } = report;
    assert.deepEqual(counts, {
        documents: 2,
        ignored: 1,
        quarantined: 0,
        recovered: 0,
        ignoredFiles: ['c.txt'],
        quarantinedFiles: [],
    });
    assert.ok(milliseconds > 0 && milliseconds <= taken, `${milliseconds} of ${taken}`);
    assert.equal(store._db.loadReport, report);
    await store.setItem('d', {});
    assert.deepEqual([store.loadReport.documents, store.stats().documents], [2, 3]);
});

test('a load report names a thousand ignored entries at most, and counts all', async (t) => {
    const directory = directoryOf(t, { 'note 0': '' });
    for (let index = 1; index < 1_010; index += 1) {
        // Links to one file take a fraction of the time of files.
        fs.linkSync(path.join(directory, 'note 0'), path.join(directory, `note ${index}`));
    }
    const store = await openStore(t, { directory });
    assert.deepEqual([store.loadReport.ignored, store.loadReport.ignoredFiles.length], [1_010, 1_000]);
});

test('a load creates a missing directory, its parents too', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'some', 'where', 'data');
    const store = unloaded(t, directory);
    assert.equal(fs.existsSync(directory), false);
    await store.load();
    assert.deepEqual(documentFiles(directory), []);
    assert.equal(store.loadReport.documents, 0);
});

test("a directory that is a file, or below one, rejects with the system's code", async (t) => {
    const directory = directoryOf(t, { file: 'not a directory' });
    for (const [place, code] of [
        [path.join(directory, 'file'), 'EEXIST'],
        [path.join(directory, 'file', 'data'), 'ENOTDIR'],
    ]) {
        const error = await refusal(unloaded(t, place).load());
        assert.deepEqual([error.name, error.code, error.syscall, error.path], ['StorageError', code, 'mkdir', place]);
        assert.ok(error.errno < 0);
    }
    assert.equal(fs.readFileSync(path.join(directory, 'file'), 'utf8'), 'not a directory');
});

test('a directory that was a file can be loaded when it is none any more', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    fs.writeFileSync(directory, '');
    const store = unloaded(t, directory);
    await assert.rejects(store.load(), { code: 'EEXIST' });
    fs.rmSync(directory);
    await store.load();
    await store.setItem('a', {});
});

test('a document of 60 MB is read whole', async (t) => {
    const text = 'x'.repeat(60 * 1024 * 1024);
    const store = await openStore(t, { directory: directoryOf(t, { 'big.json': `{"text":"${text}"}` }) });
    assert.equal(store.loadReport.documents, 1);
    assert.ok(store.stats().textBytes > text.length);
    const document = await store.getItem('big');
    assert.ok(document._rev === 0 && document.text === text);
    const { items } = await store.queryKeys({ includeDocuments: true });
    assert.ok(items[0].document.text === text);
});

test('what a crash left in our own folder is removed by the load, and is no document', async (t) => {
    const directory = directoryOf(t, {
        'a.json': '{"n":1}',
        '.datastore/tmp/next': '{"n":2',
        '.datastore/tmp/b.json': '{"n":3}',
        '.datastore/format.json.new': '{',
    });
    const store = await openStore(t, { directory });
    assert.deepEqual([store.loadReport.documents, store.loadReport.ignored], [1, 0]);
    assert.deepEqual(fs.readdirSync(path.join(directory, '.datastore', 'tmp')), []);
    await store.setItem('a', { n: 4 });
    assert.deepEqual(await store.getItem('a'), { _rev: 1, n: 4 });
});

test('a damaged or later format file refuses the load', async (t) => {
    const directory = directoryOf(t, { 'a.json': '{}' });
    await new Datastore({ directory }).load().then((store) => store.close());
    const format = path.join(directory, '.datastore', 'format.json');
    const { version } = readJson(directory, path.join('.datastore', 'format.json'));
    for (const [content, code] of [
        ['', 'CORRUPT'],
        ['{', 'CORRUPT'],
        ['{}', 'CORRUPT'],
        ['{"version":"x"}', 'CORRUPT'],
        ['{"version":0}', 'UNSUPPORTED'],
        [JSON.stringify({ format: 'kixx-datastore', version: version + 2 }), 'UNSUPPORTED'],
    ]) {
        fs.writeFileSync(format, content);
        for (const onCorrupt of ['error', 'quarantine']) {
            const error = await refusal(unloaded(t, directory, { onCorrupt }).load());
            assert.equal(error.code, code, content);
        }
        assert.equal(fs.readFileSync(format, 'utf8'), content);
    }
    fs.rmSync(format);
    const store = await openStore(t, { directory });
    assert.equal(store.loadReport.documents, 1);
});
