// Assertions on the types of somebody else's engine: compiled by `tsc --noEmit`, never run.

import { type CustomEngine, Datastore } from 'kixx-datastore';

interface User {
    name: string;
    email?: string;
}

export function customEngines(users: Map<string, User>): void {
    const rest = { loadDocuments() {}, setItem() {}, deleteItem() {} };
    const engines: CustomEngine<User>[] = [
        { ...rest, getItem: () => null },
        { ...rest, getItem: () => undefined },
        { ...rest, getItem: async () => null },
        { ...rest, getItem: async () => undefined },
        { ...rest, getItem: (key) => ({ document: users.get(key) }) },
        { ...rest, getItem: async (key) => (users.has(key) ? { document: users.get(key) ?? null } : undefined) },
        { ...rest, getItem: () => ({ document: { name: 'Ada' } }), stats: () => ({ documents: 1 }) },
    ];
    for (const db of engines) {
        void new Datastore<User>({ db });
    }
    void new Datastore({ db: { ...rest, getItem: async () => null, stats: () => ({ documents: 1 }) } });
    // @ts-expect-error the document is a member of the answer
    const bare: CustomEngine<User> = { ...rest, getItem: () => ({ name: 'Ada' }) };
    // @ts-expect-error no function
    const numbers: CustomEngine = { ...rest, getItem: () => null, stats: { documents: 1 } };
    void [bare, numbers];
}
