/** Dot paths into documents (`profile.email`, `tags.0`), and what they lead to. */

/**
 * How many segments of a path are looked into behind the first. What begins with a path of so many is taken as it is, and
 * so is what leads on from a type that is inside itself: or their number would grow without end.
 */
type Depth = [1, 2, 3];

type Shallower<Left extends readonly unknown[]> = Left extends readonly [unknown, ...infer Rest] ? Rest : never;

type IsAny<T> = 0 extends 1 & T ? true : false;

/** What the JSON of a value is made of: of a `Date` its text. */
export type InJson<T> = T extends { toJSON(...given: never[]): infer Made } ? Made : T;

/** What has no members in JSON. */
type Leaf = string | number | bigint | boolean | symbol | null | undefined | ((...given: never[]) => unknown);

/** A member's name, if a path can name it. */
type Segment<Name> = Name extends number
    ? `${Name}`
    : Name extends '' | `${string}.${string}`
      ? string extends Name
          ? Name
          : never
      : Name extends string
        ? Name
        : never;

/** The paths into a value that is inside values of the types `Outer`. */
type PathsIn<T, Left extends readonly unknown[], Outer = never> =
    IsAny<T> extends true
        ? string
        : unknown extends T
          ? string
          : InJson<T> extends infer Value
            ? Value extends Leaf
                ? never
                : Value extends readonly (infer Element)[]
                  ? Onward<`${number}`, Element, Left, Outer>
                  : Members<Value, true extends IsOneOf<Outer, Value> ? [] : Left, Outer | Value>
            : never;

type Members<Value, Left extends readonly unknown[], Outer> = {
    [Name in keyof Value & (string | number)]-?: Onward<Segment<Name>, Value[Name], Left, Outer>;
}[keyof Value & (string | number)];

/** A member, or element, and what is in it. */
type Onward<Name extends string, T, Left extends readonly unknown[], Outer> =
    | (IsLost<T> extends true ? never : Name)
    | (Left extends readonly []
          ? [Exclude<T, Leaf>] extends [never]
              ? never
              : `${Name}.${string}`
          : `${Name}.${PathsIn<T, Shallower<Left>, Outer>}`);

/** Whether a type is among others: `true` for each of them that it is. */
type IsOneOf<Others, T> = Others extends unknown
    ? [T] extends [Others]
        ? [Others] extends [T]
            ? true
            : never
        : never
    : never;

/** Whether JSON leaves it out. */
type IsLost<T> =
    IsAny<T> extends true ? false : [T] extends [undefined | symbol | ((...given: never[]) => unknown)] ? true : false;

/** The arrays of a document that `each` can name: those that paths are looked into for. */
export type ArrayPath<Doc> =
    string extends Path<Doc>
        ? string
        : {
              [P in Path<Doc>]: string extends LastOf<P> ? never : [ElementAt<Doc, P>] extends [never] ? never : P;
          }[Path<Doc>];

/** A path inside the elements of an array, the array's own path meaning the element. */
export type ElementPath<Doc, Each extends string> = Each | `${Each}.${PathsIn<ElementAt<Doc, Each>, Depth>}`;

/** What the elements of an array are. */
export type ElementAt<Doc, Each> = Extract<ValueAt<Doc, Each>, readonly unknown[]>[number];

/** The dot paths of a document, `_rev` among them. Any text, where nothing is known of its members. */
export type Path<Doc> = IsAny<Doc> extends true ? string : Doc extends unknown ? PathsIn<Doc, Depth> | '_rev' : never;

/** What a member's name or an element's index leads to. */
type MemberOf<T, Name> =
    IsAny<T> extends true
        ? T
        : unknown extends T
          ? T
          : T extends readonly (infer Element)[]
            ? Name extends keyof T
                ? T[Name]
                : Name extends `${number}`
                  ? Element
                  : never
            : Name extends keyof T
              ? T[Name]
              : Name extends `${infer Index extends number}`
                ? Index extends keyof T
                    ? T[Index]
                    : never
                : never;

type Found<T, P> = P extends `${infer Head}.${infer Rest}`
    ? Found<Present<MemberOf<InJson<T>, Head>>, Rest>
    : MemberOf<InJson<T>, P>;

/** Something, in whatever it stands. */
type Present<T> = IsAny<T> extends true ? T : unknown extends T ? T : Exclude<T, undefined>;

/** What a path leads to in documents that have it. */
export type ValueAt<Doc, P> =
    IsAny<Doc> extends true
        ? Doc
        : P extends '_rev'
          ? number
          : string extends LastOf<P>
            ? Unchecked
            : Doc extends unknown
              ? InJson<Present<Found<Doc, P>>>
              : never;

/** A value too deep to be looked into. */
// biome-ignore lint/suspicious/noExplicitAny: it goes for whatever is wanted
type Unchecked = any;

/** The last segment: `string`, where a path is too deep to be looked into, or where any name is one. */
type LastOf<P> = P extends `${string}.${infer Rest}` ? LastOf<Rest> : P;
