'use strict';

/** Counters that several processes raise, while some of them are killed: none of the steps may be lost, and none made up. */

const fs = require('node:fs');
const path = require('node:path');
const timers = require('node:timers/promises');
const { Datastore } = require('../../index.js');
const { fileOf, remainsIn } = require('../crash/directory.js');
const { Dice } = require('../crash/dice.js');
const { Member } = require('./crew.js');
const { toldIn } = require('./report.js');

/** Milliseconds from one kill to the next. */
const KILLED_EVERY = 50;

/** The counters of a directory, and the processes that raise them. */
class Counting {
    #directory;
    #report;
    #plan;
    #dice;
    #keys;
    #members = [];
    #kills = 0;
    faults = [];

    /**
     * @param {object} plan
     * @param {string} plan.folder an empty folder
     * @param {number} plan.seed
     * @param {number} plan.processes
     * @param {number} plan.counters how many
     * @param {string[]} plan.ways `'updateItem'`, `'setItem'`
     * @param {number} plan.inFlight in each process
     * @param {number} [plan.most] steps of each of these; without it they go on until all kills are done
     * @param {number} [plan.kills] how many processes are killed
     * @param {object} plan.options of the stores
     */
    constructor({ folder, seed, counters, kills = 0, ...plan }) {
        this.#directory = path.join(folder, 'data');
        this.#report = path.join(folder, 'report.jsonl');
        this.#dice = new Dice(seed);
        this.#keys = Array.from({ length: counters }, (_, n) => `counter:${n}`);
        this.#plan = { ...plan, kills };
    }

    /** Resolves to how many steps were acknowledged, and how many processes killed. */
    async run() {
        await this.#with(async (store) => {
            await store.setItems(this.#keys.map((key) => [key, { n: 0 }]));
        });
        fs.writeFileSync(this.#report, '');
        try {
            for (let n = 0; n < this.#plan.processes; n += 1) {
                this.#members.push(this.#start());
            }
            await this.#killSome();
            await this.#end();
        } finally {
            await Promise.all(this.#members.map((member) => member.kill()));
        }
        const told = this.#told();
        await this.#compare(told);
        const acknowledged = [...told.values()].reduce((sum, { revisions }) => sum + revisions.length, 0);
        return { acknowledged, kills: this.#kills };
    }

    /** What a store of this process does with the directory. */
    async #with(act) {
        const store = new Datastore({ directory: this.#directory });
        try {
            return await act(store);
        } finally {
            await store.close();
        }
    }

    #start() {
        const { ways, inFlight, most, options } = this.#plan;
        const member = new Member(this.#directory, { options, report: this.#report });
        const seed = this.#dice.between(0, 2 ** 31);
        member.counted = member.loaded.then(() =>
            member.ask('count', { keys: this.#keys, ways, inFlight, most, seed }),
        );
        // Who is killed breaks off.
        member.counted.catch(() => {});
        return member;
    }

    /** Kills mostly those that are open, so that there are some. */
    async #killSome() {
        while (this.#kills < this.#plan.kills) {
            await timers.setTimeout(KILLED_EVERY);
            const candidates = this.#members.filter(({ isLoaded }) => isLoaded || this.#dice.chance(0.2));
            if (candidates.length > 0) {
                const member = this.#dice.pick(candidates);
                await member.kill();
                this.#members[this.#members.indexOf(member)] = this.#start();
                this.#kills += 1;
            }
        }
    }

    async #end() {
        for (const member of this.#members) {
            await member.loaded;
        }
        if (this.#plan.most !== undefined) {
            await Promise.all(this.#members.map(({ counted }) => counted));
        }
        const codes = await Promise.all(this.#members.map((member) => member.close()));
        if (codes.some((code) => code !== 0)) {
            this.faults.push(`processes ended with ${codes}`);
        }
        this.faults.push(...remainsIn(this.#directory).map((name) => `the last close left ${name}`));
    }

    /** By key, how many steps were begun, and the revisions that were acknowledged. */
    #told() {
        const byKey = new Map(this.#keys.map((key) => [key, { begun: 0, revisions: [] }]));
        for (const [what, key, revision] of toldIn(this.#report)) {
            const counter = byKey.get(key);
            if (what === 'begun') {
                counter.begun += 1;
            } else {
                counter.revisions.push(revision);
            }
        }
        return byKey;
    }

    /** Holds what was told against the files, and against what a store makes of them. */
    async #compare(told) {
        const standing = this.#keys.map((key) => {
            return JSON.parse(fs.readFileSync(path.join(this.#directory, fileOf(key)), 'utf8'));
        });
        const [documents, report] = await this.#with(async (store) => {
            const found = await store.getItems(this.#keys);
            return [found, store.loadReport];
        });
        if (JSON.stringify(documents) !== JSON.stringify(standing)) {
            this.faults.push('the files are not what a store makes of them');
        }
        if (report.ignored + report.quarantined > 0) {
            this.faults.push(`the load found ${JSON.stringify(report)}`);
        }
        for (const [index, key] of this.#keys.entries()) {
            this.#judge(key, documents[index], told.get(key));
        }
    }

    #judge(key, { n, _rev }, { begun, revisions }) {
        const what = `${key}: ${n} at revision ${_rev}, ${revisions.length} acknowledged of ${begun}`;
        if (n !== _rev || n < revisions.length || n > begun) {
            this.faults.push(what);
        }
        const distinct = new Set(revisions);
        if (distinct.size < revisions.length || revisions.some((revision) => revision < 1 || revision > n)) {
            this.faults.push(`${what}: the revisions are not distinct steps up to that`);
        }
    }
}

/** Resolves to `{ acknowledged, kills, faults }`. */
async function countTogether(plan) {
    const counting = new Counting(plan);
    const counts = await counting.run();
    return { ...counts, faults: counting.faults };
}

module.exports = { countTogether };
