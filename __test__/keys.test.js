'use strict';

/** Keys: which are taken, what their files are called, how they are ordered, and what a range of them holds. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { documentFiles, openStore, readJson, temporaryDirectory } = require('./support.js');

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function generator(seed) {
    let state = seed;
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
}

/** Characters of one to four bytes, of all classes that encodeURIComponent tells apart. */
const ALPHABETS = [
    'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
    "-_.!~'()",
    ';/?:@&=+$,#[]{}|\\^`"<>% ',
    '\0\b\t\n\v\f\r\x1b\x7f',
    '\u0080\u00e9\u0301\u00df\u0416\u05d0\u07ff',
    '\u0800\u20ac\u65e5\u672c\ud7ff\ue000\ufeff\uffee\ufffd\ufffe\uffff',
    '\u{10000}\u{1f600}\u{1f3f3}\u{1f469}\u{10ffff}',
].map((text) => [...text]);

/** Code units above and below the surrogates, and halves of pairs. */
const UNITS = ['', 'a', 'b', '\x7f', '\ud7ff', '\ud800', '\ud83d', '\udbff', '\udc00', '\ude00', '\udfff', '\ue000'];

function randomText(random, length) {
    const pick = (list) => list[Math.floor(random() * list.length)];
    return Array.from({ length }, () => pick(pick(ALPHABETS))).join('');
}

/** Well-formed keys that no two of fold to the same file name. */
function randomKeys(seed, count) {
    const random = generator(seed);
    return Array.from(
        { length: count },
        (_, index) => `${randomText(random, Math.floor(random() * 13))}:${index.toString(36)}`,
    );
}

/** Every file below a data directory that is not ours alone, with `/` between folders. */
function allFiles(directory) {
    return fs
        .readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
        .filter((file) => !file.startsWith('.datastore/'))
        .sort();
}

function byCodeUnits(a, b) {
    return a < b ? -1 : Number(a > b);
}

async function keysOf(datastore, options) {
    const { items } = await datastore.queryKeys({ limit: Infinity, ...options });
    return items.map(({ key }) => key);
}

async function storeAll(datastore, keys) {
    await Promise.all(keys.map((key) => datastore.setItem(key, { key })));
}

/** A store that holds a document for each key, and its directory. */
async function storeOf(t, keys) {
    const directory = path.join(temporaryDirectory(t), 'data');
    const datastore = await openStore(t, { directory });
    await storeAll(datastore, keys);
    return { directory, datastore };
}

async function reopen(t, directory, datastore) {
    await datastore.close();
    return openStore(t, { directory });
}

/** Stores the key, expects its one file at `file`, and finds it again after a reopen. */
async function expectFile(t, key, file) {
    const { directory, datastore } = await storeOf(t, [key]);
    assert.deepEqual(allFiles(directory), [file], key.slice(0, 40));
    const again = await reopen(t, directory, datastore);
    assert.deepEqual(await keysOf(again), [key]);
    assert.deepEqual(await again.getItem(key), { _rev: 0, key });
    await again.deleteItem(key);
    assert.deepEqual(documentFiles(directory), [], 'no folder of a deleted document stays');
    await again.close();
}

function ignoresCase(t) {
    const folder = temporaryDirectory(t);
    fs.writeFileSync(path.join(folder, 'probe'), '');
    return fs.existsSync(path.join(folder, 'PROBE'));
}

test('two thousand random keys have the file names that encodeURIComponent gives', async (t) => {
    const keys = randomKeys(1, 2_000);
    const { directory, datastore } = await storeOf(t, keys);
    const expected = keys.map((key) => `${encodeURIComponent(key)}.json`);
    assert.deepEqual(documentFiles(directory), expected.sort());
    for (const key of keys.slice(0, 100)) {
        assert.deepEqual(readJson(directory, `${encodeURIComponent(key)}.json`), { _rev: 0, key });
    }
    const again = await reopen(t, directory, datastore);
    assert.equal(again.loadReport.documents, keys.length);
    assert.equal(again.loadReport.ignored, 0);
    assert.deepEqual(
        await again.getItems(keys),
        keys.map((key) => ({ _rev: 0, key })),
    );
});

test('keys that look like paths stay inside of the data directory', async (t) => {
    const keys = ['.', '..', '../x', '/etc/passwd', 'a/b', '..\\x', 'C:\\x', '.datastore', '.datastore/lock', '~'];
    const { directory, datastore } = await storeOf(t, keys);
    assert.deepEqual(documentFiles(directory), keys.map((key) => `${encodeURIComponent(key)}.json`).sort());
    assert.deepEqual(fs.readdirSync(path.dirname(directory)), ['data']);
    const again = await reopen(t, directory, datastore);
    assert.deepEqual(await keysOf(again), [...keys].sort());
});

test('a star in a key is written as an escape', async (t) => {
    await expectFile(t, 'a*b**', 'a%2Ab%2A%2A.json');
    await expectFile(t, '*', '%2A.json');
});

test('the first letter of a device name is written as an escape', async (t) => {
    await expectFile(t, 'CON', '%43ON.json');
    await expectFile(t, 'nul', '%6Eul.json');
    await expectFile(t, 'PrN', '%50rN.json');
    await expectFile(t, 'aux.tar.gz', '%61ux.tar.gz.json');
    await expectFile(t, 'com1', '%63om1.json');
    await expectFile(t, 'LPT9.*', '%4CPT9.%2A.json');
});

test('a key that only resembles a device name keeps its plain name', async (t) => {
    for (const key of ['console', 'nul:', 'xnul', 'com0', 'com10', 'lpt', 'con.', '.nul', 'aux ']) {
        const isDevice = key === 'con.';
        await expectFile(t, key, isDevice ? '%63on..json' : `${encodeURIComponent(key)}.json`);
    }
});

test('a file name of 255 bytes is not cut and one of 256 is', async (t) => {
    await expectFile(t, 'a'.repeat(250), `${'a'.repeat(250)}.json`);
    await expectFile(t, 'a'.repeat(251), `${'a'.repeat(239)}%/${'a'.repeat(12)}.json`);
});

test('a long name is cut into folders of at most 240 bytes', async (t) => {
    await expectFile(t, 'a'.repeat(700), `${'a'.repeat(239)}%/${'a'.repeat(239)}%/${'a'.repeat(222)}.json`);
});

test('a long name is never cut inside of an escape', async (t) => {
    const [e, euro] = [encodeURIComponent('\u00e9'), encodeURIComponent('\u20ac')];
    // 39 escapes of six bytes are 234, and the next one fits in half: 237 bytes end between its two.
    await expectFile(t, '\u00e9'.repeat(50), `${e.repeat(39)}%C3%/%A9${e.repeat(10)}.json`);
    await expectFile(t, `a${'\u00e9'.repeat(50)}`, `a${e.repeat(39)}%C3%/%A9${e.repeat(10)}.json`);
    await expectFile(t, `aa${'\u20ac'.repeat(50)}`, `aa${euro.repeat(26)}%E2%/%82%AC${euro.repeat(23)}.json`);
    // Bytes 238 and 239 would be the "%2" of an escape.
    await expectFile(t, `${'a'.repeat(237)}/${'b'.repeat(20)}`, `${'a'.repeat(237)}%/%2F${'b'.repeat(20)}.json`);
    await expectFile(t, `${'a'.repeat(238)}/${'b'.repeat(20)}`, `${'a'.repeat(238)}%/%2F${'b'.repeat(20)}.json`);
    await expectFile(t, `${'a'.repeat(236)}/${'b'.repeat(20)}`, `${'a'.repeat(236)}%2F%/${'b'.repeat(20)}.json`);
});

test('the second part of a cut name is no device either', async (t) => {
    const [first, last] = ['a'.repeat(239), 'b'.repeat(20)];
    await expectFile(t, `${first}nul.${last}`, `${first}%/%6Eul.${last}.json`);
    await expectFile(t, `nul.${'a'.repeat(250)}`, `%6Eul.${'a'.repeat(233)}%/${'a'.repeat(17)}.json`);
});

test('long keys that share their folders are told apart', async (t) => {
    const stem = 'a'.repeat(300);
    const keys = [stem, `${stem}b`, `${stem}c`, 'a'.repeat(239), `${'a'.repeat(239)}%`, `${stem}${stem}`];
    const { directory, datastore } = await storeOf(t, keys);
    const again = await reopen(t, directory, datastore);
    assert.deepEqual(await keysOf(again), [...keys].sort());
    await again.deleteItem(stem);
    const third = await reopen(t, directory, again);
    assert.deepEqual(await keysOf(third), keys.slice(1).sort());
});

test('a file in another spelling of its key is no document', async (t) => {
    const directory = temporaryDirectory(t);
    const spellings = [
        'user%3a1.json',
        'user:1.json',
        '%61.json',
        'a%2a.json',
        '%FF.json',
        '%ED%A0%BD.json',
        'a%.json',
        '.json',
        'a.JSON',
        'a',
        'con%/x.json',
        `${'a'.repeat(200)}%/b.json`,
    ].filter((name) => process.platform !== 'win32' || !name.includes(':'));
    for (const name of spellings) {
        fs.mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
        fs.writeFileSync(path.join(directory, name), '{}');
    }
    const datastore = await openStore(t, { directory });
    assert.deepEqual(await keysOf(datastore), []);
    assert.equal(datastore.loadReport.documents, 0);
    assert.deepEqual([...datastore.loadReport.ignoredFiles].sort(), spellings.sort());
    for (const name of spellings) {
        assert.equal(fs.readFileSync(path.join(directory, name), 'utf8'), '{}');
    }
});

test('a number is the key of its decimal text', async (t) => {
    const { directory, datastore } = await storeOf(t, [42, -0, 1e21, 0.1, -7]);
    assert.deepEqual(documentFiles(directory), ['-7.json', '0.1.json', '0.json', '1e%2B21.json', '42.json']);
    assert.deepEqual(await keysOf(datastore), ['-7', '0', '0.1', '1e+21', '42']);
    assert.deepEqual(await datastore.getItem(42), await datastore.getItem('42'));
    assert.deepEqual(await datastore.getItem(0), { _rev: 0, key: 0 });
    assert.deepEqual(await datastore.getItems([-0, 1e21]), [
        { _rev: 0, key: 0 },
        { _rev: 0, key: 1e21 },
    ]);
    assert.equal((await datastore.updateItem(42, (found) => ({ ...found, more: 1 })))._rev, 1);
    assert.equal((await datastore.setItem('42', {}))._rev, 2);
    assert.deepEqual(await keysOf(datastore, { key: 42 }), ['42']);
    assert.deepEqual(await keysOf(datastore, { startKey: 0, endKey: 1 }), ['0', '0.1']);
    assert.equal(datastore._db.getItem(42).key, '42');
    assert.equal(await datastore.deleteItem(42), 42);
    assert.equal(await datastore.getItem('42'), null);
});

const REFUSED = {
    'an empty string': '',
    'half a surrogate pair': '\ud83d',
    'a pair the wrong way round': 'user:\ude00\ud83d',
    'half a pair at the end of a long key': `${'a'.repeat(400)}\ud83d`,
    undefined: undefined,
    null: null,
    NaN: NaN,
    Infinity: Infinity,
    'minus infinity': -Infinity,
    'a boolean': true,
    'a bigint': 1n,
    'a symbol': Symbol('key'),
    'an object': { toString: () => 'key' },
    'a string object': Object('key'),
    'an array': ['key'],
    'a function': () => 'key',
    'an encoded name of 3,001 bytes': 'a'.repeat(2_996),
    'stars of 3,002 bytes': '*'.repeat(999),
    'two-byte letters of 3,005 bytes': '\u00e9'.repeat(500),
    'emoji of 3,005 bytes': '\u{1f600}'.repeat(250),
};

/** Every method that takes a key. */
const TAKING_A_KEY = {
    getItem: (datastore, key) => datastore.getItem(key),
    getItems: (datastore, key) => datastore.getItems(['fine', key]),
    setItem: (datastore, key) => datastore.setItem(key, {}),
    updateItem: (datastore, key) => datastore.updateItem(key, () => ({})),
    deleteItem: (datastore, key) => datastore.deleteItem(key),
    'engine.getItem': async (datastore, key) => datastore._db.getItem(key),
    'engine.setItem': (datastore, key) => datastore._db.setItem(key, {}),
    'engine.deleteItem': (datastore, key) => datastore._db.deleteItem(key),
};

for (const [method, call] of Object.entries(TAKING_A_KEY)) {
    test(`${method} refuses what is no key`, async (t) => {
        const { directory, datastore } = await storeOf(t, []);
        for (const [name, key] of Object.entries(REFUSED)) {
            await assert.rejects(async () => call(datastore, key), { name: 'AssertionError', code: 'ASSERTION' }, name);
        }
        assert.deepEqual(documentFiles(directory), []);
    });
}

test('queryKeys refuses a key that no document can have', async (t) => {
    const { datastore } = await storeOf(t, []);
    for (const [name, key] of Object.entries(REFUSED)) {
        if (key !== undefined) {
            await assert.rejects(datastore.queryKeys({ key }), { code: 'ASSERTION' }, name);
            assert.throws(() => datastore._db.queryKeys({ key }), { code: 'ASSERTION' }, name);
        }
    }
});

test('a refused key changes nothing and the next write is taken', async (t) => {
    const { datastore } = await storeOf(t, ['here']);
    const writes = [
        datastore.setItem('a'.repeat(2_996), {}),
        datastore.setItem('here', { new: true }),
        datastore.setItem('\ud83d', {}),
        datastore.setItem('there', {}),
    ];
    const outcomes = await Promise.allSettled(writes);
    assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['rejected', 'fulfilled', 'rejected', 'fulfilled'],
    );
    assert.deepEqual(await keysOf(datastore), ['here', 'there']);
});

const tooLongAPath = process.platform === 'linux' ? false : 'this system takes no path of 3,000 bytes';

test('an encoded name of 3,000 bytes is taken', { skip: tooLongAPath }, async (t) => {
    const keys = ['a'.repeat(2_995), '*'.repeat(998), '\u00e9'.repeat(499), '\u{1f600}'.repeat(249)];
    const { directory, datastore } = await storeOf(t, keys);
    for (const file of allFiles(directory)) {
        const parts = file.split('/');
        const name = parts.pop();
        assert.ok(name.length <= 255 && name.endsWith('.json'));
        assert.ok(parts.length > 0 && parts.every((part) => part.length <= 240 && /[^%]%$/.test(part)), file);
    }
    const again = await reopen(t, directory, datastore);
    assert.deepEqual(await keysOf(again), [...keys].sort());
});

test('queryKeys orders keys as JavaScript sorts strings', async (t) => {
    const keys = [...randomKeys(2, 1_000), '\u{1f600}', '\uffff', '\ue000', '\ud7ff', 'a', 'a\0', 'A', '\u{10ffff}'];
    const { directory, datastore } = await storeOf(t, keys);
    const sorted = [...keys].sort();
    assert.deepEqual(await keysOf(datastore), sorted);
    assert.deepEqual(await keysOf(datastore, { descending: true }), [...sorted].reverse());
    const walked = [];
    for (let at = 0; at !== null; ) {
        const page = await datastore.queryKeys({ inclusiveStartIndex: at, limit: 37 });
        assert.equal(page.total, keys.length);
        walked.push(...page.items.map(({ key }) => key));
        at = page.exclusiveEndIndex;
    }
    assert.deepEqual(walked, sorted);
    const again = await reopen(t, directory, datastore);
    assert.deepEqual(await keysOf(again), sorted);
});

test('a supplementary character comes before U+E000 and after U+D7FF', async (t) => {
    const { datastore } = await storeOf(t, ['\ue000', '\u{1f600}', '\uffff', '\ud7ff', '\u{10ffff}']);
    assert.deepEqual(await keysOf(datastore), ['\ud7ff', '\u{1f600}', '\u{10ffff}', '\ue000', '\uffff']);
});

test('the range from user: to user:\\uffff holds emoji and all else that begins with user:', async (t) => {
    const inside = ['user:', 'user:1', 'user:\u{1f600}', 'user:\u{10ffff}', 'user:\ue000', 'user:\uffff'];
    const { datastore } = await storeOf(t, [...inside, 'user', 'user;', 'usez', 'USER:1', 'user:\uffff1']);
    assert.deepEqual(await keysOf(datastore, { startKey: 'user:', endKey: 'user:\uffff' }), [...inside].sort());
    assert.deepEqual(await keysOf(datastore, { prefix: 'user:' }), [...inside, 'user:\uffff1'].sort());
});

test('bounds with half a surrogate pair cut the range where JavaScript compares', async (t) => {
    const keys = ['a', 'a\ud7ff', 'a\u{10000}', 'a\u{1f600}', 'a\u{1f64f}', 'a\u{10ffff}', 'a\ue000', 'a\uffff', 'b'];
    const { datastore } = await storeOf(t, keys);
    for (const startKey of UNITS.flatMap((unit) => UNITS.map((next) => `a${unit}${next}`))) {
        const above = keys.filter((key) => key >= startKey).sort();
        const below = keys.filter((key) => key <= startKey).sort();
        const prefixed = keys.filter((key) => key.startsWith(startKey)).sort();
        assert.deepEqual(await keysOf(datastore, { startKey }), above, JSON.stringify(startKey));
        assert.deepEqual(await keysOf(datastore, { endKey: startKey }), below, JSON.stringify(startKey));
        assert.deepEqual(await keysOf(datastore, { prefix: startKey }), prefixed, JSON.stringify(startKey));
    }
});

test('random ranges hold exactly the keys between their bounds', async (t) => {
    const random = generator(3);
    const keys = randomKeys(4, 400);
    const { datastore } = await storeOf(t, keys);
    const bound = () => {
        const text = random() < 0.5 ? keys[Math.floor(random() * keys.length)] : randomText(random, 2);
        return random() < 0.3 ? text + UNITS[Math.floor(random() * UNITS.length)] : text;
    };
    for (let round = 0; round < 300; round += 1) {
        const [startKey, endKey] = [bound(), bound()];
        const [lower, upper] = [startKey, endKey].sort(byCodeUnits);
        const up = keys.filter((key) => key >= startKey && key <= endKey).sort();
        const down = keys
            .filter((key) => key >= lower && key <= upper)
            .sort()
            .reverse();
        const label = JSON.stringify([startKey, endKey]);
        assert.deepEqual(await keysOf(datastore, { startKey, endKey }), up, label);
        assert.deepEqual(await keysOf(datastore, { startKey, endKey, descending: true }), down, label);
        const { total } = await datastore.queryKeys({ startKey, endKey, limit: 1 });
        assert.equal(total, up.length);
    }
});

test('an empty string is a bound below every key', async (t) => {
    const keys = ['\0', 'a', '\uffff'];
    const { datastore } = await storeOf(t, keys);
    assert.deepEqual(await keysOf(datastore, { startKey: '' }), keys);
    assert.deepEqual(await keysOf(datastore, { endKey: '' }), []);
    assert.deepEqual(await keysOf(datastore, { startKey: '', endKey: '\uffff' }), keys);
    assert.deepEqual(await keysOf(datastore, { startKey: '', endKey: '' }), []);
    assert.deepEqual(await keysOf(datastore, { prefix: '' }), keys);
    assert.deepEqual(await keysOf(datastore, { startKey: '', descending: true }), []);
    assert.deepEqual(await keysOf(datastore, { endKey: '', descending: true }), [...keys].reverse());
});

test('keys that differ only in case are two documents, or the second is refused', async (t) => {
    const { directory, datastore } = await storeOf(t, ['user']);
    if (ignoresCase(t)) {
        await assert.rejects(datastore.setItem('USER', {}), { code: 'KEY_COLLISION' });
        assert.deepEqual(await keysOf(datastore), ['user']);
        return;
    }
    await storeAll(datastore, ['USER', 'User']);
    const again = await reopen(t, directory, datastore);
    assert.deepEqual(await keysOf(again), ['USER', 'User', 'user']);
    assert.deepEqual(await again.getItem('User'), { _rev: 0, key: 'User' });
});

test('keys that look alike but are composed differently are two documents', async (t) => {
    const { directory, datastore } = await storeOf(t, ['\u00e9', 'e\u0301']);
    const again = await reopen(t, directory, datastore);
    assert.deepEqual(await keysOf(again), ['e\u0301', '\u00e9']);
});

const INHERITED = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', '__defineGetter__'];

test('names that every object inherits are ordinary keys', async (t) => {
    const { directory, datastore } = await storeOf(t, []);
    for (const key of INHERITED) {
        assert.equal(await datastore.getItem(key), null);
        assert.deepEqual(await datastore.setItem(key, { key }), { _rev: 0, key });
    }
    const again = await reopen(t, directory, datastore);
    assert.deepEqual(await keysOf(again), [...INHERITED].sort());
    assert.deepEqual(
        await again.getItems(INHERITED),
        INHERITED.map((key) => ({ _rev: 0, key })),
    );
    await Promise.all(INHERITED.map((key) => again.updateItem(key, (found) => ({ ...found, again: true }))));
    await again.deleteItem('__proto__');
    assert.equal(await again.getItem('__proto__'), null);
    assert.deepEqual(await again.getItem('constructor'), { _rev: 1, key: 'constructor', again: true });
});

test('names that every object inherits are ordinary members and view keys', async (t) => {
    const text = '{"__proto__":{"own":1},"constructor":"c","hasOwnProperty":null,"toString":[],"valueOf":0}';
    const { directory, datastore } = await storeOf(t, []);
    const stored = await datastore.setItem('members', JSON.parse(text));
    const again = await reopen(t, directory, datastore);
    for (const found of [stored, await again.getItem('members'), (await again.getItems(['members']))[0]]) {
        assert.equal(JSON.stringify(found), `{"_rev":0,${text.slice(1)}`);
        assert.ok(Object.hasOwn(found, '__proto__'));
        assert.equal(Object.getPrototypeOf(found), Object.prototype);
        assert.equal(found.own, undefined);
    }
    for (const id of INHERITED) {
        assert.equal(again.hasView(id), false);
        again.setView(id, {
            map(document, emit) {
                for (const name of Object.keys(document)) {
                    emit(name, name);
                }
            },
        });
    }
    for (const id of INHERITED) {
        const { items } = await again.queryView(id, { startKey: '__proto__', endKey: 'valueOf' });
        const emitted = items.map(({ key }) => key);
        assert.deepEqual(emitted, ['__proto__', '_rev', 'constructor', 'hasOwnProperty', 'toString', 'valueOf']);
    }
    assert.equal({}.own, undefined);
});
