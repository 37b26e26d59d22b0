'use strict';

/** This package, with its default options. A `Datastore` is the interface that the workloads use, so it needs no face. */

/** Writes under way together while seeding. */
const LANES = 256;

module.exports = {
    name: 'kixx',
    durability:
        'every write is in its file (temporary file + rename) before it is acknowledged; one syncfs a second in the ' +
        'background, so a power cut may take the last second',
    persists: true,

    async seed(directory, count) {
        const { documentOf, keyOf } = require('../documents.js');
        const datastore = await this.open(directory);
        let next = 0;
        const lane = async () => {
            while (next < count) {
                const index = next;
                next += 1;
                await datastore.setItem(keyOf(index), documentOf(index));
            }
        };
        await Promise.all(Array.from({ length: LANES }, lane));
        await datastore.close();
    },

    open(directory) {
        const { Datastore } = require('../../index.js');
        return new Datastore({ directory }).load();
    },
};
