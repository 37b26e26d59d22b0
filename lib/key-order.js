'use strict';

const { AsyncResource } = require('node:async_hooks');

/**
 * Writes to one key happen in the order of the calls; other keys go on.
 *
 * Plain writes to a key may be under way together, because the engine keeps their order. One that has to see what the
 * ones before it made (an update) is alone: it waits for all before it, and all after it wait for it.
 */
class KeyOrder {
    /** @type {Map<string, { active: number, alone: boolean, waiting: { alone: boolean, start: () => void }[] }>} */
    #keys = new Map();

    /**
     * Runs `task` in its turn. What it does before its first `await` happens in the order of the calls.
     *
     * @template T
     * @param {string} key
     * @param {boolean} alone
     * @param {() => Promise<T>} task
     * @returns {Promise<T>}
     */
    run(key, alone, task) {
        const turn = this.#keys.get(key);
        if (turn === undefined) {
            this.#keys.set(key, { active: 1, alone, waiting: [] });
            return this.#start(key, task);
        }
        if (!alone && !turn.alone && turn.waiting.length === 0) {
            turn.active += 1;
            return this.#start(key, task);
        }
        return new Promise((resolve) => {
            // It is started by whoever leaves, but belongs to its caller: so does what `AsyncLocalStorage` tells in it.
            turn.waiting.push({ alone, start: AsyncResource.bind(() => resolve(this.#start(key, task))) });
        });
    }

    async #start(key, task) {
        try {
            return await task();
        } finally {
            this.#leave(key);
        }
    }

    #leave(key) {
        const turn = this.#keys.get(key);
        turn.active -= 1;
        if (turn.active > 0) {
            return;
        }
        const next = takeTurn(turn.waiting);
        if (next.length === 0) {
            this.#keys.delete(key);
            return;
        }
        turn.active = next.length;
        turn.alone = next[0].alone;
        for (const { start } of next) {
            start();
        }
    }
}

/** The next one, or all up to the next that has to be alone. */
function takeTurn(waiting) {
    const firstAlone = waiting.findIndex(({ alone }) => alone);
    if (firstAlone === -1) {
        return waiting.splice(0);
    }
    return waiting.splice(0, Math.max(firstAlone, 1));
}

module.exports = { KeyOrder };
