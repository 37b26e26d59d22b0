'use strict';

/** Another user of the same store, who does so much a second and no more. */

const INTERVAL_MS = 1;

class Client {
    #act;
    #rate;
    #turn = 0;
    #timer;
    #started;
    #done;
    #pending = new Set();

    /**
     * @param {(turn: number) => Promise<unknown>} act
     * @param {number} rate acts per second
     */
    constructor(act, rate) {
        this.#act = act;
        this.#rate = rate;
    }

    start() {
        this.#started = performance.now();
        this.#done = 0;
        this.#timer = setInterval(() => this.#catchUp(), INTERVAL_MS);
    }

    /** Resolves, when everything has ended, to how many acts there were in a second. */
    async stop() {
        clearInterval(this.#timer);
        const seconds = (performance.now() - this.#started) / 1_000;
        await Promise.all(this.#pending);
        return this.#done / seconds;
    }

    #catchUp() {
        const due = Math.floor(((performance.now() - this.#started) / 1_000) * this.#rate);
        for (; this.#done < due; this.#done += 1) {
            const act = this.#act(this.#turn++);
            this.#pending.add(act);
            act.finally(() => this.#pending.delete(act));
        }
    }
}

module.exports = { Client };
