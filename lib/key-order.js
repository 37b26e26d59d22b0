'use strict';

const { AsyncResource } = require('node:async_hooks');

/**
 * Writes to one key happen in the order of the calls; other keys go on.
 *
 * Plain writes to a key may be under way together, because the engine keeps their order. One that has to see what the
 * ones before it made (an update) is alone: it waits for all before it, and all after it wait for it.
 *
 * @typedef {object} Write
 * @property {string} key
 * @property {boolean} alone
 * @property {import('./update-context.js').Turn} [turn] its own turn, where it is an update
 * @property {import('./update-context.js').Turn} [by] the update that it was called inside of
 */
class KeyOrder {
    /** @type {Map<string, { active: Set<Write>, waiting: (Write & { start: () => void })[] }>} */
    #keys = new Map();

    /**
     * Runs `task` in its turn. What it does before its first `await` happens in the order of the calls.
     *
     * @template T
     * @param {Write} write
     * @param {() => Promise<T>} task
     * @returns {Promise<T>}
     */
    run(write, task) {
        const queue = this.#keys.get(write.key);
        if (queue === undefined) {
            this.#keys.set(write.key, { active: new Set([write]), waiting: [] });
            return this.#start(write, task);
        }
        const [first] = queue.active;
        if (!write.alone && !first.alone && queue.waiting.length === 0) {
            queue.active.add(write);
            return this.#start(write, task);
        }
        write.by?.waiting.add(write);
        return new Promise((resolve) => {
            // It is started by whoever leaves, but belongs to its caller: so does what `AsyncLocalStorage` tells in it.
            write.start = AsyncResource.bind(() => {
                write.by?.waiting.delete(write);
                resolve(this.#start(write, task));
            });
            queue.waiting.push(write);
        });
    }

    /**
     * Whether a write, called inside of an update, would wait for that update, directly or around several corners.
     *
     * @param {Write} write not run yet
     */
    wouldWaitForItself(write) {
        const own = new Set();
        for (let turn = write.by; turn !== undefined; turn = turn.outer) {
            own.add(turn);
        }
        const seen = new Set();
        const ahead = this.#ahead(write);
        while (ahead.length > 0) {
            const { turn } = ahead.pop();
            if (turn === undefined || seen.has(turn)) {
                continue;
            }
            if (own.has(turn)) {
                return true;
            }
            seen.add(turn);
            for (const nested of turn.waiting) {
                ahead.push(...this.#ahead(nested));
            }
        }
        return false;
    }

    /** The writes that one has to wait for, which may be queued already. */
    #ahead(write) {
        const queue = this.#keys.get(write.key);
        if (queue === undefined) {
            return [];
        }
        const place = queue.waiting.indexOf(write);
        return [...queue.active, ...(place === -1 ? queue.waiting : queue.waiting.slice(0, place))];
    }

    async #start(write, task) {
        try {
            return await task();
        } finally {
            this.#leave(write);
        }
    }

    #leave(write) {
        const queue = this.#keys.get(write.key);
        queue.active.delete(write);
        if (queue.active.size > 0) {
            return;
        }
        const next = takeTurn(queue.waiting);
        if (next.length === 0) {
            this.#keys.delete(write.key);
            return;
        }
        queue.active = new Set(next);
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
