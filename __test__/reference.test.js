'use strict';

/** The reference that `npm run docs` makes of the declarations. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const kixx = require('..');
const { ROOT, temporaryDirectory } = require('./support.js');

test('the reference has a page for every class, everything public is documented in it, and its links resolve', (t) => {
    const out = temporaryDirectory(t);
    const typedoc = path.join(ROOT, 'node_modules', 'typedoc', 'bin', 'typedoc');
    // What typedoc.jsonc makes it find wrong is a warning, and warnings are errors.
    const { status, stdout, stderr } = spawnSync(process.execPath, [typedoc, '--out', out], {
        cwd: ROOT,
        encoding: 'utf8',
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
    const pages = fs.readdirSync(path.join(out, 'classes')).sort();
    assert.deepEqual(
        pages,
        Object.keys(kixx)
            .map((name) => `${name}.html`)
            .sort(),
    );
});
