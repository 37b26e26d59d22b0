'use strict';

/**
 * The stores that can be measured: `ADAPTERS` in all that a store does, the first compared with each of the others;
 * `WRITERS` in sustained writes.
 *
 * An adapter exports
 *
 * - `name`, `title`, and `durability`: one sentence about what an acknowledged write has survived;
 * - `persists`: whether it needs a directory of its own, with documents in it;
 * - `workloads`: the names of those that it takes part in, where that is not all;
 * - `seed(directory, count)`: fills an empty directory with the first `count` documents, in a process of its own;
 * - `open(directory, count, options)`: resolves to a store with the methods of a `Datastore` that the workloads use
 *   (`getItem`, `setItem`, `updateItem`, `queryKeys`, `setView`, `queryView`, `close`; a writer `setItem`, `flush`,
 *   `close`), options and results of the same shape;
 * - `openQuickly`: the same, where `open` is slow and there is another way to the same state.
 *
 * It requires what it measures inside of these functions: the parent process needs only the names, and memory is
 * counted from before the package was loaded.
 */

const { background, eager, kixx } = require('./kixx.js');

const ADAPTERS = [kixx, require('./original.js'), require('./map-clone.js')];

const WRITERS = [eager, background, ...require('./raw-files.js'), require('./raw-log.js')];

module.exports = { ADAPTERS, WRITERS };
