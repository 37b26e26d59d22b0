/** What queries select. */

import type { Beginnings, WholeKeys } from './answer.js';
import type { Json, Key } from './document.js';

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
    /** Where the query begins. A descending one that has both bounds takes them in either order. */
    startKey?: Key | undefined;
    /** Where the query ends. */
    endKey?: Key | undefined;
    /** This one key alone. */
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
    /** How many rows there are. */
    rows: number;
    /** How many documents are left out because `map` threw (`onError: 'skip'`). */
    skipped: number;
    /** The last change that is in the rows. */
    sequence: number;
    /** Of a unique view, in the order of their values; the first 1,000. Writes to its documents are refused until there are none. */
    duplicates: Duplicate[];
}

/** Every string that starts with a key's beginning, or every array whose first elements are these. */
export type KeyPrefix<ViewKey> = ViewKey extends string
    ? string
    : ViewKey extends readonly [unknown, ...unknown[]]
      ? readonly [] | Readonly<Beginnings<ViewKey>>
      : ViewKey extends readonly unknown[]
        ? Readonly<ViewKey>
        : never;

/** A value that several documents have in a unique view. */
export interface Duplicate {
    /** The value. */
    viewKey: Json;
    /** In order; the first 1,000. */
    documentKeys: string[];
}

/** What a query of a view selects. Any JSON value is a bound, `null` included. */
export interface ViewQueryOptions<ViewKey = Json> extends WindowOptions, BuildOptions {
    /** Where the query begins. A descending one that has both bounds takes them in either order. */
    startKey?: Json | undefined;
    /** Where the query ends. */
    endKey?: Json | undefined;
    /** This one key alone. */
    key?: Asked<ViewKey> | undefined;
    /** Several keys, answered in this order and as often as they are here; `descending` turns the rows of each. */
    keys?: readonly Asked<ViewKey>[] | undefined;
    /**
     * Every string that starts with this one, or every array whose first elements are these. A string is refused where
     * the view has a locale: there the strings that start with it do not stand together.
     */
    prefix?: KeyPrefix<ViewKey> | undefined;
    /** Told how many of the documents that have to be looked at first were looked at. What it throws ends the query. */
    onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
    /** `true` asks for what the rows come to: see `ReduceQueryOptions` and `GroupQueryOptions`. */
    reduce?: false | undefined;
    /** `true` asks for groups: see `GroupQueryOptions`. */
    group?: false | undefined;
}

/** What all rows of a range come to. */
export type ReduceQueryOptions<ViewKey = Json> = Omit<
    ViewQueryOptions<ViewKey>,
    'reduce' | 'inclusiveStartIndex' | 'offset' | 'limit' | 'cursor' | 'includeDocuments'
> & {
    /** Asks for what the rows come to. */
    reduce: true;
    /** A level makes groups: see `GroupQueryOptions`. */
    groupLevel?: undefined;
};

/**
 * What the rows of each key come to (`group`), or of each beginning of so many elements of keys that are arrays
 * (`groupLevel`; other keys are whole; 0 is one group of everything, with the key `null`).
 */
export type GroupQueryOptions<ViewKey = Json, Level extends number | WholeKeys = number> = Omit<
    ViewQueryOptions<ViewKey>,
    'reduce' | 'group' | 'includeDocuments'
> & {
    /** Goes without saying. */
    reduce?: true | undefined;
} & (
        | {
              /** A group for each key. */
              group: true;
              /** Not together with `group`. */
              groupLevel?: undefined;
          }
        | {
              /** Not together with `groupLevel`. */
              group?: undefined;
              /** A group for each beginning of so many elements: 0 or more. */
              groupLevel: Exclude<Level, WholeKeys>;
          }
    );

/** A key as a query may have it, tuples that do not change among them. */
type Asked<ViewKey> = ViewKey extends readonly unknown[] ? ViewKey | Readonly<ViewKey> : ViewKey;
