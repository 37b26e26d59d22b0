'use strict';

/**
 * What is measured.
 *
 * A workload has a `name`, a `title` for the table, a `unit` (`ops/s` where none is given; `ms` and `MB` are better
 * when they are less), `writes` where it needs documents of its own, and one of
 *
 * - `prepare(store, count)`: checks that the store answers right, and resolves to the operation: a function of a
 *   number that is never the same twice. It is run over and over, `inFlight` at a time (1 where not given); with
 *   `ms` once a run;
 * - `fresh(adapter, directory, count)`: resolves to a `value`, in a new process for every run.
 *
 * One that names its `writers` is sustained: it is run for these alone, at its own number of `documents` and for its own
 * `seconds` where the command line says nothing else; `options` are those of the stores that take any, and an operation
 * writes `size` documents.
 */

const WORKLOADS = [
    ...require('./get.js'),
    ...require('./set.js'),
    ...require('./query.js'),
    ...require('./view.js'),
    ...require('./open.js'),
    ...require('./sustained.js'),
].map((workload) => ({ unit: 'ops/s', writes: false, inFlight: 1, seconds: 1, ...workload }));

module.exports = { WORKLOADS };
