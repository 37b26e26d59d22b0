'use strict';

/** Documents out of a store as lines, and into one. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { pipeline } = require('node:stream/promises');
const { test } = require('node:test');
const { Datastore } = require('../index.js');
const { afterwards, fixtureDirectory, gate, openStore, refusal, temporaryDirectory } = require('./support.js');

function inMemory(t, options) {
    return openStore(t, { durability: 'none', ...options });
}

async function contentOf(store) {
    const content = new Map();
    for await (const { key, document } of store.items()) {
        content.set(key, document);
    }
    return content;
}

/** Records from 0 to before `count`; tells how many were asked for. */
function source(count, made = { asked: 0 }) {
    made.records = (function* () {
        for (let n = 0; n < count; n += 1) {
            made.asked += 1;
            yield { key: `k${n}`, document: { n } };
        }
    })();
    return made;
}

test('exportItems gives a line for each document', async (t) => {
    const store = await inMemory(t);
    await store.setItems([
        ['b', { text: 'two\nlines "quoted" \u{1f600}' }],
        ['a"\n', { n: 1 }],
    ]);
    const lines = [];
    for await (const line of store.exportItems({ descending: true })) {
        lines.push(line);
    }
    assert.deepEqual(lines, [
        '{"key":"b","document":{"_rev":0,"text":"two\\nlines \\"quoted\\" \u{1f600}"}}\n',
        '{"key":"a\\"\\n","document":{"_rev":0,"n":1}}\n',
    ]);
});

test('what was exported to a file is imported again, whole', async (t) => {
    const store = await openStore(t, { directory: fixtureDirectory(t) });
    const file = path.join(temporaryDirectory(t), 'export.ndjson');
    await pipeline(store.exportItems(), fs.createWriteStream(file));
    for (const make of [
        () => fs.createReadStream(file),
        () => fs.createReadStream(file, { highWaterMark: 7 }),
        () => fs.readFileSync(file),
        () => fs.readFileSync(file, 'utf8'),
        () => store.exportItems(),
        () => store.items(),
    ]) {
        const other = await inMemory(t);
        const report = await other.importItems(make(), { keepRevisions: true });
        assert.deepEqual(report, { written: 536, skipped: 0 });
        assert.deepEqual(await contentOf(other), await contentOf(store));
    }
});

test('no number of a line is printed again', async (t) => {
    const store = await openStore(t);
    await store.importItems('{"key":"a","document":{"n":12345678901234567890,"m":1.0}}');
    const lines = [];
    for await (const line of store.exportItems()) {
        lines.push(line);
    }
    assert.deepEqual(lines, ['{"key":"a","document":{"_rev":0,"n":12345678901234567890,"m":1.0}}\n']);
});

test('a revision begins at 0, and is kept where that is asked for', async (t) => {
    const record = { key: 'a', document: { _rev: 7, n: 1 } };
    for (const [options, expected] of [
        [{}, 0],
        [{ keepRevisions: true }, 7],
        [{ onExisting: 'overwrite' }, 0],
        [{ onExisting: 'overwrite', keepRevisions: true }, 7],
    ]) {
        const store = await inMemory(t);
        await store.importItems([record], options);
        assert.deepEqual(await store.getItem('a'), { _rev: expected, n: 1 });
        await store.setItem('a', { n: 2 });
        assert.equal((await store.getItem('a'))._rev, expected + 1);
    }
    const store = await inMemory(t, { requireRev: true });
    await store.setItem('a', { n: 1 });
    await store.importItems([record], { onExisting: 'overwrite' });
    assert.deepEqual(await store.getItem('a'), { _rev: 1, n: 1 });
});

test('a document that is there already is an error, is skipped or is overwritten', async (t) => {
    const records = [
        { key: 'new', document: { n: 1 } },
        { key: 'old', document: { n: 1 } },
        { key: 'new', document: { n: 2 } },
    ];
    const store = await inMemory(t);
    await store.setItem('old', { n: 0 });
    const error = await refusal(store.importItems(records));
    assert.deepEqual([error.code, error.record, error.key, error.actualRev], ['CONFLICT', 2, 'old', 0]);
    assert.match(error.message, /^record 2: /);
    assert.deepEqual(await store.importItems(records, { onExisting: 'skip' }), { written: 0, skipped: 3 });
    assert.deepEqual(await store.getItems(['new', 'old']), [
        { _rev: 0, n: 1 },
        { _rev: 0, n: 0 },
    ]);
    assert.deepEqual(await store.importItems(records, { onExisting: 'overwrite' }), { written: 3, skipped: 0 });
    assert.deepEqual(await store.getItems(['new', 'old']), [
        { _rev: 2, n: 2 },
        { _rev: 1, n: 1 },
    ]);
});

test('the error of a record that is none tells its number, and what stands before it is stored', async (t) => {
    const good = { key: 'good', document: {} };
    const line = `${JSON.stringify(good)}\n`;
    const cases = [
        [[good, 7], 2],
        [[good, null], 2],
        [[good, { key: 'a' }], 2],
        [[good, { document: {} }], 2],
        [[good, { key: '', document: {} }], 2],
        [[good, { key: 'a', document: [] }], 2],
        [[good, { key: 'a', document: {}, value: 1 }], 2],
        [[good, { key: 'a', document: { _rev: -1 } }], 2],
        [`${line}\n\n{"key":"a"}\n`, 2],
        [`${line}{"key":"a","document":{"_rev":"x"}}`, 2],
        [`${line}{"key":1.5e999,"document":{}}`, 2],
        [`${line}{"key":"a","docu`, 2],
        [[Buffer.from(line), Buffer.from([0xff, 0x0a])], 2],
        [[Buffer.from(line), Buffer.from([0xc3])], 2],
    ];
    for (const [records, number] of cases) {
        const store = await inMemory(t);
        const error = await refusal(store.importItems(records));
        assert.deepEqual([error.code, error.record], ['ASSERTION', number], JSON.stringify(records));
        assert.deepEqual([...(await contentOf(store)).keys()], ['good']);
    }
});

test('what is no source, or no option, is refused before anything is read', async (t) => {
    const store = await inMemory(t);
    for (const wrong of [undefined, null, 7, {}, { key: 'a', document: {} }]) {
        await assert.rejects(store.importItems(wrong), { code: 'ASSERTION' });
    }
    const made = source(1);
    for (const options of [{ onExisting: 'replace' }, { keepRevisions: 1 }, { limit: 1 }, { durability: 'full' }]) {
        await assert.rejects(store.importItems(made.records, options), { code: 'ASSERTION' });
    }
    assert.equal(made.asked, 0);
});

test('no more records are read than are written together', async () => {
    const written = gate();
    const seen = [];
    const made = { asked: 0 };
    const db = {
        loadDocuments() {},
        getItem: () => null,
        setItem: (key) => {
            seen.push(key);
            return written.opened;
        },
        deleteItem() {},
    };
    const store = new Datastore({ db });
    const imported = store.importItems(source(1_000, made).records);
    while (seen.length < 256) {
        await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual([made.asked, seen.length], [256, 256]);
    written.open();
    assert.deepEqual(await imported, { written: 1_000, skipped: 0 });
});

test('large documents are written before many are gathered', async (t) => {
    const store = await inMemory(t);
    const told = [];
    const text = 'x'.repeat(600_000);
    await store.importItems(
        (function* () {
            for (let n = 0; n < 8; n += 1) {
                yield { key: n, document: { text } };
            }
        })(),
        { onProgress: (progress) => told.push(progress.written) },
    );
    assert.deepEqual(told, [2, 4, 6, 8]);
});

test('progress is told as records are written, and what it throws ends the import', async (t) => {
    const store = await inMemory(t);
    await store.setItem('k3', {});
    const told = [];
    const options = { onExisting: 'skip', onProgress: (progress) => told.push(progress) };
    await store.importItems(source(600).records, options);
    assert.deepEqual(told, [
        { written: 255, skipped: 1 },
        { written: 511, skipped: 1 },
        { written: 599, skipped: 1 },
    ]);
    const mine = new Error('mine');
    const throws = () => {
        throw mine;
    };
    assert.equal(await refusal(store.importItems([{ key: 'x', document: {} }], { onProgress: throws })), mine);
});

test('a signal ends an import that waits for its source, and the source hears it', async (t) => {
    const store = await inMemory(t);
    const controller = new AbortController();
    const left = gate();
    const waiting = {
        [Symbol.asyncIterator]: () => ({
            next: () => new Promise(() => setImmediate(() => controller.abort())),
            return: async () => left.open(),
        }),
    };
    await assert.rejects(store.importItems(waiting, { signal: controller.signal }), { code: 'ABORT_ERR' });
    await left.opened;
    await assert.rejects(store.importItems([], { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' });
});

test('what a source throws passes unchanged', async (t) => {
    const store = await inMemory(t);
    const mine = new Error('mine');
    const failing = (async function* () {
        yield { key: 'a', document: {} };
        throw mine;
    })();
    assert.equal(await refusal(store.importItems(failing)), mine);
    assert.deepEqual(await store.getItem('a'), { _rev: 0 });
});

test('a source is left when a record is refused', async (t) => {
    const store = await inMemory(t);
    const left = gate();
    const records = (function* () {
        try {
            yield { key: 'a', document: 7 };
            assert.fail('asked for more');
        } finally {
            left.open();
        }
    })();
    await assert.rejects(store.importItems(records), { code: 'ASSERTION', record: 1 });
    await left.opened;
});

test('closing the store ends an import between two writes', async (t) => {
    const store = await inMemory(t);
    const error = await refusal(
        store.importItems(
            (function* () {
                for (let n = 0; ; n += 1) {
                    if (n === 300) {
                        store.close();
                    }
                    yield { key: n, document: {} };
                }
            })(),
        ),
    );
    assert.deepEqual([error.code, error.record], ['CLOSED', 257]);
});

test('an import waits for an update of the same key', async (t) => {
    const store = await inMemory(t);
    const held = gate();
    const updated = store.updateItem('a', async () => {
        await held.opened;
        return { n: 1 };
    });
    const imported = store.importItems([{ key: 'a', document: { n: 2 } }], { onExisting: 'overwrite' });
    held.open();
    assert.deepEqual(await updated, { _rev: 0, n: 1 });
    await imported;
    assert.deepEqual(await store.getItem('a'), { _rev: 1, n: 2 });
});

test('a unique view refuses a record that would break it', async (t) => {
    const store = await openStore(t);
    store.setView('byName', { key: 'name', unique: true });
    await store.buildView('byName');
    const records = [1, 2, 3].map((n) => ({ key: n, document: { name: n === 3 ? 1 : n } }));
    const error = await refusal(store.importItems(records));
    assert.deepEqual([error.code, error.record, error.viewId, error.otherKey], ['CONFLICT', 3, 'byName', '1']);
});

for (const [name, make] of Object.entries({
    'a custom engine': () => {
        const documents = new Map();
        const db = {
            loadDocuments() {},
            getItem: (key) => ({ key, document: documents.get(key) ?? null }),
            setItem: (key, document) => void documents.set(key, document),
            deleteItem() {},
        };
        return new Datastore({ db });
    },
    'a custom file system': (t) => {
        const files = new Map();
        const fileSystem = {
            readDocumentDirectory: async () => [],
            readDocumentFile: async (file) => files.get(file),
            writeDocumentFile: async (file, document) => void files.set(file, document),
            removeDocumentFile: async () => {},
        };
        return new Datastore({ directory: temporaryDirectory(t), fileSystem });
    },
})) {
    test(`${name} takes an import like any other`, async (t) => {
        const store = make(t);
        afterwards(t, () => store.close());
        const records = [{ key: 'a', document: { _rev: 4, n: 1 } }];
        await store.importItems(records);
        assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
        const error = await refusal(store.importItems(records));
        assert.deepEqual([error.code, error.record, error.key, error.actualRev], ['CONFLICT', 1, 'a', 0]);
        assert.deepEqual(await store.importItems(records, { onExisting: 'skip' }), { written: 0, skipped: 1 });
        await store.importItems(records, { onExisting: 'overwrite' });
        assert.deepEqual(await store.getItem('a'), { _rev: 1, n: 1 });
        await store.importItems(records, { onExisting: 'overwrite', keepRevisions: true });
        assert.deepEqual(await store.getItem('a'), { _rev: 4, n: 1 });
        await assert.rejects(store.importItems(records, { durability: 'full' }), { code: 'UNSUPPORTED' });
    });
}
