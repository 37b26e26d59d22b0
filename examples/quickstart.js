'use strict';

/**
 * A tour of the datastore on real documents, on a fresh copy of a data directory.
 *
 *     node examples/quickstart.js [path/to/data]
 *
 * Without a path: the 536 documents in `__test__/fixtures`, written by the original datastore.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { styleText } = require('node:util');
const { Datastore } = require('..');
const { BlogService, UserService } = require('./services.js');

const FIXTURE = path.join(__dirname, '..', '__test__', 'fixtures', 'kixx-data.tar.gz');
const RANGE = { startKey: 'user:', endKey: 'user:\uffff' };

const isTerminal = process.stdout.isTTY && !process.env.NO_COLOR;
const style = (format, text) => (isTerminal ? styleText(format, text) : text);

let chapter = 0;

function heading(text) {
    chapter += 1;
    console.log(`\n${style('bold', `${chapter}. ${text}`)}`);
}

function line(label, text) {
    console.log(`   ${style('dim', label.padEnd(16))} ${text}`);
}

/** Runs a step and tells how long it took, in the unit that reads best. */
async function timed(step) {
    const started = performance.now();
    const result = await step();
    return { result, took: duration(performance.now() - started) };
}

function duration(milliseconds) {
    if (milliseconds < 1) {
        return `${(milliseconds * 1000).toFixed(0)} microseconds`;
    }
    return milliseconds < 1000 ? `${milliseconds.toFixed(1)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

/** A copy of the data directory to work on: the source is never written. */
function freshCopy(source) {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kixx-quickstart-'));
    const copy = path.join(folder, 'kixx-data');
    if (source !== undefined) {
        fs.cpSync(source, copy, { recursive: true, filter: (from) => path.basename(from) !== '.datastore' });
        return copy;
    }
    const { status, error, stderr } = spawnSync('tar', ['-xzf', FIXTURE, '-C', folder], { encoding: 'utf8' });
    if (status !== 0) {
        throw new Error(`the example documents could not be unpacked: ${error?.message ?? stderr}`);
    }
    return copy;
}

async function load(directory) {
    heading('Load a directory of JSON files');
    const datastore = new Datastore({ directory });
    await datastore.load();
    const { documents, ignored, milliseconds } = datastore.loadReport;
    const { textBytes } = datastore.stats();
    line('directory', directory);
    line('loaded', `${documents} documents, ${(textBytes / 1024).toFixed(0)} KB, in ${duration(milliseconds)}`);
    line('left alone', `${ignored} entries that are no documents`);
    return datastore;
}

async function users(datastore) {
    heading('UserService: create, read, update, a view of the active ones');
    const service = new UserService(datastore);
    const { result: user, took } = await timed(() =>
        service.createUser({ type: 'user', name: 'Ada Lovelace', email: 'ada@example.com' }),
    );
    line('created', `${user.id}, revision ${user._rev}, in its file after ${took}`);
    const updated = await service.updateUser(user.id, { lastLogin: new Date().toISOString() });
    line('updated', `${updated.name}, revision ${updated._rev}`);
    const first = await timed(() => service.getActiveUsers(3));
    const again = await timed(() => service.getActiveUsers(3));
    line('active users', `${first.result.total}; the first query maps every document: ${first.took}`);
    line('', `the next one only what changed: ${again.took}`);
    // Users without an address are emitted under null, which sorts before every string.
    const reachable = await datastore.queryView('activeUsers', { startKey: '', limit: 3 });
    for (const { key, value } of reachable.items) {
        line('', `${key}  ${value.name}`);
    }
    return user;
}

async function blog(datastore) {
    heading('BlogService: posts by tag and by author');
    const service = new BlogService(datastore);
    const post = await service.createPost({
        type: 'post',
        title: 'Notes on the Analytical Engine',
        author: 'user:ada',
        tags: ['engines', 'rust'],
        published: true,
    });
    line('created', post.id);
    for (const tag of ['rust', 'engines']) {
        const { result, took } = await timed(() => service.getPostsByTag(tag, 2));
        line(`tag ${tag}`, `${result.total} found in ${took}`);
        for (const { value } of result.items) {
            line('', value.title);
        }
    }
    const { total } = await service.getPostsByAuthor('user:ada');
    line('by Ada', `${total} post`);
}

async function pages(datastore) {
    heading('Page through a range of keys');
    let next = 0;
    let count = 0;
    let seen = 0;
    while (next !== null) {
        const { result: page, took } = await timed(() =>
            datastore.queryKeys({ ...RANGE, inclusiveStartIndex: next, limit: 50, includeDocuments: true }),
        );
        count += 1;
        seen += page.items.length;
        line(`page ${count}`, `${page.items[0]?.key ?? 'empty'} ... ${page.items.at(-1)?.key ?? ''}  (${took})`);
        next = page.exclusiveEndIndex;
    }
    line('total', `${seen} documents between 'user:' and 'user:\\uffff'`);
}

async function conflict(datastore, { id }) {
    heading('A conflict, and how to handle it');
    const mine = await datastore.getItem(id);
    await datastore.updateItem(id, (user) => ({ ...user, role: 'admin' }));
    try {
        await datastore.setItem(id, { ...mine, name: 'Augusta Ada King' });
    } catch (error) {
        line('refused', `${error.name} ${error.code}: expected ${error.expectedRev}, stored ${error.actualRev}`);
    }
    const merged = await datastore.updateItem(id, (user) => ({ ...user, name: 'Augusta Ada King' }));
    line('with updateItem', `${merged.name}, ${merged.role}, revision ${merged._rev}: nothing is lost`);
}

function files(directory, { id }) {
    heading('What is on disk');
    const name = `${encodeURIComponent(id)}.json`;
    line('file', name);
    const text = fs.readFileSync(path.join(directory, name), 'utf8');
    console.log(style('cyan', text.trimEnd().replace(/^/gm, '   | ')));
}

async function main(source) {
    if (source !== undefined && !fs.statSync(source, { throwIfNoEntry: false })?.isDirectory()) {
        console.error(`${source} is not a directory. Give the path of a data directory, or none for the example.`);
        process.exitCode = 1;
        return;
    }
    const started = performance.now();
    const directory = freshCopy(source);
    const datastore = await load(directory);
    try {
        const user = await users(datastore);
        await blog(datastore);
        await pages(datastore);
        await conflict(datastore, user);
        files(directory, user);
        const { documents, sequence } = datastore.stats();
        heading('Summary');
        line('documents', `${documents}, every one a JSON file that any editor opens`);
        line(
            'changes',
            `${sequence - datastore.loadReport.documents} writes, each in its file before its promise resolved`,
        );
        line('time', `${duration(performance.now() - started)} for all of this`);
        line('your copy', `${directory} (delete it when you have seen enough)`);
        line('read on', 'README.md for the interface, ARCHITECTURE.md for how it works');
    } finally {
        await datastore.close();
    }
}

main(process.argv[2]).catch((error) => {
    console.error(`\n${error.name} ${error.code ?? ''}: ${error.message}`);
    if (error.viewId !== undefined) {
        console.error('The tour expects users and posts such as those of the example; these documents are others.');
    }
    process.exitCode = 1;
});
