'use strict';

/** The judge of histories: it lets pass what one process could have done, and refuses what none could. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Dice } = require('./crash/dice.js');
const { isLinearizable } = require('./processes/linearizability.js');
const { REGISTER } = require('./processes/register.js');

/** An operation from one moment to another; without the second one it never returned. */
function at(called, returned, operation) {
    return { ...operation, called: BigInt(called), ...(returned !== null && { returned: BigInt(returned) }) };
}

const set = (value, rev) => ({ kind: 'set', value, answer: { rev } });
const get = (value, rev) => ({ kind: 'get', answer: value === undefined ? null : { value, rev } });
const swap = (value, expected, answer) => ({ kind: 'set', value, expected, answer });
const update = (value, saw, rev) => ({ kind: 'update', value, answer: { saw, rev } });
const remove = (expected, answer = {}) => ({ kind: 'delete', expected, answer });
const pendingSet = (value) => ({ kind: 'set', value });

/** @type {Record<string, object[]>} */
const POSSIBLE = {
    'nothing at all': [],
    'one operation after the other': [
        at(0, 1, get()),
        at(2, 3, set('a', 0)),
        at(4, 5, get('a', 0)),
        at(6, 7, remove()),
        at(8, 9, get()),
        at(10, 11, set('b', 0)),
    ],
    'a read beside a write that sees it': [at(0, 9, set('a', 0)), at(1, 2, get('a', 0))],
    'a read beside a write that does not see it': [at(0, 9, set('a', 0)), at(1, 2, get())],
    'a read beside two writes, of which the later call came first': [
        at(0, 9, set('a', 1)),
        at(1, 9, set('b', 0)),
        at(2, 3, get('b', 0)),
        at(10, 11, get('a', 1)),
    ],
    'a read that returns in the moment in which a write is called': [at(0, 5, get('a', 0)), at(5, 9, set('a', 0))],
    'a write that never returned and was seen': [at(0, null, pendingSet('a')), at(5, 6, get('a', 0))],
    'a write that never returned and was never seen': [at(0, null, pendingSet('a')), at(5, 6, get())],
    'a write that never returned and is seen late': [
        at(0, null, pendingSet('a')),
        at(1, 2, set('b', 0)),
        at(3, 4, get('b', 0)),
        at(5, 6, get('a', 1)),
    ],
    'a write that never returned and is told by a revision': [at(0, null, pendingSet('a')), at(5, 6, set('b', 1))],
    'a conditional write that never returned and could not have been done': [
        at(0, 1, set('a', 0)),
        at(2, null, { kind: 'set', value: 'b', expected: 7 }),
        at(3, 4, get('a', 0)),
    ],
    'a conditional write that was right, and one that was late': [
        at(0, 1, set('a', 0)),
        at(2, 5, swap('b', 0, { rev: 1 })),
        at(2, 5, swap('c', 0, { conflict: 1 })),
        at(6, 7, get('b', 1)),
    ],
    'a conditional write of what is not there': [at(0, 1, swap('a', 7, { rev: 0 })), at(2, 3, get('a', 0))],
    'a conditional deletion that was right, one that was late, one of nothing': [
        at(0, 1, set('a', 0)),
        at(2, 3, remove(1, { conflict: 0 })),
        at(4, 5, remove(0)),
        at(6, 7, remove(0, { conflict: null })),
    ],
    'updates that each saw the one before': [
        at(0, 9, update('b', { value: 'a', rev: 0 }, 1)),
        at(0, 9, update('a', null, 0)),
        at(0, 9, update('c', { value: 'b', rev: 1 }, 2)),
    ],
};

/** @type {Record<string, object[]>} */
const IMPOSSIBLE = {
    'a stale read': [at(0, 1, set('a', 0)), at(2, 3, set('b', 1)), at(4, 5, get('a', 0))],
    'a read of nothing after a write': [at(0, 1, set('a', 0)), at(2, 3, get())],
    'a read of what was never written': [at(0, 1, set('a', 0)), at(2, 3, get('b', 0))],
    'a read of what is written later': [at(0, 1, get('a', 0)), at(2, 3, set('a', 0))],
    'a read with the wrong revision': [at(0, 1, set('a', 0)), at(2, 3, get('a', 1))],
    'a value that was seen and then not any more': [at(0, 9, set('a', 0)), at(1, 2, get('a', 0)), at(3, 4, get())],
    'two readers who see two writes in different orders': [
        at(0, 9, set('a', 0)),
        at(0, 9, set('b', 1)),
        at(1, 2, get('b', 1)),
        at(3, 4, get('a', 0)),
    ],
    'a lost update': [
        at(0, 1, set('a', 0)),
        at(2, 5, update('b', { value: 'a', rev: 0 }, 1)),
        at(2, 5, update('c', { value: 'a', rev: 0 }, 2)),
    ],
    'two conditional writes that were both right': [
        at(0, 1, set('a', 0)),
        at(2, 5, swap('b', 0, { rev: 1 })),
        at(2, 5, swap('c', 0, { rev: 2 })),
    ],
    'a conditional write that was refused without a reason': [
        at(0, 1, set('a', 0)),
        at(2, 3, swap('b', 0, { conflict: 0 })),
    ],
    'a conflict that names a revision which was not there': [
        at(0, 1, set('a', 0)),
        at(2, 3, swap('b', 5, { conflict: 1 })),
    ],
    'a gap in the revisions': [at(0, 1, set('a', 0)), at(2, 3, set('b', 2))],
    'a revision that was given twice': [at(0, 1, set('a', 0)), at(2, 3, set('b', 0))],
    'a document that came back': [at(0, 1, set('a', 0)), at(2, 3, remove()), at(4, 5, get('a', 0))],
    'a deletion with a revision that was another': [at(0, 1, set('a', 0)), at(2, 3, remove(5))],
    'a write that never returned, seen before its call': [at(0, 1, get('a', 0)), at(2, null, pendingSet('a'))],
    'a write that never returned, seen, and then not any more': [
        at(0, null, pendingSet('a')),
        at(1, 2, get('a', 0)),
        at(3, 4, get()),
    ],
    'a write that never returned, done twice': [
        at(0, null, pendingSet('a')),
        at(1, 2, get('a', 0)),
        at(3, 4, set('b', 1)),
        at(5, 6, get('a', 2)),
    ],
};

for (const [what, history] of Object.entries(POSSIBLE)) {
    test(`the judge of histories lets pass ${what}`, () => {
        assert.equal(isLinearizable(history, REGISTER), true);
        assert.equal(isLinearizable(history.toReversed(), REGISTER), true);
    });
}

for (const [what, history] of Object.entries(IMPOSSIBLE)) {
    test(`the judge of histories refuses ${what}`, () => {
        assert.equal(isLinearizable(history, REGISTER), false);
        assert.equal(isLinearizable(history.toReversed(), REGISTER), false);
    });
}

/** A history that one process made, each operation stretched beyond the moment in which it was done. */
function madeInOrder(dice, length) {
    let [state, now] = [null, 0];
    return Array.from({ length }, (_, n) => {
        now += 10;
        const called = now - dice.between(0, 30);
        const returned = dice.chance(0.05) ? null : now + dice.between(0, 30);
        if (dice.chance(0.4)) {
            return at(called, returned, get(state?.value, state?.rev));
        }
        state = dice.chance(0.15) ? null : { value: `v${n}`, rev: state === null ? 0 : state.rev + 1 };
        const made = state === null ? remove() : set(state.value, state.rev);
        return at(called, returned, returned === null ? { ...made, answer: undefined } : made);
    });
}

test('the judge of histories lets pass long ones that one process made, and refuses them with one read changed', () => {
    const seed = Date.now() % 1_000_000;
    const dice = new Dice(seed);
    for (let round = 0; round < 40; round += 1) {
        const history = madeInOrder(dice, 250);
        assert.equal(isLinearizable(history, REGISTER), true, `seed ${seed}`);
        const reads = history.filter(({ kind, returned, answer }) => kind === 'get' && returned && answer);
        const changed = dice.pick(reads);
        const other = history.map((operation) => {
            return operation === changed ? { ...changed, answer: { ...changed.answer, rev: 999 } } : operation;
        });
        assert.equal(isLinearizable(other, REGISTER), false, `seed ${seed}`);
    }
});
