'use strict';

/** What map functions do that they should not, or hardly should: inside of the call, and in later slices of a build. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { openStore, refusal } = require('./support.js');

const ALL = { limit: Infinity };

/** A loaded store in memory, with documents `0`, `1`, ... that hold their number. */
async function storeOf(t, count) {
    const store = await openStore(t, { durability: 'none' });
    await store.setItems(Array.from({ length: count }, (_, n) => [n, { n }]));
    return store;
}

/** Lets every call of a map function take so long that it is the only one of its slice. */
function makeSlow(t) {
    let now = 1_000;
    t.mock.method(performance, 'now', () => {
        now += 10;
        return now;
    });
}

function keysOf({ items }) {
    return items.map(({ key }) => key);
}

/** Every guard holds for a map that is called inside of the call, and for one called later. */
function bothWays(name, run) {
    for (const isSlow of [false, true]) {
        test(`${name}${isSlow ? ', in slices' : ''}`, async (t) => {
            if (isSlow) {
                makeSlow(t);
            }
            await run(t);
        });
    }
}

bothWays('a map that writes new documents for ever ends, and the writes belong to later queries', async (t) => {
    const store = await storeOf(t, 10);
    const writes = [];
    let made = 10;
    store.setView('view', {
        map(document, emit) {
            emit(document.n);
            writes.push(store.setItem(made, { n: made }), store.setItem('shared', { n: -1 }));
            made += 1;
        },
    });
    const first = store.queryView('view', ALL);
    assert.deepEqual(keysOf(await first), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await Promise.all(writes);
    const second = await store.queryView('view', ALL);
    assert.equal(second.total, 10 + 10 + 1);
    await Promise.all(writes);
    store._db.queryView('view');
    await Promise.all(writes);
});

bothWays('a map that deletes and changes what is still to be mapped sees each as it was', async (t) => {
    const store = await storeOf(t, 10);
    const writes = [];
    const seen = [];
    store.setView('view', {
        map(document, emit) {
            seen.push(document.n);
            writes.push(store.deleteItem(document.n + 1), store.setItem(document.n + 2, { n: 100 }));
            emit(document.n);
        },
    });
    assert.deepEqual(keysOf(await store.queryView('view', ALL)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await Promise.all(writes);
});

bothWays('a map that asks for its own view is refused, however it asks', async (t) => {
    const store = await storeOf(t, 5);
    const refused = [];
    store.setView('view', {
        map(document, emit) {
            refused.push(refusal(store.queryView('view')), refusal(store.buildView('view')));
            for (const options of [undefined, { onProgress() {} }]) {
                assert.throws(() => store._db.queryView('view', options), { code: 'ASSERTION', viewId: 'view' });
            }
            emit(document.n);
        },
    });
    assert.deepEqual(keysOf(await store.queryView('view')), [0, 1, 2, 3, 4]);
    const errors = await Promise.all(refused);
    assert.equal(errors.length, 10);
    assert.ok(errors.every(({ name, code, viewId }) => name === 'AssertionError' && code === 'ASSERTION' && viewId));
});

bothWays('a ring of views that ask for each other fails, and names where it closes', async (t) => {
    const store = await storeOf(t, 3);
    const ids = ['a', 'b', 'c'];
    for (const [index, id] of ids.entries()) {
        store.setView(id, {
            map(_document, emit) {
                emit(store._db.queryView(ids[(index + 1) % ids.length]).total);
            },
        });
    }
    const error = await refusal(store.queryView('a'));
    const chain = [error, error.cause, error.cause.cause, error.cause.cause.cause];
    assert.deepEqual(
        chain.map(({ code, viewId }) => [code, viewId]),
        [
            ['VIEW_MAP', 'a'],
            ['VIEW_MAP', 'b'],
            ['VIEW_MAP', 'c'],
            ['ASSERTION', 'a'],
        ],
    );
    store.setView('c', { map: (document, emit) => emit(document.n) });
    assert.deepEqual(keysOf(await store.queryView('a')), [3, 3, 3]);
});

bothWays('another view may be asked for inside of a map, also in the middle of its own build', async (t) => {
    const store = await storeOf(t, 20);
    let mapped = 0;
    store.setView('other', {
        map(document, emit) {
            mapped += 1;
            emit(document.n, document.n * 2);
        },
    });
    const begun = store.queryView('other', ALL);
    const promised = [];
    store.setView('view', {
        map(document, emit) {
            promised.push(store.queryView('other', { key: document.n }));
            emit(store._db.queryView('other', { key: document.n }).items[0].value);
        },
    });
    const doubled = Array.from({ length: 20 }, (_, n) => n * 2);
    assert.deepEqual(keysOf(await store.queryView('view', ALL)), doubled);
    assert.equal((await begun).total, 20);
    const values = (await Promise.all(promised)).map(({ items }) => items[0].value);
    assert.deepEqual(
        values.sort((a, b) => a - b),
        doubled,
    );
    assert.equal(mapped, 20);
});

test('one document may emit a million rows', async (t) => {
    const store = await storeOf(t, 3);
    const count = 1_000_000;
    store.setView('view', {
        map(document, emit) {
            for (let row = 0; row < (document.n === 1 ? count : 1); row += 1) {
                emit(row);
            }
        },
    });
    const { total } = await store.queryView('view', { limit: 1 });
    assert.equal(total, count + 2);
    const page = await store.queryView('view', { offset: count / 2, limit: 2 });
    assert.deepEqual(keysOf(page), [count / 2 - 2, count / 2 - 1]);
    await store.setItem(1, { n: 0 });
    assert.equal((await store.queryView('view')).total, 3);
});

function cycle() {
    const made = {};
    made.itself = made;
    return made;
}

/** What a map may not do, as what it does for one document; each is told as the cause. */
const OFFENCES = {
    'emits a cycle': (emit) => emit('key', cycle()),
    'emits a function': (emit) => emit(() => {}),
    'emits a symbol': (emit) => emit(Symbol('s')),
    'emits a BigInt': (emit) => emit([1n]),
    'emits what is nested too deeply': (emit) => emit(Array.from({ length: 2_500 }).reduce((inner) => [inner], [])),
    'emits what it must not, and hides it': (emit) => {
        try {
            emit(1n);
        } catch {
            emit('hidden');
        }
    },
    throws() {
        throw new TypeError('thrown');
    },
    'returns a promise': async (emit) => emit('early'),
    'returns a rejected promise': () => Promise.reject(new Error('nobody hears')),
};

for (const [name, offend] of Object.entries(OFFENCES)) {
    bothWays(`a map that ${name} fails the query with that document, or leaves it out`, async (t) => {
        const store = await storeOf(t, 10);
        const map = (document, emit) => {
            emit(document.n);
            return document.n === 6 ? offend(emit) : undefined;
        };
        store.setView('strict', { map });
        store.setView('lenient', { map, onError: 'skip' });
        const error = await refusal(store.queryView('strict'));
        assert.deepEqual(
            [error.name, error.code, error.viewId, error.key],
            ['ViewMapError', 'VIEW_MAP', 'strict', '6'],
        );
        assert.ok(error.cause instanceof Error);
        assert.deepEqual(keysOf(await store.queryView('lenient')), [0, 1, 2, 3, 4, 5, 7, 8, 9]);
        assert.equal(store.stats().views.lenient.skipped, 1);
        await store.deleteItem(6);
        for (const viewId of ['strict', 'lenient']) {
            assert.deepEqual(keysOf(await store.queryView(viewId)), [0, 1, 2, 3, 4, 5, 7, 8, 9]);
        }
        assert.equal(store.stats().views.lenient.skipped, 0);
    });
}

bothWays('several documents of a chunk whose rows cannot be stored are left out, each by itself', async (t) => {
    const store = await storeOf(t, 10);
    const tooDeep = OFFENCES['emits what is nested too deeply'];
    const map = (document, emit) => {
        emit(document.n);
        emit(-document.n - 1);
        if (document.n % 3 === 0) {
            tooDeep(emit);
        }
    };
    store.setView('view', { map, onError: 'skip' });
    assert.deepEqual(keysOf(await store.queryView('view', ALL)), [-9, -8, -6, -5, -3, -2, 1, 2, 4, 5, 7, 8]);
    assert.equal(store.stats().views.view.skipped, 4);
    store.setView('strict', { map });
    await assert.rejects(store.queryView('strict'), { code: 'VIEW_MAP', key: '0' });
});

bothWays('a map that keeps the document and changes it later changes nothing', async (t) => {
    const store = await storeOf(t, 5);
    const kept = [];
    store.setView('view', {
        map(document, emit) {
            for (const earlier of kept) {
                earlier.n = 'changed';
            }
            kept.push(document);
            emit(document.n, { document });
            document.n = 'changed at once';
        },
    });
    const { items } = await store.queryView('view', { includeDocuments: true });
    assert.deepEqual(
        items.map(({ key, value, document }) => [key, value.document.n, document.n]),
        [0, 1, 2, 3, 4].map((n) => [n, n, n]),
    );
    assert.deepEqual(
        (await store.getItems([0, 4])).map(({ n }) => n),
        [0, 4],
    );
});

bothWays('an emit that is kept is refused ever after, also while the map runs for another document', async (t) => {
    const store = await storeOf(t, 5);
    const kept = [];
    const refused = [];
    store.setView('view', {
        map(document, emit) {
            for (const earlier of kept) {
                try {
                    earlier('smuggled');
                } catch (error) {
                    refused.push(error.code);
                }
            }
            kept.push(emit);
            emit(document.n);
        },
    });
    store.setView('other', {
        map(_document, emit) {
            assert.throws(() => kept[0]('smuggled'), { code: 'ASSERTION' });
            emit('own');
        },
    });
    assert.deepEqual(keysOf(await store.queryView('view')), [0, 1, 2, 3, 4]);
    assert.deepEqual(keysOf(await store.queryView('other')), Array(5).fill('own'));
    assert.deepEqual(refused, Array(10).fill('ASSERTION'));
    for (const emit of kept) {
        assert.throws(() => emit('late'), { name: 'AssertionError', code: 'ASSERTION' });
    }
    assert.deepEqual(keysOf(await store.queryView('view')), [0, 1, 2, 3, 4]);
});

bothWays('what a map failed on does not hide what was mapped before, and is not mapped twice', async (t) => {
    const store = await storeOf(t, 20);
    const calls = [];
    store.setView('view', {
        map(document, emit) {
            calls.push(document.n);
            emit(document.n === 9 ? document.list.length : document.n);
        },
    });
    await assert.rejects(store.queryView('view'), { code: 'VIEW_MAP', key: '9' });
    assert.ok(calls.length > 10);
    await store.setItem(9, { n: 9, list: Array(100) });
    assert.equal((await store.queryView('view', ALL)).items.at(-1).key, 100);
    assert.equal(calls.length, 20 + 1);
});
