'use strict';

/** Histories of several processes, some of which are killed, judged key by key. */

const fs = require('node:fs');
const path = require('node:path');
const timers = require('node:timers/promises');
const { Dice } = require('../crash/dice.js');
const { Member } = require('./crew.js');
const { isLinearizable } = require('./linearizability.js');
const { REGISTER } = require('./register.js');
const { toldIn } = require('./report.js');

/** The operations of each key. Those of a process that was killed may never have returned. */
function operationsIn(report) {
    const [byId, byKey] = [new Map(), new Map()];
    for (const [what, id, ...told] of toldIn(report)) {
        if (what === 'call') {
            const [key, operation, moment] = told;
            byId.set(id, { ...operation, called: BigInt(moment) });
            byKey.set(key, [...(byKey.get(key) ?? []), byId.get(id)]);
        } else {
            const [answer, moment] = told;
            Object.assign(byId.get(id), { answer, returned: BigInt(moment) });
        }
    }
    return byKey;
}

/**
 * @param {object} plan
 * @param {string} plan.folder an empty folder
 * @param {number} plan.seed
 * @param {number} plan.processes
 * @param {number} plan.keys how many documents
 * @param {number} plan.inFlight in each process
 * @param {number} plan.most operations of each of these
 * @param {number} plan.kills how many processes are killed, and replaced
 * @param {object} plan.options of the stores
 * @returns {Promise<{ operations: number, pending: number, faults: string[] }>}
 */
async function playTogether({ folder, seed, processes, keys, kills, options, ...plan }) {
    const dice = new Dice(seed);
    const [directory, report] = [path.join(folder, 'data'), path.join(folder, 'report.jsonl')];
    fs.writeFileSync(report, '');
    const names = Array.from({ length: keys }, (_, n) => `key:${n}`);
    let started = 0;
    const start = () => {
        const member = new Member(directory, { options, report });
        const label = String(started++);
        const what = { ...plan, keys: names, label, seed: dice.between(0, 2 ** 31) };
        member.played = member.loaded.then(() => member.ask('play', what));
        member.played.catch(() => {});
        return member;
    };
    const members = Array.from({ length: processes }, start);
    try {
        for (let n = 0; n < kills; n += 1) {
            const victim = dice.between(0, processes - 1);
            await members[victim].loaded;
            await timers.setTimeout(dice.between(0, 60));
            await members[victim].kill();
            members[victim] = start();
        }
        await Promise.all(members.map(({ played }) => played));
        await Promise.all(members.map((member) => member.close()));
    } finally {
        await Promise.all(members.map((member) => member.kill()));
    }
    return judged(operationsIn(report), seed);
}

function judged(byKey, seed) {
    const [faults, all] = [[], [...byKey.values()].flat()];
    for (const [key, operations] of byKey) {
        if (!isLinearizable(operations, REGISTER)) {
            faults.push(`seed ${seed}: the history of ${key} could not have been made by one process`);
        }
    }
    return { operations: all.length, pending: all.filter(({ returned }) => returned === undefined).length, faults };
}

module.exports = { playTogether };
