// Assertions on views whose rows have a type: compiled by `tsc --noEmit`, never run.

import type {
    Datastore,
    DeclaredView,
    Json,
    KeyMap,
    QueryResult,
    Reduced,
    Stored,
    View,
    ViewDeclaration,
    ViewGroup,
    ViewItem,
    ViewRow,
    ViewSource,
    ViewStatistics,
    WithDocument,
    WithOptionalDocument,
} from 'kixx-datastore';
import { same } from './same.js';

interface Post {
    title: string;
    author?: { name: string; born: number };
    published: Date;
    words: number;
    tags: string[];
}

interface Views {
    titles: View<string>;
    wordsByTag: View<[tag: string, day: string], number, number>;
    latest: View<string | null, { title: string } | undefined, ViewStatistics>;
}

type Posts = Datastore<Post, Views>;

export async function rows(posts: Posts, options: { includeDocuments: boolean }): Promise<void> {
    const titles = await posts.queryView('titles', { prefix: 'A' });
    same<typeof titles, QueryResult<ViewItem<string, never>>>(true);
    const words = await posts.queryView('wordsByTag', { prefix: ['rust'], includeDocuments: true });
    same<typeof words, QueryResult<WithDocument<ViewRow<[tag: string, day: string], number>, Post>>>(true);
    for (const { key, value, document } of words.items) {
        same<typeof key, [tag: string, day: string]>(true);
        same<typeof value, number>(true);
        same<typeof document, Stored<Post>>(true);
    }
    const latest = await posts.queryView('latest');
    same<typeof latest, QueryResult<ViewItem<string | null, { title: string }>>>(true);
    const perhaps = await posts.queryView('titles', options);
    same<typeof perhaps, QueryResult<WithOptionalDocument<ViewItem<string, never>, Post>>>(true);
    const atOnce = posts._db.queryView('titles', { key: 'x', limit: 1 });
    same<typeof atOnce, QueryResult<ViewItem<string, never>>>(true);

    await posts.queryView('wordsByTag', { key: ['rust', '2024-05-01'], descending: true });
    await posts.queryView('wordsByTag', { keys: [['rust', '2024-05-01']] as const });
    await posts.queryView('wordsByTag', { startKey: ['rust'], endKey: ['rust', {}], inclusiveEnd: false });
    await posts.queryView('latest', { key: null });

    // @ts-expect-error no such view
    await posts.queryView('tittles');
    // @ts-expect-error no such option
    await posts.queryView('titles', { limit: 1, descendin: true });
    // @ts-expect-error a title is a text
    await posts.queryView('titles', { key: 1 });
    // @ts-expect-error the second element is a text
    await posts.queryView('wordsByTag', { key: ['rust', 1] });
    // @ts-expect-error a part of a key is no key
    await posts.queryView('wordsByTag', { keys: [['rust']] });
    // @ts-expect-error the first element is a text
    await posts.queryView('wordsByTag', { prefix: [1] });
    // @ts-expect-error the keys are no texts
    await posts.queryView('wordsByTag', { prefix: 'rust' });
    // @ts-expect-error not asked for
    titles.items[0]?.document;
    // @ts-expect-error a row of another type
    const wrong: QueryResult<ViewItem<number>> = titles;
    // @ts-expect-error what is declared is not talked over
    const asked: QueryResult<ViewItem<number>> = await posts.queryView('titles');
    void [wrong, asked];
}

export async function reduced(posts: Posts): Promise<void> {
    const all = await posts.queryView('wordsByTag', { reduce: true, prefix: ['rust'] });
    same<typeof all, Reduced<number>>(true);
    const statistics = posts._db.queryView('latest', { reduce: true });
    same<typeof statistics, Reduced<ViewStatistics>>(true);
    const undeclared = await posts.queryView('titles', { reduce: true });
    same<typeof undeclared, Reduced<Json>>(true);

    const byKey = await posts.queryView('wordsByTag', { group: true, limit: 5 });
    same<typeof byKey, QueryResult<ViewGroup<[tag: string, day: string], number>>>(true);
    const byTag = await posts.queryView('wordsByTag', { groupLevel: 1 });
    same<typeof byTag, QueryResult<ViewGroup<[string], number>>>(true);
    const whole = await posts.queryView('wordsByTag', { groupLevel: 0 });
    same<typeof whole, QueryResult<ViewGroup<null, number>>>(true);
    const level: number = Number('1');
    const some = await posts.queryView('wordsByTag', { groupLevel: level });
    same<typeof some, QueryResult<ViewGroup<null | [string] | [string, string], number>>>(true);
    const untouched = await posts.queryView('latest', { groupLevel: 1 });
    same<typeof untouched, QueryResult<ViewGroup<string | null, ViewStatistics>>>(true);

    // @ts-expect-error one value has no page
    await posts.queryView('wordsByTag', { reduce: true, limit: 5 });
    // @ts-expect-error the first element is a text
    await posts.queryView('wordsByTag', { reduce: true, prefix: [1] });
    // @ts-expect-error one or the other
    await posts.queryView('wordsByTag', { group: true, groupLevel: 1 });
}

export function sources(posts: Posts): void {
    posts.setView('titles', { map: (post, emit) => emit(post.title) });
    posts.setView('wordsByTag', {
        map(post, emit) {
            same<typeof post, Stored<Post>>(true);
            for (const tag of post.tags) {
                emit([tag, post.published.toISOString()], post.words);
            }
        },
        reduce: '_sum',
    });
    posts.setView('wordsByTag', {
        map: (post, emit) => emit(['', post.title], post.words),
        reduce(keys, values, rereduce) {
            same<(typeof values)[number], number>(true);
            if (!rereduce) {
                same<(typeof keys)[number], [key: [tag: string, day: string], documentKey: string]>(true);
            }
            return values.length;
        },
    });
    posts.setView('latest', { map: (post, emit) => emit(post.published, { title: post.title }), reduce: '_stats' });
    posts.setView('latest', { map: (_, emit) => emit(undefined) });

    posts._db.setView('titles', { key: 'title' });
    posts.setView('titles', { key: 'author.name', where: { words: { $gt: 100 } } });
    posts.setView('titles', { key: 'tags', each: 'tags' });
    posts.setView('wordsByTag', { key: ['tags', 'published'], each: 'tags', value: 'words', reduce: '_max' });
    posts.setView('latest', { key: 'published', value: ['title'] });

    // @ts-expect-error no such view
    posts.setView('tittles', { map: (post, emit) => emit(post.title) });
    // @ts-expect-error a title is a text
    posts.setView('titles', { map: (post, emit) => emit(post.words) });
    // @ts-expect-error a row has no value
    posts.setView('titles', { map: (post, emit) => emit(post.title, post.words) });
    // @ts-expect-error a key is a pair
    posts.setView('wordsByTag', { map: (post, emit) => emit(post.title, post.words) });
    // @ts-expect-error a row has a value
    posts.setView('wordsByTag', { map: (post, emit) => emit(['', post.title]) });
    // @ts-expect-error statistics are no number
    posts.setView('wordsByTag', { map: (post, emit) => emit(['', post.title], 1), reduce: '_stats' });
    // @ts-expect-error a text is no number
    posts.setView('wordsByTag', { map: (post, emit) => emit(['', post.title], 1), reduce: () => 'x' });
    // @ts-expect-error words are no text
    posts.setView('titles', { key: 'words' });
    // @ts-expect-error no such member
    posts.setView('titles', { key: 'titel' });
    // @ts-expect-error words are no text
    posts.setView('wordsByTag', { key: ['tags', 'words'], each: 'tags', value: 'words' });
    // @ts-expect-error the value is a number
    posts.setView('wordsByTag', { key: ['tags', 'title'], each: 'tags', value: 'title' });
    // @ts-expect-error a row has a value
    posts.setView('wordsByTag', { key: ['tags', 'title'], each: 'tags' });
}

const byAuthor = { key: ['author.name', 'words'], value: ['title', 'author.born'], reduce: '_count' } as const;
const byTag = { key: 'tags', each: 'tags', value: true } as const;
const longest = { map: (post, emit) => emit(post.words, post.title) } satisfies ViewSource<Post, number, string>;

/** What a declaration emits is known from the declaration. */
export async function derived(
    posts: Datastore<
        Post,
        {
            byAuthor: DeclaredView<Post, typeof byAuthor>;
            byTag: DeclaredView<Post, typeof byTag>;
            longest: View<number, string>;
        }
    >,
): Promise<void> {
    posts.setView('byAuthor', byAuthor);
    posts.setView('byTag', byTag);
    posts.setView('longest', longest);
    const authors = await posts.queryView('byAuthor');
    same<typeof authors, QueryResult<ViewRow<[string, number], { title?: string; 'author.born'?: number }>>>(true);
    const counted = await posts.queryView('byAuthor', { groupLevel: 1 });
    same<typeof counted, QueryResult<ViewGroup<[string], number>>>(true);
    const tags = await posts.queryView('byTag', { key: 'rust' });
    same<(typeof tags.items)[number]['value'], Stored<Post>>(true);
    // @ts-expect-error a declaration is about paths that there are
    const wrong: ViewDeclaration<Post> = { key: 'titel' };
    void wrong;
}

/** Where nothing is said of views, whatever a call says goes. */
export async function undeclared(posts: Datastore<Post>, typed: Posts): Promise<void> {
    const rows = await posts.queryView('anything');
    same<typeof rows, QueryResult<ViewItem>>(true);
    const said = await posts.queryView<string, { title: string }>('anything', { key: 'a' });
    same<typeof said, QueryResult<ViewItem<string, { title: string }>>>(true);
    // biome-ignore lint/suspicious/noExplicitAny: that it may be any is the point
    const any = await posts.queryView<any, any>('anything');
    any.items[0]?.value.whatever;
    posts.setView('anything', { map: (post, emit) => emit(post.published, [post.title, undefined]) });
    const wider: Datastore<Post> = typed;
    void wider;
}

type Docs = KeyMap<{ [key: `post:${string}`]: Post; [key: `page:${string}`]: { title: string } }>;

/** The documents of a `KeyMap`, and views. */
export async function both(store: Datastore<Docs, Views>): Promise<void> {
    const { items } = await store.queryView('wordsByTag', { includeDocuments: true });
    for (const { documentKey, value, document } of items) {
        same<typeof documentKey, `post:${string}` | `page:${string}`>(true);
        same<typeof value, number>(true);
        same<typeof document.title, string>(true);
        void (await store.getItem(documentKey));
    }
    store.setView('titles', { key: 'title' });
    // @ts-expect-error words are no text
    store.setView('titles', { key: 'words' });
}

// @ts-expect-error a view is told by its key and value
export type NoViews = Datastore<Post, { titles: string }>;
// @ts-expect-error a document is an object
export type NoDocuments = Datastore<string>;
