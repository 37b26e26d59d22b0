'use strict';

/** A data directory as the file system shows it, read without the store. */

const fs = require('node:fs');
const path = require('node:path');
const { idOf, keys } = require('./documents.js');

const PRIVATE = '.datastore';

/** The name that a key's file has, as the documentation says. */
function fileOf(key) {
    const escaped = encodeURIComponent(key).replaceAll('*', '%2A');
    const device = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)/i.test(escaped);
    const name = `${device ? `%${escaped.charCodeAt(0).toString(16).toUpperCase()}${escaped.slice(1)}` : escaped}.json`;
    return cut(name);
}

/** Cuts a name that is too long into folders that end in `%`, never inside an escape. */
function cut(name) {
    const folders = [];
    let rest = name;
    while (rest.length > 255) {
        let length = 239;
        const last = rest.lastIndexOf('%', length - 1);
        if (last > length - 3) {
            length = last;
        }
        folders.push(`${rest.slice(0, length)}%`);
        rest = rest.slice(length);
    }
    return [...folders, rest].join('/');
}

/** The files of documents, relative to the directory. */
function documentFilesOf(directory) {
    const entries = fs.readdirSync(directory, { recursive: true, withFileTypes: true });
    return entries
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
        .filter((name) => !name.startsWith(`${PRIVATE}/`));
}

const numberOf = new Map(keys.map((key, n) => [fileOf(key), n]));

/**
 * What the files hold, as `contentsOf` tells it of a store.
 *
 * @returns {[key: number | string, id: number | null, revision: number][]}
 */
function filesIn(directory) {
    return documentFilesOf(directory).map((name) => {
        const number = numberOf.get(name);
        const document = parse(fs.readFileSync(path.join(directory, name), 'utf8'));
        return [
            number ?? name,
            number === undefined || !document ? null : idOf(document, number),
            document?._rev ?? -1,
        ];
    });
}

function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}

/** What is wrong with a directory that was closed: it should hold nothing for a load to make up for. */
function remainsIn(directory) {
    const segments = fs.readdirSync(path.join(directory, PRIVATE, 'journal'));
    const remains = segments.length > 1 ? segments.map((name) => `journal/${name}`) : [];
    for (const name of segments) {
        const [head, ...lines] = fs.readFileSync(path.join(directory, PRIVATE, 'journal', name), 'utf8').split('\n');
        if (!JSON.parse(head).closed || lines.join('') !== '') {
            remains.push(`${name}: ${head} and ${lines.length - 1} more`);
        }
    }
    return remains;
}

module.exports = { documentFilesOf, fileOf, filesIn, remainsIn };
