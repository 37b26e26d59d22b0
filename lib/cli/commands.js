'use strict';

/**
 * The commands, in the order of the help.
 *
 * @typedef {object} Command
 * @property {string} name
 * @property {string[]} operands what follows the name, such as `<key>...` or `[file]`
 * @property {string} about what it does, in a line
 * @property {string[]} [details] lines of the help
 * @property {Record<string, import('./option.js').Option>} options beside the common ones
 * @property {(context: import('./run.js').Context) => Promise<number | undefined>} run resolves to the exit code, or to
 * nothing where it is done
 */

/** @type {Command[]} */
const COMMANDS = [
    require('./commands/stats.js'),
    require('./commands/get.js'),
    require('./commands/set.js'),
    require('./commands/delete.js'),
    require('./commands/keys.js'),
    require('./commands/find.js'),
    require('./commands/view.js'),
    require('./commands/verify.js'),
    require('./commands/repair.js'),
    require('./commands/compact.js'),
    require('./commands/backup.js'),
    require('./commands/restore.js'),
    require('./commands/export.js'),
    require('./commands/import.js'),
];

/** @returns {Command | undefined} */
function commandOf(name) {
    return COMMANDS.find((command) => command.name === name);
}

module.exports = { COMMANDS, commandOf };
