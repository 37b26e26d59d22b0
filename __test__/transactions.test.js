'use strict';

/** Transactions: one moment to read from, all or nothing to write, and serialisable. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Datastore } = require('../index.js');
const { LEVELS, afterwards, gate, openStore, refusal } = require('./support.js');

/** A test per level of durability. */
function atLevels(claim, check) {
    for (const durability of LEVELS) {
        test(`at '${durability}': ${claim}`, async (t) => check(await openStore(t, { durability }), t));
    }
}

/** A transaction whose function changes the store from outside, `times` times, before it ends. Tells the runs. */
async function disturbed(store, { times = 1, retries, read, write = (tx) => tx.setItem('result', {}), disturb }) {
    let runs = 0;
    const settled = await store
        .transaction(
            async (tx) => {
                runs += 1;
                await read(tx);
                if (runs <= times) {
                    await disturb(runs);
                }
                await write(tx);
            },
            { retries },
        )
        .then(
            () => 'committed',
            (error) => error,
        );
    return { runs, settled };
}

async function keysOf(store) {
    return (await store.queryKeys({ limit: Infinity })).items.map(({ key }) => key);
}

atLevels('a transaction resolves to what its function returned, when its writes are stored', async (store) => {
    await store.setItem('b', { n: 1 });
    const returned = await store.transaction(async (tx) => {
        await tx.setItem('a', { n: 1 });
        await tx.deleteItem('b');
        assert.deepEqual(await keysOf(store), ['b']);
        return { any: 'thing' };
    });
    assert.deepEqual(returned, { any: 'thing' });
    assert.deepEqual(await store.getItems(['a', 'b']), [{ _rev: 0, n: 1 }, null]);
    assert.equal(await store.transaction(() => 'synchronous'), 'synchronous');
    assert.equal(await store.transaction(() => {}), undefined);
});

atLevels('a transaction reads one moment while writes go on', async (store) => {
    await store.setItems([
        ['a', { n: 1 }],
        ['b', { n: 1 }],
    ]);
    await store.transaction(async (tx) => {
        assert.deepEqual(await tx.getItem('a'), { _rev: 0, n: 1 });
        await store.setItems([
            ['a', { n: 2 }],
            ['b', { n: 2 }],
            ['c', { n: 2 }],
        ]);
        assert.deepEqual(await store.getItem('b'), { _rev: 1, n: 2 });
        assert.deepEqual(await tx.getItem('b'), { _rev: 0, n: 1 });
        assert.equal(await tx.getItem('c'), null);
        const { items, total } = await tx.queryKeys({ includeDocuments: true });
        assert.deepEqual(
            items.map(({ key, document }) => [key, document.n]),
            [
                ['a', 1],
                ['b', 1],
            ],
        );
        assert.equal(total, 2);
    });
});

atLevels('a transaction sees its own writes, and nobody else does before the commit', async (store) => {
    await store.setItems([
        ['a', { n: 1 }],
        ['b', { n: 1 }],
        ['d', { n: 1 }],
    ]);
    await store.transaction(async (tx) => {
        assert.deepEqual(await tx.setItem('b', { n: 2 }), { _rev: 1, n: 2 });
        assert.deepEqual(await tx.setItem('c', { n: 2 }), { _rev: 0, n: 2 });
        assert.equal(await tx.deleteItem('d'), 'd');
        assert.equal(await tx.deleteItem(7), 7);
        assert.deepEqual(await tx.getItem('b'), { _rev: 1, n: 2 });
        assert.equal(await tx.getItem('d'), null);
        const range = { descending: true, limit: 2, includeDocuments: true };
        const { cursor, ...page } = await tx.queryKeys({ ...range, offset: 0 });
        assert.deepEqual((await tx.queryKeys({ ...range, cursor })).items.length, 1);
        assert.deepEqual(page, {
            items: [
                { key: 'c', documentKey: 'c', document: { _rev: 0, n: 2 } },
                { key: 'b', documentKey: 'b', document: { _rev: 1, n: 2 } },
            ],
            exclusiveEndIndex: 2,
            total: 3,
        });
        assert.deepEqual(await keysOf(store), ['a', 'b', 'd']);
    });
    assert.deepEqual(await keysOf(store), ['a', 'b', 'c']);
    assert.deepEqual(await store.getItem('b'), { _rev: 1, n: 2 });
});

atLevels("a document's revision rises by one a transaction, however often it is set in it", async (store) => {
    await store.setItem('a', {});
    await store.transaction(async (tx) => {
        const first = await tx.setItem('a', { n: 1 });
        assert.deepEqual(await tx.setItem('a', { ...first, n: 2 }), { _rev: 1, n: 2 });
    });
    assert.deepEqual(await store.getItem('a'), { _rev: 1, n: 2 });
    await store.transaction(async (tx) => {
        await tx.deleteItem('a');
        assert.deepEqual(await tx.setItem('a', { n: 3 }), { _rev: 0, n: 3 });
    });
    assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 3 });
});

atLevels('what a transaction hands out is its own', async (store) => {
    await store.setItem('a', { list: [1] });
    await store.transaction(async (tx) => {
        const found = await tx.getItem('a');
        found.list.push(2);
        const given = { list: [3] };
        const made = await tx.setItem('b', given);
        given.list.push(4);
        made.list.push(5);
    });
    assert.deepEqual(await store.getItems(['a', 'b']), [
        { _rev: 0, list: [1] },
        { _rev: 0, list: [3] },
    ]);
});

atLevels('a throw rolls back and passes unchanged, and the function is not run again', async (store) => {
    await store.setItem('a', {});
    const thrown = new Error('mine');
    for (const fail of [
        async (tx) => {
            await tx.setItem('a', { n: 1 });
            await tx.setItem('b', {});
            throw thrown;
        },
        () => {
            throw thrown;
        },
    ]) {
        assert.equal(await refusal(store.transaction(fail)), thrown);
    }
    assert.deepEqual(await keysOf(store), ['a']);
    assert.deepEqual(await store.getItem('a'), { _rev: 0 });
    assert.equal(store.stats().sequence, 1);
});

atLevels('what was read and has changed meanwhile makes the function run again', async (store) => {
    await store.setItem('n', { n: 1 });
    const seen = [];
    const { runs, settled } = await disturbed(store, {
        times: 2,
        read: async (tx) => seen.push((await tx.getItem('n')).n),
        disturb: (run) => store.setItem('n', { n: run + 1 }),
    });
    assert.deepEqual([runs, settled, seen], [3, 'committed', [1, 2, 3]]);
});

atLevels('a document that was missing, deleted or made anew meanwhile has changed', async (store) => {
    const disturbances = {
        missing: () => store.setItem('missing', {}),
        deleted: () => store.deleteItem('deleted'),
        anew: async () => {
            await store.deleteItem('anew');
            await store.setItem('anew', {});
        },
    };
    await store.setItems([
        ['deleted', {}],
        ['anew', {}],
    ]);
    for (const [key, disturb] of Object.entries(disturbances)) {
        const { runs } = await disturbed(store, { read: (tx) => tx.getItem(key), disturb });
        assert.equal(runs, 2, key);
    }
});

atLevels('a document that was only written in the transaction counts as read', async (store) => {
    const { runs } = await disturbed(store, {
        read: (tx) => tx.setItem('a', { by: 'transaction' }),
        disturb: () => store.setItem('a', { by: 'other' }),
    });
    assert.equal(runs, 2);
    assert.deepEqual(await store.getItem('a'), { _rev: 1, by: 'transaction' });
});

atLevels('three retries are the default; then it is a conflict, and nothing is stored', async (store) => {
    await store.setItem('n', {});
    const options = { times: Infinity, read: (tx) => tx.getItem('n'), disturb: () => store.setItem('n', {}) };
    for (const [retries, expected] of [
        [undefined, 4],
        [0, 1],
        [1, 2],
        [6, 7],
    ]) {
        const { runs, settled } = await disturbed(store, { ...options, retries });
        assert.equal(runs, expected);
        assert.deepEqual([settled.name, settled.code, settled.key], ['ConflictError', 'CONFLICT', 'n']);
    }
    assert.deepEqual(await keysOf(store), ['n']);
});

atLevels('what was not read may change', async (store) => {
    await store.setItems([
        ['a', {}],
        ['b', {}],
    ]);
    const { runs } = await disturbed(store, {
        read: (tx) => tx.getItem('a'),
        disturb: () => store.setItem('b', {}),
    });
    assert.equal(runs, 1);
});

atLevels('a transaction that only reads is never in conflict', async (store) => {
    await store.setItem('a', { n: 1 });
    let runs = 0;
    const read = await store.transaction(async (tx) => {
        runs += 1;
        const before = await tx.getItem('a');
        await store.setItem('a', { n: 2 });
        return [before.n, (await tx.queryKeys({ includeDocuments: true })).items[0].document.n];
    });
    assert.deepEqual([runs, read], [1, [1, 1]]);
});

const PHANTOMS = {
    'a document that entered': (store) => store.setItem('user:25', {}),
    'a document that left': (store) => store.deleteItem('user:20'),
    'one that entered for one that left': async (store) => {
        await store.deleteItem('user:20');
        await store.setItem('user:21', {});
    },
};

for (const [what, disturb] of Object.entries(PHANTOMS)) {
    atLevels(`${what} a counted range is a conflict`, async (store) => {
        await store.setItems([10, 20, 30].map((n) => [`user:${n}`, {}]));
        const read = (tx) => tx.queryKeys({ prefix: 'user:', limit: 1 });
        const { runs } = await disturbed(store, { read, disturb: () => disturb(store) });
        assert.equal(runs, 2);
    });
}

atLevels('documents outside of a counted range may come and go', async (store) => {
    await store.setItems([10, 20, 30].map((n) => [`user:${n}`, {}]));
    const read = (tx) => tx.queryKeys({ prefix: 'user:' });
    const disturb = () => store.batch([{ type: 'set', key: 'role:1', document: {} }]);
    assert.equal((await disturbed(store, { read, disturb })).runs, 1);
});

atLevels('documents of a range may change, unless the page held them', async (store) => {
    await store.setItems([10, 20, 30].map((n) => [`user:${n}`, {}]));
    for (const [includeDocuments, runs] of [
        [false, 1],
        [true, 2],
    ]) {
        const read = (tx) => tx.queryKeys({ prefix: 'user:', includeDocuments });
        const disturb = () => store.setItem('user:20', {});
        assert.equal((await disturbed(store, { read, disturb })).runs, runs);
    }
});

atLevels('total: false tells no total, and guards the range up to the last item only', async (store) => {
    await store.setItems([10, 20, 30, 40].map((n) => [`user:${n}`, {}]));
    const read = async (tx) => {
        const page = await tx.queryKeys({ prefix: 'user:', limit: 2, total: false });
        assert.deepEqual(Object.keys(page).sort(), ['cursor', 'exclusiveEndIndex', 'items']);
    };
    for (const [key, runs] of [
        ['user:35', 1],
        ['user:15', 2],
        ['user:05', 2],
    ]) {
        assert.equal((await disturbed(store, { read, disturb: () => store.setItem(key, {}) })).runs, runs, key);
    }
    const { cursor } = await store.queryKeys({ prefix: 'user:', limit: 2 });
    const readOn = async (tx) => {
        const page = await tx.queryKeys({ prefix: 'user:', limit: 1, total: false, cursor });
        assert.deepEqual(Object.keys(page).sort(), ['cursor', 'items']);
        assert.deepEqual(page.items, [{ key: 'user:15', documentKey: 'user:15' }]);
    };
    for (const [key, runs] of [
        ['user:12', 2],
        ['user:07', 1],
        ['user:36', 1],
    ]) {
        assert.equal((await disturbed(store, { read: readOn, disturb: () => store.setItem(key, {}) })).runs, runs, key);
    }
    const readAll = (tx) => tx.queryKeys({ prefix: 'user:', limit: 100, total: false });
    assert.equal((await disturbed(store, { read: readAll, disturb: () => store.setItem('user:99', {}) })).runs, 2);
});

atLevels('of two transactions that each rely on what the other writes, one runs again', async (store) => {
    await store.setItems([
        ['doctor:a', { onCall: true }],
        ['doctor:b', { onCall: true }],
    ]);
    const bothRead = [gate(), gate()];
    let runs = 0;
    const leave = (own, index) =>
        store.transaction(async (tx) => {
            runs += 1;
            const { items } = await tx.queryKeys({ prefix: 'doctor:', includeDocuments: true });
            bothRead[index].open();
            await Promise.all(bothRead.map(({ opened }) => opened));
            if (items.filter(({ document }) => document.onCall).length > 1) {
                await tx.setItem(own, { onCall: false });
            }
        });
    await Promise.all([leave('doctor:a', 0), leave('doctor:b', 1)]);
    const doctors = await store.getItems(['doctor:a', 'doctor:b']);
    assert.deepEqual([runs, doctors.filter(({ onCall }) => onCall).length], [3, 1]);
});

atLevels('fifty counters at once count to fifty', async (store) => {
    const increment = async (tx) => {
        const { n } = (await tx.getItem('counter')) ?? { n: 0 };
        await tx.setItem('counter', { n: n + 1 });
        await tx.setItem(`count ${n}`, {});
    };
    await Promise.all(Array.from({ length: 50 }, () => store.transaction(increment, { retries: 50 })));
    assert.deepEqual(await store.getItem('counter'), { _rev: 49, n: 50 });
    assert.equal((await store.queryKeys()).total, 51);
});

atLevels('transactions, updates, sets and batches of one key together lose nothing', async (store) => {
    const add = (found) => ({ n: (found?.n ?? 0) + 1 });
    const writes = Array.from({ length: 40 }, (_, turn) => [
        store.updateItem('n', add),
        store.transaction(async (tx) => tx.setItem('n', add(await tx.getItem('n'))), { retries: 200 }),
        store.setItems([
            [`a ${turn}`, {}],
            [`b ${turn}`, {}],
        ]),
    ]);
    await Promise.all(writes.flat());
    assert.equal((await store.getItem('n')).n, 80);
    assert.equal((await store.queryKeys()).total, 81);
});

atLevels('a stale _rev inside a transaction is a conflict at once, for the function to deal with', async (store) => {
    await store.setItem('a', {});
    let runs = 0;
    const error = await refusal(
        store.transaction(async (tx) => {
            runs += 1;
            await tx.setItem('a', { _rev: 5 });
        }),
    );
    assert.deepEqual([runs, error.code, error.key, error.expectedRev, error.actualRev], [1, 'CONFLICT', 'a', 5, 0]);
    await store.transaction(async (tx) => {
        await assert.rejects(tx.setItem('a', { _rev: 5 }), { code: 'CONFLICT' });
        await assert.rejects(tx.deleteItem('a', { rev: 5 }), { code: 'CONFLICT' });
        await assert.rejects(tx.deleteItem('none', { rev: 5 }), { code: 'CONFLICT', actualRev: null });
        await tx.setItem('a', { _rev: 5, n: 1 }, { checkConsistency: false });
        await tx.setItem('b', { _rev: 5 });
        await tx.deleteItem('b', { rev: 0 });
    });
    assert.deepEqual([await store.getItem('a'), await store.getItem('b')], [{ _rev: 1, n: 1 }, null]);
});

for (const durability of LEVELS) {
    test(`at '${durability}': requireRev holds inside a transaction`, async (t) => {
        const store = await openStore(t, { durability, requireRev: true });
        await store.transaction(async (tx) => {
            const made = await tx.setItem('a', {});
            await assert.rejects(tx.setItem('a', {}), { code: 'CONFLICT' });
            await assert.rejects(tx.deleteItem('a'), { code: 'CONFLICT' });
            await tx.setItem('a', { ...made, n: 1 });
            await tx.setItem('b', {});
            await tx.deleteItem('b', { rev: 0 });
        });
        assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
    });
}

atLevels('a required document that is missing is a NotFoundError', async (store) => {
    const error = await refusal(store.transaction((tx) => tx.getItem('none', { required: true })));
    assert.deepEqual([error.name, error.code, error.key], ['NotFoundError', 'NOT_FOUND', 'none']);
});

const METHODS = {
    getItem: (tx) => tx.getItem('a'),
    setItem: (tx) => tx.setItem('a', {}),
    deleteItem: (tx) => tx.deleteItem('a'),
    queryKeys: (tx) => tx.queryKeys(),
};

for (const [method, call] of Object.entries(METHODS)) {
    atLevels(`${method} of a transaction that is over is refused, however it ended`, async (store) => {
        const kept = [];
        await store.transaction((tx) => {
            kept.push(tx);
        });
        await refusal(
            store.transaction((tx) => {
                kept.push(tx);
                throw new Error('rolled back');
            }),
        );
        await disturbed(store, {
            read: (tx) => {
                kept.push(tx);
                return tx.getItem('a');
            },
            disturb: async () => {
                await store.setItem('a', { n: 1 });
            },
        });
        assert.equal(kept.length, 4);
        for (const tx of kept) {
            await assert.rejects(call(tx), { name: 'AssertionError', code: 'ASSERTION', message: /is over/ });
        }
        assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
    });
}

test('a transaction is over from the moment in which its function settles', async (t) => {
    const store = await openStore(t, { durability: 'none' });
    let late;
    await store.transaction((tx) => {
        // After the function, before the commit.
        late = refusal(
            Promise.resolve()
                .then(() => {})
                .then(() => tx.setItem('late', {})),
        );
    });
    assert.equal((await late).code, 'ASSERTION');
    assert.equal(await store.getItem('late'), null);
});

test('the methods of a transaction all answer with promises, and are all there is to it', async (t) => {
    const store = await openStore(t, { durability: 'none' });
    await store.transaction(async (tx) => {
        const members = Reflect.ownKeys(Object.getPrototypeOf(tx)).filter((name) => name !== 'constructor');
        assert.deepEqual(members.sort(), Object.keys(METHODS).sort());
        assert.deepEqual(Reflect.ownKeys(tx), []);
        for (const call of Object.values(METHODS)) {
            const answer = call(tx);
            assert.ok(answer instanceof Promise);
            await answer;
        }
    });
});

const NO_OPTIONS = [null, 1, 'x', [], new Map(), { unknown: 1 }];
const WRONG = {
    getItem: [(tx, options) => tx.getItem('a', options), [...NO_OPTIONS, { required: 1 }], (tx) => tx.getItem('')],
    setItem: [
        (tx, options) => tx.setItem('a', {}, options),
        [...NO_OPTIONS, { checkConsistency: 1 }, { durability: 'full' }],
        (tx) => tx.setItem('a', []),
    ],
    deleteItem: [
        (tx, options) => tx.deleteItem('a', options),
        [...NO_OPTIONS, { rev: -1 }],
        (tx) => tx.deleteItem(null),
    ],
    queryKeys: [
        (tx, options) => tx.queryKeys(options),
        [...NO_OPTIONS, { total: 1 }, { limit: 0 }, { prefix: 'a', key: 'a' }],
        (tx) => tx.queryKeys({ startKey: null }),
    ],
};

for (const [method, [call, wrong, alsoWrong]] of Object.entries(WRONG)) {
    test(`${method} of a transaction refuses what is wrong, and changes nothing`, async (t) => {
        const store = await openStore(t, { durability: 'none' });
        await store.transaction(async (tx) => {
            for (const options of wrong) {
                await assert.rejects(call(tx, options), { code: 'ASSERTION' }, JSON.stringify(options));
            }
            await assert.rejects(alsoWrong(tx), { code: 'ASSERTION' });
        });
        assert.equal(store.stats().sequence, 0);
    });
}

test('total belongs to the queries of a transaction alone', async (t) => {
    const store = await openStore(t, { durability: 'none' });
    await assert.rejects(store.queryKeys({ total: false }), { code: 'ASSERTION' });
});

atLevels("a write of the datastore's own inside a transaction is independent of it", async (store) => {
    await refusal(
        store.transaction(async (tx) => {
            await tx.setItem('inside', {});
            await store.setItem('independent', {});
            throw new Error('rolled back');
        }),
    );
    assert.deepEqual(await keysOf(store), ['independent']);
});

atLevels('a transaction inside another one is independent of it', async (store) => {
    await store.transaction(async (outer) => {
        await outer.setItem('outer', {});
        await store.transaction(async (inner) => {
            assert.equal(await inner.getItem('outer'), null);
            await inner.setItem('inner', {});
        });
        assert.deepEqual(await keysOf(store), ['inner']);
    });
    assert.deepEqual(await keysOf(store), ['inner', 'outer']);
});

atLevels('the conflict of another transaction inside is a throw like any other', async (store) => {
    await store.setItem('n', {});
    let outerRuns = 0;
    const error = await refusal(
        store.transaction(async () => {
            outerRuns += 1;
            await store.transaction(
                async (inner) => {
                    await inner.getItem('n');
                    await store.setItem('n', {});
                    await inner.setItem('m', {});
                },
                { retries: 0 },
            );
        }),
    );
    assert.deepEqual([outerRuns, error.code], [1, 'CONFLICT']);
});

atLevels('a transaction inside an update writes other keys, but not that one', async (store) => {
    await store.setItem('own', {});
    const updated = await store.updateItem('own', async () => {
        let runs = 0;
        const write = (...keys) =>
            store.transaction(async (tx) => {
                runs += 1;
                for (const key of keys) {
                    await tx.setItem(key, {});
                }
                await tx.getItem('own');
            });
        await write('other');
        const error = await refusal(write('another', 'own'));
        assert.deepEqual([error.code, error.key, runs], ['ASSERTION', 'own', 2]);
        const deletion = await refusal(store.transaction((tx) => tx.deleteItem('own')));
        assert.deepEqual([deletion.code, deletion.key], ['ASSERTION', 'own']);
        await store.updateItem('nested', async () => {
            assert.equal((await refusal(write('own'))).code, 'ASSERTION');
            return {};
        });
        return {};
    });
    assert.deepEqual(updated, { _rev: 1 });
    assert.deepEqual(await keysOf(store), ['nested', 'other', 'own']);
});

atLevels('a write of an own key from a transaction inside an update is refused', async (store) => {
    await store.updateItem('own', async () => {
        await store.transaction(async () => {
            await assert.rejects(store.setItem('own', {}), { code: 'ASSERTION', key: 'own' });
            await assert.rejects(store.setItems([['own', {}]]), { code: 'ASSERTION', key: 'own' });
        });
        return {};
    });
});

atLevels('an update that lost to a transaction runs again', async (store) => {
    let runs = 0;
    const begun = gate();
    const committed = gate();
    const update = store.updateItem('a', async (found) => {
        runs += 1;
        begun.open();
        await committed.opened;
        return { n: (found?.n ?? 0) + 1 };
    });
    await begun.opened;
    // It holds no lock and waits for none.
    await store.transaction((tx) => tx.setItem('a', { n: 10 }));
    committed.open();
    assert.deepEqual([await update, runs], [{ _rev: 1, n: 11 }, 2]);
});

test('a transaction before the load starts the load and waits for it', async (t) => {
    const store = new Datastore({ durability: 'none' });
    afterwards(t, () => store.close());
    const results = await Promise.all([
        store.setItem('a', { n: 1 }),
        store.transaction(async (tx) => (await tx.getItem('a')) ?? 'nothing yet'),
    ]);
    assert.equal(results.length, 2);
    assert.deepEqual(await store.getItem('a'), { _rev: 0, n: 1 });
});

atLevels('close waits for a transaction, and lets it read, write and run again', async (store) => {
    await store.setItem('n', { n: 0 });
    const begun = gate();
    const go = gate();
    let runs = 0;
    const transaction = store.transaction(async (tx) => {
        runs += 1;
        begun.open();
        await go.opened;
        const { n } = await tx.getItem('n');
        if (runs === 1) {
            await store.setItem('n', { n: 1 });
        }
        return tx.setItem('result', { n });
    });
    await begun.opened;
    let isClosed = false;
    const closed = store.close().then(() => {
        isClosed = true;
    });
    await assert.rejects(
        store.transaction(() => {}),
        { code: 'CLOSED' },
    );
    assert.equal(isClosed, false);
    go.open();
    assert.deepEqual(await transaction, { _rev: 0, n: 1 });
    assert.equal(runs, 2);
    await closed;
});

atLevels('close inside a transaction is refused, and closes nothing', async (store) => {
    await store.transaction(async (tx) => {
        await assert.rejects(store.close(), { code: 'ASSERTION' });
        await tx.setItem('a', {});
    });
    assert.deepEqual(await store.getItem('a'), { _rev: 0 });
});

atLevels('a transaction whose engine is closed meanwhile is refused', async (store) => {
    const error = await refusal(
        store.transaction(async (tx) => {
            await tx.setItem('a', {});
            await store._db.close();
        }),
    );
    assert.equal(error.code, 'CLOSED');
    await assert.rejects(
        store.transaction(() => {}),
        { code: 'CLOSED' },
    );
});

atLevels("a conflict's stack tells who called the transaction", async (store) => {
    async function whoCalls() {
        await store.transaction(
            async (tx) => {
                await tx.getItem('n');
                await store.setItem('n', {});
                await tx.setItem('m', {});
            },
            { retries: 0 },
        );
    }
    const error = await refusal(whoCalls());
    assert.ok(error.stack.includes('whoCalls'), error.stack);
});
