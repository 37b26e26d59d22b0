'use strict';

/**
 * What may be found after a crash, given what was submitted and what was acknowledged.
 *
 * Writes to one key happen in the order of the calls, except those of transactions, which happen some time between
 * call and acknowledgement. Whatever is found is then what counts: nothing older may come back.
 *
 * @typedef {object} Write
 * @property {number} id
 * @property {number} key
 * @property {boolean} deletes
 * @property {Call} call
 * @property {number} [revision] once it is acknowledged
 *
 * @typedef {object} Call
 * @property {string} kind
 * @property {boolean} synced whether it asked for that
 * @property {number} begun its moment
 * @property {number} [ended]
 * @property {'open' | 'done' | 'refused'} state
 * @property {Write[]} writes
 *
 * @typedef {[key: number | string, id: number | null, revision: number][]} Contents
 */

const NOTHING = { id: 0, revision: null };

/** The kinds that may happen at any time between call and acknowledgement. */
const UNORDERED = new Set(['transaction', 'rollback']);

class Model {
    #syncs;
    /** What had ended before this moment was flushed. */
    #flushed = 0;
    /** What counts, by key: the id of the write and the revision. */
    #settled = new Map();
    /** The session's writes by key, in the order of the calls. */
    #writes = new Map();
    #calls = new Map();
    #moment = 0;
    acknowledged = 0;

    /** @param {{ syncs?: boolean }} [options] whether what is acknowledged survives what is to come without a flush */
    constructor({ syncs = true } = {}) {
        this.#syncs = syncs;
    }

    /** Whether nothing was submitted since what counts was told. */
    get isSettled() {
        return this.#calls.size === 0;
    }

    intend(number, kind, writes, synced = false) {
        const call = { kind, synced, begun: ++this.#moment, state: 'open', writes: [] };
        this.#calls.set(number, call);
        for (const [id, key, deletes] of writes) {
            const write = { id, key, deletes, call };
            call.writes.push(write);
            this.#writes.set(key, [...(this.#writes.get(key) ?? []), write]);
        }
    }

    done(number, revisions) {
        const call = this.#calls.get(number);
        call.state = 'done';
        call.ended = ++this.#moment;
        for (const [index, write] of call.writes.entries()) {
            write.revision = revisions[index];
        }
        this.acknowledged += 1;
        if (call.kind === 'flush') {
            this.#flushed = Math.max(this.#flushed, call.begun);
        }
    }

    refused(number) {
        this.#calls.get(number).state = 'refused';
    }

    /** Whether no write to a key is under way. */
    isQuiet(key) {
        return (this.#writes.get(key) ?? []).every(({ call }) => call.state !== 'open');
    }

    /** From now on this is what counts, because somebody made it so by hand. */
    edit(key, id, revision) {
        this.#settled.set(key, { id, revision });
        for (const { call } of this.#writes.get(key) ?? []) {
            call.writes = call.writes.filter((write) => write.key !== key);
        }
        this.#writes.delete(key);
    }

    /**
     * What is wrong with what was found.
     *
     * @param {Contents} contents
     * @param {{ files?: boolean }} [of] whether they are files, which are placed one by one
     * @returns {{ kind: string, text: string }[]}
     */
    faultsIn(contents, { files = false } = {}) {
        const faults = [];
        const found = new Map();
        for (const [key, id, revision] of contents) {
            if (typeof key === 'string') {
                faults.push({ kind: 'stray', text: `${key} is no document of ours` });
            } else if (id === null) {
                faults.push({ kind: 'torn', text: `key ${key} is torn` });
            }
            found.set(key, { id, revision });
        }
        for (const key of new Set([...this.#settled.keys(), ...this.#writes.keys(), ...found.keys()])) {
            faults.push(...this.#faultsOf(key, found.get(key) ?? NOTHING));
        }
        if (!files) {
            faults.push(...this.#halves(found));
        }
        return faults;
    }

    /** What was found counts from now on. */
    settle(contents) {
        this.#settled = new Map(contents.map(([key, id, revision]) => [key, { id, revision }]));
        this.#writes.clear();
        this.#calls.clear();
    }

    /** What may have made what was found: writes, or `null` for what counted before. */
    #makersOf(key, { id }) {
        const before = this.#settled.get(key) ?? NOTHING;
        const writes = (this.#writes.get(key) ?? []).filter(({ call }) => call.state !== 'refused');
        const makers = id === 0 ? writes.filter(({ deletes }) => deletes) : writes.filter((write) => write.id === id);
        return before.id === id ? [null, ...makers] : makers;
    }

    #faultsOf(key, found) {
        if (found.id === null) {
            return [];
        }
        const makers = this.#makersOf(key, found);
        const told = `key ${key} is ${show(found)}`;
        if (makers.length === 0) {
            return [{ kind: 'lost', text: `${told}, which nobody made: ${this.#history(key)}` }];
        }
        const kept = (this.#writes.get(key) ?? []).filter(({ call }) => this.#isKept(call));
        const standing = makers.filter((maker) => !kept.some((write) => precedes(maker, write)));
        if (standing.length === 0) {
            return [{ kind: 'lost', text: `${told}, but a later write was acknowledged: ${this.#history(key)}` }];
        }
        return this.#revisionFaults(key, found, told);
    }

    #isKept({ state, synced, ended }) {
        return state === 'done' && (this.#syncs || synced || ended < this.#flushed);
    }

    /** Where the order is known, what each revision has to be; elsewhere how high it can be. */
    #revisionFaults(key, found, told) {
        const before = this.#settled.get(key) ?? NOTHING;
        const writes = (this.#writes.get(key) ?? []).filter(({ call }) => call.state !== 'refused');
        let revisions = new Map([[before.id, before.revision]]);
        if (writes.some(({ call }) => UNORDERED.has(call.kind))) {
            const most = (before.revision ?? -1) + writes.length;
            const wrong = [...writes, found].some(({ revision }) => revision > most);
            return wrong ? [{ kind: 'revision', text: `${told}, over ${most}: ${this.#history(key)}` }] : [];
        }
        let revision = before.revision;
        const faults = [];
        for (const write of writes) {
            if (write.call.kind === 'stale' && revision !== null) {
                continue;
            }
            revision = write.deletes ? null : (revision ?? -1) + 1;
            revisions = revisions.set(write.id, revision);
            if (write.call.state === 'done' && write.revision !== revision) {
                faults.push(`write ${write.id} of key ${key} made revision ${write.revision}, not ${revision}`);
            }
        }
        if (found.id !== 0 && revisions.get(found.id) !== found.revision) {
            faults.push(`${told}, not revision ${revisions.get(found.id)}`);
        }
        return faults.map((text) => ({ kind: 'revision', text: `${text}: ${this.#history(key)}` }));
    }

    /** Groups of which something is there, or something that was built on it, and something that they replaced, too. */
    #halves(found) {
        const faults = [];
        for (const call of this.#calls.values()) {
            const makers = new Map();
            for (const write of call.state === 'refused' ? [] : call.writes) {
                makers.set(write, this.#makersOf(write.key, found.get(write.key) ?? NOTHING));
            }
            const isThere = [...makers].some(([write, of]) => {
                return of.length > 0 && of.every((maker) => maker === write || precedes(write, maker));
            });
            for (const [write, of] of isThere ? makers : []) {
                if (of.every((maker) => maker !== write && precedes(maker, write))) {
                    const ids = call.writes.map(({ id }) => id);
                    faults.push({ kind: 'half', text: `${call.kind} ${ids}: ${this.#history(write.key)}` });
                }
            }
        }
        return faults;
    }

    #history(key) {
        const writes = (this.#writes.get(key) ?? []).map(({ id, deletes, revision, call }) => {
            return `${call.kind} ${id}${deletes ? ' deletes' : ''} ${call.state} ${revision ?? ''}`.trim();
        });
        return `[${[show(this.#settled.get(key) ?? NOTHING), ...writes].join(', ')}]`;
    }
}

/** Whether one write certainly happened before the other; `null` happened before all. */
function precedes(write, other) {
    if (write === other || other === null) {
        return false;
    }
    if (write === null) {
        return true;
    }
    if (UNORDERED.has(write.call.kind) || UNORDERED.has(other.call.kind)) {
        return write.call.state === 'done' && write.call.ended < other.call.begun;
    }
    return write.call.begun < other.call.begun;
}

function show({ id, revision }) {
    return id === 0 ? 'absent' : `write ${id} at revision ${revision}`;
}

module.exports = { Model };
