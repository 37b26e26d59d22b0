'use strict';

/** The stores and views of the tests of reduces. */

const { openStore } = require('../support.js');

/** Documents `{ n }` with `n` from 0, keyed in that order. */
async function openNumbers(t, count, options = { durability: 'none' }) {
    const store = await openStore(t, options);
    await store.setItems(Array.from({ length: count }, (_, n) => [numberKey(n), { n }]));
    return store;
}

function numberKey(n) {
    return `number:${String(n).padStart(6, '0')}`;
}

function byNumber(reduce) {
    return { map: ({ n }, emit) => emit(n, n), reduce };
}

/** Every look at the clock finds it ten milliseconds on: whatever is done in turns takes one each time. */
function slowClock(t) {
    let now = 0;
    t.mock.method(performance, 'now', () => {
        now += 10;
        return now;
    });
}

module.exports = { byNumber, numberKey, openNumbers, slowClock };
