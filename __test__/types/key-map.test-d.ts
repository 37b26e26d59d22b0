// Assertions on the types of a datastore with a `KeyMap`: compiled by `tsc --noEmit`, never run.

import {
    type BatchResult,
    Datastore,
    DatastoreEngine,
    type DocumentOf,
    type KeyItem,
    type KeyMap,
    type KeyOf,
    type Page,
    type QueryResult,
    type Stored,
    type ViewItem,
    type WithDocument,
    type WithOptionalDocument,
} from 'kixx-datastore';
import { same } from './same.js';

interface User {
    name: string;
    email?: string;
}

interface Post {
    title: string;
    tags: string[];
}

interface Settings {
    theme: 'dark' | 'light';
}

type Docs = KeyMap<{ [key: `user:${string}`]: User; [key: `post:${string}`]: Post; settings: Settings }>;
type Either = User | Post | Settings;
type AnyKey = `user:${string}` | `post:${string}` | 'settings';

export async function documents(store: Datastore<Docs>, id: string): Promise<void> {
    same<KeyOf<Docs>, AnyKey>(true);
    same<DocumentOf<Docs>, Either>(true);
    same<KeyOf<User>, string>(true);
    same<DocumentOf<User>, User>(true);

    const user = await store.getItem(`user:${id}`);
    same<typeof user, Stored<User> | null>(true);
    const post = await store.getItem('post:1', { required: true });
    same<typeof post, Stored<Post>>(true);
    const settings = await store.getItem('settings', { required: true });
    same<(typeof settings)['theme'], 'dark' | 'light'>(true);
    const either = await store.getItem(id === '' ? 'post:1' : 'user:1');
    same<typeof either, Stored<User> | Stored<Post> | null>(true);
    // @ts-expect-error it may be missing
    user.name;
    // @ts-expect-error no template has this key
    await store.getItem('account:1');
    // @ts-expect-error no template has every text
    await store.getItem(id);
    // @ts-expect-error no template has a number
    await store.getItem(1);

    const several = await store.getItems(['user:1', 'post:2', 'settings']);
    same<typeof several, [Stored<User> | null, Stored<Post> | null, Stored<Settings> | null]>(true);
    const users = await store.getItems([`user:${id}`] as `user:${string}`[], { required: true });
    same<typeof users, Stored<User>[]>(true);
    // @ts-expect-error no template has this key
    await store.getItems(['user:1', 'account:1']);

    const saved = await store.setItem('user:1', { name: 'Ada' });
    same<typeof saved, Stored<User>>(true);
    await store.setItem('user:1', saved, { durability: 'full' });
    // @ts-expect-error a post is no user
    await store.setItem('user:1', { title: 'x', tags: [] });
    // @ts-expect-error no such theme
    await store.setItem('settings', { theme: 'blue' });
    // @ts-expect-error no template has this key
    await store.setItem('account:1', { name: 'Ada' });

    const updated = await store.updateItem('post:1', (before) => {
        same<typeof before, Stored<Post> | null>(true);
        return { title: 'x', tags: before?.tags ?? [] };
    });
    same<typeof updated, Stored<Post>>(true);
    // @ts-expect-error a user is no post
    await store.updateItem('post:1', () => ({ name: 'Ada' }));

    const deleted = await store.deleteItem('user:1');
    same<typeof deleted, 'user:1'>(true);
    // @ts-expect-error no template has this key
    await store.deleteItem('account:1');
}

export async function batches(store: Datastore<Docs>): Promise<void> {
    const saved = await store.setItems([
        ['user:1', { name: 'Ada' }],
        ['post:1', { title: 'x', tags: [] }],
    ]);
    same<typeof saved, Stored<Either>[]>(true);
    // @ts-expect-error a user is no post
    await store.setItems([['post:1', { name: 'Ada' }]]);
    // @ts-expect-error no template has this key
    await store.setItems([['account:1', { name: 'Ada' }]]);

    const keys = await store.deleteItems(['user:1', 'settings']);
    same<typeof keys, ('user:1' | 'settings')[]>(true);
    // @ts-expect-error no template has this key
    await store.deleteItems(['account:1']);

    const made = await store.batch([
        { type: 'set', key: 'user:1', document: { name: 'Ada' }, rev: 1 },
        { type: 'delete', key: 'post:1' },
    ]);
    same<typeof made, BatchResult<Either, AnyKey>[]>(true);
    // @ts-expect-error a user is no post
    await store.batch([{ type: 'set', key: 'post:1', document: { name: 'Ada' } }]);
    // @ts-expect-error no template has this key
    await store.batch([{ type: 'delete', key: 'account:1' }]);
}

export async function transactions(store: Datastore<Docs>): Promise<void> {
    await store.transaction(async (tx) => {
        const user = await tx.getItem('user:1', { required: true });
        same<typeof user, Stored<User>>(true);
        const post = await tx.getItem('post:1');
        same<typeof post, Stored<Post> | null>(true);
        await tx.setItem('user:1', { ...user, name: 'Ada' });
        await tx.deleteItem('post:1', { rev: 1 });
        // @ts-expect-error a post is no user
        await tx.setItem('user:1', { title: 'x', tags: [] });
        // @ts-expect-error no template has this key
        await tx.getItem('account:1');
        // @ts-expect-error no template has this key
        await tx.deleteItem('account:1');

        const page = await tx.queryKeys({ prefix: 'user:', total: false });
        same<typeof page, Page<KeyItem<AnyKey>>>(true);
        const counted = await tx.queryKeys({ includeDocuments: true });
        same<typeof counted, QueryResult<WithDocument<KeyItem<AnyKey>, Either>>>(true);
    });
}

export async function queries(store: Datastore<Docs>, options: { includeDocuments: boolean }): Promise<void> {
    const { items } = await store.queryKeys({ prefix: 'us' });
    for (const { key } of items) {
        same<typeof key, AnyKey>(true);
        const document = await store.getItem(key);
        same<typeof document, Stored<User> | Stored<Post> | Stored<Settings> | null>(true);
    }
    for await (const { key, document } of store.items()) {
        same<typeof key, (typeof items)[number]['key']>(true);
        void document._rev;
    }
    await store.importItems(store.items());
    const whole = await store.queryKeys({ includeDocuments: true });
    same<typeof whole, QueryResult<WithDocument<KeyItem<AnyKey>, Either>>>(true);
    const perhaps = await store.queryKeys(options);
    same<typeof perhaps, QueryResult<WithOptionalDocument<KeyItem<AnyKey>, Either>>>(true);
    const rows = await store.queryView<string, number>('v', { includeDocuments: true });
    same<typeof rows, QueryResult<WithDocument<ViewItem<string, number, AnyKey>, Either>>>(true);

    const found = await store.find({ 'tags.0': 'a' }, { limit: 1 });
    same<typeof found, QueryResult<WithDocument<KeyItem<AnyKey>, Either>>>(true);
    const explained = await store.find({ theme: 'dark' }, { explain: true });
    same<typeof explained.explain.examined, number>(true);
    const one = await store.findOne({ name: { $exists: true } });
    same<typeof one, Stored<Either> | null>(true);
    await store.count({ title: 'x' });
    // @ts-expect-error none of the documents has it
    await store.find({ nme: 'Ada' });
    // @ts-expect-error no such theme
    await store.count({ theme: 'blue' });

    store.setView('names', {
        map(document, emit) {
            same<typeof document, Stored<Either>>(true);
            emit('name' in document ? document.name : null);
        },
    });
    store.setView('titles', { key: ['title', 'tags.0'] });
    // @ts-expect-error none of the documents has it
    store.setView('titles', { key: 'titel' });
}

export async function engine(store: Datastore<Docs>): Promise<void> {
    const { key, document } = store._db.getItem('user:1');
    same<typeof key, 'user:1'>(true);
    same<typeof document, Stored<User> | null>(true);
    const saved = await new DatastoreEngine<Docs>({ directory: 'x' }).setItem('post:1', { title: 'x', tags: [] });
    same<typeof saved.document, Stored<Post>>(true);
    await store._db.deleteItem('settings');
    const rows = store._db.queryKeys();
    same<typeof rows, QueryResult<KeyItem<AnyKey>>>(true);
    // @ts-expect-error no template has this key
    store._db.getItem('account:1');
    // @ts-expect-error a post is no user
    await store._db.setItem('user:1', { title: 'x', tags: [] });
    // @ts-expect-error no template has this key
    await store._db.deleteItem('account:1');
}

/** With a type for all other keys, none is refused. */
export async function open(store: Datastore<KeyMap<{ [key: `user:${string}`]: User; [key: string]: object }>>) {
    const user = await store.getItem('user:1');
    same<typeof user, Stored<User> | null>(true);
    const other = await store.getItem('anything');
    same<typeof other, Stored<object> | null>(true);
    void new Datastore<Docs>({ directory: 'x' });
}
