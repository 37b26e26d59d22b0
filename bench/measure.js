'use strict';

/** Clocks around operations. */

const { percentile } = require('./statistics.js');

/** The clock is read after so many milliseconds of operations, not after each. */
const BATCH_MS = 5;

const MOST_SAMPLES = 100_000;

/** Runs an operation again and again; it never gets the same number twice. */
class Meter {
    #operation;
    #inFlight;
    #turn = 0;
    #batch = 1;

    /**
     * @param {(turn: number) => Promise<unknown>} operation
     * @param {number} inFlight how many are started before the first has to end
     */
    constructor(operation, inFlight) {
        this.#operation = operation;
        this.#inFlight = inFlight;
    }

    /** Operations per second, over about so many seconds (at least one operation). */
    async rate(seconds) {
        const { done, elapsed } = await this.run(seconds);
        return (done / elapsed) * 1_000;
    }

    /** The same as `{ done, elapsed }`: operations and milliseconds. */
    async run(seconds) {
        globalThis.gc();
        return this.#inFlight === 1 ? this.#oneAtATime(seconds) : this.#manyAtATime(seconds);
    }

    async #oneAtATime(seconds) {
        const operation = this.#operation;
        const started = performance.now();
        let done = 0;
        for (;;) {
            for (const end = done + this.#batch; done < end; done += 1) {
                await operation(this.#turn++);
            }
            const elapsed = performance.now() - started;
            if (elapsed >= seconds * 1_000) {
                return { done, elapsed };
            }
            this.#batch = Math.max(1, Math.floor((done / elapsed) * BATCH_MS));
        }
    }

    /** Lanes, of which each starts its next operation when its last one has ended. */
    async #manyAtATime(seconds) {
        const operation = this.#operation;
        const started = performance.now();
        const deadline = started + seconds * 1_000;
        let done = 0;
        const lane = async () => {
            while (performance.now() < deadline) {
                await operation(this.#turn++);
                done += 1;
            }
        };
        await Promise.all(Array.from({ length: this.#inFlight }, lane));
        return { done, elapsed: performance.now() - started };
    }

    /** Milliseconds of one operation. */
    async once() {
        globalThis.gc();
        const started = performance.now();
        await this.#operation(this.#turn++);
        return performance.now() - started;
    }

    /** Microseconds of single operations; the clock itself is in them, less than 0.1 us. */
    async latency(seconds) {
        globalThis.gc();
        const operation = this.#operation;
        const samples = [];
        const deadline = performance.now() + seconds * 1_000;
        for (let ended = 0; ended < deadline && samples.length < MOST_SAMPLES; ) {
            const started = performance.now();
            await operation(this.#turn++);
            ended = performance.now();
            samples.push((ended - started) * 1_000);
        }
        samples.sort((a, b) => a - b);
        return { p50: percentile(samples, 0.5), p99: percentile(samples, 0.99) };
    }
}

module.exports = { Meter };
