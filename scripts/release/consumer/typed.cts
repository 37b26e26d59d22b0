import kixx = require('kixx-datastore');

export const users: kixx.Datastore<{ name: string }> = new kixx.Datastore({ directory: './data' });
