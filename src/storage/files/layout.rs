//! Where things lie in a data directory.
//!
//! ```text
//! data/
//!   user%3A123.json       documents; a long name is cut into folders `first-part%/rest.json`
//!   .datastore/
//!     lock                held (flock) by the opener
//!     format.json         {"format":"kixx-datastore","version":1}
//!     tmp/                versions on their way into place; emptied at load
//!     quarantine/0001/    what a load moved out of the way, under the names it had
//! ```

use std::path::{Path, PathBuf};

/// The name of the folder that holds everything of ours that is no document.
pub const PRIVATE: &str = ".datastore";

/// The paths of one data directory.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout below `root`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The data directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `.datastore`.
    #[must_use]
    pub fn private(&self) -> PathBuf {
        self.root.join(PRIVATE)
    }

    /// The lock's file.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.private().join("lock")
    }

    /// The file that names the format.
    #[must_use]
    pub fn format(&self) -> PathBuf {
        self.private().join("format.json")
    }

    /// The folder of versions on their way into place.
    #[must_use]
    pub fn temporary(&self) -> PathBuf {
        self.private().join("tmp")
    }

    /// The folder of files that were moved out of the way.
    #[must_use]
    pub fn quarantine(&self) -> PathBuf {
        self.private().join("quarantine")
    }

    /// The path of a document's file, given relative with `/`.
    #[must_use]
    pub fn document(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }
}
