'use strict';

/** The native half: the exports of the compiled engine, as `src/node/` declares them. */

const path = require('node:path');
const { loadBinary } = require('./binary.js');
const { thisHost } = require('./platform.js');

module.exports = loadBinary(path.join(__dirname, '..'), thisHost());
