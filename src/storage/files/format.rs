//! `format.json`: which format the directory is written in, so that a later format is never misread as this one.
//!
//! ```json
//! { "format": "kixx-datastore", "version": 1 }
//! ```
//!
//! A directory without it is either new or was written by the original datastore; both are version 1.

use serde_json::Value;

use super::layout::{FORMAT, PRIVATE};
use super::replace::replace;
use crate::disk::Disk;
use crate::error::{BadFile, Error, ErrorKind, Result};

/// The version this crate writes and the highest that it reads.
pub const VERSION: u64 = 1;

/// Writes `format.json` where it is missing, else checks it.
///
/// # Errors
///
/// `UNSUPPORTED` for a later version, `CORRUPT` where the file is not what we wrote, or the system's.
pub fn ensure(disk: &dyn Disk) -> Result<()> {
    let mut bytes = Vec::new();
    match disk.read(FORMAT, &mut bytes) {
        Ok(()) => check(disk, &bytes),
        Err(error) if error.is_not_found() => write(disk),
        Err(error) => Err(error),
    }
}

fn write(disk: &dyn Disk) -> Result<()> {
    let text = format!("{{ \"format\": \"kixx-datastore\", \"version\": {VERSION} }}\n");
    replace(disk, FORMAT, text.as_bytes())?;
    disk.sync_folder(PRIVATE)
}

fn check(disk: &dyn Disk, bytes: &[u8]) -> Result<()> {
    let path = disk.path(FORMAT);
    let corrupt = |reason: &str| {
        let file = BadFile { file: FORMAT.to_owned(), reason: reason.to_owned() };
        Error::new(ErrorKind::Corrupt, format!("'{}' {reason}", path.display()))
            .with_path(path.clone())
            .with_files(vec![file])
    };
    let value: Value = serde_json::from_slice(bytes).map_err(|_| corrupt("is not JSON"))?;
    match value.get("version").and_then(Value::as_u64) {
        Some(version) if (1..=VERSION).contains(&version) => Ok(()),
        Some(version) => Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "the data directory is in format {version}; this version reads up to {VERSION}: update the package"
            ),
        )
        .with_path(path)),
        None => Err(corrupt("names no version")),
    }
}
