'use strict';

const assert = require('node:assert/strict');
const os = require('node:os');
const { test } = require('node:test');
const { Vigil } = require('../lib/vigil.js');

/** When something is asked for that is answered at once, however busy the machine is. */
const AT_ONCE = Number.POSITIVE_INFINITY;

const alone = os.availableParallelism() === 1 && 'with one processor nothing is kept awake';

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A vigil over an answer that is due, and how often it looked for it. */
function vigilOf(answers) {
    const due = { is: true, looks: 0 };
    const vigil = new Vigil(() => {
        due.looks += 1;
        return due.is;
    });
    for (let answer = 0; answer < answers; answer += 1) {
        vigil.end(AT_ONCE);
    }
    return { vigil, due };
}

test('the loop may sleep over the first answers', async () => {
    const { vigil, due } = vigilOf(1);
    vigil.begin();
    await nextTurn();
    assert.equal(due.looks, 0);
});

test('the loop is kept awake once answers came soon, and may sleep when the answer is there', {
    skip: alone,
}, async () => {
    const { vigil, due } = vigilOf(2);
    vigil.begin();
    due.is = false;
    await nextTurn();
    await nextTurn();
    assert.equal(due.looks, 1);
});

test('an answer that does not come keeps nobody awake for long', { skip: alone }, async () => {
    const { vigil, due } = vigilOf(2);
    vigil.begin();
    for (let before = -1; before !== due.looks; await nextTurn()) {
        before = due.looks;
    }
    assert.ok(due.looks > 0);
});

test('after an answer that came late the loop may sleep', async () => {
    const { vigil, due } = vigilOf(2);
    vigil.end(performance.now() - 10);
    vigil.begin();
    await nextTurn();
    assert.equal(due.looks, 0);
});
