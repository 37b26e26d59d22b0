'use strict';

/** What went wrong, as people and scripts are told it: lines on stderr and an exit code. */

const { DatastoreError } = require('../errors.js');
const { printable } = require('./text.js');

/** The exit codes, as the help has them. */
const DONE = 0;
const FAILED = 1;
const USAGE = 2;
/** What a shell tells of a program that a closed pipe ended: 128 and the number of SIGPIPE. */
const BROKEN_PIPE = 141;

const NAME = 'kixx-datastore';

/** The command line was wrong; nothing was opened. */
class UsageError extends DatastoreError {
    constructor(message, facts) {
        super(message, { ...facts, code: 'USAGE' });
    }
}

/** What to do about it, by code. */
const ADVICE = {
    LOCKED: 'Another process has this directory open, or for itself. Stop it, or work on a copy; verify runs beside it.',
    CORRUPT: 'verify lists what is damaged; repair moves it to .datastore/quarantine/.',
    CONFLICT: 'Read the document again, and give the revision that it has now.',
};

/** Writes down errors. */
class Complaints {
    #stream;
    #json;

    /**
     * @param {NodeJS.WritableStream} stream
     * @param {boolean} json whether each is an object on one line
     */
    constructor(stream, json) {
        this.#stream = stream;
        this.#json = json;
    }

    /** Tells an error, and gives the exit code that it ends with. */
    tell(error) {
        this.#stream.write(this.#json ? `${JSON.stringify(factsOf(error))}\n` : textOf(error));
        // A bad record of an import is no fault of the command line.
        const isMisuse = error.code === 'USAGE' || (error.code === 'ASSERTION' && error.record === undefined);
        return isMisuse ? USAGE : FAILED;
    }
}

/** What an error knows, its message and code first. */
function factsOf(error) {
    const { code = 'ERROR', ...facts } = error;
    return { code, message: error.message, ...facts, cause: error.cause?.message };
}

function textOf(error) {
    // An error without a code is nobody's answer: where it comes from is all that helps.
    if (typeof error.code !== 'string') {
        return `${NAME}: ${error.stack ?? printable(String(error))}\n`;
    }
    // Node's own messages begin with their code.
    const { code, message } = error;
    const said = message.startsWith(`${code}: `) ? message : `${code}: ${message}`;
    const lines = [`${NAME}: ${printable(said)}`];
    for (const { file, reason } of error.files ?? []) {
        lines.push(`  ${printable(file)}: ${printable(reason)}`);
    }
    if (error.cause?.message !== undefined) {
        lines.push(`  because: ${printable(error.cause.message)}`);
    }
    if (ADVICE[code] !== undefined) {
        lines.push(`  ${ADVICE[code]}`);
    }
    return `${lines.join('\n')}\n`;
}

module.exports = { BROKEN_PIPE, Complaints, DONE, FAILED, NAME, UsageError };
