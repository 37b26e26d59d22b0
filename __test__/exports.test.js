'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const ts = require('typescript');
const kixx = require('..');
const inspect = require('../scripts/release/inspect.js');
const { ROOT } = require('./support.js');

const source = ts.createSourceFile(
    'index.d.ts',
    fs.readFileSync(path.join(ROOT, 'index.d.ts'), 'utf8'),
    ts.ScriptTarget.Latest,
);

const declaredClasses = new Map(
    source.statements.filter(ts.isClassDeclaration).map((declaration) => [declaration.name.text, declaration]),
);

function declaredMembers(declaration) {
    const names = declaration.members
        .filter((member) => !ts.isConstructorDeclaration(member))
        .filter((member) => !member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword))
        .map((member) => member.name.getText(source))
        // In the type alone, for the compiler to tell datastores apart.
        .filter((name) => name !== '[documents]');
    return [...new Set(names)].sort();
}

function membersAtRunTime(Class) {
    return Reflect.ownKeys(Class.prototype)
        .filter((name) => name !== 'constructor')
        .map((name) => (name === Symbol.asyncDispose ? '[Symbol.asyncDispose]' : name))
        .sort();
}

test('what is exported is what is declared', () => {
    assert.deepEqual(Object.keys(kixx).sort(), [...declaredClasses.keys()].sort());
});

test('import gives the same names and the same instance as require', async () => {
    const { default: nothing, ...imported } = await import('../index.mjs');
    assert.equal(nothing, undefined);
    assert.deepEqual(Object.keys(imported).sort(), Object.keys(kixx).sort());
    for (const [name, value] of Object.entries(imported)) {
        assert.equal(value, kixx[name], name);
    }
});

test('named imports straight from the CommonJS file work too', async () => {
    const { default: whole, ...named } = await import('../index.js');
    assert.equal(whole, kixx);
    const { 'module.exports': _, ...names } = named;
    assert.deepEqual(Object.keys(names).sort(), Object.keys(kixx).sort());
});

for (const name of ['Datastore', 'DatastoreEngine']) {
    test(`the members of ${name} are the declared ones`, () => {
        assert.deepEqual(membersAtRunTime(kixx[name]), declaredMembers(declaredClasses.get(name)));
    });
}

test('error classes have the declared codes', () => {
    for (const [name, declaration] of declaredClasses) {
        const declared = declaration.members.find((member) => member.name?.getText(source) === 'CODE');
        const code = declared?.type.literal.text;
        assert.equal(kixx[name].CODE, code, name);
        if (code !== undefined) {
            assert.equal(new kixx[name]('x').code, code);
        }
    }
});

test('the package publishes what its entry points need and no more', () => {
    const { files, main, types, exports } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    const { import: imported, require: required } = exports['.'];
    const entries = [main, types, imported.types, imported.default, required.types, required.default];
    for (const entry of [...entries, 'declarations']) {
        assert.ok(files.includes(path.normalize(entry)), entry);
        assert.ok(fs.existsSync(path.join(ROOT, entry)), entry);
    }
    assert.ok(files.includes('lib'));
});

test('nothing runs when a consumer installs the package', () => {
    assert.deepEqual(inspect.scripts(require('../package.json'), fs.readdirSync(ROOT)), []);
});
