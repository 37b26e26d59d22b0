'use strict';

/**
 * What somebody does who has just installed the package. Copied into an empty project and run there, with the package as it
 * came by `require` or by `import`.
 */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');

/** Set, get, a view, close, and the same again from the directory. */
async function roundTrip({ Datastore }, directory) {
    const datastore = new Datastore({ directory });
    await datastore.load();
    datastore.setView('by-age', { map: ({ age }, emit) => emit(age) });
    await datastore.setItem('user:1', { name: 'Ada', age: 36 });
    await datastore.setItem('user:2', { name: 'Grace', age: 30 });
    await assert.rejects(datastore.setItem('user:1', { _rev: 7 }), { code: 'CONFLICT' });
    assert.deepEqual(await datastore.getItem('user:1'), { _rev: 0, name: 'Ada', age: 36 });
    const { items, total } = await datastore.queryView('by-age');
    assert.equal(total, 2);
    assert.deepEqual(
        items.map(({ documentKey }) => documentKey),
        ['user:2', 'user:1'],
    );
    await datastore.close();
    assert.equal(JSON.parse(fs.readFileSync(path.join(directory, 'user%3A1.json'), 'utf8')).name, 'Ada');

    const again = new Datastore({ directory });
    await again.load();
    assert.deepEqual(await again.getItem('user:2'), { _rev: 0, name: 'Grace', age: 30 });
    await again.close();
}

/** Prints which binary is loaded. */
function tellBinary() {
    process.stdout.write(`${Object.keys(require.cache).find((file) => file.endsWith('.node'))}\n`);
}

module.exports = { roundTrip, tellBinary };
