/**
 * Revisions checked in JavaScript, for drivers whose storage does not know of them.
 *
 * A subclass reads with `fetch` and writes with `place` and `remove`; the writes of one key come one at a time.
 */

const { ConflictError } = require('./errors.js');
const { show } = require('./check.js');
const { checkRevision } = require('./driver.js');

class CheckingDriver {
    ordersWrites = false;

    async set(key, text, { rule, revision }) {
        const { _rev: given, ...members } = JSON.parse(text);
        checkRevision(given, key);
        const current = await this.fetch(key);
        const expected = revision ?? given;
        if (current !== null) {
            check(key, rule, expected, current);
        }
        const next = current === null ? 0 : (checkRevision(current._rev, key) ?? 0) + 1;
        return this.place(key, { _rev: next, ...members });
    }

    async delete(key, { rule, revision }) {
        const current = await this.fetch(key);
        if (current === null) {
            if (revision !== undefined) {
                throw conflict(key, revision, null);
            }
            return;
        }
        check(key, revision === undefined ? rule : 'required', revision, current);
        await this.remove(key);
    }

    async read(key) {
        return { document: await this.fetch(key), seen: undefined };
    }
}

function check(key, rule, expected, current) {
    const actual = current._rev ?? 0;
    const isChecked = rule === 'required' || (rule === 'given' && expected !== undefined);
    if (isChecked && expected !== actual) {
        throw conflict(key, expected ?? null, actual);
    }
}

function conflict(key, expectedRev, actualRev) {
    const found = actualRev === null ? 'no document' : `revision ${actualRev}`;
    return new ConflictError(
        `document ${show(key)} was changed meanwhile: expected revision ${expectedRev ?? 'none'}, found ${found}`,
        { key, expectedRev, actualRev },
    );
}

module.exports = { CheckingDriver };
