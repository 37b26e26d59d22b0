/** Conditions on documents. */

import type { AnyDocument, Json } from './document.js';
import type { Path, ValueAt } from './path.js';

/** A value to compare with: JSON, or what becomes it, as a `Date` does. */
export type Operand = Json | Date;

/** What a value of the document can be compared with. */
export type OperandFor<Value> = unknown extends Value ? Operand : Value | (string extends Value ? Date : never);

/** Operators on the value at a path. All of them have to hold. */
export interface Conditions<Value = Operand> {
    /** Equal: numbers by value, objects whatever the order of their members, arrays element by element. */
    $eq?: Value;
    /** Not equal, or nothing is there. */
    $ne?: Value;
    /** A value of the same type, above in the order of view keys. */
    $gt?: Value;
    /** A value of the same type, there or above. */
    $gte?: Value;
    /** A value of the same type, below. */
    $lt?: Value;
    /** A value of the same type, there or below. */
    $lte?: Value;
    /** Equal to one of these. */
    $in?: readonly Value[];
    /** Something is there, `null` included; or nothing is. */
    $exists?: boolean;
}

/** What has to be found at a path: a value, or operators. */
export type Condition<Value> = OperandFor<Value> | Conditions<OperandFor<Value>>;

/**
 * Conditions on documents, all of which have to hold: for each dot path (`profile.email`, `tags.0`) the value that has to
 * be there, or operators. A path that leads to nothing meets `$ne` and `$exists: false` alone. An array does not equal its
 * elements. What is `undefined` is refused, because a condition that is silently missing would find too much.
 *
 * Paths and values are those of the documents' type, as far as paths are looked into; beyond that anything goes.
 */
export type Where<Doc = AnyDocument> =
    string extends Path<Doc>
        ? { [path: string]: Operand | Conditions }
        : { [P in Path<Doc>]?: Condition<ValueAt<Doc, P>> };
