'use strict';

/** What building a view in JavaScript costs at the least: a loop that parses each document's text and calls the map. */

module.exports = {
    name: 'plain-loop',
    durability: 'none: nothing is written anywhere',
    persists: false,
    /** What it makes is no view: nothing is sorted. */
    workloads: ['view-build'],

    async open(_directory, { count, documentOf }) {
        const texts = Array.from({ length: count }, (_, index) => JSON.stringify({ _rev: 0, ...documentOf(index) }));
        let view;
        return {
            setView(_id, { map }) {
                view = map;
            },
            async queryView(_id, { limit }) {
                const rows = [];
                const emit = (key, value) => rows.push({ key, value });
                for (const text of texts) {
                    view(JSON.parse(text), emit);
                }
                return { items: rows.slice(0, limit) };
            },
            async close() {},
        };
    },
};
