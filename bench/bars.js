'use strict';

/** The chart of bars: panels side by side, each with its own scale that begins at zero. */

const { panelsOf } = require('./panels.js');
const { COLOURS, heading, source } = require('./paper.js');

const COLUMNS = 3;
const LABELS = 100;
const BARS = 102;

/** Beside the longest bar stands its number. */
const NUMBERS = 42;

/** Between panels: labels and a gap, a title and a gap. */
const SPACING = { column: LABELS + 22, row: 60 };

/** @param {object[]} lines results */
function barsSpecification(lines) {
    const panels = panelsOf(lines);
    if (panels.length === 0) {
        throw new TypeError('nothing that the chart shows was measured');
    }
    const most = Math.max(...panels.map(({ documents }) => documents));
    return {
        title: heading('kixx-datastore, beside what you might use instead', [
            `${most.toLocaleString('en')} documents of 400 bytes; every object private to its reader; medians`,
            source(lines),
        ]),
        columns: COLUMNS,
        align: 'none',
        bounds: 'flush',
        spacing: SPACING,
        concat: panels.map(panel),
    };
}

function panel({ title, verdict, bars }) {
    const longest = Math.max(...bars.map(({ value }) => value));
    const x = {
        field: 'value',
        type: 'quantitative',
        axis: null,
        scale: { domain: [0, longest * (1 + NUMBERS / BARS)], nice: false },
    };
    return {
        title: { text: title, subtitle: verdict },
        width: BARS + NUMBERS,
        height: { step: 17 },
        data: { values: bars },
        encoding: {
            y: {
                field: 'label',
                type: 'nominal',
                sort: null,
                axis: {
                    title: null,
                    minExtent: LABELS,
                    maxExtent: LABELS,
                    labelLimit: 0,
                    labelPadding: 6,
                    labelFontWeight: {
                        condition: { test: `slice(datum.label, 0, 4) === 'kixx'`, value: 600 },
                        value: 400,
                    },
                },
            },
            x,
        },
        layer: [
            {
                mark: { type: 'bar', height: 11 },
                encoding: {
                    color: {
                        condition: { test: 'datum.isOwn', value: COLOURS.accent },
                        value: COLOURS.muted,
                    },
                },
            },
            {
                mark: { type: 'text', align: 'left', dx: 4, fontSize: 11, color: COLOURS.ink },
                encoding: { text: { field: 'text' } },
            },
        ],
    };
}

module.exports = { barsSpecification };
