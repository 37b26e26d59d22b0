'use strict';

/**
 * Counters over HTTP, by several processes on one datastore: whichever process answers, no step is lost, and everybody sees
 * the newest count. A process that dies is replaced.
 *
 *     node examples/cluster.js [directory] [port] [processes]
 *
 *     curl -X POST localhost:3000/visits
 *     curl         localhost:3000/visits
 */

const cluster = require('node:cluster');
const http = require('node:http');
const os = require('node:os');
const { Datastore } = require('..');

/** Answers with a counter and with the process that has it from the store. */
async function answer(datastore, { method, url }) {
    const key = `counter:${decodeURIComponent(url.slice(1))}`;
    const step = (counter) => ({ count: (counter?.count ?? 0) + 1 });
    const counter = method === 'POST' ? await datastore.updateItem(key, step) : await datastore.getItem(key);
    return { count: counter?.count ?? 0, process: process.pid };
}

async function serve(directory, port) {
    const datastore = await new Datastore({ directory }).load();
    const server = http.createServer(async (request, response) => {
        try {
            response.end(JSON.stringify(await answer(datastore, request)));
        } catch (error) {
            response.writeHead(500).end(JSON.stringify({ error: error.message, code: error.code }));
        }
    });
    server.listen(Number(port), () => process.send({ port: server.address().port }));
    // Requests under way are answered, then this process closes its store. The others go on.
    process.once('disconnect', () => server.close(() => datastore.close()));
}

/** Starts the processes, and others for those that die. */
function lead(directory, processes) {
    let isEnding = false;
    let toStart = Number(processes);
    for (let started = 0; started < Number(processes); started += 1) {
        cluster.fork();
    }
    cluster.on('message', (_worker, told) => {
        toStart -= 1;
        if (toStart === 0) {
            console.log(`${processes} processes on ${directory}, http://localhost:${told.port}`);
        }
    });
    cluster.on('exit', () => {
        if (!isEnding) {
            cluster.fork();
        }
    });
    const end = () => {
        isEnding = true;
        cluster.disconnect();
    };
    process.once('SIGTERM', end).once('SIGINT', end);
}

const [directory = './counters', port = '3000', processes = String(os.availableParallelism())] = process.argv.slice(2);
if (cluster.isPrimary) {
    lead(directory, processes);
} else {
    // Control-C reaches every process; the first one tells the others when to end.
    process.on('SIGINT', () => {});
    serve(directory, port).catch((error) => {
        console.error(`${error.name} ${error.code ?? ''}: ${error.message}`);
        process.exit(1);
    });
}
