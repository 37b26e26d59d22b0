'use strict';

/** Kept documents: never stale, never shared, never more than was allowed. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Datastore } = require('..');
const { several } = require('../lib/named-answer.js');
const { ObjectCache } = require('../lib/object-cache.js');

const bucketOf = (key) => 1_000 + key.charCodeAt(0);

/** Documents by key, with a bucket for each, and how often they were asked for. */
class Documents {
    texts = new Map();
    generations = new Map();
    asked = 0;

    set(key, document) {
        this.texts.set(key, JSON.stringify(document));
        this.generations.set(key, (this.generations.get(key) ?? 0) + 1);
    }

    text = (key) => {
        this.asked += 1;
        return this.texts.get(key) ?? null;
    };

    document = (key) => JSON.parse(this.text(key));

    entry = (key) => {
        const text = this.text(key);
        return text === null ? null : [text, this.generations.get(key), key, this.generations.get(key), text];
    };

    generation = (key) => this.generations.get(key);

    /** Which version is kept in which slot. */
    marks = new Map();

    mark = (slot, sequence) => {
        this.marks.set(slot, sequence);
    };

    /** As the engine answers: all of one moment, in which what is held has not changed. */
    several = (asked, held) => {
        const pairs = [...this.generations].filter(([key]) => held.includes(bucketOf(key)));
        const holds = pairs.every(([key, generation]) => held[held.indexOf(bucketOf(key)) + 1] === generation);
        return holds ? JSON.stringify([asked.map((key) => JSON.parse(this.texts.get(key) ?? 'null')), []]) : null;
    };
}

function cacheOf(bytes, documents = {}) {
    const source = new Documents();
    for (const [key, document] of Object.entries(documents)) {
        source.set(key, document);
    }
    return { source, cache: new ObjectCache(source, bytes) };
}

test('a kept document is parsed once and copied for each reader', () => {
    const { source, cache } = cacheOf(1 << 20, { a: { list: [{ n: 1 }] } });
    const readings = Array.from({ length: 3 }, () => cache.get('a'));
    readings[0].list[0].n = 2;
    readings[1].list.push('mine');
    assert.deepEqual(readings[2], { list: [{ n: 1 }] });
    assert.deepEqual(cache.get('a'), { list: [{ n: 1 }] });
    assert.equal(source.asked, 1);
    assert.deepEqual([cache.hits, cache.misses, cache.documents], [3, 1, 1]);
});

test('a changed document is read again, a deleted one is gone, and it may come back', () => {
    const { source, cache } = cacheOf(1 << 20, { a: { n: 1 }, b: { n: 1 } });
    assert.deepEqual([cache.get('a'), cache.get('b')], [{ n: 1 }, { n: 1 }]);
    source.set('a', { n: 2 });
    assert.deepEqual([cache.get('a'), cache.get('b')], [{ n: 2 }, { n: 1 }]);
    source.set('a', undefined);
    source.texts.delete('a');
    assert.equal(cache.get('a'), null);
    assert.equal(cache.documents, 1);
    source.set('a', { n: 3 });
    assert.deepEqual(cache.get('a'), { n: 3 });
});

test('what is read to be changed comes with the sequence of its last change', () => {
    const { source, cache } = cacheOf(1 << 20, { a: { n: 1 } });
    assert.deepEqual(cache.read('a'), { document: { n: 1 }, sequence: 1 });
    cache.get('a');
    assert.deepEqual(cache.read('a'), { document: { n: 1 }, sequence: 1 });
    source.set('a', { n: 2 });
    assert.deepEqual(cache.read('a'), { document: { n: 2 }, sequence: 2 });
    assert.deepEqual(cache.read('none'), { document: null, sequence: 0 });
});

test('the cache never holds more bytes than it may, whatever is read', () => {
    const { source, cache } = cacheOf(20_000);
    for (let n = 0; n < 2_000; n += 1) {
        const key = `key ${(n * 7) % 300}`;
        if (!source.texts.has(key)) {
            source.set(key, { n, text: 'x'.repeat((n * 13) % 900) });
        }
        assert.deepEqual(cache.get(key), JSON.parse(source.texts.get(key)));
        assert.ok(cache.bytes <= 20_000, `${cache.bytes} bytes`);
    }
    assert.ok(cache.documents > 5);
});

test('the engine is told of what is kept and of nothing else, whatever comes and goes', () => {
    const { source, cache } = cacheOf(20_000);
    for (let n = 0; n < 3_000; n += 1) {
        const key = `key ${(n * 7) % 100}`;
        if (n % 11 === 0) {
            source.set(key, { n, text: 'x'.repeat((n * 13) % 600) });
        } else if (n % 53 === 0) {
            source.set(key, undefined);
            source.texts.delete(key);
        }
        const document = cache.get(key);
        if (document !== null && n % 5 === 0) {
            cache.take(`${key} too`, document, n + 1_000, key, source.generation(key), JSON.stringify(document).length);
        }
        const marked = [...source.marks].filter(([, sequence]) => sequence !== 0);
        assert.equal(marked.length, cache.documents);
        for (const [slot, sequence] of marked) {
            assert.equal(cache.at(slot).sequence, sequence);
        }
    }
    assert.ok(cache.documents > 5);
});

test('several are read anew where one of those that need not be asked for changes meanwhile', () => {
    const { source, cache } = cacheOf(1 << 20, { a: { n: 1 }, b: { n: 1 } });
    source.entry = (key) => [
        source.texts.get(key),
        source.generations.get(key),
        bucketOf(key),
        source.generations.get(key),
        source.texts.get(key),
    ];
    source.generation = (bucket) => source.generations.get(String.fromCharCode(bucket - 1_000));
    const other = new ObjectCache(source, 1 << 20);
    assert.deepEqual([other.get('a'), other.get('b'), cache.documents], [{ n: 1 }, { n: 1 }, 0]);
    const calls = [];
    const documents = several(other, ['a', 'b', 'none'], (asked, held) => {
        calls.push(asked);
        if (calls.length === 1) {
            source.set('a', { n: 2 });
            source.set('b', { n: 2 });
        }
        return source.several(asked, [...held]);
    });
    assert.deepEqual(documents, [{ n: 2 }, { n: 2 }, null]);
    assert.deepEqual(calls, [['none'], ['a', 'b', 'none']]);
});

test('a document too large for the cache is read, and displaces nothing', () => {
    const { source, cache } = cacheOf(8_000, { small: { n: 1 }, large: { text: 'x'.repeat(1_000) } });
    cache.get('small');
    assert.deepEqual(cache.get('large'), { text: 'x'.repeat(1_000) });
    assert.equal(cache.documents, 1);
    source.set('small', { text: 'x'.repeat(1_000) });
    cache.get('small');
    assert.deepEqual([cache.documents, cache.bytes], [0, 0]);
});

test('reading more than fits, again and again, still finds much of it kept', () => {
    const documents = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`key ${n}`, { n }]));
    const { cache } = cacheOf(84_000, documents);
    for (let round = 0; round < 10; round += 1) {
        for (const key of Object.keys(documents)) {
            cache.get(key);
        }
    }
    // Half of them fit; a cache that lets everything in keeps none until it is read again.
    assert.ok(cache.hits > cache.misses / 2, `${cache.hits} hits, ${cache.misses} misses`);
});

test('a cache of no size, or one that has ended, keeps nothing', () => {
    const { source, cache } = cacheOf(0, { a: { n: 1 } });
    assert.deepEqual([cache.get('a'), cache.get('a')], [{ n: 1 }, { n: 1 }]);
    assert.equal(source.asked, 2);
    const other = cacheOf(1 << 20, { a: { n: 1 } });
    other.cache.get('a');
    other.cache.end();
    other.cache.get('a');
    assert.deepEqual([other.source.asked, other.cache.documents, other.cache.bytes], [2, 0, 0]);
});

async function inMemory(options) {
    return new Datastore({ durability: 'none', ...options }).load();
}

test('a read that begins after a write was acknowledged finds it, however often the document was read before', async () => {
    const store = await inMemory();
    const keys = Array.from({ length: 20 }, (_, n) => `key ${n}`);
    const written = new Map();
    const lane = async (seed) => {
        for (let step = 0; step < 200; step += 1) {
            const key = keys[(seed * 31 + step * 7) % keys.length];
            const { n: atLeast } = written.get(key) ?? { n: -1 };
            const found = await store.getItem(key);
            assert.ok((found?.n ?? -1) >= atLeast, `${key}: ${found?.n} after ${atLeast}`);
            if (step % 3 === 0) {
                const stored = await store.updateItem(key, (document) => ({ ...document, n: (document?.n ?? -1) + 1 }));
                if (stored.n > (written.get(key)?.n ?? -1)) {
                    written.set(key, stored);
                }
                assert.ok((await store.getItem(key)).n >= stored.n);
            }
        }
    };
    await Promise.all(Array.from({ length: 64 }, (_, seed) => lane(seed)));
    for (const key of keys) {
        assert.deepEqual(await store.getItem(key), written.get(key));
    }
    assert.ok(store.stats().cache.hits > 0);
    await store.close();
});

test('batches, deletions and transactions are seen by readers of kept documents', async () => {
    const store = await inMemory();
    const both = () => Promise.all(['a', 'b'].map(async (key) => (await store.getItem(key))?.n ?? null));
    await store.setItems([['a', { n: 1 }], ['b', { n: 1 }]]); // biome-ignore format: one line
    assert.deepEqual([await both(), await both()], [[1, 1], [1, 1]]); // biome-ignore format: one line
    await store.batch([{ type: 'set', key: 'a', document: { n: 2 } }, { type: 'delete', key: 'b' }]); // biome-ignore format: one line
    assert.deepEqual(await both(), [2, null]);
    await store.transaction(async (transaction) => {
        await transaction.setItem('b', { n: 3 });
        await transaction.deleteItem('a');
    });
    assert.deepEqual(await both(), [null, 3]);
    await store._db.setItem('b', { n: 4 });
    assert.deepEqual([await both(), store._db.getItem('b').document.n], [[null, 4], 4]);
    await store.close();
});

test('cacheSize bounds what is kept, 0 turns it off, and stats tell how it went', async () => {
    const store = await inMemory({ cacheSize: 0 });
    await store.setItem('a', { n: 1 });
    await store.getItem('a');
    await store.getItem('a');
    assert.deepEqual(store.stats().cache, { size: 0, documents: 0, bytes: 0, hits: 0, misses: 2 });
    await store.close();
    const other = await inMemory({ cacheSize: 1_000_000 });
    await other.setItem('a', { n: 1 });
    await other.getItem('a');
    await other.getItem('a');
    const { bytes, ...counts } = other.stats().cache;
    assert.deepEqual(counts, { size: 1_000_000, documents: 1, hits: 1, misses: 1 });
    assert.ok(bytes > 0 && bytes < 1_000);
    await other.close();
    assert.throws(() => new Datastore({ durability: 'none', cacheSize: -1 }), { code: 'ASSERTION' });
    assert.throws(() => new Datastore({ db: store._db, cacheSize: 1 }), { code: 'ASSERTION' });
});

test('a closed store answers CLOSED for a document that was kept', async () => {
    const store = await inMemory();
    await store.setItem('a', { n: 1 });
    await store.getItem('a');
    await store.getItem('a');
    await store._db.close();
    await assert.rejects(store.getItem('a'), { code: 'CLOSED' });
    assert.throws(() => store._db.getItem('a'), { code: 'CLOSED' });
    await assert.rejects(store.getItems(['a']), { code: 'CLOSED' });
});
