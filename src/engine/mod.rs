//! The engine: every document in memory, one way in, snapshots out.
//!
//! ```text
//!   submit(writes) --> queue --> committer thread: check revisions -> storage -> memory -> reply
//!   get / snapshot <------------------------------ State (documents, changes) <----'
//!   begin --> Transaction: a snapshot and its own writes --> submit_batch(into_batch())
//!   flush ------------> queue --> background thread: sync, tend to what was committed -> reply
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `handle` | [`Engine`]: load, submit, flush, begin, close |
//! | `lifecycle` | new, loading, open, closed; [`Ending`]: its threads |
//! | `queue` | what waits for the committer |
//! | `patience` | how the committer waits |
//! | `committer` | the thread that owns the storage |
//! | `rounds` | which batches are committed together |
//! | `commit` | how a round is checked, stored and applied |
//! | `foreign` | what other processes committed, taken into memory |
//! | `edits`, `watching` | what others wrote into files, taken over: when it is asked for, and when it is noticed
//! | `write` | [`Write`], [`Condition`], [`Settled`]: one write and its answer |
//! | `batch` | [`Batch`]: writes done together or not at all |
//! | `transaction` | [`Transaction`]: a snapshot with its own writes |
//! | `reads` | [`Reads`]: what a transaction read, and whether it is still so |
//! | `snapshot` | [`Snapshot`]: one moment of the store |
//! | `documents` | the documents of a moment, in the order of the store's keys |
//! | `state` | the snapshot in use, and whether it may be read |
//! | `unique` | values that no two documents may have |
//! | `changes` | the record of changes by sequence |
//! | `generations` | [`Generations`]: whether a document that a reader kept may have changed |
//! | `query` | pages of a range of keys |
//! | `walk` | [`Walk`]: a range of keys, some documents at a time |
//! | `index` | [`Index`]: a view's rows, brought forward by sequence |
//! | `reading` | [`Reading`]: a view at one moment, as queries read it |
//! | `declared` | [`View`]: declarative views, evaluated here |
//! | `sharing` | [`Member`]: the handles of this process on one directory, and their one engine |
//! | `find` | [`Search`]: documents by conditions, by a view or by a scan |
//! | `errand` | [`Errand`]: what takes long, on a thread of its own |
//! | `workers` | the thread that computes beside the event loop |
//! | `call` | [`Call`]: whether an answer is still wanted, and how far it is |
//! | `background` | the thread that syncs beside the calls |
//! | `health` | poison and hindrance, and the [`EngineEvent`]s that tell them |
//! | `options`, `report` | [`Options`]; [`Stats`], [`Memory`], [`LoadReport`] |
//!
//! # Invariants
//!
//! - One committer thread changes the state; everyone else reads. The revision check and the change are made by it
//!   alone, so nothing can come between them.
//! - A breach of a unique view is found by the committer before anything is stored, and refuses its whole group.
//! - Storage first, then memory, then the reply. Memory never holds what storage refused.
//! - A batch is one group of the storage and appears in memory under one lock: nobody sees a part of it.
//! - Commits happen in the order of their sequences; what a transaction read is as it read it in the moment of its own.
//! - No I/O under a lock. The state's write lock is held for the time it takes to change the trees for a few hundred
//!   entries, or for one batch of a few thousand, and what they replaced is dropped without it.
//! - A reply is given exactly once for every submission that was accepted, also when the round panicked.
//!
//! Lock order: `Shared::lifecycle`, then `Queue::waiting`, then `Shared::state`. No function takes two of them except
//! in this order. `Health::hindrance`, the background's orders, the list of declarative views, an errand's job and the
//! worker's jobs are taken alone; a view has an order of its own (`declared::View`), which comes before no other lock but those
//! of the state and of the jobs; handles have theirs (`sharing`), which come before all of these.
//!
//! Not here: JavaScript (`node`), what a view's rows look like (`view`), files (`storage`).

#![forbid(unsafe_code)]

mod background;
mod batch;
mod call;
mod changes;
mod commit;
mod committer;
mod declared;
mod documents;
mod edits;
mod errand;
mod find;
mod foreign;
mod generations;
mod handle;
mod health;
mod index;
mod lifecycle;
mod options;
mod patience;
mod query;
mod queue;
mod reading;
mod reads;
mod report;
mod rounds;
mod sharing;
mod snapshot;
mod state;
mod transaction;
mod unique;
mod walk;
mod watching;
mod workers;
mod write;

#[cfg(test)]
mod test;

pub use batch::Batch;
pub use call::{Answer, Call, Progress};
pub use declared::{Awaited, ReadingReply, View, ViewNumbers};
pub use edits::{Invalid, RefreshReply, Refreshed};
pub use errand::{Errand, ErrandJob, MomentJob};
pub use find::{Considered, Explanation, Found, FoundReply, Search, Searching, Unfit, Wanted, consider};
pub use generations::Generations;
pub use handle::Engine;
pub use health::{EngineEvent, Listener};
pub use index::{Advance, Emission, Index};
pub use lifecycle::{CloseReply, Ending, LoadReply};
pub use options::Options;
pub use queue::{DefineReply, DuplicatesReply, FlushReply, Moment, MomentReply};
pub use reading::Reading;
pub use reads::Reads;
pub use report::{LoadReport, Memory, Stats};
pub use sharing::{Choice, Member, Mount, Mounted, Opening, Registry};
pub use snapshot::{Snapshot, Stored};
pub use transaction::Transaction;
pub use unique::Duplicate;
pub use walk::Walk;
pub use write::{Action, Condition, Given, Reply, RevisionRule, Settled, Write};
