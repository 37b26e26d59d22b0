/** What `find` and its like look at, and what they tell. */

import type { Key } from './document.js';

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

/** What was considered of a declarative view. */
export interface ConsideredView {
    /** What the view is called. */
    id: string;
    /**
     * How many of its rows may be of documents that meet the conditions; the view with the fewest is used. `null` where
     * the view was not built yet, and where it does not lead to the documents.
     */
    rows: number | null;
    /**
     * Why it does not lead to them: it has rows for elements (`'each'`); its keys are in the order of a locale
     * (`'collation'`); a condition of its own is not among those of the search (`'where'`); a path of its key may lead to
     * anything (`'key'`). `null` where it does.
     */
    reason: 'each' | 'collation' | 'where' | 'key' | null;
    /** Of reason `'key'`, that path. */
    path?: string;
}

/** How documents were found. */
export interface Explanation {
    /** The declarative view that led to them; `null` where every document was looked at. */
    view: string | null;
    /** How many documents were looked at. */
    examined: number;
    /** The store's declarative views, as they were when the search began. */
    views: ConsideredView[];
}
