/** What queries resolve to. */

import type { Json, Stored } from './document.js';
import type { View } from './view.js';

/** One item of a query of keys. */
export interface KeyItem<DocumentKey extends string = string> {
    /** The document's key. */
    key: DocumentKey;
    /** The same as `key`. */
    documentKey: DocumentKey;
}

/** One row of a view. */
export interface ViewItem<ViewKey = Json, Value = Json, DocumentKey extends string = string> {
    /** What the map function emitted. */
    key: ViewKey;
    /** The document that it was emitted for. */
    documentKey: DocumentKey;
    /** What was emitted with the key; absent where nothing was. */
    value?: Value;
}

/** One row of a view whose rows all have a value. */
export interface ViewRow<ViewKey, Value, DocumentKey extends string = string>
    extends ViewItem<ViewKey, Value, DocumentKey> {
    value: Value;
}

/** What the rows of a range come to. */
export interface Reduced<Value = Json> {
    /** The result. */
    value: Value;
}

/** What the rows of a group come to. */
export interface ViewGroup<ViewKey = Json, Value = Json> {
    /** The key, or the elements with which the keys begin. */
    key: ViewKey;
    /** The result. */
    value: Value;
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
    /** What is on the page, in order. */
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

/** That a call's type arguments leave it to the type of the datastore what the rows of a view are. */
export interface Declared {
    readonly [declared]: never;
}

declare const declared: unique symbol;

/** Keeps a type parameter from being inferred here. (`NoInfer` came with TypeScript 5.4.) */
type NotInferred<T> = [T][T extends unknown ? 0 : never];

/** What a call's type arguments say, or what is declared. */
type Chosen<Given, Otherwise, Absent = never> = 0 extends 1 & Given
    ? Given
    : [Given] extends [Declared]
      ? Otherwise
      : Given | Absent;

type PartOf<V, Part extends keyof View> =
    V extends View<infer _ViewKey, infer _Value, infer _Reduced> ? V[Part] : never;

/** The keys of a view's rows. */
export type RowKey<V, Given> = Chosen<NotInferred<Given>, PartOf<V, 'key'>>;

/** The rows of a view. */
export type Row<V, GivenKey, GivenValue, DocumentKey extends string> = RowOf<
    RowKey<V, GivenKey>,
    Chosen<NotInferred<GivenValue>, PartOf<V, 'value'>, undefined>,
    DocumentKey
>;

type RowOf<ViewKey, Value, DocumentKey extends string> = undefined extends Value
    ? ViewItem<ViewKey, Exclude<Value, undefined>, DocumentKey>
    : ViewRow<ViewKey, Value, DocumentKey>;

/** What the rows of a view come to. */
export type ReducedRows<V, Given> = Reduced<Chosen<NotInferred<Given>, PartOf<V, 'reduced'>>>;

/** What the groups of a view's rows come to. */
export type RowGroup<V, GivenKey, GivenValue, Level> = ViewGroup<
    Chosen<NotInferred<GivenKey>, GroupKey<PartOf<V, 'key'>, Level>>,
    Chosen<NotInferred<GivenValue>, PartOf<V, 'reduced'>>
>;

/** The beginnings of keys that are tuples; other keys are whole. Level 0 is one group of everything. */
type GroupKey<ViewKey, Level> = [Level] extends [number]
    ? Level extends 0
        ? null
        : ViewKey extends readonly [unknown, ...unknown[]]
          ? Beginning<ViewKey, Level>
          : ViewKey | (number extends Level ? null : never)
    : ViewKey;

/** In place of a level: that groups are made of whole keys. */
export type WholeKeys = 'whole';

/** The first elements of a tuple: as many as a level says, or any number of them. */
type Beginning<Whole extends readonly unknown[], Level> = number extends Level
    ? null | Beginnings<Whole>
    : Taken<Whole, Level>;

type Taken<
    Whole extends readonly unknown[],
    Level,
    First extends readonly unknown[] = [],
> = First['length'] extends Level
    ? First
    : Whole extends readonly [infer Next, ...infer Rest]
      ? Taken<Rest, Level, [...First, Next]>
      : First;

/** What a tuple can begin with, itself included. */
export type Beginnings<
    Whole extends readonly unknown[],
    First extends readonly unknown[] = [],
> = Whole extends readonly [infer Next, ...infer Rest] ? [...First, Next] | Beginnings<Rest, [...First, Next]> : never;
