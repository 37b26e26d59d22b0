'use strict';

/** Backups, restores, exports and imports by the command line. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { command, ended, fed, said, start, values } = require('./cli/command.js');
const { documentFiles, openStore, temporaryDirectory } = require('./support.js');

const LINES = '{"key":"a","document":{"_rev":0,"n":1}}\n{"key":"b:1","document":{"_rev":0,"n":2}}\n';

/** A folder with the directory of a closed store with two documents. */
async function folderOf(t) {
    const folder = temporaryDirectory(t);
    const store = await openStore(t, { directory: path.join(folder, 'data') });
    await store.setItems([
        ['a', { n: 1 }],
        ['b:1', { n: 2 }],
    ]);
    await store.close();
    return { folder, directory: path.join(folder, 'data') };
}

test('a backup can be restored, and holds what the store held', async (t) => {
    const { folder, directory } = await folderOf(t);
    const [backup, restored] = [path.join(folder, 'backup'), path.join(folder, 'restored')];
    const [told] = values(await said('backup', directory, backup, '--json'));
    assert.equal(told.documents, 2);
    assert.match(await said('restore', restored, backup), /^2 documents, \d+ bytes\n$/);
    assert.equal(await said('export', restored), LINES);
    await said('verify', backup);
    await said('verify', restored);
});

test('neither backup, restore nor export writes over what is there', async (t) => {
    const { folder, directory } = await folderOf(t);
    const [backup, file] = [path.join(folder, 'backup'), path.join(folder, 'lines.ndjson')];
    await said('backup', directory, backup);
    fs.writeFileSync(file, 'mine');
    for (const [code, ...args] of [
        ['EEXIST', 'backup', directory, backup],
        ['ENOTEMPTY', 'restore', directory, backup],
        ['EEXIST', 'export', directory, '--output', file],
    ]) {
        const { code: exit, stdout, stderr } = await command(...args);
        assert.deepEqual([exit, stdout], [1, ''], args.join(' '));
        assert.match(stderr, new RegExp(`^kixx-datastore: ${code}: `), args.join(' '));
    }
    assert.equal(fs.readFileSync(file, 'utf8'), 'mine');
    assert.equal(await said('export', directory), LINES);
});

test('what is exported is imported, from a file or stdin, into a directory that is made', async (t) => {
    const { folder, directory } = await folderOf(t);
    const [file, first, second] = ['lines.ndjson', 'first', 'second'].map((name) => path.join(folder, name));
    assert.equal(await said('export', directory, '--output', file), '');
    assert.equal(fs.readFileSync(file, 'utf8'), LINES);
    assert.equal(await said('export', directory, '--prefix', 'b'), LINES.split('\n').slice(1).join('\n'));
    assert.equal(await said('import', first, file), '2 documents stored, 0 skipped\n');
    const { code, stdout, stderr } = await fed(LINES, 'import', second, '--json');
    assert.deepEqual([code, values(stdout), stderr], [0, [{ written: 2, skipped: 0 }], '']);
    for (const copy of [first, second]) {
        assert.equal(await said('export', copy), LINES);
    }
});

test('import refuses what is there already, unless it is told to skip or overwrite it', async (t) => {
    const { directory } = await folderOf(t);
    const refused = await fed(LINES, 'import', directory, '--json');
    const { code, key, record } = JSON.parse(refused.stderr);
    assert.deepEqual([refused.code, refused.stdout, code, key, record], [1, '', 'CONFLICT', 'a', 1]);
    const skipped = await fed(LINES, 'import', directory, '-', '--on-existing', 'skip');
    assert.deepEqual([skipped.code, skipped.stdout], [0, '0 documents stored, 2 skipped\n']);
    const line = '{"key":"a","document":{"_rev":7,"n":9}}';
    await fed(line, 'import', directory, '--on-existing', 'overwrite', '--keep-revisions');
    assert.deepEqual(values(await said('get', directory, 'a', '--json')), [{ _rev: 7, n: 9 }]);
});

test('a line that is no record fails the import with its number, and is no misuse', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const { code, stderr } = await fed('{"key":"a","document":{}}\nnonsense\n', 'import', directory);
    assert.equal(code, 1);
    assert.match(stderr, /^kixx-datastore: ASSERTION: record 2: /);
    assert.deepEqual(documentFiles(directory), ['a.json']);
});

test('an import of a file that is missing makes no directory', async (t) => {
    const folder = temporaryDirectory(t);
    const { code, stderr } = await command('import', path.join(folder, 'data'), path.join(folder, 'none'));
    assert.equal(code, 1);
    assert.match(stderr, /^kixx-datastore: ENOENT: /);
    assert.deepEqual(fs.readdirSync(folder), []);
});

test('an export whose reader leaves ends with the code of a broken pipe', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const store = await openStore(t, { directory });
    await store.setItems(Array.from({ length: 500 }, (_, n) => [`key:${n}`, { text: 'x'.repeat(1_000) }]));
    await store.close();
    const child = start('export', directory);
    child.stdout.once('data', () => child.stdout.destroy());
    const { code, stderr } = await ended(child);
    assert.deepEqual([code, stderr], [141, '']);
});
