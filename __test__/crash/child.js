'use strict';

/**
 * The crash test's child: opens a store, tells what it holds, and writes until it is killed or has written enough. With `exits` it then
 * ends at once, with writes under way.
 *
 * What it tells are lines of JSON, written in one step each to the file at descriptor 3, which outlives it:
 *
 *   ["contents", [[key, id, revision], ...], report]   after the load, and as "last" when all writes have settled
 *   ["intent", call, kind, [[id, key, deletes], ...], synced]  before it is submitted
 *   ["done", call, [revision, ...]]                    after it was acknowledged
 *   ["refused", call]                                  after it was refused, as it should be
 *   ["failed", call, code, message]                    after it was refused, as it should not be
 *   ["phase", name]                                    also on its standard output, for whoever is to kill it
 */

const fs = require('node:fs');
const { Datastore } = require('../../index.js');
const { makeCall } = require('./calls.js');
const { Dice } = require('./dice.js');
const { contentsOf } = require('./documents.js');

const REPORT = 3;

function tell(...line) {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    for (let written = 0; written < bytes.length; ) {
        written += fs.writeSync(REPORT, bytes, written);
    }
}

function enter(phase) {
    tell('phase', phase);
    fs.writeSync(1, `${phase}\n`);
}

/** Calls until `isEnough`. */
async function lane(session, isEnough) {
    while (!isEnough()) {
        let call;
        const intend = (kind, writes, synced) => {
            call = session.nextCall();
            tell('intent', call, kind, writes, synced);
        };
        try {
            const revisions = await makeCall({ ...session, intend });
            tell('done', call, revisions);
        } catch (error) {
            if (error.code !== 'CONFLICT') {
                tell('failed', call ?? -1, error.code ?? null, error.stack);
                throw error;
            }
            tell('refused', call);
        }
    }
}

async function main({ directory, seed, firstId, inFlight, most, largest, spread, options, exits = false }) {
    enter('loading');
    const store = new Datastore({ directory, ...options });
    await store.load();
    const { documents, ignored, quarantined, quarantinedFiles } = store.loadReport;
    tell('contents', await contentsOf(store), { documents, ignored, quarantined, quarantinedFiles });
    enter('loaded');
    let [id, call] = [firstId, 0];
    const session = { store, dice: new Dice(seed), largest, spread, nextId: () => id++, nextCall: () => call++ };
    const isEnough = () => {
        if (exits && call >= most) {
            process.exit();
        }
        return call >= most;
    };
    await Promise.all(Array.from({ length: inFlight }, () => lane(session, isEnough)));
    tell('last', await contentsOf(store));
    enter('closing');
    await store.close();
    enter('closed');
}

main(JSON.parse(process.argv[2])).catch((error) => {
    console.error(error);
    process.exit(70);
});
