'use strict';

/**
 * Migrations: every document brought from one version to the next, in batches that are all or nothing.
 *
 * A batch is a transaction over the next documents in the order of their keys and the one that tells the version
 * (`schema-version.js`). So whatever ends the process, the documents that were changed are those that are told of, and a batch
 * that somebody else got in the way of is made again from what is stored then.
 */

const { checkNotAborted, signal } = require('./abort.js');
const { boolean, checkOptions, count, func, show } = require('./check.js');
const { AssertionError, DatastoreError, MigrationError } = require('./errors.js');
const { SCHEMA_KEY, isVersion, readVersion, versionDocument } = require('./schema-version.js');

/** Documents of a batch, where nobody says how many. */
const BATCH_SIZE = 100;

/** So many keys are told of each version. */
const KEYS_TOLD = 1_000;

const OPTIONS = { dryRun: boolean, batchSize, signal, onProgress: func };
const OF_MIGRATION = { version, up: func };

/**
 * @typedef {{ version: number, up: (document: object, key: string, context: object) => unknown }} Migration
 * @typedef {{ version: number, documents: number, changed: number, deleted: number, keys: string[] }} Step what a version did
 */

function batchSize(value, name) {
    if (count(value, name) === 0) {
        throw new AssertionError(`${name} is a positive integer, not 0`);
    }
    return value;
}

function version(value, name) {
    if (!isVersion(value)) {
        throw new AssertionError(`the ${name} of a migration is a positive integer, not ${show(value)}`);
    }
    return value;
}

/** @returns {Migration[]} what a user handed in, checked */
function migrationsOf(given) {
    if (!Array.isArray(given)) {
        throw new AssertionError(`migrate takes an array of { version, up }, not ${show(given)}`);
    }
    let last = 0;
    return given.map((entry) => {
        const migration = checkOptions(entry ?? null, OF_MIGRATION, 'a migration');
        version(migration.version, 'version');
        func(migration.up, `up of the migration ${migration.version}`);
        if (migration.version <= last) {
            throw new AssertionError(`the versions of migrations rise: ${migration.version} comes after ${last}`);
        }
        last = migration.version;
        return migration;
    });
}

/** The options of `migrate`, checked. */
function migrateOptions(given) {
    const checked = checkOptions(given, OPTIONS, 'migrate');
    checkNotAborted(checked.signal);
    return { batchSize: BATCH_SIZE, dryRun: false, ...checked };
}

/**
 * The migrations that are left for documents of a version.
 *
 * @param {Migration[]} migrations
 * @param {import('./schema-version.js').SchemaVersion} stands
 */
function pending(migrations, { version: current, running }) {
    const newest = newestOf(migrations);
    const reached = running?.version ?? current;
    if (reached > newest) {
        throw new DatastoreError(`the documents are of version ${reached}, the newest that is known is ${newest}`, {
            code: 'SCHEMA_TOO_NEW',
            version: reached,
            newest,
        });
    }
    const left = migrations.filter((migration) => migration.version > current);
    if (running !== undefined && left[0].version !== running.version) {
        throw new AssertionError(
            `some documents are of version ${running.version} already: a migration ${left[0].version} comes too late`,
        );
    }
    return left;
}

/** The version of the last migration, 0 where there is none. */
function newestOf(migrations) {
    return migrations.at(-1)?.version ?? 0;
}

/** What is told of a version before its first document. */
function newStep({ version: of }) {
    return { version: of, documents: 0, changed: 0, deleted: 0, keys: [] };
}

/** Counts what a migration made of a document: `undefined` left it, `null` deleted it. */
function note(step, key, made) {
    step.documents += 1;
    if (made === undefined) {
        return;
    }
    step[made === null ? 'deleted' : 'changed'] += 1;
    if (step.keys.length < KEYS_TOLD) {
        step.keys.push(key);
    }
}

/** What a migration makes of a document, or of what it made: any failure names version and key. */
async function attempt({ version: of }, key, make) {
    try {
        return await make();
    } catch (cause) {
        throw new MigrationError(`migration ${of} of the document ${show(key)} failed: ${cause?.message ?? cause}`, {
            version: of,
            key,
            cause,
        });
    }
}

class Migrator {
    #transaction;
    #countRange;
    #migrations;
    #options;

    /**
     * @param {object} store
     * @param {(run: (tx: object) => unknown) => Promise<unknown>} store.transaction
     * @param {(range: object) => number} store.countRange how many documents are in a range of keys
     * @param {Migration[]} migrations
     * @param {ReturnType<typeof migrateOptions>} options
     */
    constructor({ transaction, countRange }, migrations, options) {
        this.#transaction = transaction;
        this.#countRange = countRange;
        this.#migrations = migrations;
        this.#options = options;
    }

    /** Resolves to a report when the documents are of the newest version. */
    async run() {
        const stands = await this.#transaction((tx) => this.#begin(tx));
        const steps = [];
        for (const migration of pending(this.#migrations, stands)) {
            steps.push(await this.#migrate(migration, stands));
        }
        return { from: stands.version, to: newestOf(this.#migrations), dryRun: false, migrations: steps };
    }

    /** The version of the documents; where there are none yet, the newest. */
    async #begin(tx) {
        const found = await tx.getItem(SCHEMA_KEY);
        const newest = newestOf(this.#migrations);
        if (found !== null || newest === 0 || (await tx.queryKeys({ limit: 1, total: false })).items.length > 0) {
            return readVersion(found);
        }
        await tx.setItem(SCHEMA_KEY, versionDocument(newest));
        return { version: newest };
    }

    async #migrate(migration, { running }) {
        const { onProgress } = this.#options;
        const step = newStep(migration);
        const through = running?.version === migration.version ? running.through : undefined;
        let total = onProgress && this.#left(through);
        for (let isOver = false; !isOver; ) {
            checkNotAborted(this.#options.signal);
            const batch = await this.#transaction((tx) => this.#batch(tx, migration));
            isOver = batch.isLast;
            add(step, batch.step);
            // The last call tells the end, whatever came and went.
            total = isOver ? step.documents : Math.max(total, step.documents);
            onProgress?.({ version: migration.version, done: step.documents, total });
        }
        return step;
    }

    /** How many documents are behind a key, or are there at all. */
    #left(through) {
        const behind = { startKey: through, inclusiveStart: false };
        const upToOurs = { ...behind, endKey: SCHEMA_KEY };
        const ours = this.#countRange(upToOurs) - this.#countRange({ ...upToOurs, inclusiveEnd: false });
        return this.#countRange(behind) - ours;
    }

    /** Migrates the next documents. May be run again: then nothing of the time before has happened. */
    async #batch(tx, migration) {
        const step = newStep(migration);
        const { version: current, running } = readVersion(await tx.getItem(SCHEMA_KEY));
        if (current >= migration.version) {
            return { step, isLast: true };
        }
        const { items, cursor } = await tx.queryKeys({
            startKey: running?.through,
            inclusiveStart: false,
            limit: this.#options.batchSize,
            includeDocuments: true,
            total: false,
        });
        for (const { key, document } of items) {
            if (key !== SCHEMA_KEY) {
                note(step, key, await this.#change(tx, migration, key, document));
            }
        }
        const isLast = cursor === null;
        const next = isLast
            ? versionDocument(migration.version)
            : versionDocument(current, { version: migration.version, through: items.at(-1).key });
        await tx.setItem(SCHEMA_KEY, next, { checkConsistency: false });
        return { step, isLast };
    }

    /** Makes the new version of a document and hands it to the transaction. */
    async #change(tx, migration, key, document) {
        checkNotAborted(this.#options.signal);
        const { _rev: rev } = document;
        const made = await attempt(migration, key, () => migration.up(document, key, contextOf(migration, false)));
        if (made === null) {
            await tx.deleteItem(key, { rev });
        } else if (made !== undefined) {
            // Whatever it returned with it: the revision is that of the document it was given.
            await attempt(migration, key, () => tx.setItem(key, made, { checkConsistency: false }));
        }
        return made;
    }
}

/** What a migration's function is told beside the document. */
function contextOf({ version: of }, dryRun) {
    return { version: of, dryRun };
}

function add(step, { documents, changed, deleted, keys }) {
    step.documents += documents;
    step.changed += changed;
    step.deleted += deleted;
    step.keys.push(...keys.slice(0, KEYS_TOLD - step.keys.length));
}

module.exports = { Migrator, attempt, contextOf, migrateOptions, migrationsOf, newStep, newestOf, note, pending };
