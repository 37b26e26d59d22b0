'use strict';

/** Formats both languages and fixes what the linter can fix. */

const path = require('node:path');
const { ROOT, checkNode, checkRust, installDependencies, run } = require('./setup.js');

checkNode();
checkRust();
installDependencies();
run('cargo', ['fmt']);
run(process.execPath, [path.join(ROOT, 'node_modules', '@biomejs', 'biome', 'bin', 'biome'), 'check', '--write', '.']);
