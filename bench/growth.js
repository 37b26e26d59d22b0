'use strict';

/** The chart of growth: what an operation costs with more and more documents, beside a line that grows as log n. */

const { COLOURS, heading, source } = require('./paper.js');
const { summary } = require('./statistics.js');
const { short } = require('./table.js');
const { WORKLOADS } = require('./workloads/index.js');

const COLUMNS = 3;
const WIDTH = 212;
const LABELS = 34;

/** Between panels: labels and a gap, the axis, a title and a gap. */
const SPACING = { column: LABELS + 28, row: 62 };

const STEPS = 24;

/** Where a point lies so low, in parts of the height, its number stands above. */
const LOW = 0.4;

/**
 * What grows: for each workload that was measured at several sizes, the cost of an operation of this package.
 *
 * @param {object[]} lines results
 * @returns {{ title: string, points: { documents: number, microseconds: number }[] }[]}
 */
function growthOf(lines) {
    return WORKLOADS.flatMap(({ name, title, unit }) => {
        const points = lines
            .filter(({ cell, store, values }) => cell === name && store === 'kixx' && values.length > 0)
            .map(({ documents, values }) => ({ documents, microseconds: 1e6 / summary(values).median }))
            .sort((a, b) => a.documents - b.documents);
        return unit === 'ops/s' && points.length > 1 ? [{ title, points }] : [];
    });
}

/** @param {object[]} lines results */
function growthSpecification(lines) {
    const curves = growthOf(lines);
    if (curves.length === 0) {
        throw new TypeError('nothing was measured at two sizes');
    }
    return {
        title: heading('The cost of an operation, with more and more documents', [
            'microseconds; the dashed line grows as log n',
            source(lines),
        ]),
        columns: COLUMNS,
        align: 'none',
        bounds: 'flush',
        spacing: SPACING,
        concat: curves.map(panel),
    };
}

function panel({ title, points }) {
    const references = reference(points);
    const most = Math.max(...[...points, ...references].map(({ microseconds }) => microseconds));
    const x = {
        field: 'documents',
        type: 'quantitative',
        scale: { type: 'log', nice: false, padding: 14 },
        axis: { title: null, values: points.map(({ documents }) => documents), format: '~s', labelColor: COLOURS.soft },
    };
    const y = {
        field: 'microseconds',
        type: 'quantitative',
        scale: { domain: [0, most * 1.25], nice: false },
        axis: {
            title: null,
            tickCount: 3,
            format: '.4~r',
            grid: true,
            gridColor: COLOURS.faint,
            labelColor: COLOURS.soft,
            minExtent: LABELS,
            maxExtent: LABELS,
        },
    };
    const layer = (mark, values, of = {}) => ({ mark, data: { values }, encoding: { x, y, ...of } });
    const numbers = (isLow) =>
        points
            .filter(({ microseconds }) => microseconds < most * LOW === isLow)
            .map((point) => ({ ...point, text: short(point.microseconds) }));
    const text = (dy) => ({ type: 'text', dy, fontSize: 11, color: COLOURS.ink });
    return {
        title: { text: title },
        width: WIDTH,
        height: 110,
        layer: [
            layer({ type: 'line', color: COLOURS.soft, strokeDash: [3, 3], strokeWidth: 1 }, references),
            layer({ type: 'line', color: COLOURS.accent, strokeWidth: 2 }, points),
            layer({ type: 'point', filled: true, opacity: 1, color: COLOURS.accent, size: 40 }, points),
            layer(text(-11), numbers(true), { text: { field: 'text' } }),
            layer(text(13), numbers(false), { text: { field: 'text' } }),
        ],
    };
}

/** What the first point's cost would come to, were it to grow as log n. */
function reference(points) {
    const [{ documents: from, microseconds }] = points;
    const to = points.at(-1).documents;
    return Array.from({ length: STEPS + 1 }, (_, step) => {
        const documents = from * (to / from) ** (step / STEPS);
        return { documents, microseconds: (microseconds * Math.log(documents)) / Math.log(from) };
    });
}

module.exports = { growthOf, growthSpecification };
