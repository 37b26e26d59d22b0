//! Syncing a whole directory at once.
//!
//! One `syncfs` makes durable every file of the file system that was written before it; syncing the files one by one
//! costs far more (DESIGN section 5). Where there is no such call, the operating system's own writeback has to do.

use std::path::Path;
use std::sync::Arc;

use crate::error::Result;
use crate::storage::{Keeper, KeeperStats};

/// The file system that holds a data directory.
#[derive(Debug)]
pub struct Directory {
    #[cfg(target_os = "linux")]
    handle: std::fs::File,
    #[cfg(target_os = "linux")]
    path: std::path::PathBuf,
}

#[cfg(target_os = "linux")]
impl Directory {
    /// `None` where the directory cannot be opened: writes then fail with a reason of their own.
    pub fn open(path: &Path) -> Option<Arc<dyn Keeper>> {
        let handle = std::fs::File::open(path).ok()?;
        Some(Arc::new(Self { handle, path: path.to_path_buf() }))
    }
}

#[cfg(not(target_os = "linux"))]
impl Directory {
    /// Nothing to sync with.
    pub fn open(_path: &Path) -> Option<Arc<dyn Keeper>> {
        None
    }
}

impl Keeper for Directory {
    fn tend(&self) -> Result<()> {
        self.flush()
    }

    fn flush(&self) -> Result<()> {
        #[cfg(target_os = "linux")]
        rustix::fs::syncfs(&self.handle)
            .map_err(|cause| crate::error::Error::storage("syncfs", &self.path, cause.into()))?;
        Ok(())
    }

    fn is_pressed(&self) -> bool {
        false
    }

    fn stats(&self) -> KeeperStats {
        KeeperStats::default()
    }
}
