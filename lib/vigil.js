'use strict';

/**
 * Keeps the event loop awake over answers that will come soon.
 *
 * A loop with nothing to do sleeps in the system, and to wake it up takes longer than a small write, most of all on virtual
 * machines. So where the last answers came soon, the loop goes round until the next one is there, or is late. Nothing else
 * waits for that: a turn of the loop is a turn for all. `Patience` in `src/engine/patience.rs` is the same on the other side.
 */

const os = require('node:os');
const { performance } = require('node:perf_hooks');
const { setImmediate } = require('node:timers');

/** Milliseconds up to which an answer comes soon, and the loop is kept awake for it. */
const SOON = 0.2;

/** So many answers in a row that came soon make another one likely. */
const LIKELY = 2;

/** Where there is one processor, staying awake would keep away what is waited for. */
const IS_ALONE = os.availableParallelism() === 1;

class Vigil {
    /** Answers in a row that came soon. */
    #soon = 0;
    #until = 0;
    #isKept = false;
    #isDue;

    /** @param {() => boolean} isDue whether an answer is waited for */
    constructor(isDue) {
        this.#isDue = isDue;
    }

    /** Something was asked for. Tells when, for `end`. */
    begin() {
        const now = performance.now();
        if (this.#soon >= LIKELY && !IS_ALONE) {
            this.#until = now + SOON;
            this.#keep();
        }
        return now;
    }

    /** The answer came to what was asked for at that time. Tells how many milliseconds it took. */
    end(begun) {
        const took = performance.now() - begun;
        this.#soon = took < SOON ? this.#soon + 1 : 0;
        return took;
    }

    #keep() {
        if (!this.#isKept) {
            this.#isKept = true;
            setImmediate(this.#turn);
        }
    }

    #turn = () => {
        this.#isKept = false;
        if (this.#isDue() && performance.now() < this.#until) {
            this.#keep();
        }
    };
}

module.exports = { Vigil };
