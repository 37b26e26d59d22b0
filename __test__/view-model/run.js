'use strict';

/** A store and the naive one side by side: random writes to both, and queries that both have to answer alike. */

const assert = require('node:assert/strict');
const { answer, assertAnswers, page } = require('./answers.js');
const { behind, grouped, selected } = require('./naive.js');
const { distinct, grouping, limited, ofKeys, ofRows } = require('./queries.js');
const { reduced } = require('./reduces.js');
const { checkDocuments, write } = require('./writes.js');

/** Pages of one walk. */
const MOST_PAGES = 6;

/** What queries are asked of: a view, or the documents by their keys. */
class Target {
    /** @param {object} [view] a definition; the documents where there is none */
    constructor(view) {
        this.view = view;
    }

    ask(store, options) {
        return this.view === undefined ? store.queryKeys(options) : store.queryView(this.view.id, options);
    }

    /** The same from the engine, which answers at once. */
    askNow(store, options) {
        const engine = store._db;
        return this.view === undefined ? engine.queryKeys(options) : engine.queryView(this.view.id, options);
    }

    rows(naive) {
        return this.view === undefined ? naive.keys() : naive.rows(this.view);
    }

    range(dice, rows) {
        return this.view === undefined ? ofKeys(dice, rows) : ofRows(dice, rows);
    }
}

class Run {
    #dice;
    #naive;
    #store;
    #targets;

    constructor({ dice, naive, store, targets }) {
        this.#dice = dice;
        this.#naive = naive;
        this.#targets = targets;
        this.reopened(store);
    }

    /** Goes on with a store that was opened anew: its views are not registered yet. */
    reopened(store) {
        this.#store = store;
        for (const { view } of this.#targets) {
            this.#register(view);
        }
    }

    #register(view) {
        if (view !== undefined) {
            this.#store.setView(view.id, view.source);
        }
    }

    /** One step: something is written or asked. */
    async step() {
        const dice = this.#dice;
        const target = dice.pick(this.#targets);
        const steps = [
            [0.35, () => this.#write()],
            [0.03, () => this.#registerAnew(target)],
            [0.02, () => checkDocuments(this.#store, this.#naive)],
            [0.12, () => this.#walk(target)],
            [
                1,
                () =>
                    target.view?.reduce !== undefined && dice.chance(0.8) ? this.#reduce(target) : this.#query(target),
            ],
        ];
        const [, run] = steps.find(([share]) => dice.chance(share));
        await run();
    }

    #write() {
        return write(this.#dice, this.#store, this.#naive);
    }

    async #registerAnew({ view }) {
        if (view !== undefined && this.#dice.chance(0.5)) {
            assert.equal(await this.#store.deleteView(view.id), true);
            assert.equal(this.#store.hasView(view.id), false);
        }
        this.#register(view);
    }

    /** Rows, at once or while something is written: what is written then is not in the answer. */
    async #query(target) {
        const dice = this.#dice;
        const rows = target.rows(this.#naive);
        const options = { ...target.range(dice, rows), ...limited(dice, rows.length + 2) };
        if (dice.chance(0.4)) {
            options.includeDocuments = true;
        }
        await this.#check(target, options, page(selected(rows, options), options));
    }

    /** What a range, or each group of it, reduces to. */
    async #reduce(target) {
        const dice = this.#dice;
        const { reduce } = target.view;
        const rows = target.rows(this.#naive);
        const { keys, ...range } = target.range(dice, rows);
        const options = { ...range, ...grouping(dice) };
        if (options.group === undefined && options.groupLevel === undefined) {
            // A row counts once, so each key is asked for once.
            Object.assign(options, keys && { keys: distinct(keys) });
            await this.#check(target, options, { value: reduced(reduce, selected(rows, options)) }, reduce);
            return;
        }
        const groups = this.#groups(rows, options, reduce);
        Object.assign(options, limited(dice, groups.length + 2));
        await this.#check(target, options, page(groups, options), reduce);
    }

    #groups(rows, options, reduce) {
        return grouped(selected(rows, options), reduce, options.group ? Infinity : options.groupLevel);
    }

    async #check(target, options, expected, reduce) {
        const dice = this.#dice;
        const about = JSON.stringify({ view: target.view?.id ?? null, options });
        if (dice.chance(0.1)) {
            assertAnswers(target.askNow(this.#store, options), expected, about, reduce);
            return;
        }
        const asked = target.ask(this.#store, options);
        const [given] = await Promise.all([asked, dice.chance(0.3) ? this.#write() : undefined]);
        assertAnswers(given, expected, about, reduce);
    }

    /** Page after page by cursors, while documents come and go in between. */
    async #walk(target) {
        const dice = this.#dice;
        const rows = target.rows(this.#naive);
        const options = target.range(dice, rows);
        const reduce = dice.chance(0.5) && options.keys === undefined ? target.view?.reduce : undefined;
        Object.assign(options, reduce && dice.pick([{ group: true }, { groupLevel: 2 }]));
        let cursor;
        let last;
        for (let number = 0; number < MOST_PAGES; number += 1) {
            const now = target.rows(this.#naive);
            const all = reduce === undefined ? selected(now, options) : this.#groups(now, options, reduce);
            const rest = last === undefined ? all : behind(all, last, options.descending);
            const limit = dice.spread(1, 30);
            const end = rest.length > limit ? all.length - rest.length + limit : null;
            const given = await target.ask(this.#store, { ...options, limit, ...(cursor && { cursor }) });
            const about = JSON.stringify({ view: target.view?.id ?? null, options, page: number, limit });
            assertAnswers(given, answer(all, rest.slice(0, limit), end, false), about, reduce);
            if (end === null) {
                return;
            }
            ({ cursor } = given);
            last = rest[limit - 1];
            await (dice.chance(0.5) ? this.#write() : undefined);
        }
    }
}

module.exports = { Run, Target };
