'use strict';

/** Modules of users. */

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { UsageError } = require('./failure.js');

/**
 * The views that a module exports: those of `views`, of its default export, or its own.
 *
 * @param {string} file
 * @returns {Promise<Map<string, object>>} ids, sources
 */
async function viewsOf(file) {
    let module;
    try {
        module = await import(pathToFileURL(path.resolve(file)).href);
    } catch (cause) {
        throw new UsageError(`the module '${file}' cannot be loaded`, { cause });
    }
    const exported = module.views ?? module.default?.views ?? module.default ?? module;
    const views = Object.entries(exported).filter(([, source]) => typeof (source?.map ?? source?.key) !== 'undefined');
    if (views.length === 0) {
        throw new UsageError(`the module '${file}' exports no views: { id: { map } } or { id: { key } }`);
    }
    return new Map(views);
}

/** Registers a view for who only looks: it must not make the directory enforce something. */
function setView(store, id, source) {
    store.setView(id, { ...source, unique: undefined });
}

module.exports = { setView, viewsOf };
