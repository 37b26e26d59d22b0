//! One document's file, put in place or taken away.
//!
//! A version is written to `.datastore/tmp/` and swapped with the document's file, or renamed to where nothing is:
//! whoever looks sees the old version or the new one, and a crash leaves nothing among the documents that is neither.
//! What stood there before lies in `tmp/` then, under a name that tells whose it is ([`layout::displaced`]), until
//! [`super::spare`] takes it.
//!
//! ```text
//!   overwrite   write tmp/H-S, exchange tmp/H-S with the document's file
//!   create      write tmp/next-S, rename it to the document's file
//!   delete      rename the document's file to tmp/H-S
//! ```
//!
//! The versions of a group of several are written to `tmp/next-S`, too, and get their names when they are placed: a
//! power cut may leave what was only written, and one of a group must never be taken for the document.
//!
//! Where the system cannot exchange, the old file is given a second name in `tmp/` before the new one is renamed over
//! it; where it has no second names either, the journal has to be synced before anything is placed
//! ([`Way::needs_sync`]).

use super::folders::{make_cut, make_folder, remove_cut};
use super::layout::{self, TEMPORARY};
use super::quarantine::Quarantine;
use super::spare::{Displaced, Spares};
use crate::disk::{Disk, Kind, write_all};
use crate::document::{Document, pretty};
use crate::error::{BadFile, Error, Result};
use crate::key::Key;
use crate::storage::Sequence;

use parking_lot::Mutex;

/// A buffer that one large document made larger than this is not kept.
const MOST_KEPT: usize = 1 << 20;

/// How a file takes another one's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The two are swapped.
    Exchange,
    /// The old one gets a second name, the new one is renamed over it.
    Link,
    /// The new one is renamed over it.
    Rename,
}

impl Way {
    /// Finds out what the file system can do, with two files in `tmp/`.
    ///
    /// # Errors
    ///
    /// The system's, where not even files can be created.
    pub fn probe(disk: &dyn Disk) -> Result<Self> {
        let [a, b, c] = ["way-a", "way-b", "way-c"].map(|name| format!("{TEMPORARY}/{name}"));
        for name in [&a, &b, &c] {
            remove_if_there(disk, name)?;
        }
        disk.create(&a)?;
        disk.create(&b)?;
        let way = if disk.exchange(&a, &b).is_ok() {
            Self::Exchange
        } else if disk.link(&a, &c).is_ok() {
            Self::Link
        } else {
            Self::Rename
        };
        for name in [&a, &b, &c] {
            remove_if_there(disk, name)?;
        }
        Ok(way)
    }

    /// Whether an overwritten version is gone at once, so that its successor must be in a synced journal before.
    #[must_use]
    pub fn needs_sync(self) -> bool {
        self == Self::Rename
    }
}

/// Removes a file, if it is there.
///
/// # Errors
///
/// The system's.
pub fn remove_if_there(disk: &dyn Disk, path: &str) -> Result<()> {
    match disk.remove(path) {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}

/// Every file system takes names up to this length: some that encrypt have 143, macOS has 1,024 for a whole path.
const SHORT_NAME: usize = 128;

/// What is to become of one document's file.
#[derive(Clone, Debug)]
pub struct Step {
    /// Whose.
    pub key: Key,
    /// The commit.
    pub sequence: Sequence,
    /// The new version, or `None` to take the file away.
    pub document: Option<Document>,
    /// The file, relative to the data directory; `None` where it is another key's by now.
    pub file: Option<String>,
    /// The file that the original wrote, where it still counts.
    pub plain: Option<String>,
    /// Whether there should be a file already.
    pub replaces: bool,
    /// Whether others belong to the same group.
    pub grouped: bool,
    /// Whether it was tried before, in vain.
    pub has_failed: bool,
}

/// What a step found, so that it can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// What stood there lies under the displaced name.
    Over,
    /// Nothing of ours stood there.
    New,
    /// It was replaced without a trace.
    Lost,
    /// There was nothing to take away.
    Nothing,
}

/// Carries out steps. Each thread that does has one of its own.
#[derive(Debug, Default)]
pub struct Placer {
    bytes: Vec<u8>,
}

impl Placer {
    /// Writes a step's version to where it is taken from when it is placed. Everything that needs space happens here.
    ///
    /// # Errors
    ///
    /// The system's; nothing is left of it then.
    pub fn prepare(&mut self, disk: &dyn Disk, way: Way, spares: &Mutex<Spares>, step: &Step) -> Result<()> {
        let Some(document) = &step.document else { return Ok(()) };
        self.bytes.clear();
        pretty(document.text(), &mut self.bytes);
        let name = step.temporary(way);
        let filled = self.fill(disk, spares, &name);
        if filled.is_err() {
            // What cannot even be removed is in the way of nothing, and the next load removes it.
            let _ = disk.remove(&name);
        }
        self.bytes.clear();
        self.bytes.shrink_to(MOST_KEPT);
        filled
    }

    fn fill(&self, disk: &dyn Disk, spares: &Mutex<Spares>, name: &str) -> Result<()> {
        let length = self.bytes.len() as u64;
        let spare = spares.lock().take(length);
        if let Some(spare) = spare {
            match disk.rename(&spare.name, name) {
                Ok(()) => {
                    let file = disk.open(name)?;
                    write_all(file.as_ref(), &self.bytes, 0)?;
                    return if spare.length > length { file.truncate(length) } else { Ok(()) };
                }
                // Somebody emptied the folder.
                Err(error) if error.is_not_found() => spares.lock().forget(),
                Err(error) => return Err(error),
            }
        }
        let file = match disk.create(name) {
            Err(error) if error.is_not_found() => {
                // Our own folder may have been removed under us; a data directory that was is a failure.
                make_folder(disk, TEMPORARY)?;
                disk.create(name)?
            }
            Err(error) if error.is_already_there() => {
                disk.remove(name)?;
                disk.create(name)?
            }
            other => other?,
        };
        write_all(file.as_ref(), &self.bytes, 0)
    }
}

impl Step {
    fn displaced(&self) -> String {
        layout::displaced(&self.key, self.sequence)
    }

    /// Where the new version is written: if possible, where the exchange leaves the old one.
    fn temporary(&self, way: Way) -> String {
        let is_named = way == Way::Exchange && self.replaces && !self.grouped;
        if is_named { self.displaced() } else { layout::next(self.sequence) }
    }

    /// Finds out whether a new document's file can have its name. One that is acknowledged before it is placed has to be
    /// placed some time, and no load may fail because it cannot be.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn check_name(&self, disk: &dyn Disk) -> Result<()> {
        match &self.file {
            Some(file) if !self.replaces && file.len() > SHORT_NAME => refuse_folder(disk, file),
            _ => Ok(()),
        }
    }

    /// Gives up what was prepared.
    pub fn discard(&self, disk: &dyn Disk, way: Way) {
        if self.document.is_some() {
            // Left over, it is in the way of nothing, and the next load removes it.
            let _ = disk.remove(&self.temporary(way));
        }
    }

    /// Puts the file in place, or takes it away. What it displaced is told to `spares`.
    ///
    /// # Errors
    ///
    /// The system's; the file then stands as it stood.
    pub fn place(&self, disk: &dyn Disk, way: Way, spares: &Mutex<Spares>) -> Result<Placed> {
        let placed = match (&self.document, &self.file) {
            (Some(_), Some(file)) => self.put(disk, way, file)?,
            (Some(_), None) => return Err(Error::assertion("a document without a file")),
            (None, _) => self.take(disk)?,
        };
        if self.document.is_some() {
            // Ours stands, so the write has happened. A file of the original that cannot be moved is superseded: the
            // next load sees to it.
            if let (Some(plain), Placed::New) = (&self.plain, placed) {
                let _ = refuse_folder(disk, plain).and_then(|()| disk.rename(plain, &self.displaced()));
            }
        }
        if placed == Placed::Over || self.plain.is_some() {
            spares.lock().displace(Displaced { name: self.displaced(), successor: self.sequence });
        }
        Ok(placed)
    }

    fn put(&self, disk: &dyn Disk, way: Way, file: &str) -> Result<Placed> {
        let temporary = self.temporary(way);
        if !self.replaces || self.plain.is_some() {
            match rename_new(disk, &temporary, file) {
                Err(error) if error.is_already_there() => refuse_folder(disk, file)?,
                other => return other.map(|()| Placed::New),
            }
        }
        if !self.replaces {
            // Kept, whatever it is: first, because nobody could tell later what is left of it in `tmp/`.
            let reason = "stood where the file of a new document belongs".to_owned();
            Quarantine::new(disk).take(BadFile { file: file.to_owned(), reason })?;
            return rename_new(disk, &temporary, file).map(|()| Placed::New);
        }
        match self.put_over(disk, way, &temporary, file) {
            // Somebody removed the file.
            Err(error) if error.is_not_found() => {
                let from = if disk.kind(&temporary)?.is_some() { temporary } else { self.displaced() };
                rename_new(disk, &from, file).map(|()| Placed::New)
            }
            other => other,
        }
    }

    fn put_over(&self, disk: &dyn Disk, way: Way, temporary: &str, file: &str) -> Result<Placed> {
        let displaced = self.displaced();
        match way {
            Way::Exchange => {
                refuse_folder(disk, file)?;
                if temporary != displaced {
                    disk.rename(temporary, &displaced)?;
                }
                let exchanged = disk.exchange(&displaced, file);
                if exchanged.as_ref().is_err_and(|error| !error.is_not_found()) && temporary != displaced {
                    // Under that name a load after a power cut may take it for what the document was.
                    let _ = disk.rename(&displaced, temporary);
                }
                exchanged.map(|()| Placed::Over)
            }
            Way::Link => {
                // A recovery that was cut short may have left one.
                remove_if_there(disk, &displaced)?;
                disk.link(file, &displaced)?;
                disk.rename(temporary, file)?;
                Ok(Placed::Over)
            }
            Way::Rename => disk.rename(temporary, file).map(|()| Placed::Lost),
        }
    }

    fn take(&self, disk: &dyn Disk) -> Result<Placed> {
        let mut placed = Placed::Nothing;
        // The original's first: after ours alone it would be the document again.
        let files = || [&self.plain, &self.file].into_iter().flatten();
        // Before any is moved, because none is moved back.
        files().try_for_each(|file| refuse_folder(disk, file))?;
        for file in files() {
            match disk.rename(file, &self.displaced()) {
                Ok(()) => {
                    placed = Placed::Over;
                    remove_cut(disk, file);
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(placed)
    }

    /// Puts back what a placed step found.
    ///
    /// # Errors
    ///
    /// The system's; nobody knows then what stands there.
    pub fn undo(&self, disk: &dyn Disk, placed: Placed) -> Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let displaced = self.displaced();
        match (placed, &self.document) {
            (Placed::Over, _) => put_back(disk, &displaced, file),
            (Placed::New, Some(_)) => match &self.plain {
                Some(plain) => put_back(disk, &displaced, plain).and_then(|()| disk.remove(file)),
                None => disk.remove(file),
            },
            (Placed::Nothing | Placed::New, _) => Ok(()),
            (Placed::Lost, _) => Err(Error::assertion("what was replaced without a trace cannot be put back")),
        }
    }
}

/// A folder is never moved: it is none of ours, and nobody would look for it where we put what is in the way.
fn refuse_folder(disk: &dyn Disk, path: &str) -> Result<()> {
    match disk.kind(path)? {
        Some(Kind::Folder) => {
            // EISDIR, on every Unix.
            #[cfg(unix)]
            let cause = std::io::Error::from_raw_os_error(21);
            #[cfg(not(unix))]
            let cause = std::io::Error::from(std::io::ErrorKind::IsADirectory);
            Err(Error::storage("rename", &disk.path(path), cause))
        }
        _ => Ok(()),
    }
}

/// Renames to where a file stood, and makes the folders of a long name again.
fn put_back(disk: &dyn Disk, from: &str, to: &str) -> Result<()> {
    match disk.rename(from, to) {
        Err(error) if error.is_not_found() => {
            make_cut(disk, to)?;
            disk.rename(from, to)
        }
        other => other,
    }
}

/// Renames to where nothing is, and makes the folders of a long name.
fn rename_new(disk: &dyn Disk, from: &str, to: &str) -> Result<()> {
    if !disk.abilities().rename_new && disk.kind(to)?.is_some() {
        let cause = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        return Err(Error::storage("rename", &disk.path(to), cause));
    }
    match disk.rename_new(from, to) {
        Err(error) if error.is_not_found() => {
            make_cut(disk, to)?;
            disk.rename_new(from, to)
        }
        other => other,
    }
}
