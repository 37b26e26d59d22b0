//! Which directory it is, by whatever path it was reached.

#[cfg(not(unix))]
use std::path::PathBuf;

/// A directory of this machine: two of one place are the same directory. On Unix device and inode, which are nobody else's as
/// long as the directory is held open; elsewhere the path without links.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    #[cfg(unix)]
    pub(super) device: u64,
    #[cfg(unix)]
    pub(super) inode: u64,
    #[cfg(not(unix))]
    pub(super) path: PathBuf,
}
