/**
 * The Kixx Datastore: documents by key, in memory, one readable JSON file each on disk, with revisions and views.
 *
 * `Doc` is the type of the documents in one datastore: one type, a union, or a `KeyMap`; leave it out where any will do.
 * `Views` are the types of its views' rows. What is declared twice, the second time for `WithoutKeyMap`, is so for the
 * sake of functions and classes of which `Doc` is a type parameter.
 *
 * @packageDocumentation
 */

import type { EventEmitter } from 'node:events';
import type {
    Declared,
    Excluding,
    Including,
    KeyItem,
    Page,
    QueryResult,
    ReducedRows,
    Row,
    RowGroup,
    RowKey,
    WholeKeys,
    WithDocument,
    WithOptionalDocument,
} from './declarations/answer.js';
import type { Collation } from './declarations/collation.js';
import type {
    AnyDocument,
    DocumentOf,
    documents,
    Json,
    Key,
    KeyOf,
    MappedDocument,
    MappedKey,
    Stored,
    WithKeyMap,
    WithoutKeyMap,
    Writable,
} from './declarations/document.js';
import type { CountOptions, Explanation, FindOneOptions, FindOptions } from './declarations/find.js';
import type {
    BuildOptions,
    BuildProgress,
    BuildReport,
    GroupQueryOptions,
    KeyQueryOptions,
    ReduceQueryOptions,
    ViewQueryOptions,
} from './declarations/query.js';
import type { AnyViews, SourceOf, ViewId, ViewMap } from './declarations/view.js';
import type { Where } from './declarations/where.js';

export type {
    Excluding,
    Including,
    KeyItem,
    Page,
    QueryResult,
    Reduced,
    ViewGroup,
    ViewItem,
    ViewRow,
    WithDocument,
    WithOptionalDocument,
} from './declarations/answer.js';
export type { Collation, LocaleCollation } from './declarations/collation.js';
export type {
    AnyDocument,
    DocumentOf,
    Json,
    Key,
    KeyMap,
    KeyOf,
    MappedDocument,
    MappedKey,
    Revision,
    Stored,
    Writable,
} from './declarations/document.js';
export type { ConsideredView, CountOptions, Explanation, FindOneOptions, FindOptions } from './declarations/find.js';
export type { Path, ValueAt } from './declarations/path.js';
export type {
    BuildOptions,
    BuildProgress,
    BuildReport,
    Duplicate,
    GroupQueryOptions,
    KeyPrefix,
    KeyQueryOptions,
    ReduceQueryOptions,
    ViewQueryOptions,
    WindowOptions,
} from './declarations/query.js';
export type {
    BuiltInReduce,
    BuiltInResults,
    ReduceArguments,
    ReduceFor,
    ReduceFunction,
    ViewStatistics,
} from './declarations/reduce.js';
export type {
    AnyViews,
    DeclarationOptions,
    DeclaredRow,
    DeclaredView,
    EachDeclaration,
    Emit,
    SourceOf,
    View,
    ViewDeclaration,
    ViewId,
    ViewMap,
    ViewSource,
} from './declarations/view.js';
export type { Condition, Conditions, Operand, Where } from './declarations/where.js';

/** How a load is waited for. */
export interface LoadOptions {
    /** Rejects the call with code `ABORT_ERR` when it is aborted. The load goes on: others may wait for it, too. */
    signal?: AbortSignal | undefined;
    /** Hears how many files are read, about a hundred times; at the end always. */
    onProgress?: ((progress: BuildProgress) => void) | undefined;
}

/** What `load` found. */
export interface LoadReport {
    /** How many documents there are. */
    documents: number;
    /** How many entries of the directory are no documents and were left alone. */
    ignored: number;
    /** How many files were moved to `.datastore/quarantine/`. */
    quarantined: number;
    /** How many documents were restored from the journal, because a crash had left their files behind. */
    recovered: number;
    /** How long the load took. */
    milliseconds: number;
    /** The first thousand of the ignored entries, relative to the directory. */
    ignoredFiles: string[];
    /** The first thousand of the quarantined files, with the names they had, and why. */
    quarantinedFiles: BadFile[];
}

/** A file that is no document. */
export interface BadFile {
    /** Relative to the directory. */
    file: string;
    /** For people. */
    reason: string;
}

/** What a `refresh` found: how many documents it took over of their files, and which. */
export interface RefreshReport {
    /** How many documents have a new revision, because their files say something else. */
    changed: number;
    /** How many documents are new, because their files are. */
    added: number;
    /** How many documents are deleted, because their files are gone. */
    removed: number;
    /** How many files say what cannot be taken over: what the store has of these documents is kept. */
    invalid: number;
    /** The keys of the first thousand that were changed. */
    changedKeys: string[];
    /** The keys of the first thousand that were added. */
    addedKeys: string[];
    /** The keys of the first thousand that were removed. */
    removedKeys: string[];
    /** The first thousand of the invalid files, and why. */
    invalidFiles: InvalidFile[];
}

/** A file that cannot be taken over. */
export interface InvalidFile extends BadFile {
    /** Whose file it is. */
    key: string;
}

/** What an iteration goes over: what a query of keys selects, all of it by default. */
export type ItemsOptions = Omit<KeyQueryOptions, 'includeDocuments' | 'limit'> & {
    /** How many documents at most: a positive integer or `Infinity`. Default: `Infinity`. */
    limit?: number | undefined;
};

/** A document with its key. */
export interface Item<Doc = AnyDocument, ItemKey extends string = string> {
    /** The document's key. */
    key: ItemKey;
    /** The document, a copy of its own. */
    document: Stored<Doc>;
}

/** A document as an import takes it. */
export interface ImportRecord<Doc = AnyDocument> {
    /** The key under which it is stored. */
    key: Key;
    /** What is stored. Its `_rev` counts as the `ImportOptions` say. */
    document: Writable<Doc>;
}

/**
 * Where an import has its documents from: objects, or the text or bytes of lines `{"key":...,"document":{...}}`, cut into
 * pieces anywhere.
 */
export type ImportSource<Doc = AnyDocument> =
    | string
    | Uint8Array
    | Iterable<ImportRecord<Doc> | string | Uint8Array>
    | AsyncIterable<ImportRecord<Doc> | string | Uint8Array>;

/** What an import has come to. */
export interface ImportReport {
    /** How many documents were stored. */
    written: number;
    /** How many were not, because one with their key was there (`onExisting: 'skip'`). */
    skipped: number;
}

/** How documents are imported. */
export interface ImportOptions extends DurabilityOptions {
    /**
     * What becomes of a document whose key is there already: it is a `ConflictError` (default), it is stored whatever the
     * revisions, or it is left out.
     */
    onExisting?: 'error' | 'overwrite' | 'skip' | undefined;
    /** Whether documents keep the revisions that they come with (none: 0). Default: `false`, as with `setItem`. */
    keepRevisions?: boolean | undefined;
    /** Rejects the call with code `ABORT_ERR` when it is aborted. What is stored by then stays. */
    signal?: AbortSignal | undefined;
    /** Called whenever some documents were stored. What it throws rejects the call. */
    onProgress?: ((progress: ImportReport) => void) | undefined;
}

/** How a backup, or a restore, is waited for. */
export interface BackupOptions {
    /** Gives it up: the call rejects with code `ABORT_ERR` when what it had begun is removed. */
    signal?: AbortSignal | undefined;
    /**
     * Hears how many documents are written, about a hundred times; of a restore how many files are read, each of them
     * twice. What it throws gives the call up, unless that is done by then, and rejects it.
     */
    onProgress?: ((progress: BuildProgress) => void) | undefined;
}

/** What a backup is. */
export interface BackupReport {
    /** How many documents it has. */
    documents: number;
    /** Bytes of its files, without the manifest. */
    bytes: number;
    /** The last change that is in it. */
    sequence: number;
    /** When it was begun, as ISO 8601 has it. */
    created: string;
}

/**
 * What an acknowledged write survives: `'none'` the end of nothing, `'os'` the end of the process, however it ends,
 * `'full'` a power cut.
 */
export type Durability = 'none' | 'os' | 'full';

/** What a single call may ask for beyond its store's durability. */
export interface DurabilityOptions {
    /** This or more than the store's; less is an `AssertionError`. Default: the store's. */
    durability?: Durability | undefined;
}

/** The options of a write of whole documents. */
export interface SetOptions extends DurabilityOptions {
    /** Whether the `_rev` inside a document must be the stored one. Default: `true`. */
    checkConsistency?: boolean | undefined;
}

/** The options of an update. */
export interface UpdateOptions extends SetOptions {
    /** How often to run the function again after another writer was faster. Default: the store's, 100. */
    retries?: number | undefined;
}

/** The options of a deletion. */
export interface DeleteOptions extends DurabilityOptions {
    /** Delete only this revision. */
    rev?: number | undefined;
}

/** The options of a transaction. */
export interface TransactionOptions extends DurabilityOptions {
    /** How often to run the function again after what it read has changed. Default: 3. */
    retries?: number | undefined;
}

/** One step of a batch. */
export type BatchOperation<Doc = AnyDocument, K = Key> =
    | {
          /** Stores a document. */
          type: 'set';
          /** Which document. No other step of the batch may have it. */
          key: K;
          /** What is stored. */
          document: Writable<Doc>;
          /** The stored revision must be this one, as if it were the document's `_rev`. */
          rev?: number | undefined;
      }
    | {
          /** Removes a document, if it is there. */
          type: 'delete';
          /** Which document. No other step of the batch may have it. */
          key: K;
          /** The stored revision must be this one. */
          rev?: number | undefined;
      };

/** A key and its document, of a store with a `KeyMap`. */
export type MappedEntry<Doc> = {
    [K in MappedKey<Doc>]: readonly [key: K, document: Writable<MappedDocument<Doc, K>>];
}[MappedKey<Doc>];

/** One step of a batch, of a store with a `KeyMap`. */
export type MappedOperation<Doc> = { [K in MappedKey<Doc>]: BatchOperation<MappedDocument<Doc, K>, K> }[MappedKey<Doc>];

/** What a step of a batch made. */
export interface BatchResult<Doc = AnyDocument, DocumentKey extends string = string> {
    /** The key as text. */
    key: DocumentKey;
    /** As a later read returns it; `null` after a deletion. */
    document: Stored<Doc> | null;
}

/** A query inside a transaction that counts its range: nothing may enter or leave it before the commit. */
export type Counting<Options> = Options & { total?: true | undefined };

/** A query inside a transaction that guards no more than the range from its beginning to the last item returned. */
export type NotCounting<Options> = Options & { total: false };

/**
 * What a transaction's function is given: documents of one moment, and its own writes on top. Nothing is stored, and
 * nobody else sees anything, before the commit. When the function has settled every method rejects with an
 * `AssertionError`.
 */
export interface Transaction<Doc = AnyDocument> {
    /** In the type alone: by it the compiler tells stores of different documents apart. */
    readonly [documents]?: Doc;

    /**
     * A document that has to be there.
     * @throws `NotFoundError` where it is not
     */
    getItem<K extends MappedKey<Doc>>(
        this: WithKeyMap,
        key: K,
        options: { required: true },
    ): Promise<Stored<MappedDocument<Doc, K>>>;
    /** A document, or `null`. */
    getItem<K extends MappedKey<Doc>>(
        this: WithKeyMap,
        key: K,
        options?: { required?: boolean | undefined },
    ): Promise<Stored<MappedDocument<Doc, K>> | null>;
    /** A document that has to be there, of a store without a `KeyMap`. */
    getItem(this: WithoutKeyMap, key: Key, options: { required: true }): Promise<Stored<Doc>>;
    /** A document, or `null`, of a store without a `KeyMap`. */
    getItem(this: WithoutKeyMap, key: Key, options?: { required?: boolean | undefined }): Promise<Stored<Doc> | null>;

    /**
     * Resolves to the document with the revision that it will have if the transaction is committed. That rises by one
     * a transaction, however often the document is set in it.
     * @throws `ConflictError` where the document's `_rev` is not the one that the transaction sees
     */
    setItem<K extends MappedKey<Doc>>(
        this: WithKeyMap,
        key: K,
        document: Writable<MappedDocument<Doc, K>>,
        options?: { checkConsistency?: boolean | undefined },
    ): Promise<Stored<MappedDocument<Doc, K>>>;
    /** The same in a store without a `KeyMap`. */
    setItem(
        this: WithoutKeyMap,
        key: Key,
        document: Writable<Doc>,
        options?: { checkConsistency?: boolean | undefined },
    ): Promise<Stored<Doc>>;

    /**
     * Removes a document, if it is there, and resolves to the key as it was given.
     * @throws `ConflictError` where `rev` is not the revision that the transaction sees
     */
    deleteItem<K extends MappedKey<Doc>>(this: WithKeyMap, key: K, options?: { rev?: number | undefined }): Promise<K>;
    /** The same in a store without a `KeyMap`. */
    deleteItem<K extends Key>(this: WithoutKeyMap, key: K, options?: { rev?: number | undefined }): Promise<K>;

    /**
     * A page of a range of keys. With `total` (the default) the whole range is counted, and the commit is refused if a
     * document has entered or left it; `total: false` narrows that to the page, whose result has no `total` then. With
     * `includeDocuments` the documents returned must not have changed either.
     */
    queryKeys(
        this: WithKeyMap,
        options: NotCounting<Including<KeyQueryOptions>>,
    ): Promise<Page<WithDocument<KeyItem<KeyOf<Doc>>, DocumentOf<Doc>>>>;
    /** A page with documents that counts no more than itself, of a store without a `KeyMap`. */
    queryKeys(
        this: WithoutKeyMap,
        options: NotCounting<Including<KeyQueryOptions>>,
    ): Promise<Page<WithDocument<KeyItem, Doc>>>;
    /** A page of keys that counts no more than itself. */
    queryKeys(options: NotCounting<Excluding<KeyQueryOptions>>): Promise<Page<KeyItem<KeyOf<Doc>>>>;
    /** A page with documents, and the number of the whole range. */
    queryKeys(
        this: WithKeyMap,
        options: Counting<Including<KeyQueryOptions>>,
    ): Promise<QueryResult<WithDocument<KeyItem<KeyOf<Doc>>, DocumentOf<Doc>>>>;
    /** A page with documents, and the number of the whole range, of a store without a `KeyMap`. */
    queryKeys(
        this: WithoutKeyMap,
        options: Counting<Including<KeyQueryOptions>>,
    ): Promise<QueryResult<WithDocument<KeyItem, Doc>>>;
    /** A page of keys, and the number of the whole range. */
    queryKeys(options?: Counting<Excluding<KeyQueryOptions>>): Promise<QueryResult<KeyItem<KeyOf<Doc>>>>;
    /** A page of which only the running program knows whether it has documents and counts the range. */
    queryKeys(
        this: WithKeyMap,
        options?: KeyQueryOptions & { total?: boolean | undefined },
    ): Promise<Page<WithOptionalDocument<KeyItem<KeyOf<Doc>>, DocumentOf<Doc>>> & { total?: number }>;
    /** The same in a store without a `KeyMap`. */
    queryKeys(
        this: WithoutKeyMap,
        options?: KeyQueryOptions & { total?: boolean | undefined },
    ): Promise<Page<WithOptionalDocument<KeyItem, Doc>> & { total?: number }>;
}

/** What a migration's function is told beside document and key. */
export interface MigrationContext {
    /** The version that the migration leads to. */
    version: number;
    /** Whether what it returns is thrown away. */
    dryRun: boolean;
}

/** The way from one version of the documents to the next. */
export interface Migration {
    /** A positive integer, higher than the one before; any number may be left out. */
    version: number;
    /**
     * Returns the new version of a document, `undefined` to leave it, or `null` to delete it. What it returns as `_rev` does not
     * count. Called anew where somebody else wrote meanwhile what its batch has read: so let it do nothing but compute.
     */
    up(
        // biome-ignore lint/suspicious/noExplicitAny: a document of a version that has no type any more
        document: any,
        key: string,
        context: MigrationContext,
    ): object | null | undefined | Promise<object | null | undefined>;
}

/** How far the migration to a version is. */
export interface MigrationProgress {
    /** Of a dry run, which takes each document through all versions, the last one. */
    version: number;
    /** How many documents were looked at by this call; equals `total` in the last call. */
    done: number;
    /** How many there are to look at. */
    total: number;
}

/** The options of `migrate`. */
export interface MigrateOptions {
    /** Tells what would be done, as of one moment, and writes nothing. Default: `false`. */
    dryRun?: boolean | undefined;
    /** How many documents a batch has. Default: 100. */
    batchSize?: number | undefined;
    /** Ends it before the next document with code `ABORT_ERR`; nothing of the batch under way is written. */
    signal?: AbortSignal | undefined;
    /** Called after each batch. What it throws rejects the call. */
    onProgress?: ((progress: MigrationProgress) => void) | undefined;
}

/** What one migration did, or would do. */
export interface MigrationStep {
    /** The version that it leads to. */
    version: number;
    /** How many documents it was given. */
    documents: number;
    /** For how many of them it returned a new version. */
    changed: number;
    /** How many of them it deleted. */
    deleted: number;
    /** The first thousand keys of documents changed or deleted. */
    keys: string[];
}

/** What `migrate` did, or would do. */
export interface MigrationReport {
    /** The version of the documents before; 0 where none was ever told. */
    from: number;
    /** The version afterwards. */
    to: number;
    /** Whether nothing of it was written. */
    dryRun: boolean;
    /** What this call did for each version, in their order. */
    migrations: MigrationStep[];
}

/** What a datastore tells beside its answers, to those who listen. */
export interface DatastoreEvents {
    /** A failure has left the files in doubt: writes are refused from now on, with this error of code `POISONED`. */
    error: [error: DatastoreError];
    /** Syncing, or placing files in the background, is hindered, and goes on being tried; told once a spell. */
    degraded: [error: DatastoreError];
    /**
     * More survives a power cut than before: told after each sync in the background, at most once a `syncInterval`, and
     * before a `flush` resolves. Keeps no process alive. Not told by `close`, and where `durability` is `'none'`.
     */
    flush: [flushed: Flushed];
    /**
     * What others wrote into files was noticed (`watch`) and taken over, or cannot be: each file that is invalid once, until it
     * changes again. Told by the process that took it over. Keeps no process alive.
     */
    refresh: [report: RefreshReport];
}

/** How far a store was made durable. */
export interface Flushed {
    /** The last change that survives a power cut. */
    sequence: number;
    /** How many documents are in the journal but not in their files yet. */
    filesBehind: number;
}

/**
 * How long the last 1,024 commits took, in milliseconds: from when they were handed to the engine until its answer was there,
 * refused ones included. A commit is what crosses together: a batch, a transaction, or up to 32 single writes. `null` where
 * there was none.
 */
export interface CommitStats {
    /** How many there were since the store was made. */
    count: number;
    /** How many of them the numbers below are of. */
    measured: number;
    /** The median. */
    p50: number | null;
    /** The 99th percentile. */
    p99: number | null;
    /** The longest. */
    max: number | null;
}

/**
 * Bytes that a store holds beside V8's heap, by part. Of many keys and rows they are estimated from some; what the allocator
 * adds to each piece (8 to 23 bytes) is not in them.
 */
export interface MemoryStats {
    /** Texts of the documents. */
    texts: number;
    /** Keys, and what documents are found by. */
    keys: number;
    /** What changed since the load, and when. */
    changes: number;
    /** Rows of all declarative views, and of this store's others. */
    views: number;
}

/** A store's numbers: those of its engine, which other stores may share, but for `views` and `cache`. */
export interface Stats {
    /** How many documents there are. */
    documents: number;
    /** Bytes of their texts. */
    textBytes: number;
    /** Bytes that are held beside V8's heap. */
    memory: MemoryStats;
    /** Rises with every change. */
    sequence: number;
    /** The last change that is known to survive a power cut. */
    syncedSequence: number;
    /** Bytes of the journal that are not cut yet. */
    journalBytes: number;
    /** How many documents are in the journal but not in their files yet. */
    filesBehind: number;
    /** How many recycled files stand by. */
    spares: number;
    /** Whether writes are refused since a failure left the files in doubt. */
    poisoned: boolean;
    /** That failure, with code `POISONED`; `null` where there was none. */
    failure: DatastoreError | null;
    /** What hinders syncing, or files in the background, at present. */
    degraded: DatastoreError | null;
    /** This store's views by their ids. */
    views: Record<string, ViewStats>;
    /** What this store keeps of documents as objects. */
    cache: CacheStats;
    /** How long commits took. */
    commits: CommitStats;
}

/** What is kept of documents as objects, so that a read need not parse its text again. */
export interface CacheStats {
    /** How many bytes may be kept. */
    size: number;
    /** How many documents are kept. */
    documents: number;
    /** An estimate. */
    bytes: number;
    /**
     * How many documents were read from it. Those of `getItems` and of queries count each, where the query was answered at
     * once.
     */
    hits: number;
    /** How many were not, those that do not exist among them. */
    misses: number;
}

/** A view's numbers, as of its last query. */
export interface ViewStats {
    /** How many rows it has. */
    rows: number;
    /** How many documents are left out because `map` threw (`onError: 'skip'`). */
    skipped: number;
    /** The last change that is in the rows; 0 until all documents were mapped once. */
    sequence: number;
    /** Whether it is being brought to the moment of a call. */
    building: boolean;
    /** How many calls wait for that. */
    pending: number;
}

/** What a custom engine answers when it is asked for a document. */
export type CustomItem<Doc> = { document: Doc | null | undefined } | null | undefined;

/** Any object that works as an engine. Promises are awaited, except those of `hasView`, `setView` and `stats`. */
// biome-ignore lint/suspicious/noExplicitAny: somebody else's engine has its own types
export interface CustomEngine<Doc = any> {
    /** Reads everything. */
    loadDocuments(): unknown;
    /** `null` or `undefined`, in place of the document or of the whole answer: there is none. */
    getItem(key: string): CustomItem<Doc> | Promise<CustomItem<Doc>>;
    /** Stores the document as it is, `_rev` included. */
    setItem(key: string, document: Doc): unknown;
    /** Removes the document, if it is there. */
    deleteItem(key: string): unknown;
    /** Answers `Datastore.queryKeys`. The options have `inclusiveStartIndex` and `limit`, and no `offset`. */
    // biome-ignore lint/suspicious/noExplicitAny: passed on as it comes
    queryKeys?(options: any): any;
    /** Answers `Datastore.queryView`. The options have `inclusiveStartIndex` and `limit`, and no `offset`. */
    // biome-ignore lint/suspicious/noExplicitAny: passed on as it comes
    queryView?(id: string, options: any): any;
    /** Answers `Datastore.buildView`. */
    // biome-ignore lint/suspicious/noExplicitAny: passed on as it comes
    buildView?(id: string, options: any): any;
    /** Whether there is such a view. */
    hasView?(id: string): boolean;
    /** Forgets a view. */
    deleteView?(id: string): unknown;
    /** Takes a view as `Datastore.setView` is given it. */
    // biome-ignore lint/suspicious/noExplicitAny: passed on as it comes
    setView?(id: string, source: any): void;
    /** Answers `Datastore.stats`. */
    stats?(): unknown;
    /** Makes everything acknowledged so far durable. */
    flush?(): unknown;
    /** What `loadDocuments` found. */
    readonly loadReport?: LoadReport | null | undefined;
    /** Ends it. */
    close?(): unknown;
}

/** Serialises writes of one key, as the original's locking queue does. */
export interface LockingQueue {
    /** Resolves when the caller has the key for itself. */
    getLock(key: string): unknown;
    /** Gives the key to the next one. */
    releaseLock(key: string): void;
}

/** Reads and writes documents' files in place of ours. Has no lock and no journal. */
export interface FileSystem {
    /** The names of the directory's entries, or objects with a `name`. */
    readDocumentDirectory(directory: string): Promise<Iterable<string | { name: string }>>;
    /** The document of a file, parsed. */
    readDocumentFile(path: string): Promise<object>;
    /** Makes or replaces a file. */
    writeDocumentFile(path: string, document: object): Promise<unknown>;
    /** Removes a file. */
    removeDocumentFile(path: string): Promise<unknown>;
}

/**
 * What the engine is made of. It is shared with all stores of this process, in whatever threads, that have the directory open:
 * a load is refused with an `AssertionError` where it asks for another `durability`, `files`, `syncInterval`, `singleProcess`,
 * `watch`, `onCorrupt` or `collation` than they have; what is not asked for is as they have it.
 */
export interface EngineOptions {
    /** The data directory; made by the load where it is missing. Required, unless `durability` is `'none'`. */
    directory?: string | undefined;
    /** Functions that read and write the files, in place of the engine's own storage. */
    fileSystem?: FileSystem | undefined;
    /**
     * What an acknowledged write survives. `'none'` keeps everything in memory and touches no directory. Not with a
     * `fileSystem`. Default: `'os'`.
     */
    durability?: Durability | undefined;
    /**
     * Whether a document's file is in place when a write resolves (`'eager'`, default), or follows from the journal,
     * at the latest with `flush` or `close` (`'background'`). Not with a `fileSystem`.
     */
    files?: 'eager' | 'background' | undefined;
    /** At least so often, in milliseconds from 10 to 3,600,000, what was written is synced. Default: 1,000. */
    syncInterval?: number | undefined;
    /**
     * Whether other processes are kept out: a load is refused with `LOCKED`, and the `path` of the lock, while another process has
     * the directory open, and so is theirs while this one has it. Without it, processes share the directory: a read sees every
     * write that was acknowledged before, in whatever process, and revisions count in all of them. Not with a `fileSystem`.
     * Default: `false`.
     */
    singleProcess?: boolean | undefined;
    /**
     * Whether the directory is only read: not a byte of it is written, so it may lie on a file system that is mounted to be read
     * only, and it has to be there (`ENOENT`). What other processes commit is followed; writes are refused with `READ_ONLY`. A
     * process that has the directory for itself (`singleProcess`) is not read beside: `LOCKED`. A store of this process that
     * writes may be shared; the other way about, a store that writes is refused with an `AssertionError` while one that only
     * reads has the directory open. Not with `durability`, `files`, `syncInterval`, `singleProcess: true`,
     * `onCorrupt: 'quarantine'`, `watch: true` or a `fileSystem`. Default: `false`.
     *
     * @example
     * ```typescript
     * const report = new Datastore<User>({ directory: './data', readOnly: true });
     * const adults = await report.count({ age: { $gte: 18 } });
     * ```
     */
    readOnly?: boolean | undefined;
    /**
     * Whether it is noticed that somebody else changes files, and taken over as `refresh` does, some 0.1 s after the last change; a
     * `'refresh'` event tells of it. On a network file system nothing tells of what other machines do there. A load rejects with
     * `ENOSPC` or `EMFILE` where the system watches no more folders. Not with a `fileSystem`, nor where `durability` is `'none'`.
     * Default: `false`.
     */
    watch?: boolean | undefined;
    /**
     * How many bytes of documents are kept as JavaScript objects, beside their texts, so that reading them again is
     * faster; an estimate. 0 keeps none. Default: 64 MB, or a sixteenth of the heap's limit where that is less.
     */
    cacheSize?: number | undefined;
    /**
     * What a file does that has a document's name but is none: reject the load with a `CorruptError` that lists them
     * all (default), or go to `.datastore/quarantine/`.
     */
    onCorrupt?: 'error' | 'quarantine' | undefined;
    /**
     * The order of the keys in `queryKeys`. A directory remembers that of its first load, and another one is refused
     * with an `AssertionError` then. Default: the one remembered, in a new directory `'codeUnit'`. With a `fileSystem`
     * nothing is remembered.
     */
    collation?: Collation | undefined;
}

/** Where documents are, or that they are nowhere. */
export type Place = { directory: string } | { durability: 'none' };

/** What a datastore is made of. */
export interface DatastoreOptions extends EngineOptions {
    /** An engine in place of one over `directory`. The options of an engine are its own then. */
    // biome-ignore lint/suspicious/noExplicitAny: an engine of whatever documents
    db?: DatastoreEngine<any, any> | CustomEngine | undefined;
    /** Wraps every write of a single key; not batches, not transactions. */
    lockingQueue?: LockingQueue | undefined;
    /** Whether every write to an existing document has to bring its revision. Default: `false`. */
    requireRev?: boolean | undefined;
    /** How often an update function is run again after another writer was faster. Default: 100. */
    retries?: number | undefined;
}

/**
 * Documents by key. Reads, writes and queries wait for the load, and start it where nobody has; `setView`, `hasView` and
 * `stats` do not.
 */
export class Datastore<
    Doc extends object = AnyDocument,
    Views extends ViewMap<Views> = AnyViews,
> extends EventEmitter<DatastoreEvents> {
    /** In the type alone: by it the compiler tells stores of different documents apart. */
    readonly [documents]?: Doc;

    constructor(options: DatastoreOptions & (Place | { db: object }));

    /** The engine below: synchronous reads, unconditional writes, the same views. */
    readonly _db: DatastoreEngine<Doc, Views>;

    /** What `load` found; `null` before, and over a custom engine that has none. */
    readonly loadReport: LoadReport | null;

    /**
     * Reads every document into memory. Calling it again waits for the same load.
     * @throws `CorruptError`, `StorageError`, `DatastoreError` with code `LOCKED` where another process keeps others out, or this one would;
     * `AssertionError` where it remembers another `collation`, or is open in this process with another option than is asked
     * for; code `ABORT_ERR`
     */
    load(options?: LoadOptions): Promise<this>;

    /**
     * A document, or `null`.
     * @throws `NotFoundError` with `{ required: true }`
     */
    getItem<K extends MappedKey<Doc>>(
        this: WithKeyMap,
        key: K,
        options: { required: true },
    ): Promise<Stored<MappedDocument<Doc, K>>>;
    getItem<K extends MappedKey<Doc>>(
        this: WithKeyMap,
        key: K,
        options?: { required?: boolean | undefined },
    ): Promise<Stored<MappedDocument<Doc, K>> | null>;
    getItem(this: WithoutKeyMap, key: Key, options: { required: true }): Promise<Stored<Doc>>;
    getItem(this: WithoutKeyMap, key: Key, options?: { required?: boolean | undefined }): Promise<Stored<Doc> | null>;

    /**
     * Several documents, in the order of the keys, with `null` for those that are missing. All are of one moment, unless
     * the engine is a custom one.
     * @throws `NotFoundError` with `{ required: true }`
     */
    getItems<const Keys extends readonly MappedKey<Doc>[]>(
        this: WithKeyMap,
        keys: Keys,
        options: { required: true },
    ): Promise<{ -readonly [Index in keyof Keys]: Stored<MappedDocument<Doc, Keys[Index]>> }>;
    getItems<const Keys extends readonly MappedKey<Doc>[]>(
        this: WithKeyMap,
        keys: Keys,
        options?: { required?: boolean | undefined },
    ): Promise<{ -readonly [Index in keyof Keys]: Stored<MappedDocument<Doc, Keys[Index]>> | null }>;
    getItems(this: WithoutKeyMap, keys: readonly Key[], options: { required: true }): Promise<Stored<Doc>[]>;
    getItems(
        this: WithoutKeyMap,
        keys: readonly Key[],
        options?: { required?: boolean | undefined },
    ): Promise<(Stored<Doc> | null)[]>;

    /**
     * Stores a document under its next revision and resolves to it as a later read returns it.
     * @throws `ConflictError` where the document's `_rev` is not the stored one, unless `checkConsistency` is `false`
     */
    setItem<K extends MappedKey<Doc>>(
        this: WithKeyMap,
        key: K,
        document: Writable<MappedDocument<Doc, K>>,
        options?: SetOptions,
    ): Promise<Stored<MappedDocument<Doc, K>>>;
    setItem(this: WithoutKeyMap, key: Key, document: Writable<Doc>, options?: SetOptions): Promise<Stored<Doc>>;

    /**
     * Stores what the function makes of the document (`null` where there is none). Other writes of this key wait.
     * @throws `ConflictError`; whatever the function throws
     */
    updateItem<K extends MappedKey<Doc>>(
        this: WithKeyMap,
        key: K,
        update: (
            document: Stored<MappedDocument<Doc, K>> | null,
        ) => Writable<MappedDocument<Doc, K>> | Promise<Writable<MappedDocument<Doc, K>>>,
        options?: UpdateOptions,
    ): Promise<Stored<MappedDocument<Doc, K>>>;
    updateItem(
        this: WithoutKeyMap,
        key: Key,
        update: (document: Stored<Doc> | null) => Writable<Doc> | Promise<Writable<Doc>>,
        options?: UpdateOptions,
    ): Promise<Stored<Doc>>;

    /**
     * Removes a document, if it is there, and resolves to the key as it was given.
     * @throws `ConflictError` where `rev` is not the stored revision
     */
    deleteItem<K extends MappedKey<Doc>>(this: WithKeyMap, key: K, options?: DeleteOptions): Promise<K>;
    deleteItem<K extends Key>(this: WithoutKeyMap, key: K, options?: DeleteOptions): Promise<K>;

    /**
     * Stores documents, all or none of them: in memory, on disk, after any crash, for every reader and every view.
     * Resolves to them in their order.
     * @throws `ConflictError` of the first document whose `_rev` is not the stored one; `AssertionError` where a key is
     * there twice; code `UNSUPPORTED` over a custom engine or file system
     */
    setItems(
        this: WithKeyMap,
        entries: Iterable<MappedEntry<Doc>>,
        options?: SetOptions,
    ): Promise<Stored<DocumentOf<Doc>>[]>;
    setItems(
        this: WithoutKeyMap,
        entries: Iterable<readonly [key: Key, document: Writable<Doc>]>,
        options?: SetOptions,
    ): Promise<Stored<Doc>[]>;

    /**
     * Removes documents, all or none of them, as far as they are there. Resolves to the keys as they were given.
     * @throws as `setItems`
     */
    deleteItems<K extends MappedKey<Doc>>(
        this: WithKeyMap,
        keys: Iterable<K>,
        options?: DurabilityOptions,
    ): Promise<K[]>;
    deleteItems<K extends Key>(this: WithoutKeyMap, keys: Iterable<K>, options?: DurabilityOptions): Promise<K[]>;

    /**
     * Sets and deletes, all or nothing. A key may be there once.
     * @throws as `setItems`
     */
    batch(
        this: WithKeyMap,
        operations: Iterable<MappedOperation<Doc>>,
        options?: SetOptions,
    ): Promise<BatchResult<DocumentOf<Doc>, KeyOf<Doc>>[]>;
    batch(
        this: WithoutKeyMap,
        operations: Iterable<BatchOperation<Doc>>,
        options?: SetOptions,
    ): Promise<BatchResult<Doc>[]>;

    /**
     * Runs a function over one moment of the store, commits what it wrote, and resolves to what it returned. Where
     * something that it read, or a range that it counted, has changed meanwhile, nothing is committed and the function
     * is run again in a new transaction. No lock is held: a write by the datastore's own methods is independent.
     * @throws `ConflictError` after so many `retries`; whatever the function throws, after which nothing is stored;
     * code `UNSUPPORTED` over a custom engine or file system
     */
    transaction<Result>(
        run: (transaction: Transaction<Doc>) => Result | Promise<Result>,
        options?: TransactionOptions,
    ): Promise<Result>;

    /**
     * Brings every document to the version of the last migration, by those that are newer than the documents, in batches that
     * are all or nothing. Where it was cut short, the next call goes on behind the last batch. An empty store starts at the
     * last version; none goes back.
     * @throws `MigrationError`, with nothing of its batch written; code `SCHEMA_TOO_NEW` (`version`, `newest`) where the
     * documents are of a later version than the list knows; `AssertionError` while another call is under way;
     * `ConflictError` where others went on writing the documents of a batch; code `ABORT_ERR`; code `UNSUPPORTED` over a
     * custom engine or file system
     */
    migrate(migrations: readonly Migration[], options?: MigrateOptions): Promise<MigrationReport>;

    /**
     * Resolves when everything acknowledged so far, and every write called before, would survive a power cut and is in
     * its file. An update that is still running, and a write that waits for one, is not waited for.
     * @throws `StorageError`; code `POISONED`; code `UNSUPPORTED` over a custom file system, or engine without it
     */
    flush(): Promise<void>;

    /**
     * Compares the files of all documents with the store, and takes over what somebody else wrote into them: a file that says
     * something else is the document's next revision, a new file a new document, one that is gone a deletion. What says the same
     * in another layout, order of members or `_rev` is no change. Each file counts by itself, in whatever process is first. A file
     * is not rewritten for that: it gets its document's new `_rev` with the next write, a minute or two later, or by `close`.
     * Resolves to what differed; an empty report where `durability` is `'none'`.
     * @throws `StorageError`; code `POISONED`; code `UNSUPPORTED` over a custom engine or file system
     */
    refresh(): Promise<RefreshReport>;

    /** A page of a range of keys, in the order of the store's `collation`. A custom engine answers as it likes. */
    queryKeys(
        this: WithKeyMap,
        options: Including<KeyQueryOptions>,
    ): Promise<QueryResult<WithDocument<KeyItem<KeyOf<Doc>>, DocumentOf<Doc>>>>;
    queryKeys(
        this: WithoutKeyMap,
        options: Including<KeyQueryOptions>,
    ): Promise<QueryResult<WithDocument<KeyItem, Doc>>>;
    queryKeys(options?: Excluding<KeyQueryOptions>): Promise<QueryResult<KeyItem<KeyOf<Doc>>>>;
    queryKeys(
        this: WithKeyMap,
        options?: KeyQueryOptions,
    ): Promise<QueryResult<WithOptionalDocument<KeyItem<KeyOf<Doc>>, DocumentOf<Doc>>>>;
    queryKeys(this: WithoutKeyMap, options?: KeyQueryOptions): Promise<QueryResult<WithOptionalDocument<KeyItem, Doc>>>;

    /**
     * A page of a range of a view's rows, as of the moment of the call. A view that has much to map is built in slices of
     * the event loop's time, once for all who wait. A custom engine answers as it likes.
     * @throws `NotFoundError`, `ViewMapError`; code `ABORT_ERR`
     */
    queryView<GivenKey = Declared, GivenValue = Declared, Id extends ViewId<Views> = ViewId<Views>>(
        this: WithKeyMap,
        id: Id,
        options: Including<ViewQueryOptions<RowKey<Views[Id], GivenKey>>>,
    ): Promise<QueryResult<WithDocument<Row<Views[Id], GivenKey, GivenValue, KeyOf<Doc>>, DocumentOf<Doc>>>>;
    queryView<GivenKey = Declared, GivenValue = Declared, Id extends ViewId<Views> = ViewId<Views>>(
        this: WithoutKeyMap,
        id: Id,
        options: Including<ViewQueryOptions<RowKey<Views[Id], GivenKey>>>,
    ): Promise<QueryResult<WithDocument<Row<Views[Id], GivenKey, GivenValue, string>, Doc>>>;
    queryView<GivenKey = Declared, GivenValue = Declared, Id extends ViewId<Views> = ViewId<Views>>(
        id: Id,
        options?: Excluding<ViewQueryOptions<RowKey<Views[Id], GivenKey>>>,
    ): Promise<QueryResult<Row<Views[Id], GivenKey, GivenValue, KeyOf<Doc>>>>;
    queryView<GivenKey = Declared, GivenValue = Declared, Id extends ViewId<Views> = ViewId<Views>>(
        this: WithKeyMap,
        id: Id,
        options?: ViewQueryOptions<RowKey<Views[Id], GivenKey>>,
    ): Promise<QueryResult<WithOptionalDocument<Row<Views[Id], GivenKey, GivenValue, KeyOf<Doc>>, DocumentOf<Doc>>>>;
    queryView<GivenKey = Declared, GivenValue = Declared, Id extends ViewId<Views> = ViewId<Views>>(
        this: WithoutKeyMap,
        id: Id,
        options?: ViewQueryOptions<RowKey<Views[Id], GivenKey>>,
    ): Promise<QueryResult<WithOptionalDocument<Row<Views[Id], GivenKey, GivenValue, string>, Doc>>>;

    /**
     * What a range of a view's rows comes to, as of the moment of the call.
     * @throws `ViewReduceError`, and as for rows
     */
    queryView<GivenValue = Declared, Id extends ViewId<Views> = ViewId<Views>>(
        id: Id,
        options: ReduceQueryOptions<RowKey<Views[Id], Declared>>,
    ): Promise<ReducedRows<Views[Id], GivenValue>>;
    queryView<
        GivenKey = Declared,
        GivenValue = Declared,
        Id extends ViewId<Views> = ViewId<Views>,
        Level extends number | WholeKeys = number | WholeKeys,
    >(
        id: Id,
        options: GroupQueryOptions<RowKey<Views[Id], Declared>, Level>,
    ): Promise<QueryResult<RowGroup<Views[Id], GivenKey, GivenValue, Level>>>;

    /**
     * A page of the documents that meet conditions, in the order of their keys, as of the moment of the call. A declarative
     * view whose key the conditions pin down leads to them; where there is none, all documents are looked at, in parallel
     * and beside the event loop.
     * @throws code `UNSUPPORTED` over a custom engine
     */
    find(
        this: WithKeyMap,
        where: Where<DocumentOf<Doc>>,
        options: FindOptions & { explain: true },
    ): Promise<QueryResult<WithDocument<KeyItem<KeyOf<Doc>>, DocumentOf<Doc>>> & { explain: Explanation }>;
    find(
        this: WithKeyMap,
        where: Where<DocumentOf<Doc>>,
        options?: FindOptions,
    ): Promise<QueryResult<WithDocument<KeyItem<KeyOf<Doc>>, DocumentOf<Doc>>>>;
    find(
        this: WithoutKeyMap,
        where: Where<Doc>,
        options: FindOptions & { explain: true },
    ): Promise<QueryResult<WithDocument<KeyItem, Doc>> & { explain: Explanation }>;
    find(
        this: WithoutKeyMap,
        where: Where<Doc>,
        options?: FindOptions,
    ): Promise<QueryResult<WithDocument<KeyItem, Doc>>>;

    /**
     * The first of the documents that meet conditions, or `null`.
     * @throws as `find`
     */
    findOne(
        this: WithKeyMap,
        where: Where<DocumentOf<Doc>>,
        options?: FindOneOptions,
    ): Promise<Stored<DocumentOf<Doc>> | null>;
    findOne(this: WithoutKeyMap, where: Where<Doc>, options?: FindOneOptions): Promise<Stored<Doc> | null>;

    /**
     * How many documents meet conditions.
     * @throws as `find`
     */
    count(this: WithKeyMap, where: Where<DocumentOf<Doc>>, options?: CountOptions): Promise<number>;
    count(this: WithoutKeyMap, where: Where<Doc>, options?: CountOptions): Promise<number>;

    /**
     * The documents of a range with their keys, in the order of `queryKeys`: all of the moment in which the first is asked
     * for, whatever is written meanwhile. Some cross at a time, so it takes constant memory; leaving the loop gives the moment
     * back. Closing the store ends it with `CLOSED`.
     * @throws `AssertionError` at once; code `ABORT_ERR`; code `UNSUPPORTED` over a custom engine
     */
    items(this: WithKeyMap, options?: ItemsOptions): AsyncGenerator<Item<DocumentOf<Doc>, KeyOf<Doc>>, void, undefined>;
    items(this: WithoutKeyMap, options?: ItemsOptions): AsyncGenerator<Item<Doc>, void, undefined>;

    /**
     * The same as lines of JSON, each with its newline: `{"key":...,"document":{...}}`.
     * @throws as `items`
     */
    exportItems(options?: ItemsOptions): AsyncGenerator<string, void, undefined>;

    /**
     * Stores documents one by one, in the order of the source; 256 of them, or some of a megabyte together, are under way at a
     * time, and no more is read before these are stored. Where one is refused, those before it are stored, and some of
     * those behind it may be; the error's `record` is its number, from 1.
     * @throws `ConflictError`, `AssertionError`; code `ABORT_ERR`; whatever the source throws
     */
    importItems(
        this: WithKeyMap,
        source: ImportSource<DocumentOf<Doc>>,
        options?: ImportOptions,
    ): Promise<ImportReport>;
    importItems(this: WithoutKeyMap, source: ImportSource<Doc>, options?: ImportOptions): Promise<ImportReport>;

    /**
     * Copies everything that was written or called before into a new folder, while other writes go on; an update that is
     * still running, and what waits for it, is not waited for. The folder has the
     * layout of a data directory, can be opened as one, and has a manifest with checksums, `.datastore/backup.jsonl`. It gets
     * its name when it is whole and synced; missing parents are made. A backup that fails, or is aborted, leaves nothing.
     * `close` waits for it.
     * @throws `StorageError` with code `EEXIST` where something is at the destination; `AssertionError` where that lies in
     * the data directory; codes `LOCKED` (another backup to there is under way), `KEY_COLLISION` and `ABORT_ERR`; code
     * `UNSUPPORTED` over a custom engine
     */
    backup(destination: string, options?: BackupOptions): Promise<BackupReport>;

    /**
     * Makes the data directory, which has to be missing or empty, of a backup: of one whose every file is as it was
     * written. Whenever it is cut short, the directory is as it was, or whole. To be called on a datastore of which
     * nothing was asked yet; whatever is called after it waits, and then loads.
     * @throws `CorruptError`, which lists every file that was changed, is missing or was added; `StorageError` with code
     * `ENOTEMPTY`, or `ENOENT` where there is no backup; `AssertionError` where it is loaded, or has another `collation`;
     * codes `LOCKED` and `ABORT_ERR`; code `UNSUPPORTED` in memory, and over a custom engine or file system
     */
    restore(source: string, options?: BackupOptions): Promise<BackupReport>;

    /** Registers a view; one with the same id is replaced and built anew. */
    setView<Id extends ViewId<Views>>(this: WithKeyMap, id: Id, source: SourceOf<DocumentOf<Doc>, Views, Id>): void;
    setView<Id extends ViewId<Views>>(this: WithoutKeyMap, id: Id, source: SourceOf<Doc, Views, Id>): void;

    /**
     * Brings a view to the moment of the call, so that the next query has little to do.
     * @throws `NotFoundError`, `ViewMapError`; code `ABORT_ERR`; what kept the definition of a unique view from being
     * stored; code `UNSUPPORTED` over a custom engine without it
     */
    buildView(id: ViewId<Views>, options?: BuildOptions): Promise<BuildReport>;

    /**
     * Forgets a view; calls that wait for it get their answers. A unique one is then enforced for nobody. Resolves to
     * whether there was one, registered here or kept in the directory.
     */
    deleteView(id: ViewId<Views>): Promise<boolean>;

    /** Whether a view of this id is registered here. */
    hasView(id: ViewId<Views>): boolean;

    /** A custom engine tells what it likes. */
    stats(): Stats;

    /**
     * Waits for what was submitted and syncs it; the last store of this process on the directory gives it back. Calling it
     * again gives the same promise's outcome.
     * @throws `StorageError` or code `POISONED` where that failed; it is closed all the same
     */
    close(): Promise<void>;

    /** `close`, as `await using` calls it. */
    [Symbol.asyncDispose](): Promise<void>;
}

/** The engine below a datastore. Reads are synchronous and throw `NOT_LOADED` before the load. */
export class DatastoreEngine<Doc extends object = AnyDocument, Views extends ViewMap<Views> = AnyViews> {
    /** In the type alone: by it the compiler tells stores of different documents apart. */
    readonly [documents]?: Doc;

    constructor(options: EngineOptions & Place);

    /** What `loadDocuments` found; `null` before. */
    readonly loadReport: LoadReport | null;

    /**
     * Reads every document into memory. Calling it again waits for the same load.
     * @throws as `Datastore.load`
     */
    loadDocuments(options?: LoadOptions): Promise<void>;

    /** A document under its key, or `null`. */
    getItem<K extends MappedKey<Doc>>(
        this: WithKeyMap,
        key: K,
    ): { key: `${K}`; document: Stored<MappedDocument<Doc, K>> | null };
    getItem(this: WithoutKeyMap, key: Key): { key: string; document: Stored<Doc> | null };

    /** Stores the document as it is, `_rev` included (missing: 0), whatever is stored. */
    setItem<K extends MappedKey<Doc>>(
        this: WithKeyMap,
        key: K,
        document: Writable<MappedDocument<Doc, K>>,
    ): Promise<Item<MappedDocument<Doc, K>, `${K}`>>;
    setItem(this: WithoutKeyMap, key: Key, document: Writable<Doc>): Promise<Item<Doc>>;

    /** Removes a document, if it is there, whatever its revision. */
    deleteItem<K extends MappedKey<Doc>>(this: WithKeyMap, key: K): Promise<{ key: `${K}` }>;
    deleteItem(this: WithoutKeyMap, key: Key): Promise<{ key: string }>;

    /** Resolves when everything acknowledged so far would survive a power cut and is in its file. */
    flush(): Promise<void>;

    /** Takes over what somebody else wrote into the documents' files; see `Datastore.refresh`. */
    refresh(): Promise<RefreshReport>;

    /** A page of a range of keys, in the order of the store's `collation`. */
    queryKeys(
        this: WithKeyMap,
        options: Including<KeyQueryOptions>,
    ): QueryResult<WithDocument<KeyItem<KeyOf<Doc>>, DocumentOf<Doc>>>;
    queryKeys(this: WithoutKeyMap, options: Including<KeyQueryOptions>): QueryResult<WithDocument<KeyItem, Doc>>;
    queryKeys(options?: Excluding<KeyQueryOptions>): QueryResult<KeyItem<KeyOf<Doc>>>;
    queryKeys(
        this: WithKeyMap,
        options?: KeyQueryOptions,
    ): QueryResult<WithOptionalDocument<KeyItem<KeyOf<Doc>>, DocumentOf<Doc>>>;
    queryKeys(this: WithoutKeyMap, options?: KeyQueryOptions): QueryResult<WithOptionalDocument<KeyItem, Doc>>;

    /**
     * A page of a range of a view's rows. What was written since the last query is mapped first, all of it in this call.
     * @throws `NotFoundError`, `ViewMapError`
     */
    queryView<GivenKey = Declared, GivenValue = Declared, Id extends ViewId<Views> = ViewId<Views>>(
        this: WithKeyMap,
        id: Id,
        options: Including<ViewQueryOptions<RowKey<Views[Id], GivenKey>>>,
    ): QueryResult<WithDocument<Row<Views[Id], GivenKey, GivenValue, KeyOf<Doc>>, DocumentOf<Doc>>>;
    queryView<GivenKey = Declared, GivenValue = Declared, Id extends ViewId<Views> = ViewId<Views>>(
        this: WithoutKeyMap,
        id: Id,
        options: Including<ViewQueryOptions<RowKey<Views[Id], GivenKey>>>,
    ): QueryResult<WithDocument<Row<Views[Id], GivenKey, GivenValue, string>, Doc>>;
    queryView<GivenKey = Declared, GivenValue = Declared, Id extends ViewId<Views> = ViewId<Views>>(
        id: Id,
        options?: Excluding<ViewQueryOptions<RowKey<Views[Id], GivenKey>>>,
    ): QueryResult<Row<Views[Id], GivenKey, GivenValue, KeyOf<Doc>>>;
    queryView<GivenKey = Declared, GivenValue = Declared, Id extends ViewId<Views> = ViewId<Views>>(
        this: WithKeyMap,
        id: Id,
        options?: ViewQueryOptions<RowKey<Views[Id], GivenKey>>,
    ): QueryResult<WithOptionalDocument<Row<Views[Id], GivenKey, GivenValue, KeyOf<Doc>>, DocumentOf<Doc>>>;
    queryView<GivenKey = Declared, GivenValue = Declared, Id extends ViewId<Views> = ViewId<Views>>(
        this: WithoutKeyMap,
        id: Id,
        options?: ViewQueryOptions<RowKey<Views[Id], GivenKey>>,
    ): QueryResult<WithOptionalDocument<Row<Views[Id], GivenKey, GivenValue, string>, Doc>>;
    queryView<GivenValue = Declared, Id extends ViewId<Views> = ViewId<Views>>(
        id: Id,
        options: ReduceQueryOptions<RowKey<Views[Id], Declared>>,
    ): ReducedRows<Views[Id], GivenValue>;
    queryView<
        GivenKey = Declared,
        GivenValue = Declared,
        Id extends ViewId<Views> = ViewId<Views>,
        Level extends number | WholeKeys = number | WholeKeys,
    >(
        id: Id,
        options: GroupQueryOptions<RowKey<Views[Id], Declared>, Level>,
    ): QueryResult<RowGroup<Views[Id], GivenKey, GivenValue, Level>>;

    /** Whether a view of this id is registered. */
    hasView(id: ViewId<Views>): boolean;

    /** Registers a view; one with the same id is replaced and built anew. */
    setView<Id extends ViewId<Views>>(this: WithKeyMap, id: Id, source: SourceOf<DocumentOf<Doc>, Views, Id>): void;
    setView<Id extends ViewId<Views>>(this: WithoutKeyMap, id: Id, source: SourceOf<Doc, Views, Id>): void;

    /** The numbers that `Datastore.stats` tells. */
    stats(): Stats;

    /** Ends it, as `Datastore.close` does. */
    close(): Promise<void>;
}

/** The codes of errors that are a `DatastoreError` and nothing more. */
export type OtherCode =
    | 'LOCKED'
    | 'NOT_LOADED'
    | 'UNSUPPORTED'
    | 'POISONED'
    | 'READ_ONLY'
    | 'KEY_COLLISION'
    | 'NATIVE_LOAD'
    | 'SCHEMA_TOO_NEW'
    | 'ABORT_ERR';

/** A `DatastoreError` without a class of its own. */
export interface OtherError extends DatastoreError {
    /** What happened. */
    readonly code: OtherCode;
}

/**
 * Every error that this package creates, to be told apart by `code`. What is
 * `instanceof DatastoreError` is one of these.
 */
export type AnyDatastoreError =
    | ConflictError
    | AssertionError
    | NotFoundError
    | ClosedError
    | CorruptError
    | ViewMapError
    | ViewReduceError
    | MigrationError
    | StorageError
    | OtherError;

/** The base of every error that this package creates. Branch on `code`. */
export class DatastoreError extends Error {
    /** Whether a value is such an error: by `instanceof` the compiler narrows the base class to all kinds of error. */
    static [Symbol.hasInstance]<Class extends abstract new (...given: never[]) => unknown>(
        this: Class,
        value: unknown,
    ): value is InstanceOf<InstanceType<Class>>;

    constructor(message: string, facts?: { code?: string; cause?: unknown; [fact: string]: unknown });
    /** What happened. Codes are part of the interface and stay; messages may change. */
    readonly code: string;
    /** The error that led to this one. */
    readonly cause?: unknown;
    /** The document concerned. */
    readonly key?: string;
    /** The file or directory concerned. */
    readonly path?: string;
    /** The number of the record that an import refused, from 1. */
    readonly record?: number;
}

/** Of the base class every kind of error, of any other class its instances. */
type InstanceOf<Instance> = DatastoreError extends Instance ? AnyDatastoreError : Instance;

/**
 * The stored revision is not the expected one, or another document has the value in a unique view; nothing was changed.
 */
export class ConflictError extends DatastoreError {
    /** The code of every error of this class. */
    static readonly CODE: 'CONFLICT';
    /** The code of this class. */
    readonly code: 'CONFLICT';
    /** What an HTTP server answers. */
    readonly httpStatusCode: 409;
    readonly key: string;
    /** The revision that was expected; `null` where one had to come and none did. */
    readonly expectedRev: number | null;
    /** The revision that is stored; `null` where nothing is. */
    readonly actualRev: number | null;
    /** The unique view that would be broken; the revisions are `null` then. */
    readonly viewId?: string;
    /** The value that two documents would have in that view. */
    readonly viewKey?: Json;
    /** The document that has it. */
    readonly otherKey?: string;
}

/** The caller broke a rule of the interface; nothing was changed. */
export class AssertionError extends DatastoreError {
    /** The code of every error of this class. */
    static readonly CODE: 'ASSERTION';
    /** The code of this class. */
    readonly code: 'ASSERTION';
}

/** There is no such document (`key`) or view (`viewId`). */
export class NotFoundError extends DatastoreError {
    /** The code of every error of this class. */
    static readonly CODE: 'NOT_FOUND';
    /** The code of this class. */
    readonly code: 'NOT_FOUND';
    /** What an HTTP server answers. */
    readonly httpStatusCode: 404;
    /** The view that there is none of. */
    readonly viewId?: string;
}

/** The datastore was closed. */
export class ClosedError extends DatastoreError {
    /** The code of every error of this class. */
    static readonly CODE: 'CLOSED';
    /** The code of this class. */
    readonly code: 'CLOSED';
}

/** The data directory holds files that cannot be documents: every one of them is listed. */
export class CorruptError extends DatastoreError {
    /** The code of every error of this class. */
    static readonly CODE: 'CORRUPT';
    /** The code of this class. */
    readonly code: 'CORRUPT';
    /** The files, and what each of them has. */
    readonly files: BadFile[];
}

/** A view's map function failed; `cause` is what it threw. */
export class ViewMapError extends DatastoreError {
    /** The code of every error of this class. */
    static readonly CODE: 'VIEW_MAP';
    /** The code of this class. */
    readonly code: 'VIEW_MAP';
    /** The view whose function it is. */
    readonly viewId: string;
    readonly key: string;
}

/**
 * A view's rows cannot be reduced: the built-in reduce does not take the value emitted for the document `key`, or the
 * reduce function failed (`cause`).
 */
export class ViewReduceError extends DatastoreError {
    /** The code of every error of this class. */
    static readonly CODE: 'VIEW_REDUCE';
    /** The code of this class. */
    readonly code: 'VIEW_REDUCE';
    /** The view whose rows they are. */
    readonly viewId: string;
}

/** A migration's function failed, or returned what is no document; `cause` tells. */
export class MigrationError extends DatastoreError {
    /** The code of every error of this class. */
    static readonly CODE: 'MIGRATION';
    /** The code of this class. */
    readonly code: 'MIGRATION';
    /** The version that the migration leads to. */
    readonly version: number;
    readonly key: string;
}

/** The operating system's name for what went wrong. */
export type SystemCode = `E${string}`;

/** The operating system refused; `code` is its own (`ENOSPC`, `EACCES`, ...), as in Node's `fs` errors. */
export class StorageError extends DatastoreError {
    /** The operating system's name for it. */
    readonly code: SystemCode;
    /** The operating system's number for it. */
    readonly errno?: number;
    /** The system call that failed. */
    readonly syscall: string;
}
