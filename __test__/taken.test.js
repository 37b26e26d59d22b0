'use strict';

/** Documents as they are taken from their callers: the answer to a write is what a read finds, and the caller's own. */

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const { Datastore } = require('..');
const { Copies, take } = require('../lib/taken.js');

/** What the copy of a document has to be: what comes back from its JSON, its `_rev` in the first place. */
function fromJson(document) {
    const { _rev, ...members } = JSON.parse(JSON.stringify(document));
    return { _rev, ...members };
}

/** Fails where two values are not the same in all that can be seen, the order of members included. */
function assertSame(actual, expected) {
    assert.deepStrictEqual(actual, expected);
    assert.deepStrictEqual(ownKeys(actual), ownKeys(expected));
}

function ownKeys(value) {
    return value !== null && typeof value === 'object'
        ? [Reflect.ownKeys(value), Object.values(value).map(ownKeys)]
        : [];
}

function dice(seed) {
    let state = seed;
    return (sides) => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return (state >>> 8) % sides;
    };
}

class Point {
    constructor(x) {
        this.x = x;
    }
}

class Told extends Point {
    toJSON() {
        return { told: this.x };
    }
}

class List extends Array {}

/** Values that JSON takes as they are. */
const PLAIN = [
    () => 'text',
    () => '',
    () => '\ud800',
    () => '\u{1f600}"\\',
    () => 0,
    () => -1.5e300,
    () => true,
    () => null,
    () => ({}),
    () => ({ a: 1, b: 'x' }),
    () => ({ 2: 'two', b: [], 1: 'one' }),
    () => ({ 0: 1 }),
    () => [],
    () => [1, 'a', null],
    () => [{ a: 1 }, { a: 2 }],
    () => Object.freeze({ a: Object.freeze([1]) }),
];

/** Values that JSON leaves out, changes, or asks. */
const OTHERS = [
    () => undefined,
    () => () => 1,
    () => Symbol('value'),
    () => -0,
    () => Number.NaN,
    () => Number.POSITIVE_INFINITY,
    () => new Date(0),
    () => new Point(1),
    () => new Told(2),
    () => new Map([[1, 2]]),
    () => Object.assign(Object.create(null), { a: 1 }),
    () => Object.create({ inherited: 1 }),
    () => Object.assign(Object.create({ inherited: 1 }), { own: 2 }),
    () => ({ a: 1, [Symbol('name')]: 2 }),
    () => ({ a: undefined, b: 1 }),
    () => ({ toJSON: () => ({ b: 1 }) }),
    () => ({ toJSON: 'no function' }),
    () => Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'hidden' }),
    () => Object.defineProperty({ a: 1 }, 'hidden', { value: 1 }),
    () => ({
        get a() {
            return 1;
        },
        b: 'x',
    }),
    () => JSON.parse('{"__proto__":{"a":1},"b":2}'),
    () => new Proxy({ a: 1, b: 'x' }, {}),
    () => new Proxy([1, 2], {}),
    () => Object.assign(Object(1), { a: 1 }),
    () => Object('boxed'),
    () => Object.assign([], { 0: 1, 2: 3 }),
    () => [undefined, () => 1],
    () => [[1], [2]],
    () => [{ a: 1 }, { b: 2 }, 3],
    () => List.from([1, 2]),
    () => Object.assign([1], { extra: 2 }),
    () => Object.assign([1], { toJSON: () => 'array' }),
    () => Object.setPrototypeOf([1], Object.prototype),
    () => new Uint8Array([1, 2]),
    () => ({ _rev: 3, _REV: 4 }),
];

const NAMES = ['a', 'b', 'c', '_rev', '7', 'toString', 'constructor', '"', ' '];

function randomDocument(roll, copies = 0) {
    const document = {};
    for (let count = 1 + roll(4); count > 0; count -= 1) {
        const name = NAMES[roll(NAMES.length)];
        const values = roll(6) === 0 ? OTHERS : PLAIN;
        const isNested = copies < 3 && roll(5) === 0;
        document[name] = isNested ? randomDocument(roll, copies + 1) : values[roll(values.length)]();
    }
    return document;
}

test('a copy is what comes back from JSON, whatever a document holds', () => {
    const roll = dice(Number(process.env.KIXX_SEED ?? 7));
    let copied = 0;
    for (let round = 0; round < 400; round += 1) {
        const copies = new Copies();
        for (let turn = 0; turn < 40; turn += 1) {
            const document = randomDocument(roll);
            const copy = copies.of(document);
            if (copy !== undefined) {
                copied += 1;
                assertSame(copy, fromJson(document));
            }
        }
    }
    assert.ok(copied > 2_000, `${copied} were copied`);
});

for (const [index, other] of OTHERS.entries()) {
    test(`a function for a plain shape makes no wrong copy of other value ${index} in it`, () => {
        for (const plain of PLAIN) {
            const copies = new Copies();
            assert.ok(copies.of({ id: 1, value: plain() }));
            const document = { id: 1, value: other() };
            const copy = copies.of(document);
            assertSame(copy ?? fromJson(document), fromJson(document));
        }
    });
}

test('plain documents are copied, so that their answers need no parsing', () => {
    for (const plain of PLAIN) {
        assertSame(take({ id: 1, value: plain() }, 'key').copy, { _rev: undefined, id: 1, value: plain() });
    }
});

test('a shape is known again among others, and after many of no shape at all', () => {
    const copies = new Copies();
    for (let turn = 0; turn < 10_000; turn += 1) {
        copies.of({ [`name ${turn}`]: new Date(0) });
    }
    const shapes = Array.from({ length: 5 }, (_, shape) => ({ [`shape ${shape}`]: [shape] }));
    let copied = 0;
    for (let turn = 0; turn < 10_000; turn += 1) {
        copied += Number(copies.of(shapes[turn % shapes.length]) !== undefined);
    }
    assert.ok(copied > 4_000, `${copied} were copied`);
});

test('a member that somebody gives to all objects is in no copy', () => {
    for (const enumerable of [true, false]) {
        const document = { a: 1 };
        assert.ok(take({ a: 1, crowd: 2 }, 'key').copy);
        Object.defineProperty(Object.prototype, 'crowd', { value: 2, enumerable, configurable: true });
        try {
            const { text, copy } = take(document, 'key');
            assert.equal(text, '{"a":1}');
            assert.ok(copy === undefined || !Object.hasOwn(copy, 'crowd'));
        } finally {
            delete Object.prototype.crowd;
        }
    }
});

test('toJSON that somebody gives to all objects or arrays is followed', () => {
    for (const prototype of [Object.prototype, Array.prototype]) {
        assert.ok(take({ list: [1], in: { a: 1 } }, 'key').copy);
        Object.defineProperty(prototype, 'toJSON', { value: () => ({ told: 1 }), configurable: true });
        try {
            const { text } = take({ list: [1], in: { a: 1 } }, 'key');
            assert.equal(text, JSON.stringify({ list: [1], in: { a: 1 } }));
        } finally {
            delete prototype.toJSON;
        }
    }
});

test('the text of a copy is of one reading, whatever a getter tells the next time', () => {
    let reads = 0;
    const document = {
        id: 1,
        get count() {
            reads += 1;
            return reads;
        },
    };
    const { text, copy } = take(document, 'key');
    assert.equal(text, JSON.stringify(copy ?? JSON.parse(text)));
});

async function opened(t) {
    const datastore = await new Datastore({ durability: 'none' }).load();
    t.after(() => datastore.close());
    return datastore;
}

test('the answer to a write is what a read finds, and shares nothing with the document that was given', async (t) => {
    const datastore = await opened(t);
    const roll = dice(11);
    for (let turn = 0; turn < 500; turn += 1) {
        const { _rev, ...document } = randomDocument(roll);
        const key = `key ${turn % 7}`;
        const expected = JSON.parse(JSON.stringify(document));
        const writes = [
            () => datastore.setItem(key, document),
            async () => (await datastore.setItems([[key, document]]))[0],
            async () => (await datastore.batch([{ type: 'set', key, document }]))[0].document,
            () => datastore.updateItem(key, () => document),
        ];
        const writing = writes[turn % writes.length]();
        const stored = await writing;
        const found = await datastore.getItem(key);
        assertSame(stored, found);
        assertSame({ ...stored, _rev: 0 }, { _rev: 0, ...expected });
        stored.changed = true;
        assertSame(await datastore.getItem(key), found);
    }
});

test('what is changed between a call and its answer is neither stored nor answered', async (t) => {
    const datastore = await opened(t);
    const document = { title: 'before', tags: ['a'], in: { deep: 1 } };
    const writing = Promise.all([datastore.setItem('one', document), datastore.setItems([['two', document]])]);
    document.title = 'after';
    document.tags.push('b');
    document.in.deep = 2;
    const [one, [two]] = await writing;
    const before = { _rev: 0, title: 'before', tags: ['a'], in: { deep: 1 } };
    for (const stored of [one, two, await datastore.getItem('one'), await datastore.getItem('two')]) {
        assertSame(stored, before);
    }
});

test('a revision that came with a document counts, wherever it stands in it', async (t) => {
    const datastore = await opened(t);
    await datastore.setItem('key', { n: 1 });
    assertSame(await datastore.setItem('key', { n: 2, _rev: 0 }), { _rev: 1, n: 2 });
    await assert.rejects(datastore.setItem('key', { n: 3, _rev: 0 }), { code: 'CONFLICT' });
    await assert.rejects(datastore.setItem('key', { n: 3, _rev: '1' }), { code: 'ASSERTION' });
    assertSame(await datastore.setItem('key', { n: 3, _rev: 0 }, { checkConsistency: false }), { _rev: 2, n: 3 });
});

test('where code must not be made of text, answers are the same', () => {
    const script = `
        const { Datastore } = require(${JSON.stringify(path.join(__dirname, '..'))});
        const { take } = require(${JSON.stringify(path.join(__dirname, '..', 'lib', 'taken.js'))});
        new Datastore({ durability: 'none' }).load().then(async (datastore) => {
            const stored = await datastore.setItem('key', { a: [1] });
            console.log(JSON.stringify([stored, String(take({ a: 1 }, 'key').copy)]));
            await datastore.close();
        });`;
    const told = execFileSync(process.execPath, ['--disallow-code-generation-from-strings', '-e', script]);
    assert.deepEqual(JSON.parse(told), [{ _rev: 0, a: [1] }, 'undefined']);
});
