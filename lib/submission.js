'use strict';

/** Writes on their way to the native side. */

/** What a write does; the numbers of `src/node/write.rs`. */
const Action = { SET: 0, SET_REQUIRED: 1, SET_ANYWAY: 2, PUT: 3, DELETE: 4, DELETE_REQUIRED: 5 };

/** Added to an action: the write is synced before it is answered. */
const SYNCED = 8;

/** Added to an action: it is answered with the revision, not the text. */
const BRIEF = 16;

/** For a number that is not there. */
const NONE = -1;

/** Code units of keys and documents that cross as one string, where they are several: what is longer lives where memory is dear. */
const LONGEST_JOINED = 1 << 14;

/**
 * @typedef {object} Write
 * @property {string} key
 * @property {string | null} text the document's JSON, `null` to delete
 * @property {number} action one of `Action`
 * @property {number} [sequence] the document's last change must be this one, 0 for none
 * @property {number} [revision] the stored revision must be this one
 * @property {boolean} [synced] whether to sync it before it is answered, though the store would not
 * @property {boolean} [brief] whether the revision is answer enough
 */
class Submission {
    #texts = [];
    #parts = [];
    #length = 0;
    #plan = [];

    /** @param {Write[]} [writes] */
    constructor(writes = []) {
        for (const write of writes) {
            this.add(write);
        }
    }

    /** @param {Write} write */
    add({ key, text, action, sequence = NONE, revision = NONE, synced = false, brief = false }) {
        const code = action + (synced ? SYNCED : 0) + (brief ? BRIEF : 0);
        const length = text === null ? 0 : text.length;
        if (this.#length > 0 && this.#length + length > LONGEST_JOINED) {
            this.#join();
        }
        this.#length += key.length + length;
        this.#parts.push(key, text ?? '');
        this.#plan.push(code, sequence, revision, key.length, text === null ? NONE : length);
    }

    /** As they cross: the texts of keys and documents, one after the other, and five numbers each. */
    take() {
        this.#join();
        return [this.#texts, Float64Array.from(this.#plan)];
    }

    /** What was added so far becomes one text. */
    #join() {
        this.#texts.push(this.#parts.join(''));
        this.#parts = [];
        this.#length = 0;
    }
}

module.exports = { Action, Submission };
