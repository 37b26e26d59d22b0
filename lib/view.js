'use strict';

/**
 * A view: a map function of the user's, and its rows on the native side.
 *
 * A query answers for the moment of its call. Where the view stands there, or nearly, it answers inside of the call;
 * else it waits, and the view is brought from moment to moment in slices of the event loop's time, for all who wait.
 *
 * Invariants: the requests are in the order of their moments, and the native side wants exactly these moments. User code
 * that is called in between may do anything but ask the view whose map function is running, so what is read of the
 * requests before such a call does not count after it.
 */

const binding = require('./native.js');
const { checkNotAborted } = require('./abort.js');
const { show } = require('./check.js');
const { parsed } = require('./decoder.js');
const { AssertionError, ClosedError, ViewMapError, fromNative, native } = require('./errors.js');
const { MapFunction } = require('./map-function.js');
const { inOrder } = require('./query.js');
const { Reduce } = require('./reduce.js');
const { inTurn, spend } = require('./turns.js');
const { ViewRequest } = require('./view-request.js');

/** How many documents cross at once: at first, and at most. In between, as many as there was time to map. */
const FIRST_CHUNK = 16;
const MOST_CHUNK = 64;

/** A chunk ends after so many bytes of text: making objects of one is not interrupted. */
const CHUNK_BYTES = 1 << 17;

class View {
    /** Whether its rows are given back: it was dropped, and nobody waits for it any more. */
    isGone = false;
    #store;
    #number;
    #id;
    #map;
    #reduce;
    #requests = [];
    #chunk = FIRST_CHUNK;
    #isScheduled = false;
    #isDropped = false;

    /**
     * @param {import('./store.js').Store} store
     * @param {string} id
     * @param {{ map: Function, onError?: 'error' | 'skip', reduce?: string | Function, collation?: string }} source checked
     * already
     */
    constructor(store, id, source) {
        this.#store = store;
        this.#id = id;
        this.#map = new MapFunction(id, source);
        this.#reduce = new Reduce(store, id, source.reduce);
        this.#number = native(() => binding.viewCreate(store.number, id, source.collation));
    }

    /**
     * Answers for the moment of the call: where there is little to map, with the answer, else with a promise of it.
     *
     * @param {import('./query.js').Query} query
     */
    query(query) {
        const answer = this.#start(query);
        const page = answer instanceof ViewRequest ? answer.outcome() : answer;
        return query.reduce ? this.#reduce.finishInTurns(page, query.signal) : page;
    }

    /** Answers for the moment of the call before it returns, however long that takes. */
    queryNow(query) {
        let page = this.#start(query);
        if (page instanceof ViewRequest) {
            this.#run(Infinity, page);
            page = page.outcome();
        }
        return query.reduce ? this.#reduce.finish(page) : page;
    }

    /**
     * Brings the view to the moment of the call.
     *
     * @param {{ signal?: AbortSignal, onProgress?: Function }} options
     */
    async build(options) {
        this.#check(options);
        const report = (sequence) => ({ ...this.#numbers(), sequence, duplicates: [] });
        return this.#ask(this.#want(true), report, options).outcome();
    }

    /** `{ rows, skipped, sequence, building, pending }` */
    stats() {
        const pending = this.#requests.length;
        return { ...this.#numbers(), building: pending > 0, pending };
    }

    /** Gives the rows back, as soon as those who wait have their answers. */
    drop() {
        this.#isDropped = true;
        this.#end();
    }

    /** Nobody gets an answer any more. The rows go with the store. */
    close() {
        this.isGone = true;
        for (const request of this.#requests.splice(0)) {
            request.reject(new ClosedError('the datastore is closed'));
        }
    }

    #check(options) {
        this.#reduce.check(options);
        if (this.#map.isRunning) {
            throw new AssertionError(`the view ${show(this.#id)} is queried from inside its own map function`, {
                viewId: this.#id,
            });
        }
        checkNotAborted(options.signal);
    }

    #numbers() {
        const [rows, skipped, sequence] = native(() => binding.viewStats(this.#store.number, this.#number));
        return { rows, skipped, sequence };
    }

    /** The answer where the view stands at the present moment and nobody wants to be told so, else a request for it. */
    #start(query) {
        this.#check(query);
        const moment = this.#want(query.onProgress !== undefined);
        // A write may have been committed in between.
        const page = moment === null ? this.#page(query) : null;
        const discard = (unread) => this.#reduce.discard(unread);
        return page ?? this.#ask(moment ?? this.#want(true), (arrived) => this.#page(query, arrived), query, discard);
    }

    /** Wants the present moment and tells it; where the view stands there, only if it must. */
    #want(must) {
        return native(() => binding.viewWant(this.#store.number, this.#number, must));
    }

    /**
     * The answer to a query, from the rows as they are at a moment that the view has arrived at. Of a reduce what the native
     * side has begun.
     */
    #page(query, moment) {
        const [store, view] = [this.#store.number, this.#number];
        const ask = (given) => native(() => binding.viewQuery(store, view, moment, ...given));
        const flags = this.#store.flagsFor(query);
        const text = query.reduce
            ? this.#reduce.begin(() => ask(this.#reduce.inOrder(query)))
            : ask(inOrder(query, flags));
        return text === null ? null : this.#store.page(text, flags);
    }

    /** Makes a request for a moment that was wanted just now, and does what this turn has time for. */
    #ask(moment, answer, options, discard) {
        const left = () => native(() => binding.viewLeft(this.#store.number, this.#number, moment));
        const given = { answer: () => answer(moment), discard };
        const request = new ViewRequest(moment, options.onProgress && left(), given, options);
        this.#requests.push(request);
        request.listen(() => this.#leave(request));
        if (this.#requests.length === 1) {
            spend((until) => this.#run(until));
        }
        this.#schedule();
        return request;
    }

    #schedule() {
        if (!this.#isScheduled && this.#requests.length > 0) {
            this.#isScheduled = true;
            inTurn((until) => {
                this.#isScheduled = false;
                this.#run(until);
                this.#schedule();
            });
        }
    }

    /** Serves the requests in their order, until the time is over or none is left: or until this one is served. */
    #run(until, wanted) {
        while (this.#requests.length > 0 && wanted?.isSettled !== true) {
            const { moment } = this.#requests[0];
            try {
                if (this.#advance(until)) {
                    this.#serve();
                    continue;
                }
            } catch (error) {
                this.#fail(moment, error);
            }
            if (performance.now() >= until) {
                break;
            }
        }
        this.#tellProgress();
        this.#end();
    }

    /** Does a bit of what brings the view to the moment of the first request; tells whether it has arrived. */
    #advance(until) {
        const documents = native(() => binding.viewAdvance(this.#store.number, this.#number, this.#chunk, CHUNK_BYTES));
        return documents === null || this.#mapChunk(parsed(documents), until);
    }

    /** Maps as many documents as there is time for; tells whether the view has arrived with them. */
    #mapChunk(documents, until) {
        // There is more to do than to map.
        if (documents.length === 0) {
            return false;
        }
        const emissions = this.#map.run(documents, until);
        const isWhole = emissions.count === documents.length;
        this.#chunk = isWhole ? Math.min(2 * this.#chunk, MOST_CHUNK) : Math.max(emissions.count, 1);
        return this.#apply(emissions);
    }

    /** Hands over what was emitted; tells whether the view has arrived with that. */
    #apply(emissions) {
        const error = this.#errorOf(emissions);
        let hasArrived = false;
        if (emissions.count > 0) {
            try {
                hasArrived = binding.viewApply(this.#store.number, this.#number, emissions.text());
            } catch (facts) {
                this.#refuse(emissions, fromNative(facts));
                return this.#apply(emissions);
            }
        }
        if (error !== undefined) {
            throw error;
        }
        return hasArrived;
    }

    /** A document whose rows cannot be stored has failed, too; nothing was taken then. */
    #refuse(emissions, cause) {
        const keys = Array.from({ length: emissions.count }, (_, index) => this.#keyOf(index));
        const index = keys.indexOf(cause.key);
        if (index === -1) {
            throw cause;
        }
        emissions.fail(index, cause);
    }

    /** The key of a document of the current chunk. */
    #keyOf(index) {
        return binding.viewChunkKey(this.#store.number, this.#number, index);
    }

    /** What a failed document is told as. */
    #errorOf({ failure }) {
        if (failure === null) {
            return undefined;
        }
        const { index, cause } = failure;
        const key = this.#keyOf(index);
        const reason = cause instanceof Error ? cause.message : show(cause);
        const message = `the map function of the view ${show(this.#id)} failed for ${show(key)}: ${reason}`;
        return new ViewMapError(message, { viewId: this.#id, key, cause });
    }

    /** The view has arrived at the first request's moment. */
    #serve() {
        const [request] = this.#requests;
        const settle = request.prepare();
        this.#leave(request);
        settle();
    }

    /** All who want this moment have failed; later ones may not hold what was wrong. */
    #fail(moment, error) {
        for (const request of this.#requests.filter((waiting) => waiting.moment === moment)) {
            this.#leave(request);
            request.reject(error);
        }
    }

    #tellProgress() {
        for (const request of this.#requests.filter(({ tellsProgress }) => tellsProgress)) {
            // What one is told may end the others.
            if (!request.isSettled) {
                request.progress(native(() => binding.viewLeft(this.#store.number, this.#number, request.moment)));
            }
            if (request.isSettled) {
                this.#leave(request);
            }
        }
    }

    /** A request waits no longer. */
    #leave(request) {
        const index = this.#requests.indexOf(request);
        if (index === -1) {
            return;
        }
        this.#requests.splice(index, 1);
        const neighbours = [this.#requests[index - 1], this.#requests[index]];
        if (neighbours.every((neighbour) => neighbour?.moment !== request.moment)) {
            native(() => binding.viewForget(this.#store.number, this.#number, request.moment));
        }
        this.#end();
    }

    /** Gives the rows back where that was asked for and nobody waits. */
    #end() {
        if (this.#isDropped && !this.isGone && !this.#map.isRunning && this.#requests.length === 0) {
            this.isGone = true;
            native(() => binding.viewDrop(this.#store.number, this.#number));
        }
    }
}

module.exports = { View };
