'use strict';

/** Copies of documents: equal, and nothing of them shared. */

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const { Cloners, copy } = require('../lib/cloner.js');

const TEXTS = {
    'no members': '{}',
    primitives: '{"a":1,"b":"x","c":true,"d":null,"e":-0.5}',
    'nested objects': '{"a":{"b":{"c":{"d":[1,{"e":[]}]}}}}',
    'arrays of primitives': '{"tags":["a","b"],"none":[],"mixed":[1,"a",null,true]}',
    'arrays of one shape': '{"rows":[{"a":1,"b":[1]},{"a":2,"b":[2]}]}',
    'arrays of many shapes': '{"rows":[{"a":1},{"b":2},3,[4],null]}',
    'arrays of arrays': '{"grid":[[1,2],[3,4]],"deep":[[[[[]]]]]}',
    'an array whose later elements differ': `{"rows":[${'{"a":1},'.repeat(40)}{"b":{}}]}`,
    'an array that begins with null': '{"rows":[null,{"a":{}}]}',
    'an own __proto__': '{"__proto__":{"a":{"b":1}},"a":1}',
    'an own __proto__ within': '{"in":{"__proto__":{"a":1},"rows":[{"__proto__":[]}]}}',
    'names that are no identifiers': '{"a b":1,"1":{"2":{}},"\\"":{},"\\\\":{},"\\u2028":{},"$x":{},"constructor":{}}',
    'many members': JSON.stringify(Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`member ${n}`, {}]))),
    'two thousand levels': `${'{"a":['.repeat(1_000)}${']}'.repeat(1_000)}`,
};

/** Fails where two values share an object. */
function assertNothingShared(a, b) {
    if (a !== null && typeof a === 'object') {
        assert.notEqual(a, b);
        assert.equal(Object.getPrototypeOf(a), Object.getPrototypeOf(b));
        for (const name of Object.keys(a)) {
            assertNothingShared(a[name], b[name]);
        }
    }
}

for (const [what, text] of Object.entries(TEXTS)) {
    test(`a copy of ${what} has the same text and shares nothing`, () => {
        const document = JSON.parse(text);
        for (const cloner of [new Cloners().of(document), copy]) {
            const copied = cloner(document);
            assert.equal(JSON.stringify(copied), JSON.stringify(document));
            assertNothingShared(copied, document);
        }
        assert.equal({}.a, undefined);
    });
}

test('documents of one shape share a function, and others do not', () => {
    const cloners = new Cloners();
    const one = cloners.of({ a: 1, b: { c: [1] } });
    assert.equal(cloners.of({ a: 'x', b: { c: [] } }), one);
    assert.notEqual(cloners.of({ b: { c: [1] }, a: 1 }), one);
    assert.notEqual(one, copy);
});

test('documents of all kinds, one after the other, are each copied as they are', () => {
    const cloners = new Cloners();
    const kinds = [
        '1',
        'null',
        '{}',
        '{"b":1}',
        '{"b":{}}',
        '[]',
        '[1]',
        '[{}]',
        '[{"b":1}]',
        '[[]]',
        '[[{}]]',
        '[{},1]',
    ];
    const texts = kinds.flatMap((a) => kinds.flatMap((b) => [`{"a":${a},"b":${b}}`, `{"a":${a},"c":[${b},${b}]}`]));
    for (const text of [...texts, ...texts]) {
        const document = JSON.parse(text);
        const copied = cloners.of(document)(document);
        assert.equal(JSON.stringify(copied), text);
        assertNothingShared(copied, document);
    }
});

test('a store of very many shapes is copied by following the objects', () => {
    const cloners = new Cloners();
    const functions = new Set(Array.from({ length: 2_000 }, (_, n) => cloners.of({ [`member${n}`]: 1 })));
    assert.ok(functions.size < 1_000);
    assert.ok(functions.has(copy));
    assert.deepEqual(cloners.of({ last: [{}] })({ last: [{}] }), { last: [{}] });
});

test('where code must not be made of text, objects are followed', () => {
    const script = `
        const { Cloners, copy } = require(${JSON.stringify(path.join(__dirname, '..', 'lib', 'cloner.js'))});
        const document = JSON.parse('{"__proto__":{"a":1},"b":[{}]}');
        const cloner = new Cloners().of({ a: 1 });
        if (cloner !== copy || JSON.stringify(cloner(document)) !== JSON.stringify(document)) process.exit(1);
    `;
    execFileSync(process.execPath, ['--disallow-code-generation-from-strings', '-e', script]);
});
