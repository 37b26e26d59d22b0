//! `format.json`: which format the directory is written in, so that a later format is never misread as this one.
//!
//! ```json
//! { "format": "kixx-datastore", "version": 1 }
//! ```
//!
//! A directory without it is either new or was written by the original datastore; both are version 1.

use std::fs::{self, File};
use std::io::{ErrorKind as IoErrorKind, Write};
use std::path::Path;

use serde_json::Value;

use crate::error::{BadFile, Error, ErrorKind, Result};

/// The version this crate writes and the highest that it reads.
pub const VERSION: u64 = 1;

/// Writes `format.json` where it is missing, else checks it.
///
/// # Errors
///
/// `UNSUPPORTED` for a later version, `CORRUPT` where the file is not what we wrote, or the system's.
pub fn ensure(path: &Path) -> Result<()> {
    match fs::read(path) {
        Ok(bytes) => check(path, &bytes),
        Err(cause) if cause.kind() == IoErrorKind::NotFound => write(path),
        Err(cause) => Err(Error::storage("open", path, cause)),
    }
}

fn write(path: &Path) -> Result<()> {
    let text = format!("{{ \"format\": \"kixx-datastore\", \"version\": {VERSION} }}\n");
    let temporary = path.with_extension("new");
    // Synced, once in a directory's life: an empty file after a power cut would be damage that nobody did.
    File::create(&temporary)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|cause| Error::storage("write", &temporary, cause))?;
    fs::rename(&temporary, path).map_err(|cause| Error::storage("rename", path, cause))
}

fn check(path: &Path, bytes: &[u8]) -> Result<()> {
    let corrupt = |reason: &str| {
        let file = BadFile { file: ".datastore/format.json".to_owned(), reason: reason.to_owned() };
        Error::new(ErrorKind::Corrupt, format!("'{}' {reason}", path.display())).with_path(path).with_files(vec![file])
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
