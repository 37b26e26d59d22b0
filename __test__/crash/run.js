'use strict';

/** Crashes a store again and again in the same directory, and counts what it lost. */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { Datastore } = require('../../index.js');
const { Dice } = require('./dice.js');
const { contentsOf, documentOf, keys } = require('./documents.js');
const { fileOf, filesIn, remainsIn } = require('./directory.js');
const { Model } = require('./model.js');

const CHILD = path.join(__dirname, 'child.js');

/** The ids of one session; the last is for an edit by hand. */
const IDS = 1_000_000;

/** A child that takes so long, in milliseconds, hangs. */
const PATIENCE = 60_000;

/** How many faults are told in words. */
const MOST_TOLD = 20;

class Run {
    #directory;
    #report;
    #dice;
    #model = new Model();
    #counts = { crashes: 0, closes: 0, checks: 0, edits: 0, lost: 0, torn: 0, half: 0, revision: 0, other: 0 };
    #iteration = 0;
    faults = [];

    /** @param {{ folder: string, seed: number }} options an empty folder */
    constructor({ folder, seed }) {
        this.#directory = path.join(folder, 'data');
        this.#report = path.join(folder, 'report.jsonl');
        this.#dice = new Dice(seed);
    }

    get counts() {
        return { iterations: this.#iteration, acknowledged: this.#model.acknowledged, ...this.#counts };
    }

    /** One child, from its start to its end, and what can be told then. */
    async once() {
        this.#iteration += 1;
        const plan = this.#plan();
        const ended = await this.#runChild(plan);
        const { phase, files } = this.#take(plan);
        const wasKilled = ended.signal === 'SIGKILL';
        if (ended.hangs || (!wasKilled && ended.code !== 0)) {
            this.#fault('other', `the child ${ended.hangs ? 'hangs' : `ended with ${ended.code ?? ended.signal}`}`);
            this.faults.push(ended.stderr);
        }
        if (phase === 'closed') {
            this.#counts.closes += 1;
            this.#checkClosed();
        } else {
            this.#counts.crashes += 1;
        }
        const isPlaced = phase === 'closed' || (files === 'eager' && ['loaded', 'closing'].includes(phase));
        if (isPlaced) {
            this.#checkFiles();
            this.#editNowAndThen();
        }
        if (this.#dice.chance(0.1)) {
            await this.#open();
        }
    }

    #plan() {
        const dice = this.#dice;
        const ends = dice.next();
        const isHeavy = dice.chance(0.06);
        return {
            directory: this.#directory,
            seed: dice.between(0, 2 ** 31),
            firstId: this.#iteration * IDS,
            inFlight: dice.spread(1, 256),
            most: ends < 0.75 ? IDS / 100 : dice.spread(1, 2_000),
            largest: isHeavy ? 200_000 : dice.pick([20, 2_000, 20_000]),
            spread: dice.pick([8, 60, keys.length]),
            options: {
                durability: dice.pick(['os', 'full']),
                files: dice.pick(['eager', 'background']),
                syncInterval: dice.pick([10, 50, 1_000]),
            },
            kill: this.#killOf(ends, isHeavy),
        };
    }

    /** In which phase the child is killed, and after how many milliseconds of it. */
    #killOf(ends, isHeavy) {
        const dice = this.#dice;
        if (ends < 0.15) {
            return { phase: 'loading', after: dice.between(0, 30) };
        }
        if (ends < 0.75) {
            return { phase: 'loaded', after: dice.between(0, isHeavy ? 2_000 : 400) };
        }
        return ends < 0.9 ? { phase: 'closing', after: dice.between(0, 10) } : null;
    }

    /** @returns {Promise<{ code: number | null, signal: string | null, stderr: string, hangs: boolean }>} */
    async #runChild({ kill, ...args }) {
        const report = fs.openSync(this.#report, 'w');
        const child = spawn(process.execPath, [CHILD, JSON.stringify(args)], {
            stdio: ['ignore', 'pipe', 'pipe', report],
        });
        fs.closeSync(report);
        const ended = { stderr: '', hangs: false };
        const patience = setTimeout(() => {
            ended.hangs = true;
            child.kill('SIGKILL');
        }, PATIENCE);
        let told = '';
        let timer = null;
        child.stdout.on('data', (text) => {
            told += text;
            if (kill !== null && timer === null && told.includes(kill.phase)) {
                timer = setTimeout(() => child.kill('SIGKILL'), kill.after);
            }
        });
        child.stderr.on('data', (text) => {
            ended.stderr += text;
        });
        return new Promise((resolve, reject) => {
            child.on('error', reject);
            child.on('close', (code, signal) => {
                clearTimeout(patience);
                clearTimeout(timer);
                resolve({ ...ended, code, signal });
            });
        });
    }

    /** Takes in what the child has told; the last line may be torn. */
    #take({ options }) {
        const lines = fs.readFileSync(this.#report, 'utf8').split('\n').slice(0, -1);
        let phase = 'starting';
        for (const line of lines) {
            const [what, ...told] = JSON.parse(line);
            if (what === 'phase') {
                [phase] = told;
            } else if (what === 'contents') {
                this.#check(told[0]);
                this.#checkReport(told[1]);
            } else if (what === 'last') {
                this.#check(told[0]);
            } else if (what === 'failed') {
                this.#fault('other', `call ${told[0]} failed: ${told[1]} ${told[2]}`);
            } else {
                this.#model[what === 'intent' ? 'intend' : what](...told);
            }
        }
        return { phase, files: options.files };
    }

    /** Judges what a store holds; it counts from now on. */
    #check(contents) {
        this.#counts.checks += 1;
        this.#judge(this.#model.faultsIn(contents));
        this.#model.settle(contents);
    }

    #checkFiles() {
        this.#judge(this.#model.faultsIn(filesIn(this.#directory), { files: true }));
    }

    #checkClosed() {
        for (const name of remainsIn(this.#directory)) {
            this.#fault('other', `the close left ${name}`);
        }
    }

    #checkReport({ ignored, quarantined, quarantinedFiles }) {
        if (ignored + quarantined > 0) {
            this.#fault('other', `ignored ${ignored}, quarantined ${JSON.stringify(quarantinedFiles)}`);
        }
    }

    /** Changes a document's file by hand: what the next load finds is what somebody wants. */
    #editNowAndThen() {
        const dice = this.#dice;
        if (!dice.chance(0.3)) {
            return;
        }
        const key = dice.between(0, keys.length - 1);
        const file = path.join(this.#directory, fileOf(keys[key]));
        if (this.#model.isQuiet(key) && fs.existsSync(file)) {
            const id = this.#iteration * IDS + IDS - 1;
            const revision = dice.between(0, 1_000);
            fs.writeFileSync(file, JSON.stringify({ ...documentOf(id, key, 2_000), _rev: revision }));
            this.#model.edit(key, id, revision);
            this.#counts.edits += 1;
        }
    }

    /** Opens the directory in this process, too, and closes it again. */
    async #open() {
        const files = this.#dice.pick(['eager', 'background']);
        const store = new Datastore({ directory: this.#directory, files });
        try {
            await store.load();
            this.#check(await contentsOf(store));
            this.#checkReport(store.loadReport);
        } catch (error) {
            this.#fault('other', `the load failed: ${error.stack}`);
        } finally {
            await store.close();
        }
        this.#counts.closes += 1;
        this.#checkClosed();
        this.#checkFiles();
    }

    #judge(faults) {
        for (const { kind, text } of faults) {
            this.#fault(kind, text);
        }
    }

    #fault(kind, text) {
        this.#counts[kind in this.#counts ? kind : 'other'] += 1;
        if (this.faults.length < MOST_TOLD) {
            this.faults.push(`iteration ${this.#iteration}: ${kind}: ${text}`);
        }
    }
}

/**
 * Crashes so many times, or for so long.
 *
 * @param {{ folder: string, seed: number, iterations: number, seconds?: number, onIteration?: (run: Run) => void }} options
 */
async function crash({ folder, seed, iterations, seconds = Infinity, onIteration = () => {} }) {
    const run = new Run({ folder, seed });
    const end = performance.now() + seconds * 1000;
    while (run.counts.iterations < iterations && performance.now() < end && run.faults.length === 0) {
        await run.once();
        onIteration(run);
    }
    return run;
}

module.exports = { crash };
