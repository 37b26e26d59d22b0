'use strict';

/** Writes to one key happen in the order of the calls, update functions lose nothing, locking queues wrap every write. */

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const path = require('node:path');
const { test } = require('node:test');
const { ConflictError, Datastore } = require('../index.js');
const { afterwards, gate, openStore, refusal, temporaryDirectory } = require('./support.js');

/** An update that appends to `document.log`, after an optional wait. */
function append(entry, until) {
    return async (document) => {
        await until;
        return { ...document, log: [...(document?.log ?? []), entry] };
    };
}

test('sets of one key happen in the order of the calls', async (t) => {
    const store = await openStore(t);
    const writes = Array.from({ length: 50 }, (_, n) => store.setItem('a', { n }));
    assert.deepEqual(
        await Promise.all(writes),
        Array.from({ length: 50 }, (_, n) => ({ _rev: n, n })),
    );
    assert.deepEqual(await store.getItem('a'), { _rev: 49, n: 49 });
});

test('sets, slow updates and deletes of one key happen in the order of the calls', async (t) => {
    const store = await openStore(t);
    const gates = [gate(), gate(), gate()];
    const settled = [];
    const note = (name, write) =>
        write.then((value) => {
            settled.push(name);
            return value;
        });
    const writes = [
        note('set', store.setItem('a', { log: ['set'] })),
        note('slow', store.updateItem('a', append('slow', gates[0].opened))),
        note('set again', store.setItem('a', { log: ['set again'] })),
        note('quick', store.updateItem('a', append('quick'))),
        note('slower', store.updateItem('a', append('slower', gates[1].opened))),
        note('delete', store.deleteItem('a')),
        note('new', store.updateItem('a', append('new', gates[2].opened))),
        note('last', store.setItem('a', { log: ['last'] })),
    ];
    gates[2].open();
    gates[1].open();
    await store.setItem('other', {});
    assert.deepEqual(settled, ['set']);
    assert.deepEqual(await store.getItem('a'), { _rev: 0, log: ['set'] });
    gates[0].open();
    assert.deepEqual(await Promise.all(writes), [
        { _rev: 0, log: ['set'] },
        { _rev: 1, log: ['set', 'slow'] },
        { _rev: 2, log: ['set again'] },
        { _rev: 3, log: ['set again', 'quick'] },
        { _rev: 4, log: ['set again', 'quick', 'slower'] },
        'a',
        { _rev: 0, log: ['new'] },
        { _rev: 1, log: ['last'] },
    ]);
    assert.deepEqual(settled, ['set', 'slow', 'set again', 'quick', 'slower', 'delete', 'new', 'last']);
});

test('writes called before the load happen in the order of the calls', async (t) => {
    const store = new Datastore({ directory: path.join(temporaryDirectory(t), 'data') });
    afterwards(t, () => store.close());
    let inner;
    const writes = [
        store.updateItem('b', () => {
            inner = store.setItem('a', { n: 2 });
            return {};
        }),
        store.setItem('a', { n: 0 }),
        store.updateItem('a', ({ n }) => ({ n: n + 1 })),
    ];
    await Promise.all(writes);
    assert.deepEqual(await inner, { _rev: 2, n: 2 });
});

test('other keys go on while an update of one takes its time', async (t) => {
    const store = await openStore(t);
    const { open, opened } = gate();
    const slow = store.updateItem('slow', append('slow', opened));
    const waiting = store.setItem('slow', { log: [] });
    await store.setItem('a', { n: 1 });
    await store.updateItem('b', append('b'));
    await store.deleteItem('a');
    assert.deepEqual((await store.queryKeys()).total, 1);
    assert.equal(await store.getItem('slow'), null);
    open();
    assert.deepEqual(await slow, { _rev: 0, log: ['slow'] });
    assert.deepEqual(await waiting, { _rev: 1, log: [] });
});

test('two hundred increments at once count to two hundred', async (t) => {
    const store = await openStore(t);
    const increment = (document) => ({ n: (document?.n ?? 0) + 1 });
    const later = async (document) => {
        await null;
        return increment(document);
    };
    await Promise.all(
        Array.from({ length: 200 }, (_, index) => store.updateItem('n', index % 2 === 0 ? increment : later)),
    );
    assert.deepEqual(await store.getItem('n'), { _rev: 199, n: 200 });
});

test('an update of nothing is given null', async (t) => {
    const store = await openStore(t);
    const given = [];
    const note = (document) => {
        given.push(document);
        return { made: true };
    };
    assert.deepEqual(await store.updateItem('a', note), { _rev: 0, made: true });
    await store.deleteItem('a');
    await store.updateItem('a', note);
    await store.updateItem('a', note);
    assert.deepEqual(given, [null, null, { _rev: 0, made: true }]);
});

test('what an update function is given is its own', async (t) => {
    const store = await openStore(t);
    await store.setItem('a', { list: [1] });
    const kept = [];
    const mutate = (document) => {
        kept.push(document);
        document.list.push('changed');
        throw new Error('after changing it');
    };
    await assert.rejects(store.updateItem('a', mutate));
    assert.deepEqual(await store.getItem('a'), { _rev: 0, list: [1] });
    await store.updateItem('a', (document) => document);
    kept[0].list.push('later');
    assert.deepEqual(await store.getItem('a'), { _rev: 1, list: [1] });
});

test('an update that throws passes the very error, changes nothing, and the next write works', async (t) => {
    const store = await openStore(t);
    await store.setItem('a', { n: 1 });
    for (const thrown of [new Error('mine'), 'text', null, undefined, { code: 'CONFLICT' }]) {
        const before = store.stats().sequence;
        const refused = await Promise.allSettled([
            store.updateItem('a', () => {
                throw thrown;
            }),
            store.updateItem('a', async () => {
                await null;
                throw thrown;
            }),
        ]);
        for (const { status, reason } of refused) {
            assert.equal(status, 'rejected');
            assert.equal(reason, thrown);
        }
        assert.equal(store.stats().sequence, before);
    }
    assert.deepEqual(await store.setItem('a', { n: 2 }), { _rev: 1, n: 2 });
});

test('an update that returns no document changes nothing, and the next write works', async (t) => {
    const store = await openStore(t);
    await store.setItem('a', { n: 1 });
    for (const returned of [undefined, null, 1, 'text', [], () => {}, new Map(), { n: 1n }, { _rev: -1 }]) {
        await assert.rejects(
            store.updateItem('a', () => returned),
            { code: 'ASSERTION' },
        );
    }
    assert.deepEqual(await store.updateItem('a', () => ({ n: 2 })), { _rev: 1, n: 2 });
});

test('a failing write does not hold up the ones after it', async (t) => {
    const store = await openStore(t);
    const outcomes = await Promise.allSettled([
        store.setItem('a', { n: 0 }),
        store.setItem('a', { _rev: 7 }),
        store.updateItem('a', () => {
            throw new Error('mine');
        }),
        store.deleteItem('a', { rev: 9 }),
        store.setItem('a', { n: 1 }),
        store.updateItem('a', ({ n }) => ({ n: n + 1 })),
    ]);
    assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled', 'fulfilled'],
    );
    assert.deepEqual(await store.getItem('a'), { _rev: 2, n: 2 });
});

/** Every way to write `a` of a datastore. */
const WRITES = {
    setItem: (store) => store.setItem('a', { n: 9 }),
    updateItem: (store) => store.updateItem('a', () => ({ n: 9 })),
    deleteItem: (store) => store.deleteItem('a'),
};

for (const [method, write] of Object.entries(WRITES)) {
    test(`${method} of its own key inside an update is refused, however deep inside`, async (t) => {
        const store = await openStore(t);
        await store.setItem('a', { n: 1 });
        const refused = [];
        const attempt = async () => {
            refused.push((await refusal(write(store))).code);
        };
        await store.updateItem('a', async (document) => {
            await attempt();
            await null;
            await attempt();
            await new Promise((resolve) => {
                setImmediate(() => resolve(attempt()));
            });
            await Promise.all([attempt(), store.getItem('a').then(attempt)]);
            await store.updateItem('b', async () => {
                await attempt();
                await null;
                await attempt();
                await store.updateItem('c', async () => {
                    await attempt();
                    return {};
                });
                return {};
            });
            await attempt();
            return document;
        });
        assert.deepEqual(refused, Array(9).fill('ASSERTION'));
        assert.deepEqual(await store.getItem('a'), { _rev: 1, n: 1 });
        await write(store);
    });

    test(`${method} of its own key works as a leftover of an update that has ended`, async (t) => {
        const store = await openStore(t);
        const { open, opened } = gate();
        let late;
        await store.updateItem('a', () => {
            late = opened.then(() => write(store));
            return { n: 1 };
        });
        open();
        await late;
        const expected = method === 'deleteItem' ? null : { _rev: 1, n: 9 };
        assert.deepEqual(await store.getItem('a'), expected);
    });
}

test('writes of other keys inside an update work', async (t) => {
    const store = await openStore(t);
    await store.setItem('c', {});
    await store.updateItem('a', async () => {
        await store.setItem('b', { n: 1 });
        await store.deleteItem('c');
        const { n } = await store.updateItem('d', async () => {
            await store.setItem('e', {});
            return { n: 5 };
        });
        return { n };
    });
    const { items } = await store.queryKeys({ includeDocuments: true });
    assert.deepEqual(
        items.map(({ key, document }) => [key, document.n]),
        [
            ['a', 5],
            ['b', 1],
            ['d', 5],
            ['e', undefined],
        ],
    );
});

test('the same key of another datastore can be written inside an update', async (t) => {
    const [store, other] = [await openStore(t), await openStore(t)];
    await store.updateItem('a', async () => {
        await other.updateItem('a', async () => {
            assert.equal((await refusal(store.setItem('a', {}))).code, 'ASSERTION');
            return {};
        });
        return {};
    });
    assert.deepEqual(await other.getItem('a'), { _rev: 0 });
});

test('an update that waited for another one still belongs to its own caller', async (t) => {
    const store = await openStore(t);
    const storage = new AsyncLocalStorage();
    const seen = [];
    const note = () => {
        seen.push(storage.getStore());
        return {};
    };
    await Promise.all(['first', 'second', 'third'].map((name) => storage.run(name, () => store.updateItem('a', note))));
    assert.deepEqual(seen, ['first', 'second', 'third']);
});

test('an update is not taken for a part of the one that it waited for', async (t) => {
    const store = await openStore(t);
    const [inside, outside] = [gate(), gate()];
    // `a` is written from inside an update of `b`; another update of `a` waits for that and then writes `b`.
    const outer = store.updateItem('b', async () => {
        const inner = store.updateItem('a', append('inner', inside.opened));
        outside.open();
        await inner;
        return { n: 1 };
    });
    await outside.opened;
    let write;
    const waiting = store.updateItem('a', (document) => {
        write = store.setItem('b', { n: 2 });
        return append('waiting')(document);
    });
    inside.open();
    assert.deepEqual((await waiting).log, ['inner', 'waiting']);
    await outer;
    assert.deepEqual(await write, { _rev: 1, n: 2 });
});

test('close inside an update is refused, and closes nothing', async (t) => {
    const store = await openStore(t);
    await store.updateItem('a', async () => {
        assert.equal((await refusal(store.close())).code, 'ASSERTION');
        return {};
    });
    assert.deepEqual(await store.getItem('a'), { _rev: 0 });
});

test('an update that lost to another writer runs again on the new document', async (t) => {
    const store = await openStore(t);
    await store.setItem('a', { n: 1, by: 'set' });
    const given = [];
    const updated = await store.updateItem('a', async (document) => {
        given.push(document);
        if (given.length === 1) {
            await store._db.setItem('a', { n: 10, _rev: 0 });
        } else if (given.length === 2) {
            await store._db.deleteItem('a');
        } else if (given.length === 3) {
            await store._db.setItem('a', { n: 20, _rev: 5 });
        }
        return { n: (document?.n ?? 0) + 1 };
    });
    assert.deepEqual(given, [{ _rev: 0, n: 1, by: 'set' }, { _rev: 0, n: 10 }, null, { _rev: 5, n: 20 }]);
    assert.deepEqual(updated, { _rev: 6, n: 21 });
});

test('a document that was deleted and made anew is another one, whatever its revision', async (t) => {
    const store = await openStore(t);
    await store.setItem('a', { by: 'first' });
    const given = [];
    await store.updateItem('a', async (document) => {
        given.push(document.by);
        if (given.length === 1) {
            await store._db.deleteItem('a');
            await store._db.setItem('a', { by: 'second' });
        }
        return document;
    });
    assert.deepEqual(given, ['first', 'second']);
});

/** An update function that always loses; counts its runs. */
function alwaysLosing(store) {
    const losing = async (document) => {
        losing.runs += 1;
        await store._db.setItem('a', { n: losing.runs, _rev: losing.runs });
        return { ...document };
    };
    losing.runs = 0;
    return losing;
}

test('an update gives up after so many retries, with a conflict', async (t) => {
    const store = await openStore(t, { retries: 3 });
    await store.setItem('a', { n: 0 });
    for (const [options, runs] of [
        [{ retries: 0 }, 1],
        [{ retries: 1 }, 2],
        [{ retries: 5 }, 6],
        [{}, 4],
        [undefined, 4],
        [{ checkConsistency: false, retries: 2 }, 3],
    ]) {
        const losing = alwaysLosing(store);
        const error = await refusal(store.updateItem('a', losing, options));
        assert.ok(error instanceof ConflictError);
        assert.deepEqual([error.code, error.key, error.actualRev], ['CONFLICT', 'a', runs]);
        assert.equal(losing.runs, runs);
        assert.deepEqual(await store.getItem('a'), { _rev: runs, n: runs });
    }
});

test('a hundred retries are the default', async (t) => {
    const store = await openStore(t);
    const losing = alwaysLosing(store);
    assert.equal((await refusal(store.updateItem('a', losing))).code, 'CONFLICT');
    assert.equal(losing.runs, 101);
});

test('an update that returns another revision than it was given is a conflict, and is not run again', async (t) => {
    const store = await openStore(t);
    await store.setItem('a', {});
    await store.setItem('a', {});
    for (const _rev of [0, 2, 7]) {
        let runs = 0;
        const stale = (document) => {
            runs += 1;
            return { ...document, _rev };
        };
        const error = await refusal(store.updateItem('a', stale));
        assert.deepEqual([error.code, error.key, error.expectedRev, error.actualRev], ['CONFLICT', 'a', _rev, 1]);
        assert.equal(runs, 1);
    }
    assert.deepEqual(await store.getItem('a'), { _rev: 1 });
    assert.equal((await store.updateItem('a', () => ({ _rev: 0 }), { checkConsistency: false }))._rev, 2);
    assert.equal((await store.updateItem('a', () => ({})))._rev, 3);
    assert.equal((await store.updateItem('new', () => ({ _rev: 7 })))._rev, 0);
});

test('requireRev checks what an update returns against what it was given', async (t) => {
    const store = await openStore(t, { requireRev: true });
    assert.equal((await store.setItem('a', { n: 1 }))._rev, 0);
    assert.equal((await store.updateItem('a', (document) => ({ ...document, n: 2 })))._rev, 1);
    assert.equal((await refusal(store.updateItem('a', () => ({ n: 3, _rev: 0 })))).code, 'CONFLICT');
    assert.equal((await refusal(store.updateItem('a', () => ({ n: 3 })))).code, 'CONFLICT');
    assert.deepEqual(await store.getItem('a'), { _rev: 1, n: 2 });
});

/** A locking queue that notes what happens, and refuses where it is told to. */
function notingQueue() {
    const events = [];
    return {
        events,
        refusing: null,
        async getLock(key) {
            await null;
            if (this.refusing !== null) {
                throw this.refusing;
            }
            events.push(`get ${key}`);
        },
        releaseLock(key) {
            events.push(`release ${key}`);
        },
    };
}

test('a custom queue wraps every write of a key, with its lock released before the next one gets it', async (t) => {
    const lockingQueue = notingQueue();
    const store = await openStore(t, { lockingQueue });
    const { events } = lockingQueue;
    const writes = [
        ['a', () => store.setItem('a', {})],
        ['a', () => store.updateItem('a', (document) => document)],
        ['a', () => store.deleteItem('a')],
        ['7', () => store.setItem(7, {})],
    ];
    for (const [key, write] of writes) {
        await write();
        assert.deepEqual(events.splice(0), [`get ${key}`, `release ${key}`]);
    }
    await Promise.all([store.setItem('a', {}), store.updateItem('a', () => ({})), store.deleteItem('a')]);
    assert.deepEqual(events.splice(0), ['get a', 'release a', 'get a', 'release a', 'get a', 'release a']);
    await store.getItem('a');
    await store.queryKeys();
    assert.deepEqual(events, []);
});

test('a custom queue holds the lock of an update while its function runs', async (t) => {
    const lockingQueue = notingQueue();
    const store = await openStore(t, { lockingQueue });
    await store.updateItem('a', async () => {
        lockingQueue.events.push('function');
        await store.setItem('b', {});
        return {};
    });
    assert.deepEqual(lockingQueue.events, ['get a', 'function', 'get b', 'release b', 'release a']);
});

test('a custom queue gets its lock back from writes that fail', async (t) => {
    const lockingQueue = notingQueue();
    const store = await openStore(t, { lockingQueue });
    await store.setItem('a', {});
    lockingQueue.events.splice(0);
    const thrown = new Error('mine');
    const failures = [
        [() => store.setItem('a', { _rev: 9 }), 'CONFLICT'],
        [() => store.deleteItem('a', { rev: 9 }), 'CONFLICT'],
        [() => store.setItem('a', { _rev: -1 }), 'ASSERTION'],
        [() => store.updateItem('a', () => 1), 'ASSERTION'],
    ];
    for (const [write, code] of failures) {
        assert.equal((await refusal(write())).code, code);
        assert.deepEqual(lockingQueue.events.splice(0), ['get a', 'release a']);
    }
    const error = await refusal(
        store.updateItem('a', () => {
            throw thrown;
        }),
    );
    assert.equal(error, thrown);
    assert.deepEqual(lockingQueue.events.splice(0), ['get a', 'release a']);
});

test('a write whose lock is refused passes the error, writes nothing and releases nothing', async (t) => {
    const lockingQueue = notingQueue();
    const store = await openStore(t, { lockingQueue });
    lockingQueue.refusing = new Error('no lock');
    let called = false;
    const update = () => {
        called = true;
        return {};
    };
    for (const write of [
        () => store.setItem('a', {}),
        () => store.updateItem('a', update),
        () => store.deleteItem('a'),
    ]) {
        assert.equal(await refusal(write()), lockingQueue.refusing);
    }
    assert.deepEqual([lockingQueue.events, called], [[], false]);
    assert.equal(await store.getItem('a'), null);
    lockingQueue.refusing = null;
    assert.deepEqual(await store.setItem('a', {}), { _rev: 0 });
});

test('a release that takes its time is waited for, and what it throws is told', async (t) => {
    const { open, opened } = gate();
    const events = [];
    const lockingQueue = {
        getLock: () => events.push('get'),
        releaseLock: () => opened.then(() => events.push('released')),
    };
    const store = await openStore(t, { lockingQueue });
    const writes = Promise.all([store.setItem('a', {}), store.setItem('a', {})]);
    await store._db.setItem('b', {});
    assert.deepEqual(events, ['get']);
    open();
    await writes;
    assert.deepEqual(events, ['get', 'released', 'get', 'released']);
    const thrown = new Error('cannot release');
    lockingQueue.releaseLock = async () => {
        throw thrown;
    };
    assert.equal(await refusal(store.setItem('a', {})), thrown);
});

/** The shape of the original's queue: one lock for all keys, given on in the order in which it was asked for. */
class OneLock {
    #isLocked = false;
    #waiting = [];

    getLock() {
        if (!this.#isLocked) {
            this.#isLocked = true;
            return Promise.resolve(true);
        }
        return new Promise((resolve) => {
            this.#waiting.push(resolve);
        });
    }

    releaseLock() {
        const next = this.#waiting.shift();
        if (next === undefined) {
            this.#isLocked = false;
        } else {
            queueMicrotask(next);
        }
        return true;
    }

    get isFree() {
        return !this.#isLocked && this.#waiting.length === 0;
    }
}

test("a queue of the original's shape works: one lock for all writes", async (t) => {
    const lockingQueue = new OneLock();
    const store = await openStore(t, { lockingQueue });
    let inside = 0;
    const alone = async (document) => {
        inside += 1;
        assert.equal(inside, 1);
        await null;
        inside -= 1;
        return { n: (document?.n ?? 0) + 1 };
    };
    await Promise.allSettled([
        ...Array.from({ length: 60 }, (_, index) => store.updateItem(`key ${index % 3}`, alone)),
        store.updateItem('throws', () => {
            throw new Error('mine');
        }),
        store.setItem('set', {}),
        store.deleteItem('set'),
    ]);
    const counters = await store.getItems(['key 0', 'key 1', 'key 2', 'set', 'throws']);
    assert.deepEqual(counters, [{ _rev: 19, n: 20 }, { _rev: 19, n: 20 }, { _rev: 19, n: 20 }, null, null]);
    assert.ok(lockingQueue.isFree);
});

test('the methods of a queue are called on it, before the load as well', async (t) => {
    const lockingQueue = new OneLock();
    const store = new Datastore({ directory: path.join(temporaryDirectory(t), 'data'), lockingQueue });
    afterwards(t, () => store.close());
    await Promise.all([store.setItem('a', {}), store.setItem('a', {})]);
    assert.deepEqual(await store.getItem('a'), { _rev: 1 });
    assert.ok(lockingQueue.isFree);
});

test('writers that answer each answer with the next write leave the event loop its turns', async (t) => {
    const store = await openStore(t, { directory: undefined, durability: 'none' });
    const batch = Array.from({ length: 200 }, (_, n) => [`key ${n}`, { n, text: 'x'.repeat(200) }]);
    let [turn, left, ended] = [0, 400, false];
    const answers = new Map();
    const count = () => {
        turn += 1;
        if (!ended) {
            setImmediate(count);
        }
    };
    setImmediate(count);
    const write = async () => {
        while (left > 0) {
            left -= 1;
            await store.setItems(batch);
            answers.set(turn, (answers.get(turn) ?? 0) + 1);
        }
    };
    await Promise.all([write(), write(), write(), write()]);
    ended = true;
    // One in a turn; counted before that of one turn and after that of the next it looks like two.
    assert.ok(Math.max(...answers.values()) <= 2, `${Math.max(...answers.values())} in a turn`);
});
