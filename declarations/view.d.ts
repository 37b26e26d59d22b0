/** Views: what their rows are, and what makes them. */

import type { AnyDocument, Json, Stored } from './document.js';
import type { Collation } from './collation.js';
import type { ArrayPath, ElementAt, ElementPath, InJson, Path, ValueAt } from './path.js';
import type { BuiltInReduce, BuiltInResults, ReduceFor } from './reduce.js';
import type { Where } from './where.js';

/**
 * What the rows of a view are, for the type of a datastore: the keys and values that are emitted (`undefined` where there is
 * none), and what they are reduced to.
 *
 * ```ts
 * interface Views {
 *     byEmail: View<string>;
 *     wordsByTag: View<[tag: string, day: string], number, number>;
 * }
 * const datastore = new Datastore<Post, Views>(options);
 * ```
 */
export interface View<ViewKey = Json, Value = undefined, Reduced = Json> {
    /** What rows have as their key. */
    key: ViewKey;
    /** What rows have as their value. */
    value: Value;
    /** What rows are reduced to. */
    reduced: Reduced;
}

/** Views by id. */
// biome-ignore lint/suspicious/noExplicitAny: whatever they emit
export type ViewMap<Views> = { [Id in keyof Views]: View<any, any, any> };

/** Views of which no types are given. */
export interface AnyViews {
    [id: string]: View<Json, Json | undefined, Json>;
}

/** The ids of views. */
export type ViewId<Views> = keyof Views & string;

/** Emits a row. `undefined` as a key counts as `null`. */
// biome-ignore lint/suspicious/noExplicitAny: what is emitted is checked when it is emitted
export type Emit<ViewKey = any, Value = any> = undefined extends Value
    ? (key: Emitted<ViewKey>, value?: Emitted<Value>) => void
    : (key: Emitted<ViewKey>, value: Emitted<Value>) => void;

/** What becomes such a value in JSON: a `Date` where text is wanted. */
type Emitted<Value> = Value | { toJSON(): Value } | (null extends Value ? undefined : never);

/** How a view is made of the documents. */
// biome-ignore lint/suspicious/noExplicitAny: what is emitted is checked when it is emitted
export interface ViewSource<Doc = AnyDocument, ViewKey = any, Value = any, Reduced = any> {
    /** Called with each document, a copy of its own; emits before it returns. */
    map(document: Stored<Doc>, emit: Emit<ViewKey, Value>): void;
    /** What a throw of `map` does: reject the query (default), or leave the document out of the view. */
    onError?: 'error' | 'skip' | undefined;
    /** What rows come to where a query asks for it. */
    reduce?: ReduceFor<ViewKey, Value, Reduced> | undefined;
    /** The order of the strings in its keys. Default: `'codeUnit'`. */
    collation?: Collation | undefined;
}

/** A view that says what its rows are: evaluated by the engine, without JavaScript. */
// biome-ignore lint/suspicious/noExplicitAny: any path will do
export type ViewDeclaration<Doc = AnyDocument, ViewKey = any, Value = any, Reduced = any> =
    | (DeclarationOptions<Doc, ViewKey, Value, Reduced> &
          DeclaredRow<Doc, Path<Doc>, '', ViewKey, Value> & { each?: undefined })
    | EachDeclaration<Doc, ArrayPath<Doc>, ViewKey, Value, Reduced>;

/** What every declarative view can have. */
export interface DeclarationOptions<Doc, ViewKey, Value, Reduced> {
    /** Which documents it is about. Default: all. */
    where?: Where<Doc> | undefined;
    /** What rows come to where a query asks for it. */
    reduce?: ReduceFor<ViewKey, Value, Reduced> | undefined;
    /** Whether no two documents may have the same key. */
    unique?: boolean | undefined;
    /** The order of the strings in its keys; that of conditions is always by code unit. Default: `'codeUnit'`. */
    collation?: Collation | undefined;
}

/** A view with a row for each element of an array. */
export type EachDeclaration<Doc, Each extends string, ViewKey, Value, Reduced> = Each extends string
    ? DeclarationOptions<Doc, ViewKey, Value, Reduced> &
          DeclaredRow<Doc, EachPath<Doc, Each>, Each, ViewKey, Value> & {
              /** The path of an array: one row per element, which this path then means inside `key` and `value`. */
              each: Each;
          }
    : never;

/** Where a row's key and value are found. Where rows have a value, one has to be found. */
export type DeclaredRow<Doc, P extends string, Each extends string, ViewKey, Value> = {
    /** The path of the row's key, or those of the elements of an array key. A document that lacks one has no row. */
    key: DeclaredKey<Doc, P, Each, ViewKey>;
} & (undefined extends Value
    ? {
          /** The path of the row's value, those of the members of an object, or `true` for the whole document. */
          value?: DeclaredValue<Doc, P, Each, Value> | undefined;
      }
    : { value: DeclaredValue<Doc, P, Each, Value> });

/** The paths inside `key` and `value` of a view with `each`. */
type EachPath<Doc, Each extends string> =
    string extends Path<Doc> ? string : Exclude<Path<Doc>, Each | `${Each}.${string}`> | ElementPath<Doc, Each>;

/** What a path inside `key` or `value` leads to; `Each` is `''` where there is none. */
type DeclaredAt<Doc, Each extends string, P> = Each extends ''
    ? ValueAt<Doc, P>
    : P extends Each
      ? InJson<ElementAt<Doc, Each>>
      : P extends `${Each}.${infer Rest}`
        ? ValueAt<ElementAt<Doc, Each>, Rest>
        : ValueAt<Doc, P>;

/** The paths that lead to such a value. */
type PathTo<Doc, P extends string, Each extends string, Wanted> = 0 extends 1 & Wanted
    ? P
    : { [One in P]: Exclude<DeclaredAt<Doc, Each, One>, undefined> extends Wanted ? One : never }[P];

type DeclaredKey<Doc, P extends string, Each extends string, ViewKey> = 0 extends 1 & ViewKey
    ? P | readonly P[]
    :
          | PathTo<Doc, P, Each, ViewKey>
          | (ViewKey extends readonly unknown[]
                ? { readonly [Index in keyof ViewKey]: PathTo<Doc, P, Each, ViewKey[Index]> }
                : never);

type DeclaredValue<Doc, P extends string, Each extends string, Value> = 0 extends 1 & Value
    ? P | readonly P[] | true
    :
          | PathTo<Doc, P, Each, Value>
          | readonly Extract<P, keyof NonNullable<Value>>[]
          | (Stored<Doc> extends Value ? true : never);

/** What makes the rows of a view: a map function or a declaration. */
export type SourceOf<Doc, Views, Id extends keyof Views> = string extends keyof Views
    ? AnySource<Doc>
    : Views[Id] extends View<infer ViewKey, infer Value, infer Reduced>
      ? ViewSource<Doc, ViewKey, Value, Reduced> | ViewDeclaration<Doc, ViewKey, Value, Reduced>
      : never;

type AnySource<Doc> = ViewSource<Doc> | ViewDeclaration<Doc>;

type EachOf<Declaration> = Declaration extends { each: infer Each extends string } ? Each : '';

type RowAt<Doc, Each extends string, P> = Exclude<DeclaredAt<Doc, Each, P>, undefined>;

/**
 * The rows that a declaration makes of documents, for the type of a datastore: of the type of a constant, as in
 * `{ byCity: DeclaredView<User, typeof byCity> }`.
 */
export type DeclaredView<Doc, Declaration> = View<
    Declaration extends { key: infer P }
        ? P extends readonly unknown[]
            ? { -readonly [Index in keyof P]: RowAt<Doc, EachOf<Declaration>, P[Index]> }
            : RowAt<Doc, EachOf<Declaration>, P>
        : never,
    DeclaredRowValue<Doc, Declaration>,
    Declaration extends { reduce: infer Reduce }
        ? Reduce extends BuiltInReduce
            ? BuiltInResults<DeclaredRowValue<Doc, Declaration>>[Reduce]
            : Reduce extends (...given: never[]) => infer Result
              ? Result
              : Json
        : Json
>;

type DeclaredRowValue<Doc, Declaration> = Declaration extends { value: infer P }
    ? P extends true
        ? Stored<Doc>
        : P extends readonly string[]
          ? { [Name in P[number]]?: RowAt<Doc, EachOf<Declaration>, Name> }
          : RowAt<Doc, EachOf<Declaration>, P> | undefined
    : undefined;
