'use strict';

/** Migrations: every document from one version to the next, in batches. Killed in the middle: `migration-crash.test.js`. */

const assert = require('node:assert/strict');
const { AsyncResource } = require('node:async_hooks');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Datastore, DatastoreError, MigrationError } = require('../index.js');
const { LEVELS, gate, openStore, readJson, refusal, temporaryDirectory } = require('./support.js');

const SCHEMA_KEY = 'kixx-datastore:migrations';

/** A migration that adds a member. */
function adds(version) {
    return { version, up: (document) => ({ ...document, [`v${version}`]: true }) };
}

/** Where stores are that are opened again. */
const directories = new WeakMap();

/** A store with documents `k00`, `k01`, ... of `{ n }`. */
async function storeOf(t, count, options = { durability: 'none' }) {
    const directory = path.join(temporaryDirectory(t), 'data');
    const store = await openStore(t, { directory, ...options });
    directories.set(store, directory);
    const key = (n) => `k${String(n).padStart(2, '0')}`;
    await store.setItems(Array.from({ length: count }, (_, n) => [key(n), { n }]));
    return store;
}

async function documentsOf(store) {
    const { items } = await store.queryKeys({ includeDocuments: true, limit: Infinity });
    return Object.fromEntries(
        items.filter(({ key }) => key !== SCHEMA_KEY).map(({ key, document }) => [key, document]),
    );
}

async function versionOf(store) {
    return (await store.getItem(SCHEMA_KEY))[SCHEMA_KEY];
}

for (const durability of LEVELS) {
    test(`a migration returns the new document, undefined to leave it or null to delete it (${durability})`, async (t) => {
        const store = await storeOf(t, 5, { durability });
        const seen = [];
        const up = async (document, key, context) => {
            seen.push([key, document, context]);
            if (document.n === 1) {
                return undefined;
            }
            return document.n === 3 ? null : { n: document.n * 10 };
        };
        const report = await store.migrate([{ version: 4, up }], { batchSize: 2 });
        assert.deepEqual(await documentsOf(store), {
            k00: { _rev: 1, n: 0 },
            k01: { _rev: 0, n: 1 },
            k02: { _rev: 1, n: 20 },
            k04: { _rev: 1, n: 40 },
        });
        const step = { version: 4, documents: 5, changed: 3, deleted: 1, keys: ['k00', 'k02', 'k03', 'k04'] };
        assert.deepEqual(report, { from: 0, to: 4, dryRun: false, migrations: [step] });
        assert.deepEqual(seen[4], ['k04', { _rev: 0, n: 4 }, { version: 4, dryRun: false }]);
        assert.deepEqual(await versionOf(store), { version: 4 });
    });
}

test('migrations run in their order, and only those that are newer than the documents', async (t) => {
    const store = await storeOf(t, 3);
    await store.migrate([adds(1), adds(3)]);
    const { from, to, migrations } = await store.migrate([adds(1), adds(2), adds(3), adds(7), adds(8)]);
    assert.deepEqual([from, to, migrations.map(({ version }) => version)], [3, 8, [7, 8]]);
    assert.deepEqual(await store.getItem('k00'), { _rev: 4, n: 0, v1: true, v3: true, v7: true, v8: true });
    assert.deepEqual(await store.migrate([adds(8)]), { from: 8, to: 8, dryRun: false, migrations: [] });
});

test('an empty store starts at the newest version and runs nothing', async (t) => {
    const store = await openStore(t);
    const up = () => assert.fail('nothing to migrate');
    const report = await store.migrate([
        { version: 1, up },
        { version: 5, up },
    ]);
    assert.deepEqual(report, { from: 5, to: 5, dryRun: false, migrations: [] });
    await store.setItem('new', { n: 1 });
    await store.migrate([
        { version: 5, up },
        { version: 6, up: (document) => ({ ...document, v6: true }) },
    ]);
    assert.deepEqual(await store.getItem('new'), { _rev: 1, n: 1, v6: true });
});

test('without migrations nothing is written', async (t) => {
    const store = await openStore(t);
    assert.deepEqual(await store.migrate([]), { from: 0, to: 0, dryRun: false, migrations: [] });
    assert.equal(store.stats().documents, 0);
});

test('a store of a version that is not known is refused', async (t) => {
    const store = await storeOf(t, 3);
    await store.migrate([adds(9)]);
    for (const options of [{}, { dryRun: true }]) {
        const error = await refusal(store.migrate([adds(1), adds(4)], options));
        assert.ok(error instanceof DatastoreError);
        assert.deepEqual([error.code, error.version, error.newest], ['SCHEMA_TOO_NEW', 9, 4]);
    }
    assert.equal((await refusal(store.migrate([]))).code, 'SCHEMA_TOO_NEW');
});

test('the version is kept in a document, beside the others, across openings', async (t) => {
    const store = await storeOf(t, 3, {});
    await store.migrate([adds(2)]);
    const { directory } = await reopen(t, store);
    const name = `${encodeURIComponent(SCHEMA_KEY)}.json`;
    assert.deepEqual(readJson(directory, name), { _rev: 0, [SCHEMA_KEY]: { version: 2 } });
});

/** Closes a store and opens its directory again, which may have lost what is not documents. */
async function reopen(t, store, forget = false) {
    const directory = directories.get(store);
    await store.close();
    if (forget) {
        fs.rmSync(path.join(directory, '.datastore'), { recursive: true });
    }
    return { directory, store: await openStore(t, { directory }) };
}

test('documents that travel without .datastore/ keep their version', async (t) => {
    const first = await storeOf(t, 3, {});
    await first.migrate([adds(2)]);
    const { store } = await reopen(t, first, true);
    const up = () => assert.fail('migrated twice');
    assert.deepEqual((await store.migrate([{ version: 2, up }])).migrations, []);
});

test('a migration that throws names version and key, writes nothing of its batch, and can be resumed', async (t) => {
    const store = await storeOf(t, 6);
    const cause = new Error('unexpected');
    let fails = true;
    const runs = [];
    const up = (document, key) => {
        runs.push(key);
        if (key === 'k03' && fails) {
            throw cause;
        }
        return { ...document, done: (document.done ?? 0) + 1 };
    };
    const list = [adds(1), { version: 2, up }];
    const error = await refusal(store.migrate(list, { batchSize: 2 }));
    assert.ok(error instanceof MigrationError);
    assert.deepEqual([error.code, error.version, error.key, error.cause], ['MIGRATION', 2, 'k03', cause]);
    assert.deepEqual(
        Object.values(await documentsOf(store)).map(({ done }) => done),
        [1, 1, undefined, undefined, undefined, undefined],
    );
    assert.deepEqual(await versionOf(store), { version: 1, running: { version: 2, through: 'k01' } });
    fails = false;
    const { migrations } = await store.migrate(list, { batchSize: 2 });
    assert.deepEqual(
        migrations.map(({ version, documents }) => [version, documents]),
        [[2, 4]],
    );
    assert.deepEqual(
        Object.values(await documentsOf(store)).map(({ done }) => done),
        [1, 1, 1, 1, 1, 1],
    );
    assert.deepEqual(runs, ['k00', 'k01', 'k02', 'k03', 'k02', 'k03', 'k04', 'k05']);
});

for (const [what, returned] of [
    ['an array', []],
    ['a number', 1],
    ['a cycle', cycle()],
]) {
    test(`a migration that returns ${what} is refused with version and key`, async (t) => {
        const store = await storeOf(t, 1);
        for (const options of [{}, { dryRun: true }]) {
            const error = await refusal(store.migrate([{ version: 1, up: () => returned }], options));
            assert.deepEqual([error.code, error.key, error.cause.code], ['MIGRATION', 'k00', 'ASSERTION']);
        }
        assert.deepEqual(await store.getItem('k00'), { _rev: 0, n: 0 });
    });
}

function cycle() {
    const made = {};
    made.made = made;
    return made;
}

test('a half-done version stays the next one', async (t) => {
    const store = await storeOf(t, 4);
    const failing = { version: 3, up: (document) => (document.n < 2 ? document : assert.fail('stop')) };
    await refusal(store.migrate([failing], { batchSize: 2 }));
    assert.equal((await refusal(store.migrate([adds(2), adds(3)]))).code, 'ASSERTION');
    assert.equal((await refusal(store.migrate([adds(2)]))).code, 'SCHEMA_TOO_NEW');
    await store.migrate([adds(3), adds(4)]);
    assert.deepEqual(await store.getItem('k03'), { _rev: 2, n: 3, v3: true, v4: true });
});

test('a dry run tells what would change, through all versions, and writes nothing', async (t) => {
    const store = await storeOf(t, 5);
    const list = [
        { version: 1, up: ({ n }) => (n === 0 ? null : { m: n, at: new Date(0) }) },
        { version: 2, up: ({ _rev, m, at }) => (m === 1 ? undefined : { m: m + 1, at: typeof at, rev: _rev }) },
    ];
    const before = store.stats().sequence;
    const told = [];
    const report = await store.migrate(list, { dryRun: true, batchSize: 2, onProgress: (at) => told.push(at) });
    assert.equal(store.stats().sequence, before);
    assert.deepEqual(told.at(-1), { version: 2, done: 5, total: 5 });
    const real = await store.migrate(list, { batchSize: 2 });
    assert.deepEqual(report, { ...real, dryRun: true });
    assert.deepEqual(
        report.migrations.map(({ documents, changed, deleted }) => [documents, changed, deleted]),
        [
            [5, 4, 1],
            [4, 3, 0],
        ],
    );
    assert.deepEqual(await store.getItem('k04'), { _rev: 2, m: 5, at: 'string', rev: 1 });
});

test('a dry run in the middle of a migration goes on where it stands', async (t) => {
    const store = await storeOf(t, 4);
    const failing = {
        version: 1,
        up: (document) => (document.n < 2 ? { ...document, v1: true } : assert.fail('stop')),
    };
    await refusal(store.migrate([failing], { batchSize: 2 }));
    const { migrations } = await store.migrate([adds(1), adds(2)], { dryRun: true, batchSize: 1 });
    assert.deepEqual(
        migrations.map(({ version, keys }) => [version, keys]),
        [
            [1, ['k02', 'k03']],
            [2, ['k00', 'k01', 'k02', 'k03']],
        ],
    );
});

test('a dry run of an empty store starts at the newest version, too', async (t) => {
    const store = await openStore(t);
    assert.deepEqual(await store.migrate([adds(1), adds(2)], { dryRun: true }), {
        from: 2,
        to: 2,
        dryRun: true,
        migrations: [],
    });
    assert.equal(store.stats().documents, 0);
});

test('progress is told after each batch, and reaches its total', async (t) => {
    const store = await storeOf(t, 5);
    const told = [];
    await store.migrate([adds(1), adds(2)], { batchSize: 2, onProgress: (at) => told.push(at) });
    const of = (version) => [2, 4, 5].map((done) => ({ version, done, total: 5 }));
    assert.deepEqual(told, [...of(1), ...of(2)]);
});

test('an aborted migration leaves its batches and can be resumed', async (t) => {
    const store = await storeOf(t, 6);
    const controller = new AbortController();
    const up = (document) => {
        if (document.n === 3) {
            controller.abort('enough');
        }
        return { ...document, done: (document.done ?? 0) + 1 };
    };
    const migrating = store.migrate([{ version: 1, up }], { batchSize: 2, signal: controller.signal });
    const error = await refusal(migrating);
    assert.deepEqual([error.code, error.cause], ['ABORT_ERR', 'enough']);
    const { migrations } = await store.migrate([{ version: 1, up }], { batchSize: 2 });
    assert.ok(migrations[0].documents < 6);
    assert.ok(Object.values(await documentsOf(store)).every(({ done }) => done === 1));
});

test('a document that is written while its batch is made is migrated from what is stored then', async (t) => {
    const store = await storeOf(t, 3);
    let isFirst = true;
    const up = async (document, key) => {
        if (key === 'k01' && isFirst) {
            isFirst = false;
            await store.setItem('k01', { n: 100 });
        }
        return { n: document.n + 1 };
    };
    await store.migrate([{ version: 1, up }]);
    assert.deepEqual(await documentsOf(store), {
        k00: { _rev: 1, n: 1 },
        k01: { _rev: 2, n: 101 },
        k02: { _rev: 1, n: 3 },
    });
});

test('what is written meanwhile in front of the position is migrated, behind it is not', async (t) => {
    const store = await storeOf(t, 4);
    const onProgress = async ({ done }) => {
        if (done === 2) {
            written.open(Promise.all([store.setItem('k00a', { n: 'behind' }), store.setItem('k03a', { n: 'ahead' })]));
        }
    };
    const written = gate();
    const up = async (document) => {
        if (document.n === 2) {
            await written.opened;
        }
        return { ...document, v1: true };
    };
    await store.migrate([{ version: 1, up }], { batchSize: 2, onProgress });
    assert.deepEqual(await store.getItem('k00a'), { _rev: 0, n: 'behind' });
    assert.deepEqual(await store.getItem('k03a'), { _rev: 1, n: 'ahead', v1: true });
});

test('no more than one migration at a time', async (t) => {
    const store = await storeOf(t, 3);
    const first = store.migrate([adds(1)]);
    await assert.rejects(store.migrate([adds(1)]), { code: 'ASSERTION' });
    await first;
    await store.migrate([adds(1)]);
});

test('two datastores over one engine migrate each document once', async (t) => {
    const first = await storeOf(t, 20);
    const second = new Datastore({ db: first._db });
    const up = (document) => ({ ...document, done: (document.done ?? 0) + 1 });
    await Promise.all([first, second].map((store) => store.migrate([{ version: 1, up }], { batchSize: 3 })));
    assert.ok(Object.values(await documentsOf(first)).every(({ done }) => done === 1));
});

test('close ends a migration after the batch under way', async (t) => {
    const store = await storeOf(t, 6, {});
    let closed;
    const up = (document) => ({ ...document, done: (document.done ?? 0) + 1 });
    const onProgress = () => {
        closed ??= store.close();
    };
    const error = await refusal(store.migrate([{ version: 1, up }], { batchSize: 2, onProgress }));
    assert.equal(error.code, 'CLOSED');
    await closed;
    const again = await openStore(t, { directory: directories.get(store) });
    await again.migrate([{ version: 1, up }]);
    assert.ok(Object.values(await documentsOf(again)).every(({ done }) => done === 1));
});

test('close ends a dry run after the documents under way', async (t) => {
    const store = await storeOf(t, 6);
    let closed;
    const onProgress = () => {
        // Inside of it, it would wait for itself.
        closed ??= outside(() => store.close());
    };
    const outside = AsyncResource.bind((run) => run());
    await assert.rejects(store.migrate([adds(1)], { dryRun: true, batchSize: 2, onProgress }), { code: 'CLOSED' });
    await closed;
});

test('requireRev does not stand in the way', async (t) => {
    const store = await storeOf(t, 3, { durability: 'none', requireRev: true });
    await store.migrate([{ version: 1, up: ({ n }) => (n === 1 ? null : { n: n + 1 }) }], { batchSize: 1 });
    assert.deepEqual(Object.keys(await documentsOf(store)), ['k00', 'k02']);
});

test('map functions are not given the document that tells the version', async (t) => {
    const store = await storeOf(t, 2);
    store.setView('byN', { map: (document, emit) => emit(document.n.toFixed(1)) });
    await store.migrate([adds(1)]);
    const { items } = await store.queryView('byN');
    assert.deepEqual(
        items.map(({ key }) => key),
        ['0.0', '1.0'],
    );
});

test('a document in its place that tells no version is refused', async (t) => {
    for (const document of [
        {},
        { [SCHEMA_KEY]: { version: -1 } },
        { [SCHEMA_KEY]: { version: 2, running: { version: 1 } } },
    ]) {
        const store = await storeOf(t, 1);
        await store.setItem(SCHEMA_KEY, document);
        for (const options of [{}, { dryRun: true }]) {
            const error = await refusal(store.migrate([adds(9)], options));
            assert.deepEqual([error.code, error.key], ['ASSERTION', SCHEMA_KEY]);
        }
    }
});

const up = (document) => document;

for (const [what, given] of [
    ['nothing', undefined],
    ['an object', {}],
    ['an entry that is none', [null]],
    ['a version of 0', [{ version: 0, up }]],
    ['a version that is no integer', [{ version: 1.5, up }]],
    ['a version as text', [{ version: '1', up }]],
    ['no version', [{ up }]],
    ['no function', [{ version: 1 }]],
    ['a way down', [{ version: 1, up, down: up }]],
    [
        'the same version twice',
        [
            { version: 1, up },
            { version: 1, up },
        ],
    ],
    [
        'a falling version',
        [
            { version: 2, up },
            { version: 1, up },
        ],
    ],
]) {
    test(`a list of migrations with ${what} is refused`, async (t) => {
        const store = await storeOf(t, 1);
        await assert.rejects(store.migrate(given), { code: 'ASSERTION' });
        assert.deepEqual(await documentsOf(store), { k00: { _rev: 0, n: 0 } });
    });
}

for (const options of [
    { batchSize: 0 },
    { batchSize: 1.5 },
    { dryRun: 1 },
    { signal: {} },
    { onProgress: 1 },
    { to: 1 },
    null,
]) {
    test(`migrate refuses the options ${JSON.stringify(options)}`, async (t) => {
        const store = await storeOf(t, 1);
        await assert.rejects(store.migrate([{ version: 1, up }], options), { code: 'ASSERTION' });
    });
}

test('custom parts cannot migrate', async () => {
    const engine = { loadDocuments() {}, getItem() {}, setItem() {}, deleteItem() {} };
    await assert.rejects(new Datastore({ db: engine }).migrate([adds(1)]), { code: 'UNSUPPORTED' });
});
