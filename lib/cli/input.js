'use strict';

/** What a command is given: on its command line, or by stdin where that says `-`. */

const { addAbortSignal } = require('node:stream');
const { UsageError } = require('./failure.js');

const STDIN = '-';

class Input {
    #open;
    #signal;
    #isTaken = false;

    /**
     * @param {() => NodeJS.ReadableStream} open
     * @param {AbortSignal} signal
     */
    constructor(open, signal) {
        this.#open = open;
        this.#signal = signal;
    }

    /** The bytes of stdin, as they come. Can be had once. */
    stream() {
        if (this.#isTaken) {
            throw new UsageError("stdin, '-', can be read once");
        }
        this.#isTaken = true;
        return addAbortSignal(this.#signal, this.#open());
    }

    /** A JSON value: the argument, or with `-` what stdin says. */
    async json(argument, name) {
        const text = argument === STDIN ? await this.#text() : argument;
        try {
            return JSON.parse(text);
        } catch (cause) {
            throw new UsageError(`${name} is not JSON`, { cause });
        }
    }

    /** Keys: the arguments, with `-` replaced by the lines of stdin. */
    async keys(given) {
        const keys = [];
        for (const argument of given) {
            if (argument === STDIN) {
                const lines = (await this.#text()).split(/\r?\n/);
                keys.push(...lines.filter((line) => line !== ''));
            } else {
                keys.push(argument);
            }
        }
        return keys;
    }

    async #text() {
        const decoder = new TextDecoder('utf-8', { fatal: true });
        let text = '';
        try {
            for await (const bytes of this.stream()) {
                text += decoder.decode(bytes, { stream: true });
            }
            return text + decoder.decode();
        } catch (cause) {
            if (cause.code === 'ERR_ENCODING_INVALID_ENCODED_DATA') {
                throw new UsageError('stdin is not UTF-8', { cause });
            }
            throw cause;
        }
    }
}

module.exports = { Input, STDIN };
