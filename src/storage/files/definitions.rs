//! `views.json`: the definitions that outlive their opener.
//!
//! ```json
//! {"version":1,"views":{"byEmail":{"key":"email","unique":true}},"c":"5f3b8c0e"}
//! ```
//!
//! `views` is what the engine hands over, as it is; `c` is the checksum of what stands before it, as in the journal: a
//! definition that changed by itself would guard something else than its author meant. A directory without the file has
//! no definitions.

use serde_json::Value;

use super::layout::{DEFINITIONS, PRIVATE};
use super::replace::replace;
use super::shared::poisoned;
use crate::disk::Disk;
use crate::error::{BadFile, Error, ErrorKind, Result};
use crate::journal::{seal_line, unseal_line};

/// The version this crate writes and the highest that it reads.
const VERSION: u64 = 1;

/// What stands before the definitions.
const HEAD: &str = "{\"version\":1,\"views\":";

/// What a load found.
#[derive(Debug)]
pub enum Found {
    /// The definitions; empty where there never were any.
    Text(String),
    /// A file that is not as it was written.
    Bad(BadFile),
}

/// Reads the file.
///
/// # Errors
///
/// `UNSUPPORTED` for a later version, or the system's.
pub fn read(disk: &dyn Disk) -> Result<Found> {
    let mut bytes = Vec::new();
    match disk.read(DEFINITIONS, &mut bytes) {
        Ok(()) => {}
        Err(error) if error.is_not_found() => return Ok(Found::Text(String::new())),
        Err(error) => return Err(error),
    }
    let version = serde_json::from_slice(&bytes).ok().and_then(|value: Value| value.get("version")?.as_u64());
    if let Some(later) = version.filter(|version| *version > VERSION) {
        let message = format!(
            "the definitions of views are in format {later}; this version reads up to {VERSION}: update the package"
        );
        return Err(Error::new(ErrorKind::Unsupported, message).with_path(disk.path(DEFINITIONS)));
    }
    let line = bytes.strip_suffix(b"\n").and_then(unseal_line);
    Ok(match line.and_then(|line| line.strip_prefix(HEAD)) {
        Some(text) => Found::Text(text.to_owned()),
        None => Found::Bad(BadFile {
            file: DEFINITIONS.to_owned(),
            reason: "is damaged: the definitions of unique views it held are lost".to_owned(),
        }),
    })
}

/// Puts definitions in the place of those before. What `read` tells after a power cut is the one or the other, and these
/// when this has returned.
///
/// # Errors
///
/// The system's, and nothing has changed. `POISONED` where nobody knows what a power cut would leave.
pub fn write(disk: &dyn Disk, text: &str) -> Result<()> {
    replace(disk, DEFINITIONS, &line(text))?;
    disk.sync_folder(PRIVATE).map_err(poisoned)
}

/// The file's content.
pub fn line(text: &str) -> Vec<u8> {
    let mut line = format!("{HEAD}{text}").into_bytes();
    seal_line(&mut line, 0);
    line
}
