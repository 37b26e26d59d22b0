'use strict';

/**
 * One document as the judge of histories sees it: a value with a revision, or nothing.
 *
 * Operations, with what they were answered; `null` is no document, and without an answer it is not known which it would
 * have been:
 *
 *   { kind: 'get', answer: { value, rev } | null }
 *   { kind: 'set', value, answer: { rev } }
 *   { kind: 'set', value, expected: 3, answer: { rev } | { conflict: 4 } }    with a `_rev`
 *   { kind: 'update', value, answer: { saw: { value, rev } | null, rev } }    by `updateItem`
 *   { kind: 'delete', answer: {} }
 *   { kind: 'delete', expected: 3, answer: {} | { conflict: 4 | null } }      with a `rev`
 */

function isSame(one, other) {
    return one?.value === other?.value && one?.rev === other?.rev;
}

function nextRev(state) {
    return state === null ? 0 : state.rev + 1;
}

/** Whether an operation would be refused, as the state is. */
function isRefused(state, { kind, expected }) {
    if (expected === undefined) {
        return false;
    }
    // A document that is not there takes whatever revision it comes with.
    return state === null ? kind === 'delete' : state.rev !== expected;
}

const STEPS = {
    get: (state, { answer }) => (answer === undefined || isSame(answer, state) ? { state } : null),
    set: (state, { value, answer }) => written({ value, rev: nextRev(state) }, answer),
    update: (state, { value, answer }) => {
        return answer === undefined || isSame(answer.saw, state)
            ? written({ value, rev: nextRev(state) }, answer)
            : null;
    },
    delete: () => ({ state: null }),
};

function written(state, answer) {
    return answer === undefined || answer.rev === state.rev ? { state } : null;
}

function step(state, operation) {
    const { kind, answer } = operation;
    const isRefusal = answer !== undefined && answer !== null && 'conflict' in answer;
    if (isRefused(state, operation)) {
        const isRight = answer === undefined || (isRefusal && answer.conflict === (state?.rev ?? null));
        return isRight ? { state } : null;
    }
    return isRefusal ? null : STEPS[kind](state, operation);
}

/** @type {import('./linearizability.js').Model} */
const REGISTER = {
    initial: null,
    step,
    name: (state) => (state === null ? '' : `${state.rev}:${state.value}`),
};

module.exports = { REGISTER };
