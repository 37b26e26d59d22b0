'use strict';

/** Every public method in every state of a store: what it answers, or the code it refuses with. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, test } = require('node:test');
const { Datastore, DatastoreEngine } = require('../index.js');
const { all, checkMembers, checkOutcome, outcomeOf, refuses } = require('./matrix.js');
const { afterwards, gate, temporaryDirectory } = require('./support.js');

const OWN = { _rev: 0, n: 1 };
const OTHER = { _rev: 0, n: 2 };
const NO_ROWS = { items: [], exclusiveEndIndex: null, cursor: null, total: 0 };

const KEYS = {
    items: [
        { key: 'other', documentKey: 'other' },
        { key: 'own', documentKey: 'own' },
    ],
    exclusiveEndIndex: null,
    cursor: null,
    total: 2,
};
const ROWS = {
    items: [
        { key: 1, documentKey: 'own' },
        { key: 2, documentKey: 'other' },
    ],
    exclusiveEndIndex: null,
    cursor: null,
    total: 2,
};

const ITEMS = [
    { key: 'other', document: OTHER },
    { key: 'own', document: OWN },
];
const LINES = ITEMS.map((item) => `${JSON.stringify(item)}\n`);

const FOUND = {
    items: [{ key: 'other', documentKey: 'other', document: OTHER }],
    exclusiveEndIndex: null,
    total: 1,
    cursor: null,
};

/** The states, in the order of the tables' columns. */
const STATES = [
    'before load',
    'open',
    'inside a map function',
    'inside an update of its own key',
    'inside an update of another key',
    'inside a transaction',
    'closing',
    'closed',
    'closing beside another store',
    'closed beside another store',
];

const CLOSED = refuses('CLOSED');
const ASSERTION = refuses('ASSERTION');
const NOT_LOADED = refuses('NOT_LOADED');

/** From `closing` on. */
const ENDS = [CLOSED, CLOSED, CLOSED, CLOSED];

/** The row of a method that works in every state but those of the end. */
function whileOpen(answer) {
    return [answer, answer, answer, answer, answer, answer, ...ENDS];
}

/** The row of a write of a datastore: refused from inside an update of its own key. */
function write(answer) {
    return [answer, answer, answer, ASSERTION, answer, answer, ...ENDS];
}

/** The row of a synchronous read of an engine. */
function read(answer) {
    return [NOT_LOADED, answer, answer, answer, answer, answer, ...ENDS];
}

function always(answer) {
    return STATES.map(() => answer);
}

function isReport(report) {
    assert.equal(report.documents, 2);
}

function isRefreshed({ changed, added, removed, invalid }) {
    assert.deepEqual([changed, added, removed, invalid], [0, 0, 0, 0]);
}

function isBackup({ documents, sequence }) {
    assert.deepEqual([documents, sequence], [2, 2]);
}

function isStats({ documents, views }) {
    assert.equal(documents, 2);
    assert.deepEqual(Object.keys(views), ['view', 'busy']);
}

function isEmptyStats({ documents, views }) {
    assert.equal(documents, 0);
    assert.deepEqual(Object.keys(views), ['view', 'busy']);
}

function isBuilt({ rows, skipped, sequence, duplicates }) {
    assert.deepEqual([rows, skipped, sequence, duplicates], [2, 0, 2, []]);
}

const written = { _rev: 1, n: 9 };
const setOwn = { type: 'set', key: 'own', document: { n: 9 } };
const newView = { map() {} };
const migration = { version: 1, up: (document) => ({ ...document, n: 9 }) };

function isMigrated({ migrations }) {
    assert.deepEqual(migrations, [{ version: 1, documents: 2, changed: 2, deleted: 0, keys: ['other', 'own'] }]);
}

/** Where nothing is, in a folder that is removed when all tests have ended. */
let places = 0;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kixx-test-'));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

function newPath() {
    places += 1;
    return path.join(folder, String(places));
}

/** Closing from inside an update or a transaction would wait for that. */
const CLOSE = STATES.map((state) => (state.startsWith('inside') && !state.includes('map') ? ASSERTION : undefined));

/** Per member: whether it answers at once, the call, and a cell per state. */
const OF_DATASTORE = {
    _db: [true, (store) => store._db instanceof DatastoreEngine, always(true)],
    loadReport: [true, (store) => store.loadReport, [null, ...always(isReport).slice(1)]],
    load: [false, async (store) => (await store.load()) === store, whileOpen(true)],
    getItem: [false, (store) => store.getItem('own'), whileOpen(OWN)],
    getItems: [false, (store) => store.getItems(['other', 'none', 'own']), whileOpen([OTHER, null, OWN])],
    setItem: [false, (store) => store.setItem('own', { n: 9 }), write(written)],
    updateItem: [false, (store) => store.updateItem('own', (found) => ({ ...found, n: 9 })), write(written)],
    deleteItem: [false, (store) => store.deleteItem('own'), write('own')],
    setItems: [false, (store) => store.setItems([['own', { n: 9 }]]), write([written])],
    deleteItems: [false, (store) => store.deleteItems(['own']), write(['own'])],
    batch: [false, (store) => store.batch([setOwn]), write([{ key: 'own', document: written }])],
    transaction: [false, (store) => store.transaction((tx) => tx.setItem('own', { n: 9 })), write(written)],
    migrate: [false, (store) => store.migrate([migration]), write(isMigrated)],
    flush: [false, (store) => store.flush(), whileOpen(undefined)],
    refresh: [false, (store) => store.refresh(), whileOpen(isRefreshed)],
    queryKeys: [false, (store) => store.queryKeys(), whileOpen(KEYS)],
    queryView: [false, (store) => store.queryView('view'), whileOpen(ROWS)],
    buildView: [false, (store) => store.buildView('view'), whileOpen(isBuilt)],
    find: [false, (store) => store.find({ n: 2 }), whileOpen(FOUND)],
    findOne: [false, (store) => store.findOne({ n: 2 }), whileOpen(OTHER)],
    count: [false, (store) => store.count({ n: { $gt: 0 } }), whileOpen(2)],
    items: [false, async (store) => all(store.items()), whileOpen(ITEMS)],
    exportItems: [false, async (store) => all(store.exportItems()), whileOpen(LINES)],
    importItems: [
        false,
        (store) => store.importItems([{ key: 'own', document: { n: 9 } }], { onExisting: 'overwrite' }),
        write({ written: 1, skipped: 0 }),
    ],
    backup: [false, (store) => store.backup(newPath()), whileOpen(isBackup)],
    restore: [false, (store) => store.restore(newPath()), [refuses('ENOENT'), ...whileOpen(ASSERTION).slice(1)]],
    setView: [true, (store) => store.setView('new', newView), whileOpen(undefined)],
    deleteView: [false, (store) => store.deleteView('view'), whileOpen(true)],
    hasView: [true, (store) => store.hasView('view'), whileOpen(true)],
    stats: [true, (store) => store.stats(), [isEmptyStats, ...whileOpen(isStats).slice(1)]],
    close: [false, (store) => store.close(), CLOSE],
    [Symbol.asyncDispose]: [false, (store) => store[Symbol.asyncDispose](), CLOSE],
};

/** An engine knows nothing of update functions. */
const OF_ENGINE = {
    loadReport: [true, (engine) => engine.loadReport, [null, ...always(isReport).slice(1)]],
    loadDocuments: [false, (engine) => engine.loadDocuments(), whileOpen(undefined)],
    getItem: [true, (engine) => engine.getItem('own'), read({ key: 'own', document: OWN })],
    setItem: [
        false,
        (engine) => engine.setItem('own', { n: 9 }),
        whileOpen({ key: 'own', document: { _rev: 0, n: 9 } }),
    ],
    deleteItem: [false, (engine) => engine.deleteItem('own'), whileOpen({ key: 'own' })],
    flush: [false, (engine) => engine.flush(), whileOpen(undefined)],
    refresh: [false, (engine) => engine.refresh(), whileOpen(isRefreshed)],
    queryKeys: [true, (engine) => engine.queryKeys(), read(KEYS)],
    queryView: [true, (engine) => engine.queryView('view'), read(ROWS)],
    setView: [true, (engine) => engine.setView('new', newView), whileOpen(undefined)],
    hasView: [true, (engine) => engine.hasView('view'), whileOpen(true)],
    stats: [true, (engine) => engine.stats(), [isEmptyStats, ...whileOpen(isStats).slice(1)]],
    close: [false, (engine) => engine.close(), always(undefined)],
};

/** A datastore over two documents, not loaded; its views are `view` and `busy`, whose map calls `inMap`. */
function newStore(t, hooks) {
    const directory = temporaryDirectory(t);
    hooks.directory = directory;
    fs.writeFileSync(path.join(directory, 'own.json'), JSON.stringify(OWN));
    fs.writeFileSync(path.join(directory, 'other.json'), JSON.stringify(OTHER));
    const store = new Datastore({ directory });
    afterwards(t, () => store.close());
    store.setView('view', { map: (document, emit) => emit(document.n) });
    store.setView('busy', { map: () => hooks.inMap() });
    return store;
}

/** Runs `call` inside the first run of a function that updates `key`. */
async function insideUpdate(store, key, call) {
    let outcome;
    const update = store.updateItem(key, async (found) => {
        outcome ??= await call();
        return { ...found };
    });
    // An engine that was closed inside refuses what the function returned.
    await update.catch((error) => assert.equal(error.code, 'CLOSED'));
    return outcome;
}

/** How to bring a store into a state and run `call` there. `close` closes what is being tested. */
const ENTER = {
    'before load': (_store, call) => call(),
    open: async (store, call) => {
        await store.load();
        return call();
    },
    'inside a map function': async (store, call, { hooks }) => {
        await store.load();
        let outcome;
        hooks.inMap = () => {
            outcome ??= call();
        };
        assert.deepEqual(await store.queryView('busy'), NO_ROWS);
        return outcome;
    },
    'inside an update of its own key': async (store, call) => {
        await store.load();
        return insideUpdate(store, 'own', call);
    },
    'inside an update of another key': async (store, call) => {
        await store.load();
        return insideUpdate(store, 'new', call);
    },
    'inside a transaction': async (store, call) => {
        await store.load();
        let outcome;
        const transaction = store.transaction(async () => {
            outcome = await call();
        });
        await transaction.catch((error) => assert.equal(error.code, 'CLOSED'));
        return outcome;
    },
    closing: async (store, call, { close }) => {
        await store.load();
        const [begun, ended] = [gate(), gate()];
        const slow = store.updateItem('slow', async () => {
            begun.open();
            await ended.opened;
            return {};
        });
        await begun.opened;
        let settled = false;
        const pending = store._db.setItem('pending', {}).then(() => assert.equal(settled, false));
        const closed = close(store).then(() => {
            settled = true;
        });
        const outcome = call();
        ended.open();
        await Promise.all([pending, closed, slow.catch((error) => assert.equal(error.code, 'CLOSED'))]);
        return outcome;
    },
    closed: async (store, call, { close }) => {
        await store.load();
        await close(store);
        return call();
    },
    'closing beside another store': (store, call, given) => beside(() => ENTER.closing(store, call, given), given),
    'closed beside another store': (store, call, given) => beside(() => ENTER.closed(store, call, given), given),
};

/** Runs `enter` while another store has the directory open, which goes on. */
async function beside(enter, { hooks }) {
    const other = await new Datastore({ directory: hooks.directory }).load();
    const outcome = await enter();
    assert.deepEqual(await other.getItems(['own', 'other']), [OWN, OTHER]);
    assert.deepEqual(await other.setItem('beside', {}), { _rev: 0 });
    await other.close();
    return outcome;
}

/** A test per cell. */
function testTable(name, table, testedPart, close) {
    for (const member of Reflect.ownKeys(table)) {
        const [isSynchronous, call, row] = table[member];
        assert.equal(row.length, STATES.length);
        for (const [column, state] of STATES.entries()) {
            const expected = row[column];
            const ending = expected?.code === undefined ? 'answers' : `refuses with ${expected.code}`;
            test(`${name}.${String(member)} ${state} ${ending}`, async (t) => {
                const hooks = { inMap() {} };
                const store = newStore(t, hooks);
                const tested = () => outcomeOf(isSynchronous, () => call(testedPart(store)));
                const outcome = await ENTER[state](store, tested, { hooks, close });
                checkOutcome(outcome, expected);
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

for (const [Class, table] of [
    [Datastore, OF_DATASTORE],
    [DatastoreEngine, OF_ENGINE],
]) {
    test(`the table has every member of ${Class.name}`, () => checkMembers(Class, table));
}

test('the view that is being built cannot be queried from inside its map function', async (t) => {
    const hooks = { inMap() {} };
    const store = newStore(t, hooks);
    await store.load();
    const outcomes = [];
    hooks.inMap = () => {
        outcomes.push(outcomeOf(false, () => store.queryView('busy')));
        outcomes.push(outcomeOf(false, () => store.buildView('busy')));
        outcomes.push(outcomeOf(true, () => store._db.queryView('busy')));
    };
    assert.deepEqual(await store.queryView('busy'), NO_ROWS);
    assert.deepEqual(await Promise.all(outcomes), Array(6).fill(ASSERTION));
});

test('a write from inside a map function or an update is there afterwards', async (t) => {
    const hooks = { inMap() {} };
    const store = newStore(t, hooks);
    await store.load();
    const writes = [];
    hooks.inMap = () => {
        writes.push(store.setItem(`made ${writes.length}`, {}));
    };
    await store.queryView('busy');
    await Promise.all(writes);
    hooks.inMap = () => {};
    await store.updateItem('own', async (found) => {
        await store.setItem('made 2', {});
        return found;
    });
    const { items } = await store.queryKeys({ prefix: 'made' });
    assert.deepEqual(
        items.map(({ key }) => key),
        ['made 0', 'made 1', 'made 2'],
    );
});

test('what is pending when close is called is stored when it settles', async (t) => {
    const directory = temporaryDirectory(t);
    fs.writeFileSync(path.join(directory, 'own.json'), JSON.stringify(OWN));
    const store = new Datastore({ directory });
    await store.load();
    const ended = gate();
    const writes = [
        store.setItem('a', { n: 1 }),
        store.updateItem('b', () => ended.opened),
        store.setItem('b', { n: 3 }),
        store.deleteItem('own'),
    ];
    const closed = store.close();
    ended.open({ n: 2 });
    await closed;
    assert.deepEqual(await Promise.all(writes), [{ _rev: 0, n: 1 }, { _rev: 0, n: 2 }, { _rev: 1, n: 3 }, 'own']);
    const again = new Datastore({ directory });
    afterwards(t, () => again.close());
    assert.deepEqual(await again.getItems(['a', 'b', 'own']), [{ _rev: 0, n: 1 }, { _rev: 1, n: 3 }, null]);
});

test('a closed store never answers for the next one', async (t) => {
    const first = newStore(t, { inMap() {} });
    await first.load();
    await first._db.close();
    const second = newStore(t, { inMap() {} });
    await second.load();
    await second.setItem('own', { of: 'second' });
    await assert.rejects(first.getItem('own'), { code: 'CLOSED' });
    await assert.rejects(first.setItem('own', { of: 'first' }), { code: 'CLOSED' });
    await assert.rejects(first.queryView('view'), { code: 'CLOSED' });
    await assert.rejects(first.load(), { code: 'CLOSED' });
    assert.deepEqual(await second.getItem('own'), { _rev: 1, of: 'second' });
});
