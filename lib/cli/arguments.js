'use strict';

/** A command line, read as its command says. */

const { parseArgs } = require('node:util');
const { UsageError } = require('./failure.js');

/** @type {Record<string, import('./option.js').Option>} options of every command */
const COMMON = {
    json: { about: 'JSON on stdout, one value, or one a line where there are many; errors as JSON on stderr' },
    help: { short: 'h', about: 'show this' },
};

/** How many operands a command takes: `[least, most]`, of names such as `<key>`, `[file]` and `<key>...`. */
function operandsOf({ operands }) {
    const least = operands.filter((name) => name.startsWith('<')).length;
    return [least, operands.some((name) => name.endsWith('...')) ? Number.POSITIVE_INFINITY : operands.length];
}

function parse(args, options) {
    const config = Object.entries(options).map(([name, { value, short }]) => [
        name,
        { type: value === undefined ? 'boolean' : 'string', ...(short && { short }) },
    ]);
    try {
        return parseArgs({ args, options: Object.fromEntries(config), allowPositionals: true });
    } catch (cause) {
        throw new UsageError(cause.message);
    }
}

/**
 * The operands and options of a command line.
 *
 * @param {import('./commands.js').Command} command
 * @param {string[]} args what follows the command's name
 * @returns {{ operands: string[], options: Record<string, unknown> }} options by their names in camelCase
 */
function readArguments(command, args) {
    const specified = { ...command.options, ...COMMON };
    const { values, positionals: operands } = parse(args, specified);
    if (values.help) {
        return { operands: [], options: { help: true } };
    }
    const [least, most] = operandsOf(command);
    if (operands.length < least || operands.length > most) {
        const missing = operands.length < least ? command.operands[operands.length] : undefined;
        throw new UsageError(
            missing === undefined ? `too many arguments: '${operands[most]}'` : `${missing} is missing`,
        );
    }
    const options = {};
    for (const [name, text] of Object.entries(values)) {
        const { read = (same) => same } = specified[name];
        options[camelCase(name)] = read(text, `--${name}`);
    }
    return { operands, options };
}

function camelCase(name) {
    return name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
}

module.exports = { COMMON, readArguments };
