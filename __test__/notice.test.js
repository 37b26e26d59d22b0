'use strict';

/** NOTICE: the licenses of what is compiled into the binaries. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const yaml = require('js-yaml');
const { cratesOf } = require('../scripts/release/crates.js');
const { listed, notice, taken } = require('../scripts/release/licenses.js');
const { ROOT } = require('./support.js');

const NOTICE = fs.readFileSync(path.join(ROOT, 'NOTICE'), 'utf8');

/** The target that cargo builds for here; `undefined` where there is no Rust. */
const host = /^host: (.+)$/m.exec(spawnSync('rustc', ['-vV'], { encoding: 'utf8' }).stdout ?? '')?.[1];

const TERMS = 'Permission is granted.\n\nThe above copyright notice shall be included.';

function crate(name, license, files) {
    return { name, license, files: Object.keys(files), read: (file) => files[file] };
}

test('NOTICE names every crate of the release build with its license', { skip: !host && 'no Rust here' }, () => {
    const named = listed(NOTICE);
    const crates = cratesOf(host, ['--offline']);
    assert.ok(crates.length > 50);
    for (const { name, license } of crates) {
        assert.equal(named.get(name), license, `${name}: run npm run notice`);
    }
});

test('NOTICE tells of every crate who has the copyright, under a text of each license that is taken', () => {
    const sections = NOTICE.split(/^-+$/m).slice(1);
    for (const [name, license] of listed(NOTICE)) {
        for (const id of taken({ name, license })) {
            const own = sections.filter((text) => text.includes(`\n  ${name}:`) || text.includes(`\n  ${name}\n`));
            assert.ok(
                own.some((text) => text.startsWith(`\n${id}, for\n`)),
                `${name}: ${id}`,
            );
        }
    }
});

test('of licenses to choose from one is taken, of those that go together each', () => {
    assert.deepEqual(taken({ license: 'Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT' }), ['MIT']);
    assert.deepEqual(taken({ license: 'MIT/Apache-2.0' }), ['MIT']);
    assert.deepEqual(taken({ license: '(MIT OR Apache-2.0) AND Unicode-3.0' }), ['MIT', 'Unicode-3.0']);
    for (const license of ['GPL-3.0-only', 'MIT AND GPL-3.0-only', '', null]) {
        assert.throws(() => taken({ name: 'x', license }), /the crate x offers/);
    }
});

test('crates with the same words share a text, and each keeps its copyright', () => {
    const text = notice([
        crate('b', 'MIT OR Apache-2.0', {
            'LICENSE-APACHE': 'Apache',
            'LICENSE-MIT': `MIT License\n\nCopyright (c) B\n\n${TERMS}`,
        }),
        crate('a', 'MIT', { 'license.md': `Copyright A\r\n\r\n${TERMS.replace(/\s+/g, ' ')}` }),
        crate('napi', 'MIT', {}),
        crate('other', 'MIT', { LICENSE: 'Copyright O\n\nOther terms.' }),
    ]);
    assert.deepEqual(
        [...listed(text)],
        [
            ['a', 'MIT'],
            ['b', 'MIT OR Apache-2.0'],
            ['napi', 'MIT'],
            ['other', 'MIT'],
        ],
    );
    assert.equal(text.split('Permission is granted.').length, 2);
    const [, shared, other] = text.split(/^-+$/m);
    assert.match(shared, / {2}a: Copyright A\n {2}b: Copyright \(c\) B\n {2}napi: Copyright .*LongYinan/);
    assert.match(shared, /Rust's standard library: Copyright/);
    assert.match(other, / {2}other: Copyright O\n\nOther terms\./);
    assert.doesNotMatch(text, /Apache\n/);
});

test('a crate without the text of its license is refused', () => {
    assert.throws(() => notice([crate('x', 'MIT', { 'README.md': 'x' })]), /the crate x brings no text/);
});

test('the release workflow compares NOTICE with the crates of all platforms', () => {
    const workflow = yaml.load(fs.readFileSync(path.join(ROOT, '.github', 'workflows', 'release.yml'), 'utf8'));
    assert.ok(workflow.jobs.suite.steps.some(({ run }) => run?.includes('npm run notice -- --check')));
});
