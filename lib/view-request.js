'use strict';

/** What somebody asks of a view, and waits for while the view is brought to the moment of the call. */

const { AsyncResource } = require('node:async_hooks');
const { aborted } = require('./abort.js');

class ViewRequest {
    /** The sequence that it is answered for. */
    moment;
    isSettled = false;
    #answer;
    #discard;
    #total;
    #done = 0;
    #onProgress;
    #signal;
    #onAbort;
    #value;
    #failure = null;
    #resolve;
    #reject;

    /**
     * @param {number} moment
     * @param {number | undefined} total how many documents have to be mapped for it, where somebody wants to know
     * @param {{ answer: () => unknown, discard?: (answer: unknown) => void }} acts makes its answer when the view has
     * arrived at the moment; takes it back where nobody wants it any more
     * @param {{ signal?: AbortSignal, onProgress?: Function }} options
     */
    constructor(moment, total, { answer, discard }, { signal, onProgress }) {
        this.moment = moment;
        this.#total = total;
        this.#answer = answer;
        this.#discard = discard;
        this.#signal = signal;
        // Others may drive the build: the function still runs in the context of its own caller.
        this.#onProgress = onProgress && AsyncResource.bind(onProgress);
    }

    /** Calls `leave` where it is aborted. */
    listen(leave) {
        if (this.#signal !== undefined) {
            this.#onAbort = () => {
                leave();
                this.reject(aborted(this.#signal));
            };
            this.#signal.addEventListener('abort', this.#onAbort, { once: true });
        }
    }

    get tellsProgress() {
        return this.#onProgress !== undefined;
    }

    /** Tells how far the build is, by how many documents are still to be mapped. */
    progress(left) {
        const done = this.#total - left;
        if (done > this.#done) {
            this.#done = done;
            this.#tell();
        }
    }

    /** Makes the answer; gives out what settles the request, to be called when it is in nobody's way any more. */
    prepare() {
        try {
            const value = this.#answer();
            return () => this.#finish(value);
        } catch (error) {
            return () => this.reject(error);
        }
    }

    #finish(value) {
        if (this.#onProgress !== undefined && (this.#done < this.#total || this.#total === 0)) {
            this.#done = this.#total;
            this.#tell();
        }
        if (!this.isSettled) {
            this.#settle();
            this.#value = value;
            this.#resolve?.(value);
        } else {
            this.#discard?.(value);
        }
    }

    /** What the function throws is what the caller gets. */
    #tell() {
        try {
            this.#onProgress.call(undefined, { done: this.#done, total: this.#total });
        } catch (error) {
            this.reject(error);
        }
    }

    reject(error) {
        if (!this.isSettled) {
            this.#settle();
            this.#failure = { error };
            this.#reject?.(error);
        }
    }

    #settle() {
        this.isSettled = true;
        this.#signal?.removeEventListener?.('abort', this.#onAbort);
    }

    /** The answer where it is there already, else a promise of it. */
    outcome() {
        if (!this.isSettled) {
            return new Promise((resolve, reject) => {
                this.#resolve = resolve;
                this.#reject = reject;
            });
        }
        if (this.#failure !== null) {
            throw this.#failure.error;
        }
        return this.#value;
    }
}

module.exports = { ViewRequest };
