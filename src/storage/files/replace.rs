//! A small file of ours, replaced as a whole.

use super::place::remove_if_there;
use crate::disk::{Disk, write_all};
use crate::error::Result;

/// Writes a file so that a power cut leaves the old content or the new one: the new one for sure when its folder was
/// synced after that.
///
/// # Errors
///
/// The system's; the file is as it was.
pub fn replace(disk: &dyn Disk, path: &str, bytes: &[u8]) -> Result<()> {
    let new = format!("{path}.new");
    remove_if_there(disk, &new)?;
    let replaced = write(disk, &new, bytes).and_then(|()| disk.rename(&new, path));
    if replaced.is_err() {
        // In the way of nothing.
        let _ = disk.remove(&new);
    }
    replaced
}

fn write(disk: &dyn Disk, path: &str, bytes: &[u8]) -> Result<()> {
    let file = disk.create(path)?;
    write_all(file.as_ref(), bytes, 0)?;
    // Before it has its name: an empty file after a power cut would be damage that nobody did.
    file.sync_data()
}
