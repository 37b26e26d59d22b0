'use strict';

/**
 * Bytes: as they are, and as a power cut may leave them. Since the last sync each sector is written back by itself, at any
 * time, as it was after any of the writes, or as zeros where somebody wrote; the length likewise, by itself.
 */

const SECTOR = 512;

class File {
    content = Buffer.alloc(0);
    #durable = Buffer.alloc(0);
    /** What was done since. */
    #done = [];
    /** How much was done before. */
    #before = 0;

    write(bytes, offset) {
        this.#note({ bytes, offset, length: Math.max(this.content.length, offset + bytes.length) });
    }

    truncate(length) {
        const cut = Buffer.alloc(Math.max(0, this.content.length - length));
        this.#note({ bytes: cut, offset: length, length });
    }

    #note(step) {
        this.#done.push(step);
        this.content = applied(this.content, step);
    }

    /** What a sync that begins now will have made durable when it ends: a function to be called then. */
    sync() {
        const [content, through] = [this.content, this.#before + this.#done.length];
        return () => {
            // Others may have ended meanwhile: those that began later tell of more, and those before of less.
            if (through > this.#before) {
                this.#durable = content;
                this.#done.splice(0, through - this.#before);
                this.#before = through;
            }
        };
    }

    /** @param {import('../crash/dice.js').Dice} dice */
    afterCut(dice) {
        const fate = dice.between(0, 7);
        if (this.#done.length === 0 || fate === 0) {
            return this.#durable;
        }
        return fate < 3 ? this.content : this.#mixed(dice, fate === 3);
    }

    #mixed(dice, blank) {
        const lengths = [this.#durable.length, ...this.#done.map(({ length }) => length)];
        const length = blank ? this.content.length : dice.pick(lengths);
        const largest = Math.max(...lengths);
        const content = Buffer.alloc(largest);
        this.#durable.copy(content);
        const fates = new Map();
        for (const [number, { bytes, offset }] of this.#done.entries()) {
            for (let from = offset; from < offset + bytes.length; ) {
                const sector = Math.floor(from / SECTOR);
                const to = Math.min((sector + 1) * SECTOR, offset + bytes.length);
                if (!fates.has(sector)) {
                    fates.set(sector, blank ? { zero: true } : fateOf(dice, this.#done.length));
                }
                const { zero, upTo } = fates.get(sector);
                if (zero) {
                    content.fill(0, from, to);
                } else if (number < upTo) {
                    bytes.copy(content, from, from - offset, to - offset);
                }
                from = to;
            }
        }
        return content.subarray(0, length);
    }
}

/** What becomes of one sector: zeros, or what so many of the writes made of it. */
function fateOf(dice, writes) {
    const chosen = dice.between(0, 5);
    if (chosen === 0) {
        return { zero: true };
    }
    return { upTo: [0, dice.between(0, writes), dice.between(0, writes)][chosen - 1] ?? writes };
}

function applied(content, { bytes, offset, length }) {
    const next = Buffer.alloc(Math.max(length, offset + bytes.length));
    content.copy(next);
    bytes.copy(next, offset);
    return next.subarray(0, length);
}

module.exports = { File };
