'use strict';

/** The most that was seen of what a store lets wait, and of memory. */

const INTERVAL_MS = 50;

class Peaks {
    #store;
    #filesBehind = 0;
    #rss = 0;
    #timer = setInterval(() => this.#look(), INTERVAL_MS);

    /** Looks at a store now and then, as far as the event loop lets it. */
    constructor(store) {
        this.#store = store;
    }

    /** `{ filesBehind, rss }`: documents and MB. */
    end() {
        clearInterval(this.#timer);
        this.#look();
        return { filesBehind: this.#filesBehind, rss: this.#rss / 2 ** 20 };
    }

    #look() {
        this.#filesBehind = Math.max(this.#filesBehind, this.#store.stats?.().filesBehind ?? 0);
        this.#rss = Math.max(this.#rss, process.memoryUsage.rss());
    }
}

module.exports = { Peaks };
