'use strict';

/** Random numbers that a seed makes again. */
class Dice {
    #state;

    constructor(seed) {
        this.#state = seed >>> 0;
    }

    /** From 0 to 1, without 1 (mulberry32). */
    next() {
        this.#state = (this.#state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
        mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    }

    /** A whole number from `low` to `high`, both included. */
    between(low, high) {
        return low + Math.floor(this.next() * (high - low + 1));
    }

    /** A whole number from `low` to `high`, small ones as often as large ones. */
    spread(low, high) {
        return Math.min(high, Math.round(low * (high / low) ** this.next()));
    }

    chance(share) {
        return this.next() < share;
    }

    pick(values) {
        return values[this.between(0, values.length - 1)];
    }

    /** So many different ones of the numbers below `below`. */
    distinct(count, below) {
        const numbers = new Set();
        while (numbers.size < Math.min(count, below)) {
            numbers.add(this.between(0, below - 1));
        }
        return [...numbers];
    }
}

module.exports = { Dice };
