'use strict';

/**
 * Documents kept as objects, so that a read need not parse its text again. What is kept is nobody's but the cache's: a
 * reader gets a copy.
 *
 * Whether a kept document is still the one stored is asked at every read, by the generation of its bucket
 * (`src/engine/generations.rs`). What goes is what was not read since the hand of a clock last came by; and when there is no
 * room, only one in eight of those that want to be kept is let in, so that reading more than fits, again and again,
 * leaves most of it in peace.
 */

const { Cloners } = require('./cloner.js');

/** Bytes of an object and its members, for each byte of its text, as measured with documents of some hundred bytes. */
const BYTES_PER_TEXT_BYTE = 3;
const BYTES_PER_ENTRY = 250;

/** One in so many is let in when there is no room. */
const LET_IN = 8;

/** A document that would take more than this part of the room is not kept. */
const LARGEST_PART = 8;

/**
 * @typedef {object} Kept
 * @property {string} key
 * @property {object} document
 * @property {(document: object) => object} cloner
 * @property {number} sequence of its last change
 * @property {number} bucket
 * @property {number} generation of the bucket, as long as nothing in it has changed
 * @property {number} bytes
 * @property {number} place on the clock
 * @property {boolean} wasRead since the hand came by
 *
 * @typedef {object} Source where documents come from
 * @property {(key: string) => string | null} text
 * @property {(key: string) => [text: string, sequence: number, bucket: number, generation: number] | null} entry
 * @property {(bucket: number) => number} generation
 */

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
    /** @type {Kept[]} */
    #clock = [];
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
        return this.#clock.length;
    }

    /** `{ size, documents, bytes, hits, misses }` */
    stats() {
        const { documents, bytes, hits, misses } = this;
        return { size: this.#most, documents, bytes, hits, misses };
    }

    /** A document of the reader's own, or `null`. */
    get(key) {
        const kept = this.#kept.get(key);
        if (kept !== undefined && this.#generation(kept.bucket) === kept.generation) {
            this.hits += 1;
            kept.wasRead = true;
            return kept.cloner(kept.document);
        }
        this.misses += 1;
        if (kept === undefined && !this.#letsIn()) {
            const text = this.#source.text(key);
            return text === null ? null : JSON.parse(text);
        }
        return this.#fetch(key, kept);
    }

    /** A document of the reader's own, or `null`, and the sequence of its last change, 0 where there is none. */
    read(key) {
        const kept = this.#kept.get(key);
        if (kept !== undefined && this.#generation(kept.bucket) === kept.generation) {
            this.hits += 1;
            kept.wasRead = true;
            return { document: kept.cloner(kept.document), sequence: kept.sequence };
        }
        this.misses += 1;
        const entry = this.#source.entry(key);
        return entry === null
            ? { document: null, sequence: 0 }
            : { document: JSON.parse(entry[0]), sequence: entry[1] };
    }

    /** Forgets everything, and keeps nothing any more: the source answers, or says why not. */
    end() {
        this.#most = 0;
        this.bytes = 0;
        this.#kept.clear();
        this.#clock = [];
    }

    /** Whether a document that is not kept should be. */
    #letsIn() {
        if (!this.#isFull) {
            return this.#most > 0;
        }
        this.#turnedAway = (this.#turnedAway + 1) % LET_IN;
        return this.#turnedAway === 0;
    }

    /** Reads a document and keeps it, in the place of its older version. */
    #fetch(key, older) {
        if (older !== undefined) {
            this.#forget(older);
        }
        const entry = this.#source.entry(key);
        if (entry === null) {
            return null;
        }
        const [text, sequence, bucket, generation] = entry;
        const document = JSON.parse(text);
        const bytes = text.length * BYTES_PER_TEXT_BYTE + BYTES_PER_ENTRY;
        if (bytes > this.#most / LARGEST_PART) {
            return document;
        }
        this.#makeRoom(bytes);
        const cloner = this.#cloners.of(document);
        const place = this.#clock.length;
        const kept = { key, document, cloner, sequence, bucket, generation, bytes, place, wasRead: false };
        this.#kept.set(key, kept);
        this.#clock.push(kept);
        this.bytes += bytes;
        return cloner(document);
    }

    #makeRoom(bytes) {
        while (this.bytes + bytes > this.#most) {
            this.#isFull = true;
            this.#hand = this.#hand < this.#clock.length ? this.#hand : 0;
            const kept = this.#clock[this.#hand];
            if (kept.wasRead) {
                kept.wasRead = false;
                this.#hand += 1;
            } else {
                this.#forget(kept);
            }
        }
    }

    /** The last one on the clock takes its place. */
    #forget(kept) {
        this.#kept.delete(kept.key);
        this.bytes -= kept.bytes;
        const last = this.#clock.pop();
        if (last !== kept) {
            last.place = kept.place;
            this.#clock[kept.place] = last;
        }
    }
}

module.exports = { ObjectCache };
