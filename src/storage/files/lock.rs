//! The directory's lock: one opener at a time.
//!
//! A kernel lock (`flock`, on Windows `LockFileEx`) on `.datastore/lock`. It belongs to the open file, so a second
//! opener is refused in another process, in another thread and in the same one alike, and the kernel releases it
//! when the process dies, however it dies. The file's content means nothing.

use std::fs::{File, OpenOptions};
use std::path::Path;

use fs4::{FileExt, TryLockError};

use crate::error::{Error, ErrorKind, Result};

/// Held for as long as the value lives.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Whether the file is still there for others to find. A removed one protects nothing.
    #[must_use]
    pub fn stands(&self) -> bool {
        #[cfg(unix)]
        return self.file.metadata().is_ok_and(|found| std::os::unix::fs::MetadataExt::nlink(&found) > 0);
        #[cfg(not(unix))]
        return self.file.metadata().is_ok();
    }

    /// Takes the lock without waiting.
    ///
    /// # Errors
    ///
    /// `LOCKED` where another opener holds it, or the system's.
    pub fn take(path: &Path) -> Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|cause| Error::storage("open", path, cause))?;
        match FileExt::try_lock(&file) {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(Error::new(
                ErrorKind::Locked,
                format!(
                    "the data directory is open elsewhere: '{}' is locked; close the other datastore first",
                    path.display()
                ),
            )
            .with_path(path)),
            Err(TryLockError::Error(cause)) => Err(Error::storage("flock", path, cause)),
        }
    }
}
