'use strict';

/** Reduces against a naive model, through random writes. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { openStore } = require('./support.js');

const EMPTY_STATS = { sum: 0, count: 0, min: null, max: null, sumsqr: 0 };

/** Small, good numbers from a seed. */
function dice(seed) {
    let state = seed;
    return (sides) => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * sides);
    };
}

/** What each reduce of the model makes of values that are whole numbers. */
const NAIVE = {
    _count: (values) => values.length,
    _sum: (values) => values.reduce((total, value) => total + value, 0),
    _stats: (values) =>
        values.length === 0
            ? EMPTY_STATS
            : {
                  sum: NAIVE._sum(values),
                  count: values.length,
                  min: Math.min(...values),
                  max: Math.max(...values),
                  sumsqr: NAIVE._sum(values.map((value) => value ** 2)),
              },
    _min: (values) => (values.length === 0 ? null : Math.min(...values)),
    _max: (values) => (values.length === 0 ? null : Math.max(...values)),
    list: (values) => (values.length === 0 ? null : values),
};

test('through any writes every reduce and its groups are those of a naive one', async (t) => {
    const seed = Number(process.env.SEED ?? 20_240_501);
    t.diagnostic(`SEED=${seed}`);
    const roll = dice(seed);
    const store = await openStore(t, { durability: 'none' });
    const documents = new Map();
    for (const id of Object.keys(NAIVE)) {
        const reduce = id === 'list' ? (_, values, rereduce) => (rereduce ? values.flat() : values) : id;
        store.setView(id, { map: ({ a, b, n }, emit) => emit([a, b], n), reduce });
    }
    const write = async () => {
        const key = `d${String(roll(600)).padStart(3, '0')}`;
        if (roll(4) === 0) {
            documents.delete(key);
            await store.deleteItem(key);
        } else {
            const document = { a: roll(4), b: roll(20), n: roll(1_000) - 500 };
            documents.set(key, document);
            await store.setItem(key, document, { checkConsistency: false });
        }
    };
    const check = async () => {
        const id = Object.keys(NAIVE)[roll(6)];
        const [from, to] = [
            [roll(4), roll(20)],
            [roll(4), roll(20)],
        ];
        const descending = roll(2) === 0;
        const compare = (x, y) => x[0] - y[0] || x[1] - y[1];
        const [low, high] = descending && compare(from, to) > 0 ? [to, from] : [from, to];
        const rows = [...documents]
            .map(([key, { a, b, n }]) => ({ key, at: [a, b], n }))
            .filter(({ at }) => compare(at, low) >= 0 && compare(at, high) <= 0)
            .sort((x, y) => compare(x.at, y.at) || (x.key < y.key ? -1 : 1));
        const range = { startKey: from, endKey: to, descending };
        const reduced = await store.queryView(id, { reduce: true, ...range });
        assert.deepEqual(reduced, { value: NAIVE[id](rows.map(({ n }) => n)) }, `${id} ${JSON.stringify(range)}`);

        const groupLevel = roll(4);
        const groups = new Map();
        for (const { at, n } of rows) {
            const name = JSON.stringify(groupLevel === 0 ? null : at.slice(0, groupLevel));
            groups.set(name, [...(groups.get(name) ?? []), n]);
        }
        const all = [...groups].map(([name, values]) => ({ key: JSON.parse(name), value: NAIVE[id](values) }));
        if (descending) {
            all.reverse();
        }
        const [offset, limit] = [roll(5), 1 + roll(8)];
        const { cursor, ...page } = await store.queryView(id, { groupLevel, offset, limit, ...range });
        assert.equal(cursor === null, page.exclusiveEndIndex === null);
        assert.deepEqual(page, {
            items: all.slice(offset, offset + limit),
            exclusiveEndIndex: offset + limit < all.length ? offset + limit : null,
            total: all.length,
        });
    };
    for (let step = 0; step < 3_000; step += 1) {
        await (roll(3) > 0 ? write() : check());
    }
});
