'use strict';

/** The order of JSON values as view keys, told plainly. */

/** The place of a value's type among the types. */
function rank(value) {
    if (value === null) {
        return 0;
    }
    if (typeof value === 'boolean') {
        return value ? 2 : 1;
    }
    if (typeof value === 'number') {
        return 3;
    }
    if (typeof value === 'string') {
        return 4;
    }
    return Array.isArray(value) ? 5 : 6;
}

/** Negative, zero or positive, as a comparison of `sort` answers. */
function compare(a, b) {
    const [of, other] = [rank(a), rank(b)];
    if (of !== other) {
        return of - other;
    }
    switch (of) {
        case 3:
        case 4:
            return less(a, b) - less(b, a);
        case 5:
            return compareLists(a, b);
        case 6:
            return compareLists(Object.entries(a).flat(), Object.entries(b).flat());
        default:
            return 0;
    }
}

function less(a, b) {
    return a < b ? -1 : 0;
}

/** Element by element, the shorter first. */
function compareLists(a, b) {
    for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
        const order = compare(a[index], b[index]);
        if (order !== 0) {
            return order;
        }
    }
    return a.length - b.length;
}

module.exports = { compare, rank };
