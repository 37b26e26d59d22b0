'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { AssertionError, Datastore, DatastoreEngine } = require('..');
const { openStore, readJson, refusal, temporaryDirectory } = require('./support.js');

/** Strings about which languages, cases and marks have something to say. */
const WORDS = [
    ...['', ' ', '-', '_', 'a', 'A', 'ab', 'aB', 'Ab', 'AB', 'a b', 'a-b', 'aa', 'Aa', 'å', 'Å', 'ä', 'Ä', 'a\u0308'],
    ...['æ', 'ae', 'z', 'Z', 'ö', 'Ö', 'o', 'oe', 'ø', 'ß', 'ss', 'SS', 'cote', 'coté', 'côte', 'côté', 'ch', 'ci'],
    ...[
        '1',
        '2',
        '10',
        '02',
        'a1',
        'a2',
        'a10',
        'A10',
        'α',
        'Ω',
        'ж',
        'Я',
        'zebra',
        'Zebra',
        'über',
        'Uber',
        'u\u0000',
    ],
];

const LETTERS = [...'aAbBcChHoOsSzZäÄöåøéñß019 -_.'];

/** The same strings in every run. */
function randomWords(count) {
    let seed = 20_240_501;
    const roll = (sides) => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        return Math.floor((seed / 2_147_483_648) * sides);
    };
    const word = () => Array.from({ length: roll(7) }, () => LETTERS[roll(LETTERS.length)]).join('');
    return Array.from({ length: count }, word);
}

const STRINGS = [...new Set([...WORDS, ...randomWords(300)])];

function byCodeUnit(a, b) {
    return Number(a > b) - Number(a < b);
}

/** What Node's own collator makes of a collation, ties by code unit. */
function comparer({ locale, strength = 'tertiary', ...options }) {
    const sensitivity = { primary: 'base', secondary: 'accent', tertiary: 'variant' }[strength];
    const { compare } = new Intl.Collator(locale, { sensitivity, ...options });
    return (a, b) => compare(a, b) || byCodeUnit(a, b);
}

const COLLATIONS = [
    { locale: 'en' },
    { locale: 'de' },
    { locale: 'de-u-co-phonebk' },
    { locale: 'sv' },
    { locale: 'da' },
    { locale: 'cs' },
    { locale: 'fr-CA' },
    { locale: 'en', numeric: true },
    { locale: 'en-u-kn' },
    { locale: 'de', caseFirst: 'upper' },
    { locale: 'de', caseFirst: 'lower', numeric: true },
    { locale: 'da', caseFirst: 'false' },
    { locale: 'de', strength: 'primary' },
    { locale: 'sv', strength: 'secondary' },
];

async function viewKeys(store, id, options) {
    const { items } = await store.queryView(id, { limit: Infinity, ...options });
    return items.map(({ key }) => key);
}

async function storeKeys(store, options) {
    const { items } = await store.queryKeys({ limit: Infinity, ...options });
    return items.map(({ key }) => key);
}

/** A store in memory with one document for each string, whose member `word` it is. */
async function withWords(t, words, options) {
    const store = await openStore(t, { directory: undefined, durability: 'none', ...options });
    await store.setItems(words.map((word, index) => [index, { word }]));
    return store;
}

function wordsBy(collation) {
    return { map: ({ word }, emit) => emit(word), collation };
}

for (const collation of COLLATIONS) {
    const name = JSON.stringify(collation);

    test(`a view by ${name} is in the order of Intl.Collator`, async (t) => {
        const store = await withWords(t, STRINGS);
        store.setView('words', wordsBy(collation));
        const expected = STRINGS.toSorted(comparer(collation));
        assert.deepEqual(await viewKeys(store, 'words'), expected);
        assert.deepEqual(await viewKeys(store, 'words', { descending: true }), expected.toReversed());
    });

    test(`a store by ${name} is in the order of Intl.Collator`, async (t) => {
        const store = await openStore(t, { directory: undefined, durability: 'none', collation });
        const keys = STRINGS.filter((word) => word !== '');
        await store.setItems(keys.map((key) => [key, {}]));
        const expected = keys.toSorted(comparer(collation));
        assert.deepEqual(await storeKeys(store), expected);
        assert.deepEqual(await storeKeys(store, { descending: true }), expected.toReversed());
        assert.deepEqual(await store.transaction((tx) => storeKeys(tx)), expected);
    });
}

test("'codeUnit' is the order of JavaScript", async (t) => {
    for (const collation of ['codeUnit', undefined]) {
        const store = await withWords(t, STRINGS);
        store.setView('words', wordsBy(collation));
        assert.deepEqual(await viewKeys(store, 'words'), STRINGS.toSorted(byCodeUnit));
    }
});

test('strings are ordered inside arrays and as members of objects, names of members by code unit', async (t) => {
    const store = await openStore(t, { directory: undefined, durability: 'none' });
    const keys = [
        null,
        7,
        'ä',
        'z',
        ['a'],
        ['A', 1],
        ['ä'],
        ['z', 'ä'],
        ['z', ['ä']],
        { B: 'z' },
        { a: 'ä' },
        { a: 'z' },
        { ä: 'a' },
    ];
    await store.setItems(keys.toReversed().map((key, index) => [index, { key }]));
    store.setView('keys', { map: ({ key }, emit) => emit(key), collation: { locale: 'de' } });
    assert.deepEqual(await viewKeys(store, 'keys'), keys);
});

test('bounds are in the order of the view, and a key is that string alone', async (t) => {
    const words = ['a', 'A', 'ä', 'b', 'B', 'z'];
    const store = await withWords(t, words.toReversed());
    store.setView('words', wordsBy({ locale: 'de' }));
    assert.deepEqual(await viewKeys(store, 'words', { startKey: 'A', endKey: 'b' }), ['A', 'ä', 'b']);
    assert.deepEqual(await viewKeys(store, 'words', { startKey: 'b', descending: true }), ['b', 'ä', 'A', 'a']);
    for (const word of words) {
        assert.deepEqual(await viewKeys(store, 'words', { key: word }), [word]);
    }
    assert.deepEqual(await viewKeys(store, 'words', { key: 'å' }), []);
});

test('what a strength takes for the same stays apart, by code unit', async (t) => {
    const store = await withWords(t, ['ä', 'a', 'Ä', 'A']);
    store.setView('words', wordsBy({ locale: 'de', strength: 'primary' }));
    assert.deepEqual(await viewKeys(store, 'words'), ['A', 'a', 'Ä', 'ä']);
    assert.deepEqual(await viewKeys(store, 'words', { key: 'a' }), ['a']);
});

test('elements of arrays are a prefix, the beginning of a string is none', async (t) => {
    const store = await openStore(t, { directory: undefined, durability: 'none' });
    await store.setItems(['2024', '20240', '2024 ', 'z'].map((year, index) => [index, { year, word: `ä${index}` }]));
    store.setView('years', { map: ({ year, word }, emit) => emit([year, word]), collation: { locale: 'de' } });
    assert.deepEqual(await viewKeys(store, 'years', { prefix: ['2024'] }), [['2024', 'ä0']]);
    assert.equal((await viewKeys(store, 'years', { prefix: [] })).length, 4);
    for (const prefix of ['2024', '']) {
        assert.equal((await refusal(store.queryView('years', { prefix }))).code, 'ASSERTION');
    }
});

test('rows with one key are by code unit of their documents, whatever the order of the keys', async (t) => {
    const store = await openStore(t, { directory: undefined, durability: 'none', collation: { locale: 'de' } });
    await store.setItems(['a', 'B', 'c'].map((key) => [key, {}]));
    store.setView('one', { map: (_, emit) => emit('x'), collation: { locale: 'de' } });
    const { items } = await store.queryView('one');
    assert.deepEqual(
        items.map(({ documentKey }) => documentKey),
        ['B', 'a', 'c'],
    );
    assert.deepEqual(await storeKeys(store), ['a', 'B', 'c']);
});

test('a view that is set again with another collation is in its order', async (t) => {
    const store = await withWords(t, ['ä', 'z', 'Z']);
    for (const [collation, expected] of [
        [{ locale: 'de' }, ['ä', 'z', 'Z']],
        [{ locale: 'sv', caseFirst: 'upper' }, ['Z', 'z', 'ä']],
        ['codeUnit', ['Z', 'z', 'ä']],
    ]) {
        store.setView('words', wordsBy(collation));
        assert.deepEqual(await viewKeys(store, 'words'), expected);
    }
});

test('changed documents move in a view of a language', async (t) => {
    const store = await withWords(t, ['b', 'ä', 'a']);
    store.setView('words', wordsBy({ locale: 'de' }));
    assert.deepEqual(await viewKeys(store, 'words'), ['a', 'ä', 'b']);
    await store.setItem(2, { word: 'Ä' });
    await store.deleteItem(0);
    assert.deepEqual(await viewKeys(store, 'words'), ['ä', 'Ä']);
});

const NO_COLLATIONS = [
    null,
    'de',
    'codeunit',
    true,
    7,
    [],
    ['de'],
    {},
    { locale: undefined },
    { locale: '' },
    { locale: 'xx' },
    { locale: 'de_DE' },
    { locale: 'no such locale' },
    { locale: ['de'] },
    { numeric: true },
    { locale: 'de', sensitivity: 'base' },
    { locale: 'de', strength: 'strong' },
    { locale: 'de', numeric: 1 },
    { locale: 'de', caseFirst: false },
];

test('what is no collation is an AssertionError and changes nothing', async (t) => {
    const store = await withWords(t, ['a']);
    store.setView('words', wordsBy({ locale: 'de' }));
    const directory = path.join(temporaryDirectory(t), 'data');
    for (const collation of NO_COLLATIONS) {
        for (const wrong of [
            () => store.setView('words', wordsBy(collation)),
            () => new Datastore({ directory, collation }),
            () => new DatastoreEngine({ directory, collation }),
        ]) {
            assert.throws(wrong, AssertionError, JSON.stringify(collation));
        }
    }
    assert.deepEqual(await viewKeys(store, 'words'), ['a']);
    assert.equal(fs.existsSync(directory), false);
});

test('members that are undefined count as absent', async (t) => {
    const collation = { locale: 'sv', strength: undefined, numeric: undefined, caseFirst: undefined };
    const store = await withWords(t, ['ä', 'z']);
    store.setView('words', wordsBy(collation));
    assert.deepEqual(await viewKeys(store, 'words'), ['z', 'ä']);
});

const SWEDISH = { locale: 'sv' };

async function writtenBy(t, options) {
    const directory = path.join(temporaryDirectory(t), 'data');
    const store = await openStore(t, { directory, ...options });
    await store.setItems(['ä', 'z', 'Z', 'a'].map((key) => [key, {}]));
    await store.close();
    return directory;
}

test('a directory remembers the order of its keys', async (t) => {
    const directory = await writtenBy(t, { collation: SWEDISH });
    for (const collation of [undefined, SWEDISH, { locale: 'SV', strength: 'tertiary', caseFirst: 'false' }]) {
        const store = await openStore(t, { directory, collation });
        assert.deepEqual(await storeKeys(store), ['a', 'z', 'Z', 'ä']);
        await store.deleteItem('a');
        await store.setItem('a', {});
        await store.close();
    }
    const engine = new DatastoreEngine({ directory });
    await engine.loadDocuments();
    const { items } = engine.queryKeys({ startKey: 'Z' });
    await engine.close();
    assert.deepEqual(
        items.map(({ key }) => key),
        ['Z', 'ä'],
    );
});

test('another order than the one remembered is refused, and nothing is changed', async (t) => {
    for (const [first, others] of [
        [SWEDISH, ['codeUnit', { locale: 'de' }, { locale: 'sv', numeric: true }]],
        [undefined, [SWEDISH]],
        ['codeUnit', [SWEDISH]],
    ]) {
        const directory = await writtenBy(t, { collation: first });
        const format = readJson(directory, '.datastore/format.json');
        for (const collation of others) {
            const store = new Datastore({ directory, collation });
            const error = await refusal(store.load());
            assert.equal(error.code, 'ASSERTION');
            assert.equal(error.path, path.join(directory, '.datastore', 'format.json'));
            await store.close();
        }
        assert.deepEqual(readJson(directory, '.datastore/format.json'), format);
        await openStore(t, { directory, collation: first });
    }
});

test('the way to another order that the refusal tells works', async (t) => {
    const directory = await writtenBy(t, { collation: SWEDISH });
    fs.rmSync(path.join(directory, '.datastore', 'format.json'));
    const store = await openStore(t, { directory, collation: { locale: 'de', caseFirst: 'upper' } });
    assert.deepEqual(await storeKeys(store), ['a', 'ä', 'Z', 'z']);
});

test('a directory that the original wrote takes the order of its first opener', async (t) => {
    const directory = temporaryDirectory(t);
    for (const name of ['z', 'Z', 'a']) {
        fs.writeFileSync(path.join(directory, `${name}.json`), '{"_rev":3}');
    }
    const store = await openStore(t, { directory, collation: SWEDISH });
    assert.deepEqual(await storeKeys(store), ['a', 'z', 'Z']);
});

test('ranges, pages and keys of a store are in its order; a prefix is refused', async (t) => {
    const store = await openStore(t, { directory: undefined, durability: 'none', collation: SWEDISH });
    await store.setItems(['ä', 'z', 'Z', 'a', 'A', 'å'].map((key) => [key, { key }]));
    const query = (options) => store.queryKeys(options);
    for (const run of [query, (options) => store.transaction((tx) => tx.queryKeys(options))]) {
        const page = await run({ startKey: 'A', endKey: 'å', offset: 1, limit: 2, includeDocuments: true });
        assert.deepEqual(
            page.items.map(({ key, document }) => [key, document.key]),
            [
                ['z', 'z'],
                ['Z', 'Z'],
            ],
        );
        assert.deepEqual([page.total, page.exclusiveEndIndex], [4, 3]);
        const down = await run({ startKey: 'A', endKey: 'å', descending: true });
        assert.deepEqual(
            down.items.map(({ key }) => key),
            ['å', 'Z', 'z', 'A'],
        );
        assert.equal((await run({ key: 'a' })).total, 1);
        assert.equal((await refusal(run({ prefix: 'a' }))).code, 'ASSERTION');
    }
});

test('a key that enters a range in the order of the store makes a transaction run again', async (t) => {
    const store = await openStore(t, { directory: undefined, durability: 'none', collation: SWEDISH });
    await store.setItems(['a', 'z'].map((key) => [key, {}]));
    let runs = 0;
    // By code unit 'Z' is outside of what is read, and 'ä' inside.
    const run = async (entering) => {
        runs = 0;
        return store.transaction(async (tx) => {
            runs += 1;
            const { total } = await tx.queryKeys({ startKey: 'a', endKey: 'Z' });
            if (runs === 1) {
                await store.setItem(entering, {});
            }
            await tx.setItem('total', { total });
            return total;
        });
    };
    assert.deepEqual([await run('ä'), runs], [2, 1]);
    await store.deleteItem('total');
    assert.deepEqual([await run('Z'), runs], [3, 2]);
});

test('a store with a file system of its own is in the order that it is given', async (t) => {
    const files = new Map(['z', 'ä', 'a'].map((key) => [`${encodeURIComponent(key)}.json`, {}]));
    const fileSystem = {
        readDocumentDirectory: async () => [...files.keys()],
        readDocumentFile: async (file) => files.get(path.basename(file)),
        writeDocumentFile: async (file, document) => files.set(path.basename(file), document),
        removeDocumentFile: async (file) => files.delete(path.basename(file)),
    };
    const store = await openStore(t, { directory: '/nowhere', fileSystem, collation: SWEDISH });
    await store.setItem('Z', {});
    assert.deepEqual(await storeKeys(store), ['a', 'z', 'Z', 'ä']);
});

test('an engine given as db has its own order', (t) => {
    const db = new DatastoreEngine({ durability: 'none', collation: SWEDISH });
    t.after(() => db.close());
    assert.throws(() => new Datastore({ db, collation: SWEDISH }), AssertionError);
});

/** Every key of a query, page by page; what was seen is deleted before the next page. */
async function walked(ask, remove) {
    const seen = [];
    let cursor;
    do {
        const page = await ask({ limit: 2, cursor });
        for (const item of page.items) {
            seen.push(item.key);
            await remove(item.documentKey);
        }
        cursor = page.cursor ?? undefined;
    } while (cursor !== undefined);
    return seen;
}

test('cursors walk over keys, over what is found and over views in the order of the language', async (t) => {
    const keys = ['a', 'A', 'z', 'Z', 'å', 'ä', 'Ä'];
    for (const descending of [false, true]) {
        const asks = {
            queryKeys: (store) => (page) => store.queryKeys({ descending, ...page }),
            transaction: (store) => (page) => store.transaction((tx) => tx.queryKeys({ descending, ...page })),
            find: (store) => (page) => store.find({}, { descending, ...page }),
            'find by a view': (store) => (page) => store.find({ n: 1 }, { descending, ...page }),
            'a view with a map': (store) => (page) => store.queryView('mapped', { descending, ...page }),
            'a view with a key': (store) => (page) => store.queryView('declared', { descending, ...page }),
        };
        for (const [name, ask] of Object.entries(asks)) {
            const store = await openStore(t, { directory: undefined, durability: 'none', collation: SWEDISH });
            store.setView('mapped', { map: ({ key }, emit) => emit(key), collation: SWEDISH });
            store.setView('declared', { key: 'key', collation: SWEDISH });
            store.setView('n', { key: 'n' });
            await store.setItems(keys.toReversed().map((key) => [key, { key, n: 1 }]));
            const found = await walked(ask(store), (key) => store.deleteItem(key));
            assert.deepEqual(found, descending ? keys.toReversed() : keys, name);
            await store.close();
        }
    }
});

test('a cursor is good after a restart, and belongs to its collation', async (t) => {
    const directory = await writtenBy(t, { collation: SWEDISH });
    const set = (store, collation) => store.setView('keys', { map: (_, emit) => emit('z'), collation });
    const store = await openStore(t, { directory });
    set(store, SWEDISH);
    const { cursor } = await store.queryKeys({ limit: 2 });
    const found = await store.find({}, { limit: 2 });
    const view = await store.queryView('keys', { limit: 2 });
    await store.close();
    const again = await openStore(t, { directory });
    set(again, SWEDISH);
    const keysOf = ({ items }) => items.map(({ documentKey }) => documentKey);
    assert.deepEqual(keysOf(await again.queryKeys({ cursor })), ['Z', 'ä']);
    assert.deepEqual(keysOf(await again.find({}, { cursor: found.cursor })), ['Z', 'ä']);
    assert.deepEqual(keysOf(await again.queryView('keys', { cursor: view.cursor })), ['z', 'ä']);
    for (const collation of [undefined, { locale: 'de' }]) {
        set(again, collation);
        assert.equal((await refusal(again.queryView('keys', { cursor: view.cursor }))).code, 'ASSERTION');
    }
    await again.close();
    fs.rmSync(path.join(directory, '.datastore', 'format.json'));
    const german = await openStore(t, { directory, collation: { locale: 'de' } });
    assert.equal((await refusal(german.queryKeys({ cursor }))).code, 'ASSERTION');
    assert.equal((await refusal(german.find({}, { cursor: found.cursor }))).code, 'ASSERTION');
});

test('exclusive bounds and several keys are those strings alone', async (t) => {
    const keys = ['a', 'A', 'z', 'Z', 'ä'];
    const store = await openStore(t, { directory: undefined, durability: 'none', collation: SWEDISH });
    await store.setItems(keys.map((key) => [key, { key }]));
    store.setView('mapped', { map: ({ key }, emit) => emit(key), collation: SWEDISH });
    store.setView('declared', { key: 'key', collation: SWEDISH });
    for (const ask of [
        (options) => storeKeys(store, options),
        (options) => store.transaction((tx) => storeKeys(tx, options)),
        (options) => viewKeys(store, 'mapped', options),
        (options) => viewKeys(store, 'declared', options),
    ]) {
        assert.deepEqual(await ask({ startKey: 'a', endKey: 'Z', inclusiveStart: false }), ['A', 'z', 'Z']);
        assert.deepEqual(await ask({ startKey: 'a', endKey: 'Z', inclusiveEnd: false }), ['a', 'A', 'z']);
        assert.deepEqual(await ask({ keys: ['ä', 'å', 'A', 'ä'] }), ['ä', 'A', 'ä']);
    }
});

test('a search refuses a prefix in a store of a language', async (t) => {
    const store = await openStore(t, { directory: undefined, durability: 'none', collation: SWEDISH });
    await store.setItem('a', {});
    for (const search of [store.find({}, { prefix: 'a' }), store.findOne({}, { prefix: 'a' })]) {
        assert.equal((await refusal(search)).code, 'ASSERTION');
    }
    assert.equal((await refusal(store.count({}, { prefix: 'a' }))).code, 'ASSERTION');
    assert.equal(await store.count({}), 1);
});

test('the first document found is the first in the order of the store', async (t) => {
    const store = await openStore(t, { directory: undefined, durability: 'none', collation: SWEDISH });
    await store.setItems(['Z', 'ä', 'z'].map((key) => [key, { key }]));
    assert.equal((await store.findOne({})).key, 'z');
    assert.equal((await store.findOne({}, { descending: true })).key, 'ä');
});

for (const collation of COLLATIONS) {
    test(`a declarative view by ${JSON.stringify(collation)} is in the order of Intl.Collator`, async (t) => {
        const store = await withWords(t, STRINGS);
        store.setView('words', { key: ['word'], value: 'word', collation });
        const expected = STRINGS.toSorted(comparer(collation));
        const found = await store.queryView('words', { limit: Infinity });
        assert.deepEqual(
            found.items.map(({ value }) => value),
            expected,
        );
        const bounds = [expected[20], expected[100]];
        const between = await viewKeys(store, 'words', { startKey: [bounds[0]], endKey: [bounds[1]] });
        assert.deepEqual(between.flat(), expected.slice(20, 101));
    });
}

test('what is no collation is no declaration either', async (t) => {
    const store = await withWords(t, ['a']);
    for (const collation of NO_COLLATIONS) {
        assert.throws(() => store.setView('words', { key: 'word', collation }), AssertionError);
    }
});

test('a search does not take its ranges from a view of a language', async (t) => {
    const store = await withWords(t, ['a', 'z', 'Z', 'ä']);
    store.setView('words', { key: 'word', collation: { locale: 'de' } });
    const { items, explain } = await store.find({ word: { $gt: 'a', $lt: 'ä' } }, { explain: true });
    assert.deepEqual(
        items.map(({ document }) => document.word),
        ['z'],
    );
    assert.equal(explain.view, null);
});

test('a unique view of a language refuses the same string alone, and tells it', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const unique = { key: ['word'], unique: true, collation: { locale: 'de', strength: 'primary' } };
    const first = await openStore(t, { directory });
    await first.setItems(['z', 'ä', 'z', 'ä'].map((word, index) => [index, { word }]));
    first.setView('words', unique);
    assert.deepEqual((await first.buildView('words')).duplicates, [
        { viewKey: ['ä'], documentKeys: ['1', '3'] },
        { viewKey: ['z'], documentKeys: ['0', '2'] },
    ]);
    await first.deleteItems([2, 3]);
    await first.close();
    const store = await openStore(t, { directory });
    await store.setItems(['a', 'A', 'Ä', 'a\u0308'].map((word) => [word, { word }]));
    const refused = await refusal(store.setItem('other', { word: 'ä' }));
    assert.deepEqual([refused.code, refused.viewKey, refused.otherKey], ['CONFLICT', ['ä'], '1']);
});
