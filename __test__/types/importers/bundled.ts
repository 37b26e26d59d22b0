// Imports the package as a bundler would: compiled, never run.

import { type AnyDatastoreError, Datastore, type KeyMap, type Where } from 'kixx-datastore';

type Docs = KeyMap<{ [key: `user:${string}`]: { name: string } }>;

export async function names(where: Where<{ name: string }>): Promise<string[]> {
    const store = new Datastore<Docs>({ directory: './data' });
    const { items } = await store.find(where);
    // @ts-expect-error no template has this key
    await store.getItem('account:1');
    return items.map(({ document }) => document.name);
}

export function revision(error: AnyDatastoreError): number | null {
    return error.code === 'CONFLICT' ? error.actualRev : null;
}
