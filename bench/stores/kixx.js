'use strict';

/** This package. A `Datastore` is the interface that the workloads use, so it needs no face. */

/** Documents set together while seeding. */
const BATCH = 1_000;

/** An adapter for stores with these options; seeded by one with background files, which is closed afterwards. */
function kixx(name, label, title, durability, options) {
    return {
        name,
        label,
        title,
        durability,
        persists: true,

        async seed(directory, { count, documentOf }) {
            const { keyOf } = require('../documents.js');
            const datastore = await open(directory, { files: 'background' });
            for (let first = 0; first < count; first += BATCH) {
                const indexes = Array.from({ length: Math.min(BATCH, count - first) }, (_, index) => first + index);
                await datastore.setItems(indexes.map((index) => [keyOf(index), documentOf(index)]));
            }
            await datastore.close();
        },

        /** @param {object} [ofWorkload] options that the workload is about */
        open: (directory, _source, ofWorkload) => open(directory, { ...options, ...ofWorkload }),
    };
}

function open(directory, options) {
    const { Datastore } = require('../../index.js');
    return new Datastore({ directory, ...options }).load();
}

const inFile =
    'is in the journal and in its file before it is acknowledged; a sync a second in the background, so a power cut ' +
    'may take the last second';
const inJournal = 'is in the journal before it is acknowledged, in its file within seconds; synced as above';

module.exports = {
    kixx: kixx('kixx', 'kixx', 'this package', inFile, {}),
    eager: kixx('kixx-eager', 'kixx', 'kixx, eager files', inFile, { files: 'eager' }),
    background: kixx('kixx-background', 'kixx, background', 'kixx, background files', inJournal, {
        files: 'background',
    }),
};
