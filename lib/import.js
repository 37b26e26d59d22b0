'use strict';

/** Taking records in: some at a time, so that no more of them is in memory than that. */

const { checkNotAborted, signal } = require('./abort.js');
const { boolean, checkOptions, func, oneOf } = require('./check.js');
const { level } = require('./durability.js');
const { atRecord, recordsOf } = require('./records.js');

/** So many records are written together at most. */
const MOST_RECORDS = 256;

/** From so many code units on they are written. */
const MOST_UNITS = 1 << 20;

const OPTIONS = {
    onExisting: oneOf('error', 'overwrite', 'skip'),
    keepRevisions: boolean,
    durability: level,
    signal,
    onProgress: func,
};

function importOptions(given) {
    const { onExisting = 'error', keepRevisions = false, ...checked } = checkOptions(given, OPTIONS, 'importItems');
    checkNotAborted(checked.signal);
    return { onExisting, keepRevisions, ...checked };
}

/**
 * Writes all records of a source. Rejects with the error of the first that was refused, when nothing is under way any more.
 *
 * @param {Iterator<unknown> | AsyncIterator<unknown>} iterator
 * @param {ReturnType<typeof importOptions>} options
 * @param {(record: import('./records.js').Record) => Promise<boolean>} write resolves to whether it was written or skipped
 * @returns {Promise<{ written: number, skipped: number }>}
 */
async function importRecords(iterator, { signal: given, onProgress }, write) {
    const count = { written: 0, skipped: 0 };
    let [gathered, units] = [[], 0];
    const writeGathered = async () => {
        const writes = gathered.map((record) => write(record));
        const numbers = gathered.map(({ number }) => number);
        [gathered, units] = [[], 0];
        const outcomes = await Promise.allSettled(writes);
        for (const { value } of outcomes) {
            count.written += value === true ? 1 : 0;
            count.skipped += value === false ? 1 : 0;
        }
        const refused = outcomes.findIndex(({ status }) => status === 'rejected');
        if (refused !== -1) {
            throw atRecord(outcomes[refused].reason, numbers[refused]);
        }
        if (writes.length > 0) {
            onProgress?.({ ...count });
        }
    };
    const records = recordsOf(iterator, given);
    let failed = true;
    try {
        for await (const record of records) {
            gathered.push(record);
            units += record.text.length;
            if (gathered.length === MOST_RECORDS || units >= MOST_UNITS) {
                await writeGathered();
                checkNotAborted(given);
            }
        }
        failed = false;
    } finally {
        // What stands before a record that is none is written, and its own error comes first.
        if (!given?.aborted || !failed) {
            await writeGathered();
        }
    }
    return count;
}

module.exports = { importOptions, importRecords };
