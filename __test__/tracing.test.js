'use strict';

/** Calls on `diagnostics_channel`. */

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { tracingChannel } = require('node:diagnostics_channel');
const path = require('node:path');
const { test } = require('node:test');
const { Datastore } = require('../index.js');
const { afterwards, openStore, refusal, temporaryDirectory } = require('./support.js');

const KINDS = [
    'load',
    'get',
    'set',
    'update',
    'delete',
    'batch',
    'transaction',
    'migrate',
    'query',
    'view',
    'import',
    'backup',
    'flush',
    'refresh',
    'close',
];

/** Every method that is told: its kind, a call, and what is told beside system, namespace and name. */
const CALLS = {
    load: ['load', (store) => store.load()],
    getItem: ['get', (store) => store.getItem('a'), { 'db.operation.parameter.key': 'a' }],
    getItems: ['get', (store) => store.getItems(['a', 'b']), { 'db.operation.batch.size': 2 }],
    setItem: ['set', (store) => store.setItem(7, { n: 1 }), { 'db.operation.parameter.key': '7' }],
    updateItem: ['update', (store) => store.updateItem('a', () => ({})), { 'db.operation.parameter.key': 'a' }],
    deleteItem: ['delete', (store) => store.deleteItem('a'), { 'db.operation.parameter.key': 'a' }],
    setItems: [
        'batch',
        (store) => store.setItems(new Map(Object.entries({ a: {}, b: {} }))),
        { 'db.operation.batch.size': 2 },
    ],
    deleteItems: ['batch', (store) => store.deleteItems(['a', 'b', 'c']), { 'db.operation.batch.size': 3 }],
    batch: ['batch', (store) => store.batch([{ type: 'delete', key: 'a' }])],
    transaction: ['transaction', (store) => store.transaction(() => 7)],
    migrate: ['migrate', (store) => store.migrate([])],
    flush: ['flush', (store) => store.flush()],
    refresh: ['refresh', (store) => store.refresh()],
    queryKeys: ['query', (store) => store.queryKeys(), { 'db.response.returned_rows': 1 }],
    find: [
        'query',
        (store) => store.find({ secret: 'x', n: { $gt: 1, $in: [2] }, whole: { a: 1 } }),
        {
            'db.query.text': '{"secret":"?","n":{"$gt":"?","$in":"?"},"whole":"?"}',
            'db.response.returned_rows': 0,
        },
    ],
    findOne: ['query', (store) => store.findOne({ n: 1 }), { 'db.query.text': '{"n":"?"}' }],
    count: ['query', (store) => store.count({}), { 'db.query.text': '{}' }],
    queryView: [
        'view',
        (store) => store.queryView('view'),
        { 'db.collection.name': 'view', 'db.response.returned_rows': 1 },
    ],
    buildView: ['view', (store) => store.buildView('view'), { 'db.collection.name': 'view' }],
    deleteView: ['view', (store) => store.deleteView('view'), { 'db.collection.name': 'view' }],
    importItems: ['import', (store) => store.importItems([{ key: 'new', document: {} }])],
    backup: ['backup', (store, directory) => store.backup(`${directory}-backup`)],
    close: ['close', (store) => store.close()],
};

/** Subscribes to everything until the test is over. What is heard: `[kind, event, message]`. */
function listen(t, kinds = KINDS) {
    const heard = [];
    for (const kind of kinds) {
        const channel = tracingChannel(`kixx-datastore:${kind}`);
        const events = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];
        const handlers = Object.fromEntries(
            events.map((event) => [event, (message) => heard.push([kind, event, { ...message }])]),
        );
        channel.subscribe(handlers);
        afterwards(t, () => channel.unsubscribe(handlers));
    }
    return heard;
}

/** A loaded store of the document `kept`, with the view `view`, and its directory. */
async function storeWithView(t) {
    const directory = path.join(temporaryDirectory(t), 'data');
    const store = await openStore(t, { directory });
    await store.setItem('kept', { n: 0 });
    store.setView('view', { map: (document, emit) => emit(document.n) });
    return { store, directory };
}

for (const [name, [kind, call, described = {}]] of Object.entries(CALLS)) {
    test(`${name} is told as ${kind}, with OpenTelemetry's names`, async (t) => {
        const { store, directory } = await storeWithView(t);
        const heard = listen(t, [kind]);
        const result = await call(store, directory);
        assert.deepEqual(
            heard.map(([of, event]) => [of, event]),
            ['start', 'end', 'asyncStart', 'asyncEnd'].map((event) => [kind, event]),
        );
        const message = heard.at(-1)[2];
        assert.equal(message.result, result);
        assert.deepEqual(message, {
            'db.system.name': 'kixx-datastore',
            'db.namespace': directory,
            'db.operation.name': name,
            ...described,
            result,
        });
    });
}

test('every method that returns a promise is told', () => {
    const silent = ['constructor', '_db', 'loadReport', 'setView', 'hasView', 'stats', 'items', 'exportItems'];
    const methods = Object.getOwnPropertyNames(Datastore.prototype).filter((name) => !silent.includes(name));
    assert.deepEqual(methods.sort(), [...Object.keys(CALLS), 'restore'].sort());
    assert.deepEqual(new Set(Object.values(CALLS).map(([kind]) => kind)), new Set(KINDS));
});

test('a restore is told as backup', async (t) => {
    const { store } = await storeWithView(t);
    const heard = listen(t, ['backup']);
    await refusal(store.restore('anywhere'));
    const { 'db.operation.name': name, 'error.type': type } = heard.at(-1)[2];
    assert.deepEqual([name, type], ['restore', 'ASSERTION']);
});

test('a refusal is told with its code, and reaches the caller as ever', async (t) => {
    const { store } = await storeWithView(t);
    const heard = listen(t, ['set', 'get', 'update']);
    const conflict = await refusal(store.setItem('kept', { _rev: 9 }));
    const wrong = await refusal(store.getItem({}));
    const own = new TypeError('of the user');
    assert.equal(await refusal(store.updateItem('kept', () => Promise.reject(own))), own);
    const errors = heard.filter(([, event]) => event === 'error').map(([, , message]) => message);
    assert.deepEqual(
        errors.map((message) => [message['error.type'], message.error]),
        [
            ['CONFLICT', conflict],
            ['ASSERTION', wrong],
            ['TypeError', own],
        ],
    );
});

test('arguments that cannot be described change nothing', async (t) => {
    const { store } = await storeWithView(t);
    listen(t);
    const thrown = new Error('of a getter');
    const where = Object.defineProperty({}, 'n', {
        enumerable: true,
        get() {
            throw thrown;
        },
    });
    assert.equal(await refusal(store.find(where)), thrown);
    assert.equal((await refusal(store.find(null))).code, 'ASSERTION');
    assert.equal((await refusal(store.getItems(null))).code, 'ASSERTION');
    assert.equal((await refusal(store.setItem(Symbol('key'), {}))).code, 'ASSERTION');
});

test('a store that is bound to a channel is there inside the call', async (t) => {
    const { store } = await storeWithView(t);
    const span = new AsyncLocalStorage();
    const { start } = tracingChannel('kixx-datastore:update');
    start.bindStore(span, (message) => message['db.operation.parameter.key']);
    afterwards(t, () => start.unbindStore(span));
    let inside;
    await store.updateItem('kept', () => {
        inside = span.getStore();
        return {};
    });
    assert.deepEqual([inside, span.getStore()], ['kept', undefined]);
});

test('who subscribes hears, and when nobody does nothing is described', async (t) => {
    const { store } = await storeWithView(t);
    const keys = ['a', 'b'];
    let looks = 0;
    const counted = new Proxy(keys, {
        get(target, name) {
            looks += name === 'length' ? 1 : 0;
            return Reflect.get(target, name);
        },
    });
    await store.getItems(counted);
    const silent = looks;
    const heard = listen(t, ['get']);
    looks = 0;
    await store.getItems(counted);
    assert.ok(looks > silent);
    assert.equal(heard.length, 4);
});

test('what is told of takes the arguments that it took before', () => {
    const { getItem, updateItem, close } = Datastore.prototype;
    assert.deepEqual([getItem.name, getItem.length], ['getItem', 2]);
    assert.deepEqual([updateItem.name, updateItem.length], ['updateItem', 3]);
    assert.deepEqual([close.name, close.length], ['close', 0]);
    assert.equal(Object.keys(Datastore.prototype).length, 0);
});

test('a memory store has no namespace, and the batches of a migration are transactions', async (t) => {
    const store = await openStore(t, { durability: 'none', directory: undefined });
    await store.setItem('a', {});
    const heard = listen(t);
    await store.migrate([{ version: 1, up: (document) => document }]);
    assert.equal(heard[0][2]['db.namespace'], undefined);
    assert.deepEqual(new Set(heard.map(([kind]) => kind)), new Set(['migrate', 'transaction']));
});
