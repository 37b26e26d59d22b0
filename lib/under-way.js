'use strict';

/** Counts what is under way, for a `close` that waits for it. */
class UnderWay {
    #count = 0;
    #waiting = [];

    begin() {
        this.#count += 1;
    }

    end() {
        this.#count -= 1;
        if (this.#count === 0) {
            for (const resolve of this.#waiting.splice(0)) {
                resolve();
            }
        }
    }

    /**
     * @template T
     * @param {() => T | Promise<T>} task
     * @returns {Promise<T>}
     */
    async run(task) {
        this.begin();
        try {
            return await task();
        } finally {
            this.end();
        }
    }

    /** Resolves when nothing is under way, at once where nothing is. */
    async settled() {
        if (this.#count > 0) {
            await new Promise((resolve) => this.#waiting.push(resolve));
        }
    }
}

module.exports = { UnderWay };
