'use strict';

/** Measures the datastore beside its baselines: `npm run bench [-- --documents 10000 --only get,set]`. */

const path = require('node:path');
const { ROOT, buildAddon, checkNode, checkRust, installDependencies, run } = require('./setup.js');

checkNode();
checkRust();
installDependencies();
buildAddon();
run(process.execPath, [path.join(ROOT, 'bench', 'run.js'), ...process.argv.slice(2)]);
