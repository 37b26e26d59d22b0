'use strict';

/** Makes the release addon. */

const { buildAddon, checkNode, checkRust, installDependencies } = require('./setup.js');

checkNode();
checkRust();
installDependencies();
buildAddon();
