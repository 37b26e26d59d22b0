'use strict';

/** What the tables of methods and states have in common: what a call comes to, and whether that is what a cell says. */

const assert = require('node:assert/strict');

/** A cell that refuses. */
function refuses(code) {
    return { code };
}

/** What a call answered or refused with; checks that only calls that answer at once throw at once. */
function outcomeOf(isSynchronous, call) {
    let answered;
    try {
        answered = call();
    } catch (error) {
        assert.ok(isSynchronous, `threw instead of rejecting: ${error.stack}`);
        return { code: error.code };
    }
    assert.equal(answered instanceof Promise, !isSynchronous);
    return Promise.resolve(answered).then(
        (value) => ({ value }),
        (error) => ({ code: error.code ?? error }),
    );
}

/** Checks an outcome: a cell is a refusal, a check of the answer, or the answer. */
function checkOutcome(outcome, expected) {
    if (typeof expected === 'function') {
        assert.ok('value' in outcome, `refused with ${outcome.code}`);
        expected(outcome.value);
    } else if (expected?.code !== undefined) {
        assert.deepEqual(outcome, expected);
    } else {
        assert.deepEqual(outcome, { value: expected });
    }
}

/** Checks that a table has every member of a class. */
function checkMembers(Class, table) {
    const members = Reflect.ownKeys(Class.prototype).filter((name) => name !== 'constructor');
    assert.deepEqual(new Set(Reflect.ownKeys(table)), new Set(members));
}

async function all(items) {
    const collected = [];
    for await (const item of items) {
        collected.push(item);
    }
    return collected;
}

module.exports = { all, checkMembers, checkOutcome, outcomeOf, refuses };
