'use strict';

const { Datastore } = require('./lib/datastore.js');
const { DatastoreEngine } = require('./lib/engine.js');
const errors = require('./lib/errors.js');

module.exports.Datastore = Datastore;
module.exports.DatastoreEngine = DatastoreEngine;
module.exports.DatastoreError = errors.DatastoreError;
module.exports.ConflictError = errors.ConflictError;
module.exports.AssertionError = errors.AssertionError;
module.exports.NotFoundError = errors.NotFoundError;
module.exports.ClosedError = errors.ClosedError;
module.exports.CorruptError = errors.CorruptError;
module.exports.ViewMapError = errors.ViewMapError;
module.exports.ViewReduceError = errors.ViewReduceError;
module.exports.MigrationError = errors.MigrationError;
module.exports.StorageError = errors.StorageError;
