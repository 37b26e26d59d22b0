/** The order of strings. */

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
