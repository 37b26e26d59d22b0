'use strict';

/** The disk below one directory, made of the calls of a real process: as it is, and as a power cut may leave it. */

const fs = require('node:fs');
const path = require('node:path');
const { File } = require('./file.js');
const { Names } = require('./names.js');

class Folder {}

class Disk {
    #directory;
    /** The directory's parent, of which it is the only name that matters. */
    #outside = new Folder();
    #root = null;
    #names = new Names();
    #files = new Set();
    /** By descriptor. */
    #open = new Map();
    /** What a thread's sync will have done when it ends. */
    #syncs = new Map();

    /** @param {string} directory that is not there yet */
    constructor(directory) {
        this.#directory = directory;
    }

    /** Another process begins: nothing is open. */
    restart() {
        this.#open.clear();
        this.#syncs.clear();
    }

    /** Takes in what `callsIn` told. */
    take({ begins, inDoubt, thread, call }) {
        if (begins) {
            this.#begin(thread, call);
        } else if (inDoubt) {
            this.#doubt(call);
        } else if (call.result >= 0) {
            this.#calls[call.name]?.(call, thread);
        }
    }

    #begin(thread, { name, args: [given] }) {
        if (name === 'close') {
            // Another thread may be given the number before this call returns.
            this.#open.delete(given);
            return;
        }
        if (!['fsync', 'fdatasync', 'syncfs'].includes(name)) {
            return;
        }
        const opened = this.#open.get(given);
        if (opened === undefined) {
            return;
        }
        if (name === 'syncfs') {
            const syncs = [...this.#files].map((file) => file.sync());
            this.#syncs.set(thread, [...syncs, this.#names.sync()]);
        } else if (opened instanceof Folder) {
            this.#syncs.set(thread, [this.#names.sync(opened)]);
        } else {
            this.#syncs.set(thread, [opened.sync()]);
        }
    }

    /** The process has ended in this call: the real directory tells whether it happened. */
    #doubt({ name, args }) {
        if (name !== 'pwrite64' || !this.#open.has(args[0])) {
            return;
        }
        const [descriptor, bytes, , offset] = args;
        const file = this.#open.get(descriptor);
        const real = fs.readFileSync(path.join(this.#directory, this.#pathOf(file)));
        if (real.subarray(offset, offset + bytes.length).equals(bytes)) {
            file.write(bytes, offset);
        }
    }

    #pathOf(wanted, folder = this.#root) {
        for (const [name, node] of this.#names.current.get(folder) ?? []) {
            const below = node instanceof Folder ? this.#pathOf(wanted, node) : null;
            if (node === wanted || below !== null) {
                return below === null ? name : `${name}/${below}`;
            }
        }
        return null;
    }

    #end(thread) {
        for (const done of this.#syncs.get(thread) ?? []) {
            done();
        }
        this.#syncs.delete(thread);
    }

    #calls = {
        openat: ({ args: [at, name, flags], result }) => this.#openAt(at, name, flags, result),
        write: ({ args: [descriptor] }) => this.#mustNotBe(descriptor),
        pwrite64: ({ args: [descriptor, bytes, , offset], result }) => {
            this.#open.get(descriptor)?.write(bytes.subarray(0, result), offset);
        },
        ftruncate: ({ args: [descriptor, length] }) => this.#open.get(descriptor)?.truncate(length),
        fsync: (_, thread) => this.#end(thread),
        fdatasync: (_, thread) => this.#end(thread),
        syncfs: (_, thread) => this.#end(thread),
        mkdir: ({ args: [name] }) => this.#set(this.#place('AT_FDCWD', name), new Folder()),
        mkdirat: ({ args: [at, name] }) => this.#set(this.#place(at, name), new Folder()),
        rmdir: ({ args: [name] }) => this.#set(this.#place('AT_FDCWD', name), null),
        unlink: ({ args: [name] }) => this.#set(this.#place('AT_FDCWD', name), null),
        unlinkat: ({ args: [at, name] }) => this.#set(this.#place(at, name), null),
        rename: ({ args: [from, to] }) => this.#rename('AT_FDCWD', from, 'AT_FDCWD', to),
        renameat: ({ args: [atFrom, from, atTo, to] }) => this.#rename(atFrom, from, atTo, to),
        renameat2: ({ args: [atFrom, from, atTo, to, flags] }) => this.#rename(atFrom, from, atTo, to, flags),
    };

    #openAt(at, name, flags, descriptor) {
        const place = this.#place(at, name);
        this.#open.delete(descriptor);
        if (place === null) {
            return;
        }
        let opened = place.name === '.' ? place.folder : this.#names.at(place.folder, place.name);
        if (opened === null && flags.includes('O_CREAT')) {
            opened = new File();
            this.#files.add(opened);
            this.#set(place, opened);
        }
        if (flags.includes('O_TRUNC') && opened instanceof File) {
            opened.truncate(0);
        }
        if (opened !== null) {
            this.#open.set(descriptor, opened);
        }
    }

    #mustNotBe(descriptor) {
        if (this.#open.has(descriptor)) {
            throw new Error('a file below the directory is written at its end, which is not modelled');
        }
    }

    #set(place, to) {
        if (place === null) {
            return;
        }
        this.#names.change({ ...place, to });
        if (place.folder === this.#outside) {
            this.#root = to;
            // Who makes a directory is not who loses it.
            this.#names.sync(this.#outside)();
        }
    }

    #rename(atFrom, nameFrom, atTo, nameTo, flags = '') {
        const [from, to] = [this.#place(atFrom, nameFrom), this.#place(atTo, nameTo)];
        if (from === null && to === null) {
            return;
        }
        const [moved, displaced] = [from, to].map(({ folder, name }) => this.#names.at(folder, name));
        const back = String(flags).includes('RENAME_EXCHANGE') ? displaced : null;
        this.#names.change({ ...from, to: back }, { ...to, to: moved });
    }

    /** The folder and the name that a path stands for; `null` outside of the directory. */
    #place(at, bytes) {
        const given = bytes.toString();
        const isAbsolute = path.isAbsolute(given);
        let folder = isAbsolute ? this.#outside : (this.#open.get(descriptorOf(at)) ?? null);
        if (folder === null || (isAbsolute && given !== this.#directory && !given.startsWith(`${this.#directory}/`))) {
            return null;
        }
        const relative = isAbsolute ? path.relative(path.dirname(this.#directory), given) : given;
        const parts = relative.split('/');
        const name = parts.pop();
        for (const part of parts) {
            folder = this.#names.at(folder, part);
        }
        return folder === null ? null : { folder, name };
    }

    /** Writes out what is there now. */
    writeTo(target) {
        this.#write(this.#names.current, this.#root, target, (file) => file.content);
    }

    /** Writes out what a power cut may leave, as chance has it. */
    writeCutTo(target, dice) {
        const contents = new Map();
        for (const file of this.#files) {
            contents.set(file, file.afterCut(dice));
        }
        this.#write(this.#names.afterCut(dice), this.#root, target, (file) => contents.get(file));
    }

    #write(names, folder, target, contentOf) {
        fs.mkdirSync(target, { recursive: true });
        for (const [name, node] of names.get(folder) ?? []) {
            const to = path.join(target, name);
            if (node instanceof Folder) {
                this.#write(names, node, to, contentOf);
            } else {
                fs.writeFileSync(to, contentOf(node));
            }
        }
    }
}

function descriptorOf(at) {
    return typeof at === 'number' ? at : Number.NaN;
}

module.exports = { Disk };
