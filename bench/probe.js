'use strict';

/**
 * What the file system takes for a bare file just now, in microseconds. Creating one costs ten times more for some
 * minutes after many were deleted, whoever deleted them, so that writes without this number cannot be compared.
 */

const fs = require('node:fs');
const path = require('node:path');

const FILES = 400;

/** `{ create, replace }`: a new file; a temporary file renamed over an existing one. */
function bareFiles(directory) {
    fs.mkdirSync(directory);
    const bytes = Buffer.alloc(400, 'a');
    const temporary = path.join(directory, 'temporary');
    const create = each((file) => fs.writeFileSync(path.join(directory, String(file)), bytes));
    const replace = each((file) => {
        fs.writeFileSync(temporary, bytes);
        fs.renameSync(temporary, path.join(directory, String(file)));
    });
    return { create, replace };
}

function each(act) {
    const started = performance.now();
    for (let file = 0; file < FILES; file += 1) {
        act(file);
    }
    return ((performance.now() - started) / FILES) * 1_000;
}

module.exports = { bareFiles };
