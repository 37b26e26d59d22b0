'use strict';

/** Thousands of random writes and queries, beside a naive store that maps, sorts, cuts and reduces everything each time. */

const path = require('node:path');
const { test } = require('node:test');
const { Datastore } = require('../index.js');
const { Dice } = require('./crash/dice.js');
const { afterwards, temporaryDirectory } = require('./support.js');
const { DECLARED, FUNCTIONS, REDUCED } = require('./view-model/definitions.js');
const { Naive } = require('./view-model/naive.js');
const { Run, Target } = require('./view-model/run.js');

/** Steps of each test; more for a longer search. */
const STEPS = Number(process.env.KIXX_MODEL_STEPS ?? 1_500);

/** About so often a store is closed and opened again. */
const REOPENINGS = 5;

async function compareWithNaive(t, targets) {
    const seed = Number(process.env.KIXX_SEED ?? Date.now() % 1_000_000);
    t.diagnostic(`seed ${seed}`);
    const dice = new Dice(seed);
    const directory = path.join(temporaryDirectory(t), 'data');
    let store;
    const open = async () => {
        store = await new Datastore({ directory, files: 'background' }).load();
        return store;
    };
    afterwards(t, () => store.close());
    const run = new Run({ dice, naive: new Naive(), store: await open(), targets });
    for (let step = 0; step < STEPS; step += 1) {
        try {
            if (dice.chance(REOPENINGS / STEPS)) {
                await store.close();
                run.reopened(await open());
            }
            await run.step();
        } catch (error) {
            error.message = `seed ${seed}, step ${step}: ${error.message}`;
            throw error;
        }
    }
}

const of = (views) => views.map((view) => new Target(view));

test('queries of keys answer as a naive store does', (t) => compareWithNaive(t, [new Target()]));

test('function views answer as a naive store does', (t) => compareWithNaive(t, of(FUNCTIONS)));

test('declarative views answer as a naive store does', (t) => compareWithNaive(t, of(DECLARED)));

test('reduced views answer as a naive store does', (t) => compareWithNaive(t, of(REDUCED)));
