/** Whether every JavaScript block of the customer's documents is run by a test, word for word and in its order. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { ROOT } = require('../support.js');

const REFERENCE = path.join(ROOT, '..', 'shared', 'reference');

const DOCUMENTS = {
    'kixx-datastore-module.md': 'module.test.js',
    'kixx-datastore-guide.md': 'guide.test.js',
};

/** A block that declares a name again and again is cut before each; no block does so more often. */
const MOST_CHUNKS = 3;

function normalise(text) {
    return text.trim().replace(/\s+/g, ' ');
}

/** The JavaScript blocks of a Markdown document, each as its lines. Lines that import are left out. */
function blocksOf(markdown) {
    return [...markdown.matchAll(/^```javascript\n(.*?)^```$/gms)].map(([, code]) =>
        code
            .split('\n')
            .filter((line) => !/^import .* from /.test(line))
            .map(normalise)
            .filter((line) => line !== ''),
    );
}

/**
 * Looks for a block's lines in a text from a position on, as few pieces one after the other.
 *
 * @returns {{ chunks: number, end: number } | { missing: string }} how many pieces and where the last one ends, or the
 * first line that is not there
 */
function find(lines, text, start) {
    let [end, chunks, line] = [start, 0, 0];
    while (line < lines.length) {
        let count = 0;
        let found;
        for (let more = 1; line + more <= lines.length; more += 1) {
            const piece = lines.slice(line, line + more).join(' ');
            const at = text.indexOf(piece, end);
            if (at === -1) {
                break;
            }
            [count, found] = [more, at + piece.length];
        }
        if (count === 0) {
            return { missing: lines[line] };
        }
        [end, line, chunks] = [found, line + count, chunks + 1];
    }
    return { chunks, end };
}

const skip = fs.existsSync(REFERENCE) ? false : `the customer's documents are not at ${REFERENCE}`;

for (const [name, file] of Object.entries(DOCUMENTS)) {
    test(`every JavaScript block of ${name} stands in ${file}`, { skip }, () => {
        const markdown = fs.readFileSync(path.join(REFERENCE, name), 'utf8');
        const text = normalise(fs.readFileSync(path.join(__dirname, file), 'utf8'));
        const blocks = blocksOf(markdown);
        assert.equal(blocks.length, markdown.split('```javascript').length - 1);
        assert.ok(blocks.length > 0);
        let position = 0;
        for (const lines of blocks) {
            const { missing, chunks, end } = find(lines, text, position);
            assert.equal(missing, undefined, `of the block that begins with: ${lines[0]}`);
            assert.ok(chunks <= MOST_CHUNKS, `${chunks} pieces of the block that begins with: ${lines[0]}`);
            position = end;
        }
    });
}

test('a block is found whole or in pieces, and one that is changed is not', () => {
    const lines = ['const a = 1;', 'use(a);', 'const b = 2;'];
    const whole = normalise('x; const a = 1;\n\n   use(a);\n   const b = 2; y;');
    assert.deepEqual(find(lines, whole, 0), { chunks: 1, end: whole.length - 3 });
    assert.equal(find(lines, 'const a = 1; use(a); } other(); { const b = 2;', 0).chunks, 2);
    assert.deepEqual(find(lines, 'const a = 1; use(b); const b = 2;', 0), { missing: 'use(a);' });
    assert.deepEqual(find(lines, 'const b = 2; const a = 1; use(a);', 0), { missing: 'const b = 2;' });
    assert.deepEqual(find(lines, whole, 5), { missing: 'const a = 1;' });
});
