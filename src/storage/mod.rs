//! Where documents are kept: one trait, several drivers.
//!
//! A [`Storage`] hands over everything it holds once ([`Storage::load`]) and from then on takes [`Group`]s to
//! commit. The engine calls it from its committer thread only, one call at a time, so a driver may block, and needs no
//! locks of its own but for what it shares with its [`Keeper`].
//!
//! | driver | what it is |
//! |---|---|
//! | [`files`] | one readable JSON file per document, and a journal |
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
//! - What others commit is told in their order, and before anything is checked against it.
//!
//! Not here: revisions and conditions (`engine::commit`).

#![forbid(unsafe_code)]

pub mod files;
pub mod memory;

mod outside;

#[cfg(test)]
pub(crate) mod conformance;
#[cfg(test)]
pub(crate) mod faulty;

use std::fmt;
use std::sync::Arc;

use crate::collator::Collation;
use crate::document::Document;
use crate::error::{BadFile, Error, Result};
use crate::key::Key;

pub use self::outside::{Noticed, Notices, Outside, Standing};
pub use crate::disk::Place;
pub use crate::journal::Left;

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
    /// The version that it replaces, or `None` where nothing is stored.
    pub previous: Option<Document>,
    /// Where the version was made of what somebody wrote into its file: what that holds. The file is left as it is, and gets
    /// the version later. Only in groups of one, and all groups of a commit are so or none is.
    pub left: Option<Left>,
}

/// Entries that are stored together or not at all.
#[derive(Clone, Debug)]
pub struct Group {
    /// The entries, at most [`Capabilities::group_limit`], each key once. None where only what was committed before is to be
    /// synced.
    pub entries: Vec<Entry>,
    /// Answered only when it survives a power cut.
    pub synced: bool,
}

/// What became of a group.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Stored; the position is that of the group's last entry, and the entries before it have the ones just below.
    Committed(Position),
    /// Refused, because somebody else's version is stored.
    Conflict {
        /// The document in the way.
        key: Key,
        /// Its revision, or `None` where it is gone.
        actual: Option<u64>,
    },
    /// Not stored. Of the kind `Poisoned` it means that nothing will be any more, and that nobody knows what a load
    /// will find of this group.
    Failed(Error),
}

/// Everything a driver held when it was loaded.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The documents, by ascending key, each key once.
    pub documents: Vec<(Key, Document)>,
    /// The position they were read at.
    pub position: Position,
    /// The order of the keys, for who asks in a range.
    pub collation: Collation,
    /// The [definitions](Storage::save_definitions) that were saved last; empty where there never were any.
    pub definitions: String,
    /// What was found beside them.
    pub findings: Findings,
}

/// Hears how far a load is, from several threads: so many documents of so many. By default nobody does.
#[derive(Clone, Default)]
pub struct Watcher {
    hear: Option<Arc<dyn Fn(usize, usize) + Send + Sync>>,
}

impl Watcher {
    /// Tells `hear`, which must not wait.
    #[must_use]
    pub fn new(hear: impl Fn(usize, usize) + Send + Sync + 'static) -> Self {
        Self { hear: Some(Arc::new(hear)) }
    }

    /// So many documents are read. Counts may come out of order.
    pub fn tell(&self, done: usize, total: usize) {
        if let Some(hear) = &self.hear {
            hear(done, total);
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watcher").field(&self.hear.is_some()).finish()
    }
}

/// What a load found that is no document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Entries that are none of ours, relative to the directory.
    pub ignored: Vec<String>,
    /// Files that were moved out of the way, relative to the directory, and why.
    pub quarantined: Vec<BadFile>,
    /// Documents that were restored, because their file was not what had been committed.
    pub recovered: usize,
}

/// Looks after what was committed, beside the commits, from one other thread.
///
/// An error of the kind `Poisoned` means that a sync failed: what was not synced may be lost, and no commit will be
/// taken any more. Any other is a hindrance (a full disk) that may pass; the work left is tried again.
pub trait Keeper: Send + Sync {
    /// What is to be done now and then: called at every interval in which something was committed, and sooner where it
    /// [is pressed](Keeper::is_pressed). What was committed before the call survives a power cut when it returns.
    ///
    /// # Errors
    ///
    /// As above.
    fn tend(&self) -> Result<()>;

    /// Returns when everything committed before the call survives a power cut and is where it belongs.
    ///
    /// # Errors
    ///
    /// As above.
    fn flush(&self) -> Result<()>;

    /// Whether so much waits that it should be tended to at once.
    fn is_pressed(&self) -> bool;

    /// Whether there is something to tend to though nothing was committed since the last time.
    fn has_work(&self) -> bool {
        false
    }

    /// What waits, as of now.
    fn stats(&self) -> KeeperStats;
}

/// What waits for a [`Keeper`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeeperStats {
    /// The last commit that survives a power cut.
    pub synced: Sequence,
    /// Bytes of the journal.
    pub journal_bytes: u64,
    /// Documents whose file is older than they are.
    pub files_behind: usize,
    /// Files that wait to be used again.
    pub spares: usize,
}

/// What others committed.
#[derive(Debug, Default)]
pub struct Foreign {
    /// What they changed, in their order.
    pub changes: Vec<Change>,
    /// Everything that there is, by ascending key, where it is not known what they changed.
    pub everything: Option<Vec<(Key, Document)>>,
    /// The definitions that hold now, where they replaced those before.
    pub definitions: Option<String>,
    /// The last sequence that memory has then; `None` where nothing changed.
    pub last: Option<Sequence>,
}

/// A change that somebody else committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The commit.
    pub sequence: Sequence,
    /// Whose document.
    pub key: Key,
    /// The new version, or `None` where it is deleted.
    pub document: Option<Document>,
}

/// Other writers, seen from any thread.
pub trait Others: Send + Sync {
    /// Whether anything was committed that memory does not have.
    fn is_behind(&self) -> bool;

    /// Tells the others that everything up to here is committed.
    fn publish(&self, last: Sequence);

    /// Memory has everything up to here.
    fn caught_up(&self, last: Sequence);
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

    /// The other writers, where there may be any. Asked for once, after `load`.
    fn others(&self) -> Option<Arc<dyn Others>> {
        None
    }

    /// Takes the right to commit, until [`end`](Self::end), and tells what others committed until then. Nothing is held where
    /// it fails.
    ///
    /// # Errors
    ///
    /// The system's. `POISONED` where others are in doubt.
    fn begin(&mut self) -> Result<Foreign> {
        Ok(Foreign::default())
    }

    /// The documents' files, where others may change them. Asked for after `load`.
    fn outside(&self) -> Option<Arc<dyn Outside>> {
        None
    }

    /// What tells that others changed files, where that is to be noticed. Asked for once, after `load`.
    fn notices(&self) -> Option<Arc<dyn Notices>> {
        None
    }

    /// Gives the right to commit back. What was committed is published.
    fn end(&mut self) {}

    /// Tells what others committed and published, and waits for none of them where that can be helped.
    ///
    /// # Errors
    ///
    /// As of [`begin`](Self::begin).
    fn follow(&mut self) -> Result<Foreign> {
        Ok(Foreign::default())
    }

    /// The last sequence that is used, for [`Others::publish`].
    fn last(&self) -> Sequence {
        0
    }

    /// Stores groups, in order, and answers each by itself: as many outcomes as groups.
    fn commit(&mut self, groups: &[Group]) -> Vec<Outcome>;

    /// Keeps a JSON text, in place of the one before, for whoever loads next: definitions that hold for every opener. It
    /// survives a power cut when this returns, where the documents do.
    ///
    /// # Errors
    ///
    /// The system's; the text before is kept then. Of the kind `Poisoned` it means that nobody knows which one a load
    /// will find.
    fn save_definitions(&mut self, text: &str) -> Result<()>;

    /// What looks after this storage in the background, if it needs that. Asked for once, after `load`; no longer
    /// called when `close` or `abandon` is.
    fn keeper(&self) -> Option<Arc<dyn Keeper>> {
        None
    }

    /// Leaves everything in order, so that the next load has nothing to make up for, and gives back what `load` took,
    /// the lock last. Everything is given back also where it fails.
    ///
    /// # Errors
    ///
    /// What could not be left in order. Nothing that was committed is lost by that.
    fn close(&mut self) -> Result<()>;

    /// Gives back what `load` took, at once: the next load finds what it would find after a crash. Nothing where it
    /// has been given back already.
    fn abandon(&mut self);
}
