'use strict';

/** What of a native store waits for answers, by ticket: the writes of a tick, gathered, and calls that are answered later. */

const { nextTick } = require('node:process');
const { setImmediate } = require('node:timers');
const binding = require('./native.js');
const { checkNotAborted } = require('./abort.js');
const { parsed } = require('./decoder.js');
const { ClosedError, fromNative, native } = require('./errors.js');
const { Latencies } = require('./latencies.js');
const { PendingCall } = require('./pending-call.js');
const { Submission } = require('./submission.js');
const { Vigil } = require('./vigil.js');

/** The events of `src/node/event.rs`. */
const LOADED = 0;
const SETTLED = 1;
const CLOSED = 2;
const FAILED = 3;
const DEGRADED = 4;
const ANSWERED = 5;
const PROGRESS = 6;
const FLUSHED = 7;
const REFRESHED = 8;

/** What those that nobody waits for are called in JavaScript. */
const NAMES = { [FAILED]: 'error', [DEGRADED]: 'degraded' };

/** The number of a store that is closed. */
const NONE = -1;

/** The ticket of a load's progress; calls begin with 1. */
const OF_LOAD = 0;

/**
 * So many writes of a tick cross at once: while they are committed, the texts of the next ones are made. Many small
 * submissions cost more than they gain.
 */
const MOST_GATHERED = 32;

/** What waits for answers. */
class Pending {
    number = NONE;
    progress = null;
    /** Of the answers to writes. */
    latencies = new Latencies();
    #gathered = null;
    #tickets = new Map();
    #vigil = new Vigil(() => this.#tickets.size > 0);
    #nextTicket = 1;
    #calls = new Map();
    /** What the native side told and nobody was told yet, in its order. */
    #arrived = [];
    #expected = new Map();
    /** Weak, because the native side holds this object as long as the store is open. */
    #watchers = [];

    /** A promise for the next event of a kind. */
    expect(event, start) {
        return new Promise((resolve) => {
            this.#expected.set(event, resolve);
            start();
        });
    }

    watch(emitter) {
        this.#watchers.push(new WeakRef(emitter));
    }

    gather(write) {
        if (this.#gathered === null) {
            this.#gathered = { submission: new Submission(), resolvers: [] };
            nextTick(() => this.handOver());
        }
        const { submission, resolvers } = this.#gathered;
        return new Promise((resolve) => {
            submission.add(write);
            resolvers.push(resolve);
            if (resolvers.length === MOST_GATHERED) {
                this.handOver();
            }
        });
    }

    /** Lets what was gathered cross in one call. */
    handOver() {
        if (this.#gathered === null) {
            return;
        }
        const { submission, resolvers } = this.#gathered;
        this.#gathered = null;
        this.#submit(
            (ticket) => binding.submit(this.number, ticket, ...submission.take()),
            (answers) => {
                for (let index = 0; index < resolvers.length; index += 1) {
                    resolvers[index](answers[index]);
                }
            },
            (facts) => resolvers.map(() => facts),
        );
    }

    /**
     * Asks for something that comes after all that was handed over, or gathered. Resolves to its answers.
     *
     * @param {(ticket: number) => void} start
     * @param {boolean} [isCommit] whether its latency counts
     */
    ask(start, isCommit) {
        this.handOver();
        return new Promise((resolve) => {
            this.#submit(start, resolve, (facts) => [facts], isCommit);
        });
    }

    call(start, { signal, onProgress, discard, tidies, read = parsed } = {}) {
        checkNotAborted(signal);
        const ticket = this.#nextTicket++;
        const text = native(() => start(ticket));
        if (text === null) {
            return this.#later(ticket, { signal, onProgress, discard, tidies });
        }
        const answer = read(text);
        try {
            // So little to do is not counted; but the end is told always.
            onProgress?.({ done: 0, total: 0 });
            checkNotAborted(signal);
        } catch (error) {
            discard?.(answer);
            throw error;
        }
        return answer;
    }

    async #later(ticket, { signal, onProgress, discard, tidies }) {
        const giveUp = tidies ? () => binding.cancel(this.number, ticket) : undefined;
        const call = new PendingCall(onProgress, discard, giveUp);
        this.#calls.set(ticket, call);
        const abort = () => call.abort(signal);
        signal?.addEventListener('abort', abort, { once: true });
        try {
            const answer = await call.answered;
            if (typeof answer !== 'string') {
                throw fromNative(answer);
            }
            return JSON.parse(answer);
        } finally {
            signal?.removeEventListener?.('abort', abort);
            call.isOver = true;
            if (discard === undefined) {
                this.#calls.delete(ticket);
            }
            // Nobody waits any more, if it was not answered.
            binding.cancel(this.number, ticket);
        }
    }

    /** The store is closed: what is answered later is refused now. Resolves when those that tidy up have. */
    async refuseCalls() {
        const calls = [...this.#calls.values()];
        for (const call of calls) {
            call.refuse(new ClosedError('the datastore is closed'));
        }
        await Promise.allSettled(calls.map(({ answered }) => answered));
    }

    #submit(start, settle, refused, isCommit = true) {
        const ticket = this.#nextTicket++;
        try {
            start(ticket);
            this.#tickets.set(ticket, { settle, begun: this.#vigil.begin(), isCommit });
        } catch (facts) {
            settle(refused(facts));
        }
    }

    /**
     * Takes what the native side tells. In one turn of the event loop it tells all that has come, and what comes meanwhile:
     * where each answer leads to the next write that is without end, and nobody else gets a turn. So it is handed on in
     * turns of its own.
     */
    receive(event, ticket, payload) {
        if (event === SETTLED) {
            this.#measure(this.#tickets.get(ticket));
        }
        this.#arrived.push({ event, ticket, payload });
        if (this.#arrived.length === 1) {
            setImmediate(this.#deliver);
        }
    }

    #measure({ begun, isCommit }) {
        const took = this.#vigil.end(begun);
        if (isCommit) {
            this.latencies.add(took);
        }
    }

    #deliver = () => {
        const { event, ticket, payload } = this.#arrived.shift();
        if (this.#arrived.length > 0) {
            setImmediate(this.#deliver);
        }
        this.#take(event, ticket, payload);
    };

    #take(event, ticket, payload) {
        if (event === SETTLED) {
            const { settle } = this.#tickets.get(ticket);
            this.#tickets.delete(ticket);
            settle(payload);
        } else if (event === ANSWERED) {
            this.#calls.get(ticket)?.answer(payload);
            this.#calls.delete(ticket);
        } else if (event === PROGRESS && ticket === OF_LOAD) {
            this.progress.tell(...payload);
        } else if (event === PROGRESS) {
            this.#calls.get(ticket)?.tell(...payload);
        } else if (event in NAMES) {
            this.#tell(NAMES[event], fromNative(payload));
        } else if (event === FLUSHED) {
            const [sequence, filesBehind] = payload;
            this.#tell('flush', { sequence, filesBehind });
        } else if (event === REFRESHED) {
            this.#tell('refresh', JSON.parse(payload));
        } else {
            const resolve = this.#expected.get(event);
            this.#expected.delete(event);
            resolve(payload);
        }
    }

    #tell(name, told) {
        this.#watchers = this.#watchers.filter((watcher) => watcher.deref() !== undefined);
        for (const watcher of this.#watchers) {
            // What a listener throws is uncaught as ever, and not the native side's to deal with.
            nextTick(() => {
                const emitter = watcher.deref();
                // An 'error' that nobody listens for would be thrown.
                if (emitter?.listenerCount(name) > 0) {
                    emitter.emit(name, told);
                }
            });
        }
    }
}

module.exports = { CLOSED, LOADED, NONE, Pending };
