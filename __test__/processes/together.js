'use strict';

/**
 * Rounds of everything that processes do together, for as long as somebody wants it: counters, numbers that are handed on,
 * transfers, histories. Each in a directory of its own, which stays where anything went wrong.
 */

const fs = require('node:fs');
const path = require('node:path');
const { Datastore } = require('../../index.js');
const { Dice } = require('../crash/dice.js');
const { keysOf } = require('./accounts.js');
const { countTogether } = require('./counting.js');
const { Member } = require('./crew.js');
const { passAround } = require('./passing.js');
const { playTogether } = require('./playing.js');

function optionsOf(dice) {
    return { files: dice.pick(['eager', 'background']), durability: dice.chance(0.15) ? 'full' : 'os' };
}

/** What members of a new directory come to, which are closed then. */
async function withMembers({ folder, processes, dice }, act) {
    const directory = path.join(folder, 'data');
    const options = optionsOf(dice);
    const members = Array.from({ length: processes }, () => new Member(directory, { options }));
    try {
        await Promise.all(members.map(({ loaded }) => loaded));
        const came = await act(members, directory);
        await Promise.all(members.map((member) => member.close()));
        return came;
    } finally {
        await Promise.all(members.map((member) => member.kill()));
    }
}

/** Each resolves to what it counted, and its faults. */
const ROUNDS = {
    async count({ dice, processes, folder, seed }) {
        const counters = dice.chance(0.6) ? dice.between(1, 3) : 200;
        const ways = dice.pick([['updateItem'], ['setItem'], ['updateItem', 'setItem']]);
        const plan = { folder, seed, processes, counters, ways, options: optionsOf(dice) };
        const end = dice.chance(0.7) ? { kills: 40 } : { most: 100 };
        const { acknowledged, kills, faults } = await countTogether({
            ...plan,
            ...end,
            inFlight: dice.pick([1, 4, 32]),
        });
        return { counts: { raised: acknowledged, kills }, faults };
    },

    async pass({ dice, processes, folder, seed }) {
        const { pairs, faults } = await withMembers({ folder, processes, dice }, (members) =>
            passAround(members, { seed, numbers: dice.pick([2, 8, 24]), steps: 800 }),
        );
        return { counts: { pairs }, faults };
    },

    async move({ dice, processes, folder, seed }) {
        const accounts = dice.pick([2, 10, 100]);
        const moves = await withMembers({ folder, processes, dice }, async (members, directory) => {
            const store = new Datastore({ directory });
            await store.setItems(keysOf(accounts).map((key) => [key, { kind: 'account', balance: 100 }]));
            await store.close();
            const movers = members.slice(0, Math.ceil(processes / 2));
            return Promise.all([
                ...members.map((member, n) => {
                    return movers.includes(member)
                        ? member.ask('move', { accounts, most: 300, seed: seed + n }).then(() => [])
                        : member.ask('watch', { accounts, most: 60, expected: accounts * 100 });
                }),
            ]);
        });
        const faults = moves.flat().map(([way, sum]) => `${way} found ${sum} in ${accounts} accounts`);
        return { counts: { transfers: Math.ceil(processes / 2) * 300 }, faults };
    },

    async play({ dice, processes, folder, seed }) {
        const plan = { folder, seed, processes, options: optionsOf(dice), inFlight: 2, most: 150, kills: 6 };
        const { operations, pending, faults } = await playTogether({ ...plan, keys: dice.pick([2, 4]) });
        return { counts: { operations, pending }, faults };
    },
};

/**
 * @param {{ folder: string, seed: number, processes: number, iterations: number, seconds: number,
 * onIteration: (run: { counts: Record<string, number>, faults: string[] }) => void }} options an empty folder
 */
async function crowd({ folder, seed, processes, iterations, seconds, onIteration }) {
    const dice = new Dice(seed);
    const run = { counts: { iterations: 0 }, faults: [] };
    const end = performance.now() + seconds * 1000;
    const kinds = Object.keys(ROUNDS);
    while (run.counts.iterations < iterations && performance.now() < end && run.faults.length === 0) {
        const kind = kinds[run.counts.iterations % kinds.length];
        const own = fs.mkdtempSync(path.join(folder, `${kind}-`));
        const given = { dice, processes, folder: own, seed: dice.between(0, 2 ** 30) };
        const { counts, faults } = await ROUNDS[kind](given);
        run.counts.iterations += 1;
        for (const [what, count] of Object.entries(counts)) {
            run.counts[what] = (run.counts[what] ?? 0) + count;
        }
        run.faults.push(...faults.map((fault) => `${own}: ${fault}`));
        if (faults.length === 0) {
            fs.rmSync(own, { recursive: true });
        }
        onIteration(run);
    }
    return run;
}

module.exports = { crowd };
