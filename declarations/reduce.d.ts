/** What the rows of a view come to. */

/** The result of `_stats`; `null` without numbers, and for sums beyond every number. */
export interface ViewStatistics {
    /** The sum of the values. */
    sum: number | null;
    /** How many there are. */
    count: number;
    /** The least. */
    min: number | null;
    /** The greatest. */
    max: number | null;
    /** The sum of their squares. */
    sumsqr: number | null;
}

/**
 * A reduce that is kept up to date natively. `_sum` takes numbers, or arrays of numbers that are added element by element
 * (`null` beyond every number); `_stats` takes numbers; `_min` and `_max` take any values, in the order of view keys by
 * code unit; `_approx_count_distinct` counts keys.
 */
export type BuiltInReduce = '_count' | '_sum' | '_stats' | '_min' | '_max' | '_approx_count_distinct';

/** What the built-in reduces make of rows with such values. */
export interface BuiltInResults<Value> {
    /** How many rows there are. */
    _count: number;
    /** The sum of their values; `null` beyond every number. */
    _sum: Value extends readonly unknown[] ? (number | null)[] : number | null;
    /** Sum, count, least, greatest and sum of squares of their values. */
    _stats: ViewStatistics;
    /** The least value; `null` without rows. */
    _min: Value | null;
    /** The greatest value; `null` without rows. */
    _max: Value | null;
    /** About how many different keys there are. */
    _approx_count_distinct: number;
}

/** What a reduce function is given: rows (`null` in place of what was not emitted), or results of its own. */
export type ReduceArguments<ViewKey, Value, Result> =
    | [keys: [key: ViewKey, documentKey: string][], values: OrNull<Value>[], rereduce: false]
    | [keys: null, values: Result[], rereduce: true];

/**
 * Makes one value of rows: of values as they were emitted with their keys, or with `rereduce` of what it returned for some
 * of them. The result must depend on the rows alone, not on how they are divided.
 */
// biome-ignore lint/suspicious/noExplicitAny: what is emitted, and made of it, is the user's
export type ReduceFunction<ViewKey = any, Value = any, Result = any> = (
    ...given: ReduceArguments<ViewKey, Value, Result>
) => Result;

/** The reduces that make such a result. What nothing comes to, or too much, does not count here. */
export type ReduceFor<ViewKey, Value, Result> =
    | {
          [Name in BuiltInReduce]: NonNullable<BuiltInResults<Value>[Name]> extends Result ? Name : never;
      }[BuiltInReduce]
    | ReduceFunction<ViewKey, Value, Result>;

type OrNull<Value> = 0 extends 1 & Value ? Value : Exclude<Value, undefined> | (undefined extends Value ? null : never);
