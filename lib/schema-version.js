'use strict';

/**
 * Which version the documents are of: a document beside them, written in the batches that change them.
 *
 * ```json
 * { "_rev": 7, "kixx-datastore:migrations": { "version": 2, "running": { "version": 3, "through": "user:41" } } }
 * ```
 *
 * Every document is of `version`; while a migration is under way, those up to the key `through` are of `running.version`
 * already.
 *
 * @typedef {object} SchemaVersion
 * @property {number} version 0 before the first migration
 * @property {{ version: number, through: string }} [running]
 */

const { AssertionError } = require('./errors.js');

/** The key of that document, and its only member, by which it is known where there are documents without keys. */
const SCHEMA_KEY = 'kixx-datastore:migrations';

/**
 * What the document says, version 0 where there is none.
 *
 * @param {object | null} document
 * @returns {SchemaVersion}
 */
function readVersion(document) {
    if (document === null) {
        return { version: 0 };
    }
    const { version, running } = document[SCHEMA_KEY] ?? {};
    const isRunning = running !== undefined;
    const isKnown = isVersion(version) || version === 0;
    if (!isKnown || (isRunning && !(running?.version > version && typeof running.through === 'string'))) {
        throw new AssertionError(`the document ${JSON.stringify(SCHEMA_KEY)} does not tell a version`, {
            key: SCHEMA_KEY,
        });
    }
    return { version, running };
}

/** The document that says it. */
function versionDocument(version, running) {
    return { [SCHEMA_KEY]: { version, running } };
}

function isVersion(value) {
    return Number.isSafeInteger(value) && value > 0;
}

module.exports = { SCHEMA_KEY, isVersion, readVersion, versionDocument };
