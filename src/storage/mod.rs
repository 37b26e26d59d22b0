//! Where documents are kept: one trait, several drivers.
//!
//! A [`Storage`] hands over everything it holds once ([`Storage::load`]) and from then on takes [`Group`]s to
//! commit. The engine calls it from its committer thread only, one call at a time, so a driver needs no locks of its
//! own and may block.
//!
//! | driver | what it is |
//! |---|---|
//! | [`files`] | one readable JSON file per document, replaced by rename |
//! | [`memory`] | nothing outlives the process |
//! | `faulty` (tests) | any other driver, failing where a test says so |
//!
//! Every driver passes the same list of cases (`conformance`, in tests), chosen by [`Capabilities`] and never by a
//! driver's name.
//!
//! # Invariants
//!
//! - A group is atomic: after `commit` either all of its entries are stored or none is, and the outcome says which.
//! - Positions rise with every committed group and never repeat within an epoch.
//! - A conflict is an outcome, not an error. The drivers of this crate never report one, because the engine checks
//!   revisions before it commits; a driver over a server will.
//!
//! Not here: revisions and conditions (`engine::commit`), the journal, which comes with durability levels, and
//! `changes`/`barrier`, which come with the first driver that has other writers.

#![forbid(unsafe_code)]

pub mod files;
pub mod memory;

#[cfg(test)]
pub(crate) mod conformance;
#[cfg(test)]
pub(crate) mod faulty;

use std::sync::Arc;

use crate::document::Document;
use crate::error::{BadFile, Error, Result};
use crate::key::Key;

/// The order of commits: rises by one with every committed entry, never restarts within an epoch.
pub type Sequence = u64;

/// A moment in the life of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Changes when the store's history was replaced: what was read before means nothing any more.
    pub epoch: u64,
    /// The last committed entry.
    pub sequence: Sequence,
}

/// What a driver can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Documents are still there after the process ended.
    pub durable: bool,
    /// How many entries one group may hold.
    pub group_limit: usize,
    /// A second opener is refused with `LOCKED`.
    pub exclusive: bool,
}

/// One change of one document.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Whose document.
    pub key: Key,
    /// The new version, or `None` to delete.
    pub document: Option<Document>,
}

/// Entries that are stored together or not at all.
#[derive(Clone, Debug)]
pub struct Group {
    /// The entries, at most [`Capabilities::group_limit`], each key once.
    pub entries: Vec<Entry>,
}

/// What became of a group.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Stored; the position is that of the group's last entry.
    Committed(Position),
    /// Refused, because somebody else's version is stored.
    Conflict {
        /// The document in the way.
        key: Key,
        /// Its revision, or `None` where it is gone.
        actual: Option<u64>,
    },
    /// Not stored.
    Failed(Error),
}

/// Everything a driver held when it was loaded.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The documents, by ascending key, each key once.
    pub documents: Vec<(Key, Document)>,
    /// The position they were read at.
    pub position: Position,
    /// What was found beside them.
    pub findings: Findings,
}

/// What a load found that is no document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Entries that are none of ours, relative to the directory.
    pub ignored: Vec<String>,
    /// Files that were moved out of the way, relative to the directory, and why.
    pub quarantined: Vec<BadFile>,
}

/// Makes durable what was committed; called beside the commits, from another thread.
pub trait Syncer: Send + Sync {
    /// Returns when everything committed before the call survives a power cut.
    ///
    /// # Errors
    ///
    /// The operating system's. What was not synced must then be taken as lost.
    fn sync(&self) -> Result<()>;
}

/// A place for documents.
pub trait Storage: Send {
    /// What this driver can do. Constant over the life of the value.
    fn capabilities(&self) -> Capabilities;

    /// Opens the storage and reads everything. Called again only after it failed.
    ///
    /// # Errors
    ///
    /// `LOCKED` where another opener holds it, `CORRUPT` with every bad file, or the operating system's.
    fn load(&mut self) -> Result<Loaded>;

    /// Stores groups, in order, and answers each by itself: as many outcomes as groups.
    fn commit(&mut self, groups: &[Group]) -> Vec<Outcome>;

    /// What syncs this storage in the background, if it needs that. Asked for once, after `load`.
    fn syncer(&self) -> Option<Arc<dyn Syncer>> {
        None
    }

    /// Gives everything back that `load` took, the lock last.
    fn close(&mut self);
}
