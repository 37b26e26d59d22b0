'use strict';

/** How long the last commits took. */

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Latencies } = require('../lib/latencies.js');
const { openStore, refusal } = require('./support.js');

test('of nothing nothing is told', () => {
    assert.deepEqual(new Latencies().stats(), { count: 0, measured: 0, p50: null, p99: null, max: null });
});

test('median, 99th percentile and maximum are those of the nearest rank', () => {
    const latencies = new Latencies();
    for (let n = 200; n > 0; n -= 1) {
        latencies.add(n);
    }
    assert.deepEqual(latencies.stats(), { count: 200, measured: 200, p50: 100, p99: 198, max: 200 });
});

test('what is older than the last 1,024 does not count', () => {
    const latencies = new Latencies();
    latencies.add(1e9);
    for (let n = 0; n < 1_024; n += 1) {
        latencies.add(0.5);
    }
    assert.deepEqual(latencies.stats(), { count: 1_025, measured: 1_024, p50: 0.5, p99: 0.5, max: 0.5 });
});

test('writes that cross together are one commit, refused ones count, and flushes and reads do not', async (t) => {
    const store = await openStore(t);
    const { sequence, commits } = store.stats();
    assert.deepEqual([sequence, commits.count, commits.p50], [0, 0, null]);
    await Promise.all([store.setItem('a', {}), store.setItem('b', {})]);
    await store.setItems([
        ['c', {}],
        ['d', {}],
    ]);
    await store.transaction((tx) => tx.setItem('e', {}));
    await refusal(store.setItem('a', { _rev: 7 }));
    await store.flush();
    await store.getItem('a');
    await store.queryKeys();
    const { count, measured, p50, p99, max } = store.stats().commits;
    assert.deepEqual([count, measured], [4, 4]);
    assert.ok(p50 > 0 && p50 <= p99 && p99 <= max);
});
