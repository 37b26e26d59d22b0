//! Backups: a copy of one moment that can be opened as a data directory, and a manifest by which it can be checked.
//!
//! ```text
//! backup/
//!   user%3A123.json            the documents, in the very layout of a data directory
//!   .datastore/
//!     format.json, views.json  as there
//!     backup.jsonl             the manifest
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `write` | [`write()`]: a moment becomes a folder |
//! | `restore` | [`restore()`]: a folder becomes a data directory |
//! | `manifest` | what a backup holds, with checksums |
//! | `partial` | a folder that gets its name when it is whole |
//!
//! # Invariants
//!
//! - A folder gets its name in one step, when everything in it is durable; under that name it is whole or not there.
//! - Nothing is written before the place was found free, and, of a restore, before every checksum of the backup fits.
//! - What fails or is given up leaves nothing. What is killed leaves a folder `.kixx-partial-...` beside the place, which
//!   the next try removes.

mod manifest;
mod partial;
mod restore;
#[cfg(test)]
mod test;
mod write;

use std::path::Path;
use std::sync::Arc;

use self::partial::Partial;
use crate::disk::{Disk, System};
use crate::error::{Error, Result};

pub use manifest::Summary;
pub use restore::restore;
pub use write::{Moment, write};

/// Hears how far a long work is, and tells whether it is to go on.
pub trait Watch {
    /// Whether it is to go on.
    ///
    /// # Errors
    ///
    /// Why not.
    fn check(&self) -> Result<()>;

    /// So many steps of so many are done.
    fn tell(&self, done: usize, total: usize);
}

/// How often it is told how far a work is.
const TOLD: usize = 100;

/// How far a work is.
struct Steps<'a> {
    watch: &'a dyn Watch,
    done: usize,
    total: usize,
}

impl<'a> Steps<'a> {
    fn new(watch: &'a dyn Watch, total: usize) -> Self {
        Self { watch, done: 0, total }
    }

    /// One more is done.
    fn step(&mut self) -> Result<()> {
        self.done += 1;
        if self.done.is_multiple_of(self.total.div_ceil(TOLD).max(1)) || self.done == self.total {
            self.watch.tell(self.done, self.total);
        }
        self.watch.check()
    }
}

/// The disk that a folder is to be made on, which is that of its parent, and its name there.
fn place(path: &Path) -> Result<(Arc<dyn Disk>, &str)> {
    let name = path.file_name().and_then(|name| name.to_str());
    let (Some(parent), Some(name)) = (path.parent(), name) else {
        return Err(Error::assertion(format!("'{}' is no name for a folder", path.display())).with_path(path));
    };
    Ok((Arc::new(System::mount(parent)?), name))
}
