'use strict';

/** How long the last of many things took. To add one takes no memory. */

/** So many are kept. */
const KEPT = 1_024;

class Latencies {
    #ring = new Float64Array(KEPT);
    #count = 0;

    /** @param {number} milliseconds */
    add(milliseconds) {
        this.#ring[this.#count % KEPT] = milliseconds;
        this.#count += 1;
    }

    /** How many there ever were, and of those kept the median, the 99th percentile and the longest, by nearest rank. */
    stats() {
        const sorted = this.#ring.slice(0, Math.min(this.#count, KEPT)).sort();
        const rank = (share) => sorted[Math.ceil(share * sorted.length) - 1] ?? null;
        return { count: this.#count, measured: sorted.length, p50: rank(0.5), p99: rank(0.99), max: rank(1) };
    }
}

module.exports = { Latencies };
