'use strict';

/**
 * Notes over HTTP: a service with one datastore, conditional requests by revision, and an end that loses nothing.
 *
 *     node examples/http-service.js [directory] [port]
 *
 *     curl -X PUT  localhost:3000/notes/1 -d '{"text":"Buy milk"}'
 *     curl         localhost:3000/notes/1
 *     curl -X PUT  localhost:3000/notes/1 -H 'If-Match: "0"' -d '{"text":"Buy bread"}'
 *     curl         localhost:3000/notes?limit=20
 */

const http = require('node:http');
const { buffer } = require('node:stream/consumers');
const { Datastore } = require('..');

const PREFIX = 'note:';
const LARGEST_BODY = 100_000;

/** What is wrong with a request, and the status that says so. */
class RequestError extends Error {
    constructor(httpStatusCode, message) {
        super(message);
        this.httpStatusCode = httpStatusCode;
    }
}

/** The revision of an `If-Match` header, which is how HTTP says "only if nobody changed it". */
function revisionOf({ headers }) {
    const tag = headers['if-match'];
    if (tag === undefined || tag === '*') {
        return undefined;
    }
    const revision = Number(/^"(\d+)"$/.exec(tag)?.[1] ?? Number.NaN);
    if (Number.isNaN(revision)) {
        throw new RequestError(400, 'If-Match has to be a revision in quotes');
    }
    return revision;
}

async function bodyOf(request) {
    if (Number(request.headers['content-length'] ?? 0) > LARGEST_BODY) {
        throw new RequestError(413, `a note has ${LARGEST_BODY} bytes at most`);
    }
    const text = (await buffer(request)).toString('utf8');
    if (!/^\s*\{/.test(text)) {
        throw new RequestError(400, 'a note is a JSON object');
    }
    try {
        return JSON.parse(text);
    } catch {
        throw new RequestError(400, 'the body is not JSON');
    }
}

const HANDLERS = {
    async GET(datastore, { key, query }) {
        if (key === undefined) {
            const limit = Math.min(Number(query.get('limit') ?? 20), 100);
            const cursor = query.get('cursor') ?? undefined;
            const page = await datastore.queryKeys({ prefix: PREFIX, limit, cursor, includeDocuments: true });
            const notes = page.items.map(({ key: id, document }) => ({ ...document, id: id.slice(PREFIX.length) }));
            return { status: 200, body: { notes, total: page.total, cursor: page.cursor } };
        }
        return found(await datastore.getItem(key, { required: true }), 200);
    },

    async PUT(datastore, { key, request }) {
        const saved = await datastore.setItem(key, { ...(await bodyOf(request)), _rev: revisionOf(request) });
        return found(saved, saved._rev === 0 ? 201 : 200);
    },

    async PATCH(datastore, { key, request }) {
        const { _rev, ...changes } = await bodyOf(request);
        const patched = await datastore.updateItem(key, (note) => {
            if (note === null) {
                throw new RequestError(404, 'there is no such note');
            }
            return { ...note, ...changes };
        });
        return found(patched, 200);
    },

    async DELETE(datastore, { key, request }) {
        await datastore.deleteItem(key, { rev: revisionOf(request) });
        return { status: 204 };
    },
};

function found({ _rev, ...note }, status) {
    return { status, body: note, headers: { etag: `"${_rev}"` } };
}

async function answer(datastore, request) {
    const { pathname, searchParams: query } = new URL(request.url, 'http://localhost');
    const [, id] = /^\/notes(?:\/([^/]+))?$/.exec(pathname) ?? [];
    const handler = HANDLERS[request.method];
    if (!pathname.startsWith('/notes') || handler === undefined || (id === undefined && request.method !== 'GET')) {
        throw new RequestError(404, 'there is /notes, and /notes/<id>');
    }
    const key = id === undefined ? undefined : PREFIX + decodeURIComponent(id);
    return handler(datastore, { key, query, request });
}

/** What the store refuses, as HTTP calls it. A revision that is not the stored one is an `If-Match` that does not hold. */
const STATUSES = { ASSERTION: 400, CLOSED: 503, CONFLICT: 412, NOT_FOUND: 404 };

function refusal({ httpStatusCode, code, message }) {
    const status = STATUSES[code] ?? httpStatusCode ?? 500;
    return { status, body: { error: status === 500 ? 'something went wrong' : message, code } };
}

async function respond(datastore, request, response) {
    const { status, body, headers } = await answer(datastore, request).catch((error) => {
        const told = refusal(error);
        if (told.status === 500) {
            console.error(error);
        }
        return told;
    });
    response.writeHead(status, { ...headers, ...(body && { 'content-type': 'application/json' }) });
    response.end(body && JSON.stringify(body));
}

async function main(directory = './notes', port = '3000') {
    const datastore = await new Datastore({ directory }).load();
    const server = http.createServer((request, response) => respond(datastore, request, response));
    server.listen(Number(port), () => {
        console.log(
            `${datastore.stats().documents} documents in ${directory}, http://localhost:${server.address().port}`,
        );
    });

    // Requests under way are answered, then the store is closed: everything is in its file, and the lock is given back.
    const end = () => server.close(() => datastore.close());
    process.once('SIGTERM', end).once('SIGINT', end);
}

main(...process.argv.slice(2)).catch((error) => {
    console.error(`${error.name} ${error.code ?? ''}: ${error.message}`);
    process.exitCode = 1;
});
