'use strict';

/** Makes the reference of everything public: `index.d.ts` as pages, in `reference/`. */

const path = require('node:path');
const { ROOT, checkNode, installDependencies, run } = require('./setup.js');

checkNode();
installDependencies();
run(process.execPath, [path.join(ROOT, 'node_modules', 'typedoc', 'bin', 'typedoc')]);
process.stdout.write(`Open ${path.join('reference', 'index.html')}.\n`);
