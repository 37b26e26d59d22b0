//! How a moment becomes a folder.

use std::path::Path;
use std::sync::Arc;

use super::manifest::{Summary, Writer, Written};
use super::partial::Place;
use super::{Partial, Steps, Watch, place};
use crate::collator::Collation;
use crate::disk::Disk;
use crate::document::{Document, pretty};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::key::file_name::canonical;
use crate::storage::Position;
use crate::storage::files::layout::{DEFINITIONS, FORMAT, MANIFEST};
use crate::storage::files::{definitions, format};

/// What is backed up.
pub struct Moment<'a> {
    /// The documents.
    pub documents: &'a mut dyn Iterator<Item = (&'a Key, &'a Document)>,
    /// How many these are.
    pub count: usize,
    /// The definitions that hold for every opener; empty where there are none.
    pub definitions: &'a str,
    /// The order of the keys.
    pub collation: &'a Collation,
    /// The moment's position.
    pub position: Position,
    /// When this is, as ISO 8601 has it.
    pub created: &'a str,
}

/// Writes a backup. `data` is the directory of the store, in which it may not lie.
///
/// # Errors
///
/// `ASSERTION` inside of `data`, `EEXIST` where something stands at `destination`, `LOCKED` where somebody else is making it,
/// what `watch` says, or the system's. Nothing is left behind then.
pub fn write(destination: &Path, data: Option<&Path>, moment: Moment<'_>, watch: &dyn Watch) -> Result<Summary> {
    watch.check()?;
    let is_inside = |path: &Path| data.is_some_and(|data| path.starts_with(data));
    let inside = || {
        Error::assertion(format!("a backup cannot lie in the data directory: '{}'", destination.display()))
            .with_path(destination)
    };
    if is_inside(destination) {
        return Err(inside());
    }
    let (disk, name) = place(destination)?;
    // Whatever links lead there.
    let real = (disk.path("").canonicalize().ok(), data.and_then(|data| data.canonicalize().ok()));
    if let (Some(parent), Some(data)) = real
        && parent.starts_with(data)
    {
        return Err(inside());
    }
    write_on(disk, name, moment, watch)
}

/// Writes a backup of this name on a disk.
pub(super) fn write_on(disk: Arc<dyn Disk>, name: &str, moment: Moment<'_>, watch: &dyn Watch) -> Result<Summary> {
    let Moment { documents, count, definitions, collation, position, created } = moment;
    let collation_text = collation.text().to_owned();
    let mut summary =
        Summary { created: created.to_owned(), position, documents: count, collation: collation_text, bytes: 0 };
    let mut partial = Partial::begin(disk, name, Place::Free)?;
    let mut manifest = Writer::new(partial.create(MANIFEST)?, &summary);
    let mut put = |file: &str, bytes: &[u8]| -> Result<()> {
        partial.put(file, bytes)?;
        manifest.add(&Written::new(file, bytes))
    };
    let (mut steps, mut bytes) = (Steps::new(watch, count), Vec::new());
    for (key, document) in documents {
        bytes.clear();
        pretty(document.text(), &mut bytes);
        put(&canonical(key), &bytes).map_err(|error| error.with_key(key.to_text()))?;
        steps.step()?;
    }
    put(FORMAT, format::text(collation).as_bytes())?;
    if !definitions.is_empty() {
        put(DEFINITIONS, &definitions::line(definitions))?;
    }
    let (file, bytes) = manifest.finish()?;
    partial.sync(file.as_ref())?;
    drop(file);
    partial.finish()?;
    summary.bytes = bytes;
    Ok(summary)
}
