'use strict';

/**
 * What the revision that comes with a write means.
 *
 * `'given'`: if one came, it must be the stored one; `'required'`: one must come with every write to an existing
 * document; `'ignored'`: it is not compared.
 *
 * @typedef {'given' | 'required' | 'ignored'} Rule
 */

const { Action } = require('./submission.js');

/** The engine's actions, by rule. */
const SET = { given: Action.SET, required: Action.SET_REQUIRED, ignored: Action.SET_ANYWAY };
const DELETE = { given: Action.DELETE, required: Action.DELETE_REQUIRED, ignored: Action.DELETE };

/** @returns {Rule} */
function ruleOf(requireRev, checkConsistency = true) {
    if (!checkConsistency) {
        return 'ignored';
    }
    return requireRev ? 'required' : 'given';
}

module.exports = { DELETE, SET, ruleOf };
