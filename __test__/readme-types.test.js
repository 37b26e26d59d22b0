'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const ts = require('typescript');
const { PAGES, blocksOf, moduleOf, project } = require('./pages.js');
const { ROOT } = require('./support.js');

const TARGET = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext };

const CHECKS = {
    ...TARGET,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    preserveSymlinks: true,
};

/** JavaScript cannot say of what type something is, or that it is there. */
const WITHOUT_ANNOTATIONS = { allowJs: true, checkJs: true, strict: false };

/** A folder in which the package and the types of Node are installed, and examples of all pages are. */
function examples(t, language, extension) {
    const folder = project(t);
    fs.symlinkSync(path.join(ROOT, 'node_modules', '@types'), path.join(folder, 'node_modules', '@types'), 'junction');
    const files = PAGES.flatMap((page) =>
        blocksOf(page, language).map((code, index) => {
            const file = path.join(folder, `${path.basename(page, '.md')}-${index + 1}${extension}`);
            fs.writeFileSync(file, moduleOf(code));
            return file;
        }),
    );
    return { folder, files };
}

function complaints(folder, files, options) {
    const typeRoots = [path.join(folder, 'node_modules', '@types')];
    const program = ts.createProgram(files, { ...CHECKS, ...options, typeRoots, types: ['node'] });
    return ts.formatDiagnostics(ts.getPreEmitDiagnostics(program), {
        getCanonicalFileName: (name) => name,
        getCurrentDirectory: () => folder,
        getNewLine: () => '\n',
    });
}

test('the TypeScript of every page has the types that it needs', (t) => {
    const { folder, files } = examples(t, 'typescript', '.mts');
    assert.ok(files.length > 0);
    assert.equal(complaints(folder, files), '');
});

test('the TypeScript of every page runs', (t) => {
    const { folder, files } = examples(t, 'typescript', '.mts');
    for (const file of files) {
        const source = fs.readFileSync(file, 'utf8');
        const compiled = file.replace(/mts$/, 'mjs');
        fs.writeFileSync(compiled, ts.transpileModule(source, { compilerOptions: TARGET, fileName: file }).outputText);
        const ended = spawnSync(process.execPath, [compiled], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
        assert.equal(ended.stderr, '');
        assert.equal(ended.status, 0);
    }
});

test('the JavaScript of every page needs no type annotations', (t) => {
    const { folder, files } = examples(t, 'javascript', '.mjs');
    assert.ok(files.length > 0);
    assert.equal(complaints(folder, files, WITHOUT_ANNOTATIONS), '');
});

test('a mistake in an example would be found', (t) => {
    const { folder } = examples(t, 'typescript', '.mts');
    const file = path.join(folder, 'mistake.mts');
    fs.writeFileSync(file, moduleOf('await datastore.getItm("user:1");\n'));
    assert.match(complaints(folder, [file]), /TS2551/);
});
