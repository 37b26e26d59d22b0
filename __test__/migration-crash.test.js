'use strict';

/** Migrations in a process that is killed again and again. */

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { test } = require('node:test');
const { PACKAGE, documentFiles, openStore, readJson, temporaryDirectory } = require('./support.js');

const DOCUMENTS = 200;

/** Two versions; each counts how often it was given a document. A deletion in between. */
const SCRIPT = `
const { Datastore } = require(${JSON.stringify(PACKAGE)});
const [directory, files] = process.argv.slice(1);
const counting = (name) => (document) => ({ ...document, [name]: (document[name] ?? 0) + 1 });
const second = counting('second');
const migrations = [
    { version: 1, up: counting('first') },
    { version: 4, up: (document) => (document.n % 10 === 0 ? null : second(document)) },
];
const main = async () => {
    const datastore = new Datastore({ directory, files });
    const report = await datastore.migrate(migrations, { batchSize: 7, onProgress: () => process.stdout.write('.\\n') });
    process.stdout.write(JSON.stringify(report.to) + '\\n');
    process.kill(process.pid, 'SIGKILL');
};
main();
`;

/** Runs the script and kills it after so many batches. Resolves to the last line, where it came to its end. */
async function migrateAndKill(directory, files, batches) {
    const child = spawn(process.execPath, ['-e', SCRIPT, directory, files], { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = new Promise((resolve) => child.once('close', (_code, signal) => resolve(signal)));
    let [seen, last] = [0, ''];
    for await (const line of createInterface({ input: child.stdout })) {
        last = line;
        seen += 1;
        if (seen === batches) {
            child.kill('SIGKILL');
        }
    }
    assert.equal(await closed, 'SIGKILL');
    return last === '4' ? last : null;
}

for (const files of ['eager', 'background']) {
    test(`kill -9 between and in batches migrates no document twice and leaves none out (${files})`, async (t) => {
        const directory = path.join(temporaryDirectory(t), 'data');
        const seeding = await openStore(t, { directory, files });
        await seeding.setItems(Array.from({ length: DOCUMENTS }, (_, n) => [`k${n}`, { n }]));
        await seeding.close();
        let kills = 0;
        // Other batches are cut off in each round.
        while ((await migrateAndKill(directory, files, 5 + ((kills * 7) % 16))) === null) {
            kills += 1;
        }
        assert.ok(kills > 3, `killed ${kills} times`);
        const store = await openStore(t, { directory, files });
        const { items } = await store.queryKeys({ prefix: 'k', limit: Infinity, includeDocuments: true });
        const documents = items.filter(({ key }) => /^k\d/.test(key));
        assert.equal(documents.length, DOCUMENTS - DOCUMENTS / 10);
        for (const { key, document } of documents) {
            assert.deepEqual(document, { _rev: 2, n: document.n, first: 1, second: 1 }, key);
        }
        await store.close();
        const names = documentFiles(directory).filter((name) => /^k\d/.test(name));
        assert.ok(names.every((name) => readJson(directory, name).second === 1));
        assert.equal(names.length, documents.length);
    });
}
