/** Real input: a data directory that the original datastore wrote, read, queried, written to and read again. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const { documentFiles, fixtureDirectory, openStore, readJson } = require('./support.js');

const DOCUMENTS = 536;

/** Keys that other stores stumble over, one file each. */
const ODD_KEYS = [
    '!bang',
    'quote"\'',
    '(paren)',
    '.',
    '..',
    '../../etc/passwd',
    '100%',
    '42',
    'CON',
    'UPPER',
    '__proto__',
    'a'.repeat(250),
    'back\\slash',
    'constructor',
    'dot.json',
    'e\u0301-nfd',
    'emoji:\u{1f3f3}\ufe0f\u200d\u{1f308}',
    'emoji:\u{1f600}',
    'newline\nkey',
    'nul',
    'null\0byte',
    'percent%41',
    'settings',
    'settings:global',
    'slash/in/key',
    'star*star',
    'tab\tkey',
    'upper',
    'user:\u{1f600}',
    'with space',
    '~tilde',
    '\u00e9-nfc',
    '\u043a\u043b\u044e\u0447',
    '\u65e5\u672c\u8a9e\u30ad\u30fc',
];

function readText(directory, name) {
    return fs.readFileSync(path.join(directory, name), 'utf8');
}

/** Every file's name and bytes. */
function filesOf(directory) {
    return new Map(documentFiles(directory).map((name) => [name, fs.readFileSync(path.join(directory, name), 'hex')]));
}

/** What the directory holds, read without the package: keys and documents in the order of their keys. */
function documentsOf(directory) {
    const documents = documentFiles(directory).map((name) => {
        const key = decodeURIComponent(name.slice(0, -'.json'.length));
        const { _rev = 0, ...members } = readJson(directory, name);
        return [key, { _rev, ...members }];
    });
    return new Map(documents.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** All items of a query, page by page; every page but the last is full and tells the same total. */
async function walk(query, limit) {
    const items = [];
    let inclusiveStartIndex = 0;
    for (;;) {
        const page = await query({ inclusiveStartIndex, limit });
        items.push(...page.items);
        if (page.exclusiveEndIndex === null) {
            assert.equal(page.total, items.length);
            return items;
        }
        assert.equal(page.items.length, limit);
        assert.equal(page.exclusiveEndIndex, items.length);
        assert.ok(page.total > items.length);
        inclusiveStartIndex = page.exclusiveEndIndex;
    }
}

/** Expects the store to hold these documents and no others, whichever way they are read. */
async function expectDocuments(datastore, expected) {
    const keys = [...expected.keys()];
    const { items, total } = await datastore.queryKeys({ includeDocuments: true, limit: Infinity });
    assert.equal(total, keys.length);
    assert.deepStrictEqual(
        items,
        [...expected].map(([key, document]) => ({ key, documentKey: key, document })),
    );
    assert.deepStrictEqual(await datastore.getItems(keys), [...expected.values()]);
    for (const [key, document] of expected) {
        const found = await datastore.getItem(key);
        assert.deepStrictEqual(found, document, key);
        assert.equal(JSON.stringify(found), JSON.stringify(document), key);
        assert.deepStrictEqual(datastore._db.getItem(key), { key, document });
    }
}

async function openFixture(t) {
    const directory = fixtureDirectory(t);
    const expected = documentsOf(directory);
    return { directory, expected, datastore: await openStore(t, { directory }) };
}

async function reopen(t, directory, datastore) {
    await datastore.close();
    return openStore(t, { directory });
}

const skip = process.platform === 'linux' ? false : 'the fixture holds names that differ only in case, and devices';

describe('a data directory of the original', { skip }, () => {
    test('loads whole, with every key, revision and member', async (t) => {
        const { expected, datastore } = await openFixture(t);
        assert.equal(expected.size, DOCUMENTS);
        const { documents, ignored, quarantined } = datastore.loadReport;
        assert.deepEqual({ documents, ignored, quarantined }, { documents: DOCUMENTS, ignored: 0, quarantined: 0 });
        await expectDocuments(datastore, expected);
    });

    test('is not changed by being read', async (t) => {
        const directory = fixtureDirectory(t);
        const before = filesOf(directory);
        const expected = documentsOf(directory);
        const datastore = await openStore(t, { directory });
        await expectDocuments(datastore, expected);
        datastore.setView('all', { map: (document, emit) => emit(document.type) });
        assert.equal((await datastore.queryView('all')).total, DOCUMENTS);
        await datastore.close();
        assert.deepEqual(filesOf(directory), before);
    });

    test('gives the revisions that the original counted, and 0 where there is none', async (t) => {
        const { datastore } = await openFixture(t);
        assert.equal((await datastore.getItem('user:1'))._rev, 4);
        assert.equal((await datastore.getItem('pretty:1'))._rev, 3);
        assert.equal((await datastore.getItem('no-revision'))._rev, 0);
        assert.equal((await datastore.setItem('user:1', { _rev: 4 }))._rev, 5);
        assert.equal((await datastore.setItem('no-revision', { _rev: 0 }))._rev, 1);
        await assert.rejects(datastore.setItem('pretty:1', { _rev: 0 }), { code: 'CONFLICT', actualRev: 3 });
    });

    test('has odd keys, all of which are read and written', async (t) => {
        const { directory, expected, datastore } = await openFixture(t);
        const odd = [...expected].filter(([, document]) => document.odd).map(([key]) => key);
        assert.deepEqual(odd, [...ODD_KEYS].sort());
        for (const key of ODD_KEYS) {
            const found = await datastore.getItem(key, { required: true });
            assert.equal(found.key, key);
            const updated = await datastore.updateItem(key, (document) => ({ ...document, updated: true }));
            assert.deepEqual(updated, { ...found, _rev: found._rev + 1, updated: true });
        }
        const again = await reopen(t, directory, datastore);
        assert.equal(again.loadReport.documents, DOCUMENTS);
        assert.equal(again.loadReport.quarantined, 0);
        for (const key of ODD_KEYS) {
            const { key: own, updated } = await again.getItem(key);
            assert.deepEqual([own, updated], [key, true]);
        }
    });

    test('answers ranges of users, posts and items page by page, both ways', async (t) => {
        const { expected, datastore } = await openFixture(t);
        for (const [prefix, count] of [
            ['user:', 181],
            ['post:', 160],
            ['item:', 160],
        ]) {
            const range = { startKey: prefix, endKey: `${prefix}\uffff`, includeDocuments: true };
            const items = [...expected]
                .filter(([key]) => key.startsWith(prefix))
                .map(([key, document]) => ({ key, documentKey: key, document }));
            assert.equal(items.length, count);
            for (const limit of [7, 10, count, 1_000]) {
                const up = await walk((page) => datastore.queryKeys({ ...range, ...page }), limit);
                assert.deepStrictEqual(up, items);
                const down = await walk((page) => datastore.queryKeys({ ...range, ...page, descending: true }), limit);
                assert.deepStrictEqual(down, [...items].reverse());
            }
            const bare = items.map(({ key, documentKey }) => ({ key, documentKey }));
            assert.deepStrictEqual(await walk((page) => datastore.queryKeys({ prefix, ...page }), 50), bare);
        }
    });

    test('answers a view by tag page by page, both ways', async (t) => {
        const { expected, datastore } = await openFixture(t);
        datastore.setView('byTag', {
            map(document, emit) {
                for (const tag of document.tags ?? []) {
                    emit(tag, { title: document.title });
                }
            },
        });
        const rows = [...expected]
            .flatMap(([documentKey, document]) =>
                (document.tags ?? []).map((key) => ({ key, documentKey, value: { title: document.title }, document })),
            )
            // The keys are in order already, and sorting keeps the order of equals.
            .sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
        assert.ok(rows.length > 300);
        const query = (options) => (page) =>
            datastore.queryView('byTag', { includeDocuments: true, ...options, ...page });
        for (const limit of [10, 97, 10_000]) {
            assert.deepStrictEqual(await walk(query({}), limit), rows);
            assert.deepStrictEqual(await walk(query({ descending: true }), limit), [...rows].reverse());
        }
        for (const tag of new Set(rows.map(({ key }) => key))) {
            const tagged = rows.filter(({ key }) => key === tag);
            assert.deepStrictEqual(await walk(query({ key: tag }), 10), tagged);
            const down = query({ startKey: tag, endKey: tag, descending: true });
            assert.deepStrictEqual(await walk(down, 10), [...tagged].reverse());
        }
        const range = { startKey: 'd', endKey: 'i\uffff' };
        const inside = rows.filter(({ key }) => key >= range.startKey && key <= range.endKey);
        assert.ok(inside.length > 0 && inside.length < rows.length);
        assert.deepStrictEqual(await walk(query(range), 13), inside);
    });

    test('moves stars and device names to the canonical name with the first write', async (t) => {
        const { directory, expected, datastore } = await openFixture(t);
        for (const [key, plain, canonical] of [
            ['CON', 'CON.json', '%43ON.json'],
            ['nul', 'nul.json', '%6Eul.json'],
            ['star*star', 'star*star.json', 'star%2Astar.json'],
        ]) {
            const files = new Set(documentFiles(directory));
            assert.deepEqual([files.has(plain), files.has(canonical)], [true, false]);
            assert.deepEqual(await datastore.getItem(key), expected.get(key));
            const updated = await datastore.updateItem(key, (document) => ({ ...document, moved: true }));
            files.delete(plain);
            files.add(canonical);
            assert.deepEqual(documentFiles(directory), [...files].sort());
            assert.deepEqual(readJson(directory, canonical), updated);
            expected.set(key, { ...expected.get(key), _rev: 1, moved: true });
        }
        const again = await reopen(t, directory, datastore);
        assert.equal(again.loadReport.quarantined, 0);
        await expectDocuments(again, expected);
    });

    test('loses the plain name of a document that is deleted', async (t) => {
        const { directory, expected, datastore } = await openFixture(t);
        for (const key of ['CON', 'nul', 'star*star']) {
            await datastore.deleteItem(key);
            expected.delete(key);
        }
        assert.equal(documentFiles(directory).length, DOCUMENTS - 3);
        const again = await reopen(t, directory, datastore);
        await expectDocuments(again, expected);
    });

    test('sets a plain name aside where the canonical one stands beside it', async (t) => {
        const { directory, expected, datastore } = await openFixture(t);
        const old = readText(directory, 'nul.json');
        const ours = await datastore.setItem('nul', { ours: true });
        await datastore.close();
        fs.writeFileSync(path.join(directory, 'nul.json'), old);
        const again = await openStore(t, { directory });
        assert.equal(again.loadReport.documents, DOCUMENTS);
        assert.deepEqual(
            again.loadReport.quarantinedFiles.map(({ file }) => file),
            ['nul.json'],
        );
        await expectDocuments(again, new Map(expected).set('nul', ours));
        assert.ok(!documentFiles(directory).includes('nul.json'));
        const quarantine = path.join(directory, '.datastore', 'quarantine');
        const kept = fs.readdirSync(quarantine, { recursive: true }).find((name) => path.basename(name) === 'nul.json');
        assert.equal(readText(quarantine, kept), old);
    });

    test('stays as it is but for the documents that are written', async (t) => {
        const { directory, expected, datastore } = await openFixture(t);
        const before = filesOf(directory);
        await Promise.all([
            datastore.setItem('new:1', { made: 'now' }),
            datastore.setItem('user:\u{1f603}', { made: 'now' }),
            datastore.setItem('user:2', { ...expected.get('user:2'), name: 'Another' }),
            datastore.updateItem('post:3', (document) => ({ ...document, tags: [] })),
            datastore.updateItem('post:3', (document) => ({ ...document, title: 'Twice' })),
            datastore.deleteItem('user:4'),
            datastore.deleteItem('slash/in/key'),
        ]);
        const { _rev: ofUser, ...user } = expected.get('user:2');
        const { _rev: ofPost, ...post } = expected.get('post:3');
        expected.set('new:1', { _rev: 0, made: 'now' });
        expected.set('user:\u{1f603}', { _rev: 0, made: 'now' });
        expected.set('user:2', { _rev: ofUser + 1, ...user, name: 'Another' });
        expected.set('post:3', { _rev: ofPost + 2, ...post, tags: [], title: 'Twice' });
        expected.delete('user:4');
        expected.delete('slash/in/key');
        const sorted = new Map([...expected].sort(([a], [b]) => (a < b ? -1 : 1)));
        await expectDocuments(datastore, sorted);

        const after = filesOf(directory);
        const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
            (name) => before.get(name) !== after.get(name),
        );
        assert.deepEqual(changed.sort(), [
            'new%3A1.json',
            'post%3A3.json',
            'slash%2Fin%2Fkey.json',
            'user%3A%F0%9F%98%83.json',
            'user%3A2.json',
            'user%3A4.json',
        ]);
        assert.equal(after.has('user%3A4.json'), false);
        assert.equal(readText(directory, 'user%3A2.json'), `${JSON.stringify(expected.get('user:2'), null, 4)}\n`);
        assert.deepEqual(documentsOf(directory), sorted);

        const again = await reopen(t, directory, datastore);
        assert.equal(again.loadReport.documents, DOCUMENTS);
        await expectDocuments(again, sorted);
        await again.close();
        assert.deepEqual(filesOf(directory), after);
    });

    test('keeps the text of its numbers when another member is written', async (t) => {
        const { directory, expected, datastore } = await openFixture(t);
        const keys = [...expected.keys()].filter((key) => /^user:\d+:item:/.test(key));
        assert.equal(keys.length, 60);
        for (const key of keys) {
            const file = `${encodeURIComponent(key)}.json`;
            const numbers = readText(directory, file).match(/"(n|total|tiny|big|neg)":[^,]+/g);
            const found = expected.get(key);
            const updated = await datastore.updateItem(key, (document) => ({ ...document, more: true }));
            assert.deepEqual(updated, { ...found, _rev: found._rev + 1, more: true });
            const written = readText(directory, file);
            assert.deepEqual(written.replaceAll('": ', '":').match(/"(n|total|tiny|big|neg)":[^,]+/g), numbers);
            assert.equal(written, `${JSON.stringify(updated, null, 4)}\n`);
        }
        const text = readText(directory, 'user%3A98%3Aitem%3A47.json');
        assert.match(text, /^ {4}"total": 907212377016997200000,$/m);
        assert.match(text, /^ {4}"tiny": 5e-324,$/m);
        assert.match(text, /^ {4}"big": 9007199254740992,$/m);
    });

    test('keeps a file edited by hand while nobody writes its document', async (t) => {
        const directory = fixtureDirectory(t);
        const text =
            '\ufeff{ "huge":1E400,\r\n\t"price": 0.10, "_rev" : 7,"e":1e+2,"minus":-0.0, "twice":1, "twice":2 }';
        fs.writeFileSync(path.join(directory, 'settings.json'), text);
        const datastore = await openStore(t, { directory });
        const found = { _rev: 7, huge: Infinity, price: 0.1, e: 100, minus: -0, twice: 2 };
        assert.deepStrictEqual(await datastore.getItem('settings'), found);
        const page = await datastore.queryKeys({ key: 'settings', includeDocuments: true });
        assert.deepStrictEqual(page.items[0].document, found);
        datastore.setView('huge', { map: ({ huge }, emit) => huge === Infinity && emit('found') });
        assert.equal((await datastore.queryView('huge')).items[0].documentKey, 'settings');
        await datastore.setItem('settings:other', { a: 1 });
        await assert.rejects(datastore.setItem('settings', { _rev: 6 }), { code: 'CONFLICT' });
        const again = await reopen(t, directory, datastore);
        assert.equal(readText(directory, 'settings.json'), text);
        // What JavaScript writes is what JavaScript knows of it.
        const updated = await again.updateItem('settings', (document) => document);
        assert.deepStrictEqual(updated, { _rev: 8, huge: null, price: 0.1, e: 100, minus: 0, twice: 2 });
        assert.equal(readText(directory, 'settings.json'), `${JSON.stringify(updated, null, 4)}\n`);
    });
});
