//! Files of the operating system that are open to be written.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use super::{Handle, Size};
use crate::error::{Error, ErrorKind, Result};

/// An open file, and what to call it in an error.
#[derive(Debug)]
pub(super) struct Opened {
    file: File,
    path: PathBuf,
}

impl Opened {
    pub fn new(file: File, path: PathBuf) -> Self {
        Self { file, path }
    }

    fn failed(&self, syscall: &'static str) -> impl FnOnce(io::Error) -> Error + '_ {
        move |cause| Error::storage(syscall, &self.path, cause)
    }
}

impl Handle for Opened {
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        loop {
            #[cfg(unix)]
            let written = std::os::unix::fs::FileExt::write_at(&self.file, bytes, offset);
            #[cfg(windows)]
            let written = std::os::windows::fs::FileExt::seek_write(&self.file, bytes, offset);
            match written {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                other => return other.map_err(self.failed("write")),
            }
        }
    }

    #[cfg(target_os = "linux")]
    fn reserve(&self, length: u64) -> Result<()> {
        use rustix::fs::{FallocateFlags, fallocate};
        fallocate(&self.file, FallocateFlags::KEEP_SIZE, 0, length)
            .map_err(|cause| self.failed("fallocate")(cause.into()))
    }

    fn truncate(&self, length: u64) -> Result<()> {
        self.file.set_len(length).map_err(self.failed("ftruncate"))
    }

    fn size(&self) -> Result<Size> {
        let metadata = self.file.metadata().map_err(self.failed("fstat"))?;
        #[cfg(unix)]
        let names = std::os::unix::fs::MetadataExt::nlink(&metadata);
        // Not told without unsafe code; there the file is not written again.
        #[cfg(not(unix))]
        let names = u64::MAX;
        if !metadata.is_file() {
            return Err(Error::new(ErrorKind::Storage, "this is no regular file").with_path(self.path.clone()));
        }
        Ok(Size { length: metadata.len(), names })
    }

    fn sync_data(&self) -> Result<()> {
        self.file.sync_data().map_err(self.failed("fdatasync"))
    }
}
