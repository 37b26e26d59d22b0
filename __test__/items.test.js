'use strict';

/** Iterating over the documents of one moment. */

const assert = require('node:assert/strict');
const { Readable, Writable } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { test } = require('node:test');
const { Datastore } = require('../index.js');
const binding = require('../lib/native.js');
const { ROOT, afterwards, openStore, refusal, runScript } = require('./support.js');

/** More than cross in several calls. */
const MANY = 1_000;

async function filled(t, options, count = MANY) {
    const store = await openStore(t, { durability: 'none', ...options });
    await store.setItems(Array.from({ length: count }, (_, n) => [keyOf(n), { n }]));
    return store;
}

function keyOf(n) {
    return `key:${String(n).padStart(5, '0')}`;
}

async function keysOf(items) {
    const keys = [];
    for await (const { key } of items) {
        keys.push(key);
    }
    return keys;
}

/** Counts what is asked of the native side while `run` runs. */
async function counting(t, name, run) {
    const calls = [];
    const own = binding[name];
    binding[name] = (...given) => {
        const answer = own(...given);
        calls.push(answer);
        return answer;
    };
    afterwards(t, () => {
        binding[name] = own;
    });
    await run();
    return calls;
}

test('items are all documents with their keys, in the order of the keys', async (t) => {
    const store = await filled(t);
    const items = [];
    for await (const item of store.items()) {
        items.push(item);
    }
    const expected = Array.from({ length: MANY }, (_, n) => ({ key: keyOf(n), document: { _rev: 0, n } }));
    assert.deepEqual(items, expected);
});

test('items select what queryKeys selects, with the same options', async (t) => {
    const store = await filled(t);
    const cases = [
        {},
        { descending: true },
        { startKey: keyOf(300), endKey: keyOf(700) },
        { startKey: keyOf(300), endKey: keyOf(700), inclusiveStart: false, inclusiveEnd: false, descending: true },
        { prefix: 'key:0001' },
        { prefix: 'none' },
        { key: keyOf(7) },
        { keys: [keyOf(9), 'none', keyOf(3), keyOf(9)] },
        { limit: 600, offset: 17 },
        { limit: 600, inclusiveStartIndex: 17, descending: true },
        { cursor: (await store.queryKeys({ limit: 3 })).cursor },
    ];
    for (const options of cases) {
        const { items } = await store.queryKeys({ limit: Infinity, ...options });
        assert.deepEqual(
            await keysOf(store.items(options)),
            items.map(({ key }) => key),
            JSON.stringify(options),
        );
    }
});

test('items go in the order of the collation of the store', async (t) => {
    const store = await openStore(t, { durability: 'none', collation: { locale: 'de' } });
    await store.setItems(['Zorn', 'Ärger', 'Aal'].map((key) => [key, {}]));
    assert.deepEqual(await keysOf(store.items()), ['Aal', 'Ärger', 'Zorn']);
    assert.deepEqual(await keysOf(store.items({ descending: true })), ['Zorn', 'Ärger', 'Aal']);
});

test('writes after the first item was asked for are not seen', async (t) => {
    const store = await filled(t);
    const items = store.items();
    await store.setItem('before', {});
    const first = items.next();
    const changes = Array.from({ length: MANY }, (_, n) =>
        n % 2 === 0 ? store.deleteItem(keyOf(n)) : store.setItem(keyOf(n), { n: -n }),
    );
    await Promise.all([...changes, store.setItem('key:', {})]);
    const { value } = await first;
    assert.deepEqual(value, { key: 'before', document: { _rev: 0 } });
    let n = 0;
    for await (const { key, document } of items) {
        assert.deepEqual([key, document], [keyOf(n), { _rev: 0, n }]);
        n += 1;
    }
    assert.equal(n, MANY);
    assert.equal((await store.queryKeys()).total, MANY / 2 + 2);
});

test('documents cross some at a time, and no more than are asked for', async (t) => {
    const store = await filled(t);
    await store.setItem('large', { text: 'x'.repeat(100_000) });
    const answers = await counting(t, 'walkNext', async () => {
        const items = store.items();
        await items.next();
        await items.next();
        await items.return();
    });
    assert.deepEqual(
        answers.map((lines) => lines.split('\n').length - 1),
        [256],
    );
    const all = await counting(t, 'walkNext', async () => void (await keysOf(store.items())));
    assert.equal(all.at(-1), null);
    for (const lines of all.slice(0, -1)) {
        const documents = lines.split('\n').length - 1;
        assert.ok(documents <= 256 && (documents === 1 || lines.length < (64 << 10) + 100_100));
    }
    // A large document ends what crosses with it.
    assert.ok(all.length > 4);
});

test('leaving the loop early gives the moment back', async (t) => {
    const store = await filled(t);
    const ended = await counting(t, 'walkEnd', async () => {
        for await (const { key } of store.items()) {
            assert.equal(key, keyOf(0));
            break;
        }
        await assert.rejects(async () => {
            for await (const _ of store.items()) {
                throw new Error('mine');
            }
        }, /mine/);
        await keysOf(store.items());
        // Nothing is held before the first item is asked for.
        await store.items().return();
        store.items();
    });
    assert.equal(ended.length, 3);
});

test('items load a store that is not loaded', async (t) => {
    const store = new Datastore({ durability: 'none' });
    afterwards(t, () => store.close());
    assert.deepEqual(await keysOf(store.items()), []);
});

test('a signal ends an iteration', async (t) => {
    const store = await filled(t);
    const controller = new AbortController();
    const keys = [];
    const error = await refusal(
        (async () => {
            for await (const { key } of store.items({ signal: controller.signal })) {
                keys.push(key);
                controller.abort('enough');
            }
        })(),
    );
    assert.deepEqual([error.code, error.cause, keys], ['ABORT_ERR', 'enough', [keyOf(0)]]);
    assert.throws(() => store.items({ signal: AbortSignal.abort() }), { code: 'ABORT_ERR' });
});

test('a store that is closed while it is iterated rejects with CLOSED, whatever has crossed already', async (t) => {
    const store = await filled(t);
    const items = store.items();
    await items.next();
    await store.close();
    await assert.rejects(items.next(), { code: 'CLOSED' });
    assert.deepEqual(await items.next(), { done: true, value: undefined });
    assert.throws(() => store.items(), { code: 'CLOSED' });
});

test('wrong options are refused at once', async (t) => {
    const store = await filled(t, {}, 1);
    const wrong = [
        { includeDocuments: true },
        { limit: 0 },
        { prefix: 'a', key: 'b' },
        { cursor: 'x', offset: 1 },
        { reduce: true },
        7,
    ];
    for (const options of wrong) {
        assert.throws(() => store.items(options), { code: 'ASSERTION' }, JSON.stringify(options));
        assert.throws(() => store.exportItems(options), { code: 'ASSERTION' }, JSON.stringify(options));
    }
    await assert.rejects(store.items({ cursor: 'x' }).next(), { code: 'ASSERTION' });
});

test('items work with Readable.from and with pipeline', async (t) => {
    const store = await filled(t);
    const streamed = [];
    for await (const { key } of Readable.from(store.items())) {
        streamed.push(key);
    }
    assert.equal(streamed.length, MANY);
    const written = [];
    const sink = new Writable({
        objectMode: true,
        highWaterMark: 1,
        write({ document }, _encoding, done) {
            written.push(document.n);
            setImmediate(done);
        },
    });
    await pipeline(store.items({ limit: 300 }), sink);
    assert.deepEqual(
        written,
        Array.from({ length: 300 }, (_, n) => n),
    );
});

test('a stream that is destroyed gives the moment back', async (t) => {
    const store = await filled(t);
    const ended = await counting(t, 'walkEnd', async () => {
        const stream = Readable.from(store.items());
        for await (const { key } of stream) {
            assert.equal(key, keyOf(0));
            break;
        }
        assert.ok(stream.destroyed);
    });
    assert.equal(ended.length, 1);
});

test('several iterations have moments of their own', async (t) => {
    const store = await filled(t, {}, 3);
    const first = store.items();
    await first.next();
    await store.setItem('another', {});
    assert.equal((await keysOf(store.items())).length, 4);
    assert.equal((await keysOf(first)).length, 2);
});

test('an iteration that was forgotten gives its moment back', async () => {
    const { code, stderr, stdout } = await runScript(
        `const binding = require(require('node:path').join(args[0], 'lib', 'native.js'));
const ended = new Promise((resolve) => {
    const own = binding.walkEnd;
    binding.walkEnd = (...given) => { own(...given); resolve(); };
});
const store = new kixx.Datastore({ durability: 'none' });
await store.setItems([['a', {}], ['b', {}]]);
await (async () => void (await store.items().next()))();
const collecting = setInterval(() => gc(), 1);
await ended;
clearInterval(collecting);
await store.close();
console.log('ended');`,
        { args: [ROOT], execArgv: ['--expose-gc'] },
    );
    assert.deepEqual([code, stderr, stdout], [0, '', 'ended\n']);
});

test('a custom engine cannot be iterated', async () => {
    const db = { loadDocuments() {}, getItem: () => null, setItem() {}, deleteItem() {} };
    const store = new Datastore({ db });
    await assert.rejects(store.items().next(), { code: 'UNSUPPORTED' });
    await assert.rejects(store.exportItems().next(), { code: 'UNSUPPORTED' });
});
