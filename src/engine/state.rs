//! The documents, and whether they may be read.

use std::sync::Arc;

use super::lifecycle::{closed, not_loaded};
use super::snapshot::Snapshot;
use crate::error::Result;
use crate::storage::{Keeper, KeeperStats};

/// The snapshot that the committer changes in place.
#[derive(Default)]
pub(super) struct State {
    readable: Readable,
    snapshot: Snapshot,
    /// For its stats alone, and gone before the storage is given back.
    keeper: Option<Arc<dyn Keeper>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Readable {
    #[default]
    NotYet,
    Now,
    NoMore,
}

impl State {
    /// Reads begin, unless the store was closed while it loaded.
    pub fn open(&mut self, snapshot: Snapshot, keeper: Option<Arc<dyn Keeper>>) {
        if self.readable == Readable::NotYet {
            self.readable = Readable::Now;
        }
        self.snapshot = snapshot;
        self.keeper = keeper;
    }

    /// Reads end. The committer goes on with what it has.
    pub fn close(&mut self) {
        self.readable = Readable::NoMore;
    }

    /// Takes everything out, so that it can be dropped without the lock.
    pub fn release(&mut self) -> (Snapshot, Option<Arc<dyn Keeper>>) {
        self.close();
        (std::mem::take(&mut self.snapshot), self.keeper.take())
    }

    /// What waits for the storage's keeper.
    pub fn keeper_stats(&self) -> KeeperStats {
        self.keeper.as_ref().map(|keeper| keeper.stats()).unwrap_or_default()
    }

    /// Whether reads are answered.
    pub fn check(&self) -> Result<()> {
        match self.readable {
            Readable::Now => Ok(()),
            Readable::NotYet => Err(not_loaded()),
            Readable::NoMore => Err(closed()),
        }
    }

    /// The documents, for readers.
    pub fn snapshot(&self) -> Result<&Snapshot> {
        self.check().map(|()| &self.snapshot)
    }

    /// The documents, for the committer.
    pub fn current(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The documents, for the committer to change.
    pub fn current_mut(&mut self) -> &mut Snapshot {
        &mut self.snapshot
    }
}
