'use strict';

/** File systems of a test's own: small ones, and such as may only be read. */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { Datastore } = require('../index.js');
const { temporaryDirectory } = require('./support.js');

/** Whether this process may mount. */
function canMount(folder) {
    if (process.getuid?.() !== 0 || process.platform !== 'linux') {
        return false;
    }
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
    if (status !== 0) {
        return false;
    }
    spawnSync('umount', [folder]);
    return true;
}

/**
 * Runs `body` over a folder that can be mounted on; the stores that it makes by `newStore`, and what it names by
 * `beforeUnmount`, are closed and the mounts are undone before the folder is removed. Skipped where mounting is not allowed.
 */
async function withMounts(t, body) {
    const [closes, mounts] = [[], []];
    const folder = temporaryDirectory(t);
    if (!canMount(folder)) {
        t.skip('mounting needs root on Linux');
        return;
    }
    const mount = (...args) => {
        const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
        assert.equal(status, 0, stderr);
    };
    const unmount = () => {
        const { status, stderr } = spawnSync('umount', [mounts.pop()], { encoding: 'utf8' });
        assert.equal(status, 0, stderr);
    };
    try {
        await body({
            directory: folder,
            mountSmall(options) {
                mount('-t', 'tmpfs', '-o', options, 'tmpfs', folder);
                mounts.push(folder);
            },
            mountReadOnly() {
                mount('--bind', folder, folder);
                mounts.push(folder);
                mount('-o', 'remount,bind,ro', folder);
            },
            /** The same folder by another path. */
            mountReadOnlyElsewhere() {
                const elsewhere = temporaryDirectory(t);
                mount('--bind', folder, elsewhere);
                mounts.push(elsewhere);
                mount('-o', 'remount,bind,ro', elsewhere);
                return elsewhere;
            },
            unmount,
            newStore() {
                const store = new Datastore({ directory: folder });
                store.setView('view', { map: (document, emit) => emit(document.n) });
                closes.push(() => store.close());
                return store;
            },
            beforeUnmount(close) {
                closes.push(close);
            },
        });
    } finally {
        await Promise.all(closes.map((close) => close()));
        while (mounts.length > 0) {
            unmount();
        }
    }
}

module.exports = { withMounts };
