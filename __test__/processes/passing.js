'use strict';

/** Numbers that go from process to process: each has to read what the one before it had acknowledged. */

const { Dice } = require('../crash/dice.js');
const { READS, WRITES } = require('./freshness.js');

/**
 * @param {import('./crew.js').Member[]} members
 * @param {{ seed: number, numbers: number, steps: number, isEnough?: () => boolean }} plan how many numbers go around at a
 * time, and how often each is handed on at most
 * @returns {Promise<{ pairs: number, faults: string[] }>}
 */
async function passAround(members, { seed, numbers, steps, isEnough = () => false }) {
    const dice = new Dice(seed);
    const [faults, reads, writes] = [[], Object.keys(READS), Object.keys(WRITES)];
    let pairs = 0;
    const hand = async (name) => {
        let at = dice.between(0, members.length - 1);
        await members[at].call('setItem', name, { name, n: 0 });
        for (let n = 0; n < steps && faults.length === 0 && !isEnough(); n += 1) {
            // To another one.
            at = (at + dice.between(1, members.length - 1)) % members.length;
            const [read, write] = [dice.pick(reads), dice.pick(writes)];
            const found = await members[at].ask('pass', { name, next: n + 1, read, write });
            pairs += 1;
            if (found !== n) {
                faults.push(`${read} in process ${at} found ${JSON.stringify(found)} of ${name}, not ${n}`);
            }
        }
    };
    await Promise.all(Array.from({ length: numbers }, (_, n) => hand(`number:${n}`)));
    return { pairs, faults };
}

module.exports = { passAround };
