//! What others do to the documents' files while a store is open: editors, `git`, `rsync`.

use std::time::Duration;

use crate::document::Document;
use crate::error::{BadFile, Result};
use crate::key::Key;

/// What stands where a document's file belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// What it says is older than what was committed: the store has still to write it.
    Behind,
    /// No file.
    Nothing,
    /// A document, with the revision that the file says.
    Document(Document),
    /// A file that is no document, or cannot be read; and a checksum of what is in it.
    Bad(BadFile, u32),
    /// Something that is no regular file.
    Other(BadFile),
}

/// The documents' files, read from any thread.
pub trait Outside: Send + Sync {
    /// The keys of all documents that have a file, in any order.
    ///
    /// # Errors
    ///
    /// The system's, where a folder cannot be listed.
    fn keys(&self) -> Result<Vec<Key>>;

    /// What stands in the files of these documents, one each. Only who has the right to commit can rely on that nothing but
    /// hands from outside made it so.
    fn look(&self, keys: &[Key]) -> Vec<Standing>;
}

/// What was noticed of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noticed {
    /// The files of these documents may have changed; none where only time passed.
    Keys(Vec<Key>),
    /// Any file may have: the system could not tell all.
    Everything,
}

/// Notices that files change.
pub trait Notices: Send + Sync {
    /// Waits until files have changed and it is quiet again, or for so long. `None` from [`end`](Self::end) on.
    ///
    /// # Errors
    ///
    /// The system's, where a folder cannot be watched: what happens in it is not noticed.
    fn wait(&self, most: Option<Duration>) -> Option<Result<Noticed>>;

    /// Notices nothing any more, and gives back what that took.
    fn end(&self);
}
