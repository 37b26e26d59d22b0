'use strict';

/**
 * The stores that can be measured: `ADAPTERS` in all that a store does, the first compared with each of the others;
 * `WRITERS` in sustained writes.
 *
 * An adapter exports
 *
 * - `name`, `title`, and `durability`: one sentence about what an acknowledged write has survived;
 * - `persists`: whether it needs a directory of its own, with documents in it;
 * - `workloads`: the names of those that it takes part in, or `except`: of those that it does not, where that is not all;
 * - `package`: what it needs of this folder's own dependencies, where it needs any (`peers.js`);
 * - `seed(directory, count)`: fills an empty directory with the first `count` documents, in a process of its own;
 * - `open(directory, count, options)`: resolves to a store with the methods of a `Datastore` that the workloads use
 *   (`getItem`, `setItem`, `updateItem`, `queryKeys`, `setView`, `queryView`, `close`; a writer `setItem`, `flush`,
 *   `close`), options and results of the same shape. A result needs `items` with
 *   `key` and, where asked for, `value` or `document`, or `value`; every object is the caller's own;
 * - `openQuickly`: the same, where `open` is slow and there is another way to the same state.
 *
 * It requires what it measures inside of these functions: the parent process needs only the names, and memory is
 * counted from before the package was loaded.
 */

const { background, eager, kixx } = require('./kixx.js');

const ADAPTERS = [
    kixx,
    require('./original.js'),
    require('./map-clone.js'),
    require('./plain-loop.js'),
    require('./lmdb.js'),
    require('./better-sqlite3.js'),
    require('./classic-level.js'),
    require('./pouchdb.js'),
    require('./nedb.js'),
    require('./lokijs.js'),
];

const WRITERS = [eager, background, ...require('./raw-files.js'), require('./raw-log.js')];

module.exports = { ADAPTERS, WRITERS };
