'use strict';

/**
 * Documents kept as objects, so that a read need not parse its text again. What is kept is nobody's but the cache's: a
 * reader gets a copy.
 *
 * Whether a kept document is still the one stored is asked at every read: by the generation of its bucket
 * (`src/engine/generations.rs`), or by the engine, whose answers name the slot of a kept document in place of its text
 * where it is the version that they are to have (`src/node/kept.rs`).
 *
 * What goes is what was not read since the hand of a clock last came by. When there is no room, one in eight of those that
 * want to be kept moves the hand, and is let in where it points at such a one; so reading more than fits, again and again,
 * leaves most of it in peace.
 */

const { Cloners, copy } = require('./cloner.js');
const { parsed } = require('./decoder.js');

/**
 * Bytes that an object and its members take, for each byte of its text and beside them: as resident memory grew with documents of
 * some hundred bytes, with the room that the heap leaves free around them.
 */
const BYTES_PER_TEXT_BYTE = 3;
const BYTES_PER_ENTRY = 400;

/** One in so many is let in when there is no room; known to `src/node/kept.rs`, too. */
const LET_IN = 8;

/** A document that would take more than this part of the room is not kept. */
const LARGEST_PART = 8;

/** What the engine is told of the cache: that there is one, that it is full, and how many texts to pass over then. */
const KEEPS = 16;
const FEW = 32;
const SKIP_SHIFT = 8;

/**
 * @typedef {object} Kept
 * @property {string} key
 * @property {object | string} document its text, until it is read again
 * @property {((document: object) => object) | null} cloner `null` until it is read again
 * @property {number} sequence of its last change
 * @property {number} bucket
 * @property {number} generation of the bucket, as long as nothing in it has changed
 * @property {number} bytes
 * @property {number} slot its place on the clock, and its name in answers
 * @property {boolean} wasRead since the hand came by
 *
 * @typedef {[text: string, sequence: number, bucket: number, generation: number, document: object | string]} Entry
 *
 * @typedef {object} Source where documents come from
 * @property {(key: string) => object | null} document
 * @property {(key: string) => Entry | null} entry
 * @property {(bucket: number) => number} generation nobody's where another process committed what is not here yet
 * @property {(slot: number, sequence: number) => void} mark tells which version is kept where, 0 for none
 */

const yes = () => true;

class ObjectCache {
    hits = 0;
    misses = 0;
    bytes = 0;
    #source;
    #generation;
    #most;
    #cloners = new Cloners();
    /** @type {Map<string, Kept>} */
    #kept = new Map();
    /** @type {(Kept | null)[]} */
    #slots = [];
    #free = [];
    #hand = 0;
    #isFull = false;
    #turnedAway = 0;

    /**
     * @param {Source} source
     * @param {number} bytes how much may be kept; 0 keeps nothing
     */
    constructor(source, bytes) {
        this.#source = source;
        this.#generation = source.generation;
        this.#most = bytes;
    }

    get documents() {
        return this.#kept.size;
    }

    /** `{ size, documents, bytes, hits, misses }` */
    stats() {
        const { documents, bytes, hits, misses } = this;
        return { size: this.#most, documents, bytes, hits, misses };
    }

    /**
     * A document of the reader's own, or `null`.
     *
     * @param {() => boolean} [isCurrent] asked where the document is not kept; `undefined` is answered where it says no
     */
    get(key, isCurrent = yes) {
        const kept = this.#kept.get(key);
        if (kept !== undefined && this.#generation(kept.bucket) === kept.generation) {
            return this.copyOf(kept);
        }
        if (!isCurrent()) {
            return undefined;
        }
        this.misses += 1;
        if (kept === undefined && !this.#letsIn()) {
            return this.#source.document(key);
        }
        return this.#fetch(key);
    }

    /** A document of the reader's own, or `null`, and the sequence of its last change, 0 where there is none. */
    read(key) {
        const kept = this.current(key);
        if (kept !== undefined) {
            return { document: this.copyOf(kept), sequence: kept.sequence };
        }
        this.misses += 1;
        const entry = this.#source.entry(key);
        return entry === null ? { document: null, sequence: 0 } : { document: parsed(entry[4]), sequence: entry[1] };
    }

    /** What is kept of a key, if it is still what is stored. */
    current(key) {
        const kept = this.#kept.get(key);
        return kept !== undefined && this.#generation(kept.bucket) === kept.generation ? kept : undefined;
    }

    /** What an answer has named by its slot, just now. */
    at(slot) {
        return this.#slots[slot];
    }

    /** What an answer is told of the cache, to be added to the `FLAGS` of a query; 0 where it is to have texts alone. */
    get flags() {
        if (this.#most === 0) {
            return 0;
        }
        return this.#isFull ? KEEPS | FEW | ((LET_IN - 1 - this.#turnedAway) << SKIP_SHIFT) : KEEPS;
    }

    /** A copy of a kept document, for a reader. */
    copyOf(kept) {
        this.hits += 1;
        kept.wasRead = true;
        const { cloner } = kept;
        return cloner === null ? this.#firstCopyOf(kept) : cloner(kept.document);
    }

    #firstCopyOf(kept) {
        if (typeof kept.document === 'string') {
            kept.document = JSON.parse(kept.document);
        }
        kept.cloner = this.#cloners.of(kept.document);
        return kept.cloner(kept.document);
    }

    /** So many documents were read as text, in an answer that was told the flags. */
    missed(texts) {
        this.misses += texts;
        this.#turnedAway = (this.#turnedAway + texts) % LET_IN;
    }

    /**
     * Keeps what an answer has told of a document that is its reader's. What was kept in the slots that the answer has named
     * may go: they are read before.
     */
    take(key, document, sequence, bucket, generation, length) {
        const older = this.#kept.get(key);
        if (older?.sequence === sequence) {
            older.generation = generation;
        } else if (this.#most > 0 && (older !== undefined || this.#mayDisplace())) {
            this.#keep({ key, document, isReaders: true, sequence, bucket, generation, length });
        }
    }

    /** Forgets everything, and keeps nothing any more: the source answers, or says why not. */
    end() {
        this.#most = 0;
        this.bytes = 0;
        this.#kept.clear();
        this.#slots = [];
        this.#free = [];
    }

    /** Whether a document that is not kept should be. */
    #letsIn() {
        if (!this.#isFull) {
            return this.#most > 0;
        }
        this.#turnedAway = (this.#turnedAway + 1) % LET_IN;
        return this.#turnedAway === 0 && this.#mayDisplace();
    }

    /** Whether one at the hand would go. One that was read stays, this time. */
    #mayDisplace() {
        if (!this.#isFull || this.#kept.size === 0) {
            return true;
        }
        const kept = this.#atHand();
        const mayGo = !kept.wasRead;
        if (!mayGo) {
            kept.wasRead = false;
            this.#hand += 1;
        }
        return mayGo;
    }

    /** Reads a document and keeps it, in the place of its older version. */
    #fetch(key) {
        const entry = this.#source.entry(key);
        if (entry === null) {
            this.#forget(this.#kept.get(key));
            return null;
        }
        const [text, sequence, bucket, generation, document] = entry;
        this.#keep({ key, document: text, isReaders: false, sequence, bucket, generation, length: text.length });
        return parsed(document);
    }

    #keep({ key, document, isReaders, sequence, bucket, generation, length }) {
        this.#forget(this.#kept.get(key));
        const bytes = length * BYTES_PER_TEXT_BYTE + BYTES_PER_ENTRY;
        if (bytes > this.#most / LARGEST_PART) {
            return;
        }
        this.#makeRoom(bytes);
        const slot = this.#free.pop() ?? this.#slots.length;
        const own = isReaders ? copy(document) : document;
        const kept = { key, document: own, cloner: null, sequence, bucket, generation, bytes, slot, wasRead: false };
        this.#slots[slot] = kept;
        this.#source.mark(slot, sequence);
        this.#kept.set(key, kept);
        this.bytes += bytes;
    }

    #makeRoom(bytes) {
        while (this.bytes + bytes > this.#most) {
            this.#isFull = true;
            const kept = this.#atHand();
            if (kept.wasRead) {
                kept.wasRead = false;
                this.#hand += 1;
            } else {
                this.#forget(kept);
            }
        }
    }

    /** What the hand points at; something is kept. */
    #atHand() {
        for (;;) {
            this.#hand = this.#hand < this.#slots.length ? this.#hand : 0;
            const kept = this.#slots[this.#hand];
            if (kept !== null) {
                return kept;
            }
            this.#hand += 1;
        }
    }

    #forget(kept) {
        if (kept !== undefined) {
            this.#kept.delete(kept.key);
            this.bytes -= kept.bytes;
            this.#slots[kept.slot] = null;
            this.#free.push(kept.slot);
            this.#source.mark(kept.slot, 0);
        }
    }
}

module.exports = { ObjectCache };
