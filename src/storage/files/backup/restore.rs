//! How a backup becomes a data directory.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::manifest::{Manifest, Summary, Written, corrupt};
use super::partial::Place;
use super::{Partial, Steps, Watch, place};
use crate::collator::Collation;
use crate::disk::{Disk, System};
use crate::error::{BadFile, Error, Result};
use crate::storage::files::{format, scan};

/// Makes a data directory of a backup. Where it stands already, it has to be empty; it gets the order of keys of the
/// backup, which has to be `collation` where one is given.
///
/// # Errors
///
/// `CORRUPT` with every file that is not as it was written, `ENOTEMPTY` where something is in the directory, `ASSERTION` for
/// another order, `UNSUPPORTED` for a later format, `LOCKED` where somebody else is restoring, what `watch` says, or the
/// system's. The directory is as it was then.
pub fn restore(source: &Path, directory: &Path, collation: Option<&Collation>, watch: &dyn Watch) -> Result<Summary> {
    watch.check()?;
    // Mounting would make what is missing.
    source.metadata().map_err(|cause| Error::storage("open", source, cause))?;
    let backup = System::mount(source)?;
    // A link stays; what it leads to is replaced.
    let directory = directory.canonicalize().unwrap_or_else(|_| directory.to_path_buf());
    let (disk, name) = place(&directory)?;
    restore_on(&backup, disk, name, collation, watch)
}

/// Makes the folder of this name on a disk of the backup that another one is mounted at.
pub(super) fn restore_on(
    backup: &dyn Disk,
    disk: Arc<dyn Disk>,
    name: &str,
    collation: Option<&Collation>,
    watch: &dyn Watch,
) -> Result<Summary> {
    let Manifest { summary, files } = Manifest::read(backup)?;
    format::accept(backup, collation)?;
    // First they are read to be checked, then to be copied.
    let mut steps = Steps::new(watch, 2 * files.len());
    let mut bytes = Vec::new();
    let mut bad = Vec::new();
    for file in &files {
        bad.extend(read(backup, file, &mut bytes)?);
        steps.step()?;
    }
    bad.extend(strangers(backup, &files)?);
    if !bad.is_empty() {
        return Err(corrupt(backup, bad));
    }
    let mut partial = Partial::begin(disk, name, Place::Empty)?;
    for file in &files {
        // It may have changed since.
        if let Some(bad) = read(backup, file, &mut bytes)? {
            return Err(corrupt(backup, vec![bad]));
        }
        partial.put(&file.file, &bytes)?;
        steps.step()?;
    }
    partial.finish()?;
    Ok(summary)
}

/// Reads a file; tells what is wrong with it.
fn read(backup: &dyn Disk, file: &Written, bytes: &mut Vec<u8>) -> Result<Option<BadFile>> {
    bytes.clear();
    let reason = match backup.read(&file.file, bytes) {
        Ok(()) if Written::new(&file.file, bytes) == *file => return Ok(None),
        Ok(()) => "is not as it was written",
        Err(error) if error.is_not_found() => "is missing",
        Err(error) => return Err(error),
    };
    Ok(Some(BadFile { file: file.file.clone(), reason: reason.to_owned() }))
}

/// Documents that the manifest knows nothing of: somebody has written here since.
fn strangers(backup: &dyn Disk, files: &[Written]) -> Result<Vec<BadFile>> {
    let known: HashSet<&str> = files.iter().map(|written| written.file.as_str()).collect();
    let found = scan::scan(backup)?;
    let documents = found.documents.into_iter().chain(found.superseded).map(|candidate| candidate.relative);
    let unknown = documents.filter(|file| !known.contains(file.as_str()));
    Ok(unknown.map(|file| BadFile { file, reason: "was not written by the backup".to_owned() }).collect())
}
