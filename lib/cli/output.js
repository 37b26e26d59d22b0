'use strict';

/** Data on its way to stdout: whole lines, some thousand characters at a time, no faster than they are taken. */

/** So many characters are gathered before they are written. */
const GATHERED = 1 << 15;

class Output {
    /** Whether one JSON value, or one a line, is wanted instead of text for people. */
    json;
    /** Whether nobody reads it any more. */
    isBroken = false;
    #stream;
    #lines = [];
    #length = 0;

    /**
     * @param {NodeJS.WritableStream} stream
     * @param {boolean} json
     */
    constructor(stream, json) {
        this.#stream = stream;
        this.json = json;
        // Every write hears of its own failure; without a listener the first one would end the process.
        stream.on('error', () => {});
    }

    /** Writes a value: as JSON on a line, or as the text that `text` makes of it. */
    async put(value, text) {
        await this.line(this.json ? JSON.stringify(value) : text(value));
    }

    /** Writes a line. */
    async line(text) {
        this.#lines.push(text);
        this.#length += text.length;
        if (this.#length >= GATHERED) {
            await this.flush();
        }
    }

    /** Resolves when everything was taken. */
    async flush() {
        if (this.#lines.length === 0) {
            return;
        }
        const text = `${this.#lines.join('\n')}\n`;
        [this.#lines, this.#length] = [[], 0];
        await new Promise((resolve, reject) => {
            this.#stream.write(text, (error) => {
                this.isBroken ||= error?.code === 'EPIPE';
                if (error) {
                    reject(error);
                } else {
                    resolve();
                }
            });
        });
    }
}

module.exports = { Output };
