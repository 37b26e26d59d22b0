'use strict';

const { mustStand } = require('../directory.js');
const { FAILED } = require('../failure.js');
const { many, printable } = require('../text.js');
const { verify } = require('../../verify.js');

/** A verdict for people: a line per problem, and what there is beside them. */
function verdictText({ documents, open, recoverable, ignoredFiles, problems }) {
    const lines = problems.map(({ file, reason }) => `${printable(file)}: ${printable(reason)}`);
    lines.push(`${many(documents, 'good document')}, ${many(problems.length, 'problem')}`);
    if (recoverable > 0) {
        lines.push(`${many(recoverable, 'document')} will be made from the journal when the store is opened`);
    }
    if (open) {
        lines.push('the store is open elsewhere: the files were checked, the journal was not');
    }
    if (ignoredFiles.length > 0) {
        lines.push(`no documents, left alone: ${ignoredFiles.map(printable).join(', ')}`);
    }
    return lines.join('\n');
}

/** Checks the context's directory and tells the verdict. Gives the exit code. */
async function tellVerdict({ directory, output, progress, signal }, more = {}) {
    const verdict = await progress.during('Verifying', (onProgress) => verify(directory, { signal, onProgress }));
    await output.put({ ...verdict, ...more }, verdictText);
    return verdict.problems.length > 0 ? FAILED : undefined;
}

module.exports = {
    tellVerdict,
    name: 'verify',
    operands: ['<directory>'],
    about: 'check every file, name and the journal; changes nothing, also beside a running server',
    details: [
        'A line on stdout for each file that is not in order, and exit code 1 where there is one. No lock is taken: while',
        'another process has the store open, files and names are checked and the journal is not, and that is said.',
        'With --json: {"documents","open","recoverable","ignoredFiles","problems":[{"file","reason"}]}.',
    ],
    options: {},
    async run(context) {
        await mustStand(context.directory);
        return tellVerdict(context);
    },
};
