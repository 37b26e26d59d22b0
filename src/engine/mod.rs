//! The engine: every document in memory, one way in, snapshots out.
//!
//! ```text
//!   submit(writes) --> queue --> committer thread: check revisions -> storage -> memory -> reply
//!   get / snapshot <------------------------------ State (documents, changes) <----'
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `lifecycle` | [`Engine`]: new, load, submit, close; [`Ending`]: its threads |
//! | `committer` | the thread that owns the storage, and its queue |
//! | `commit` | [`Write`], [`Condition`], how a round of writes is checked, stored and applied |
//! | `snapshot` | [`Snapshot`]: one moment of the store |
//! | `state` | the snapshot in use, and whether it may be read |
//! | `changes` | the record of changes by sequence |
//! | `query` | pages of a range of keys |
//! | `index` | [`Index`]: a view's rows, brought forward by sequence |
//! | `poison` | why writes are refused after a failure that left storage in doubt |
//! | `background` | the timer that syncs beside the calls |
//!
//! # Invariants
//!
//! - One committer thread changes the state; everyone else reads. The revision check and the change are made by it
//!   alone, so nothing can come between them.
//! - Storage first, then memory, then the reply. Memory never holds what storage refused.
//! - No I/O under a lock. The state's write lock is held for the time it takes to change the trees for a few hundred
//!   entries, and what they replaced is dropped without it.
//! - A reply is given exactly once for every submission that was accepted, also when the round panicked.
//!
//! Lock order: `Engine::lifecycle`, then `Queue::waiting`, then `Engine::state`. No function takes two of them except
//! in this order.
//!
//! Not here: JavaScript (`node`), what a view's rows look like (`view`), files (`storage`).

#![forbid(unsafe_code)]

mod background;
mod changes;
mod commit;
mod committer;
mod index;
mod lifecycle;
mod poison;
mod query;
mod snapshot;
mod state;

#[cfg(test)]
mod test;

pub use commit::{Action, Condition, Reply, RevisionRule, Settled, Write};
pub use index::{Emission, Index};
pub use lifecycle::{CloseReply, Ending, Engine, LoadReply, LoadReport, Stats};

pub use snapshot::{Snapshot, Stored};
