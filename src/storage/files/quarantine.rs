//! Files moved out of the way, never deleted.
//!
//! Each load that finds something gets a numbered folder of its own below `.datastore/quarantine/`, in which files
//! keep the names they had, so that nothing is overwritten and every name can be read.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::layout::Layout;
use crate::error::{BadFile, Error, Result};

/// Moves files away and remembers them.
#[derive(Debug)]
pub struct Quarantine<'a> {
    layout: &'a Layout,
    folder: Option<PathBuf>,
    moved: Vec<BadFile>,
}

impl<'a> Quarantine<'a> {
    /// Nothing is created before the first file is moved.
    #[must_use]
    pub fn new(layout: &'a Layout) -> Self {
        Self { layout, folder: None, moved: Vec::new() }
    }

    /// Moves one file of the data directory.
    ///
    /// # Errors
    ///
    /// The system's; the file then stands where it stood.
    pub fn take(&mut self, bad: BadFile) -> Result<()> {
        let folder = match &self.folder {
            Some(folder) => folder.clone(),
            None => self.folder.insert(self.create_folder()?).clone(),
        };
        let target = folder.join(&bad.file);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(|cause| Error::storage("mkdir", parent, cause))?;
        }
        let source = self.layout.document(&bad.file);
        fs::rename(&source, &target).map_err(|cause| Error::storage("rename", &source, cause))?;
        self.moved.push(bad);
        Ok(())
    }

    /// What was moved.
    #[must_use]
    pub fn into_moved(self) -> Vec<BadFile> {
        self.moved
    }

    fn create_folder(&self) -> Result<PathBuf> {
        let parent = self.layout.quarantine();
        fs::create_dir_all(&parent).map_err(|cause| Error::storage("mkdir", &parent, cause))?;
        let mut number = 1_u64;
        loop {
            let folder = parent.join(format!("{number:04}"));
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(folder),
                Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(cause) => return Err(Error::storage("mkdir", &folder, cause)),
            }
        }
    }
}
