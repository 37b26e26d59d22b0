'use strict';

const { withStore } = require('../directory.js');
const { UsageError } = require('../failure.js');
const { PAGE_OPTIONS, itemsOf } = require('../items.js');
const { setView, viewsOf } = require('../module.js');
const { count, value, values } = require('../option.js');
const { pretty, printable } = require('../text.js');

/** The view that is meant, and its id. */
function chosen(views, id) {
    const names = [...views.keys()].join(', ');
    if (id === undefined && views.size > 1) {
        throw new UsageError(`--view is missing: the module exports ${names}`);
    }
    const name = id ?? views.keys().next().value;
    if (!views.has(name)) {
        throw new UsageError(`the module exports no view '${name}', but ${names}`);
    }
    return [name, views.get(name)];
}

/** A row for people: its key, its document's key, its value. */
function rowText({ key, documentKey, value: emitted, document }) {
    const parts = [JSON.stringify(key)];
    if (documentKey !== undefined) {
        parts.push(documentKey);
    }
    if (emitted !== undefined) {
        parts.push(JSON.stringify(emitted));
    }
    const row = parts.map(printable).join('\t');
    return document === undefined ? row : `${row}\n${pretty(document)}\n`;
}

/** The query's options, by their names in the interface. */
function queryOf({ json, module, view, start, end, documents, ...options }) {
    return { startKey: start, endKey: end, includeDocuments: documents, ...options };
}

const JSON_VALUE = '<json>';

module.exports = {
    name: 'view',
    operands: ['<directory>'],
    about: 'rows of a view that a module exports, or what they come to',
    details: [
        'The module exports views by their ids, as module.exports = { id: source } or as its default: what',
        'datastore.setView(id, source) takes. Nothing of a view is kept in the directory; unique is not enforced.',
        'Values are JSON; what is no JSON is a string. A row is its key, the key of its document and its value,',
        'with tabs between them.',
    ],
    options: {
        module: { value: '<file>', about: 'a .js, .cjs or .mjs file that exports views' },
        view: { value: '<id>', about: 'which of them; may be left out where there is one' },
        key: { value: JSON_VALUE, about: 'rows with this key', read: value },
        keys: { value: '<array>', about: 'rows with these keys, in their order', read: values },
        prefix: {
            value: JSON_VALUE,
            about: 'strings that start with this, arrays whose first elements are these',
            read: value,
        },
        start: { value: JSON_VALUE, about: 'from this key on, itself included', read: value },
        end: { value: JSON_VALUE, about: 'up to this key, itself included', read: value },
        ...PAGE_OPTIONS,
        documents: { about: 'each row with its document' },
        reduce: { about: 'what the rows come to, as the view reduces them' },
        group: { about: 'what the rows of each key come to' },
        'group-level': {
            value: '<n>',
            about: 'what the rows come to by so many first elements of their keys',
            read: count,
        },
    },
    async run(context) {
        const { options, output, progress, signal } = context;
        if (options.module === undefined) {
            throw new UsageError('--module is missing');
        }
        const [id, source] = chosen(await viewsOf(options.module), options.view);
        const asked = queryOf(options);
        await withStore(context, async (store) => {
            setView(store, id, source);
            await progress.during('Mapping', (onProgress) => store.buildView(id, { signal, onProgress }));
            const query = (of) => store.queryView(id, { ...of, signal });
            if (asked.reduce && asked.group === undefined && asked.groupLevel === undefined) {
                const { value: reduced } = await query(asked);
                await output.put(reduced, pretty);
                return;
            }
            for await (const row of itemsOf(query, asked)) {
                await output.put(row, rowText);
            }
        });
    },
};
