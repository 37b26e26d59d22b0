'use strict';

const { withStore } = require('../directory.js');
const { explanationText } = require('../explanation.js');
const { UsageError } = require('../failure.js');
const { PAGE_OPTIONS, putItems } = require('../items.js');
const { setView, viewsOf } = require('../module.js');

/** Options of a page of documents, which is not what is told with `--explain`. */
const OF_PAGE = ['offset', 'limit', 'count'];

function checkExplained(options) {
    if (!options.explain && options.module !== undefined) {
        throw new UsageError('--module goes with --explain: a view for one search takes longer than the search');
    }
    const stray = options.explain && OF_PAGE.find((name) => options[name] !== undefined);
    if (stray) {
        throw new UsageError(`--explain goes without --${stray}`);
    }
}

/** Tells how documents are found with the views of a module, which are built first. */
async function explain(store, where, { views, prefix, descending }, { output, progress, signal }) {
    for (const [id, source] of views) {
        setView(store, id, source);
        await progress.during('Mapping', (onProgress) => store.buildView(id, { signal, onProgress }));
    }
    const options = { prefix, descending, limit: 1, explain: true, signal };
    const { explain: explanation, total: found } = await store.find(where, options);
    const mapped = [...views].filter(([, source]) => source.key === undefined);
    const others = mapped.map(([id]) => ({ id, rows: null, reason: 'map' }));
    const { view, examined, views: considered } = explanation;
    await output.put({ view, examined, found, views: [...considered, ...others] }, explanationText);
}

module.exports = {
    name: 'find',
    operands: ['<directory>', '<where>'],
    about: 'the documents that meet conditions, given as JSON or, with -, by stdin',
    details: [
        'Conditions are those of datastore.find: \'{"type":"user","age":{"$gte":18}}\'. With --explain the documents are',
        'not told, but which of the views of --module leads to them, and why the others do not: or that every document',
        'is looked at.',
    ],
    options: {
        prefix: { value: '<text>', about: 'of the keys that start with this' },
        ...PAGE_OPTIONS,
        count: { about: 'only how many there are' },
        explain: { about: 'only how they are found' },
        module: { value: '<file>', about: 'with --explain: a .js, .cjs or .mjs file that exports views' },
    },
    async run(context) {
        const { input, output, signal } = context;
        checkExplained(context.options);
        const { json, count: isCount, explain: isExplained, module, ...options } = context.options;
        const where = await input.json(context.operands[0], 'where');
        const views = module === undefined ? new Map() : await viewsOf(module);
        await withStore(context, async (store) => {
            if (isExplained) {
                await explain(store, where, { ...options, views }, context);
                return;
            }
            if (isCount) {
                await output.put(await store.count(where, { prefix: options.prefix, signal }), String);
                return;
            }
            const query = (of) => store.find(where, { ...of, signal });
            await putItems(output, query, options);
        });
    },
};
