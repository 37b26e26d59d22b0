'use strict';

/** Charts of stored results: `node bench/chart.js results.jsonl out.svg [--growth]`. */

const fs = require('node:fs');
const { parseArgs } = require('node:util');
const { barsSpecification } = require('./bars.js');
const { growthOf, growthSpecification } = require('./growth.js');
const { panelsOf } = require('./panels.js');
const { drawn } = require('./paper.js');
const { read } = require('./results.js');
const { short } = require('./table.js');

/** Draws bars, or growth, into a file. */
async function draw(lines, file, isGrowth = false) {
    const svg = isGrowth
        ? await drawn(growthSpecification(lines), growthInWords(lines))
        : await drawn(barsSpecification(lines), barsInWords(lines));
    fs.writeFileSync(file, svg);
}

function barsInWords(lines) {
    const sentences = panelsOf(lines).map(({ title, bars }) => {
        return `${title}: ${bars.map(({ label, text }) => `${label} ${text}`).join(', ')}`;
    });
    return sentences.join('. ');
}

function growthInWords(lines) {
    const sentences = growthOf(lines).map(({ title, points }) => {
        const costs = points.map((point) => `${short(point.microseconds)} us at ${short(point.documents)}`);
        return `${title}: ${costs.join(', ')}`;
    });
    return sentences.join('. ');
}

async function main(args) {
    const { values, positionals } = parseArgs({
        args,
        options: { growth: { type: 'boolean', default: false } },
        allowPositionals: true,
    });
    if (positionals.length !== 2) {
        throw new TypeError('node bench/chart.js results.jsonl out.svg [--growth]');
    }
    const [results, file] = positionals;
    await draw(read(results), file, values.growth);
}

if (require.main === module) {
    main(process.argv.slice(2)).catch((error) => {
        process.stderr.write(`${error instanceof TypeError ? error.message : error.stack}\n`);
        process.exitCode = 1;
    });
}

module.exports = { draw };
