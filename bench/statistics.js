'use strict';

/** Few numbers for many. */

/** The value below which a share of the sorted numbers lies. */
function percentile(sorted, share) {
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** `{ median, min, max }` of numbers in any order; an even count has the mean of the two in the middle. */
function summary(numbers) {
    const sorted = numbers.toSorted((a, b) => a - b);
    const half = sorted.length >> 1;
    const median = sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    return { median, min: sorted[0], max: sorted.at(-1) };
}

module.exports = { percentile, summary };
