'use strict';

/** Runs a program under strace, and reads what it tells. */

const { spawnSync } = require('node:child_process');

/** Why strace cannot be used here; `null` where it can. */
function strangerToStrace() {
    const { error, status, stderr } = spawnSync('strace', ['-o', '/dev/null', 'true'], { encoding: 'utf8' });
    if (error) {
        return 'strace is not installed';
    }
    return status === 0 ? null : `strace may not be used here: ${stderr.trim().split('\n')[0]}`;
}

/**
 * A system call that has returned.
 *
 * @typedef {object} Call
 * @property {string} name
 * @property {(string | number | Buffer)[]} args strings as bytes; numbers; flags as text
 * @property {number} result -1 where it failed
 * @property {string} [error] `ENOSPC`
 */

/**
 * Reads the output of `strace -f -xx`, in the order of the lines.
 *
 * @returns {Generator<{ begins?: true, inDoubt?: true, thread: string, call: Call }>} each call is told when it begins, as
 * if it went well, and again with its result when it ends; at the end of all those that the end of their process cut off
 */
function* callsIn(text) {
    const begun = new Map();
    for (const line of text.split('\n')) {
        const [, thread, rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
        if (rest === undefined || rest.startsWith('+++') || rest.startsWith('---')) {
            continue;
        }
        const [, begin] = /^(.*?),? <unfinished \.\.\.>\)?/.exec(rest) ?? [];
        if (begin !== undefined) {
            begun.set(thread, begin);
            yield { begins: true, thread, call: parse(`${begin}) = 0`) };
            continue;
        }
        const [, resumed] = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest) ?? [];
        const call = parse(resumed === undefined ? rest : `${begun.get(thread)}${resumed}`);
        if (call === null) {
            continue;
        }
        if (resumed === undefined) {
            yield { begins: true, thread, call };
        }
        begun.delete(thread);
        yield { thread, call };
    }
    for (const [thread, begin] of begun) {
        yield { inDoubt: true, thread, call: parse(`${begin}) = 0`) };
    }
}

/** @returns {Call | null} */
function parse(text) {
    const [, name, list, result, rest] = /^(\w+)\((.*)\) += (-?\d+)(.*)$/.exec(text) ?? [];
    if (name === undefined) {
        return null;
    }
    return { name, args: argumentsIn(list), result: Number(result), error: /^ (E[A-Z]+)/.exec(rest)?.[1] };
}

function argumentsIn(list) {
    return [...list.matchAll(/"((?:\\x[0-9a-f]{2})*)"|([^",]+)/g)]
        .map(([, hex, plain]) => (hex === undefined ? plain.trim() : Buffer.from(hex.replaceAll('\\x', ''), 'hex')))
        .filter((argument) => argument !== '')
        .map((argument) => (/^-?\d+$/.test(argument) ? Number(argument) : argument));
}

module.exports = { callsIn, strangerToStrace };
