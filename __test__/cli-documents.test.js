'use strict';

/** Documents by the command line: read, written, removed, searched, looked at by views. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { command, fed, said, values } = require('./cli/command.js');
const { documentFiles, openStore, readJson, temporaryDirectory } = require('./support.js');

const VIEWS = path.join(__dirname, 'cli', 'views.mjs');

const PEOPLE = [
    ['user:1', { name: 'Ada', age: 36, email: 'ada@example.com' }],
    ['user:2', { name: 'Bob', age: 7 }],
    ['user:3', { name: 'Bea', age: 41, email: 'bea@example.com' }],
];

/** The directory of a closed store. */
async function directoryOf(t, documents = PEOPLE) {
    const directory = path.join(temporaryDirectory(t), 'data');
    const store = await openStore(t, { directory });
    await store.setItems(documents);
    await store.close();
    return directory;
}

test('set stores a document of an argument or of stdin, and tells its revision', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'new', 'data');
    assert.equal(await said('set', directory, 'user:1', '{"name":"Ada"}'), 'user:1 0\n');
    const { code, stdout } = await fed('{"name":"\u00c4da"}\n', 'set', directory, 'user:1', '-', '--json');
    assert.deepEqual([code, values(stdout)], [0, [{ key: 'user:1', _rev: 1 }]]);
    assert.deepEqual(readJson(directory, 'user%3A1.json'), { _rev: 1, name: '\u00c4da' });
});

test('set and delete with another revision than the stored one are a conflict that changes nothing', async (t) => {
    const directory = await directoryOf(t);
    for (const args of [
        ['set', directory, 'user:1', '{}', '--rev', '4'],
        ['set', directory, 'user:1', '{"_rev":4}'],
        ['delete', directory, 'user:1', '--rev', '4'],
    ]) {
        const { code, stdout, stderr } = await command(...args, '--json');
        const { key, code: reason, expectedRev, actualRev } = JSON.parse(stderr);
        assert.deepEqual([code, stdout, key, reason, expectedRev, actualRev], [1, '', 'user:1', 'CONFLICT', 4, 0]);
    }
    assert.equal(await said('set', directory, 'user:1', '{"n":1}', '--rev', '0'), 'user:1 1\n');
    assert.equal(await said('delete', directory, 'user:1', '--rev', '1'), 'user:1\n');
});

test('get prints one document alone and several with their keys', async (t) => {
    const directory = await directoryOf(t);
    const [ada, bob] = PEOPLE.map(([key, document]) => ({ key, document: { _rev: 0, ...document } }));
    assert.equal(await said('get', directory, 'user:2'), `${JSON.stringify(bob.document, null, 4)}\n`);
    assert.deepEqual(values(await said('get', directory, 'user:2', '--json')), [bob.document]);
    assert.deepEqual(values(await said('get', directory, 'user:2', 'user:1', '--json')), [bob, ada]);
    const { stdout } = await fed('user:1\nuser:2\n', 'get', directory, '-', '--json');
    assert.deepEqual(values(stdout), [ada, bob]);
    assert.match(
        await said('get', directory, 'user:1', 'user:2'),
        /^user:1\n\{\n {4}"_rev": 0,[\s\S]*\n\}\n\nuser:2\n/,
    );
});

test('a key without a document is NOT_FOUND on stderr with code 1, and the others are there', async (t) => {
    const directory = await directoryOf(t);
    const { code, stdout, stderr } = await command('get', directory, 'nobody', 'user:2', 'no\u001bone', '--json');
    assert.deepEqual([code, values(stdout).map(({ key }) => key)], [1, ['user:2']]);
    const told = values(stderr).map(({ code: reason, key }) => [reason, key]);
    assert.deepEqual(told, [
        ['NOT_FOUND', 'nobody'],
        ['NOT_FOUND', 'no\u001bone'],
    ]);
    const plain = await command('get', directory, 'no\u001bone');
    assert.deepEqual([plain.code, plain.stdout], [1, '']);
    assert.equal(plain.stderr, "kixx-datastore: NOT_FOUND: there is no document 'no\\u001bone'\n");
});

test('delete removes what is there and tells what is not', async (t) => {
    const directory = await directoryOf(t);
    const { code, stdout, stderr } = await command('delete', directory, 'user:1', 'nobody', 'user:3', 'user:3');
    assert.deepEqual([code, stdout], [1, 'user:1\nuser:3\n']);
    assert.match(stderr, /NOT_FOUND.*nobody/);
    assert.deepEqual(documentFiles(directory), ['user%3A2.json']);
});

test('keys lists a range, however many pages it fills, with documents where they are asked for', async (t) => {
    const many = Array.from({ length: 1_203 }, (_, n) => [`key:${String(n).padStart(4, '0')}`, { n }]);
    const directory = await directoryOf(t, [...many, ['other\n', {}]]);
    const all = many.map(([key]) => key);
    assert.deepEqual((await said('keys', directory)).trimEnd().split('\n'), [...all, 'other\\u000a']);
    const keys = async (...args) => values(await said('keys', directory, '--json', ...args)).map(({ key }) => key);
    assert.deepEqual(
        await keys('--prefix', 'key:', '--descending', '--limit', '1001'),
        all.toReversed().slice(0, 1_001),
    );
    assert.deepEqual(await keys('--start', 'key:0007', '--end', 'key:0009'), all.slice(7, 10));
    assert.deepEqual(await keys('--offset', '1202'), [all[1_202], 'other\n']);
    const [first] = values(await said('keys', directory, '--documents', '--limit', '1', '--json'));
    assert.deepEqual(first, { key: 'key:0000', document: { _rev: 0, n: 0 } });
    assert.match(await said('keys', directory, '--documents', '--limit', '1'), /^key:0000\n\{\n/);
});

test('find prints the documents that meet conditions, or their number', async (t) => {
    const directory = await directoryOf(t);
    const found = async (...args) => values(await said('find', directory, ...args, '--json')).map(({ key }) => key);
    assert.deepEqual(await found('{"age":{"$gt":30}}'), ['user:1', 'user:3']);
    assert.deepEqual(await found('{"age":{"$gt":30}}', '--descending', '--limit', '1'), ['user:3']);
    assert.equal(await said('find', directory, '{"age":{"$gt":30}}', '--count'), '2\n');
    const { code, stderr } = await command('find', directory, '{"age":{"$about":30}}');
    assert.equal(code, 2);
    assert.match(stderr, /ASSERTION: .*\$about/);
});

test('find --explain tells which view of a module leads to the documents, and why the others do not', async (t) => {
    const directory = await directoryOf(t);
    const explain = (where, ...more) => said('find', directory, where, '--explain', '--module', VIEWS, ...more);
    assert.equal(
        await explain('{"age":{"$gt":30}}'),
        'by the view byAge: 2 documents looked at, 2 found\n' +
            '  byAge    used: 2 rows to look at\n' +
            "  byEmail  not: no condition given says what its key's email equals or between what it lies\n" +
            '  byName   not: it is a map function, and find uses declarative views\n',
    );
    assert.deepEqual(values(await explain('{"name":"Ada"}', '--json')), [
        {
            view: null,
            examined: 3,
            found: 1,
            views: [
                { id: 'byAge', rows: null, reason: 'key', path: 'age' },
                { id: 'byEmail', rows: null, reason: 'key', path: 'email' },
                { id: 'byName', rows: null, reason: 'map' },
            ],
        },
    ]);
    assert.match(await explain('{"name":"Ada"}'), /^by a scan, without a view: 3 documents looked at, 1 found\n/);
    assert.ok(!fs.existsSync(path.join(directory, '.datastore', 'views.json')), 'who looks enforces nothing');
});

test('find --explain without a module says that there is no view to use', async (t) => {
    const directory = await directoryOf(t);
    assert.equal(
        await said('find', directory, '{}', '--explain', '--prefix', 'user:1'),
        'by a scan, without a view: 1 document looked at, 1 found\n' +
            '  there are no views to use: --module <file> has them\n',
    );
    const none = values(await said('find', directory, '{}', '--explain', '--json'));
    assert.deepEqual(none, [{ view: null, examined: 3, found: 3, views: [] }]);
});

test('of two views that fit find --explain tells how many rows each has to look at', async (t) => {
    const directory = await directoryOf(t);
    const module = path.join(temporaryDirectory(t), 'views.cjs');
    fs.writeFileSync(module, "module.exports = { wide: { key: 'age' }, narrow: { key: ['name', 'age'] } };");
    const where = '{"name":"Ada","age":{"$gt":0}}';
    assert.equal(
        await said('find', directory, where, '--explain', '--module', module),
        'by the view narrow: 1 document looked at, 1 found\n' +
            '  wide    not: 3 rows to look at, which is not fewer\n' +
            '  narrow  used: 1 row to look at\n',
    );
});

test('find refuses --module without --explain, and --explain with what selects a page', async (t) => {
    const directory = await directoryOf(t);
    for (const more of [
        ['--module', VIEWS],
        ['--explain', '--count'],
        ['--explain', '--limit', '3'],
        ['--explain', '--offset', '3'],
    ]) {
        const { code, stdout, stderr } = await command('find', directory, '{}', ...more);
        assert.deepEqual([code, stdout], [2, ''], more.join(' '));
        assert.match(stderr, /USAGE: .*--explain/);
    }
});

test('view prints rows, reduced values and groups of a view that a module exports', async (t) => {
    const directory = await directoryOf(t);
    const view = (...args) => said('view', directory, '--module', VIEWS, '--view', ...args);
    assert.equal(await view('byAge', '--start', '10'), '36\tuser:1\t{"name":"Ada"}\n41\tuser:3\t{"name":"Bea"}\n');
    assert.equal(await view('byName', '--reduce'), '84\n');
    const groups = values(await view('byName', '--group-level', '1', '--json'));
    assert.deepEqual(groups, [
        { key: ['A'], value: 36 },
        { key: ['B'], value: 48 },
    ]);
    const [row] = values(await view('byName', '--prefix', '["B"]', '--limit', '1', '--documents', '--json'));
    assert.deepEqual(row, {
        key: ['B', 'Bea'],
        documentKey: 'user:3',
        value: 41,
        document: { _rev: 0, ...PEOPLE[2][1] },
    });
    assert.equal(await view('byEmail', '--key', 'ada@example.com'), '"ada@example.com"\tuser:1\n');
    const { code, stderr } = await command('view', directory, '--module', VIEWS, '--view', 'none');
    assert.equal(code, 2);
    assert.match(stderr, /byAge, byName, byEmail/);
});

test('a unique view that is looked at is enforced for nobody', async (t) => {
    const directory = await directoryOf(t);
    await said('view', directory, '--module', VIEWS, '--view', 'byEmail');
    assert.ok(!fs.existsSync(path.join(directory, '.datastore', 'views.json')));
    await said('set', directory, 'user:9', '{"email":"ada@example.com"}');
});

test('a map function that throws is told with its document and its reason', async (t) => {
    const directory = await directoryOf(t);
    const module = path.join(temporaryDirectory(t), 'views.cjs');
    fs.writeFileSync(module, "exports.views = { bad: { map() { throw new TypeError('no such thing'); } } };");
    const { code, stdout, stderr } = await command('view', directory, '--module', module);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /VIEW_MAP: .*user:1[\s\S]*because: no such thing/);
});

test('stats tells numbers, for people and as JSON', async (t) => {
    const directory = await directoryOf(t);
    const [told] = values(await said('stats', directory, '--json'));
    assert.deepEqual([told.documents, told.load.documents, told.poisoned], [3, 3, false]);
    assert.match(await said('stats', directory), /^documents +3$/m);
});
