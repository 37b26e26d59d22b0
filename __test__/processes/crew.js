'use strict';

/** Processes that have one directory open together, as who started them sees them. */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { afterwards, gate } = require('../support.js');

const MEMBER = path.join(__dirname, 'member.js');

/** A process with a store, which does what it is asked. */
class Member {
    #child;
    #asked = new Map();
    #next = 0;
    /** Resolves to `[code, signal]`. */
    ended;
    /** Resolves when it has the directory open. */
    loaded;
    isLoaded = false;

    /**
     * @param {string} directory
     * @param {object} [how]
     * @param {object} [how.options] of its store
     * @param {string} [how.report] a file that it appends to at descriptor 3, and that outlives it
     */
    constructor(directory, { options = {}, report } = {}) {
        const told = report === undefined ? 'ignore' : fs.openSync(report, 'a');
        this.#child = fork(MEMBER, [JSON.stringify({ directory, options })], {
            stdio: ['ignore', 'inherit', 'inherit', told, 'ipc'],
        });
        if (told !== 'ignore') {
            fs.closeSync(told);
        }
        this.ended = once(this.#child, 'exit');
        this.ended.then(() => this.#abandon());
        this.#child.on('message', (message) => this.#take(message));
        this.#child.on('error', () => {});
        this.loaded = this.#answerOf('load').then(() => {
            this.isLoaded = true;
        });
        // Who does not wait for it may kill it before.
        this.loaded.catch(() => {});
    }

    get pid() {
        return this.#child.pid;
    }

    /** Resolves to what an act comes to there; rejects with what it is refused with, or when the process ends. */
    ask(act, ...args) {
        const id = this.#next++;
        const answered = this.#answerOf(id);
        this.#child.send({ id, act, args }, () => {});
        return answered;
    }

    /** Calls a method of its store. */
    call(method, ...args) {
        return this.ask('call', method, ...args);
    }

    signal(name) {
        this.#child.kill(name);
    }

    async kill() {
        this.signal('SIGKILL');
        await this.ended;
    }

    /** Closes its store and lets it end. Resolves to its exit code. */
    async close() {
        await this.ask('close');
        this.#child.disconnect();
        const [code] = await this.ended;
        return code;
    }

    #answerOf(id) {
        const asked = gate();
        this.#asked.set(id, asked);
        return asked.opened;
    }

    #take({ id, result, failure }) {
        const asked = this.#asked.get(id);
        this.#asked.delete(id);
        if (failure === undefined) {
            asked.open(result);
        } else {
            asked.fail(Object.assign(new Error(failure.message), failure));
        }
    }

    #abandon() {
        for (const { fail } of this.#asked.values()) {
            fail(Object.assign(new Error('the process has ended'), { code: 'ENDED' }));
        }
        this.#asked.clear();
    }
}

/** A member that ends with the test, and has the directory open. */
async function joined(t, directory, how) {
    const member = new Member(directory, how);
    afterwards(t, () => member.kill());
    await member.loaded;
    return member;
}

/** So many of them. */
function crew(t, directory, count, how) {
    return Promise.all(Array.from({ length: count }, () => joined(t, directory, how)));
}

module.exports = { Member, crew, joined };
