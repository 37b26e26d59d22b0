'use strict';

const { AsyncResource } = require('node:async_hooks');

/**
 * Writes to one key happen in the order of the calls; other keys go on.
 *
 * Plain writes to a key may be under way together, because the engine keeps their order. One that has to see what the
 * ones before it made (an update) is alone: it waits for all before it, and all after it wait for it. A write of several
 * keys (a batch) takes its place in all their queues in one step, so that no two of them wait for each other.
 *
 * @typedef {object} Write
 * @property {string[]} keys
 * @property {boolean} alone
 * @property {import('./update-context.js').Turn} [turn] its own turn, where it is an update
 * @property {import('./update-context.js').Turn} [by] the function that it was called inside of
 *
 * @typedef {object} Queue
 * @property {Write[]} active those whose turn it is: under way, or waiting for their turn in other queues
 * @property {(Write & { missing: number, start: () => void })[]} waiting
 */
class KeyOrder {
    /** @type {Map<string, Queue>} */
    #queues = new Map();

    /**
     * Runs `task` in its turn. What it does before its first `await` happens in the order of the calls.
     *
     * @template T
     * @param {Write} write
     * @param {() => Promise<T>} task
     * @returns {Promise<T>}
     */
    run(write, task) {
        if (!write.keys.every((key) => this.#letsIn(key, write))) {
            return this.#wait(write, task);
        }
        for (const key of write.keys) {
            this.#enter(key, write);
        }
        return this.#start(write, task);
    }

    /**
     * The key for which a write, called inside of an update, would wait for that update, directly or around several
     * corners; `undefined` where it would not.
     *
     * @param {Write} write not run yet
     */
    wouldWaitForItself(write) {
        const own = new Set(turnsAround(write));
        const seen = new Set();
        return write.keys.find((key) => this.#leadsTo(own, this.#aheadIn(key, write), seen));
    }

    /** Whether one of `own` is among the turns that have to end before all of `ahead` have. */
    #leadsTo(own, ahead, seen) {
        while (ahead.length > 0) {
            const other = ahead.pop();
            if (seen.has(other)) {
                continue;
            }
            seen.add(other);
            if (own.has(other.turn)) {
                return true;
            }
            // One of a single key is behind none that is not ahead of what brought us here.
            const waiting = other.keys.length > 1 ? [other] : [];
            for (const nested of [...waiting, ...(other.turn?.waiting ?? [])]) {
                for (const next of nested.keys.flatMap((key) => this.#aheadIn(key, nested))) {
                    ahead.push(next);
                }
            }
        }
        return false;
    }

    /** The writes that one has to wait for in the queue of a key, where it may stand already. */
    #aheadIn(key, write) {
        const queue = this.#queues.get(key);
        if (queue === undefined || queue.active.includes(write)) {
            return [];
        }
        const place = queue.waiting.indexOf(write);
        return [...queue.active, ...(place === -1 ? queue.waiting : queue.waiting.slice(0, place))];
    }

    #letsIn(key, write) {
        const queue = this.#queues.get(key);
        if (queue === undefined) {
            return true;
        }
        return !write.alone && !queue.active[0].alone && queue.waiting.length === 0;
    }

    async #start(write, task) {
        try {
            return await task();
        } finally {
            this.#leave(write);
        }
    }

    #enter(key, write) {
        const queue = this.#queues.get(key);
        if (queue === undefined) {
            this.#queues.set(key, { active: [write], waiting: [] });
        } else {
            queue.active.push(write);
        }
    }

    #wait(write, task) {
        // While it waits in one queue nothing may pass it in another, where it would be let in.
        write.alone ||= write.keys.length > 1;
        write.missing = 0;
        for (const key of write.keys) {
            if (this.#letsIn(key, write)) {
                this.#enter(key, write);
            } else {
                this.#queues.get(key).waiting.push(write);
                write.missing += 1;
            }
        }
        const turns = turnsAround(write);
        for (const turn of turns) {
            turn.waiting.add(write);
        }
        return new Promise((resolve) => {
            // It is started by whoever leaves, but belongs to its caller: so does what `AsyncLocalStorage` tells in it.
            write.start = AsyncResource.bind(() => {
                for (const turn of turns) {
                    turn.waiting.delete(write);
                }
                resolve(this.#start(write, task));
            });
        });
    }

    #leave(write) {
        const ready = [];
        for (const key of write.keys) {
            const queue = this.#queues.get(key);
            if (queue.active.length > 1) {
                // They end in their order: it is the first, as a rule.
                queue.active.splice(queue.active.indexOf(write), 1);
                continue;
            }
            const next = takeTurn(queue.waiting);
            if (next.length === 0) {
                this.#queues.delete(key);
                continue;
            }
            queue.active = next;
            for (const waiting of next) {
                waiting.missing -= 1;
                if (waiting.missing === 0) {
                    ready.push(waiting);
                }
            }
        }
        for (const { start } of ready) {
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

/** The turns that go on only when a write has: the one it was called inside of, the one around that, ... */
function turnsAround(write) {
    const turns = [];
    for (let turn = write.by; turn !== undefined; turn = turn.outer) {
        if (turn.running) {
            turns.push(turn);
        }
    }
    return turns;
}

module.exports = { KeyOrder };
