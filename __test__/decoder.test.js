'use strict';

/** Documents that are read without `JSON.parse`: they are what it would have made of their texts. */

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const { Datastore } = require('..');

const DOCUMENTS = {
    'no members': {},
    primitives: { a: 1, b: 'x', c: true, d: null, e: -0.5, f: false },
    numbers: {
        list: [0, 7, 99_999_999, 100_000_000, 268_435_456, 2 ** 53, -1, 0.1, 1e21, 5e-324, 1.7976931348623157e308],
    },
    'short and long strings': { list: ['', 'a', 'twelve chars', 'thirteen char', 'x'.repeat(5_000)] },
    'strings beyond ASCII': { list: ['é', '日本語の文字列です、長い方', '\u{1f600}', 'ÿ'.repeat(13)], schlüssel: 1 },
    escapes: { list: ['"', '\\', 'a\n\t\u0001', '\\"\\', 'long enough to be long: "\\"', '\u2028'] },
    'half a surrogate pair': { list: ['\ud800', 'a'] },
    'nested objects': { a: { b: { c: { d: [1, { e: [] }] } } } },
    'arrays of many shapes': { rows: [{ a: 1 }, { b: 2 }, 3, [4], null, [], {}] },
    'an own __proto__': JSON.parse('{"__proto__":{"a":1},"b":1,"c":{"__proto__":[]}}'),
    'names that are no identifiers': JSON.parse(
        '{"a b":1,"1":{"2":{}},"0":1,"\\"":{},"\\\\":{},"constructor":{},"":2}',
    ),
    'many members': Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`member ${n}`, n])),
    'keys as names': { users: Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`user${n * 7}`, { n }])) },
    'a hundred levels': JSON.parse(`${'{"a":['.repeat(50)}${']}'.repeat(50)}`),
    'more text than one tape': { list: Array.from({ length: 60_000 }, (_, n) => n % 10) },
    'more strings than one call': { list: Array.from({ length: 5_000 }, (_, n) => `a string of some length ${n}`) },
};

/** Equal, in the same order of members, and made of plain objects. */
function assertSame(actual, expected) {
    assert.deepStrictEqual(actual, expected);
    assert.equal(JSON.stringify(actual), JSON.stringify(expected));
}

async function storeOf(documents, options) {
    const datastore = new Datastore({ durability: 'none', cacheSize: 0, ...options });
    await datastore.setItems(Object.entries(documents));
    return datastore;
}

const stored = (document) => JSON.parse(JSON.stringify({ _rev: 0, ...document }));

async function assertReadBack(documents, options) {
    const datastore = await storeOf(documents, options);
    const keys = Object.keys(documents).sort();
    const expected = keys.map((key) => stored(documents[key]));
    // Shapes get functions of their own when they were seen often.
    for (let round = 0; round < 20; round += 1) {
        const single = await Promise.all(keys.map((key) => datastore.getItem(key)));
        const many = await datastore.getItems(keys);
        const { items } = await datastore.queryKeys({ includeDocuments: true, limit: Infinity });
        const found = await datastore.find({}, { limit: Infinity });
        const inside = await datastore.transaction(async (transaction) => {
            const read = [];
            for (const key of keys) {
                read.push(await transaction.getItem(key));
            }
            return read;
        });
        for (const documentsRead of [single, many, inside]) {
            assertSame(documentsRead, expected);
        }
        for (const page of [items, found.items]) {
            assertSame(
                page.map(({ key, document }) => [key, document]),
                keys.map((key, index) => [key, expected[index]]),
            );
        }
    }
    const seen = [];
    datastore.setView('all', {
        map(document, emit) {
            seen.push(document);
            emit(seen.length, document);
        },
    });
    const { items } = await datastore.queryView('all', { limit: Infinity, includeDocuments: true });
    assertSame(seen, expected);
    assertSame(
        items.map(({ value }) => value),
        expected,
    );
    await datastore.close();
}

for (const [what, document] of Object.entries(DOCUMENTS)) {
    test(`a document with ${what} is read as JSON.parse reads it`, async () => {
        await assertReadBack({ document });
        assert.equal({}.a, undefined);
    });
}

test('documents of all kinds, side by side, are each read as they are', async () => {
    await assertReadBack(DOCUMENTS);
    await assertReadBack(DOCUMENTS, { cacheSize: undefined });
});

test('what is read again and again is not parsed', async () => {
    const datastore = await storeOf({ a: DOCUMENTS.primitives, b: { list: ['a string of some length', 'é', '"'] } });
    const { parse } = JSON;
    await datastore.getItems(['a', 'b']);
    let parsed = 0;
    JSON.parse = (...given) => {
        parsed += 1;
        return parse(...given);
    };
    try {
        for (let round = 0; round < 5; round += 1) {
            await datastore.getItem('a');
            await datastore.getItem('b');
            await datastore.getItems(['a', 'b', 'nothing']);
            await datastore.queryKeys({ includeDocuments: true });
        }
    } finally {
        JSON.parse = parse;
    }
    // The names of the two shapes of an answer to `queryKeys`.
    assert.ok(parsed <= 2, `${parsed}`);
    await datastore.close();
});

test('every reader has an object of its own', async () => {
    const datastore = await storeOf({ a: DOCUMENTS['nested objects'] });
    const [one, other] = [await datastore.getItem('a'), await datastore.getItem('a')];
    one.a.b.c.d[1].e.push('changed');
    assertSame(other, stored(DOCUMENTS['nested objects']));
    await datastore.close();
});

test('documents with ever new names are read, too', async () => {
    const documents = Object.fromEntries(
        Array.from({ length: 3_000 }, (_, n) => [`k${n}`, { [`name${n}`]: n, both: { [`other${n % 50}`]: [n] } }]),
    );
    const datastore = await storeOf(documents);
    for (const [key, document] of Object.entries(documents)) {
        assertSame(await datastore.getItem(key), stored(document));
    }
    await datastore.close();
});

/** Runs a script in a process of its own, and gives what it printed. */
function run(script, ...flags) {
    const root = path.join(__dirname, '..');
    return execFileSync(process.execPath, [...flags, '-e', script], { cwd: root, encoding: 'utf8' }).trim();
}

test('where code must not be made of text, documents are parsed', () => {
    const script = `
        const { Datastore } = require('.');
        (async () => {
            const datastore = new Datastore({ durability: 'none', cacheSize: 0 });
            await datastore.setItem('a', { text: 'a string of some length', list: [{ n: 1 }] });
            for (let round = 0; round < 20; round += 1) await datastore.getItem('a');
            console.log(JSON.stringify(await datastore.getItem('a')));
            await datastore.close();
        })();`;
    const text = run(script, '--disallow-code-generation-from-strings');
    assert.equal(text, '{"_rev":0,"text":"a string of some length","list":[{"n":1}]}');
});

test('a string that is kept does not keep its document', () => {
    const script = `
        const { Datastore } = require('.');
        (async () => {
            const datastore = new Datastore({ durability: 'none', cacheSize: 0 });
            const text = 'x'.repeat(40_000);
            for (let n = 0; n < 1_000; n += 1) {
                await datastore.setItem('k' + n, { title: 'a title of twenty-five letters', short: 'twelve chars', text });
            }
            const kept = [];
            for (let n = 0; n < 1_000; n += 1) {
                const { title, short } = await datastore.getItem('k' + n);
                kept.push(title, short);
            }
            gc();
            console.log(process.memoryUsage().heapUsed, kept.length);
            await datastore.close();
        })();`;
    const [heap] = run(script, '--expose-gc').split(' ').map(Number);
    assert.ok(heap < 30e6, `${heap} bytes`);
});
