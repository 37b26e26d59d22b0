'use strict';

/** Kills a writing store again and again and counts what it lost: `npm run crash [-- --iterations 500 --seed 1]`. */

const path = require('node:path');
const { ROOT, buildAddon, checkNode, checkRust, installDependencies, run } = require('./setup.js');

checkNode();
checkRust();
installDependencies();
buildAddon();
run(process.execPath, [path.join(ROOT, '__test__', 'crash', 'main.js'), ...process.argv.slice(2)]);
