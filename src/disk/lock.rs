//! The directory's lock: held by one opener alone, or by several together.
//!
//! A kernel lock (`flock`, on Windows `LockFileEx`) on `.datastore/lock`. It belongs to the open file, so that another
//! opener meets it in another process, in another thread and in the same one alike, and the kernel releases it
//! when the process dies, however it dies. The file's content means nothing.
//!
//! Where files can be removed while they are open, [`Held::stands`](super::Held) tells whether ours was. Windows tells no file's
//! identity without unsafe code; there the file is opened so that nobody can remove or move it meanwhile.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};

use super::Held;
use crate::error::{Error, ErrorKind, Result};

/// Held for as long as the value lives.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
}

impl Held for Lock {
    fn stands(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let (Ok(held), Ok(found)) = (self.file.metadata(), self.path.metadata()) else { return false };
            (held.dev(), held.ino()) == (found.dev(), found.ino())
        }
        // It cannot have been removed; the path is gone where a network drive is.
        #[cfg(not(unix))]
        return self.file.metadata().is_ok() && self.path.exists();
    }

    fn share(&mut self) -> Result<()> {
        FileExt::unlock(&self.file).map_err(|cause| Error::storage("flock", &self.path, cause))?;
        taken(FileExt::try_lock_shared(&self.file), &self.path)
    }
}

impl Lock {
    /// Takes the lock without waiting.
    ///
    /// # Errors
    ///
    /// `LOCKED` where another opener holds it, or the system's.
    pub fn take(path: &Path) -> Result<Self> {
        let opened = options().create(true).truncate(false).open(path);
        let file = opened.map_err(|cause| Error::storage("open", path, cause))?;
        Self::hold(file, path)
    }

    /// Takes the lock together with others, without waiting.
    ///
    /// # Errors
    ///
    /// `LOCKED` where somebody has it alone, or the system's.
    pub fn take_together(path: &Path) -> Result<Self> {
        let opened = options().create(true).truncate(false).open(path);
        let file = opened.map_err(|cause| Error::storage("open", path, cause))?;
        taken(FileExt::try_lock_shared(&file), path)?;
        Ok(Self { file, path: path.to_path_buf() })
    }

    /// Takes the lock again after its file was removed, with a file that nobody else can have used meanwhile.
    ///
    /// # Errors
    ///
    /// `LOCKED` where there is a file already: somebody else was here, and may have written. Or the system's.
    pub fn take_again(path: &Path) -> Result<Self> {
        match options().create_new(true).open(path) {
            Ok(file) => Self::hold(file, path),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Err(Error::new(
                ErrorKind::Locked,
                format!(
                    "the lock '{}' is no longer ours: another datastore may have written here; close and load again",
                    path.display()
                ),
            )
            .with_path(path)),
            Err(cause) => Err(Error::storage("open", path, cause)),
        }
    }

    /// Whether somebody holds the lock. No system can be asked that, so it is taken for a moment.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn is_held(path: &Path) -> Result<bool> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(cause) => return Err(Error::storage("open", path, cause)),
        };
        match FileExt::try_lock(&file) {
            Ok(()) => FileExt::unlock(&file).map(|()| false).map_err(|cause| Error::storage("flock", path, cause)),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(cause)) => Err(Error::storage("flock", path, cause)),
        }
    }

    fn hold(file: File, path: &Path) -> Result<Self> {
        taken(FileExt::try_lock(&file), path)?;
        Ok(Self { file, path: path.to_path_buf() })
    }
}

/// What became of an attempt to take the lock.
fn taken(attempt: std::result::Result<(), TryLockError>, path: &Path) -> Result<()> {
    attempt.map_err(|failure| match failure {
        TryLockError::WouldBlock => Error::new(
            ErrorKind::Locked,
            format!(
                "the data directory is open elsewhere: '{}' is locked; close the other datastore first",
                path.display()
            ),
        )
        .with_path(path),
        TryLockError::Error(cause) => Error::storage("flock", path, cause),
    })
}

impl Drop for Lock {
    /// Given back by name, not by closing the file: a child process that is just being started has a copy of the open
    /// file for a moment, and would keep the lock for that long.
    fn drop(&mut self) {
        let _ = FileExt::unlock(&self.file);
    }
}

/// How the files of locks are opened.
pub(super) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(windows)]
    {
        use std::os::windows::fs::OpenOptionsExt;
        // FILE_SHARE_READ | FILE_SHARE_WRITE; std's own choice has FILE_SHARE_DELETE too.
        options.share_mode(1 | 2);
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_the_lock_neither_makes_nor_takes_it() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("lock");
        assert!(!Lock::is_held(&path).unwrap());
        assert!(!path.exists());
        let held = Lock::take(&path).unwrap();
        assert!(Lock::is_held(&path).unwrap());
        drop(held);
        assert!(!Lock::is_held(&path).unwrap());
        Lock::take(&path).unwrap();
    }

    #[test]
    fn a_lock_that_is_shared_is_open_to_those_who_share_it_and_to_nobody_else() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("lock");
        let mut held = Lock::take(&path).unwrap();
        assert_eq!(Lock::take_together(&path).unwrap_err().code(), "LOCKED");
        held.share().unwrap();
        let other = Lock::take_together(&path).unwrap();
        assert_eq!(Lock::take(&path).unwrap_err().code(), "LOCKED");
        assert!(Lock::is_held(&path).unwrap());
        drop(held);
        assert!(Lock::is_held(&path).unwrap());
        drop(other);
        assert!(!Lock::is_held(&path).unwrap());
    }

    #[test]
    fn a_copy_of_the_open_file_does_not_keep_the_lock() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("lock");
        let held = Lock::take(&path).unwrap();
        let copy = held.file.try_clone().unwrap();
        assert_eq!(Lock::take(&path).unwrap_err().code(), "LOCKED");
        drop(held);
        Lock::take(&path).unwrap();
        drop(copy);
    }
}
