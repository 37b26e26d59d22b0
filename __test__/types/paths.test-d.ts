// Assertions on paths into documents: compiled by `tsc --noEmit`, never run.

import type {
    Conditions,
    Datastore,
    DatastoreEngine,
    KeyItem,
    Path,
    QueryResult,
    Stored,
    ValueAt,
    Where,
    WithDocument,
} from 'kixx-datastore';
import { same } from './same.js';

interface Address {
    city: string;
    geo?: { lat: number; lng: number };
}

interface Item {
    sku: string;
    count: number;
}

interface User {
    name: string;
    email?: string | null;
    age: number;
    role: 'admin' | 'guest';
    joined: Date;
    address?: Address;
    tags: string[];
    items: Item[];
    pair: readonly [number, string];
    scores: Record<string, number>;
    extra: unknown;
    greet?(): void;
}

/** Documents that hold documents of the same type. */
interface Comment {
    text: string;
    replies: Comment[];
    parent?: Comment;
}

export function values(): void {
    same<ValueAt<User, 'name'>, string>(true);
    same<ValueAt<User, 'email'>, string | null>(true);
    same<ValueAt<User, 'joined'>, string>(true);
    same<ValueAt<User, 'address.geo.lat'>, number>(true);
    same<ValueAt<User, 'tags.0'>, string>(true);
    same<ValueAt<User, 'items.12.sku'>, string>(true);
    same<ValueAt<User, 'pair.1'>, string>(true);
    same<ValueAt<User, 'scores.anything'>, number>(true);
    same<ValueAt<User, 'extra.whatever'>, unknown>(true);
    same<ValueAt<User, '_rev'>, number>(true);
    same<ValueAt<{ a: 1 } | { b: 2 }, 'a'>, 1>(true);

    const right: Path<User>[] = [
        'address',
        'address.geo',
        'tags',
        'tags.3',
        'items.0',
        'scores.x',
        'extra.a.b',
        '_rev',
    ];
    const wrong: Path<User>[] = [
        // @ts-expect-error no such member
        'nme',
        // @ts-expect-error no such member
        'address.town',
        // @ts-expect-error an index is a number
        'tags.first',
        // @ts-expect-error a text has no members
        'name.length',
        // @ts-expect-error a date is a text
        'joined.getTime',
        // @ts-expect-error JSON has no functions
        'greet',
    ];
    void [right, wrong];

    same<Path<{ a: { b: 1 } }>, 'a' | 'a.b' | '_rev'>(true);
    const comments: Path<Comment>[] = [
        'text',
        'replies.0.text',
        'parent.parent.replies.7',
        'parent.parent.parent.parent.x',
    ];
    // @ts-expect-error no such member
    const typo: Path<Comment> = 'parent.txt';
    void [comments, typo];
}

export async function conditions(users: Datastore<User>, comments: Datastore<Comment>): Promise<void> {
    const found = await users.find({ name: 'Ada', age: { $gte: 18, $lt: 99 } }, { limit: 5, cursor: 'c', prefix: 'u' });
    same<typeof found, QueryResult<WithDocument<KeyItem, User>>>(true);
    const explained = await users.find({}, { explain: true });
    same<typeof explained.explain.view, string | null>(true);
    const one = await users.findOne({ email: { $exists: true } }, { descending: true });
    same<typeof one, Stored<User> | null>(true);
    const count = await users.count({ 'address.city': 'Paris' }, { signal: AbortSignal.timeout(1) });
    same<typeof count, number>(true);

    await users.count({ role: { $in: ['admin', 'guest'] }, email: null, joined: { $gt: new Date() } });
    await users.count({ 'items.0.count': { $ne: 1 }, 'tags.0': 'a', tags: ['a'], 'scores.x': 1, 'extra.deep': [1] });
    await users.count({ 'address.geo': { lat: 1, lng: 2 }, address: { $exists: false }, pair: [1, 'a'], _rev: 0 });
    await comments.count({ 'replies.0.parent.text': 'x', 'parent.parent.parent.parent.text': 'x' });
    const where: Where<User> = { name: { $eq: 'Ada' } };
    await users.find(where);
    const text: Conditions<string> = { $gt: 'a' };
    await users.find({ name: text });

    // @ts-expect-error the conditions are required
    await users.find();
    // @ts-expect-error no such option
    await users.findOne({}, { limit: 1 });
    // @ts-expect-error no such member
    await users.find({ nme: 'Ada' });
    // @ts-expect-error no such member
    await users.findOne({ 'address.town': 'Paris' });
    // @ts-expect-error no such member
    await comments.count({ 'replies.0.txt': 'x' });
    // @ts-expect-error an age is a number
    await users.find({ age: '18' });
    // @ts-expect-error an age is a number
    await users.find({ age: { $gt: '18' } });
    // @ts-expect-error no such role
    await users.find({ role: { $in: ['root'] } });
    // @ts-expect-error no such operator
    await users.find({ age: { $near: 18 } });
    // @ts-expect-error no function is a value
    await users.count({ name: () => true });
    // @ts-expect-error what is undefined is refused
    await users.count({ name: undefined });
    // @ts-expect-error what is undefined is refused
    await users.count({ name: { $eq: undefined } });
}

type Either = { kind: 'a'; onlyA: number } | { kind: 'b'; onlyB?: string };

export async function unions(either: Datastore<Either>, anything: Datastore): Promise<void> {
    await either.find({ kind: 'a', onlyA: { $gt: 1 } });
    await either.find({ onlyB: 'x' });
    // @ts-expect-error of no kind
    await either.find({ onlyC: 'x' });
    // @ts-expect-error no such kind
    await either.find({ kind: 'c' });

    await anything.find({ any: 1, 'other.path': { $in: ['x', 2, new Date()] } });
    anything.setView('v', { where: { any: 1 }, key: ['any', 'other.path'], each: 'any', value: true });
    // @ts-expect-error no function is a value
    await anything.find({ any: () => true });
    // @ts-expect-error no such operator
    await anything.find({ any: { $near: () => 1 } });
}

export function declarations(users: Datastore<User>, engine: DatastoreEngine<User>): void {
    users.setView('v', { where: { 'address.city': 'Paris', age: { $gt: 1 } }, key: ['role', 'address.geo.lat'] });
    users.setView('v', { key: 'tags', each: 'tags', value: true });
    users.setView('v', { key: ['items.sku', 'name'], each: 'items', value: ['items.count', 'age'] });
    engine.setView('v', { key: 'name', value: 'address', reduce: '_count', unique: true });
    // @ts-expect-error a declaration has a key
    users.setView('v', { where: { name: 'Ada' } });
    // @ts-expect-error no such reduce
    users.setView('v', { key: 'name', reduce: '_median' });
    // @ts-expect-error all or nothing
    users.setView('v', { key: 'name', value: false });
    // @ts-expect-error no such member
    users.setView('v', { key: 'nme' });
    // @ts-expect-error no such member
    users.setView('v', { key: ['name', 'address.town'] });
    // @ts-expect-error no such member
    users.setView('v', { key: 'name', value: ['agee'] });
    // @ts-expect-error no such member
    users.setView('v', { where: { nme: 'Ada' }, key: 'name' });
    // @ts-expect-error a name is no array
    users.setView('v', { key: 'name', each: 'name' });
    // @ts-expect-error without `each` the path means the array
    users.setView('v', { key: 'items.sku' });
    // @ts-expect-error with `each` it means the element
    users.setView('v', { key: 'items.0.sku', each: 'items' });
    // @ts-expect-error no such member
    engine.setView('v', { key: 'items.skew', each: 'items' });
}
