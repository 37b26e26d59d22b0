//! A lock that is taken and given back many times: `flock`, on Windows `LockFileEx`, on a file that stays open.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use fs4::{FileExt, TryLockError};

use super::Latch;
use super::lock::options;
use crate::error::{Error, Result};

/// An open file to be locked.
#[derive(Debug)]
pub struct SystemLatch {
    file: File,
    path: PathBuf,
}

impl SystemLatch {
    /// Opens the file, which is created where it is missing.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn open(path: &Path) -> Result<Self> {
        let opened = options().create(true).truncate(false).open(path);
        let file = opened.map_err(|cause| Error::storage("open", path, cause))?;
        Ok(Self { file, path: path.to_path_buf() })
    }

    /// Opens the file, which need not be writable; `None` where it is missing.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn open_there(path: &Path) -> Result<Option<Self>> {
        match File::open(path) {
            Ok(file) => Ok(Some(Self { file, path: path.to_path_buf() })),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(Error::storage("open", path, cause)),
        }
    }

    fn taken(&self, attempt: Result<(), TryLockError>) -> Result<bool> {
        match attempt {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(cause)) => Err(Error::storage("flock", &self.path, cause)),
        }
    }
}

impl Latch for SystemLatch {
    fn lock(&self) -> Result<()> {
        loop {
            match FileExt::lock(&self.file) {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                other => return other.map_err(|cause| Error::storage("flock", &self.path, cause)),
            }
        }
    }

    fn try_lock(&self) -> Result<bool> {
        self.taken(FileExt::try_lock(&self.file))
    }

    fn try_lock_together(&self) -> Result<bool> {
        self.taken(FileExt::try_lock_shared(&self.file))
    }

    fn unlock(&self) {
        // There is no reason why it could fail, and the kernel does it when the file is closed.
        let _ = FileExt::unlock(&self.file);
    }
}

impl Drop for SystemLatch {
    /// By name, because a child that is just being started may have a copy of the open file.
    fn drop(&mut self) {
        self.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_latches_of_one_file_exclude_one_another() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("latch");
        let (one, other) = (SystemLatch::open(&path).unwrap(), SystemLatch::open(&path).unwrap());
        one.lock().unwrap();
        assert!(!other.try_lock().unwrap());
        one.unlock();
        assert!(other.try_lock().unwrap());
        assert!(!one.try_lock().unwrap());
        drop(other);
        one.lock().unwrap();
    }

    #[test]
    fn a_latch_on_a_file_that_may_only_be_read_excludes_the_others_too_and_makes_none() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("latch");
        assert!(SystemLatch::open_there(&path).unwrap().is_none());
        assert!(!path.exists());
        let writer = SystemLatch::open(&path).unwrap();
        let reader = SystemLatch::open_there(&path).unwrap().unwrap();
        assert!(reader.try_lock().unwrap());
        assert!(!writer.try_lock().unwrap());
        reader.unlock();
        assert!(writer.try_lock_together().unwrap());
        assert!(!reader.try_lock().unwrap());
        assert!(reader.try_lock_together().unwrap());
    }
}
