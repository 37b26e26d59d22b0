'use strict';

/**
 * Answers of the engine that name documents that the object cache keeps: `src/node/kept.rs` and `ResultText` in
 * `src/node/read.rs` say how. They are read at once, in the call in which they were made.
 *
 * What an answer names is copied before any document of it is kept, which may take the slot of one.
 */

const { parsed } = require('./decoder.js');

/** The numbers by which an answer tells of a document worth keeping. */
const TOLD = 5;

/** Of so many documents of one answer it is known that they need not be asked for. */
const MOST_HELD = 1_000;

/** Their buckets and generations, on their way to the engine. */
const held = new Uint32Array(2 * MOST_HELD);

/** The flags that tell of the cache in a query that has documents in its answer, and 0 in any other. */
function flagsFor(cache, { includeDocuments, reduce }) {
    return includeDocuments && !reduce ? cache.flags : 0;
}

/**
 * The result of a query, every document the reader's own.
 *
 * @param {import('./object-cache.js').ObjectCache} cache
 * @param {string} text an answer
 * @param {number} flags what it was told of the cache
 */
function page(cache, text, flags) {
    const answer = parsed(text);
    if (flags === 0) {
        return answer;
    }
    const [result, told] = answer;
    const { items } = result;
    let texts = 0;
    for (let index = 0; index < items.length; index += 1) {
        const item = items[index];
        if (typeof item === 'number') {
            const kept = cache.at(item);
            items[index] = { key: kept.key, documentKey: kept.key, document: cache.copyOf(kept) };
        } else if (Array.isArray(item)) {
            items[index] = row(cache, item);
        } else {
            texts += 1;
        }
    }
    cache.missed(texts);
    for (let at = 0; at < told.length; at += TOLD) {
        const { documentKey, document } = items[told[at]];
        cache.take(documentKey, document, told[at + 1], told[at + 2], told[at + 3], told[at + 4]);
    }
    return result;
}

function row(cache, [slot, key, ...values]) {
    const kept = cache.at(slot);
    const document = cache.copyOf(kept);
    return values.length === 0
        ? { key, documentKey: kept.key, document }
        : { key, documentKey: kept.key, value: values[0], document };
}

/** The only document of an answer, or `null`. */
function first(cache, text, flags) {
    const answer = parsed(text);
    if (flags === 0) {
        return answer;
    }
    const [document] = answer;
    if (typeof document === 'number') {
        return cache.copyOf(cache.at(document));
    }
    cache.missed(1);
    return document;
}

/**
 * The documents of several keys at one moment, `null` for those that are missing.
 *
 * @param {import('./object-cache.js').ObjectCache} cache
 * @param {string[]} keys
 * @param {(asked: string[], held: Uint32Array, flags: number) => string | null} ask asks for some of them; `null` where
 * buckets do not have the generations they are held to have
 */
function several(cache, keys, ask) {
    // Once in a while something is committed between two looks.
    return severalOf(cache, keys, ask, MOST_HELD) ?? severalOf(cache, keys, ask, 0);
}

function severalOf(cache, keys, ask, most) {
    const documents = [];
    const asked = [];
    const places = [];
    let count = 0;
    for (let place = 0; place < keys.length; place += 1) {
        const kept = count < most ? cache.current(keys[place]) : undefined;
        if (kept === undefined) {
            asked.push(keys[place]);
            places.push(place);
        } else {
            held[2 * count] = kept.bucket;
            held[2 * count + 1] = kept.generation;
            count += 1;
        }
        documents.push(kept);
    }
    const { flags } = cache;
    const text = ask(asked, held.subarray(0, 2 * count), flags);
    if (text === null) {
        return null;
    }
    for (let place = 0; place < documents.length; place += 1) {
        const kept = documents[place];
        documents[place] = kept === undefined ? null : cache.copyOf(kept);
    }
    fill(cache, documents, { asked, places }, parsed(text), flags);
    return documents;
}

/** Puts what was asked for in its places. */
function fill(cache, documents, { asked, places }, answer, flags) {
    const [found, told] = flags === 0 ? [answer, []] : answer;
    let texts = 0;
    for (let index = 0; index < found.length; index += 1) {
        const document = found[index];
        if (typeof document === 'number') {
            documents[places[index]] = cache.copyOf(cache.at(document));
        } else {
            documents[places[index]] = document;
            texts += 1;
        }
    }
    cache.missed(texts);
    for (let at = 0; at < told.length; at += TOLD) {
        const index = told[at];
        cache.take(asked[index], found[index], told[at + 1], told[at + 2], told[at + 3], told[at + 4]);
    }
}

module.exports = { first, flagsFor, page, several };
