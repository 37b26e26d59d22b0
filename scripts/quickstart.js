'use strict';

/**
 * The main job on real documents: `npm run quickstart [-- path/to/data]`. Sets the clone up, builds the addon, and runs
 * `examples/quickstart.js` on a fresh copy of the data directory. The source is never written.
 */

const path = require('node:path');
const { ROOT, buildAddon, checkNode, checkRust, installDependencies, run } = require('./setup.js');

checkNode();
checkRust();
installDependencies();
buildAddon();
run(process.execPath, [path.join(ROOT, 'examples', 'quickstart.js'), ...process.argv.slice(2)], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
});
