'use strict';

/** Checking, repairing and compacting a directory by the command line. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { command, said, values } = require('./cli/command.js');
const { documentFiles, openStore, runScript, temporaryDirectory } = require('./support.js');

/** The directory of a closed store with two documents. */
async function directoryOf(t) {
    const directory = path.join(temporaryDirectory(t), 'data');
    const store = await openStore(t, { directory });
    await store.setItems([
        ['a', { n: 1 }],
        ['b', { n: 2 }],
    ]);
    await store.close();
    return directory;
}

function put(directory, name, content) {
    fs.writeFileSync(path.join(directory, name), content);
}

/** Every file below a folder with its content. */
function contents(folder) {
    return fs
        .readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => path.join(parentPath, name))
        .sort()
        .map((file) => [file, fs.readFileSync(file, 'utf8')]);
}

async function verdict(directory) {
    const { code, stdout, stderr } = await command('verify', directory, '--json');
    assert.equal(stderr, '');
    return { code, ...values(stdout)[0] };
}

/** Commits documents one by one with all of them synced, and dies. Tells the journal's segment. */
async function killed(directory) {
    const { signal } = await runScript(
        `const store = new kixx.Datastore({ directory, durability: 'full' });
        for (let n = 0; n < 5; n += 1) { await store.setItem('k', { n }); }
        process.kill(process.pid, 'SIGKILL');`,
        { directory },
    );
    assert.equal(signal, 'SIGKILL');
    const journal = path.join('.datastore', 'journal');
    return path.join(journal, fs.readdirSync(path.join(directory, journal)).sort().at(-1));
}

test('a directory in order is verified with code 0, and nothing in it is touched', async (t) => {
    const directory = await directoryOf(t);
    put(directory, 'README.md', 'mine');
    const before = contents(directory);
    assert.deepEqual(await verdict(directory), {
        code: 0,
        documents: 2,
        open: false,
        recoverable: 0,
        ignoredFiles: ['README.md'],
        problems: [],
    });
    assert.match(await said('verify', directory), /^2 good documents, 0 problems\n.*README\.md\n$/);
    assert.deepEqual(contents(directory), before);
});

test('a directory that no store has opened yet is verified without becoming one', async (t) => {
    const directory = temporaryDirectory(t);
    put(directory, 'user%3A1.json', '{"_rev":3}');
    assert.equal((await verdict(directory)).documents, 1);
    assert.deepEqual(fs.readdirSync(directory), ['user%3A1.json']);
});

test('each problem is a line that names its file, and the code is 1', async (t) => {
    const directory = await directoryOf(t);
    put(directory, 'broken.json', '{"n":');
    put(directory, 'rev.json', '{"_rev":"1"}');
    put(directory, 'user:1.json', '{}');
    put(directory, 'user%3a2.json', '{}');
    fs.appendFileSync(path.join(directory, '.datastore', 'views.json'), 'x');
    const before = contents(directory);
    const { code, documents, problems } = await verdict(directory);
    assert.deepEqual([code, documents], [1, 2]);
    const told = Object.fromEntries(problems.map(({ file, reason }) => [file, reason]));
    const names = ['.datastore/views.json', 'broken.json', 'rev.json', 'user%3a2.json', 'user:1.json'];
    assert.deepEqual(Object.keys(told), names);
    assert.match(told['user:1.json'], /'user%3A1\.json'/);
    assert.match(told['user%3a2.json'], /'user%3A2\.json'/);
    const text = await command('verify', directory);
    assert.deepEqual([text.code, text.stderr], [1, '']);
    for (const name of names) {
        assert.ok(
            text.stdout.split('\n').some((line) => line.startsWith(`${name}: `)),
            name,
        );
    }
    assert.deepEqual(contents(directory), before);
});

test('beside a store that is open the files are verified and the journal is not, and the store goes on', async (t) => {
    const directory = await directoryOf(t);
    const store = await openStore(t, { directory });
    put(directory, 'broken.json', '{');
    const { code, documents, open, problems } = await verdict(directory);
    assert.deepEqual([code, documents, open, problems.map(({ file }) => file)], [1, 2, true, ['broken.json']]);
    const { stdout } = await command('verify', directory);
    assert.match(stdout, /the store is open elsewhere/);
    await store.setItem('c', { n: 3 });
    fs.rmSync(path.join(directory, 'broken.json'));
});

test('what a crash left for the journal to make up for is no problem', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    await killed(directory);
    const { code, documents, problems } = await verdict(directory);
    assert.deepEqual([code, documents, problems], [0, 1, []]);
});

test('a damaged journal is found, and repair moves it away and keeps the files', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const segment = await killed(directory);
    const file = path.join(directory, segment);
    const damaged = fs.readFileSync(file, 'utf8').replace('"s":1,', '"s":7,');
    fs.writeFileSync(file, damaged);
    const { code, problems } = await verdict(directory);
    assert.deepEqual([code, problems.map((problem) => path.normalize(problem.file))], [1, [segment]]);
    const refused = await command('get', directory, 'k');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /CORRUPT: [\s\S]*repair/);
    const repaired = await command('repair', directory);
    assert.deepEqual([repaired.code, repaired.stderr], [0, '']);
    assert.match(repaired.stdout, /^quarantined \.datastore\/journal: /m);
    const kept = path.join(directory, '.datastore', 'quarantine', '0001', segment);
    assert.equal(fs.readFileSync(kept, 'utf8'), damaged);
    assert.deepEqual(values(await said('get', directory, 'k', '--json')), [{ _rev: 4, n: 4 }]);
});

test('a damaged format is found, and repair writes it anew', async (t) => {
    const directory = await directoryOf(t);
    put(directory, path.join('.datastore', 'format.json'), '{');
    const { code, problems } = await verdict(directory);
    assert.deepEqual([code, problems.map(({ file }) => file)], [1, ['.datastore/format.json']]);
    assert.match(await said('repair', directory), /^quarantined \.datastore\/format\.json: /);
    assert.equal((await verdict(directory)).code, 0);
});

test('repair moves bad files to quarantine, deletes nothing, and tells what remains', async (t) => {
    const directory = await directoryOf(t);
    put(directory, 'broken.json', '{');
    put(directory, 'user:1.json', '{}');
    const { code, stdout, stderr } = await command('repair', directory);
    assert.deepEqual([code, stderr], [1, '']);
    assert.match(stdout, /^quarantined broken\.json: [\s\S]*^user:1\.json: [\s\S]*^2 good documents, 1 problem$/m);
    assert.deepEqual(documentFiles(directory), ['a.json', 'b.json', 'user:1.json']);
    const kept = path.join(directory, '.datastore', 'quarantine', '0001', 'broken.json');
    assert.equal(fs.readFileSync(kept, 'utf8'), '{');
    fs.rmSync(path.join(directory, 'user:1.json'));
    const [told] = values(await said('repair', directory, '--json'));
    assert.deepEqual([told.quarantinedFiles, told.recovered, told.problems], [[], 0, []]);
});

test('compact cuts the journal and tells bytes before and after', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    await killed(directory);
    const [told] = values(await said('compact', directory, '--json'));
    assert.ok(told.before > told.after, JSON.stringify(told));
    assert.deepEqual(fs.readdirSync(path.join(directory, '.datastore', 'tmp')), []);
    assert.match(
        await said('compact', directory),
        /^journal and temporary files: [\d,]+ bytes before, [\d,]+ bytes after\n$/,
    );
    assert.deepEqual(values(await said('get', directory, 'k', '--json')), [{ _rev: 4, n: 4 }]);
});
