'use strict';

/** npm, run for what it prints. */

const { spawnSync } = require('node:child_process');
const { npmCommand } = require('../setup.js');

/**
 * Runs npm in a folder and gives its output; what it complains of comes with the error.
 *
 * @throws {Error} with `status` and `stderr`
 */
function npm(args, cwd) {
    const [command, all, options] = npmCommand(args);
    const { error, status, stdout, stderr } = spawnSync(command, all, { cwd, encoding: 'utf8', ...options });
    if (error) {
        throw error;
    }
    if (status !== 0) {
        throw Object.assign(new Error(`npm ${args.join(' ')} failed: ${stderr.trim()}`), { status, stderr });
    }
    return stdout;
}

module.exports = { npm };
