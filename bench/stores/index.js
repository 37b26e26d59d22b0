'use strict';

/**
 * The stores that can be measured: `ADAPTERS` in all that a store does, the first compared with each of the others;
 * `WRITERS` in sustained writes, where some of them take part again.
 *
 * An adapter exports
 *
 * - `name`, `title`, `label` for charts where that is not the name, and `durability`: one sentence about what an
 *   acknowledged write has survived;
 * - `persists`: whether it needs a directory of its own, with documents in it;
 * - `workloads`: the names of those that it takes part in, or `except`: of those that it does not, where that is not all;
 * - `package`: what it needs of this folder's own dependencies, where it needs any (`peers.js`); `obstacle()`: why it
 *   cannot be measured for another reason, or `null`;
 * - `seed(directory, source)`: fills an empty directory with the documents of a source, `{ count, documentOf }`, in a
 *   process of its own; `filledBy`: another adapter, whose directory it reads;
 * - `open(directory, source, options)`: resolves to a store with the methods of a `Datastore` that the workloads use
 *   (`getItem`, `getItems`, `setItem`, `updateItem`, `queryKeys`, `setView`, `queryView`, `close`; a writer `setItem` or,
 *   where its shortest way has no revisions, `put`, and likewise `setItems` or `putMany`, `flush`, `close`), options and
 *   results of the same shape. A result needs `items` with `key` and, where asked for, `value` or `document`, or `value`;
 *   every object is the caller's own; `getReady(directory)` is what the opening of a store need not pay for;
 * - `openQuickly`: the same, where `open` is slow and there is another way to the same state.
 *
 * It requires what it measures inside of these functions: the parent process needs only the names, and memory is
 * counted from before the package was loaded.
 */

const { background, eager, kixx } = require('./kixx.js');
const betterSqlite3 = require('./better-sqlite3.js');
const classicLevel = require('./classic-level.js');
const lmdb = require('./lmdb.js');
const original = require('./original.js');

const ADAPTERS = [
    kixx,
    original,
    require('./map-clone.js'),
    require('./plain-loop.js'),
    lmdb,
    betterSqlite3,
    classicLevel,
    require('./pouchdb.js'),
    require('./nedb.js'),
    require('./lokijs.js'),
    ...require('./readers.js'),
];

const WRITERS = [
    eager,
    background,
    classicLevel,
    lmdb,
    betterSqlite3,
    original,
    ...require('./raw-files.js'),
    require('./raw-log.js'),
];

/** Every adapter once. */
const STORES = [...new Set([...ADAPTERS, ...WRITERS])];

function find(name) {
    return STORES.find((store) => store.name === name);
}

module.exports = { ADAPTERS, STORES, WRITERS, find };
