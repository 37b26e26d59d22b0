'use strict';

/**
 * The stores that can be measured. The first is the one that the others are compared with.
 *
 * An adapter exports
 *
 * - `name`, and `durability`: one sentence about what an acknowledged write has survived;
 * - `persists`: whether it needs a directory of its own, with documents in it;
 * - `workloads`: the names of those that it takes part in, where that is not all;
 * - `seed(directory, count)`: fills an empty directory with the first `count` documents, in a process of its own;
 * - `open(directory, count)`: resolves to a store with the methods of a `Datastore` that the workloads use (`getItem`,
 *   `setItem`, `updateItem`, `queryKeys`, `setView`, `queryView`, `close`), options and results of the same shape;
 * - `openQuickly`: the same, where `open` is slow and there is another way to the same state.
 *
 * It requires what it measures inside of these functions: the parent process needs only the names, and memory is
 * counted from before the package was loaded.
 */

const ADAPTERS = [require('./kixx.js'), require('./original.js'), require('./map-clone.js')];

module.exports = { ADAPTERS };
