// Assertions on types: compiled by `tsc --noEmit`, never run.

import {
    AssertionError,
    type BadFile,
    ClosedError,
    ConflictError,
    CorruptError,
    Datastore,
    DatastoreEngine,
    type DatastoreError,
    type Json,
    type KeyItem,
    type LoadReport,
    NotFoundError,
    type QueryResult,
    StorageError,
    type Stored,
    ViewMapError,
} from 'kixx-datastore';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_equal: Equal<A, B>): void {}

interface User {
    name: string;
    email?: string;
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

    users.setView('byEmail', {
        map(user, emit) {
            same<typeof user, Stored<User>>(true);
            emit(user.email, { name: user.name });
        },
        onError: 'skip',
    });
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
    void report;
    void new Datastore({ db: engine, requireRev: true });
    void new Datastore({
        db: { loadDocuments() {}, getItem: () => ({ document: null }), setItem() {}, deleteItem() {} },
    });
    void new DatastoreEngine<User>({ directory: 'x', onCorrupt: 'quarantine' });
    // @ts-expect-error where are the documents?
    void new Datastore({ requireRev: true });
    // @ts-expect-error no such option
    void new Datastore({ directory: 'x', cache: 3 });
    // @ts-expect-error no such choice
    void new DatastoreEngine({ directory: 'x', onCorrupt: 'ignore' });
}

export function errors(error: unknown): void {
    if (error instanceof ConflictError) {
        same<typeof error.code, 'CONFLICT'>(true);
        same<typeof error.expectedRev, number | null>(true);
        same<typeof error.httpStatusCode, 409>(true);
    } else if (error instanceof CorruptError) {
        same<typeof error.files, BadFile[]>(true);
    } else if (error instanceof ViewMapError) {
        same<typeof error.viewId, string>(true);
    } else if (error instanceof StorageError) {
        same<typeof error.syscall, string>(true);
    } else if (error instanceof NotFoundError || error instanceof AssertionError || error instanceof ClosedError) {
        const base: DatastoreError = error;
        void base;
    }
    const code: 'NOT_FOUND' = NotFoundError.CODE;
    void code;
}
