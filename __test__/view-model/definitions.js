'use strict';

/**
 * The views of the model. Each has an `id`, the `source` that the store is given, and `rows(document)`: what a document
 * contributes, as `[key]` or `[key, value]`.
 */

const { rowsOf } = require('./declaration.js');
const { summary } = require('./reduces.js');

function functionView(id, map, reduce) {
    return {
        id,
        source: reduce === undefined ? { map } : { map, reduce },
        reduce,
        rows(document) {
            const rows = [];
            const emit = (key = null, value) => rows.push(asJson(value === undefined ? [key] : [key, value]));
            map(structuredClone(document), emit);
            return rows;
        },
    };
}

/** What is emitted is kept as JSON has it. */
function asJson(row) {
    return JSON.parse(JSON.stringify(row));
}

function declaredView(id, source) {
    return { id, source, reduce: source.reduce, rows: (document) => rowsOf(source, document) };
}

const FUNCTIONS = [
    functionView('name', (document, emit) => emit(document.name, document.n)),
    functionView('any', (document, emit) => emit(document.any)),
    functionView('revision', (document, emit) => emit([document.kind ?? {}, document._rev], document)),
    functionView('several', ({ kind, n, tags = [] }, emit) => {
        for (const tag of tags) {
            emit([kind ?? null, tag, n ?? null], { n });
            emit(tag, null);
        }
    }),
];

const DECLARED = [
    declaredView('d-name', { key: 'name', value: 'n' }),
    declaredView('d-any', { key: 'any' }),
    declaredView('d-deep', { key: ['kind', 'nested.deep.x'], value: ['n', 'name', 'nested.deep'] }),
    declaredView('d-whole', { key: '_rev', value: true }),
    declaredView('d-tags', { each: 'tags', key: ['tags', 'kind'], value: ['tags', 'n'] }),
    declaredView('d-lines', { each: 'lines', key: 'lines.sku', value: 'lines.count', where: { flag: { $ne: true } } }),
    declaredView('d-index', { key: 'lines.0.sku', value: 'tags.1' }),
    declaredView('d-where', {
        where: { kind: { $in: ['a', 'aa'] }, n: { $gte: -5, $lt: 7.5 }, pair: { $exists: true } },
        key: 'n',
        value: true,
    }),
    declaredView('d-equal', { where: { kind: 'b', any: { $exists: true } }, key: ['name'] }),
    declaredView('d-between', { where: { name: { $gt: 'A', $lte: 'b' }, flag: null }, key: 'name' }),
];

const REDUCES = ['_count', '_sum', '_stats', '_min', '_max', '_approx_count_distinct', summary];

const REDUCED = REDUCES.flatMap((reduce) => {
    const name = typeof reduce === 'string' ? reduce : reduce.name;
    const map = ({ kind, name, n }, emit) => {
        if (n !== undefined) {
            emit(kind === undefined ? (name ?? null) : [kind, name ?? null, n], n);
        }
    };
    const declaration = { where: { n: { $exists: true } }, key: ['kind', 'name'], value: 'n', reduce };
    return [functionView(`f-${name}`, map, reduce), declaredView(`d-${name}`, declaration)];
}).concat(
    functionView(
        'f-pairs',
        ({ kind, pair, tags = [] }, emit) => pair && emit([kind ?? null, tags.length], pair),
        '_sum',
    ),
    declaredView('d-pairs', { where: { pair: { $exists: true } }, key: 'kind', value: 'pair', reduce: '_sum' }),
    functionView('f-any-min', ({ kind, any }, emit) => emit([kind ?? null], any), '_min'),
    declaredView('d-any-max', { each: 'tags', key: 'tags', value: 'any', reduce: '_max' }),
);

module.exports = { DECLARED, FUNCTIONS, REDUCED };
