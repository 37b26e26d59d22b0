// Assertions on types where that of the documents is a parameter: compiled by `tsc --noEmit`, never run.

import {
    Datastore,
    type Key,
    type KeyMap,
    type SetOptions,
    type Stored,
    type Where,
    type Writable,
} from 'kixx-datastore';
import { same } from './same.js';

interface User {
    name: string;
}

type Docs = KeyMap<{ [key: `user:${string}`]: User; settings: { theme: string } }>;

/** What is read can be written back where the documents' type is a parameter, too. */
export async function touch<Doc extends object>(datastore: Datastore<Doc>, key: string): Promise<number> {
    const { _rev } = await datastore.setItem(key, await datastore.getItem(key, { required: true }));
    return _rev;
}

/** A class over a datastore of any one type. */
export class Repository<Doc extends { name: string }> {
    constructor(
        private readonly datastore: Datastore<Doc>,
        private readonly prefix: string,
    ) {}

    async get(id: string): Promise<Stored<Doc> | null> {
        const found = await this.datastore.getItem(`${this.prefix}:${id}`);
        void found?.name.length;
        return found;
    }

    async save(id: string, document: Writable<Doc>): Promise<Stored<Doc>> {
        return this.datastore.setItem(`${this.prefix}:${id}`, document);
    }

    async saveAll(documents: Map<string, Writable<Doc>>): Promise<Stored<Doc>[]> {
        return this.datastore.setItems(documents);
    }

    async rename(id: string, change: (before: Stored<Doc> | null) => Writable<Doc>): Promise<Stored<Doc>> {
        await this.datastore.transaction(async (tx) => {
            await tx.setItem(id, change(await tx.getItem(id)));
        });
        return this.datastore.updateItem(id, change);
    }

    async find(where: Where<Doc>): Promise<Stored<Doc>[]> {
        const { items } = await this.datastore.find(where, { limit: Infinity });
        return items.map(({ document }) => document);
    }

    async all(): Promise<Stored<Doc>[]> {
        const { items } = await this.datastore.queryKeys({ prefix: this.prefix, includeDocuments: true });
        const several = await this.datastore.getItems([1, 'a'], { required: true });
        return [...several, ...items.map(({ document }) => document)];
    }

    async keys(): Promise<string[]> {
        const { items } = await this.datastore.queryKeys({ prefix: this.prefix });
        return this.datastore.deleteItems(items.map(({ key }) => key));
    }

    index(): void {
        this.datastore.setView('byName', { map: (document, emit) => emit(document.name) });
    }
}

/** A datastore with more to it. */
export class Store<Doc extends object> extends Datastore<Doc> {
    async has(key: Key): Promise<boolean> {
        const found: Stored<Doc> | null = await this.getItem(key);
        return found !== null;
    }
}

/** A datastore that does one thing differently. */
export class Audited extends Datastore<User> {
    override async setItem(key: Key, document: Writable<User>, options?: SetOptions): Promise<Stored<User>> {
        return super.setItem(key, document, options);
    }
}

export async function used(users: Datastore<User>, mapped: Datastore<Docs>, anything: Datastore): Promise<void> {
    const repository = new Repository(users, 'user');
    const found = await repository.get('1');
    same<typeof found, Stored<User> | null>(true);
    await touch(users, 'user:1');
    await touch(anything, 'user:1');
    await new Audited({ directory: 'x' }).setItem('user:1', { name: 'Ada' });

    const wider: Datastore<User | { title: string }> = users;
    const widest: Datastore = users;
    // biome-ignore lint/suspicious/noExplicitAny: that it may be any is the point
    const any: Datastore<any>[] = [users, mapped, anything];
    const item = await any[0]?.getItem('anything');
    item?.whatever.it.has;
    void any[0]?.setItem('anything', { any: 'thing' });
    void any[0]?.setItems([['anything', { any: 'thing' }]]);
    void any[0]?.find({ 'any.path': 1 });
    void [wider, widest];
    // @ts-expect-error other documents
    const wrong: Datastore<{ title: string }> = users;
    // @ts-expect-error whose documents are of several types is not of one
    const plain: Datastore<User> = mapped;
    void [wrong, plain];
}
