'use strict';

/**
 * Calls told on `diagnostics_channel`, one tracing channel for each kind of them: `tracing:kixx-datastore:get:start` and so on.
 *
 * What is told is named by OpenTelemetry's conventions for databases (README). It is made where somebody listens; where
 * nobody does, a call costs the question whether anybody does.
 */

const { tracingChannel } = require('node:diagnostics_channel');
const { outlineOf } = require('./where.js');

/** What each method is told as, and what of its arguments is told. */
const METHODS = {
    load: ['load'],
    getItem: ['get', ofKey],
    getItems: ['get', ofSeveral],
    setItem: ['set', ofKey],
    updateItem: ['update', ofKey],
    deleteItem: ['delete', ofKey],
    setItems: ['batch', ofSeveral],
    deleteItems: ['batch', ofSeveral],
    batch: ['batch', ofSeveral],
    transaction: ['transaction'],
    migrate: ['migrate'],
    flush: ['flush'],
    refresh: ['refresh'],
    queryKeys: ['query'],
    find: ['query', ofSearch],
    findOne: ['query', ofSearch],
    count: ['query', ofSearch],
    queryView: ['view', ofView],
    buildView: ['view', ofView],
    deleteView: ['view', ofView],
    importItems: ['import'],
    backup: ['backup'],
    restore: ['backup'],
    close: ['close'],
};

function nothing() {
    return {};
}

function ofKey(key) {
    return { 'db.operation.parameter.key': typeof key === 'number' ? String(key) : key };
}

/** One of several is no batch there. */
function ofSeveral(values) {
    const size = values?.length ?? values?.size;
    return size > 1 ? { 'db.operation.batch.size': size } : {};
}

function ofSearch(where) {
    return { 'db.query.text': outlineOf(where) };
}

function ofView(id) {
    return { 'db.collection.name': id };
}

/**
 * Lets the methods of a class be heard.
 *
 * @param {Function} Class whose methods return promises
 * @param {(instance: object) => string | undefined} namespaceOf the directory of an instance
 */
function traceable(Class, namespaceOf) {
    for (const [name, [kind, describe = nothing]] of Object.entries(METHODS)) {
        const method = Class.prototype[name];
        const channel = tracingChannel(`kixx-datastore:${kind}`);
        const trace = (instance, given) => {
            const told = {
                'db.system.name': 'kixx-datastore',
                'db.namespace': namespaceOf(instance),
                'db.operation.name': name,
                ...described(describe, given),
            };
            return channel.tracePromise(() => outcome(method.apply(instance, given), told), told);
        };
        const traced = {
            [name](first, second, third) {
                if (channel.hasSubscribers) {
                    return trace(this, [first, second, third]);
                }
                return method.call(this, first, second, third);
            },
        }[name];
        Object.defineProperty(traced, 'length', { value: method.length, configurable: true });
        Object.defineProperty(Class.prototype, name, { value: traced, writable: true, configurable: true });
    }
}

/** What is told of arguments that nobody has checked yet. */
function described(describe, given) {
    try {
        return describe(...given);
    } catch {
        // The call itself will tell what is wrong with them.
        return {};
    }
}

/** What a call came to, told before it is over. */
async function outcome(answered, told) {
    try {
        const result = await answered;
        if (Array.isArray(result?.items)) {
            told['db.response.returned_rows'] = result.items.length;
        }
        return result;
    } catch (error) {
        told['error.type'] = error?.code ?? error?.name ?? typeof error;
        throw error;
    }
}

module.exports = { traceable };
