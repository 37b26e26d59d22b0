//! Files moved out of the way, never deleted.
//!
//! Each load that finds something gets a numbered folder of its own below `.datastore/quarantine/`, in which files
//! keep the names they had, so that nothing is overwritten and every name can be read.

use super::folders::{make_folder, make_parents};
use super::layout::{PRIVATE, QUARANTINE};
use crate::disk::Disk;
use crate::error::{BadFile, Result};

/// Moves files away and remembers them.
#[derive(Debug)]
pub struct Quarantine<'a> {
    disk: &'a dyn Disk,
    folder: Option<String>,
    moved: Vec<BadFile>,
    /// Every name that this made or took away.
    names: Vec<String>,
}

impl<'a> Quarantine<'a> {
    /// Nothing is created before the first file is moved.
    #[must_use]
    pub fn new(disk: &'a dyn Disk) -> Self {
        Self { disk, folder: None, moved: Vec::new(), names: Vec::new() }
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
        // What is ours keeps its place below our own folder, where that is no document's.
        let inside = bad.file.strip_prefix(PRIVATE).map(|inside| inside.trim_start_matches('/'));
        let name = inside.filter(|inside| inside.contains('/')).unwrap_or(&bad.file);
        let target = format!("{folder}/{name}");
        make_parents(self.disk, &target)?;
        self.disk.rename(&bad.file, &target)?;
        self.names.extend([bad.file.clone(), target]);
        self.moved.push(bad);
        Ok(())
    }

    /// What was moved, and every name that this made or took away.
    #[must_use]
    pub fn finish(self) -> (Vec<BadFile>, Vec<String>) {
        (self.moved, self.names)
    }

    fn create_folder(&self) -> Result<String> {
        make_folder(self.disk, QUARANTINE)?;
        let mut number = 1_u64;
        loop {
            let folder = format!("{QUARANTINE}/{number:04}");
            match self.disk.make_folder(&folder) {
                Ok(()) => return Ok(folder),
                Err(error) if error.is_already_there() => number += 1,
                Err(error) => return Err(error),
            }
        }
    }
}
