'use strict';

/**
 * Measures the datastore beside its baselines: `npm run bench [-- --documents 10000 --only get,set]`. Unless it is told
 * otherwise, what it finds is in `bench/results/last.jsonl`, and drawn beside it.
 */

const fs = require('node:fs');
const path = require('node:path');
const { ROOT, buildAddon, checkNode, checkRust, installDependencies, run } = require('./setup.js');

checkNode();
checkRust();
installDependencies();
buildAddon();

const results = path.join(ROOT, 'bench', 'results');
const files = ['--json', path.join(results, 'last.jsonl'), '--chart', path.join(results, 'last.svg')];
fs.mkdirSync(results, { recursive: true });
// Ctrl-C reaches the run, too, which then prints what it has measured; this waits for it.
process.on('SIGINT', () => {});
run(process.execPath, [path.join(ROOT, 'bench', 'run.js'), ...files, ...process.argv.slice(2)]);
