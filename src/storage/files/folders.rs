//! Folders: made where they are missing, removed where they are empty.

use crate::disk::{Disk, Kind};
use crate::error::Result;
use crate::key::file_name;

/// Creates a folder where it is missing.
///
/// # Errors
///
/// The system's; `EEXIST` where something else is in the way.
pub fn make_folder(disk: &dyn Disk, path: &str) -> Result<()> {
    match disk.make_folder(path) {
        Err(error) if error.is_already_there() && is_folder(disk, path) => Ok(()),
        other => other,
    }
}

fn is_folder(disk: &dyn Disk, path: &str) -> bool {
    matches!(disk.kind(path), Ok(Some(Kind::Folder)))
}

/// Creates the folders that a path lies in, where they are missing.
///
/// # Errors
///
/// The system's.
pub fn make_parents(disk: &dyn Disk, path: &str) -> Result<()> {
    let Some((parent, _)) = path.rsplit_once('/') else { return Ok(()) };
    match make_folder(disk, parent) {
        Err(error) if error.is_not_found() => {
            make_parents(disk, parent)?;
            make_folder(disk, parent)
        }
        other => other,
    }
}

/// Creates the folders of a document's long name. The data directory itself is never made anew: one that was removed
/// is a failure.
///
/// # Errors
///
/// The system's.
pub fn make_cut(disk: &dyn Disk, relative: &str) -> Result<()> {
    let Some((folder, name)) = relative.rsplit_once('/') else { return Ok(()) };
    debug_assert!(!name.is_empty(), "a document has a name");
    if folder.rsplit('/').next().is_some_and(file_name::is_folder) { make_parents(disk, relative) } else { Ok(()) }
}

/// Removes the folders of a document's long name, as far as they are empty.
pub fn remove_cut(disk: &dyn Disk, relative: &str) {
    let mut path = relative;
    while let Some((folder, _)) = path.rsplit_once('/') {
        if disk.remove_folder(folder).is_err() {
            break;
        }
        path = folder;
    }
}
