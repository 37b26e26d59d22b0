'use strict';

/** Clocks around operations. */

const { monitorEventLoopDelay } = require('node:perf_hooks');
const { setImmediate: nextTurn } = require('node:timers/promises');
const { percentile } = require('./statistics.js');

/** The clock is read after so many milliseconds of operations, not after each. */
const BATCH_MS = 5;

/** The same, where the event loop has to turn: as long as a timer of it waits at the least. */
const TURN_MS = 1;

const MOST_SAMPLES = 100_000;

/** Runs an operation again and again; it never gets the same number twice. */
class Meter {
    #operation;
    #inFlight;
    #turns;
    #turn = 0;
    #batch = 1;

    /**
     * @param {(turn: number) => Promise<unknown>} operation
     * @param {number} inFlight how many are started before the first has to end
     * @param {boolean} turns whether the event loop turns now and then, for somebody else's sake
     */
    constructor(operation, inFlight, turns = false) {
        this.#operation = operation;
        this.#inFlight = inFlight;
        this.#turns = turns;
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
        const batch = this.#turns ? TURN_MS : BATCH_MS;
        let done = 0;
        for (;;) {
            for (const end = done + this.#batch; done < end; done += 1) {
                await operation(this.#turn++);
            }
            if (this.#turns) {
                await nextTurn();
            }
            const elapsed = performance.now() - started;
            if (elapsed >= seconds * 1_000) {
                return { done, elapsed };
            }
            this.#batch = Math.max(1, Math.floor((done / elapsed) * batch));
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

    /**
     * How long a timer of the event loop had to wait, in milliseconds, of which one is its own, while an operation was
     * done in every turn.
     */
    async delay(seconds) {
        globalThis.gc();
        const histogram = monitorEventLoopDelay({ resolution: 1 });
        const deadline = performance.now() + seconds * 1_000;
        histogram.enable();
        // The histogram's own timer has to fire at least once.
        for (let isFirst = true; isFirst || histogram.count === 0 || performance.now() < deadline; isFirst = false) {
            await this.#operation(this.#turn++);
            await nextTurn();
        }
        histogram.disable();
        const milliseconds = (nanoseconds) => nanoseconds / 1e6;
        return {
            p50: milliseconds(histogram.percentile(50)),
            p99: milliseconds(histogram.percentile(99)),
            max: milliseconds(histogram.max),
        };
    }
}

module.exports = { Meter };
