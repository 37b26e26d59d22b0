'use strict';

/**
 * Every error that this package creates. Each has a stable `code` on which to branch; messages are for people and may
 * change. `name`, `code` and `instanceof` tell the same thing, and classes with one code carry it as `CODE`.
 *
 * Not here: errors of a user's own functions, which pass unchanged.
 */

/** The base class: errors without a class of their own carry one of the codes in `index.d.ts`. */
class DatastoreError extends Error {
    constructor(message, { code, cause, ...facts } = {}) {
        super(message, cause === undefined ? undefined : { cause });
        if (code !== undefined) {
            this.code = code;
        }
        for (const [name, value] of Object.entries(facts)) {
            if (value !== undefined) {
                this[name] = value;
            }
        }
    }
}

/** Makes a subclass with a code of its own. */
function withCode(name, code, more = {}) {
    const { [name]: Class } = {
        [name]: class extends DatastoreError {
            static CODE = code;

            constructor(message, facts) {
                super(message, { ...facts, ...more, code });
            }
        },
    };
    nameOf(Class, name);
    return Class;
}

function nameOf(Class, name) {
    Object.defineProperty(Class.prototype, 'name', { value: name, configurable: true, writable: true });
}

nameOf(DatastoreError, 'DatastoreError');

/**
 * The stored revision is not the expected one: `key`, `expectedRev`, `actualRev`. Or another document has the value in a
 * unique view: `viewId`, `viewKey`, `otherKey`, and revisions of `null`.
 */
const ConflictError = withCode('ConflictError', 'CONFLICT', { httpStatusCode: 409 });

/** The caller broke a rule of the interface; nothing was changed. */
const AssertionError = withCode('AssertionError', 'ASSERTION');

/** No such document (`key`) or view (`viewId`). */
const NotFoundError = withCode('NotFoundError', 'NOT_FOUND', { httpStatusCode: 404 });

/** The datastore was closed. */
const ClosedError = withCode('ClosedError', 'CLOSED');

/** Files that cannot be documents: `files: [{ file, reason }]`. */
const CorruptError = withCode('CorruptError', 'CORRUPT');

/** A map function failed: `viewId`, `key`, `cause`. */
const ViewMapError = withCode('ViewMapError', 'VIEW_MAP');

/** A view's rows cannot be reduced: `viewId`, and `key` of the document with the value at fault or `cause` of the function. */
const ViewReduceError = withCode('ViewReduceError', 'VIEW_REDUCE');

/** A migration's function failed: `version`, `key`, `cause`. */
const MigrationError = withCode('MigrationError', 'MIGRATION');

/** A call was aborted; `cause` is the signal's reason. Users know it by its code and name, as other libraries' ones. */
const AbortError = withCode('AbortError', 'ABORT_ERR');

/** The operating system refused: its `code`, `errno`, `syscall`, `path`, as Node's own errors have them. */
class StorageError extends DatastoreError {}

nameOf(StorageError, 'StorageError');

const CLASSES = {
    CONFLICT: ConflictError,
    ASSERTION: AssertionError,
    CLOSED: ClosedError,
    CORRUPT: CorruptError,
    VIEW_REDUCE: ViewReduceError,
};

/**
 * The error for the facts that the native half told. Call it where the stack means something to the user.
 *
 * @param {object} facts as `src/node/failure.rs` makes them
 */
function fromNative(facts) {
    if (facts instanceof Error) {
        return new DatastoreError(`the native half failed: ${facts.message}`, { code: 'POISONED', cause: facts });
    }
    const { code, kind, message, key, path, syscall, errno, files, cause } = facts;
    const common = { key: key ?? undefined, path: path ?? undefined, cause: cause && new Error(cause) };
    if (kind === 'CONFLICT') {
        return new ConflictError(message, { ...common, ...ofConflict(facts) });
    }
    if (kind === 'CORRUPT') {
        return new CorruptError(message, { ...common, files });
    }
    if (syscall) {
        // Node's errors carry the number negated, as libuv gives it.
        const negated = typeof errno === 'number' ? -Math.abs(errno) : undefined;
        return new StorageError(message, { ...common, code, errno: negated, syscall });
    }
    const Class = CLASSES[kind] ?? DatastoreError;
    return new Class(message, { ...common, code });
}

/** Two revisions, or two documents with one value in a unique view. */
function ofConflict({ expectedRev, actualRev, viewId, viewKey, otherKey }) {
    const revisions = { expectedRev: expectedRev ?? null, actualRev: actualRev ?? null };
    if (viewId === undefined || viewId === null) {
        return revisions;
    }
    return { ...revisions, viewId, viewKey: JSON.parse(viewKey), otherKey };
}

/** The refusal of a write by a store that is only read. */
function readOnly(facts) {
    return new DatastoreError("the datastore was opened with 'readOnly: true': nothing is written", {
        code: 'READ_ONLY',
        ...facts,
    });
}

/** Runs a native function; what it throws becomes a typed error. */
function native(call) {
    try {
        return call();
    } catch (facts) {
        throw fromNative(facts);
    }
}

module.exports = {
    DatastoreError,
    ConflictError,
    AssertionError,
    NotFoundError,
    ClosedError,
    CorruptError,
    ViewMapError,
    ViewReduceError,
    MigrationError,
    AbortError,
    StorageError,
    fromNative,
    native,
    readOnly,
};
