'use strict';

/**
 * Records on their way in: objects `{ key, document }`, or the text or bytes of lines of JSON that say the same, however
 * these are cut into pieces.
 *
 * @typedef {object} Record
 * @property {number} number of the record in its source, from 1
 * @property {string} key
 * @property {string} text the document's JSON
 */

const binding = require('./native.js');
const { orAborted } = require('./abort.js');
const { checkKey, checkOptions, show, stringify } = require('./check.js');
const { AssertionError, DatastoreError, native } = require('./errors.js');

const MEMBERS = { key: checkKey, document: (document) => document };

/** Tells an error's record. What a user's own source throws passes as it is. */
function atRecord(error, number) {
    if (error instanceof DatastoreError) {
        error.record = number;
        error.message = `record ${number}: ${error.message}`;
    }
    return error;
}

/** Whole lines of what comes in pieces. */
class Lines {
    #pieces = [];
    #decoder = new TextDecoder('utf-8', { fatal: true });

    /** The lines that end in this piece. */
    add(piece) {
        const text = typeof piece === 'string' ? piece : this.#decode(piece);
        const end = text.lastIndexOf('\n');
        if (end === -1) {
            this.#pieces.push(text);
            return [];
        }
        this.#pieces.push(text.slice(0, end));
        const whole = this.#pieces.join('');
        this.#pieces = [text.slice(end + 1)];
        return whole.split('\n');
    }

    /** What is behind the last newline. */
    end() {
        this.#pieces.push(this.#decode());
        return this.#pieces.join('');
    }

    #decode(bytes) {
        try {
            return this.#decoder.decode(bytes, { stream: bytes !== undefined });
        } catch (cause) {
            throw new AssertionError('the bytes are not UTF-8', { cause });
        }
    }
}

/** What tells the elements of a source, one after the other. */
function iteratorOf(source) {
    const iterable = typeof source === 'string' || ArrayBuffer.isView(source) ? [source] : source;
    const begin = iterable?.[Symbol.asyncIterator] ?? iterable?.[Symbol.iterator];
    if (typeof begin !== 'function') {
        throw new AssertionError(`importItems takes an iterable of records, not ${show(source)}`);
    }
    return begin.call(iterable);
}

/** The elements of an iterator, until the signal ends that. */
async function* elementsOf(iterator, signal) {
    let isOver = false;
    try {
        for (;;) {
            const { done, value } = await orAborted(signal, Promise.resolve(iterator.next()));
            if (done) {
                isOver = true;
                return;
            }
            yield await value;
        }
    } catch (error) {
        isOver = signal?.aborted !== true;
        throw error;
    } finally {
        if (!isOver) {
            // A source that was left hears it; what it makes of that is not waited for.
            Promise.resolve(iterator.return?.()).catch(() => {});
        }
    }
}

/** A line's record; `undefined` where the line is blank. */
function ofLine(line, number) {
    if (line.trim() === '') {
        return undefined;
    }
    const [key, text] = native(() => binding.cutRecord(line));
    return { number, key: checkKey(JSON.parse(key)), text };
}

function ofObject(given, number) {
    if (given === null || typeof given !== 'object') {
        throw new AssertionError(`a record is an object with a key and a document, not ${show(given)}`);
    }
    const { key, document } = checkOptions(given, MEMBERS, 'a record');
    if (key === undefined) {
        throw new AssertionError('a record has a key');
    }
    return { number, key, text: stringify(document, key) };
}

/**
 * The records of a source, checked. What cannot be one is thrown where it would come, and names its number.
 *
 * @param {Iterator<unknown> | AsyncIterator<unknown>} iterator
 * @param {AbortSignal | undefined} signal
 * @returns {AsyncGenerator<Record>}
 */
async function* recordsOf(iterator, signal) {
    const lines = new Lines();
    let number = 1;
    const read = (make) => {
        try {
            const record = make();
            number += record === undefined ? 0 : 1;
            return record;
        } catch (error) {
            throw atRecord(error, number);
        }
    };
    for await (const element of elementsOf(iterator, signal)) {
        if (typeof element !== 'string' && !ArrayBuffer.isView(element)) {
            yield read(() => ofObject(element, number));
            continue;
        }
        const whole = [];
        read(() => void whole.push(...lines.add(element)));
        for (const line of whole) {
            const record = read(() => ofLine(line, number));
            if (record !== undefined) {
                yield record;
            }
        }
    }
    const last = read(() => ofLine(lines.end(), number));
    if (last !== undefined) {
        yield last;
    }
}

module.exports = { atRecord, iteratorOf, recordsOf };
