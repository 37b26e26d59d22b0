// Requires the package from a CommonJS module: compiled in several ways, and run.

import kixx = require('kixx-datastore');
import type { Stored } from 'kixx-datastore';

interface User {
    name: string;
}

const { Datastore, DatastoreError } = kixx;

async function main(): Promise<void> {
    const users: kixx.Datastore<User> = new Datastore<User>({ durability: 'none' });
    const saved: Stored<User> = await users.setItem('user:1', { name: 'Ada' });
    const error: unknown = await users.setItem('user:1', { ...saved, _rev: 7 }).catch((refused) => refused);
    if (!(error instanceof DatastoreError) || error.code !== 'CONFLICT' || error.actualRev !== 0) {
        throw new Error('not the same classes');
    }
    // @ts-expect-error a user has a name
    const wrong = (): Promise<unknown> => users.setItem('user:2', {});
    void wrong;
    const imported = await import('kixx-datastore');
    const same: kixx.Datastore<User> = new imported.Datastore<User>({ durability: 'none' });
    if (!(same instanceof Datastore)) {
        throw new Error('not the same classes');
    }
    await Promise.all([users.close(), same.close()]);
}

void main();
