'use strict';

/** What the command line tells of itself, made of the commands' own descriptions. */

const { COMMON } = require('./arguments.js');
const { COMMANDS } = require('./commands.js');
const { NAME } = require('./failure.js');

const EXIT_CODES = [
    ['0', 'done'],
    ['1', 'it failed, found nothing under a key, or found something that is not in order'],
    ['2', 'the command line was wrong; nothing was changed'],
    ['130, 143', 'interrupted (SIGINT, SIGTERM); the store was closed properly'],
    ['141', 'whoever read stdout has left'],
];

function columns(rows) {
    const width = Math.max(...rows.map(([first]) => first.length)) + 2;
    return rows.map(([first, second]) => `  ${first.padEnd(width)}${second}`);
}

/** The command with its operands. */
function usageOf({ name, operands }) {
    return [name, ...operands].join(' ');
}

function optionOf([name, { value, short }]) {
    const long = value === undefined ? `--${name}` : `--${name} ${value}`;
    return short === undefined ? long : `-${short}, ${long}`;
}

function exitCodes() {
    return ['Exit codes:', ...columns(EXIT_CODES)];
}

/** The help of everything. */
function help() {
    const commands = COMMANDS.map((command) => [usageOf(command), command.about]);
    return [
        `Usage: ${NAME} <command> <directory> [arguments] [options]`,
        '',
        ...columns(commands),
        '',
        `${NAME} <command> --help tells more of one; --version tells which version this is.`,
        '',
        ...exitCodes(),
    ].join('\n');
}

/** The help of one command. */
function helpOf(command) {
    const options = Object.entries({ ...command.options, ...COMMON });
    return [
        `Usage: ${NAME} ${usageOf(command)} [options]`,
        '',
        `${command.about[0].toUpperCase()}${command.about.slice(1)}.`,
        ...(command.details === undefined ? [] : ['', ...command.details]),
        '',
        'Options:',
        ...columns(options.map((option) => [optionOf(option), option[1].about])),
        '',
        ...exitCodes(),
    ].join('\n');
}

/** The commands as a table in Markdown. */
function readmeTable() {
    const rows = COMMANDS.map((command) => {
        const options = Object.entries(command.options).map((option) => `\`${optionOf(option)}\``);
        return `| \`${usageOf(command)}\` | ${command.about} | ${options.join(' ')} |`;
    });
    return ['| command | what it does | options |', '|---|---|---|', ...rows].join('\n');
}

module.exports = { EXIT_CODES, help, helpOf, readmeTable };
