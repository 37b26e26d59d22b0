/** Documents: as they are read and written, and by which keys. */

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
    /** The revision that has to be stored. Default: any. */
    _rev?: number | undefined;
};

/** Any document, where no type is given. */
// biome-ignore lint/suspicious/noExplicitAny: untyped use has to stay easy
export type AnyDocument = Record<string, any>;

/** A value that JSON can hold, as a view's key or value. */
export type Json = string | number | boolean | null | Json[] | { [member: string]: Json | undefined };

/** What a `KeyMap` is known by. No value has it. */
declare const keyMap: unique symbol;

/** Where a store's type holds that of its documents. No value has it. */
export declare const documents: unique symbol;

/**
 * In place of the documents' type: which type a document has, by the template of its key.
 *
 * ```ts
 * new Datastore<KeyMap<{ [key: `user:${string}`]: User; [key: `post:${string}`]: Post; settings: Settings }>>(options);
 * ```
 *
 * Keys of no template are refused. Where templates overlap, TypeScript wants the type of the narrower one to be
 * assignable to that of the wider one.
 */
export interface KeyMap<Documents extends object> {
    /** In the type alone: what is mapped. */
    readonly [keyMap]: Documents;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever it maps
type AnyKeyMap = KeyMap<any>;

type IsAny<T> = 0 extends 1 & T ? true : false;

/** A key of a store with a `KeyMap`. */
export type MappedKey<Doc> =
    IsAny<Doc> extends true ? never : Doc extends KeyMap<infer Documents> ? keyof Documents & Key : never;

/** The document at a key of a store with a `KeyMap`. */
export type MappedDocument<Doc, K> =
    Doc extends KeyMap<infer Documents> ? (K extends keyof Documents ? Documents[K] : never) : Doc;

/** What a store's keys are as text. */
export type KeyOf<Doc> = IsAny<Doc> extends true ? string : Doc extends AnyKeyMap ? `${MappedKey<Doc>}` : string;

/** A store's documents: with a `KeyMap` the union of all that are mapped. */
export type DocumentOf<Doc> =
    IsAny<Doc> extends true ? Doc : Doc extends KeyMap<infer Documents> ? Documents[keyof Documents] : Doc;

/** A store with a `KeyMap`. */
export interface WithKeyMap {
    readonly [documents]?: AnyKeyMap;
}

/**
 * A store with one type for all documents, which may also be a type parameter: of that nothing is known but that it is no
 * `KeyMap`.
 */
export interface WithoutKeyMap {
    readonly [documents]?: object & { readonly [keyMap]?: never };
}
