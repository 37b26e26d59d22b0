'use strict';

/** Views: their order, how they follow the documents, and what happens when a map function fails. */

const assert = require('node:assert/strict');
const path = require('node:path');
const { test } = require('node:test');
const { Datastore, ViewMapError } = require('../index.js');
const { afterwards, openStore, temporaryDirectory } = require('./support.js');

/** A datastore whose documents are in no files: for thousands of them. */
async function openWithoutFiles(t) {
    const fileSystem = {
        readDocumentDirectory: async () => [],
        readDocumentFile: async () => assert.fail('there are no files'),
        writeDocumentFile: async () => {},
        removeDocumentFile: async () => {},
    };
    return openStore(t, { fileSystem });
}

/** A view source whose map emits `document.n`; tells which documents it was called with. */
function counted(map = (document, emit) => emit(document.n)) {
    const calls = [];
    return {
        calls,
        source: {
            map(document, emit) {
                calls.push(document.id);
                return map(document, emit);
            },
        },
    };
}

/** The identities of the documents mapped since the last time. */
function taken(calls) {
    return calls.splice(0).sort();
}

async function put(store, ...ids) {
    await Promise.all(ids.map((id) => store.setItem(id, { id, n: id })));
}

async function keysOf(store, id, options) {
    return (await store.queryView(id, { limit: Infinity, ...options })).items.map(({ key }) => key);
}

async function emitting(t, emitted) {
    const store = await openStore(t);
    store.setView('view', {
        map(document, emit) {
            for (const index of document.indexes) {
                emit(emitted[index], index);
            }
        },
    });
    // Every second key comes from another document, and both emit theirs from the last to the first.
    const indexes = emitted.map((_, index) => index).reverse();
    await store.setItem('even', { indexes: indexes.filter((index) => index % 2 === 0) });
    await store.setItem('odd', { indexes: indexes.filter((index) => index % 2 === 1) });
    return store;
}

/** Keys in their order. */
const ORDER = [
    null,
    false,
    true,
    -Number.MAX_VALUE,
    -1e21,
    -2,
    -1.5,
    -5e-324,
    0,
    5e-324,
    0.1,
    1,
    9,
    10,
    2 ** 53,
    Number.MAX_VALUE,
    '',
    '\0',
    '\u0001',
    ' ',
    '0',
    '10',
    '9',
    'A',
    'B',
    'a',
    'a\0',
    'a\0b',
    'aA',
    'aa',
    'b',
    '\u00e9',
    '\ud7ff',
    '\ud83d',
    '\u{1f600}',
    '\ude00',
    '\ue000',
    '\uffff',
    [],
    [null],
    [null, null],
    [false],
    [0],
    [0, 'z'],
    [1],
    ['a'],
    ['a', null],
    ['a', []],
    ['aa'],
    [[]],
    [[], 1],
    [[[]]],
    [{}],
    {},
    { a: null },
    { a: 1 },
    { a: 1, b: 0 },
    { a: 1, c: 0 },
    { a: 2 },
    { a: [] },
    { a: {} },
    { aa: 0 },
    { b: 0 },
    { b: 0, a: 0 },
];

test('rows are in the order of their keys, whatever emitted them', async (t) => {
    const store = await emitting(t, ORDER);
    assert.deepEqual(await keysOf(store, 'view'), ORDER);
    const { items } = await store.queryView('view', { limit: Infinity });
    assert.deepEqual(
        items.map(({ value }) => value),
        ORDER.map((_, index) => index),
    );
});

test('descending is the exact reverse', async (t) => {
    const store = await emitting(t, ORDER);
    const up = await store.queryView('view', { limit: Infinity });
    const down = await store.queryView('view', { limit: Infinity, descending: true });
    assert.deepEqual(down.items, up.items.reverse());
});

test('rows of one key are in the order of their documents, then of emission', async (t) => {
    const store = await openStore(t);
    store.setView('view', {
        map(document, emit) {
            for (const value of document.values) {
                emit('same', value);
            }
        },
    });
    const keys = ['b', 'a', '\u{1f600}', '\uffff', 'a\0', 'aa', '10', '9'];
    for (const key of keys) {
        await store.setItem(key, { values: ['z', 'a', 'm'] });
    }
    const expected = [...keys].sort().flatMap((key) => ['z', 'a', 'm'].map((value) => [key, value]));
    const rows = async (options) =>
        (await store.queryView('view', { limit: Infinity, ...options })).items.map(({ documentKey, value }) => [
            documentKey,
            value,
        ]);
    assert.deepEqual(await rows(), expected);
    assert.deepEqual(await rows({ descending: true }), [...expected].reverse());
});

test('an undefined key is null, and -0 is 0', async (t) => {
    const store = await openStore(t);
    store.setView('view', {
        map(_document, emit) {
            emit(undefined, 'undefined');
            emit();
            emit(NaN, 'not a number');
            emit(-0, 'zero');
            emit([undefined, -0], 'inside');
        },
    });
    await store.setItem('doc', {});
    const { items } = await store.queryView('view');
    assert.deepEqual(items, [
        { key: null, documentKey: 'doc', value: 'undefined' },
        { key: null, documentKey: 'doc' },
        { key: null, documentKey: 'doc', value: 'not a number' },
        { key: 0, documentKey: 'doc', value: 'zero' },
        { key: [null, 0], documentKey: 'doc', value: 'inside' },
    ]);
    assert.equal((await store.queryView('view', { key: null })).total, 3);
});

test('keys come back as their JSON: dates as texts, numbers in full', async (t) => {
    const emitted = [0.1 + 0.2, 123456789012345680000, 1e-7, new Date('2024-02-29'), { toJSON: () => ['x'] }, '"\\\n'];
    const store = await openStore(t);
    store.setView('view', {
        map(_document, emit) {
            for (const key of emitted) {
                emit(key);
            }
        },
    });
    await store.setItem('doc', {});
    const expected = [1e-7, 0.30000000000000004, 123456789012345680000, '"\\\n', '2024-02-29T00:00:00.000Z', ['x']];
    assert.deepEqual(await keysOf(store, 'view'), expected);
});

test('only documents that changed since the last query are mapped again', async (t) => {
    const store = await openStore(t);
    const { calls, source } = counted();
    store.setView('view', source);
    await put(store, 'a', 'b', 'c');
    assert.deepEqual(await keysOf(store, 'view'), ['a', 'b', 'c']);
    assert.deepEqual(taken(calls), ['a', 'b', 'c']);
    assert.deepEqual(await keysOf(store, 'view', { startKey: 'b' }), ['b', 'c']);
    assert.deepEqual(taken(calls), []);

    await store.setItem('b', { id: 'b', n: 'bb' });
    await store.setItem('d', { id: 'd', n: 'd' });
    assert.deepEqual(await keysOf(store, 'view'), ['a', 'bb', 'c', 'd']);
    assert.deepEqual(taken(calls), ['b', 'd']);

    await store.setItem('a', { id: 'a', n: 1 });
    await store.setItem('a', { id: 'a', n: 2 });
    assert.deepEqual(await keysOf(store, 'view'), [2, 'bb', 'c', 'd']);
    assert.deepEqual(taken(calls), ['a']);
});

test('a deleted document loses its rows without being mapped, and gets them back when it is made anew', async (t) => {
    const store = await openStore(t);
    const { calls, source } = counted();
    store.setView('view', source);
    await put(store, 'a', 'b', 'c');
    await store.queryView('view');
    taken(calls);

    await store.deleteItem('b');
    assert.deepEqual(await keysOf(store, 'view'), ['a', 'c']);
    assert.deepEqual(taken(calls), []);

    await put(store, 'b');
    assert.deepEqual(await keysOf(store, 'view'), ['a', 'b', 'c']);
    assert.deepEqual(taken(calls), ['b']);

    await store.deleteItem('c');
    await store.setItem('c', { id: 'c', n: 'new' });
    await store.deleteItem('a');
    await put(store, 'a');
    await store.deleteItem('a');
    assert.deepEqual(await keysOf(store, 'view'), ['b', 'new']);
    assert.deepEqual(taken(calls), ['c']);
});

test('writes of every path reach the view', async (t) => {
    const store = await openStore(t);
    store.setView('view', counted().source);
    await store._db.setItem('engine', { n: 1 });
    await store.updateItem('update', () => ({ n: 2 }));
    await store.setItem('set', { n: 3 });
    assert.deepEqual(await keysOf(store, 'view'), [1, 2, 3]);
    await store._db.setItem('engine', { n: 4 });
    await store._db.deleteItem('set');
    assert.deepEqual(await keysOf(store, 'view'), [2, 4]);
    await store._db.deleteItem('engine');
    await store.deleteItem('update');
    assert.deepEqual(await keysOf(store, 'view'), []);
});

test('a view forgets nothing when thousands of documents were deleted between two queries', async (t) => {
    const store = await openWithoutFiles(t);
    const { calls, source } = counted();
    store.setView('view', source);
    const ids = Array.from({ length: 1_500 }, (_, index) => `doc ${index}`);
    await put(store, 'kept', ...ids);
    assert.equal((await store.queryView('view')).total, 1_501);
    taken(calls);
    await Promise.all(ids.map((id) => store.deleteItem(id)));
    assert.deepEqual(await keysOf(store, 'view'), ['kept']);
    await put(store, ...ids.slice(0, 3));
    assert.deepEqual(await keysOf(store, 'view'), [...ids.slice(0, 3), 'kept']);
});

test('a write from inside the map belongs to a later query', async (t) => {
    const store = await openStore(t);
    const writes = [];
    store.setView('view', {
        map(document, emit) {
            emit(document.id);
            if (document.id === 'a') {
                writes.push(store.setItem('z', { id: 'z' }), store.setItem('b', { id: 'changed' }));
                writes.push(store._db.setItem('y', { id: 'y' }), store.deleteItem('c'));
            }
        },
    });
    await put(store, 'a', 'b', 'c');
    assert.deepEqual(await keysOf(store, 'view'), ['a', 'b', 'c']);
    await Promise.all(writes);
    assert.deepEqual(await keysOf(store, 'view'), ['a', 'changed', 'y', 'z']);
});

test('rows, total and documents of an answer are all of the moment of the call', async (t) => {
    const store = await openStore(t);
    store.setView('view', { map: (document, emit) => emit(document.id, document._rev) });
    await put(store, 'a', 'b');
    const answer = (rev) => ({
        items: ['a', 'b'].map((id) => ({
            key: id,
            documentKey: id,
            value: rev,
            document: { _rev: rev, id, n: id },
        })),
        exclusiveEndIndex: null,
        cursor: null,
        total: 2,
    });
    // Each write is called just after the query: the query must not see it, though it is committed meanwhile.
    for (let rev = 0; rev < 20; rev += 1) {
        const query = store.queryView('view', { includeDocuments: true });
        const byKey = store.queryKeys({ includeDocuments: true });
        const item = store.getItem('a');
        const writes = [put(store, 'a', 'b'), store.setItem('c', { id: 'c' }), store.deleteItem('c')];
        assert.deepEqual(await query, answer(rev));
        assert.equal((await byKey).total, 2);
        assert.equal((await item)._rev, rev);
        await Promise.all(writes);
    }
});

test('a query does not see a write that was called after it, even if that is committed before it is awaited', async (t) => {
    const store = await openStore(t);
    store.setView('view', { map: (document, emit) => emit(document.id) });
    await put(store, 'a');
    const answers = await new Promise((resolve) => {
        // Ticks run before promises go on: what is submitted and committed in them comes before any `await` ends.
        process.nextTick(() => {
            const calls = [store.queryView('view'), store.queryKeys(), store.getItem('z'), store.getItems(['z'])];
            store.setItem('z', { id: 'z' });
            process.nextTick(() => {
                const before = store.stats().sequence;
                const patience = performance.now() + 5_000;
                while (store.stats().sequence === before && performance.now() < patience) {
                    // The committer runs in a thread of its own.
                }
                assert.equal(store._db.getItem('z').document.id, 'z');
                resolve(Promise.all(calls));
            });
        });
    });
    const [byView, byKey, item, list] = answers;
    assert.deepEqual([byView.total, byKey.total, item, list], [1, 1, null, [null]]);
});

test('a map that throws fails the query with the view, the document and the very cause', async (t) => {
    const store = await openStore(t);
    const thrown = new TypeError('no name');
    store.setView('names', {
        map(document, emit) {
            if (document.name === undefined) {
                throw thrown;
            }
            emit(document.name);
        },
    });
    await store.setItem('fine', { name: 'x' });
    await store.setItem('bad:\u{1f600}', {});
    for (const query of [() => store.queryView('names'), async () => store._db.queryView('names')]) {
        const error = await query().then(assert.fail, (rejected) => rejected);
        assert.ok(error instanceof ViewMapError);
        assert.deepEqual([error.name, error.code], ['ViewMapError', 'VIEW_MAP']);
        assert.deepEqual([error.viewId, error.key], ['names', 'bad:\u{1f600}']);
        assert.equal(error.cause, thrown);
    }
    await store.setItem('bad:\u{1f600}', { name: 'a' });
    assert.deepEqual(await keysOf(store, 'names'), ['a', 'x']);
});

test('a view that fails works again when the document is deleted', async (t) => {
    const store = await openStore(t);
    store.setView('view', { map: (document, emit) => emit(document.list[0]) });
    await store.setItem('fine', { list: [1] });
    await store.setItem('bad', {});
    await assert.rejects(store.queryView('view'), { code: 'VIEW_MAP', key: 'bad' });
    assert.equal((await store.queryKeys()).total, 2);
    await store.deleteItem('bad');
    assert.deepEqual(await keysOf(store, 'view'), [1]);
});

test('whatever a map throws is the cause', async (t) => {
    const store = await openStore(t);
    await store.setItem('doc', {});
    for (const thrown of ['text', 0, null, undefined, Symbol('x'), { code: 'MINE' }, () => {}]) {
        store.setView('view', {
            map() {
                throw thrown;
            },
        });
        const error = await store.queryView('view').then(assert.fail, (rejected) => rejected);
        assert.deepEqual([error.code, error.key], ['VIEW_MAP', 'doc']);
        assert.equal(error.cause, thrown);
    }
});

test('onError skip leaves a document out, counts it, and takes it back when it is fixed', async (t) => {
    const store = await openStore(t);
    store.setView('view', {
        map(document, emit) {
            emit(document.id);
            emit(document.name.length);
        },
        onError: 'skip',
    });
    const skipped = () => store.stats().views.view.skipped;
    await store.setItem('a', { id: 'a', name: 'x' });
    await store.setItem('b', { id: 'b' });
    await store.setItem('c', { id: 'c' });
    assert.equal(skipped(), 0);
    assert.deepEqual(await keysOf(store, 'view'), [1, 'a']);
    assert.equal(skipped(), 2);
    await store.setItem('b', { id: 'b', name: 'xyz' });
    assert.deepEqual(await keysOf(store, 'view'), [1, 3, 'a', 'b']);
    assert.equal(skipped(), 1);
    await store.deleteItem('c');
    await store.setItem('a', { id: 'a' });
    assert.deepEqual(await keysOf(store, 'view'), [3, 'b']);
    assert.equal(skipped(), 1);
    assert.deepEqual(store._db.stats().views.view, store.stats().views.view);
    assert.equal(store.stats().views.view.rows, 2);
});

/** What a map function must not do, and whether it is still wrong when the map catches what `emit` throws. */
const OFFENCES = {
    'emits a function as key': (emit) => emit(() => {}),
    'emits a function as value': (emit) => emit(1, () => {}),
    'emits a symbol as key': (emit) => emit(Symbol('x')),
    'emits a symbol as value': (emit) => emit(1, Symbol('x')),
    'emits a bigint as key': (emit) => emit(1n),
    'emits a bigint as value': (emit) => emit(1, [1n]),
    'emits a cycle as key': (emit) => {
        const cycle = [];
        cycle.push(cycle);
        emit(cycle);
    },
    'emits a cycle as value': (emit) => {
        const cycle = {};
        cycle.a = { cycle };
        emit(1, cycle);
    },
    'emits a key whose JSON throws': (emit) => {
        emit({
            toJSON() {
                throw new RangeError('mine');
            },
        });
    },
    'emits a key whose JSON is nothing': (emit) => emit({ toJSON: () => undefined }),
    'emits a key that is nested too deeply': (emit) => {
        let key = 1;
        for (let depth = 0; depth < 2_001; depth += 1) {
            key = [key];
        }
        emit(key);
    },
};

for (const [offence, commit] of Object.entries(OFFENCES)) {
    test(`a map that ${offence} fails the query, also where it catches the error`, async (t) => {
        const store = await openStore(t);
        store.setView('view', {
            map(document, emit) {
                emit('before');
                if (document.isBad) {
                    commit(emit);
                }
            },
        });
        store.setView('catching', {
            map(document, emit) {
                emit('before');
                try {
                    if (document.isBad) {
                        commit(emit);
                    }
                } catch {
                    emit('caught');
                }
            },
        });
        await store.setItem('fine', {});
        await store.setItem('doc', { isBad: true });
        for (const viewId of ['view', 'catching']) {
            const error = await store.queryView(viewId).then(assert.fail, (rejected) => rejected);
            assert.deepEqual([error.code, error.viewId, error.key], ['VIEW_MAP', viewId, 'doc']);
            assert.ok(error.cause instanceof Error);
        }
        await store.setItem('doc', {});
        assert.deepEqual(await keysOf(store, 'view'), ['before', 'before']);
        assert.deepEqual(await keysOf(store, 'catching'), ['before', 'before']);
    });
}

test('onError skip holds for what is emitted, too', async (t) => {
    const store = await openStore(t);
    store.setView('view', {
        map(document, emit) {
            emit('before');
            OFFENCES[document.offence]?.(emit);
        },
        onError: 'skip',
    });
    await store.setItem('fine', {});
    const offences = Object.keys(OFFENCES).filter((offence) => !offence.includes('nested'));
    for (const offence of offences) {
        await store.setItem(offence, { offence });
    }
    assert.deepEqual(await keysOf(store, 'view'), ['before']);
    assert.equal(store.stats().views.view.skipped, offences.length);
});

test('a map that returns a promise fails the query, and a rejection of it hurts nobody', async (t) => {
    const store = await openStore(t);
    await store.setItem('doc', {});
    const promises = {
        fulfilled: async (_document, emit) => emit(1),
        rejected: async () => {
            throw new Error('rejected');
        },
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
        thenable: () => ({ then() {} }),
    };
    for (const [viewId, map] of Object.entries(promises)) {
        store.setView(viewId, { map });
        const error = await store.queryView(viewId).then(assert.fail, (rejected) => rejected);
        assert.deepEqual([error.code, error.viewId, error.key], ['VIEW_MAP', viewId, 'doc']);
        assert.equal(error.cause.code, 'ASSERTION');
    }
    store.setView('other', {
        map(_document, emit) {
            emit(1);
            return 'anything else';
        },
    });
    assert.deepEqual(await keysOf(store, 'other'), [1]);
});

test('emit refuses after the map has returned, and adds nothing', async (t) => {
    const store = await openStore(t);
    const kept = [];
    store.setView('view', {
        map(document, emit) {
            kept.push(emit);
            emit(document.id);
        },
    });
    await put(store, 'a', 'b');
    assert.deepEqual(await keysOf(store, 'view'), ['a', 'b']);
    for (const emit of kept) {
        assert.throws(() => emit('late'), { name: 'AssertionError', code: 'ASSERTION' });
    }
    assert.deepEqual(await keysOf(store, 'view'), ['a', 'b']);
    await store.setItem('a', { id: 'aa' });
    assert.throws(() => kept[0]('late'), { code: 'ASSERTION' });
    assert.deepEqual(await keysOf(store, 'view'), ['aa', 'b']);
});

test('emit refuses while the map of the next document runs', async (t) => {
    const store = await openStore(t);
    let previous;
    const refused = [];
    store.setView('view', {
        map(document, emit) {
            try {
                previous?.('of another document');
            } catch (error) {
                refused.push(error.code);
            }
            previous = emit;
            emit(document.id);
        },
    });
    await put(store, 'a', 'b', 'c');
    assert.deepEqual(await keysOf(store, 'view'), ['a', 'b', 'c']);
    assert.deepEqual(refused, ['ASSERTION', 'ASSERTION']);
});

test('a view that is queried inside its own map fails that query, and the outer one where it is not caught', async (t) => {
    const store = await openStore(t);
    await store.setItem('doc', {});
    store.setView('caught', {
        map(_document, emit) {
            assert.throws(() => store._db.queryView('caught'), { code: 'ASSERTION', viewId: 'caught' });
            emit(1);
        },
    });
    store.setView('thrown', { map: () => store._db.queryView('thrown') });
    assert.deepEqual(await keysOf(store, 'caught'), [1]);
    const error = await store.queryView('thrown').then(assert.fail, (rejected) => rejected);
    assert.deepEqual([error.code, error.cause.code], ['VIEW_MAP', 'ASSERTION']);
});

test('two views that query each other inside their maps fail', async (t) => {
    const store = await openStore(t);
    await store.setItem('doc', {});
    store.setView('a', { map: () => void store._db.queryView('b') });
    store.setView('b', { map: () => void store._db.queryView('a') });
    const error = await store.queryView('a').then(assert.fail, (rejected) => rejected);
    assert.deepEqual([error.viewId, error.cause.viewId, error.cause.cause.code], ['a', 'b', 'ASSERTION']);
});

test('another view answers inside a map', async (t) => {
    const store = await openStore(t);
    store.setView('sizes', { map: (document, emit) => emit(document.id, document.n.length) });
    const promised = [];
    store.setView('totals', {
        map(document, emit) {
            const { items } = store._db.queryView('sizes', { key: document.id });
            promised.push(store.queryView('sizes'));
            emit(document.id, { size: items[0].value, document: store._db.getItem(document.id).document });
        },
    });
    await store.setItem('a', { id: 'a', n: 'x' });
    await store.setItem('b', { id: 'b', n: 'xyz' });
    const { items } = await store.queryView('totals');
    assert.deepEqual(
        items.map(({ value }) => [value.size, value.document.n]),
        [
            [1, 'x'],
            [3, 'xyz'],
        ],
    );
    assert.deepEqual(
        (await Promise.all(promised)).map(({ total }) => total),
        [2, 2],
    );
});

test('setView replaces a view and builds it anew', async (t) => {
    const store = await openStore(t);
    await put(store, 'a', 'b');
    const [first, second] = [counted(), counted((document, emit) => emit(document.id.toUpperCase()))];
    store.setView('view', first.source);
    assert.deepEqual(await keysOf(store, 'view'), ['a', 'b']);
    store.setView('view', second.source);
    taken(first.calls);
    assert.equal(store.stats().views.view.rows, 0);
    assert.deepEqual(await keysOf(store, 'view'), ['A', 'B']);
    assert.deepEqual([taken(first.calls), taken(second.calls)], [[], ['a', 'b']]);
    store.setView('view', first.source);
    assert.deepEqual(await keysOf(store, 'view'), ['a', 'b']);
    assert.deepEqual(taken(first.calls), ['a', 'b']);
});

test('setView mends a view whose map throws', async (t) => {
    const store = await openStore(t);
    await put(store, 'a', 'b');
    store.setView('view', { map: (document) => document.none.at });
    await assert.rejects(store.queryView('view'), { code: 'VIEW_MAP' });
    store.setView('view', counted().source);
    assert.deepEqual(await keysOf(store, 'view'), ['a', 'b']);
});

test('a view that is replaced inside its own map still answers that query, and later ones as the new view', async (t) => {
    const store = await openStore(t);
    store.setView('view', {
        map(document, emit) {
            store.setView('view', { map: (found, emitNew) => emitNew(found.id.toUpperCase()) });
            emit(document.id);
        },
    });
    await put(store, 'a', 'b');
    assert.deepEqual(await keysOf(store, 'view'), ['a', 'b']);
    assert.deepEqual(await keysOf(store, 'view'), ['A', 'B']);
    assert.deepEqual(store.stats().views.view.rows, 2);
});

test('the source is asked for its map once', async (t) => {
    const store = await openStore(t);
    await put(store, 'a');
    const source = { map: (document, emit) => emit(document.id) };
    store.setView('view', source);
    source.map = () => assert.fail('this map was never registered');
    assert.deepEqual(await keysOf(store, 'view'), ['a']);
});

test('an unknown view is not found', async (t) => {
    const store = await openStore(t);
    store.setView('known', { map() {} });
    for (const viewId of ['unknown', 'KNOWN', 'toString', '__proto__']) {
        await assert.rejects(store.queryView(viewId), { name: 'NotFoundError', code: 'NOT_FOUND', viewId });
        assert.throws(() => store._db.queryView(viewId), { name: 'NotFoundError', code: 'NOT_FOUND', viewId });
        assert.equal(store.hasView(viewId), false);
        assert.equal(store._db.hasView(viewId), false);
    }
});

test('setView of the datastore and of its engine are the same', async (t) => {
    const store = await openStore(t);
    await put(store, 'a');
    store._db.setView('engine', { map: (document, emit) => emit(document.id) });
    store.setView('datastore', { map: (document, emit) => emit(document.id) });
    for (const viewId of ['engine', 'datastore']) {
        assert.ok(store.hasView(viewId) && store._db.hasView(viewId));
        assert.deepEqual(await store.queryView(viewId), store._db.queryView(viewId));
        assert.equal((await store.queryView(viewId)).total, 1);
    }
    assert.deepEqual(Object.keys(store.stats().views), ['engine', 'datastore']);
    store._db.setView('datastore', { map: (_document, emit) => emit('replaced') });
    assert.deepEqual(await keysOf(store, 'datastore'), ['replaced']);
});

test('views registered before the load, or while it runs, are there after it', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'data');
    const first = new Datastore({ directory });
    afterwards(t, () => first.close());
    await put(first, 'a', 'b');
    await first.close();
    const store = new Datastore({ directory });
    afterwards(t, () => store.close());
    store.setView('before', counted().source);
    assert.equal(store.hasView('before'), true);
    const loading = store.load();
    store.setView('while', counted().source);
    const early = keysOf(store, 'before');
    await loading;
    store.setView('after', counted().source);
    assert.deepEqual(await early, ['a', 'b']);
    for (const viewId of ['before', 'while', 'after']) {
        assert.deepEqual(await keysOf(store, viewId), ['a', 'b']);
    }
});

test('the document of a map is its own: changing or keeping it changes nothing', async (t) => {
    const store = await openStore(t);
    const kept = [];
    store.setView('changing', {
        map(document, emit) {
            emit(document.id, document.inner);
            document.id = 'changed';
            document.inner.n = 'changed';
            document._rev = 99;
            kept.push(document);
        },
    });
    store.setView('view', { map: (document, emit) => emit(document.id, document.inner.n) });
    await store.setItem('a', { id: 'a', inner: { n: 1 } });
    const expected = { _rev: 0, id: 'a', inner: { n: 1 } };
    const { items } = await store.queryView('changing', { includeDocuments: true });
    assert.deepEqual(items, [{ key: 'a', documentKey: 'a', value: { n: 1 }, document: expected }]);
    kept[0].inner.n = 'changed later';
    assert.deepEqual(await store.getItem('a'), expected);
    assert.deepEqual((await store.queryView('view')).items, [{ key: 'a', documentKey: 'a', value: 1 }]);
    assert.deepEqual((await store.queryView('changing')).items[0].value, { n: 1 });
});

test('what was emitted is taken at once: changing it afterwards changes nothing', async (t) => {
    const store = await openStore(t);
    store.setView('view', {
        map(_document, emit) {
            const [key, value] = [['k'], { n: 1 }];
            emit(key, value);
            key.push('changed');
            value.n = 2;
            emit(key, value);
            value.n = 3;
        },
    });
    await store.setItem('a', {});
    const { items } = await store.queryView('view');
    assert.deepEqual(
        items.map(({ key, value }) => [key, value]),
        [
            [['k'], { n: 1 }],
            [['k', 'changed'], { n: 2 }],
        ],
    );
    items[0].value.n = 'changed';
    assert.deepEqual((await store.queryView('view')).items[0].value, { n: 1 });
});

test('a map sees the document with its revision', async (t) => {
    const store = await openStore(t);
    store.setView('view', { map: (document, emit) => emit(Object.keys(document), document._rev) });
    await store.setItem('a', { b: 1, a: 2 });
    await store.setItem('a', { b: 1, a: 2 });
    const { items } = await store.queryView('view');
    assert.deepEqual(items, [{ key: ['_rev', 'b', 'a'], documentKey: 'a', value: 1 }]);
});

test('thousands of documents, in several chunks, are mapped once each', async (t) => {
    const store = await openWithoutFiles(t);
    const { calls, source } = counted((document, emit) => {
        emit(document.n % 7, document.n);
        if (document.n % 2 === 0) {
            emit('even');
        }
    });
    store.setView('view', source);
    const count = 3_000;
    const numbers = Array.from({ length: count }, (_, n) => n);
    await Promise.all(numbers.map((n) => store.setItem(`doc ${n}`, { id: n, n })));
    const { items, total } = await store.queryView('view', { limit: Infinity });
    assert.equal(total, count * 1.5);
    assert.deepEqual(
        items
            .filter(({ key }) => key !== 'even')
            .map(({ value }) => value)
            .sort((a, b) => a - b),
        numbers,
    );
    assert.equal((await store.queryView('view', { key: 'even' })).total, count / 2);
    assert.equal((await store.queryView('view', { key: 3 })).total, numbers.filter((n) => n % 7 === 3).length);
    assert.equal(new Set(calls).size, count);
    assert.equal(calls.length, count);
    await store.setItem('doc 2999', { id: 2_999, n: 3_001 });
    assert.equal((await store.queryView('view', { key: 3 })).total, numbers.filter((n) => n % 7 === 3).length - 1);
    assert.equal(calls.length, count + 1);
});

test('one document may emit more rows than a call may have arguments', async (t) => {
    const store = await openWithoutFiles(t);
    const count = 130_000;
    store.setView('view', {
        map(document, emit) {
            for (let n = 0; n < document.count; n += 1) {
                emit(n);
            }
        },
    });
    await store.setItem('a', { count });
    const { items, total } = await store.queryView('view', { descending: true, limit: 1 });
    assert.deepEqual([items[0].key, total], [count - 1, count]);
    await store.setItem('a', { count: 1 });
    assert.deepEqual(await keysOf(store, 'view'), [0]);
});

test('documents of a megabyte each are mapped, too', async (t) => {
    const store = await openStore(t);
    const { calls, source } = counted((document, emit) => emit(document.text.length));
    store.setView('view', source);
    const text = 'x'.repeat(1 << 20);
    await Promise.all([0, 1, 2].map((id) => store.setItem(id, { id, text: text.slice(id) })));
    assert.deepEqual(await keysOf(store, 'view'), [text.length - 2, text.length - 1, text.length]);
    assert.equal(calls.length, 3);
});

test('a map that throws in a later chunk leaves the view right afterwards', async (t) => {
    const store = await openWithoutFiles(t);
    const { calls, source } = counted((document, emit) => {
        if (document.isBad) {
            throw new Error('bad');
        }
        emit(document.n);
    });
    store.setView('view', source);
    const count = 2_000;
    for (let n = 0; n < count; n += 1) {
        store.setItem(n, { id: n, n });
    }
    await store.setItem('bad', { id: 'bad', n: -1, isBad: true });
    for (let n = count; n < count + 10; n += 1) {
        await store.setItem(n, { id: n, n });
    }
    await assert.rejects(store.queryView('view'), { code: 'VIEW_MAP', key: 'bad' });
    assert.ok(calls.length > 1_000, 'the bad document was not in a later chunk');
    await assert.rejects(store.queryView('view'), { code: 'VIEW_MAP', key: 'bad' });

    await store.deleteItem(0);
    await store.setItem(1, { id: 1, n: 'changed' });
    await store.setItem('bad', { id: 'bad', n: -1 });
    const expected = [-1, ...Array.from({ length: count + 8 }, (_, index) => index + 2), 'changed'];
    assert.deepEqual(await keysOf(store, 'view'), expected);
    const mapped = taken(calls).length;
    assert.deepEqual(await keysOf(store, 'view'), expected);
    assert.equal(taken(calls).length, 0);
    assert.ok(mapped < 2 * count + 600, `${mapped} calls: what was mapped already was mapped again`);
});

test('a document that throws does not hide the deletion of another', async (t) => {
    const store = await openStore(t);
    store.setView('view', { map: (document, emit) => emit(document.list.length) });
    await store.setItem('a', { list: [1] });
    await store.setItem('b', { list: [1, 2] });
    assert.deepEqual(await keysOf(store, 'view'), [1, 2]);
    await store.deleteItem('a');
    await store.setItem('b', {});
    await assert.rejects(store.queryView('view'), { code: 'VIEW_MAP', key: 'b' });
    await store.setItem('b', { list: [] });
    assert.deepEqual(await keysOf(store, 'view'), [0]);
    assert.equal(store.stats().views.view.rows, 1);
});

test('stats tell the rows of a view and the moment they are of', async (t) => {
    const store = await openStore(t);
    store.setView('view', counted().source);
    const idle = { building: false, pending: 0 };
    assert.deepEqual(store.stats().views, { view: { rows: 0, skipped: 0, sequence: 0, ...idle } });
    await put(store, 'a', 'b');
    assert.deepEqual(store.stats().views.view.rows, 0);
    await store.queryView('view');
    assert.deepEqual(store.stats().views.view, { rows: 2, skipped: 0, sequence: store.stats().sequence, ...idle });
    await store.deleteItem('a');
    await store.queryView('view');
    assert.deepEqual(store.stats().views.view, { rows: 1, skipped: 0, sequence: store.stats().sequence, ...idle });
});

/** An array in an array in an array ... */
function nested(levels) {
    let value = [];
    for (let level = 1; level < levels; level += 1) {
        value = [value];
    }
    return value;
}

test('a row that cannot be stored fails its document alone, and a view that skips goes on', async (t) => {
    const store = await openStore(t);
    await Promise.all(['a', 'b', 'c'].map((key) => store.setItem(key, { deep: key === 'b' })));
    const map = (document, emit) => emit(document.deep ? nested(2_500) : 'shallow');
    store.setView('strict', { map });
    store.setView('lenient', { map, onError: 'skip' });
    await assert.rejects(store.queryView('strict'), { code: 'VIEW_MAP', viewId: 'strict', key: 'b' });
    assert.deepEqual(
        (await store.queryView('lenient')).items.map(({ documentKey }) => documentKey),
        ['a', 'c'],
    );
    assert.equal(store.stats().views.lenient.skipped, 1);
    await store.setItem('b', { deep: false });
    assert.equal((await store.queryView('strict')).total, 3);
    assert.equal((await store.queryView('lenient')).total, 3);
});

test('emit after the map function threw is refused', async (t) => {
    const store = await openStore(t);
    await store.setItem('a', {});
    let late;
    store.setView('view', {
        map(_document, emit) {
            late = emit;
            throw new Error('own');
        },
        onError: 'skip',
    });
    await store.queryView('view');
    assert.throws(() => late('x'), { code: 'ASSERTION' });
});

test('a view that is dropped leaves its place to the next one', () => {
    const binding = require('../lib/native.js');
    const options = { quarantine: false, durability: 'none', background: false, syncInterval: 1_000 };
    const store = binding.open(options, () => {});
    const [first, second] = [binding.viewCreate(store, 'view'), binding.viewCreate(store, 'view')];
    for (let turn = 0; turn < 100; turn += 1) {
        binding.viewDrop(store, first);
        assert.equal(binding.viewCreate(store, 'view'), first);
    }
    assert.notEqual(first, second);
    binding.dispose(store);
});
