'use strict';

/**
 * What is measured.
 *
 * A workload has a `name`, a `title` for the table, a `unit` (`ops/s` where none is given; `ms` and `MB` are better
 * when they are less), `writes` where it needs documents of its own (`reuses`: or those that another such cell has
 * written), `isLarge` where its documents are large ones, `most` documents where more would be too many, and one of
 *
 * - `prepare(store, count)`: checks that the store answers right, and resolves to the operation: a function of a
 *   number that is never the same twice. It is run over and over, `inFlight` at a time (1 where not given); with
 *   `ms` once a run. `beside(store, count)` makes a client that does something else meanwhile;
 * - `fresh(adapter, directory, source)`: resolves to a `value`, in a new process for every run.
 *
 * One that names its `writers` is sustained: it is run for these alone, at its own number of `documents` and for its own
 * `seconds` where the command line says nothing else; `options` are those of the stores that take any, and an operation
 * writes `size` documents. With `perRun` every run, of which there are at most `runs`, has a process and documents of its
 * own; with `measuresDelay` what counts is not the rate but how long the event loop was kept.
 */

/** Large ones beyond this number take gigabytes. */
const MOST_LARGE = 100_000;

const WORKLOADS = [
    ...require('./get.js'),
    ...require('./set.js'),
    ...require('./query.js'),
    ...require('./view.js'),
    ...require('./open.js'),
    ...require('./sustained.js'),
].map((workload) => ({
    unit: 'ops/s',
    writes: false,
    inFlight: 1,
    seconds: 1,
    most: workload.isLarge ? MOST_LARGE : Infinity,
    ...workload,
}));

module.exports = { WORKLOADS };
