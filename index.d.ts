/**
 * The Kixx Datastore: documents by key, in memory, one readable JSON file each on disk, with revisions and views.
 *
 * `Doc` is the type of the documents in one datastore; give a union where there are several, or leave it out.
 */

import type { EventEmitter } from 'node:events';

/** A document's name. A finite number is taken as its decimal text. */
export type Key = string | number;

/** What a stored document has beside its own members. */
export interface Revision {
    /** 0 when the document is made, then one more with every write. */
    _rev: number;
}

/** A document as it is read: a fresh object, the reader's own. */
export type Stored<Doc> = Doc & Revision;

/**
 * A document as it is written. Its `_rev`, if it has one, must be the stored one.
 *
 * Not `Omit`: that merges the members of a union, and drops the known members beside an index signature.
 */
export type Writable<Doc> = { [Member in keyof Doc as Exclude<Member, '_rev'>]: Doc[Member] } & {
    _rev?: number | undefined;
};

/** Any document, where no type is given. */
// biome-ignore lint/suspicious/noExplicitAny: untyped use has to stay easy
export type AnyDocument = Record<string, any>;

/** A value that JSON can hold, as a view's key or value. */
export type Json = string | number | boolean | null | Json[] | { [member: string]: Json | undefined };

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

/** The page of a query. */
export interface WindowOptions {
    /** Whether what is at `startKey` belongs to the range, wherever a descending query puts it. Default: `true`. */
    inclusiveStart?: boolean | undefined;
    /** Whether what is at `endKey` belongs to the range. Default: `true`. */
    inclusiveEnd?: boolean | undefined;
    /** From the highest key down. Default: `false`. */
    descending?: boolean | undefined;
    /** Index of the page's first item inside the range. Default: 0. */
    inclusiveStartIndex?: number | undefined;
    /** The same thing as `inclusiveStartIndex`. */
    offset?: number | undefined;
    /** How many items the page has at most: a positive integer or `Infinity`. Default: 10. */
    limit?: number | undefined;
    /**
     * The `cursor` of the page before: the page begins strictly behind its last item, whatever came and went meanwhile.
     * Goes without an index. All options but `limit`, `includeDocuments` and `signal` have to be those of that page.
     */
    cursor?: string | undefined;
    /** Whether every item carries its document. Default: `false`. */
    includeDocuments?: boolean | undefined;
    /** Ends the query: it rejects with an error of code `ABORT_ERR`, whose `cause` is the signal's reason. */
    signal?: AbortSignal | undefined;
}

/** What a query of keys selects. `key` overrides the bounds; `prefix` and `keys` go without either, and each other. */
export interface KeyQueryOptions extends WindowOptions {
    startKey?: Key | undefined;
    endKey?: Key | undefined;
    key?: Key | undefined;
    /** Several keys, answered in this order and as often as they are here, as far as they are there. */
    keys?: readonly Key[] | undefined;
    /** Not in a store whose keys are in the order of a locale. */
    prefix?: Key | undefined;
}

/** How far a view is on its way to the moment of a call. */
export interface BuildProgress {
    /** How many documents have been mapped for it; never falls, and equals `total` in the last call. */
    done: number;
    /** How many there are to map. */
    total: number;
}

/** What may be asked of a view that has to be built first, which a long time after the last query takes long. */
export interface BuildOptions {
    /** Rejects the call with code `ABORT_ERR` when it is aborted. What was mapped until then stays. */
    signal?: AbortSignal | undefined;
    /** Called while the view is built, and once when that is done. What it throws rejects the call. */
    onProgress?: ((progress: BuildProgress) => void) | undefined;
}

/** What `buildView` tells, as of the moment of its call. */
export interface BuildReport {
    rows: number;
    /** How many documents are left out because `map` threw (`onError: 'skip'`). */
    skipped: number;
    /** The last change that is in the rows. */
    sequence: number;
    /** Of a unique view, in the order of their values; the first 1,000. Writes to its documents are refused until there are none. */
    duplicates: Duplicate[];
}

/** What a query of a view selects. Any JSON value is a key, `null` included. */
export interface ViewQueryOptions extends WindowOptions, BuildOptions {
    startKey?: Json | undefined;
    endKey?: Json | undefined;
    key?: Json | undefined;
    /** Several keys, answered in this order and as often as they are here; `descending` turns the rows of each. */
    keys?: readonly Json[] | undefined;
    /**
     * Every string that starts with this one, or every array whose first elements are these. A string is refused where
     * the view has a locale: there the strings that start with it do not stand together.
     */
    prefix?: string | Json[] | undefined;
    /** Told how many of the documents that have to be looked at first were looked at. What it throws ends the query. */
    onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
    /** `true` asks for what the rows come to: see `ReduceQueryOptions` and `GroupQueryOptions`. */
    reduce?: false | undefined;
    group?: false | undefined;
}

/** What all rows of a range come to. */
export type ReduceQueryOptions = Omit<
    ViewQueryOptions,
    'reduce' | 'inclusiveStartIndex' | 'offset' | 'limit' | 'cursor' | 'includeDocuments'
> & { reduce: true; groupLevel?: undefined };

/**
 * What the rows of each key come to (`group`), or of each beginning of so many elements of keys that are arrays
 * (`groupLevel`; other keys are whole; 0 is one group of everything, with the key `null`).
 */
export type GroupQueryOptions = Omit<ViewQueryOptions, 'reduce' | 'group' | 'includeDocuments'> & {
    reduce?: true | undefined;
} & ({ group: true; groupLevel?: undefined } | { group?: undefined; groupLevel: number });

/** One item of a query of keys. */
export interface KeyItem {
    key: string;
    /** The same as `key`. */
    documentKey: string;
}

/** One row of a view. */
export interface ViewItem<ViewKey = Json, Value = Json> {
    /** What the map function emitted. */
    key: ViewKey;
    /** The document that it was emitted for. */
    documentKey: string;
    /** What was emitted with the key; absent where nothing was. */
    value?: Value;
}

/** What the rows of a range come to. */
export interface Reduced<Value = Json> {
    value: Value;
}

/** What the rows of a group come to. */
export interface ViewGroup<ViewKey = Json, Value = Json> {
    /** The key, or the elements with which the keys begin. */
    key: ViewKey;
    value: Value;
}

/** The result of `_stats`; `null` without numbers, and for sums beyond every number. */
export interface ViewStatistics {
    sum: number | null;
    count: number;
    min: number | null;
    max: number | null;
    sumsqr: number | null;
}

/** An item with its document. */
export type WithDocument<Item, Doc> = Item & { document: Stored<Doc> };

/** An item of a query whose `includeDocuments` is known only when it runs. */
export type WithOptionalDocument<Item, Doc> = Item & { document?: Stored<Doc> };

/** Options that ask for documents. */
export type Including<Options> = Options & { includeDocuments: true };

/** Options that do not ask for documents. */
export type Excluding<Options> = Options & { includeDocuments?: false | undefined };

/** A part of a range. */
export interface Page<Item> {
    items: Item[];
    /**
     * The index of the first item after the page; `null` on the last page. Absent where a transaction's query has a
     * `cursor` and `total: false`: what the cursor passed over is not guarded, so it is not counted.
     */
    exclusiveEndIndex?: number | null;
    /** What the query of the next page is given, wherever and whenever; `null` on the last page. */
    cursor: string | null;
}

/** The page that a query resolves to. */
export interface QueryResult<Item> extends Page<Item> {
    /** The index of the first item after the page; `null` on the last page. */
    exclusiveEndIndex: number | null;
    /** How many items the whole range has. */
    total: number;
}

/** Emits a row. `undefined` as a key counts as `null`. */
// biome-ignore lint/suspicious/noExplicitAny: what is emitted is checked when it is emitted
export type Emit<ViewKey = any, Value = any> = (key: ViewKey, value?: Value) => void;

/**
 * A reduce that is kept up to date natively. `_sum` takes numbers, or arrays of numbers that are added element by element
 * (`null` beyond every number); `_stats` takes numbers; `_min` and `_max` take any values, in the order of view keys by
 * code unit; `_approx_count_distinct` counts keys.
 */
export type BuiltInReduce = '_count' | '_sum' | '_stats' | '_min' | '_max' | '_approx_count_distinct';

/**
 * Makes one value of rows: of values as they were emitted (`null` where none was) with their keys, or with `rereduce` of
 * what it returned for some of them. The result must depend on the rows alone, not on how they are divided.
 */
export type ReduceFunction = (
    // biome-ignore lint/suspicious/noExplicitAny: what is emitted is the user's
    keys: [key: any, documentKey: string][] | null,
    // biome-ignore lint/suspicious/noExplicitAny: what is emitted is the user's
    values: any[],
    rereduce: boolean,
) => unknown;

/**
 * The order of strings as a language has it. What it takes for the same is ordered by code unit, so different strings
 * stay different.
 */
export interface LocaleCollation {
    /** A language tag, such as `'de'` or `'de-u-co-phonebk'`. */
    locale: string;
    /** What the language tells apart: letters, then marks too, then cases and variants too (default), and so on. */
    strength?: 'primary' | 'secondary' | 'tertiary' | 'quaternary' | 'identical' | undefined;
    /** Whether digits are ordered as the numbers they make: `'a9'` before `'a10'`. Default: as the locale says. */
    numeric?: boolean | undefined;
    /** Which case comes first; `'false'` is the language's own order. Default: as the locale says. */
    caseFirst?: 'upper' | 'lower' | 'false' | undefined;
}

/** The order of strings: that of JavaScript's `<`, or a language's. */
export type Collation = 'codeUnit' | LocaleCollation;

/** How a view is made of the documents. */
export interface ViewSource<Doc = AnyDocument> {
    /** Called with each document, a copy of its own; emits before it returns. */
    map(document: Stored<Doc>, emit: Emit): void;
    /** What a throw of `map` does: reject the query (default), or leave the document out of the view. */
    onError?: 'error' | 'skip' | undefined;
    /** What rows come to where a query asks for it. */
    reduce?: BuiltInReduce | ReduceFunction | undefined;
    /** The order of the strings in its keys. Default: `'codeUnit'`. */
    collation?: Collation | undefined;
}

/** A value to compare with: JSON, or what becomes it, as a `Date` does. */
export type Operand = Json | Date;

/** Operators on the value at a path. All of them have to hold. */
export interface Conditions {
    /** Equal: numbers by value, objects whatever the order of their members, arrays element by element. */
    $eq?: Operand | undefined;
    /** Not equal, or nothing is there. */
    $ne?: Operand | undefined;
    /** A value of the same type, above in the order of view keys. */
    $gt?: Operand | undefined;
    $gte?: Operand | undefined;
    $lt?: Operand | undefined;
    $lte?: Operand | undefined;
    /** Equal to one of these. */
    $in?: readonly Operand[] | undefined;
    /** Something is there, `null` included; or nothing is. */
    $exists?: boolean | undefined;
}

/**
 * Conditions on documents, all of which have to hold: for each dot path (`profile.email`, `tags.0`) the value that has to
 * be there, or operators. A path that leads to nothing meets `$ne` and `$exists: false` alone. An array does not equal its
 * elements. What is `undefined` is refused, because a condition that is silently missing would find too much.
 */
export interface Where {
    [path: string]: Operand | Conditions;
}

/** A view that says what its rows are: evaluated by the engine, without JavaScript. */
export interface ViewDeclaration {
    /** Which documents it is about. Default: all. */
    where?: Where | undefined;
    /** The path of the row's key, or those of the elements of an array key. A document that lacks one has no row. */
    key: string | readonly string[];
    /** The path of an array: one row per element, which this path then means inside `key` and `value`. */
    each?: string | undefined;
    /** The path of the row's value, those of the members of an object, or `true` for the whole document. */
    value?: string | readonly string[] | true | undefined;
    /** What rows come to where a query asks for it. */
    reduce?: BuiltInReduce | ReduceFunction | undefined;
    /** Whether no two documents may have the same key. */
    unique?: boolean | undefined;
    /** The order of the strings in its keys; that of conditions is always by code unit. Default: `'codeUnit'`. */
    collation?: Collation | undefined;
}

/** What `count` looks at. */
export interface CountOptions {
    /** Only keys that start with this. Not in a store whose keys are in the order of a locale. */
    prefix?: Key | undefined;
    /** Ends the search: it rejects with an error of code `ABORT_ERR`, whose `cause` is the signal's reason. */
    signal?: AbortSignal | undefined;
}

/** What `findOne` looks at, and from where. */
export interface FindOneOptions extends CountOptions {
    /** From the highest key down. Default: `false`. */
    descending?: boolean | undefined;
}

/** Which page `find` resolves to. */
export interface FindOptions extends FindOneOptions {
    /** Index of the page's first item among all that are found. Default: 0. */
    inclusiveStartIndex?: number | undefined;
    /** The same thing as `inclusiveStartIndex`. */
    offset?: number | undefined;
    /** How many items the page has at most: a positive integer or `Infinity`. Default: 10. */
    limit?: number | undefined;
    /** The `cursor` of the page before. Goes without an index, and with the same conditions, prefix and direction. */
    cursor?: string | undefined;
    /** Whether the result tells how it was found. Default: `false`. */
    explain?: boolean | undefined;
}

/** How documents were found. */
export interface Explanation {
    /** The declarative view that led to them; `null` where every document was looked at. */
    view: string | null;
    /** How many documents were looked at. */
    examined: number;
}

/** What an iteration goes over: what a query of keys selects, all of it by default. */
export type ItemsOptions = Omit<KeyQueryOptions, 'includeDocuments' | 'limit'> & {
    /** How many documents at most: a positive integer or `Infinity`. Default: `Infinity`. */
    limit?: number | undefined;
};

/** A document with its key. */
export interface Item<Doc = AnyDocument> {
    key: string;
    document: Stored<Doc>;
}

/**
 * Where an import has its documents from: objects, or the text or bytes of lines `{"key":...,"document":{...}}`, cut into
 * pieces anywhere.
 */
export type ImportSource<Doc = AnyDocument> =
    | string
    | Uint8Array
    | Iterable<{ key: Key; document: Writable<Doc> } | string | Uint8Array>
    | AsyncIterable<{ key: Key; document: Writable<Doc> } | string | Uint8Array>;

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
export type BatchOperation<Doc = AnyDocument> =
    | {
          type: 'set';
          key: Key;
          document: Writable<Doc>;
          /** The stored revision must be this one, as if it were the document's `_rev`. */
          rev?: number | undefined;
      }
    | {
          type: 'delete';
          key: Key;
          /** The stored revision must be this one. */
          rev?: number | undefined;
      };

/** What a step of a batch made. */
export interface BatchResult<Doc = AnyDocument> {
    key: string;
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
    /** @throws `NotFoundError` with `{ required: true }` */
    getItem(key: Key, options: { required: true }): Promise<Stored<Doc>>;
    getItem(key: Key, options?: { required?: boolean | undefined }): Promise<Stored<Doc> | null>;

    /**
     * Resolves to the document with the revision that it will have if the transaction is committed. That rises by one
     * a transaction, however often the document is set in it.
     * @throws `ConflictError` where the document's `_rev` is not the one that the transaction sees
     */
    setItem(
        key: Key,
        document: Writable<Doc>,
        options?: { checkConsistency?: boolean | undefined },
    ): Promise<Stored<Doc>>;

    /** @throws `ConflictError` where `rev` is not the revision that the transaction sees */
    deleteItem<K extends Key>(key: K, options?: { rev?: number | undefined }): Promise<K>;

    /**
     * A page of a range of keys. With `total` (the default) the whole range is counted, and the commit is refused if a
     * document has entered or left it; `total: false` narrows that to the page, whose result has no `total` then. With
     * `includeDocuments` the documents returned must not have changed either.
     */
    queryKeys(options: NotCounting<Including<KeyQueryOptions>>): Promise<Page<WithDocument<KeyItem, Doc>>>;
    queryKeys(options: NotCounting<Excluding<KeyQueryOptions>>): Promise<Page<KeyItem>>;
    queryKeys(options: Counting<Including<KeyQueryOptions>>): Promise<QueryResult<WithDocument<KeyItem, Doc>>>;
    queryKeys(options?: Counting<Excluding<KeyQueryOptions>>): Promise<QueryResult<KeyItem>>;
    queryKeys(
        options?: KeyQueryOptions & { total?: boolean | undefined },
    ): Promise<Page<WithOptionalDocument<KeyItem, Doc>> & { total?: number }>;
}

/** What a datastore tells beside its answers, to those who listen. */
export interface DatastoreEvents {
    /** A failure has left the files in doubt: writes are refused from now on, with this error of code `POISONED`. */
    error: [error: DatastoreError];
    /** Syncing, or placing files in the background, is hindered, and goes on being tried; told once a spell. */
    degraded: [error: DatastoreError];
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
    /** Rows of the views. */
    views: number;
}

/** A store's numbers. */
export interface Stats {
    /** How many documents there are. */
    documents: number;
    /** Bytes of their texts. */
    textBytes: number;
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
    views: Record<string, ViewStats>;
    cache: CacheStats;
}

/** What is kept of documents as objects, so that a read need not parse its text again. */
export interface CacheStats {
    /** How many bytes may be kept. */
    size: number;
    documents: number;
    /** An estimate. */
    bytes: number;
    /**
     * How many documents were read from it, and how many were not, which counts those that do not exist. Those of `getItems`
     * and of queries count each, where the query was answered at once.
     */
    hits: number;
    misses: number;
}

/** A view's numbers, as of its last query. */
export interface ViewStats {
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

/** A value that several documents have in a unique view. */
export interface Duplicate {
    viewKey: Json;
    /** In order; the first 1,000. */
    documentKeys: string[];
}

/** What a custom engine answers when it is asked for a document. */
export type CustomItem<Doc> = { document: Doc | null | undefined } | null | undefined;

/** Any object that works as an engine. Promises are awaited, except those of `hasView`, `setView` and `stats`. */
// biome-ignore lint/suspicious/noExplicitAny: somebody else's engine has its own types
export interface CustomEngine<Doc = any> {
    loadDocuments(): unknown;
    /** `null` or `undefined`, in place of the document or of the whole answer: there is none. */
    getItem(key: string): CustomItem<Doc> | Promise<CustomItem<Doc>>;
    setItem(key: string, document: Doc): unknown;
    deleteItem(key: string): unknown;
    // biome-ignore lint/suspicious/noExplicitAny: passed on as it comes
    queryKeys?(options: any): any;
    // biome-ignore lint/suspicious/noExplicitAny: passed on as it comes
    queryView?(id: string, options: any): any;
    // biome-ignore lint/suspicious/noExplicitAny: passed on as it comes
    buildView?(id: string, options: any): any;
    hasView?(id: string): boolean;
    deleteView?(id: string): unknown;
    // biome-ignore lint/suspicious/noExplicitAny: passed on as it comes
    setView?(id: string, source: any): void;
    stats?(): unknown;
    flush?(): unknown;
    readonly loadReport?: LoadReport | null | undefined;
    close?(): unknown;
}

/** Serialises writes of one key, as the original's locking queue does. */
export interface LockingQueue {
    getLock(key: string): unknown;
    releaseLock(key: string): void;
}

/** Reads and writes documents' files in place of ours. Has no lock and no journal. */
export interface FileSystem {
    /** The names of the directory's entries, or objects with a `name`. */
    readDocumentDirectory(directory: string): Promise<Iterable<string | { name: string }>>;
    readDocumentFile(path: string): Promise<object>;
    writeDocumentFile(path: string, document: object): Promise<unknown>;
    removeDocumentFile(path: string): Promise<unknown>;
}

/** What the engine is made of. */
export interface EngineOptions {
    /** The data directory; made by the load where it is missing. Required, unless `durability` is `'none'`. */
    directory?: string | undefined;
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
    db?: DatastoreEngine<any> | CustomEngine | undefined;
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
export class Datastore<Doc extends object = AnyDocument> extends EventEmitter<DatastoreEvents> {
    constructor(options: DatastoreOptions & (Place | { db: object }));

    /** The engine below: synchronous reads, unconditional writes, the same views. */
    readonly _db: DatastoreEngine<Doc>;

    /** What `load` found; `null` before, and over a custom engine that has none. */
    readonly loadReport: LoadReport | null;

    /**
     * Reads every document into memory. Calling it again waits for the same load.
     * @throws `CorruptError`, `StorageError`, `DatastoreError` with code `LOCKED`; `AssertionError` where the directory
     * remembers another `collation`; code `ABORT_ERR`
     */
    load(options?: LoadOptions): Promise<this>;

    /**
     * A document, or `null`.
     * @throws `NotFoundError` with `{ required: true }`
     */
    getItem(key: Key, options: { required: true }): Promise<Stored<Doc>>;
    getItem(key: Key, options?: { required?: boolean | undefined }): Promise<Stored<Doc> | null>;

    /**
     * Several documents, in the order of the keys, with `null` for those that are missing. All are of one moment, unless
     * the engine is a custom one.
     * @throws `NotFoundError` with `{ required: true }`
     */
    getItems(keys: readonly Key[], options: { required: true }): Promise<Stored<Doc>[]>;
    getItems(keys: readonly Key[], options?: { required?: boolean | undefined }): Promise<(Stored<Doc> | null)[]>;

    /**
     * Stores a document under its next revision and resolves to it as a later read returns it.
     * @throws `ConflictError` where the document's `_rev` is not the stored one, unless `checkConsistency` is `false`
     */
    setItem(key: Key, document: Writable<Doc>, options?: SetOptions): Promise<Stored<Doc>>;

    /**
     * Stores what the function makes of the document (`null` where there is none). Other writes of this key wait.
     * @throws `ConflictError`; whatever the function throws
     */
    updateItem(
        key: Key,
        update: (document: Stored<Doc> | null) => Writable<Doc> | Promise<Writable<Doc>>,
        options?: UpdateOptions,
    ): Promise<Stored<Doc>>;

    /**
     * Removes a document, if it is there, and resolves to the key as it was given.
     * @throws `ConflictError` where `rev` is not the stored revision
     */
    deleteItem<K extends Key>(key: K, options?: DeleteOptions): Promise<K>;

    /**
     * Stores documents, all or none of them: in memory, on disk, after any crash, for every reader and every view.
     * Resolves to them in their order.
     * @throws `ConflictError` of the first document whose `_rev` is not the stored one; `AssertionError` where a key is
     * there twice; code `UNSUPPORTED` over a custom engine or file system
     */
    setItems(
        entries: Iterable<readonly [key: Key, document: Writable<Doc>]>,
        options?: SetOptions,
    ): Promise<Stored<Doc>[]>;

    /**
     * Removes documents, all or none of them, as far as they are there. Resolves to the keys as they were given.
     * @throws as `setItems`
     */
    deleteItems<K extends Key>(keys: Iterable<K>, options?: DurabilityOptions): Promise<K[]>;

    /**
     * Sets and deletes, all or nothing. A key may be there once.
     * @throws as `setItems`
     */
    batch(operations: Iterable<BatchOperation<Doc>>, options?: SetOptions): Promise<BatchResult<Doc>[]>;

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
     * Resolves when everything acknowledged so far, and every write called before, would survive a power cut and is in
     * its file. An update that is still running, and a write that waits for one, is not waited for.
     * @throws `StorageError`; code `POISONED`; code `UNSUPPORTED` over a custom file system, or engine without it
     */
    flush(): Promise<void>;

    /** A page of a range of keys, in the order of the store's `collation`. A custom engine answers as it likes. */
    queryKeys(options: Including<KeyQueryOptions>): Promise<QueryResult<WithDocument<KeyItem, Doc>>>;
    queryKeys(options?: Excluding<KeyQueryOptions>): Promise<QueryResult<KeyItem>>;
    queryKeys(options?: KeyQueryOptions): Promise<QueryResult<WithOptionalDocument<KeyItem, Doc>>>;

    /**
     * A page of a range of a view's rows, as of the moment of the call. A view that has much to map is built in slices of
     * the event loop's time, once for all who wait. A custom engine answers as it likes.
     * @throws `NotFoundError`, `ViewMapError`; code `ABORT_ERR`
     */
    queryView<ViewKey = Json, Value = Json>(
        id: string,
        options: Including<ViewQueryOptions>,
    ): Promise<QueryResult<WithDocument<ViewItem<ViewKey, Value>, Doc>>>;
    queryView<ViewKey = Json, Value = Json>(
        id: string,
        options?: Excluding<ViewQueryOptions>,
    ): Promise<QueryResult<ViewItem<ViewKey, Value>>>;
    queryView<ViewKey = Json, Value = Json>(
        id: string,
        options?: ViewQueryOptions,
    ): Promise<QueryResult<WithOptionalDocument<ViewItem<ViewKey, Value>, Doc>>>;

    /**
     * What a range of a view's rows comes to, as of the moment of the call.
     * @throws `ViewReduceError`, and as for rows
     */
    queryView<Value = Json>(id: string, options: ReduceQueryOptions): Promise<Reduced<Value>>;
    queryView<ViewKey = Json, Value = Json>(
        id: string,
        options: GroupQueryOptions,
    ): Promise<QueryResult<ViewGroup<ViewKey, Value>>>;

    /**
     * A page of the documents that meet conditions, in the order of their keys, as of the moment of the call. A declarative
     * view whose key the conditions pin down leads to them; where there is none, all documents are looked at, in parallel
     * and beside the event loop.
     * @throws code `UNSUPPORTED` over a custom engine
     */
    find(
        where: Where,
        options: FindOptions & { explain: true },
    ): Promise<QueryResult<WithDocument<KeyItem, Doc>> & { explain: Explanation }>;
    find(where: Where, options?: FindOptions): Promise<QueryResult<WithDocument<KeyItem, Doc>>>;

    /**
     * The first of the documents that meet conditions, or `null`.
     * @throws as `find`
     */
    findOne(where: Where, options?: FindOneOptions): Promise<Stored<Doc> | null>;

    /**
     * How many documents meet conditions.
     * @throws as `find`
     */
    count(where: Where, options?: CountOptions): Promise<number>;

    /**
     * The documents of a range with their keys, in the order of `queryKeys`: all of the moment in which the first is asked
     * for, whatever is written meanwhile. Some cross at a time, so it takes constant memory; leaving the loop gives the moment
     * back. Closing the store ends it with `CLOSED`.
     * @throws `AssertionError` at once; code `ABORT_ERR`; code `UNSUPPORTED` over a custom engine
     */
    items(options?: ItemsOptions): AsyncGenerator<Item<Doc>, void, undefined>;

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
    importItems(source: ImportSource<Doc>, options?: ImportOptions): Promise<ImportReport>;

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
    setView(id: string, source: ViewSource<Doc> | ViewDeclaration): void;

    /**
     * Brings a view to the moment of the call, so that the next query has little to do.
     * @throws `NotFoundError`, `ViewMapError`; code `ABORT_ERR`; what kept the definition of a unique view from being
     * stored; code `UNSUPPORTED` over a custom engine without it
     */
    buildView(id: string, options?: BuildOptions): Promise<BuildReport>;

    /**
     * Forgets a view; calls that wait for it get their answers. A unique one is then enforced for nobody. Resolves to
     * whether there was one, registered here or kept in the directory.
     */
    deleteView(id: string): Promise<boolean>;

    hasView(id: string): boolean;

    /** A custom engine tells what it likes. */
    stats(): Stats;

    /**
     * Waits for what was submitted, syncs it and gives the directory back. Calling it again gives the same promise's
     * outcome.
     * @throws `StorageError` or code `POISONED` where that failed; it is closed all the same
     */
    close(): Promise<void>;

    [Symbol.asyncDispose](): Promise<void>;
}

/** The engine below a datastore. Reads are synchronous and throw `NOT_LOADED` before the load. */
export class DatastoreEngine<Doc extends object = AnyDocument> {
    constructor(options: EngineOptions & Place);

    /** What `loadDocuments` found; `null` before. */
    readonly loadReport: LoadReport | null;

    loadDocuments(options?: LoadOptions): Promise<void>;

    getItem(key: Key): { key: string; document: Stored<Doc> | null };

    /** Stores the document as it is, `_rev` included (missing: 0), whatever is stored. */
    setItem(key: Key, document: Writable<Doc>): Promise<{ key: string; document: Stored<Doc> }>;

    deleteItem(key: Key): Promise<{ key: string }>;

    /** Resolves when everything acknowledged so far would survive a power cut and is in its file. */
    flush(): Promise<void>;

    queryKeys(options: Including<KeyQueryOptions>): QueryResult<WithDocument<KeyItem, Doc>>;
    queryKeys(options?: Excluding<KeyQueryOptions>): QueryResult<KeyItem>;
    queryKeys(options?: KeyQueryOptions): QueryResult<WithOptionalDocument<KeyItem, Doc>>;

    queryView<ViewKey = Json, Value = Json>(
        id: string,
        options: Including<ViewQueryOptions>,
    ): QueryResult<WithDocument<ViewItem<ViewKey, Value>, Doc>>;
    queryView<ViewKey = Json, Value = Json>(
        id: string,
        options?: Excluding<ViewQueryOptions>,
    ): QueryResult<ViewItem<ViewKey, Value>>;
    queryView<ViewKey = Json, Value = Json>(
        id: string,
        options?: ViewQueryOptions,
    ): QueryResult<WithOptionalDocument<ViewItem<ViewKey, Value>, Doc>>;
    queryView<Value = Json>(id: string, options: ReduceQueryOptions): Reduced<Value>;
    queryView<ViewKey = Json, Value = Json>(
        id: string,
        options: GroupQueryOptions,
    ): QueryResult<ViewGroup<ViewKey, Value>>;

    hasView(id: string): boolean;

    setView(id: string, source: ViewSource<Doc> | ViewDeclaration): void;

    stats(): Stats;

    close(): Promise<void>;
}

/** The codes of errors that are a `DatastoreError` and nothing more. */
export type OtherCode =
    | 'LOCKED'
    | 'NOT_LOADED'
    | 'UNSUPPORTED'
    | 'POISONED'
    | 'KEY_COLLISION'
    | 'NATIVE_LOAD'
    | 'ABORT_ERR';

/** The base of every error that this package creates. Branch on `code`. */
export class DatastoreError extends Error {
    constructor(message: string, facts?: { code?: string; cause?: unknown; [fact: string]: unknown });
    readonly code: string;
    readonly cause?: unknown;
    /** The document concerned. */
    readonly key?: string;
    /** The file or directory concerned. */
    readonly path?: string;
    /** The number of the record that an import refused, from 1. */
    readonly record?: number;
}

/**
 * The stored revision is not the expected one, or another document has the value in a unique view; nothing was changed.
 */
export class ConflictError extends DatastoreError {
    static readonly CODE: 'CONFLICT';
    readonly code: 'CONFLICT';
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
    static readonly CODE: 'ASSERTION';
    readonly code: 'ASSERTION';
}

/** There is no such document (`key`) or view (`viewId`). */
export class NotFoundError extends DatastoreError {
    static readonly CODE: 'NOT_FOUND';
    readonly code: 'NOT_FOUND';
    readonly httpStatusCode: 404;
    readonly viewId?: string;
}

/** The datastore was closed. */
export class ClosedError extends DatastoreError {
    static readonly CODE: 'CLOSED';
    readonly code: 'CLOSED';
}

/** The data directory holds files that cannot be documents: every one of them is listed. */
export class CorruptError extends DatastoreError {
    static readonly CODE: 'CORRUPT';
    readonly code: 'CORRUPT';
    readonly files: BadFile[];
}

/** A view's map function failed; `cause` is what it threw. */
export class ViewMapError extends DatastoreError {
    static readonly CODE: 'VIEW_MAP';
    readonly code: 'VIEW_MAP';
    readonly viewId: string;
    readonly key: string;
}

/**
 * A view's rows cannot be reduced: the built-in reduce does not take the value emitted for the document `key`, or the
 * reduce function failed (`cause`).
 */
export class ViewReduceError extends DatastoreError {
    static readonly CODE: 'VIEW_REDUCE';
    readonly code: 'VIEW_REDUCE';
    readonly viewId: string;
}

/** The operating system refused; `code` is its own (`ENOSPC`, `EACCES`, ...), as in Node's `fs` errors. */
export class StorageError extends DatastoreError {
    readonly errno?: number;
    readonly syscall: string;
}
