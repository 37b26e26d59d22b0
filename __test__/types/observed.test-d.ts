/** Type assertions on events and numbers. Checked by `tsc --noEmit`, never run. */

import type { CommitStats, Datastore } from 'kixx-datastore';

type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_equal: Equals<A, B>): void {}

export function events(datastore: Datastore): void {
    datastore.on('flush', ({ sequence, filesBehind }) => same<typeof sequence | typeof filesBehind, number>(true));
    same<ReturnType<Datastore['stats']>['commits'], CommitStats>(true);
    same<CommitStats['p99'], number | null>(true);
}
