'use strict';

/** One command line, from its words to an exit code. */

const { version } = require('../../package.json');
const { readArguments } = require('./arguments.js');
const { commandOf } = require('./commands.js');
const { BROKEN_PIPE, Complaints, DONE, NAME, UsageError } = require('./failure.js');
const { help, helpOf } = require('./help.js');
const { Input } = require('./input.js');
const { Output } = require('./output.js');
const { Progress } = require('./progress.js');

/**
 * What a command works with.
 *
 * @typedef {object} Context
 * @property {string} directory
 * @property {string[]} operands what follows the directory
 * @property {Record<string, unknown>} options
 * @property {Input} input
 * @property {Output} output
 * @property {Complaints} complaints
 * @property {Progress} progress
 * @property {AbortSignal} signal aborted when the command is to end
 */

/**
 * Runs a command line. Never rejects.
 *
 * @param {string[]} argv
 * @param {{ stdin: NodeJS.ReadableStream, stdout: NodeJS.WritableStream, stderr: NodeJS.WriteStream }} streams
 * @param {AbortSignal} signal
 * @returns {Promise<number | undefined>} the exit code; `undefined` where the signal ended it
 */
async function run(argv, streams, signal) {
    // Before anything is understood: what cannot be understood is told in the same way.
    const json = argv.includes('--json');
    const output = new Output(streams.stdout, json);
    const complaints = new Complaints(streams.stderr, json);
    const progress = new Progress(streams.stderr);
    // Node opens stdin when it is first looked at, and where it is closed that fails.
    const input = new Input(() => streams.stdin, signal);
    try {
        let code;
        try {
            code = await execute(argv, { input, output, complaints, progress, signal });
        } finally {
            // What was found before it failed is data.
            await output.flush();
        }
        return code ?? DONE;
    } catch (error) {
        if (output.isBroken) {
            return BROKEN_PIPE;
        }
        return signal.aborted ? undefined : complaints.tell(error);
    }
}

async function execute([name, ...args], context) {
    if (name === '--version') {
        return context.output.line(version);
    }
    if (name === '--help' || name === '-h') {
        return context.output.line(help());
    }
    if (name === 'help' && args.length === 0) {
        return context.output.line(help());
    }
    const [wanted, given] = name === 'help' ? [args[0], ['--help']] : [name, args];
    const command = commandOf(wanted);
    if (command === undefined) {
        const what = wanted === undefined ? 'a command is missing' : `there is no command '${wanted}'`;
        throw new UsageError(`${what}; ${NAME} --help lists them`);
    }
    const { operands, options } = readArguments(command, given);
    if (options.help) {
        return context.output.line(helpOf(command));
    }
    const [directory, ...rest] = operands;
    return command.run({ ...context, directory, operands: rest, options });
}

module.exports = { run };
