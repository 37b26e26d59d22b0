'use strict';

/** Queries at random moments of a view that is always being built, against a naive evaluation of each moment. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { openStore } = require('./support.js');

const KEYS = Array.from({ length: 40 }, (_, n) => `document ${n}`);
const ROUNDS = 60;
const STEPS = 60;

/** A generator of numbers below 1; the same seed gives the same ones. */
function random(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let mixed = Math.imul(state ^ (state >>> 15), state | 1);
        mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
        return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
}

/** What a query of all rows tells of these documents; `null` where the map fails. */
function evaluate(documents, version) {
    const rows = [];
    for (const [documentKey, { emits, isBad }] of documents) {
        if (isBad) {
            return null;
        }
        for (const [ordinal, key] of emits.entries()) {
            rows.push({ key: key + version, documentKey, ordinal });
        }
    }
    const byText = (a, b) => Number(a > b) - Number(a < b);
    rows.sort((a, b) => a.key - b.key || byText(a.documentKey, b.documentKey) || a.ordinal - b.ordinal);
    return rows.map(({ key, documentKey, ordinal }) => ({
        key,
        documentKey,
        value: ordinal,
        document: documents.get(documentKey),
    }));
}

class Round {
    #store;
    #next;
    #clock = { now: 1_000 };
    #documents = new Map();
    /** Adds to every key, so that rows tell which function they come from. */
    #version = 0;
    #made = 0;
    #pending = [];

    constructor(t, store, seed) {
        this.#store = store;
        this.#next = random(seed);
        const clock = this.#clock;
        t.mock.method(performance, 'now', () => clock.now);
        this.#setView();
    }

    #pick(list) {
        return list[Math.floor(this.#next() * list.length)];
    }

    #setView() {
        const version = this.#version;
        const clock = this.#clock;
        const mapped = new Set();
        this.#store.setView('view', {
            map(document, emit) {
                clock.now += 1;
                if (document.isBad) {
                    throw new Error('bad');
                }
                assert.ok(!mapped.has(document.id), 'a version of a document was mapped twice');
                mapped.add(document.id);
                for (const [ordinal, key] of document.emits.entries()) {
                    emit(key + version, ordinal);
                }
            },
        });
    }

    #newDocument() {
        this.#made += 1;
        const emits = Array.from({ length: Math.floor(this.#next() * 4) }, () => Math.floor(this.#next() * 9));
        return { id: this.#made, emits, isBad: this.#next() < 0.004 };
    }

    async #write() {
        const entries = [...new Set(Array.from({ length: Math.ceil(this.#next() * 5) }, () => this.#pick(KEYS)))];
        const stored = await this.#store.setItems(entries.map((key) => [key, this.#newDocument()]));
        for (const [index, key] of entries.entries()) {
            this.#documents.set(key, stored[index]);
        }
    }

    async #delete() {
        const key = this.#pick(KEYS);
        await this.#store.deleteItem(key);
        this.#documents.delete(key);
    }

    /** Begins a query, and remembers what it has to answer. */
    #query() {
        const expected = evaluate(new Map(this.#documents), this.#version);
        const controller = new AbortController();
        const last = {};
        const options = {
            limit: Infinity,
            includeDocuments: true,
            signal: controller.signal,
            onProgress(progress) {
                assert.ok(progress.done >= (last.done ?? 0) && progress.total === (last.total ?? progress.total));
                Object.assign(last, progress);
            },
        };
        const query = this.#store.queryView('view', options);
        const check = (items) => {
            assert.deepEqual(items, expected);
            assert.equal(last.done, last.total);
        };
        const checked = query.then(
            (result) => check(result.items),
            (error) => {
                if (error.code !== 'ABORT_ERR' || !controller.signal.aborted) {
                    assert.deepEqual([error.code, expected], ['VIEW_MAP', null]);
                }
            },
        );
        this.#pending.push({ controller, checked });
    }

    #queryNow() {
        const expected = evaluate(this.#documents, this.#version);
        const query = () => this.#store._db.queryView('view', { limit: Infinity, includeDocuments: true }).items;
        if (expected === null) {
            assert.throws(query, { code: 'VIEW_MAP' });
        } else {
            assert.deepEqual(query(), expected);
        }
    }

    async #step() {
        const roll = this.#next();
        if (roll < 0.35) {
            await this.#write();
        } else if (roll < 0.45) {
            await this.#delete();
        } else if (roll < 0.75) {
            this.#query();
        } else if (roll < 0.8) {
            this.#queryNow();
        } else if (roll < 0.87 && this.#pending.length > 0) {
            this.#pick(this.#pending).controller.abort();
        } else if (roll < 0.89) {
            this.#version += 100;
            this.#setView();
        } else {
            await new Promise(setImmediate);
        }
    }

    async run() {
        await this.#store.setItems(KEYS.map((key) => [key, { id: key, emits: [] }]));
        for (const key of KEYS) {
            this.#documents.set(key, await this.#store.getItem(key));
        }
        for (let step = 0; step < STEPS; step += 1) {
            await this.#step();
        }
        this.#query();
        await Promise.all(this.#pending.map(({ checked }) => checked));
        assert.equal(this.#store.stats().views.view.pending, 0);
    }
}

test('every query answers for the moment of its call, whatever happens before its view is there', async (t) => {
    const first = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
    for (let seed = first; seed < first + ROUNDS; seed += 1) {
        const store = await openStore(t, { durability: 'none' });
        try {
            await new Round(t, store, seed).run();
        } catch (error) {
            error.message = `SEED=${seed}: ${error.message}`;
            throw error;
        } finally {
            t.mock.restoreAll();
        }
        await store.close();
    }
});
