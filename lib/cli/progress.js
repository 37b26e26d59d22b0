'use strict';

/** How far it is, on a terminal: one line on stderr that is gone in the end. */

/** What is done sooner needs no bar. */
const PATIENCE = 200;

/** Milliseconds from one drawing to the next. */
const INTERVAL = 50;

const WIDTH = 30;

const CLEAR = '\r\u001b[K';

class Progress {
    #stream;
    #now;

    /**
     * @param {NodeJS.WriteStream} stream nothing is drawn unless it is a terminal
     * @param {() => number} [now] milliseconds
     */
    constructor(stream, now = () => performance.now()) {
        this.#stream = stream;
        this.#now = now;
    }

    /**
     * Runs something with a function to be told how far it is; `undefined` where nobody would see it.
     *
     * @template Result
     * @param {string} label
     * @param {(tell: undefined | ((at: { done: number, total?: number }) => void)) => Promise<Result>} run
     * @returns {Promise<Result>}
     */
    async during(label, run) {
        if (this.#stream.isTTY !== true || process.env.TERM === 'dumb') {
            return run(undefined);
        }
        let due = this.#now() + PATIENCE;
        let isDrawn = false;
        const tell = ({ done, total }) => {
            if (this.#now() >= due) {
                due = this.#now() + INTERVAL;
                isDrawn = true;
                this.#stream.write(`${CLEAR}${bar(label, done, total)}`);
            }
        };
        try {
            return await run(tell);
        } finally {
            if (isDrawn) {
                this.#stream.write(CLEAR);
            }
        }
    }
}

function bar(label, done, total) {
    const count = done.toLocaleString('en-US');
    if (total === undefined) {
        return `${label} ${count}`;
    }
    const part = total === 0 ? 1 : Math.min(done / total, 1);
    const full = Math.floor(part * WIDTH);
    const drawn = '#'.repeat(full) + '.'.repeat(WIDTH - full);
    return `${label} [${drawn}] ${Math.floor(part * 100)} % of ${total.toLocaleString('en-US')}`;
}

module.exports = { Progress };
