'use strict';

const kixx = require('kixx-datastore');
const { roundTrip, tellBinary } = require('./round-trip.js');

roundTrip(kixx, 'data-required').then(tellBinary);
