'use strict';

/** The pages that tell how to use the package, and what is needed to try their examples. */

const fs = require('node:fs');
const path = require('node:path');
const { ROOT, temporaryDirectory } = require('./support.js');

const DOCS = fs.readdirSync(path.join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));

const PAGES = ['README.md', ...DOCS.map((name) => path.join('docs', name))];

/** What the examples without an import take for granted: an open datastore. */
const PRELUDE = `import { Datastore } from 'kixx-datastore';
const datastore = new Datastore({ directory: './data' });
await datastore.load();
`;

/** The examples of a page in a language. Those in a list are indented. */
function blocksOf(page, language = 'javascript') {
    const text = fs.readFileSync(path.join(ROOT, page), 'utf8');
    return [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n(.*?)^ *\`\`\``, 'gms'))].map(([, indent, code]) =>
        code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    );
}

/** An example as a whole module. */
function moduleOf(code) {
    return code.includes('import ') ? code : PRELUDE + code;
}

/** A folder in which the package is installed. */
function project(t) {
    const folder = temporaryDirectory(t);
    fs.mkdirSync(path.join(folder, 'node_modules'));
    fs.symlinkSync(ROOT, path.join(folder, 'node_modules', 'kixx-datastore'), 'junction');
    return folder;
}

module.exports = { PAGES, PRELUDE, blocksOf, moduleOf, project };
