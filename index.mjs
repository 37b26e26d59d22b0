// The same instance as `require` gives: one native half, one set of classes.
import kixx from './index.js';

export const {
    Datastore,
    DatastoreEngine,
    DatastoreError,
    ConflictError,
    AssertionError,
    NotFoundError,
    ClosedError,
    CorruptError,
    ViewMapError,
    ViewReduceError,
    MigrationError,
    StorageError,
} = kixx;
