'use strict';

/** What migrations would do: each document taken through all of them, over one moment of the store, and nothing written. */

const { setImmediate } = require('node:timers/promises');
const { checkNotAborted } = require('./abort.js');
const { stringify } = require('./check.js');
const { ClosedError } = require('./errors.js');
const { attempt, contextOf, newStep, newestOf, note, pending } = require('./migrate.js');
const { SCHEMA_KEY, readVersion } = require('./schema-version.js');

class DryRun {
    #transaction;
    #migrations;
    #options;
    #isClosing;
    #done = 0;
    #total;

    /**
     * @param {import('./transaction.js').Transaction} transaction never committed
     * @param {import('./migrate.js').Migration[]} migrations
     * @param {ReturnType<typeof import('./migrate.js').migrateOptions>} options
     * @param {() => boolean} isClosing whether the store waits for this to end
     */
    constructor(transaction, migrations, options, isClosing) {
        this.#transaction = transaction;
        this.#migrations = migrations;
        this.#options = options;
        this.#isClosing = isClosing;
    }

    /** Resolves to the report that the migrations would. */
    async run() {
        const { total } = await this.#transaction.queryKeys({ limit: 1 });
        const found = await this.#transaction.getItem(SCHEMA_KEY);
        const newest = newestOf(this.#migrations);
        const stands = total === 0 ? { version: newest } : readVersion(found);
        const steps = pending(this.#migrations, stands).map((migration) => ({ migration, step: newStep(migration) }));
        this.#total = found === null ? total : total - 1;
        if (steps.length > 0) {
            await this.#walkAll(steps, stands.running?.through);
        }
        return { from: stands.version, to: newest, dryRun: true, migrations: steps.map(({ step }) => step) };
    }

    /** What the first migration has changed already, the others alone are left for. */
    async #walkAll(steps, through) {
        if (through !== undefined) {
            await this.#walk({ endKey: through }, steps.slice(1));
        }
        await this.#walk({ startKey: through, inclusiveStart: false }, steps);
    }

    async #walk(range, steps) {
        const { batchSize, onProgress } = this.#options;
        const query = { ...range, limit: batchSize, includeDocuments: true };
        let cursor;
        do {
            const page = await this.#transaction.queryKeys({ ...query, cursor });
            for (const { key, document } of page.items) {
                if (key !== SCHEMA_KEY) {
                    await this.#take(key, document, steps);
                    this.#done += 1;
                }
            }
            onProgress?.({ version: newestOf(this.#migrations), done: this.#done, total: this.#total });
            cursor = page.cursor ?? undefined;
            // Others have their turn.
            await setImmediate();
            if (this.#isClosing()) {
                throw new ClosedError('the datastore is closed');
            }
        } while (cursor !== undefined);
    }

    /** Takes one document through the versions. */
    async #take(key, given, steps) {
        const { signal } = this.#options;
        let document = given;
        for (const { migration, step } of steps) {
            checkNotAborted(signal);
            const rev = document._rev;
            const made = await attempt(migration, key, async () => {
                const returned = await migration.up(document, key, contextOf(migration, true));
                return (returned ?? null) === null ? returned : asStored(returned, key, rev + 1);
            });
            note(step, key, made);
            if (made === null) {
                break;
            }
            document = made ?? document;
        }
    }
}

/** A document as a read would return it when it was written. */
function asStored(document, key, revision) {
    const { _rev, ...members } = JSON.parse(stringify(document, key));
    return { _rev: revision, ...members };
}

module.exports = { DryRun };
