//! `format.json`: which format the directory is written in, so that a later format is never misread as this one.
//!
//! ```json
//! { "format": "kixx-datastore", "version": 1 }
//! { "format": "kixx-datastore", "version": 2, "collation": {"locale":"de", ...} }
//! ```
//!
//! A directory without it is either new or was written by the original datastore; both are version 1. Version 2 is a
//! store whose keys are [in a language's order](crate::collator): who only knows version 1 would answer in another one.
//! Nothing else in the directory depends on the order.

use serde_json::Value;

use super::layout::{FORMAT, PRIVATE};
use super::replace::replace;
use crate::collator::Collation;
use crate::disk::Disk;
use crate::error::{BadFile, Error, ErrorKind, Result};

/// The highest version that this crate reads.
pub const VERSION: u64 = 2;

/// Writes `format.json` where it is missing, else checks it. Tells the order of the keys: the one that is remembered, and
/// in a directory without the file, the one that is wanted.
///
/// # Errors
///
/// `ASSERTION` where another order is wanted than is remembered, `UNSUPPORTED` for a later version, `CORRUPT` where the
/// file is not what we wrote, or the system's.
pub fn ensure(disk: &dyn Disk, wanted: Option<&Collation>) -> Result<Collation> {
    let Some(remembered) = remembered(disk)? else {
        let collation = wanted.cloned().unwrap_or_default();
        write(disk, &collation)?;
        return Ok(collation);
    };
    compare(disk, remembered, wanted)
}

/// Tells the order of the keys as [`ensure`] does, and writes nothing.
///
/// # Errors
///
/// As [`ensure`].
pub fn tell(disk: &dyn Disk, wanted: Option<&Collation>) -> Result<Collation> {
    match remembered(disk)? {
        Some(remembered) => compare(disk, remembered, wanted),
        None => Ok(wanted.cloned().unwrap_or_default()),
    }
}

/// The order of the keys that the directory remembers; `None` where there is no `format.json`.
///
/// # Errors
///
/// As [`ensure`], but for another order.
pub fn remembered(disk: &dyn Disk) -> Result<Option<Collation>> {
    let mut bytes = Vec::new();
    match disk.read(FORMAT, &mut bytes) {
        Ok(()) => check(disk, &bytes).map(Some),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Checks the `format.json` that has to be there.
///
/// # Errors
///
/// As [`ensure`].
pub fn accept(disk: &dyn Disk, wanted: Option<&Collation>) -> Result<()> {
    let mut bytes = Vec::new();
    disk.read(FORMAT, &mut bytes)?;
    compare(disk, check(disk, &bytes)?, wanted).map(drop)
}

fn compare(disk: &dyn Disk, remembered: Collation, wanted: Option<&Collation>) -> Result<Collation> {
    match wanted {
        Some(wanted) if *wanted != remembered => Err(another_order(disk, wanted, &remembered)),
        _ => Ok(remembered),
    }
}

fn write(disk: &dyn Disk, collation: &Collation) -> Result<()> {
    replace(disk, FORMAT, text(collation).as_bytes())?;
    disk.sync_folder(PRIVATE)
}

/// The file's content.
pub fn text(collation: &Collation) -> String {
    let order = match collation {
        Collation::CodeUnit => "\"version\": 1".to_owned(),
        Collation::Locale(collator) => format!("\"version\": 2, \"collation\": {}", collator.text()),
    };
    format!("{{ \"format\": \"kixx-datastore\", {order} }}\n")
}

fn another_order(disk: &dyn Disk, wanted: &Collation, remembered: &Collation) -> Error {
    let path = disk.path(FORMAT);
    Error::assertion(format!(
        "the keys of this store are in the order {}, not {}: open it with that collation or without one; to change it, \
         remove '{}' while the store is closed",
        remembered.text(),
        wanted.text(),
        path.display()
    ))
    .with_path(path)
}

/// The order that a `format.json` remembers.
fn check(disk: &dyn Disk, bytes: &[u8]) -> Result<Collation> {
    let path = disk.path(FORMAT);
    let corrupt = |reason: &str| {
        let file = BadFile { file: FORMAT.to_owned(), reason: reason.to_owned() };
        Error::new(ErrorKind::Corrupt, format!("'{}' {reason}", path.display()))
            .with_path(path.clone())
            .with_files(vec![file])
    };
    let value: Value = serde_json::from_slice(bytes).map_err(|_| corrupt("is not JSON"))?;
    match value.get("version").and_then(Value::as_u64) {
        Some(version) if (1..=VERSION).contains(&version) => match value.get("collation") {
            None => Ok(Collation::CodeUnit),
            Some(collation) => {
                Collation::parse(&collation.to_string()).map_err(|_| corrupt("names no collation that is known"))
            }
        },
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
