/** Whether two types are identical. */
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles where two types are identical (`true`), or are not (`false`). */
export function same<A, B>(_equal: Equal<A, B>): void {}
