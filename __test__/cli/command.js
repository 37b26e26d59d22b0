'use strict';

/** The command line as a child process. */

const { spawn } = require('node:child_process');
const path = require('node:path');
const { ROOT } = require('../support.js');

const BIN = path.join(ROOT, 'bin', 'kixx-datastore.js');

/** Starts a command; its streams are pipes. */
function start(...args) {
    return spawn(process.execPath, [BIN, ...args], { stdio: 'pipe' });
}

/**
 * Waits for the end of a command.
 *
 * @param {import('node:child_process').ChildProcessWithoutNullStreams} child
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
function ended(child) {
    const told = { stdout: '', stderr: '' };
    for (const name of Object.keys(told)) {
        child[name].setEncoding('utf8').on('data', (text) => {
            told[name] += text;
        });
    }
    return new Promise((resolve, reject) => {
        child.on('error', reject).on('close', (code) => resolve({ code, ...told }));
    });
}

/** Runs a command with nothing on stdin. */
function command(...args) {
    return fed('', ...args);
}

/** Runs a command with a text on stdin. */
function fed(text, ...args) {
    const child = start(...args);
    child.stdin.on('error', () => {}).end(text);
    return ended(child);
}

/** What a command says that has to work, as text. */
async function said(...args) {
    const { code, stdout, stderr } = await command(...args);
    if (code !== 0 || stderr !== '') {
        throw new Error(`${args.join(' ')}: ${code} ${stderr}`);
    }
    return stdout;
}

/** The values of lines of JSON. */
function values(text) {
    return text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
}

module.exports = { BIN, command, ended, fed, said, start, values };
