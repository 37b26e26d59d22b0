'use strict';

/** The stores and views of the tests of reduces. */

const { openStore } = require('../support.js');

/** A store whose documents are sales: `{ region, day, amount }`. */
async function openSales(t, documents) {
    const store = await openStore(t, { durability: 'none' });
    await store.setItems(documents.map((document, index) => [`sale:${String(index).padStart(5, '0')}`, document]));
    return store;
}

/** Rows with the keys `[region, day]` and the amount as their value. */
function bySale(reduce) {
    return { map: ({ region, day, amount }, emit) => emit([region, day], amount), reduce };
}

const SALES = [
    { region: 'north', day: 1, amount: 5 },
    { region: 'north', day: 1, amount: 7 },
    { region: 'north', day: 2, amount: -1 },
    { region: 'south', day: 1, amount: 10 },
    { region: 'south', day: 3, amount: 0.5 },
    { region: 'west', day: 2, amount: 2 },
];

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

module.exports = { SALES, byNumber, bySale, numberKey, openNumbers, openSales, slowClock };
