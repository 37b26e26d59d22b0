'use strict';

/**
 * Names: as they are, as they are durable, and the changes between. A change is one unit (a rename removes one name and
 * sets another) and needs the last earlier change of each name that it touches. What survives a power cut is any set of
 * changes that holds what each of them needs.
 *
 * @typedef {object} Change
 * @property {{ folder: object, name: string, to: object | null }[]} sets
 * @property {Set<Change>} needs
 */
class Names {
    /** By folder: what its names stand for. */
    #current = new Map();
    #durable = new Map();
    /** @type {Set<Change>} */
    #unsynced = new Set();
    #touched = new Map();

    at(folder, name) {
        return this.#current.get(folder)?.get(name) ?? null;
    }

    change(...sets) {
        const change = { sets, needs: new Set() };
        for (const { folder, name } of sets) {
            const touched = this.#of(folder);
            if (this.#unsynced.has(touched.get(name))) {
                change.needs.add(touched.get(name));
            }
            touched.set(name, change);
        }
        // A folder is removed when it is empty, so after what emptied it.
        for (const { folder, name, to } of sets) {
            const gone = to === null ? this.at(folder, name) : null;
            for (const other of this.#unsynced) {
                if (other.sets.some((set) => set.folder === gone)) {
                    change.needs.add(other);
                }
            }
        }
        this.#unsynced.add(change);
        apply(change, this.#current);
    }

    #of(folder) {
        if (!this.#touched.has(folder)) {
            this.#touched.set(folder, new Map());
        }
        return this.#touched.get(folder);
    }

    /** What a sync of a folder, or of everything, that begins now will have made durable when it ends. */
    sync(folder) {
        const covered = new Set();
        const cover = (change) => {
            covered.add(change);
            change.needs.forEach(cover);
        };
        for (const change of this.#unsynced) {
            if (folder === undefined || change.sets.some((set) => set.folder === folder)) {
                cover(change);
            }
        }
        const inOrder = [...this.#unsynced].filter((change) => covered.has(change));
        return () => {
            for (const change of inOrder) {
                if (this.#unsynced.delete(change)) {
                    apply(change, this.#durable);
                }
            }
        };
    }

    /** The names now. */
    get current() {
        return this.#current;
    }

    /** The names after a power cut. */
    afterCut(dice) {
        const kept = this.#keep(dice);
        const names = new Map([...this.#durable].map(([folder, within]) => [folder, new Map(within)]));
        for (const change of this.#unsynced) {
            if (kept.has(change)) {
                apply(change, names);
            }
        }
        return names;
    }

    #keep(dice) {
        const changes = [...this.#unsynced];
        const way = dice.between(0, 7);
        if (way < 2) {
            return new Set(way === 0 ? [] : changes);
        }
        if (way < 4) {
            return new Set(changes.slice(0, dice.between(0, changes.length)));
        }
        const share = dice.next();
        const kept = new Set();
        for (const change of changes) {
            const isPossible = [...change.needs].every((need) => kept.has(need) || !this.#unsynced.has(need));
            if (isPossible && dice.chance(share)) {
                kept.add(change);
            }
        }
        return kept;
    }
}

function apply({ sets }, names) {
    for (const { folder, name, to } of sets) {
        if (!names.has(folder)) {
            names.set(folder, new Map());
        }
        if (to === null) {
            names.get(folder).delete(name);
        } else {
            names.get(folder).set(name, to);
        }
    }
}

module.exports = { Names };
