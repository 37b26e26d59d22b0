'use strict';

/** A `Map` and `structuredClone`, nothing stored: what reading a private object costs in plain JavaScript. */

module.exports = {
    name: 'map-clone',
    label: 'Map + clone',
    durability: 'none: nothing is written anywhere',
    persists: false,
    /** Only reads by key: without files and revisions its writes would be compared with something else. */
    workloads: ['get-hot', 'get-uniform', 'get-large', 'get-many', 'memory', 'memory-read'],

    async open(_directory, { count, documentOf }) {
        const { keyOf } = require('../documents.js');
        const documents = new Map();
        for (let index = 0; index < count; index += 1) {
            // Through JSON, as documents come from a file: literals would share their strings and shapes.
            documents.set(keyOf(index), JSON.parse(JSON.stringify({ _rev: 0, ...documentOf(index) })));
        }
        return {
            async getItem(key) {
                const document = documents.get(key);
                return document === undefined ? null : structuredClone(document);
            },
            async close() {},
        };
    },
};
