'use strict';

const { AsyncResource } = require('node:async_hooks');
const { checkNotAborted } = require('./abort.js');

/** A call that is answered later. */
class PendingCall {
    /** Whether nobody waits for it any more. */
    isOver = false;
    #onProgress;
    #discard;
    #done = 0;

    constructor(onProgress, discard) {
        // Told by the native side, it still runs in the context of its caller.
        this.#onProgress = onProgress && AsyncResource.bind(onProgress);
        this.#discard = discard;
        this.answered = new Promise((resolve, reject) => {
            this.resolve = resolve;
            this.reject = reject;
        });
    }

    abort(signal) {
        try {
            checkNotAborted(signal);
        } catch (error) {
            this.reject(error);
        }
    }

    /** Steps come from several threads, and a smaller one may come later. */
    tell(done, total) {
        if (done <= this.#done || this.isOver) {
            return;
        }
        this.#done = done;
        this.#call(done, total);
    }

    /** The answer came. Where there was nothing to count, the end is told all the same. */
    answer(payload) {
        const isText = typeof payload === 'string';
        if (this.isOver && isText) {
            this.#discard?.(JSON.parse(payload));
        } else if (this.#onProgress !== undefined && this.#done === 0 && isText) {
            this.#call(0, 0);
        }
        this.resolve(payload);
    }

    #call(done, total) {
        try {
            this.#onProgress.call(undefined, { done, total });
        } catch (error) {
            this.reject(error);
        }
    }
}

module.exports = { PendingCall };
