'use strict';

/** A store that is killed while it loads, writes and closes loses nothing; `npm run crash` is the long form. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Model } = require('./crash/model.js');
const { crash } = require('./crash/run.js');
const { temporaryDirectory } = require('./support.js');

const SECONDS = 10;

test('kill -9 at random moments loses no acknowledged write, tears no document and halves no batch', async (t) => {
    const seed = Date.now() % 1_000_000;
    const run = await crash({ folder: temporaryDirectory(t), seed, iterations: 1_000, seconds: SECONDS });
    t.diagnostic(`seed ${seed}: ${JSON.stringify(run.counts)}`);
    assert.deepEqual(run.faults, [], `seed ${seed}`);
    assert.ok(run.counts.crashes > 0);
    assert.ok(run.counts.acknowledged > 0);
});

/** A model in which keys 1 to 4 hold writes 1 to 4 at revision 5. */
function settledModel() {
    const model = new Model();
    model.settle([1, 2, 3, 4].map((key) => [key, key, 5]));
    return model;
}

/** What a model says of contents, given as `{ key: [id, revision] }` beside those that did not change. */
function kindsOf(model, changed) {
    const contents = new Map([1, 2, 3, 4].map((key) => [key, [key, 5]]));
    for (const [key, found] of Object.entries(changed)) {
        if (found === null) {
            contents.delete(Number(key));
        } else {
            contents.set(Number(key), found);
        }
    }
    return model.faultsIn([...contents].map(([key, [id, revision]]) => [key, id, revision])).map(({ kind }) => kind);
}

/** What a crash may leave of what was submitted, and what it may not: the judge's own test. */
const CASES = {
    'an acknowledged set': {
        calls: [['set', [[11, 1]], [6]]],
        good: [{ 1: [11, 6] }],
        bad: { lost: [{}, { 1: null }] },
    },
    'a set under way': { calls: [['set', [[11, 1]]]], good: [{}, { 1: [11, 6] }], bad: { lost: [{ 1: null }] } },
    'a refused set': { calls: [['set', [[11, 1]], 'refused']], good: [{}], bad: { lost: [{ 1: [11, 6] }] } },
    'an acknowledged deletion': {
        calls: [['delete', [[11, 1, true]], [null]]],
        good: [{ 1: null }],
        bad: { lost: [{}] },
    },
    'a document made anew': {
        calls: [
            ['delete', [[11, 1, true]], [null]],
            ['set', [[12, 1]], [0]],
        ],
        good: [{ 1: [12, 0] }],
        bad: { lost: [{}, { 1: null }], revision: [{ 1: [12, 6] }] },
    },
    'two sets, the second under way': {
        calls: [
            ['set', [[11, 1]], [6]],
            ['set', [[12, 1]]],
        ],
        good: [{ 1: [11, 6] }, { 1: [12, 7] }],
        bad: { lost: [{}], revision: [{ 1: [12, 6] }, { 1: [12, 8] }, { 1: [11, 5] }] },
    },
    'a batch under way': {
        calls: [
            [
                'batch',
                [
                    [11, 1],
                    [12, 2, true],
                    [13, 3],
                ],
            ],
        ],
        good: [{}, { 1: [11, 6], 2: null, 3: [13, 6] }],
        bad: {
            half: [
                { 1: [11, 6], 2: null },
                { 1: [11, 6], 3: [13, 6] },
            ],
        },
    },
    'a batch under way, and a set of one of its documents behind it': {
        calls: [
            [
                'batch',
                [
                    [11, 1],
                    [12, 2],
                ],
            ],
            ['set', [[13, 2]]],
        ],
        good: [{}, { 1: [11, 6], 2: [12, 6] }, { 1: [11, 6], 2: [13, 7] }],
        bad: { half: [{ 1: [11, 6] }] },
    },
    'a transaction that was rolled back': {
        calls: [['rollback', [[11, 1]], 'refused']],
        good: [{}],
        bad: { lost: [{ 1: [11, 6] }] },
    },
    'a transaction that was acknowledged before a set': {
        calls: [
            ['transaction', [[11, 1]], [6]],
            ['set', [[12, 1]], [7]],
        ],
        good: [{ 1: [12, 7] }],
        bad: { lost: [{ 1: [11, 6] }] },
    },
    'a document that is not as it was written': { calls: [], good: [{}], bad: { torn: [{ 1: [null, 5] }] } },
};

for (const [what, { calls, good, bad }] of Object.entries(CASES)) {
    test(`the judge of crashes knows what may become of ${what}`, () => {
        const model = settledModel();
        for (const [number, [kind, writes, outcome]] of calls.entries()) {
            model.intend(
                number,
                kind,
                writes.map(([id, key, deletes = false]) => [id, key, deletes]),
            );
            if (outcome === 'refused') {
                model.refused(number);
            } else if (outcome !== undefined) {
                model.done(number, outcome);
            }
        }
        for (const found of good) {
            assert.deepEqual(kindsOf(model, found), [], JSON.stringify(found));
        }
        for (const [kind, cases] of Object.entries(bad)) {
            for (const found of cases) {
                assert.ok(kindsOf(model, found).includes(kind), `${JSON.stringify(found)} is ${kind}`);
            }
        }
    });
}

test('the judge of crashes counts an edit by hand for the document alone', () => {
    const model = settledModel();
    model.intend(0, 'batch', [
        [11, 1, false],
        [12, 2, false],
    ]);
    model.done(0, [6, 6]);
    model.edit(1, 99, 0);
    assert.deepEqual(kindsOf(model, { 1: [99, 0], 2: [12, 6] }), []);
    assert.deepEqual(kindsOf(model, { 1: [11, 6], 2: [12, 6] }), ['lost']);
    assert.deepEqual(kindsOf(model, { 1: [99, 0] }), ['lost']);
});
