'use strict';

/** What lies in `examples/` runs, and does what it says. */

const assert = require('node:assert/strict');
const { spawn, spawnSync } = require('node:child_process');
const { EventEmitter, once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { ROOT, afterwards, temporaryDirectory } = require('./support.js');
const { Blog } = require('../examples/blog.js');
const plugin = require('../examples/kixx-plugin.js');

/** An example that serves, in a process of its own, on a free port. */
async function service(t, directory, example = 'http-service.js', ...rest) {
    const child = spawn(process.execPath, [path.join(ROOT, 'examples', example), directory, '0', ...rest], {
        stdio: ['ignore', 'pipe', 'inherit'],
    });
    afterwards(t, () => child.kill('SIGKILL'));
    const [line] = await once(child.stdout, 'data');
    const [url] = /http:\S+/.exec(line);
    const ended = once(child, 'exit');
    const send = async (method, where, { body, headers } = {}) => {
        const response = await fetch(url + where, { method, headers, body: body && JSON.stringify(body) });
        const text = await response.text();
        return { status: response.status, etag: response.headers.get('etag'), body: text ? JSON.parse(text) : null };
    };
    return { child, ended, send, url };
}

test('the HTTP service keeps notes, and refuses a change of a version that is not the newest', async (t) => {
    const { send } = await service(t, path.join(temporaryDirectory(t), 'notes'));
    const made = await send('PUT', '/notes/1', { body: { text: 'Buy milk' } });
    assert.deepEqual(made, { status: 201, etag: '"0"', body: { text: 'Buy milk' } });
    const headers = { 'if-match': made.etag };
    const changed = await send('PUT', '/notes/1', { body: { text: 'Buy bread' }, headers });
    assert.deepEqual([changed.status, changed.etag], [200, '"1"']);
    const late = await send('PUT', '/notes/1', { body: { text: 'Buy both' }, headers });
    assert.deepEqual([late.status, late.body.code], [412, 'CONFLICT']);
    const patched = await send('PATCH', '/notes/1', { body: { done: true } });
    assert.deepEqual(patched.body, { text: 'Buy bread', done: true });
    assert.deepEqual((await send('GET', '/notes/1')).body, patched.body);
    assert.equal((await send('DELETE', '/notes/1', { headers })).status, 412);
    assert.equal((await send('DELETE', '/notes/1', { headers: { 'if-match': patched.etag } })).status, 204);
    assert.equal((await send('GET', '/notes/1')).status, 404);
});

test('the HTTP service pages through notes, and says what is wrong with a request', async (t) => {
    const { send, url } = await service(t, path.join(temporaryDirectory(t), 'notes'));
    await Promise.all(['a', 'b', 'c'].map((id) => send('PUT', `/notes/${id}`, { body: { id } })));
    const first = await send('GET', '/notes?limit=2');
    assert.deepEqual([first.body.notes.map(({ id }) => id), first.body.total], [['a', 'b'], 3]);
    const second = await send('GET', `/notes?limit=2&cursor=${encodeURIComponent(first.body.cursor)}`);
    assert.deepEqual([second.body.notes.map(({ id }) => id), second.body.cursor], [['c'], null]);
    assert.equal((await send('GET', '/notes?cursor=nonsense')).status, 400);
    assert.equal((await send('GET', '/others')).status, 404);
    assert.equal((await send('PUT', '/notes/x', { body: [1] })).status, 400);
    assert.equal((await send('PUT', '/notes/x', { body: {}, headers: { 'if-match': 'x' } })).status, 400);
    assert.equal((await fetch(`${url}/notes/x`, { method: 'PUT', body: '{' })).status, 400);
    assert.equal((await send('PUT', '/notes/x', { body: { text: 'x'.repeat(200_000) } })).status, 413);
    assert.equal((await send('PATCH', '/notes/none', { body: {} })).status, 404);
});

test('the HTTP service answers what is under way before it ends, and leaves everything in its files', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'notes');
    const { child, ended, url } = await service(t, directory);
    let finish;
    const body = new ReadableStream({
        start(controller) {
            controller.enqueue(new TextEncoder().encode('{"text":'));
            finish = () => {
                controller.enqueue(new TextEncoder().encode('"slow"}'));
                controller.close();
            };
        },
    });
    const slow = fetch(`${url}/notes/slow`, { method: 'PUT', body, duplex: 'half', headers: { connection: 'close' } });
    // Its headers have arrived when the next request is answered.
    await fetch(`${url}/notes`, { headers: { connection: 'close' } });
    child.kill('SIGTERM');
    finish();
    assert.equal((await slow).status, 201);
    assert.deepEqual(await ended, [0, null]);
    assert.equal(JSON.parse(fs.readFileSync(path.join(directory, 'note%3Aslow.json'), 'utf8')).text, 'slow');
});

test('the cluster counts every step, whichever process takes it, also while one of them is killed', async (t) => {
    const directory = path.join(temporaryDirectory(t), 'counters');
    const { child, ended, send } = await service(t, directory, 'cluster.js', '3');
    const processes = new Set();
    let highest = 0;
    const step = async () => {
        const headers = { connection: 'close' };
        const { body } = await send('POST', '/visits', { headers });
        processes.add(body.process);
        highest = Math.max(highest, body.count);
        const { body: after } = await send('GET', '/visits', { headers });
        assert.ok(after.count >= body.count, 'what was answered is seen by every process');
    };
    for (let round = 0; round < 20; round += 1) {
        await Promise.all([step(), step(), step()]);
    }
    assert.equal(highest, 60);
    assert.ok(processes.size > 1, 'several processes answered');
    process.kill([...processes][0], 'SIGKILL');
    for (let round = 0; round < 20; round += 1) {
        // A connection that the killed process had is refused, and nothing was counted then.
        await step().catch((error) => assert.equal(error.name, 'TypeError'));
    }
    const { body } = await send('GET', '/visits');
    assert.ok(body.count >= highest && body.count <= 80, `${body.count}`);
    child.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
    const file = JSON.parse(fs.readFileSync(path.join(directory, 'counter%3Avisits.json'), 'utf8'));
    assert.equal(file.count, body.count);
});

test('the blog keeps addresses unique, counts comments, and pages through what is new', async (t) => {
    const blog = await Blog.open(path.join(temporaryDirectory(t), 'blog'));
    afterwards(t, () => blog.close());
    const day = (number) => new Date(Date.UTC(2026, 0, number));
    const first = await blog.publish({ slug: 'first', title: 'First', author: 'ada', tags: ['news'] }, day(1));
    await blog.publish({ slug: 'second', title: 'Second', author: 'bob', tags: ['news', 'node'] }, day(2));
    await blog.publish({ slug: 'third', title: 'Third', author: 'ada' }, day(3));
    await assert.rejects(blog.publish({ slug: 'first', title: 'Again', author: 'eve' }), { code: 'CONFLICT' });
    await Promise.all(['a', 'b', 'c'].map((text) => blog.comment(first, 'bob', text)));
    const { title, comments } = await blog.read('first');
    assert.deepEqual([title, comments.map(({ text }) => text).sort()], ['First', ['a', 'b', 'c']]);
    assert.equal(await blog.read('none'), null);
    const page = await blog.page(undefined, 2);
    assert.deepEqual([page.titles, page.total], [['Third', 'Second'], 3]);
    assert.deepEqual((await blog.page(page.cursor, 2)).titles, ['First']);
    assert.deepEqual(await blog.tags(), { news: 2, node: 1 });
    assert.deepEqual(await blog.by('ada'), ['First', 'Third']);
});

test('the blog runs by itself, again and again', (t) => {
    const directory = path.join(temporaryDirectory(t), 'blog');
    for (const posts of [1, 2]) {
        const { status, stdout } = spawnSync(process.execPath, [path.join(ROOT, 'examples', 'blog.js'), directory], {
            encoding: 'utf8',
        });
        assert.equal(status, 0);
        assert.match(stdout, new RegExp(`total: ${posts}`));
    }
});

/** As much of an application's context as the plugin uses. */
class Context {
    #services = new Map();
    lines = [];
    logger = Object.fromEntries(
        ['info', 'warn', 'error'].map((level) => [level, (message) => this.lines.push([level, message])]),
    );

    registerService(name, service) {
        this.#services.set(name, service);
    }

    getService(name) {
        return this.#services.get(name);
    }
}

test('the Kixx plugin registers the datastore under the name of the original', async (t) => {
    const context = new Context();
    plugin.register(context, { directory: path.join(temporaryDirectory(t), 'data') });
    const datastore = context.getService('kixx.Datastore');
    assert.ok(datastore instanceof EventEmitter);
    await plugin.initialize(context);
    await datastore.setItem('user:1', { name: 'Ada' });
    assert.equal((await context.getService('kixx.Datastore').getItem('user:1')).name, 'Ada');
    datastore.emit('degraded', new Error('full'));
    await plugin.close(context);
    assert.deepEqual(
        context.lines.map(([level]) => level),
        ['info', 'warn'],
    );
    await assert.rejects(datastore.getItem('user:1'), { code: 'CLOSED' });
});
