'use strict';

const { AsyncResource } = require('node:async_hooks');
const { checkNotAborted } = require('./abort.js');
const { AbortError } = require('./errors.js');

/** A call that is answered later. */
class PendingCall {
    /** Whether nobody waits for it any more. */
    isOver = false;
    #onProgress;
    #discard;
    #giveUp;
    #failure;
    #done = 0;

    /**
     * @param {((progress: { done: number, total: number }) => void) | undefined} onProgress
     * @param {((answer: unknown) => void) | undefined} discard takes back an answer that comes too late
     * @param {(() => void) | undefined} giveUp ends the work of a call that is answered even so: it tidies up before
     */
    constructor(onProgress, discard, giveUp) {
        // Told by the native side, it still runs in the context of its caller.
        this.#onProgress = onProgress && AsyncResource.bind(onProgress);
        this.#discard = discard;
        this.#giveUp = giveUp;
        this.answered = new Promise((resolve, reject) => {
            this.resolve = resolve;
            this.reject = reject;
        });
    }

    abort(signal) {
        try {
            checkNotAborted(signal);
        } catch (error) {
            this.#fail(error);
        }
    }

    /** The store is closed. What tidies up is told to, and answers by itself. */
    refuse(error) {
        if (this.#giveUp === undefined) {
            this.reject(error);
        } else {
            this.#giveUp();
        }
    }

    /** Steps come from several threads, and a smaller one may come later. */
    tell(done, total) {
        if (done <= this.#done || this.isOver || this.#failure !== undefined) {
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
        // What was done before it heard of the signal is done.
        if (this.#failure === undefined || (isText && this.#failure instanceof AbortError)) {
            this.resolve(payload);
        } else {
            this.reject(this.#failure);
        }
    }

    #call(done, total) {
        try {
            this.#onProgress.call(undefined, { done, total });
        } catch (error) {
            this.#fail(error);
        }
    }

    #fail(error) {
        if (this.#giveUp === undefined) {
            this.reject(error);
        } else {
            this.#failure ??= error;
            this.#giveUp();
        }
    }
}

module.exports = { PendingCall };
