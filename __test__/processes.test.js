'use strict';

/**
 * Several processes on one directory: no step is lost, what was acknowledged anywhere is read everywhere, what belongs
 * together is seen together. `npm run crash -- --processes 4` is the long form.
 */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { keysOf } = require('./processes/accounts.js');
const { countTogether } = require('./processes/counting.js');
const { crew } = require('./processes/crew.js');
const { passAround } = require('./processes/passing.js');
const { playTogether } = require('./processes/playing.js');
const { openStore, temporaryDirectory } = require('./support.js');

function newSeed(t) {
    const seed = Date.now() % 1_000_000;
    t.diagnostic(`seed ${seed}`);
    return seed;
}

/** What the counters are raised with. */
const COUNTINGS = {
    'one counter, by updateItem': { counters: 1, ways: ['updateItem'], inFlight: 2, most: 40, options: {} },
    'three counters, by getItem and setItem': { counters: 3, ways: ['setItem'], inFlight: 2, most: 40, options: {} },
    'many counters, in both ways, with background files': {
        counters: 200,
        ways: ['updateItem', 'setItem'],
        inFlight: 16,
        most: 40,
        options: { files: 'background' },
    },
    "a few counters, at 'full'": {
        counters: 3,
        ways: ['updateItem', 'setItem'],
        inFlight: 4,
        most: 10,
        options: { durability: 'full' },
    },
};

for (const [what, plan] of Object.entries(COUNTINGS)) {
    test(`processes that raise counters together lose no step: ${what}`, async (t) => {
        const folder = temporaryDirectory(t);
        const processes = 3;
        const { acknowledged, faults } = await countTogether({ ...plan, folder, processes, seed: newSeed(t) });
        assert.deepEqual(faults, []);
        // Nobody was killed, so the files hold just these.
        assert.equal(acknowledged, processes * plan.inFlight * plan.most);
    });
}

for (const files of ['eager', 'background']) {
    test(`processes that are killed while they raise counters lose no acknowledged step, with ${files} files`, async (t) => {
        const plan = { counters: 12, ways: ['updateItem', 'setItem'], inFlight: 4, options: { files } };
        const folder = temporaryDirectory(t);
        const counted = await countTogether({ ...plan, folder, processes: 3, kills: 10, seed: newSeed(t) });
        t.diagnostic(JSON.stringify(counted));
        assert.deepEqual(counted.faults, []);
        assert.ok(counted.acknowledged > 0);
    });
}

test('what was acknowledged in one process is what another one reads when it hears of it, in whatever way', async (t) => {
    const members = await crew(t, temporaryDirectory(t), 3);
    const { pairs, faults } = await passAround(members, { seed: newSeed(t), numbers: 6, steps: 400 });
    assert.deepEqual(faults, []);
    assert.equal(pairs, 2_400);
});

test('batches and transactions of other processes are seen whole, in whatever way', async (t) => {
    const directory = temporaryDirectory(t);
    const accounts = 10;
    const store = await openStore(t, { directory });
    const all = keysOf(accounts);
    await store.setItems(all.map((key) => [key, { kind: 'account', balance: 100 }]));
    const [one, other, ...watchers] = await crew(t, directory, 4);
    const seed = newSeed(t);
    const outcomes = await Promise.all([
        one.ask('move', { accounts, most: 200, seed }),
        other.ask('move', { accounts, most: 200, seed: seed + 1 }),
        ...watchers.map((watcher) => watcher.ask('watch', { accounts, most: 40, expected: 1_000 })),
    ]);
    assert.deepEqual(outcomes, [200, 200, [], []]);
    // Each transfer has written two.
    const documents = await store.getItems(all);
    assert.equal(
        documents.reduce((sum, { _rev }) => sum + _rev, 0),
        800,
    );
});

for (const files of ['eager', 'background']) {
    test(`what processes did and saw, killed ones too, could have been done by one, with ${files} files`, async (t) => {
        const plan = { processes: 3, keys: 3, inFlight: 2, most: 120, kills: 3, options: { files } };
        const played = await playTogether({ ...plan, folder: temporaryDirectory(t), seed: newSeed(t) });
        t.diagnostic(`${played.operations} operations, ${played.pending} of them pending`);
        assert.deepEqual(played.faults, []);
    });
}
