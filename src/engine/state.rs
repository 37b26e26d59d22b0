//! The documents, and whether they may be read.

use super::snapshot::Snapshot;
use crate::error::{Error, ErrorKind, Result};

/// The snapshot that the committer changes in place.
#[derive(Default)]
pub(super) struct State {
    readable: Readable,
    snapshot: Snapshot,
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
    pub fn open(&mut self, snapshot: Snapshot) {
        if self.readable == Readable::NotYet {
            self.readable = Readable::Now;
        }
        self.snapshot = snapshot;
    }

    /// Reads end. The committer goes on with what it has.
    pub fn close(&mut self) {
        self.readable = Readable::NoMore;
    }

    /// Takes the documents out, so that they can be dropped without the lock.
    pub fn release(&mut self) -> Snapshot {
        self.close();
        std::mem::take(&mut self.snapshot)
    }

    /// Whether reads are answered.
    pub fn check(&self) -> Result<()> {
        match self.readable {
            Readable::Now => Ok(()),
            Readable::NotYet => Err(Error::new(ErrorKind::NotLoaded, "the datastore is not loaded yet")),
            Readable::NoMore => Err(Error::new(ErrorKind::Closed, "the datastore is closed")),
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
