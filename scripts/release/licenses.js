'use strict';

/** The licenses of crates: which one of several is taken, and NOTICE, which has their texts and everybody's copyright. */

/** What can be taken, the first that is offered, and how a crate calls its file that has not the plain name. */
const LICENSES = new Map([
    ['MIT', /mit/i],
    ['ISC', /isc/i],
    ['Unicode-3.0', /unicode/i],
    ['CC0-1.0', /cc0/i],
]);

/** A file that has a crate's only license. */
const PLAIN = /^(licen[cs]e|copying)(\.(md|txt))?$/i;

/** Whom the repository of crates names that are published without their license. */
const TOLD_ELSEWHERE = new Map([
    ...['napi', 'napi-derive', 'napi-derive-backend', 'napi-sys'].map((name) => [
        name,
        ['Copyright (c) 2020 LongYinan', 'Copyright (c) 2018 GitHub'],
    ]),
    ...['objc2-core-foundation', 'objc2-core-services'].map((name) => [name, ['Copyright 2026 Mads Marquart']]),
]);

/** What is in every binary and is no crate of the tree; under MIT like most of them. */
const STANDARD_LIBRARY = {
    name: "Rust's standard library",
    copyright: [
        'Copyright The Rust Project Developers (see https://thanks.rust-lang.org)',
        'Copyright 2014 Alex Crichton',
        "Copyright 2016 Amanieu d'Antras",
        'Copyright 2019 The Crossbeam Project Developers',
    ],
};

/**
 * The licenses that are taken of what a crate offers in SPDX's words, such as `(MIT OR Apache-2.0) AND Unicode-3.0`: one
 * of each choice.
 */
function taken({ name, license }) {
    return (license ?? '').split(' AND ').map((part) => {
        const offered = part.replace(/[()]/g, '').split(/ OR |\//);
        const id = [...LICENSES.keys()].find((known) => offered.includes(known));
        if (id === undefined) {
            throw new Error(`the crate ${name} offers '${license}', none of which NOTICE knows how to give`);
        }
        return id;
    });
}

/** Which of a crate's files has a license; `undefined` where none has. */
function fileOf(id, files) {
    return files.find((file) => LICENSES.get(id).test(file)) ?? files.find((file) => PLAIN.test(file));
}

/** A license's text in two: who has the copyright, and what is the same for all. */
function divide(text) {
    const lines = text.split(/\r?\n/).map((line) => line.trim());
    const isCopyright = (line) => /^Copyright\b(?! notice)/.test(line);
    const isHeading = (line) => /^(The )?(MIT|ISC) License( \(MIT\))?$/i.test(line);
    const body = lines.filter((line) => !isCopyright(line) && !isHeading(line)).join('\n');
    return { copyright: lines.filter(isCopyright), body: body.replace(/\n{3,}/g, '\n\n').trim() };
}

/** What a crate says of one of its licenses; its body is `null` where it brings no text. */
function said(crate, id) {
    const file = fileOf(id, crate.files);
    if (file !== undefined) {
        return divide(crate.read(file));
    }
    const copyright = TOLD_ELSEWHERE.get(crate.name);
    if (copyright === undefined) {
        throw new Error(`the crate ${crate.name} brings no text of its license ${id}`);
    }
    return { copyright, body: null };
}

/** Texts of one license, with the crates that have it: those whose texts have the same words are together. */
function textsOf(id, crates) {
    const texts = new Map();
    const absent = id === 'MIT' ? [STANDARD_LIBRARY] : [];
    for (const crate of crates.filter((one) => taken(one).includes(id))) {
        const { copyright, body } = said(crate, id);
        const own = { name: crate.name, copyright };
        if (body === null) {
            absent.push(own);
            continue;
        }
        const words = body.replace(/\W+/g, ' ').trim();
        const text = texts.get(words) ?? { id, body, crates: [] };
        text.crates.push(own);
        texts.set(words, text);
    }
    const sorted = [...texts.values()].sort((a, b) => b.crates.length - a.crates.length);
    // The usual text of the license stands for those that come without.
    sorted[0]?.crates.push(...absent);
    return sorted;
}

function holders({ name, copyright }) {
    return copyright.length === 0 ? [`  ${name}`] : copyright.map((line) => `  ${name}: ${line}`);
}

function section({ id, body, crates }) {
    const owners = new Set(crates.toSorted((a, b) => (a.name < b.name ? -1 : 1)).flatMap(holders));
    return [RULE, `${id}, for`, '', ...owners, '', body].join('\n');
}

/** Between the list and the texts. */
const RULE = '-'.repeat(120);

const HEAD = `kixx-datastore
Its own license is in LICENSE.

The native binaries contain, or were written by macros of, the crates below, and contain Rust's standard library and data
of the Unicode Consortium. Where there are several licenses to choose from, MIT is taken. \`npm run notice\` makes this file.`;

/** The list of crates: names and licenses, without versions, so that it changes only when a crate comes or goes. */
function list(crates) {
    const width = Math.max(...crates.map(({ name }) => name.length)) + 2;
    return [...new Set(crates.map(({ name, license }) => `${name.padEnd(width)}${license}`))].join('\n');
}

/**
 * NOTICE.
 *
 * @param {{ name: string, license: string, files: string[], read: (file: string) => string }[]} crates
 */
function notice(crates) {
    const sorted = crates.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const texts = [...LICENSES.keys()].flatMap((id) => textsOf(id, sorted));
    return `${[HEAD, list(sorted), ...texts.map(section)].join('\n\n')}\n`;
}

/** The crates that a NOTICE lists, and their licenses. */
function listed(text) {
    const [head] = text.split(RULE, 1);
    return new Map([...head.matchAll(/^(\S+) {2,}(.+)$/gm)].map(([, name, license]) => [name, license]));
}

module.exports = { listed, notice, taken };
