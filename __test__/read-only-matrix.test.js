'use strict';

/** Every public method of a store with `readOnly: true`, in every state: what it answers, or the code it refuses with. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { Datastore, DatastoreEngine } = require('../index.js');
const { all, checkMembers, checkOutcome, outcomeOf, refuses } = require('./matrix.js');
const { afterwards, gate, temporaryDirectory } = require('./support.js');

const OWN = { _rev: 0, n: 1 };
const OTHER = { _rev: 0, n: 2 };

/** The states, in the order of the tables' columns. */
const STATES = [
    'before load',
    'open',
    'beside a store that writes',
    'inside a map function',
    'inside a transaction',
    'closing',
    'closed',
];

const READ_ONLY = refuses('READ_ONLY');
const CLOSED = refuses('CLOSED');
const ENDS = [CLOSED, CLOSED];

/** The row of a method that answers as long as the store is open. */
function whileOpen(answer) {
    return [answer, answer, answer, answer, answer, ...ENDS];
}

/** The row of a method that would write. */
const WRITE = whileOpen(READ_ONLY);

/** The row of a synchronous read of an engine. */
function read(answer) {
    return [refuses('NOT_LOADED'), answer, answer, answer, answer, ...ENDS];
}

function always(answer) {
    return STATES.map(() => answer);
}

function isPage({ total }) {
    assert.equal(total, 2);
}

function isReport({ documents }) {
    assert.equal(documents, 2);
}

const isBackup = isReport;

function isStats({ documents, poisoned }) {
    assert.deepEqual([documents, poisoned], [2, false]);
}

function isEmptyStats({ documents }) {
    assert.equal(documents, 0);
}

function isBuilt({ rows }) {
    assert.equal(rows, 2);
}

function isRehearsed({ migrations }) {
    assert.equal(migrations[0].changed, 2);
}

const MIGRATIONS = [{ version: 1, up: (document) => ({ ...document, n: 9 }) }];
/** Closing from inside a transaction would wait for that. */
const CLOSE = STATES.map((state) => (state === 'inside a transaction' ? refuses('ASSERTION') : undefined));

/** Per member: whether it answers at once, the call, and a cell per state. */
const OF_DATASTORE = {
    _db: [true, (store) => store._db instanceof DatastoreEngine, always(true)],
    loadReport: [true, (store) => store.loadReport, [null, ...always(isReport).slice(1)]],
    load: [false, async (store) => (await store.load()) === store, whileOpen(true)],
    getItem: [false, (store) => store.getItem('own'), whileOpen(OWN)],
    getItems: [false, (store) => store.getItems(['other', 'none', 'own']), whileOpen([OTHER, null, OWN])],
    setItem: [false, (store) => store.setItem('own', { n: 9 }), WRITE],
    updateItem: [false, (store) => store.updateItem('own', assert.fail), WRITE],
    deleteItem: [false, (store) => store.deleteItem('own'), WRITE],
    setItems: [false, (store) => store.setItems([['own', { n: 9 }]]), WRITE],
    deleteItems: [false, (store) => store.deleteItems(['own']), WRITE],
    batch: [false, (store) => store.batch([{ type: 'set', key: 'own', document: {} }]), WRITE],
    transaction: [false, (store) => store.transaction((tx) => tx.getItem('own')), whileOpen(OWN)],
    migrate: [false, (store) => store.migrate(MIGRATIONS), WRITE],
    flush: [false, (store) => store.flush(), whileOpen(undefined)],
    refresh: [false, (store) => store.refresh(), WRITE],
    queryKeys: [false, (store) => store.queryKeys(), whileOpen(isPage)],
    queryView: [false, (store) => store.queryView('view'), whileOpen(isPage)],
    buildView: [false, (store) => store.buildView('declared'), whileOpen(isBuilt)],
    find: [false, (store) => store.find({ n: { $gt: 0 } }), whileOpen(isPage)],
    findOne: [false, (store) => store.findOne({ n: 2 }), whileOpen(OTHER)],
    count: [false, (store) => store.count({ n: { $gt: 0 } }), whileOpen(2)],
    items: [false, async (store) => (await all(store.items())).length, whileOpen(2)],
    exportItems: [false, async (store) => (await all(store.exportItems())).length, whileOpen(2)],
    importItems: [false, (store) => store.importItems([]), WRITE],
    backup: [false, (store, { free }) => store.backup(free), whileOpen(isBackup)],
    restore: [false, (store, { free }) => store.restore(free), WRITE],
    setView: [true, (store) => store.setView('new', { map() {} }), whileOpen(undefined)],
    deleteView: [false, (store) => store.deleteView('view'), whileOpen(true)],
    hasView: [true, (store) => store.hasView('view'), whileOpen(true)],
    stats: [true, (store) => store.stats(), [isEmptyStats, ...whileOpen(isStats).slice(1)]],
    close: [false, (store) => store.close(), CLOSE],
    [Symbol.asyncDispose]: [false, (store) => store[Symbol.asyncDispose](), CLOSE],
};

const OF_ENGINE = {
    loadReport: [true, (engine) => engine.loadReport, [null, ...always(isReport).slice(1)]],
    loadDocuments: [false, (engine) => engine.loadDocuments(), whileOpen(undefined)],
    getItem: [true, (engine) => engine.getItem('own'), read({ key: 'own', document: OWN })],
    setItem: [false, (engine) => engine.setItem('own', { n: 9 }), WRITE],
    deleteItem: [false, (engine) => engine.deleteItem('own'), WRITE],
    flush: [false, (engine) => engine.flush(), whileOpen(undefined)],
    refresh: [false, (engine) => engine.refresh(), WRITE],
    queryKeys: [true, (engine) => engine.queryKeys(), read(isPage)],
    queryView: [true, (engine) => engine.queryView('view'), read(isPage)],
    setView: [true, (engine) => engine.setView('new', { map() {} }), whileOpen(undefined)],
    hasView: [true, (engine) => engine.hasView('view'), whileOpen(true)],
    stats: [true, (engine) => engine.stats(), [isEmptyStats, ...whileOpen(isStats).slice(1)]],
    close: [false, (engine) => engine.close(), always(undefined)],
};

/** How to bring a store into a state and run `call` there. `close` closes what is being tested. */
const ENTER = {
    'before load': (_, call) => call(),
    open: async ({ store }, call) => {
        await store.load();
        return call();
    },
    'beside a store that writes': async ({ store, directory }, call) => {
        const writer = await new Datastore({ directory }).load();
        await store.load();
        const outcome = await call();
        assert.deepEqual(await writer.getItems(['own', 'other']), [OWN, OTHER]);
        await writer.setItem('beside', {});
        await writer.close();
        return outcome;
    },
    'inside a map function': async ({ store, hooks }, call) => {
        await store.load();
        let outcome;
        hooks.inMap = () => {
            outcome ??= call();
        };
        await store.queryView('busy');
        return outcome;
    },
    'inside a transaction': async ({ store }, call) => {
        await store.load();
        let outcome;
        const transaction = store.transaction(async () => {
            outcome = await call();
        });
        await transaction.catch((error) => assert.equal(error.code, 'CLOSED'));
        return outcome;
    },
    closing: async ({ store, close }, call) => {
        await store.load();
        const [begun, ended] = [gate(), gate()];
        const slow = store.transaction(async () => {
            begun.open();
            await ended.opened;
        });
        await begun.opened;
        const closed = close(store);
        const outcome = call();
        ended.open();
        await Promise.all([closed, slow.catch((error) => assert.equal(error.code, 'CLOSED'))]);
        return outcome;
    },
    closed: async ({ store, close }, call) => {
        await store.load();
        await close(store);
        return call();
    },
};

/** A store that only reads two documents of the original's, and the place for a folder. */
function newStore(t) {
    const [directory, hooks] = [temporaryDirectory(t), { inMap() {} }];
    fs.writeFileSync(path.join(directory, 'own.json'), JSON.stringify(OWN));
    fs.writeFileSync(path.join(directory, 'other.json'), JSON.stringify(OTHER));
    const store = new Datastore({ directory, readOnly: true });
    afterwards(t, () => store.close());
    store.setView('view', { map: (document, emit) => emit(document.n) });
    store.setView('declared', { key: 'n' });
    store.setView('busy', { map: () => hooks.inMap() });
    return { directory, hooks, store, free: path.join(temporaryDirectory(t), 'free') };
}

function testTable(name, table, testedPart, close) {
    for (const member of Reflect.ownKeys(table)) {
        const [isSynchronous, call, row] = table[member];
        assert.equal(row.length, STATES.length);
        for (const [column, state] of STATES.entries()) {
            const expected = row[column];
            const ending = expected?.code === undefined ? 'answers' : `refuses with ${expected.code}`;
            test(`readOnly: ${name}.${String(member)} ${state} ${ending}`, async (t) => {
                const made = newStore(t);
                const tested = () => outcomeOf(isSynchronous, () => call(testedPart(made.store), made));
                checkOutcome(await ENTER[state]({ ...made, close }, tested), expected);
                const names = fs.readdirSync(made.directory);
                const isOurs = state === 'beside a store that writes';
                assert.equal(names.includes('.datastore'), isOurs, 'a reader makes nothing');
            });
        }
    }
}

testTable(
    'Datastore',
    OF_DATASTORE,
    (store) => store,
    (store) => store.close(),
);
testTable(
    'DatastoreEngine',
    OF_ENGINE,
    (store) => store._db,
    (store) => store._db.close(),
);

test('the tables have every member', () => {
    checkMembers(Datastore, OF_DATASTORE);
    checkMembers(DatastoreEngine, OF_ENGINE);
});

test('a refused write names its key, and what was asked inside a transaction is refused there', async (t) => {
    const { store } = newStore(t);
    const keyOf = (promise) => promise.then(assert.fail, ({ code, key }) => [code, key]);
    const writes = {
        setItem: () => store.setItem('own', {}),
        updateItem: () => store.updateItem('own', assert.fail),
        deleteItem: () => store.deleteItem('own'),
        setItems: () => store.setItems([['own', {}]]),
        'engine.setItem': () => store._db.setItem('own', {}),
        'tx.setItem': () => store.transaction((tx) => tx.setItem('own', {})),
        'tx.deleteItem': () => store.transaction((tx) => tx.deleteItem('own')),
    };
    for (const [name, write] of Object.entries(writes)) {
        assert.deepEqual(await keyOf(write()), ['READ_ONLY', 'own'], name);
    }
    await assert.rejects(
        store.transaction(() => {}, { durability: 'full' }),
        { code: 'READ_ONLY' },
    );
    checkOutcome(await outcomeOf(false, () => store.migrate(MIGRATIONS, { dryRun: true })), isRehearsed);
    await assert.rejects(store.setItem('', {}), { code: 'ASSERTION' }, 'a wrong call is still a wrong call');
});
