// Assertions on types: compiled by `tsc --noEmit`, never run.

import {
    type BackupReport,
    type BatchOperation,
    type BatchResult,
    type BuildProgress,
    type BuildReport,
    type Collation,
    Datastore,
    DatastoreEngine,
    type DatastoreError,
    type Duplicate,
    type ImportOptions,
    type ImportReport,
    type Item,
    type Json,
    type KeyItem,
    type KeyQueryOptions,
    type LoadReport,
    type Page,
    type QueryResult,
    type RefreshReport,
    type Reduced,
    type Stored,
    type Transaction,
    type ViewGroup,
    type ViewItem,
    type ViewStatistics,
    type WithDocument,
    type WithOptionalDocument,
    type Writable,
} from 'kixx-datastore';
import { same } from './same.js';

interface User {
    name: string;
    email?: string;
}

export async function unique(users: Datastore<User>): Promise<void> {
    const report = await users.buildView('byEmail');
    same<typeof report, BuildReport>(true);
    same<typeof report.duplicates, Duplicate[]>(true);
    same<(typeof report.duplicates)[0], { viewKey: Json; documentKeys: string[] }>(true);
    const deleted = await users.deleteView('byEmail');
    same<typeof deleted, boolean>(true);
    // @ts-expect-error a view has an id
    void users.deleteView();
}

export async function typed(users: Datastore<User>): Promise<void> {
    const found = await users.getItem('user:1');
    same<typeof found, Stored<User> | null>(true);
    // @ts-expect-error it may be missing
    found.name;
    const required = await users.getItem('user:1', { required: true });
    same<typeof required, Stored<User>>(true);
    same<(typeof required)['_rev'], number>(true);

    const several = await users.getItems(['user:1', 2]);
    same<typeof several, (Stored<User> | null)[]>(true);
    const all = await users.getItems(['user:1'], { required: true });
    same<typeof all, Stored<User>[]>(true);

    const saved = await users.setItem('user:1', { name: 'Ada' });
    same<typeof saved, Stored<User>>(true);
    await users.setItem('user:1', saved);
    await users.setItem('user:1', { name: 'Ada', _rev: 3 }, { checkConsistency: false });
    // @ts-expect-error a user has a name
    await users.setItem('user:1', { email: 'ada@example.com' });
    // @ts-expect-error no such option
    await users.setItem('user:1', { name: 'Ada' }, { force: true });
    // @ts-expect-error a revision is a number
    await users.setItem('user:1', { name: 'Ada', _rev: '3' });
    // @ts-expect-error keys are strings or numbers
    await users.getItem(null);

    const updated = await users.updateItem('user:1', (user) => {
        same<typeof user, Stored<User> | null>(true);
        return { ...user, name: 'Ada' };
    });
    same<typeof updated, Stored<User>>(true);
    await users.updateItem('user:1', async (user) => ({ name: user?.name ?? 'new' }), { retries: 0 });
    // @ts-expect-error an update returns a document
    await users.updateItem('user:1', () => undefined);

    const deleted = await users.deleteItem('user:1', { rev: 4 });
    same<typeof deleted, 'user:1'>(true);
}

export async function batches(users: Datastore<User>, either: Datastore<A | B>, anything: Datastore): Promise<void> {
    const saved = await users.setItems([
        ['user:1', { name: 'Ada' }],
        [2, { name: 'Bob', _rev: 1 }],
    ]);
    same<typeof saved, Stored<User>[]>(true);
    await users.setItems(new Map([['user:1', { name: 'Ada' }]]), { durability: 'full', checkConsistency: false });
    // @ts-expect-error a user has a name
    await users.setItems([['user:1', { email: 'ada@example.com' }]]);
    // @ts-expect-error pairs
    await users.setItems([['user:1']]);

    const keys = await users.deleteItems(['user:1', 'user:2']);
    same<typeof keys, ('user:1' | 'user:2')[]>(true);
    const numbers: number[] = await users.deleteItems(new Set([1, 2]), { durability: 'os' });
    // @ts-expect-error no such level
    await users.deleteItems(numbers, { durability: 'power' });

    const made = await users.batch([
        { type: 'set', key: 'user:1', document: { name: 'Ada' }, rev: 3 },
        { type: 'delete', key: 'user:2' },
    ]);
    same<typeof made, BatchResult<User>[]>(true);
    same<BatchResult<User>['document'], Stored<User> | null>(true);
    // @ts-expect-error a set has a document
    await users.batch([{ type: 'set', key: 'user:1' }]);
    // @ts-expect-error a deletion has none
    await users.batch([{ type: 'delete', key: 'user:1', document: { name: 'Ada' } }]);
    // @ts-expect-error no such step
    await users.batch([{ type: 'put', key: 'user:1', document: { name: 'Ada' } }]);

    const steps: BatchOperation<A | B>[] = [{ type: 'set', key: 'k', document: { kind: 'b' } }];
    await either.batch(steps);
    await either.setItems([
        ['a', { kind: 'a', onlyA: 1 }],
        ['b', { kind: 'b', onlyB: 'x' }],
    ]);
    await anything.setItems([
        ['a', { any: 'thing' }],
        ['b', { other: 1 }],
    ]);
    const step: BatchOperation = { type: 'set', key: 'k', document: { any: 'thing' } };
    await anything.batch([step]);
}

export async function transactions(users: Datastore<User>, perhaps: { total: boolean }): Promise<void> {
    const name = await users.transaction(
        async (tx) => {
            same<typeof tx, Transaction<User>>(true);
            const found = await tx.getItem('user:1');
            same<typeof found, Stored<User> | null>(true);
            const required = await tx.getItem('user:1', { required: true });
            same<typeof required, Stored<User>>(true);
            const saved = await tx.setItem('user:1', { ...required, name: 'Ada' }, { checkConsistency: false });
            same<typeof saved, Stored<User>>(true);
            const deleted = await tx.deleteItem('user:2', { rev: 1 });
            same<typeof deleted, 'user:2'>(true);
            // @ts-expect-error a user has a name
            await tx.setItem('user:1', {});
            // @ts-expect-error durability is the transaction's
            await tx.setItem('user:1', { name: 'Ada' }, { durability: 'full' });
            return saved.name;
        },
        { retries: 10, durability: 'full' },
    );
    same<typeof name, string>(true);
    const nothing = await users.transaction(() => {});
    same<typeof nothing, void>(true);

    await users.transaction(async (tx) => {
        const keys = await tx.queryKeys();
        same<typeof keys, QueryResult<KeyItem>>(true);
        const counted = await tx.queryKeys({ prefix: 'user:', total: true, includeDocuments: true });
        same<typeof counted, QueryResult<WithDocument<KeyItem, User>>>(true);
        const page = await tx.queryKeys({ prefix: 'user:', total: false });
        same<typeof page, Page<KeyItem>>(true);
        const next = await tx.queryKeys({ prefix: 'user:', total: false, cursor: page.cursor ?? undefined });
        same<typeof next.exclusiveEndIndex, number | null | undefined>(true);
        same<typeof next.cursor, string | null>(true);
        // @ts-expect-error not counted
        page.total;
        const documents = await tx.queryKeys({ includeDocuments: true, total: false });
        same<typeof documents, Page<WithDocument<KeyItem, User>>>(true);
        const unknown = await tx.queryKeys({ limit: 1, ...perhaps });
        same<typeof unknown.total, number | undefined>(true);
        // @ts-expect-error no such option
        await tx.queryKeys({ total: false, descendin: true });
    });
    // @ts-expect-error a query outside of a transaction always counts
    await users.queryKeys({ total: false });
    // @ts-expect-error a transaction has a function
    await users.transaction();
}

export async function durability(users: Datastore<User>): Promise<void> {
    void new Datastore({ durability: 'none' });
    void new DatastoreEngine({ durability: 'none' });
    void new Datastore({ directory: 'x', durability: 'full', files: 'background', syncInterval: 50 });
    void new Datastore({ directory: 'x', singleProcess: true });
    void new DatastoreEngine({ directory: 'x', singleProcess: false });
    // @ts-expect-error yes or no
    void new Datastore({ directory: 'x', singleProcess: 1 });
    void new Datastore({ directory: 'x', readOnly: true });
    void new DatastoreEngine({ directory: 'x', readOnly: false });
    // @ts-expect-error yes or no
    void new Datastore({ directory: 'x', readOnly: 'yes' });
    // @ts-expect-error of what?
    void new Datastore({ readOnly: true });
    // @ts-expect-error where?
    void new Datastore({ durability: 'os' });
    // @ts-expect-error where?
    void new DatastoreEngine({});
    // @ts-expect-error no such choice
    void new Datastore({ directory: 'x', files: 'lazy' });

    await users.setItem('user:1', { name: 'Ada' }, { durability: 'full' });
    await users.updateItem('user:1', () => ({ name: 'Ada' }), { durability: 'full', retries: 1 });
    await users.deleteItem('user:1', { durability: 'full', rev: 1 });
    const flushed = await users.flush();
    same<typeof flushed, void>(true);
    await users._db.flush();
    same<Awaited<ReturnType<typeof users.refresh>>, RefreshReport>(true);
    same<Awaited<ReturnType<typeof users._db.refresh>>, RefreshReport>(true);

    users.on('error', (error) => {
        same<typeof error, DatastoreError>(true);
    });
    users.once('degraded', ({ code }) => {
        same<typeof code, string>(true);
    });
    // @ts-expect-error no such event
    users.on('change', () => {});
    const { failure, degraded, syncedSequence, journalBytes, filesBehind, spares } = users.stats();
    same<typeof failure, DatastoreError | null>(true);
    same<typeof degraded, DatastoreError | null>(true);
    const numbers: number[] = [syncedSequence, journalBytes, filesBehind, spares];
    void numbers;
}

type A = { kind: 'a'; onlyA: number };
type B = { kind: 'b'; onlyB?: string; _rev: number };

export async function unions(either: Datastore<A | B>, engine: DatastoreEngine<A | B>): Promise<void> {
    same<Stored<A | B>, Stored<A> | Stored<B>>(true);
    same<Writable<A | B>, Writable<A> | Writable<B>>(true);
    await either.setItem('k', { kind: 'a', onlyA: 1 });
    await either.setItem('k', { kind: 'a', onlyA: 1, _rev: 2 });
    await either.setItem('k', { kind: 'b' });
    await engine.setItem('k', { kind: 'b', onlyB: 'x' });
    // @ts-expect-error onlyA is missing
    await either.setItem('k', { kind: 'a' });
    // @ts-expect-error onlyA is missing
    await engine.setItem('k', { kind: 'a' });
    // @ts-expect-error a member of the other kind
    await either.setItem('k', { kind: 'a', onlyA: 1, onlyB: 'x' });
    // @ts-expect-error no such kind
    await either.setItem('k', { kind: 'c' });
    // @ts-expect-error an update returns a whole document
    await either.updateItem('k', () => ({ kind: 'a' as const }));

    const found = await either.getItem('k', { required: true });
    await either.setItem('k', found);
    await either.updateItem('k', (before) => before ?? { kind: 'a', onlyA: 1 });
    if (found.kind === 'a') {
        same<typeof found.onlyA, number>(true);
        await either.setItem('k', { ...found, onlyA: 2 });
    } else {
        // @ts-expect-error a member of the other kind
        found.onlyA;
    }
    either.setView('v', {
        map(document, emit) {
            emit(document.kind === 'a' ? document.onlyA : document.onlyB);
        },
    });
}

type Loose = { kind: string; [member: string]: unknown };

export async function indexSignatures(
    loose: Datastore<Loose>,
    unknowns: Datastore<Record<string, unknown>>,
    anything: Datastore,
    user: User,
): Promise<void> {
    await loose.setItem('k', { kind: 'a', more: true, _rev: 1 });
    await loose.setItem('k', await loose.getItem('k', { required: true }));
    // @ts-expect-error a known member beside an index signature stays required
    await loose.setItem('k', { more: true });

    const unknown = await unknowns.getItem('k', { required: true });
    same<typeof unknown._rev, number>(true);
    await unknowns.setItem('k', { ...unknown, more: 1 });

    await anything.setItem('k', { anything: 1 });
    await anything.setItem('k', {});
    await anything.setItem('k', user);
    const item = await anything.getItem('k', { required: true });
    item.anything += 1;
    await anything.setItem('k', item);
    await anything.setItem('k', { ...item, more: [1] });
    await anything.updateItem('k', (before) => ({ ...before, more: { deep: true } }));
    await anything.updateItem('k', (before) => before ?? { fresh: true });
    // @ts-expect-error a revision is a number
    await anything.setItem('k', { anything: 1, _rev: '1' });
}

export async function queries(users: Datastore<User>): Promise<void> {
    const keys = await users.queryKeys({ startKey: 'user:', endKey: 'user:\uffff' });
    const first = keys.items[0];
    same<typeof first, KeyItem | undefined>(true);
    // @ts-expect-error not asked for
    first?.document;
    const page = await users.queryKeys({ prefix: 'user:', includeDocuments: true, limit: Infinity });
    const document = page.items[0]?.document;
    same<typeof document, Stored<User> | undefined>(true);
    same<(typeof page)['exclusiveEndIndex'], number | null>(true);
    same<(typeof page)['total'], number>(true);
    // @ts-expect-error no such option
    await users.queryKeys({ start: 'user:' });
    // @ts-expect-error a key's bound is no array
    await users.queryKeys({ startKey: ['user:'] });

    const { signal } = new AbortController();
    const listed = await users.queryKeys({
        keys: ['a', 1] as const,
        inclusiveStart: false,
        inclusiveEnd: true,
        signal,
    });
    same<typeof listed.cursor, string | null>(true);
    // @ts-expect-error the last page has none
    await users.queryKeys({ cursor: listed.cursor });
    await users.queryView('byEmail', { keys: [null, ['a', {}]] as const, cursor: listed.cursor ?? undefined, signal });
    // @ts-expect-error a document has no such key
    await users.queryKeys({ keys: [['a']] });
    // @ts-expect-error no signal
    await users.queryKeys({ signal: new AbortController() });

    users.setView('byEmail', {
        map(user, emit) {
            same<typeof user, Stored<User>>(true);
            emit(user.email, { name: user.name });
        },
        onError: 'skip',
    });
    users.setView('byName', { map: (user, emit) => emit(user.name), collation: 'codeUnit' });
    const german: Collation = { locale: 'de', strength: 'primary', numeric: true, caseFirst: 'false' };
    users.setView('byName', { map: (user, emit) => emit(user.name), collation: german });
    users.setView('byName', { key: 'name', collation: german });
    // @ts-expect-error: there is no order without a locale
    users.setView('byName', { key: 'name', collation: { numeric: true } });
    // @ts-expect-error a language has a locale
    users.setView('byName', { map: (user, emit) => emit(user.name), collation: { numeric: true } });
    // @ts-expect-error its name in Intl is another thing
    users.setView('byName', { map: (user, emit) => emit(user.name), collation: { locale: 'de', sensitivity: 'base' } });
    // @ts-expect-error a view has a map function
    users.setView('nothing', {});
    const rows = await users.queryView('byEmail', { key: null, includeDocuments: true });
    same<(typeof rows.items)[number]['key'], Json>(true);
    same<(typeof rows.items)[number]['document'], Stored<User>>(true);
    const typedRows = await users.queryView<string, { name: string }>('byEmail', { prefix: 'a' });
    same<(typeof typedRows.items)[number]['key'], string>(true);
    same<(typeof typedRows.items)[number]['value'], { name: string } | undefined>(true);
    const result: QueryResult<{ key: Json }> = rows;
    void result;
}

export async function builtViews(users: Datastore<User>, signal: AbortSignal): Promise<void> {
    const onProgress = ({ done, total }: BuildProgress) => console.log(done / total);
    const report = await users.buildView('byEmail', { signal, onProgress });
    same<typeof report, BuildReport>(true);
    await users.queryView('byEmail', { limit: 1, signal, onProgress });
    // @ts-expect-error a query of keys builds nothing
    await users.queryKeys({ onProgress });
    // @ts-expect-error a build has no limit
    await users.buildView('byEmail', { limit: 1 });
    const deleted = await users.deleteView('byEmail');
    same<typeof deleted, boolean>(true);
    const { building, pending } = users.stats().views.byEmail ?? { building: false, pending: 0 };
    same<typeof building, boolean>(true);
    same<typeof pending, number>(true);
}

export async function reduces(users: Datastore<User>): Promise<void> {
    const engine = users._db;
    users.setView('count', { map: (_, emit) => emit(null), reduce: '_count' });
    users.setView('own', {
        map: (user, emit) => emit(user.email, 1),
        reduce: (keys, values, rereduce) => {
            same<NonNullable<typeof keys>[number][1], string>(true);
            same<typeof rereduce, boolean>(true);
            return values.length;
        },
    });
    // @ts-expect-error no such reduce
    users.setView('none', { map: (_, emit) => emit(null), reduce: '_median' });

    const all = await users.queryView<number>('count', { reduce: true, startKey: 'a' });
    same<typeof all, Reduced<number>>(true);
    const untyped = engine.queryView('count', { reduce: true });
    same<typeof untyped, Reduced>(true);
    const stats = await users.queryView<ViewStatistics>('count', { reduce: true, descending: true });
    same<typeof stats.value.min, number | null>(true);
    const groups = await users.queryView<string, number>('count', { group: true, limit: 5 });
    same<typeof groups, QueryResult<ViewGroup<string, number>>>(true);
    const byLevel = engine.queryView<[string], number>('count', { reduce: true, groupLevel: 1 });
    same<typeof byLevel, QueryResult<ViewGroup<[string], number>>>(true);
    const rows = await users.queryView<string, number>('count', { reduce: false, group: false });
    same<typeof rows, QueryResult<ViewItem<string, number>>>(true);

    // @ts-expect-error one value has no page
    await users.queryView('count', { reduce: true, limit: 5 });
    // @ts-expect-error what rows come to has no document
    await users.queryView('count', { group: true, includeDocuments: true });
    // @ts-expect-error one or the other
    await users.queryView('count', { group: true, groupLevel: 1 });
    // @ts-expect-error groups are reduced
    await users.queryView('count', { reduce: false, group: true });
}

type Row = ViewItem<string, { name: string }>;

export async function includedDocuments(users: Datastore<User>, options: KeyQueryOptions): Promise<void> {
    const engine = users._db;

    const rows = await users.queryView<string, { name: string }>('v', { includeDocuments: true });
    same<typeof rows, QueryResult<WithDocument<Row, User>>>(true);
    const engineRows = engine.queryView<string, { name: string }>('v', { key: 'a', includeDocuments: true });
    same<typeof engineRows, QueryResult<WithDocument<Row, User>>>(true);
    const engineKeys = engine.queryKeys({ includeDocuments: true });
    same<typeof engineKeys, QueryResult<WithDocument<KeyItem, User>>>(true);

    const without = await users.queryView<string>('v', { includeDocuments: false });
    same<typeof without, QueryResult<ViewItem<string>>>(true);
    const all = await users.queryView('v');
    same<typeof all, QueryResult<ViewItem>>(true);
    const allKeys = engine.queryKeys();
    same<typeof allKeys, QueryResult<KeyItem>>(true);
    const limited = { limit: 5 };
    const page = await users.queryKeys(limited);
    same<typeof page, QueryResult<KeyItem>>(true);
    const pageOfDocuments = await users.queryKeys({ ...limited, includeDocuments: true });
    same<typeof pageOfDocuments, QueryResult<WithDocument<KeyItem, User>>>(true);

    const opts = { includeDocuments: true };
    const perhaps = await users.queryKeys(opts);
    same<typeof perhaps, QueryResult<WithOptionalDocument<KeyItem, User>>>(true);
    const name = perhaps.items[0]?.document?.name;
    same<typeof name, string | undefined>(true);
    // @ts-expect-error it may be missing
    perhaps.items.map((item) => item.document.name);
    const perhapsRows = await users.queryView<string, { name: string }>('v', opts);
    same<typeof perhapsRows, QueryResult<WithOptionalDocument<Row, User>>>(true);
    const perhapsOfEngine = engine.queryKeys(options);
    same<typeof perhapsOfEngine, QueryResult<WithOptionalDocument<KeyItem, User>>>(true);
    const perhapsRowsOfEngine = engine.queryView<string, { name: string }>('v', opts);
    same<typeof perhapsRowsOfEngine, QueryResult<WithOptionalDocument<Row, User>>>(true);

    // @ts-expect-error no such option
    await users.queryKeys({ limit: 1, descendin: true });
    // @ts-expect-error no such option
    await users.queryKeys({ includeDocuments: true, descendin: true });
    // @ts-expect-error no such option
    await users.queryView('v', { limit: 1, descendin: true });
    // @ts-expect-error no such option
    engine.queryKeys({ limit: 1, descendin: true });
    // @ts-expect-error no such option
    engine.queryView<string>('v', { includeDocuments: true, descendin: true });
}

export async function untyped(): Promise<void> {
    await using datastore = new Datastore({ directory: '/tmp/data' });
    same<Awaited<ReturnType<typeof datastore.load>>, typeof datastore>(true);
    const item = await datastore.getItem('anything');
    item?.whatever.it.has;
    await datastore.setItem('anything', { whatever: [1, 2, 3] });
    const engine: DatastoreEngine = datastore._db;
    const { document } = engine.getItem('anything');
    document?.anything;
    const report: LoadReport | null = datastore.loadReport;
    const onProgress = ({ done, total }: BuildProgress) => console.log(done / total);
    same<Awaited<ReturnType<typeof datastore.load>>, typeof datastore>(true);
    await datastore.load({ onProgress, signal: AbortSignal.timeout(1_000) });
    await datastore._db.loadDocuments({ onProgress });
    // @ts-expect-error a load has no limit
    await datastore.load({ limit: 1 });
    void report;
    void new Datastore({ db: engine, requireRev: true });
    void new Datastore({
        db: { loadDocuments() {}, getItem: () => ({ document: null }), setItem() {}, deleteItem() {} },
    });
    void new Datastore({ db: new DatastoreEngine<User>({ directory: 'x' }) });
    void new DatastoreEngine<User>({ directory: 'x', onCorrupt: 'quarantine' });
    void new Datastore({ directory: 'x', collation: { locale: 'sv' } });
    void new DatastoreEngine({ durability: 'none', collation: 'codeUnit' });
    // @ts-expect-error a locale stands in an object
    void new Datastore({ directory: 'x', collation: 'sv' });
    // @ts-expect-error where are the documents?
    void new Datastore({ requireRev: true });
    // @ts-expect-error no such option
    void new Datastore({ directory: 'x', cache: 3 });
    // @ts-expect-error no such choice
    void new DatastoreEngine({ directory: 'x', onCorrupt: 'ignore' });
}

/** Iterations, imports, backups. */
export async function outAndIn(store: Datastore<User>) {
    for await (const item of store.items({ prefix: 'user:', descending: true, signal: new AbortController().signal })) {
        same<typeof item, Item<User>>(true);
        same<typeof item.document, Stored<User>>(true);
    }
    for await (const line of store.exportItems({ limit: Infinity })) {
        same<typeof line, string>(true);
    }
    // @ts-expect-error items always have their documents
    store.items({ includeDocuments: true });

    const options: ImportOptions = { onExisting: 'skip', keepRevisions: true, durability: 'full' };
    same<Awaited<ReturnType<typeof store.importItems>>, ImportReport>(true);
    await store.importItems(store.items(), options);
    await store.importItems(store.exportItems());
    await store.importItems(new Uint8Array());
    await store.importItems([{ key: 1, document: { name: 'Ada' } }]);
    // @ts-expect-error a record has a document
    await store.importItems([{ key: 'a' }]);
    // @ts-expect-error there is no such way
    await store.importItems([], { onExisting: 'replace' });

    const report: BackupReport = await store.backup('./backup', { onProgress: ({ done, total }) => done / total });
    same<typeof report.created, string>(true);
    await store.restore('./backup');
    // @ts-expect-error a backup has a place
    await store.backup();
}
