'use strict';

/** Makes the release addon: `npm run build [-- --target aarch64-unknown-linux-musl]`. */

const { buildAddon, checkNode, checkRust, installDependencies } = require('./setup.js');

checkNode();
checkRust();
installDependencies();
buildAddon(process.argv.slice(2));
