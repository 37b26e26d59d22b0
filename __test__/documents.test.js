/** Documents: what is taken, what becomes of it, whose it is, its revisions, and its file. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { afterwards, documentFiles, openStore, readJson, temporaryDirectory } = require('./support.js');

async function openDirectory(t, options) {
    const directory = path.join(temporaryDirectory(t), 'data');
    return { directory, datastore: await openStore(t, { directory, ...options }) };
}

async function reopen(t, directory, datastore, options) {
    await datastore.close();
    return openStore(t, { directory, ...options });
}

/** The document of a key by every way there is to read it. */
async function readEveryWay(datastore, key) {
    datastore.setView('all', { map: (document, emit) => emit(null, document) });
    const rows = await datastore.queryView('all', { includeDocuments: true, limit: Infinity });
    const row = rows.items.find(({ documentKey }) => documentKey === key);
    let given;
    await assert.rejects(
        datastore.updateItem(key, (document) => {
            given = document;
            throw new Error('only looking');
        }),
        { message: 'only looking' },
    );
    return {
        getItem: await datastore.getItem(key),
        getItems: (await datastore.getItems([key]))[0],
        updateItem: given,
        queryKeys: (await datastore.queryKeys({ key, includeDocuments: true })).items[0].document,
        'queryView, the document': row.document,
        'queryView, the value': row.value,
        'engine.getItem': datastore._db.getItem(key).document,
        'engine.queryKeys': datastore._db.queryKeys({ key, includeDocuments: true }).items[0].document,
    };
}

/** Stores a document and expects every read, before and after a reopen, to give `expected` in the same order. */
async function expectStored(t, document, expected) {
    const { directory, datastore } = await openDirectory(t);
    const stored = await datastore.setItem('key', document);
    const again = await reopen(t, directory, datastore);
    const reads = { setItem: stored, ...(await readEveryWay(again, 'key')) };
    for (const [way, found] of Object.entries(reads)) {
        assert.deepStrictEqual(found, expected, way);
        assert.equal(JSON.stringify(found), JSON.stringify(expected), way);
    }
    await again.close();
    return stored;
}

/** A document nested so many levels deep, made without recursion. */
function nested(levels) {
    let document = {};
    for (let level = 1; level < levels; level += 1) {
        document = level % 2 === 0 ? { in: document } : { in: [document] };
    }
    return document;
}

/** The levels of a document made by `nested`. */
function levelsOf(document) {
    let levels = 1;
    for (let inner = document; inner.in !== undefined; levels += 1) {
        inner = Array.isArray(inner.in) ? inner.in[0] : inner.in;
    }
    return levels;
}

const isAssertion = { name: 'AssertionError', code: 'ASSERTION' };

test('members of every JSON type are stored as they are', async (t) => {
    const document = {
        text: 'a "quoted" \\ text\n',
        empty: '',
        number: -12.5e-3,
        zero: 0,
        large: 9007199254740991,
        huge: Number.MAX_VALUE,
        tiny: Number.MIN_VALUE,
        yes: true,
        no: false,
        nothing: null,
        list: [1, 'two', [3], { four: 4 }, []],
        object: { deep: { deeper: { deepest: [] } }, '': 'no name' },
        'a name with "quotes" and \u{1f600}': 1,
    };
    await expectStored(t, document, { _rev: 0, ...document });
});

test('an object without members is a document', async (t) => {
    await expectStored(t, {}, { _rev: 0 });
});

test('a class instance is stored by its own enumerable members', async (t) => {
    class Named {
        #secret = 1;
        constructor(name) {
            this.name = name;
            Object.defineProperty(this, 'hidden', { value: 1 });
        }
        get upper() {
            return this.name.toUpperCase() + this.#secret;
        }
    }
    await expectStored(t, new Named('x'), { _rev: 0, name: 'x' });
});

test('an object without a prototype is a document', async (t) => {
    await expectStored(t, Object.assign(Object.create(null), { a: 1 }), { _rev: 0, a: 1 });
});

test('toJSON is followed, of the document and of its members', async (t) => {
    class Point {
        #x = 1;
        toJSON(name) {
            return { name, x: this.#x };
        }
    }
    await expectStored(t, new Point(), { _rev: 0, name: '', x: 1 });
    await expectStored(
        t,
        { at: new Point(), when: new Date(0) },
        {
            _rev: 0,
            at: { name: 'at', x: 1 },
            when: '1970-01-01T00:00:00.000Z',
        },
    );
    const map = Object.assign(new Map([['a', 1]]), { toJSON: () => ({ a: 1 }) });
    await expectStored(t, map, { _rev: 0, a: 1 });
});

test('values that JSON does not know become what JSON.stringify makes of them', async (t) => {
    const sparse = [1];
    sparse[3] = 4;
    const document = {
        undefined: undefined,
        function() {},
        [Symbol('s')]: 1,
        symbol: Symbol('s'),
        nan: NaN,
        infinite: -Infinity,
        minusZero: -0,
        list: [undefined, () => {}, NaN],
        sparse,
        map: new Map([[1, 2]]),
        pattern: /x/,
        bytes: new Uint8Array([7, 8]),
        text: Object('text'),
    };
    const stored = await expectStored(t, document, {
        _rev: 0,
        nan: null,
        infinite: null,
        minusZero: 0,
        list: [null, null, null],
        sparse: [1, null, null, 4],
        map: {},
        pattern: {},
        bytes: { 0: 7, 1: 8 },
        text: 'text',
    });
    assert.ok(Object.is(stored.minusZero, 0));
});

test('__proto__ is an ordinary member at every depth', async (t) => {
    const document = JSON.parse('{"__proto__":{"polluted":1},"list":[{"__proto__":null}],"__proto__x":2}');
    const stored = await expectStored(t, document, JSON.parse(`{"_rev":0,${JSON.stringify(document).slice(1)}`));
    assert.deepEqual(Object.keys(stored), ['_rev', '__proto__', 'list', '__proto__x']);
    assert.deepEqual(Object.keys(stored.list[0]), ['__proto__']);
    assert.equal(Object.getPrototypeOf(stored), Object.prototype);
    assert.equal(stored.polluted, undefined);
    assert.equal({}.polluted, undefined);
});

test('members that look like indexes are ordered as in every object', async (t) => {
    const document = { b: 1, 10: 'ten', a: 2, 9: 'nine', '01': 'text' };
    const stored = await expectStored(t, document, { 9: 'nine', 10: 'ten', _rev: 0, b: 1, a: 2, '01': 'text' });
    assert.deepEqual(Object.keys(stored), ['9', '10', '_rev', 'b', 'a', '01']);
});

test('every code unit passes through strings and names, half surrogate pairs included', async (t) => {
    const units = Array.from({ length: 0x300 }, (_, code) => String.fromCharCode(code)).join('');
    const document = {
        units,
        last: '\ud7ff\ue000\ufeff\ufffe\uffff\u2028\u2029',
        emoji: '\u{1f600}\u{10ffff}',
        halves: ['\ud83d', '\ude00', '\ude00\ud83d', 'a\udfffb'],
        '\ud83d': 'a half as a name',
        '\ufeffname': 1,
    };
    await expectStored(t, document, { _rev: 0, ...document });
});

test('a member that contains _rev in its name or text is not the revision', async (t) => {
    const document = {
        inner: { _rev: 'x', deeper: [{ _rev: null }] },
        text: '"_rev":7',
        '"_rev"': 1,
        _revision: 2,
        _REV: 3,
        '\\u005frev': 4,
    };
    await expectStored(t, document, { _rev: 0, ...document });
});

test('a document of a thousand levels is stored and read by every way', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    const stored = await datastore.setItem('deep', nested(1_000));
    assert.equal(levelsOf(stored), 1_000);
    const again = await reopen(t, directory, datastore);
    for (const [way, found] of Object.entries(await readEveryWay(again, 'deep'))) {
        assert.equal(levelsOf(found), 1_000, way);
    }
    assert.equal((await again.updateItem('deep', (found) => found))._rev, 1);
});

test('a document of 200,000 levels is refused and changes nothing', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    await datastore.setItem('deep', { small: true });
    const deep = nested(200_000);
    await assert.rejects(datastore.setItem('deep', deep), isAssertion);
    await assert.rejects(
        datastore.updateItem('deep', () => deep),
        isAssertion,
    );
    await assert.rejects(datastore._db.setItem('deep', deep), isAssertion);
    assert.deepEqual(await datastore.getItem('deep'), { _rev: 0, small: true });
    assert.deepEqual(readJson(directory, 'deep.json'), { _rev: 0, small: true });
});

test('a file of 200,000 levels is corrupt', async (t) => {
    const directory = temporaryDirectory(t);
    const text = `${'{"in":['.repeat(100_000)}${']}'.repeat(100_000)}`;
    fs.writeFileSync(path.join(directory, 'deep.json'), text);
    fs.writeFileSync(path.join(directory, 'fine.json'), '{"fine":true}');
    const { Datastore } = require('..');
    const refusing = new Datastore({ directory });
    afterwards(t, () => refusing.close());
    await assert.rejects(refusing.load(), (error) => {
        assert.equal(error.name, 'CorruptError');
        assert.equal(error.code, 'CORRUPT');
        assert.deepEqual(
            error.files.map(({ file }) => file),
            ['deep.json'],
        );
        return true;
    });
    assert.equal(fs.readFileSync(path.join(directory, 'deep.json'), 'utf8'), text);
    await refusing.close();
    const datastore = await openStore(t, { directory, onCorrupt: 'quarantine' });
    assert.equal(datastore.loadReport.quarantined, 1);
    assert.deepEqual(await datastore.getItem('fine'), { _rev: 0, fine: true });
    assert.equal(await datastore.getItem('deep'), null);
});

/** Every way to write a document. */
function everyWrite(datastore, key, document) {
    return {
        setItem: () => datastore.setItem(key, document),
        'setItem without a check': () => datastore.setItem(key, document, { checkConsistency: false }),
        updateItem: () => datastore.updateItem(key, () => document),
        'updateItem later': () => datastore.updateItem(key, async () => document),
        'engine.setItem': () => datastore._db.setItem(key, document),
    };
}

const NO_DOCUMENTS = {
    'a map': new Map([['a', 1]]),
    'a set': new Set([1]),
    'a weak map': new WeakMap(),
    'a weak set': new WeakSet(),
    'a typed array': new Uint8Array([1]),
    'an array of floats': new Float64Array(2),
    'a buffer': Buffer.from('{}'),
    'an array buffer': new ArrayBuffer(2),
    'a data view': new DataView(new ArrayBuffer(2)),
    'a promise in an array': [Promise.resolve({})],
    'a pattern': /{}/,
    'an error': new Error('what it says is not a member'),
    'a generator': (function* () {})(),
    'search parameters': new URLSearchParams('a=1'),
    'a weak reference': new WeakRef({}),
    'an array': [{ a: 1 }],
    'an empty array': [],
    null: null,
    undefined: undefined,
    true: true,
    'a number': 1,
    'a text': '{"a":1}',
    'a bigint': 1n,
    'a symbol': Symbol('document'),
    'a function': () => ({}),
    'a class': class {},
    'a date': new Date(0),
    'a text object': Object('{}'),
    'a number object': Object(1),
    'a bigint object': Object(1n),
    'toJSON of an array': { toJSON: () => [] },
    'toJSON of nothing': { toJSON: () => undefined },
    'toJSON of null': { toJSON: () => null },
    'toJSON of a text': { toJSON: () => '{}' },
};

test('what is no object with members is refused by every write', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    for (const [name, document] of Object.entries(NO_DOCUMENTS)) {
        for (const [way, write] of Object.entries(everyWrite(datastore, 'key', document))) {
            await assert.rejects(write, isAssertion, `${name} by ${way}`);
        }
    }
    assert.deepEqual(documentFiles(directory), []);
    assert.equal((await datastore.queryKeys()).total, 0);
});

test('a promise is no document, but what an update function promises is', async (t) => {
    const { datastore } = await openDirectory(t);
    await assert.rejects(datastore.setItem('key', Promise.resolve({ a: 1 })), isAssertion);
    await assert.rejects(datastore._db.setItem('key', Promise.resolve({ a: 1 })), isAssertion);
    assert.deepEqual(await datastore.updateItem('key', () => Promise.resolve({ a: 1 })), { _rev: 0, a: 1 });
});

function cycle() {
    const document = { a: { b: [1, {}] } };
    document.a.b[1].c = document.a;
    return document;
}

function ownCycle() {
    const document = { list: [] };
    document.list.push(document);
    return document;
}

const OBSTACLES = [
    ['a cycle', cycle(), 'document.a.b[1].c'],
    ['a cycle through the document', ownCycle(), 'document.list[0]'],
    ['a BigInt', { list: [{ n: 1n }] }, 'document.list[0].n'],
    ['a BigInt under a name that needs quotes', { 'a b': { $c: 2n } }, 'document["a b"].$c'],
    ['a BigInt object', { n: Object(3n) }, 'document.n'],
    ['a BigInt that toJSON returns', { in: { toJSON: () => ({ n: 1n }) } }, 'document.in.n'],
    ['the first of two', { fine: 1, first: 1n, second: 2n }, 'document.first'],
];

test('a cycle or a BigInt is refused and its path is told', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    for (const [name, document, found] of OBSTACLES) {
        for (const [way, write] of Object.entries(everyWrite(datastore, 'key', document))) {
            await assert.rejects(
                write,
                (error) => {
                    assert.equal(error.code, 'ASSERTION');
                    assert.equal(error.name, 'AssertionError');
                    assert.equal(error.message.split(' ref')[0].split(' is a ')[0], found);
                    return true;
                },
                `${name} by ${way}`,
            );
        }
    }
    assert.deepEqual(documentFiles(directory), []);
});

test('an object that occurs twice without a cycle is stored twice', async (t) => {
    const shared = { a: [] };
    await expectStored(t, { x: shared, y: [shared, shared] }, { _rev: 0, x: { a: [] }, y: [{ a: [] }, { a: [] }] });
});

test('what a toJSON or a getter of the user throws passes unchanged', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    const thrown = [
        new Error('own'),
        new TypeError('own'),
        new RangeError('own'),
        Object.assign(new Error('own'), { code: 'MINE' }),
        'a text',
        null,
    ];
    const failing = (error) => () => {
        throw error;
    };
    for (const error of thrown) {
        const documents = [
            { toJSON: failing(error) },
            { in: [{ toJSON: failing(error) }] },
            Object.defineProperty({}, 'member', { enumerable: true, get: failing(error) }),
            // What stops JSON.stringify later on is not what was thrown.
            { first: { toJSON: failing(error) }, later: 1n },
        ];
        for (const document of documents) {
            for (const [way, write] of Object.entries(everyWrite(datastore, 'key', document))) {
                let caught;
                await write().catch((reason) => {
                    caught = { reason };
                });
                assert.equal(caught?.reason, error, way);
            }
        }
    }
    assert.deepEqual(documentFiles(directory), []);
});

test('what an update function throws passes unchanged and changes nothing', async (t) => {
    const { datastore } = await openDirectory(t);
    await datastore.setItem('key', { a: 1 });
    for (const error of [new TypeError('own'), undefined, 'a text']) {
        const failing = (document) => {
            document.a = 2;
            throw error;
        };
        for (const update of [failing, async (document) => failing(document)]) {
            const [{ status, reason }] = await Promise.allSettled([datastore.updateItem('key', update)]);
            assert.deepEqual({ status, reason }, { status: 'rejected', reason: error });
            assert.equal(reason, error);
        }
    }
    assert.deepEqual(await datastore.getItem('key'), { _rev: 0, a: 1 });
});

/** Changes every part of a document in place. */
function spoil(document) {
    for (const name of Object.keys(document.inner)) {
        delete document.inner[name];
    }
    document.list.push('spoilt');
    document.list[0].x = 'spoilt';
    document._rev = 99;
    document.added = true;
    delete document.text;
}

const fresh = () => ({ text: 'a', list: [{ x: 1 }, 2], inner: { y: [3] } });

test('the document given to setItem stays the own of the caller', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    const given = fresh();
    const writing = datastore.setItem('key', given);
    spoil(given);
    const stored = await writing;
    assert.deepEqual(stored, { _rev: 0, ...fresh() });
    assert.deepEqual(await datastore.getItem('key'), { _rev: 0, ...fresh() });
    assert.deepEqual(readJson(directory, 'key.json'), { _rev: 0, ...fresh() });
    const frozen = Object.freeze(fresh());
    assert.deepEqual(await datastore.setItem('frozen', frozen), { _rev: 0, ...fresh() });
    assert.deepEqual(frozen, fresh());
});

test('setItem neither returns nor changes the object that it was given', async (t) => {
    const { datastore } = await openDirectory(t);
    const given = fresh();
    const stored = await datastore.setItem('key', given);
    assert.notEqual(stored, given);
    assert.notEqual(stored.inner, given.inner);
    assert.deepEqual(given, fresh());
});

test('what a write resolves to is the own of the caller', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    spoil(await datastore.setItem('key', fresh()));
    assert.deepEqual(await datastore.getItem('key'), { _rev: 0, ...fresh() });
    spoil(await datastore.updateItem('key', (document) => document));
    assert.deepEqual(await datastore.getItem('key'), { _rev: 1, ...fresh() });
    spoil((await datastore._db.setItem('key', fresh())).document);
    assert.deepEqual(await datastore.getItem('key'), { _rev: 0, ...fresh() });
    assert.deepEqual(readJson(directory, 'key.json'), { _rev: 0, ...fresh() });
});

test('what a read returns is the own of the caller', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    await datastore.setItem('key', fresh());
    for (let round = 0; round < 3; round += 1) {
        for (const [way, found] of Object.entries(await readEveryWay(datastore, 'key'))) {
            assert.deepEqual(found, { _rev: 0, ...fresh() }, `${way}, round ${round}`);
            spoil(found);
        }
    }
    const [first, second] = await datastore.getItems(['key', 'key']);
    spoil(first);
    assert.deepEqual(second, { _rev: 0, ...fresh() });
    const again = await reopen(t, directory, datastore);
    assert.deepEqual(await again.getItem('key'), { _rev: 0, ...fresh() });
});

test('what a map function does to its document stays with it', async (t) => {
    const { datastore } = await openDirectory(t);
    await datastore.setItem('key', fresh());
    const map = (document, emit) => {
        const { text } = document;
        spoil(document);
        emit(text);
    };
    datastore.setView('first', { map });
    datastore.setView('second', { map });
    for (const id of ['first', 'second', 'first']) {
        const { items } = await datastore.queryView(id, { includeDocuments: true });
        assert.deepEqual(items, [{ key: 'a', documentKey: 'key', document: { _rev: 0, ...fresh() } }]);
    }
    assert.deepEqual(await datastore.getItem('key'), { _rev: 0, ...fresh() });
});

test('what setItem resolves to deep-equals a later read', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    const document = { at: new Date(0), nothing: undefined, nan: NaN, 2: 'two', 1: 'one', sparse: Array(2) };
    const first = await datastore.setItem('key', document);
    assert.deepStrictEqual(await datastore.getItem('key'), first);
    const second = await datastore.updateItem('key', (found) => ({ ...found, more: -0 }));
    const again = await reopen(t, directory, datastore);
    const found = await again.getItem('key');
    assert.deepStrictEqual(found, second);
    assert.deepEqual(Object.keys(found), Object.keys(second));
});

function isConflict(expectedRev, actualRev) {
    return { name: 'ConflictError', code: 'CONFLICT', httpStatusCode: 409, key: 'key', expectedRev, actualRev };
}

test('a new document has revision 0 whatever revision came with it', async (t) => {
    const { datastore } = await openDirectory(t);
    assert.equal((await datastore.setItem('a', {}))._rev, 0);
    assert.equal((await datastore.setItem('b', { _rev: 7 }))._rev, 0);
    assert.equal((await datastore.setItem('c', { _rev: undefined }))._rev, 0);
    assert.equal((await datastore.setItem('d', { _rev: 7 }, { checkConsistency: false }))._rev, 0);
    assert.equal((await datastore.updateItem('e', () => ({ _rev: 7 })))._rev, 0);
    assert.deepEqual(
        (await datastore.getItems(['a', 'b', 'c', 'd', 'e'])).map(({ _rev }) => _rev),
        [0, 0, 0, 0, 0],
    );
});

test('every write adds one to the revision', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    const revisions = [
        (await datastore.setItem('key', { n: 0 }))._rev,
        (await datastore.setItem('key', { n: 1, _rev: 0 }))._rev,
        (await datastore.setItem('key', { n: 2 }))._rev,
        (await datastore.updateItem('key', (document) => ({ ...document, n: 3 })))._rev,
        (await datastore.updateItem('key', () => ({ n: 4 })))._rev,
        (await datastore.setItem('key', { n: 5, _rev: 0 }, { checkConsistency: false }))._rev,
        (await datastore.setItem('key', { n: 5 }))._rev,
    ];
    assert.deepEqual(revisions, [0, 1, 2, 3, 4, 5, 6]);
    const again = await reopen(t, directory, datastore);
    assert.deepEqual(await again.getItem('key'), { _rev: 6, n: 5 });
    assert.equal((await again.setItem('key', {}))._rev, 7);
});

test('a write with a revision that is not the stored one is a conflict and changes nothing', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    await datastore.setItem('key', { n: 0 });
    await datastore.setItem('key', { n: 1 });
    for (const _rev of [0, 2, 99, Number.MAX_SAFE_INTEGER]) {
        await assert.rejects(datastore.setItem('key', { _rev }), isConflict(_rev, 1));
        await assert.rejects(
            datastore.updateItem('key', () => ({ _rev })),
            isConflict(_rev, 1),
        );
    }
    assert.deepEqual(await datastore.getItem('key'), { _rev: 1, n: 1 });
    assert.deepEqual(readJson(directory, 'key.json'), { _rev: 1, n: 1 });
});

test('of two writes with the same revision in one tick the second is a conflict', async (t) => {
    const { datastore } = await openDirectory(t);
    const document = await datastore.setItem('key', { n: 0 });
    const [first, second] = await Promise.allSettled([
        datastore.setItem('key', { ...document, n: 1 }),
        datastore.setItem('key', { ...document, n: 2 }),
    ]);
    assert.deepEqual(first.value, { _rev: 1, n: 1 });
    assert.equal(second.reason.code, 'CONFLICT');
    assert.deepEqual([second.reason.expectedRev, second.reason.actualRev], [0, 1]);
    assert.deepEqual(await datastore.getItem('key'), { _rev: 1, n: 1 });
});

test('a revision that is no non-negative integer is refused by every write, always', async (t) => {
    for (const options of [{}, { requireRev: true }]) {
        const { directory, datastore } = await openDirectory(t, options);
        await datastore.setItem('old', { n: 0 });
        for (const _rev of [-1, 0.5, '0', '', null, NaN, Infinity, true, [], [0], {}, 2 ** 53, 1e300]) {
            for (const key of ['old', 'new']) {
                for (const [way, write] of Object.entries(everyWrite(datastore, key, { _rev }))) {
                    await assert.rejects(write, isAssertion, `${way}: ${JSON.stringify(_rev)}`);
                }
            }
        }
        assert.deepEqual(documentFiles(directory), ['old.json']);
        assert.deepEqual(await datastore.getItem('old'), { _rev: 0, n: 0 });
    }
});

test('checkConsistency: false skips the comparison and goes on counting', async (t) => {
    for (const options of [{}, { requireRev: true }]) {
        const { datastore } = await openDirectory(t, options);
        const unchecked = { checkConsistency: false };
        await datastore.setItem('key', { n: 0 });
        assert.equal((await datastore.setItem('key', { _rev: 99 }, unchecked))._rev, 1);
        assert.equal((await datastore.setItem('key', {}, unchecked))._rev, 2);
        assert.equal((await datastore.updateItem('key', () => ({ _rev: 0 }), unchecked))._rev, 3);
        assert.equal((await datastore.updateItem('key', () => ({ n: 4 }), unchecked))._rev, 4);
        assert.deepEqual(await datastore.getItem('key'), { _rev: 4, n: 4 });
        await assert.rejects(datastore.setItem('key', {}, { checkConsistency: 'no' }), isAssertion);
        const checked = datastore.setItem('key', { _rev: 0 }, { checkConsistency: true });
        await assert.rejects(checked, isConflict(0, 4));
        const byDefault = datastore.setItem('key', { _rev: 0 }, { checkConsistency: undefined });
        await assert.rejects(byDefault, isConflict(0, 4));
    }
});

test('requireRev makes a write of an existing document without a revision a conflict', async (t) => {
    const { datastore } = await openDirectory(t, { requireRev: true });
    assert.equal((await datastore.setItem('key', { n: 0 }))._rev, 0);
    await assert.rejects(datastore.setItem('key', { n: 1 }), isConflict(null, 0));
    await assert.rejects(datastore.setItem('key', { n: 1, _rev: 1 }), isConflict(1, 0));
    assert.equal((await datastore.setItem('key', { n: 1, _rev: 0 }))._rev, 1);
    assert.deepEqual(await datastore.getItem('key'), { _rev: 1, n: 1 });
});

test('requireRev checks what an update function returns against what it was given', async (t) => {
    const { datastore } = await openDirectory(t, { requireRev: true });
    assert.deepEqual(await datastore.updateItem('key', () => ({ n: 0 })), { _rev: 0, n: 0 });
    assert.deepEqual(await datastore.updateItem('key', (document) => ({ ...document, n: 1 })), { _rev: 1, n: 1 });
    await assert.rejects(
        datastore.updateItem('key', () => ({ n: 2 })),
        isConflict(null, 1),
    );
    await assert.rejects(
        datastore.updateItem('key', () => ({ n: 2, _rev: 0 })),
        isConflict(0, 1),
    );
    assert.deepEqual(await datastore.getItem('key'), { _rev: 1, n: 1 });
});

test('requireRev makes deleting an existing document without a revision a conflict', async (t) => {
    const { directory, datastore } = await openDirectory(t, { requireRev: true });
    await datastore.setItem('key', {});
    await assert.rejects(datastore.deleteItem('key'), isConflict(null, 0));
    await assert.rejects(datastore.deleteItem('key', { rev: 1 }), isConflict(1, 0));
    assert.deepEqual(documentFiles(directory), ['key.json']);
    assert.equal(await datastore.deleteItem('key', { rev: 0 }), 'key');
    assert.equal(await datastore.deleteItem('key'), 'key');
    assert.deepEqual(documentFiles(directory), []);
});

test('an update function is given null where there is no document', async (t) => {
    const { datastore } = await openDirectory(t);
    const given = [];
    const update = (document) => {
        given.push(document);
        return { n: (document?.n ?? 0) + 1 };
    };
    assert.deepEqual(await datastore.updateItem('key', update), { _rev: 0, n: 1 });
    assert.deepEqual(await datastore.updateItem('key', update), { _rev: 1, n: 2 });
    assert.deepEqual(given, [null, { _rev: 0, n: 1 }]);
});

test('a missing document is read as null, or not found where it is required', async (t) => {
    const { datastore } = await openDirectory(t);
    assert.equal(await datastore.getItem('key'), null);
    assert.deepEqual(await datastore.getItems(['key', 'other']), [null, null]);
    assert.deepEqual(datastore._db.getItem('key'), { key: 'key', document: null });
    const isMissing = { name: 'NotFoundError', code: 'NOT_FOUND', httpStatusCode: 404, key: 'key' };
    await assert.rejects(datastore.getItem('key', { required: true }), isMissing);
    await datastore.setItem('there', {});
    await assert.rejects(datastore.getItems(['there', 'key'], { required: true }), isMissing);
    assert.deepEqual(await datastore.getItem('there', { required: true }), { _rev: 0 });
});

test('deleteItem removes the document and its file and resolves to the key', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    await datastore.setItem('key', {});
    await datastore.setItem('other', {});
    assert.equal(await datastore.deleteItem('key'), 'key');
    assert.equal(await datastore.deleteItem('key'), 'key');
    assert.equal(await datastore.deleteItem('never'), 'never');
    assert.equal(await datastore.getItem('key'), null);
    assert.deepEqual(documentFiles(directory), ['other.json']);
    const again = await reopen(t, directory, datastore);
    assert.equal(await again.getItem('key'), null);
    assert.equal((await again.queryKeys()).total, 1);
});

test('deleteItem with a revision is conditional', async (t) => {
    const { datastore } = await openDirectory(t);
    await datastore.setItem('key', {});
    await datastore.setItem('key', {});
    await assert.rejects(datastore.deleteItem('key', { rev: 0 }), isConflict(0, 1));
    await assert.rejects(datastore.deleteItem('key', { rev: 2 }), isConflict(2, 1));
    assert.deepEqual(await datastore.getItem('key'), { _rev: 1 });
    assert.equal(await datastore.deleteItem('key', { rev: 1 }), 'key');
    await assert.rejects(datastore.deleteItem('key', { rev: 1 }), isConflict(1, null));
    await assert.rejects(datastore.deleteItem('key', { rev: 0 }), isConflict(0, null));
    for (const rev of [-1, 0.5, '0', null, NaN, {}]) {
        await assert.rejects(datastore.deleteItem('key', { rev }), isAssertion);
    }
    assert.equal(await datastore.deleteItem('key', { rev: undefined }), 'key');
});

test('a document that is made anew begins at revision 0', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    await datastore.setItem('key', { n: 0 });
    const old = await datastore.setItem('key', { n: 1 });
    await datastore.deleteItem('key');
    assert.deepEqual(await datastore.setItem('key', { ...old, n: 2 }), { _rev: 0, n: 2 });
    await assert.rejects(datastore.setItem('key', old), isConflict(1, 0));
    const again = await reopen(t, directory, datastore);
    assert.deepEqual(await again.getItem('key'), { _rev: 0, n: 2 });
});

test("the engine's setItem stores the revision that the document has", async (t) => {
    const { directory, datastore } = await openDirectory(t);
    const engine = datastore._db;
    const document = { _rev: 5, n: 0 };
    assert.deepEqual(await engine.setItem('key', document), { key: 'key', document });
    assert.equal((await datastore.setItem('key', document))._rev, 6);
    assert.deepEqual((await engine.setItem('key', { _rev: 2 })).document, { _rev: 2 });
    assert.deepEqual((await engine.setItem('key', {})).document, { _rev: 0 });
    assert.deepEqual(readJson(directory, 'key.json'), { _rev: 0 });
    assert.deepEqual(await engine.deleteItem('key'), { key: 'key' });
    assert.deepEqual(await engine.deleteItem('key'), { key: 'key' });
    assert.equal(await datastore.getItem('key'), null);
});

test('a revision never grows beyond the safe integers', async (t) => {
    const { datastore } = await openDirectory(t);
    await datastore._db.setItem('key', { _rev: Number.MAX_SAFE_INTEGER - 1 });
    assert.equal((await datastore.setItem('key', {}))._rev, Number.MAX_SAFE_INTEGER);
    await assert.rejects(datastore.setItem('key', {}), isAssertion);
    assert.deepEqual(await datastore.getItem('key'), { _rev: Number.MAX_SAFE_INTEGER });
});

test('a file is pretty-printed with _rev first, four spaces and a newline at the end', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    await datastore.setItem('key', {
        name: 'John "\u{1f600}" Doe\n',
        9: 'an index',
        list: [1, [], [2.5], {}],
        inner: { empty: {}, nothing: null, half: '\ud83d' },
        _rev: 12,
    });
    const expected = `{
    "_rev": 0,
    "9": "an index",
    "name": "John \\"\u{1f600}\\" Doe\\n",
    "list": [
        1,
        [],
        [
            2.5
        ],
        {}
    ],
    "inner": {
        "empty": {},
        "nothing": null,
        "half": "\\ud83d"
    }
}
`;
    assert.equal(fs.readFileSync(path.join(directory, 'key.json'), 'utf8'), expected);
    await datastore.setItem('empty', {});
    assert.equal(fs.readFileSync(path.join(directory, 'empty.json'), 'utf8'), '{\n    "_rev": 0\n}\n');
    await datastore.updateItem('key', (document) => document);
    const rewritten = fs.readFileSync(path.join(directory, 'key.json'), 'utf8');
    assert.equal(rewritten, expected.replace('"_rev": 0', '"_rev": 1'));
});

test('a file says what JSON.stringify with four spaces would', async (t) => {
    const { directory, datastore } = await openDirectory(t);
    const stored = await datastore.setItem('key', { ...fresh(), '"_rev":7': [[[]], [{}], {}, 'a{b}[c],:"'] });
    const text = fs.readFileSync(path.join(directory, 'key.json'), 'utf8');
    assert.equal(text, `${JSON.stringify(stored, null, 4)}\n`);
});
