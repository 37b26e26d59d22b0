//! One document's file, put in place or taken away.
//!
//! A version is written to `.datastore/tmp/` and renamed over the document's file: whoever looks sees the old version
//! or the new one, and a crash leaves nothing among the documents that is neither.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::layout::Layout;
use crate::document::{Document, pretty};
use crate::error::{Error, Result};

/// A buffer that one large document made larger than this is not kept.
const MOST_KEPT: usize = 1 << 20;

/// Writes versions; keeps the buffer and the name it writes under.
#[derive(Debug, Default)]
pub struct Placer {
    bytes: Vec<u8>,
}

impl Placer {
    /// Puts the document's file in place, over an older one if there is one.
    ///
    /// # Errors
    ///
    /// The system's; the older file then still stands.
    pub fn place(&mut self, layout: &Layout, relative: &str, document: &Document) -> Result<()> {
        self.bytes.clear();
        pretty(document.text(), &mut self.bytes);
        let temporary = layout.temporary().join("next");
        let placed = self.write(&temporary).and_then(|()| rename(&temporary, &layout.document(relative)));
        if placed.is_err() {
            // The next write truncates what is left, and so does the next load.
            let _ = fs::remove_file(&temporary);
        }
        self.bytes.clear();
        self.bytes.shrink_to(MOST_KEPT);
        placed
    }

    fn write(&self, temporary: &Path) -> Result<()> {
        let mut file = File::create(temporary).map_err(|cause| Error::storage("open", temporary, cause))?;
        file.write_all(&self.bytes).map_err(|cause| Error::storage("write", temporary, cause))
    }
}

/// Takes a document's file away; one that is gone already is no error. Folders that held only it go too.
///
/// # Errors
///
/// The system's; the file then still stands.
pub fn remove(layout: &Layout, relative: &str) -> Result<()> {
    let path = layout.document(relative);
    match fs::remove_file(&path) {
        Ok(()) => {}
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(cause) => return Err(Error::storage("unlink", &path, cause)),
    }
    let mut folder = relative;
    while let Some((parent, _)) = folder.rsplit_once('/') {
        folder = parent;
        if fs::remove_dir(layout.document(folder)).is_err() {
            break;
        }
    }
    Ok(())
}

fn rename(temporary: &Path, target: &Path) -> Result<()> {
    let failed = |cause| Error::storage("rename", target, cause);
    match fs::rename(temporary, target) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound && temporary.exists() => {
            let parent = target.parent().unwrap_or(target);
            create_folders(parent)?;
            fs::rename(temporary, target).map_err(failed)
        }
        other => other.map_err(failed),
    }
}

/// Creates the folders of a long name, but never the data directory itself: one that was removed is a failure.
fn create_folders(folder: &Path) -> Result<()> {
    match fs::create_dir(folder) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound && is_cut(folder) => {
            create_folders(folder.parent().unwrap_or(folder))?;
            fs::create_dir(folder).map_err(|cause| Error::storage("mkdir", folder, cause))
        }
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map_err(|cause| Error::storage("mkdir", folder, cause)),
    }
}

fn is_cut(folder: &Path) -> bool {
    folder.file_name().and_then(|name| name.to_str()).is_some_and(crate::key::file_name::is_folder)
}
