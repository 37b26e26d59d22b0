// Assertions on the types of errors: compiled by `tsc --noEmit`, never run.

import {
    type AnyDatastoreError,
    AssertionError,
    type BadFile,
    ClosedError,
    ConflictError,
    CorruptError,
    type Datastore,
    DatastoreError,
    type Json,
    NotFoundError,
    StorageError,
    ViewMapError,
    ViewReduceError,
} from 'kixx-datastore';
import { same } from './same.js';

export function errors(error: unknown): void {
    if (error instanceof ConflictError) {
        same<typeof error.code, 'CONFLICT'>(true);
        same<typeof error.expectedRev, number | null>(true);
        same<typeof error.httpStatusCode, 409>(true);
        same<typeof error.viewId, string | undefined>(true);
        same<typeof error.viewKey, Json | undefined>(true);
        same<typeof error.otherKey, string | undefined>(true);
    } else if (error instanceof CorruptError) {
        same<typeof error.files, BadFile[]>(true);
    } else if (error instanceof ViewMapError) {
        same<typeof error.viewId, string>(true);
    } else if (error instanceof ViewReduceError) {
        same<typeof error.code, 'VIEW_REDUCE'>(true);
        same<typeof error.viewId, string>(true);
    } else if (error instanceof StorageError) {
        same<typeof error.syscall, string>(true);
    } else if (error instanceof NotFoundError || error instanceof AssertionError || error instanceof ClosedError) {
        const base: DatastoreError = error;
        void base;
    }
    const code: 'NOT_FOUND' = NotFoundError.CODE;
    void code;

    const made: DatastoreError[] = [
        new DatastoreError('in use', { code: 'LOCKED', path: '/tmp/data', cause: error }),
        new ConflictError('changed meanwhile', { key: 'k', expectedRev: 1, actualRev: null }),
        new AssertionError('no key'),
        new NotFoundError('no view', { viewId: 'v' }),
        new ClosedError('closed'),
        new CorruptError('bad files', { files: [{ file: 'a.json', reason: 'empty' }] }),
        new ViewMapError('map threw', { viewId: 'v', key: 'k', cause: error }),
        new ViewReduceError('reduce threw', { viewId: 'v', cause: error }),
        new StorageError('no space', { code: 'ENOSPC', errno: -28, syscall: 'write' }),
    ];
    void made;
    same<ConstructorParameters<typeof ConflictError>, ConstructorParameters<typeof DatastoreError>>(true);
    // @ts-expect-error an error has a message
    void new ConflictError();
    // @ts-expect-error a code is a string
    void new DatastoreError('in use', { code: 1 });
}

class OwnError extends DatastoreError {
    readonly own = 1;
}

/** What is caught is told apart by its code, without a class. */
export function byCode(error: unknown): unknown {
    if (error instanceof OwnError) {
        same<typeof error, OwnError>(true);
        return error.own;
    }
    if (!(error instanceof DatastoreError)) {
        return null;
    }
    switch (error.code) {
        case 'CONFLICT':
            same<typeof error, ConflictError>(true);
            return error.expectedRev;
        case 'ASSERTION':
            same<typeof error, AssertionError>(true);
            return error.message;
        case 'NOT_FOUND':
            same<typeof error, NotFoundError>(true);
            return error.viewId;
        case 'CLOSED':
            same<typeof error, ClosedError>(true);
            return error.message;
        case 'CORRUPT':
            same<typeof error, CorruptError>(true);
            return error.files;
        case 'VIEW_MAP':
            same<typeof error, ViewMapError>(true);
            return error.key;
        case 'VIEW_REDUCE':
            same<typeof error, ViewReduceError>(true);
            // @ts-expect-error a view's reduce has no revision
            return error.expectedRev;
        case 'ENOSPC':
        case 'EACCES':
            same<typeof error, StorageError>(true);
            return error.syscall;
        case 'LOCKED':
        case 'POISONED':
        case 'ABORT_ERR':
            // @ts-expect-error what has no class of its own has no field of its own either
            return error.files;
        // @ts-expect-error no such code
        case 'CONFLIKT':
            return null;
        default:
            return error.message;
    }
}

/** Every code is one of the known ones. */
export function exhaustive(error: AnyDatastoreError): string {
    switch (error.code) {
        case 'CONFLICT':
        case 'ASSERTION':
        case 'NOT_FOUND':
        case 'CLOSED':
        case 'CORRUPT':
        case 'VIEW_MAP':
        case 'VIEW_REDUCE':
        case 'MIGRATION':
        case 'SCHEMA_TOO_NEW':
        case 'LOCKED':
        case 'NOT_LOADED':
        case 'UNSUPPORTED':
        case 'POISONED':
        case 'READ_ONLY':
        case 'KEY_COLLISION':
        case 'NATIVE_LOAD':
        case 'ABORT_ERR':
            return error.code;
        default:
            same<typeof error, StorageError>(true);
            return error.syscall;
    }
}

export async function refused(users: Datastore<{ name: string }>): Promise<number | null> {
    try {
        await users.setItem('user:1', { name: 'Ada', _rev: 1 });
        return null;
    } catch (error) {
        return error instanceof ConflictError ? error.actualRev : null;
    }
}
