'use strict';

/**
 * Revisions checked in JavaScript, for drivers whose storage does not know of them.
 *
 * A subclass reads with `fetch`, writes with `place` and `remove`, and may tell versions apart better than revisions do;
 * the writes of one key come one at a time.
 */

const { asLost, thereAlready } = require('./answer.js');
const { ConflictError, DatastoreError } = require('./errors.js');
const { show } = require('./check.js');
const { checkRevision } = require('./driver.js');

class CheckingDriver {
    ordersWrites = false;
    /** Such storage makes no promise that could be told. */
    durability = undefined;

    /** Whether reads see everything that there is: what others do to such storage, nobody tells. */
    get isCurrent() {
        return this.loaded;
    }

    /** Custom parts are written. */
    checkWritable() {}

    becomeCurrent() {
        return this.load();
    }

    getCurrent(key) {
        return this.get(key);
    }

    /** Refuses what takes a journal. */
    mustBeAtomic(what) {
        throw new DatastoreError(`${what} takes the engine in Rust; custom parts cannot do it`, {
            code: 'UNSUPPORTED',
        });
    }

    async flush() {
        this.mustBeAtomic('flush');
    }

    /** Files of its own it has none, or cannot tell whose hand wrote them. */
    async refresh() {
        this.mustBeAtomic('a refresh');
    }

    /** Somebody else's engine has no moments. */
    walk() {
        this.mustBeAtomic('an iteration');
    }

    async backup() {
        this.mustBeAtomic('a backup');
    }

    async restore() {
        this.mustBeAtomic('a restore');
    }

    async set(key, text, { rule, revision, seen }) {
        const { _rev: given, ...members } = JSON.parse(text);
        checkRevision(given, key);
        const current = await this.fetch(key);
        if (seen !== undefined && seen !== this.version(key, current)) {
            throw asLost(conflict(key, given ?? null, current?._rev ?? null));
        }
        const expected = revision ?? given;
        if (current !== null) {
            check(key, rule, expected, current);
        }
        return this.place(key, { _rev: next(key, current), ...members });
    }

    /** A document as an import brings it. Resolves to whether it was written. */
    async insert(key, text, { onExisting, keepRevisions }) {
        const current = await this.fetch(key);
        if (current !== null && onExisting === 'skip') {
            return false;
        }
        if (current !== null && onExisting === 'error') {
            throw thereAlready(key, current._rev ?? 0);
        }
        const { _rev: given, ...members } = JSON.parse(text);
        const revision = checkRevision(given, key) ?? 0;
        await this.place(key, { _rev: keepRevisions ? revision : next(key, current), ...members });
        return true;
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
        const document = await this.fetch(key);
        return { document, seen: this.version(key, document) };
    }

    /** What tells two versions of a document apart. Revisions do, except across a deletion. */
    version(_key, document) {
        return document?._rev ?? null;
    }
}

/** The revision after the one that is stored. */
function next(key, current) {
    return current === null ? 0 : checkRevision((checkRevision(current._rev, key) ?? 0) + 1, key);
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
