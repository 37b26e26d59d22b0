'use strict';

/** A task that runs once, however often it is asked for; after a failure it can be tried again. */
class Once {
    #task;
    #running = null;

    /** @param {() => Promise<unknown>} task */
    constructor(task) {
        this.#task = task;
    }

    run() {
        this.#running ??= this.#task().catch((error) => {
            this.#running = null;
            throw error;
        });
        return this.#running;
    }

    /** The next call runs the task again. */
    forget() {
        this.#running = null;
    }
}

module.exports = { Once };
