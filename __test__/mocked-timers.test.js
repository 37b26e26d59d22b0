'use strict';

const assert = require('node:assert/strict');
const { mock, test } = require('node:test');
const { Datastore } = require('..');

test('everything is answered while a test has mocked the timers', async (t) => {
    mock.timers.enable({ apis: ['setImmediate', 'setInterval', 'setTimeout', 'Date'] });
    const { nextTick } = process;
    process.nextTick = () => {};
    t.after(() => {
        process.nextTick = nextTick;
        mock.timers.reset();
    });
    const datastore = new Datastore({ durability: 'none' });
    await datastore.load();
    datastore.setView('byNumber', { map: (document, emit) => emit(document.number) });
    await datastore.setItem('a', { number: 1 });
    await datastore.updateItem('a', (document) => ({ ...document, number: 2 }));
    const { items } = await datastore.queryView('byNumber');
    assert.deepEqual(
        items.map(({ key }) => key),
        [2],
    );
    await datastore.close();
});
