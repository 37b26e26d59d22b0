/** Type assertions on migrations, events and numbers. Checked by `tsc --noEmit`, never run. */

import {
    type CommitStats,
    type Datastore,
    type Migration,
    MigrationError,
    type MigrationReport,
    type MigrationStep,
    type RefreshReport,
} from 'kixx-datastore';

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_equal: Equals<A, B>): void {}

export async function migrations(datastore: Datastore): Promise<void> {
    const list: Migration[] = [
        { version: 1, up: (document) => ({ ...document, added: true }) },
        { version: 2, up: async (document, key, { dryRun }) => (key === 'a' && !dryRun ? null : document) },
        { version: 5, up() {} },
    ];
    const { signal } = new AbortController();
    const report = await datastore.migrate(list, {
        dryRun: true,
        batchSize: 10,
        signal,
        onProgress: ({ version, done, total }) => same<typeof version | typeof done | typeof total, number>(true),
    });
    same<typeof report, MigrationReport>(true);
    same<(typeof report)['migrations'], MigrationStep[]>(true);
    // @ts-expect-error a document is an object
    const wrong: Migration = { version: 1, up: () => 1 };
    // @ts-expect-error there is no way down
    const back: Migration = { version: 1, up: () => null, down: () => null };
    void [wrong, back];
}

export function events(datastore: Datastore): void {
    datastore.on('flush', ({ sequence, filesBehind }) => same<typeof sequence | typeof filesBehind, number>(true));
    datastore.on('refresh', (report) => same<typeof report, RefreshReport>(true));
    same<ReturnType<Datastore['stats']>['commits'], CommitStats>(true);
    same<CommitStats['p99'], number | null>(true);
}

export function errors(error: unknown): void {
    if (error instanceof MigrationError) {
        same<typeof error.code, 'MIGRATION'>(true);
        same<typeof error.version, number>(true);
        same<typeof error.key, string>(true);
    }
}
