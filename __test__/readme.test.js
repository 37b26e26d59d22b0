'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { PAGES, PRELUDE, blocksOf, moduleOf, project } = require('./pages.js');
const { ROOT } = require('./support.js');

const blocks = blocksOf('README.md');

test('the README has code to try', () => {
    assert.ok(blocks.length >= 4);
    assert.ok(blocks[0].includes("from 'kixx-datastore'"));
});

for (const page of PAGES) {
    for (const [index, code] of blocksOf(page).entries()) {
        const title = code.split('\n').find((line) => line.trim() !== '');
        test(`block ${index + 1} of ${page} runs as it stands: ${title}`, (t) => {
            const folder = project(t);
            fs.writeFileSync(path.join(folder, 'block.mjs'), moduleOf(code));
            const ended = spawnSync(process.execPath, ['block.mjs'], {
                cwd: folder,
                encoding: 'utf8',
                timeout: 60_000,
            });
            assert.equal(ended.stderr, '');
            assert.equal(ended.status, 0);
        });
    }
}

test('every link of a page leads to a file that is there', () => {
    for (const page of PAGES) {
        const text = fs.readFileSync(path.join(ROOT, page), 'utf8');
        for (const [, target] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
            assert.ok(fs.existsSync(path.join(ROOT, path.dirname(page), target)), `${page}: ${target}`);
        }
    }
});

test('what the comments of the README say is what happens', (t) => {
    const folder = project(t);
    const checked = blocks
        .map((code) => (code.includes('import ') ? '' : code))
        .join('\n')
        .replace(/^ *(await .*|error\.\w+); \/\/ ('[^']*'|null|\d+)$/gm, '__check($1, $2);');
    const count = checked.match(/__check\(/g).length;
    const prelude = `${PRELUDE}import assert from 'node:assert/strict';
let __checks = 0;
function __check(actual, expected) { assert.equal(actual, expected); __checks += 1; }
`;

    fs.writeFileSync(path.join(folder, 'checked.mjs'), `${prelude}${checked}\nassert.equal(__checks, ${count});`);
    const ended = spawnSync(process.execPath, ['checked.mjs'], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
    assert.equal(ended.stderr, '');
    assert.ok(count >= 4, `only ${count} comments were understood`);
});
