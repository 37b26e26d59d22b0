import { Datastore } from 'kixx-datastore';

const users = new Datastore<{ name: string }>({ directory: './data' });
const user = await users.getItem('user:1');
export const name: string | undefined = user?.name;
export const revision: number | undefined = user?._rev;
