// Imports the package from an ES module: compiled in several ways, and run.

import type * as everything from 'kixx-datastore';
// @ts-expect-error an ES module of ours has no default
import type nothing from 'kixx-datastore';
import { Datastore, DatastoreError, type Stored } from 'kixx-datastore';

interface User {
    name: string;
}

const users: everything.Datastore<User> = new Datastore<User>({ durability: 'none' });
const saved: Stored<User> = await users.setItem('user:1', { name: 'Ada' });
const error: unknown = await users.setItem('user:1', { ...saved, _rev: 7 }).catch((refused) => refused);
if (!(error instanceof DatastoreError) || error.code !== 'CONFLICT' || error.actualRev !== 0) {
    throw new Error('not the same classes');
}
await users.close();
export type Absent = typeof nothing;
// @ts-expect-error a user has a name
export const wrong = (): Promise<unknown> => users.setItem('user:2', {});
