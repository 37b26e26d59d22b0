'use strict';

/**
 * The datastore as a Kixx service: `register` puts it into an application's context under the name of the original, so that
 * everything that asks for `context.getService('kixx.Datastore')` has it.
 *
 *     const plugin = require('./kixx-plugin.js');
 *     await plugin.register(context, { directory: './data' });
 *     await plugin.initialize(context);
 *     ...
 *     await plugin.close(context);
 */

const { Datastore } = require('..');

const NAME = 'kixx.Datastore';

/** Makes the service. Nothing is read yet, so that other plugins can define their views first. */
function register(context, options) {
    context.registerService(NAME, new Datastore(options));
}

/** Reads the documents: a broken directory ends the start of the application, by an error that names each file. */
async function initialize(context) {
    const datastore = context.getService(NAME);
    datastore.on('error', (error) => context.logger.error('the datastore takes no more writes', { error }));
    datastore.on('degraded', (error) => context.logger.warn('the datastore cannot do all of its work', { error }));
    await datastore.load();
    const { documents, milliseconds } = datastore.loadReport;
    context.logger.info('the datastore is loaded', { documents, milliseconds });
}

/** The last of what an application does. */
async function close(context) {
    await context.getService(NAME).close();
}

module.exports = { close, initialize, register };
