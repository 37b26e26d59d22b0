'use strict';

/** Counts what is under way, for a `close` that waits for it. */
class UnderWay {
    #count = 0;
    #waiting = [];

    /**
     * @template T
     * @param {() => T | Promise<T>} task
     * @returns {Promise<T>}
     */
    async run(task) {
        this.#count += 1;
        try {
            return await task();
        } finally {
            this.#count -= 1;
            if (this.#count === 0) {
                for (const resolve of this.#waiting.splice(0)) {
                    resolve();
                }
            }
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
