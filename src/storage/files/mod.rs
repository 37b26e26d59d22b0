//! Documents as files: one readable JSON file each, named by `encodeURIComponent` of its key.
//!
//! ```text
//! user%3A123.json
//! {
//!     "_rev": 2,
//!     "name": "John Doe"
//! }
//! ```
//!
//! # Invariants
//!
//! - A document's file is replaced by rename, so it is never seen half written.
//! - Names are the [canonical form](crate::key::file_name::canonical) of a key. A file in the original's form is
//!   read, and replaced by ours with the first write of its document.
//! - Only regular files with such a name are touched. Everything else is left alone and reported.
//! - Everything of ours that is no document lies in `.datastore/`.
//!
//! Not here yet: the journal. Until it comes a group holds one entry, and a power cut may take the last second.

pub mod layout;

mod collision;
mod format;
mod place;
mod quarantine;
mod read;
mod scan;
mod sync;
#[cfg(test)]
mod test;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::collision::Names;
use self::layout::Layout;
use self::place::Placer;
use self::quarantine::Quarantine;
use self::read::Contents;
use self::scan::{Candidate, Scan};
use super::{Capabilities, Entry, Findings, Group, Keeper, Loaded, Outcome, Position, Storage};
use crate::disk::Held;
use crate::disk::lock::Lock;
use crate::document::Document;
use crate::error::{BadFile, Error, ErrorKind, Result};
use crate::key::Key;
use crate::key::file_name::{self, Form};

/// What to do with files that have a document's name but are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnCorrupt {
    /// Refuse to load, and name every one of them.
    #[default]
    Error,
    /// Move them to `.datastore/quarantine/` and load the rest.
    Quarantine,
}

/// The driver that keeps one file per document.
#[derive(Debug)]
pub struct Files {
    layout: Layout,
    on_corrupt: OnCorrupt,
    lock: Option<Lock>,
    placer: Placer,
    /// How to find out whether the file system tells case.
    probe: fn(&Layout) -> Result<Names>,
    names: Names,
    /// Documents whose file still has the name that the original gave it.
    plain: HashSet<Key>,
    position: Position,
}

impl Files {
    /// A driver for `directory`; nothing is touched before [`Storage::load`].
    #[must_use]
    pub fn new(directory: PathBuf, on_corrupt: OnCorrupt) -> Self {
        Self {
            layout: Layout::new(directory),
            on_corrupt,
            lock: None,
            placer: Placer::default(),
            probe: Names::probe,
            names: Names::default(),
            plain: HashSet::new(),
            position: Position::default(),
        }
    }

    fn open(&mut self) -> Result<Loaded> {
        create_directory(self.layout.root())?;
        self.take_directory()?;
        empty(&self.layout.temporary())?;
        self.names = (self.probe)(&self.layout)?;
        self.read_documents()
    }

    /// Takes the lock and makes sure of our own folder.
    fn take_directory(&mut self) -> Result<()> {
        make_folder(&self.layout.private())?;
        if self.lock.is_none() {
            self.lock = Some(Lock::take(&self.layout.lock())?);
        }
        format::ensure(&self.layout.format())?;
        make_folder(&self.layout.temporary())
    }

    fn read_documents(&mut self) -> Result<Loaded> {
        let mut found = scan::scan(&self.layout)?;
        let mut contents = read::read(&self.layout, &found.documents)?;
        self.fall_back(&mut found, &mut contents)?;
        if self.on_corrupt == OnCorrupt::Error && !contents.bad.is_empty() {
            return Err(corrupt(contents.bad.into_iter().map(|(_, bad)| bad).collect()));
        }
        let Scan { documents: files, superseded, ignored } = found;
        let mut quarantine = Quarantine::new(&self.layout);
        for (_, bad) in contents.bad {
            quarantine.take(bad)?;
        }
        for file in superseded {
            let reason = "a newer file of the same document stands beside it".to_owned();
            quarantine.take(BadFile { file: file.relative, reason })?;
        }
        let quarantined = quarantine.into_moved();
        let documents = self.own(files, contents.documents)?;
        self.names.set_aside(&ignored);
        self.position.sequence = documents.len() as u64;
        Ok(Loaded { documents, position: self.position, findings: Findings { ignored, quarantined } })
    }

    /// Where our file is bad, the original's beside it counts again: a power cut may have left both of one write.
    fn fall_back(&self, found: &mut Scan, contents: &mut Contents) -> Result<()> {
        let bad: HashSet<&Key> =
            contents.bad.iter().filter_map(|(index, _)| found.documents.get(*index)).map(|file| &file.key).collect();
        let (wanted, superseded): (Vec<_>, Vec<_>) =
            mem::take(&mut found.superseded).into_iter().partition(|file| bad.contains(&file.key));
        found.superseded = superseded;
        if wanted.is_empty() {
            return Ok(());
        }
        let first = found.documents.len();
        let read = read::read(&self.layout, &wanted)?;
        found.documents.extend(wanted);
        contents.documents.extend(read.documents.into_iter().map(|(index, document)| (first + index, document)));
        contents.bad.extend(read.bad.into_iter().map(|(index, bad)| (first + index, bad)));
        Ok(())
    }

    /// Joins keys and documents, and notes who owns which name.
    fn own(&mut self, files: Vec<Candidate>, documents: Vec<(usize, Document)>) -> Result<Vec<(Key, Document)>> {
        self.plain.clear();
        let mut documents = documents.into_iter().peekable();
        let mut owned = Vec::with_capacity(documents.len());
        for (index, file) in files.into_iter().enumerate() {
            let Some((_, document)) = documents.next_if(|(of, _)| *of == index) else { continue };
            self.names.claim(&file.relative, &file.key)?;
            if file.form == Form::Plain {
                self.plain.insert(file.key.clone());
            }
            owned.push((file.key, document));
        }
        // They are sorted, but for those that stood in for a bad file.
        owned.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(owned)
    }

    fn store(&mut self, entry: &Entry) -> Result<()> {
        match &entry.document {
            Some(document) => self.put(&entry.key, document),
            None => self.remove(&entry.key),
        }
    }

    fn put(&mut self, key: &Key, document: &Document) -> Result<()> {
        let relative = file_name::canonical(key);
        let is_new = self.names.claim(&relative, key)?;
        if let Err(error) = self.place(&relative, document) {
            if is_new {
                self.names.release(&relative, key);
            }
            return Err(error);
        }
        // Ours stands, so the write has happened. A file of the original that cannot be removed is superseded: the
        // next write tries again, and so does the next load.
        let _ = self.remove_plain(key);
        Ok(())
    }

    fn place(&mut self, relative: &str, document: &Document) -> Result<()> {
        match self.placer.place(&self.layout, relative, document) {
            Err(error) if error.code() == "ENOENT" => {
                // Our own folder may have been removed under us; a data directory that was is a failure.
                make_folder(&self.layout.temporary())?;
                self.placer.place(&self.layout, relative, document)
            }
            other => other,
        }
    }

    /// The original's file goes first: after ours alone it would be the document again.
    fn remove(&mut self, key: &Key) -> Result<()> {
        self.remove_plain(key)?;
        let relative = file_name::canonical(key);
        if !self.names.is_of_another(&relative, key) {
            place::remove(&self.layout, &relative)?;
            self.names.release(&relative, key);
        }
        Ok(())
    }

    /// Removes the file that the original wrote, if it is still there.
    fn remove_plain(&mut self, key: &Key) -> Result<()> {
        if !self.plain.contains(key) {
            return Ok(());
        }
        if let Some(relative) = file_name::plain(key) {
            place::remove(&self.layout, &relative)?;
            self.names.release(&relative, key);
        }
        self.plain.remove(key);
        Ok(())
    }

    /// Takes the lock again where somebody removed its file, because nobody else could find it any more. Refused where
    /// others may have been here meanwhile: memory would no longer be what the files are.
    fn hold_lock(&mut self) -> Result<()> {
        let path = self.layout.lock();
        if self.lock.as_ref().is_some_and(Held::stands) {
            return Ok(());
        }
        make_folder(&self.layout.private())?;
        self.lock = Some(Lock::take_again(&path)?);
        format::ensure(&self.layout.format())?;
        make_folder(&self.layout.temporary())
    }
}

impl Storage for Files {
    fn capabilities(&self) -> Capabilities {
        Capabilities { durable: true, group_limit: 1, exclusive: true }
    }

    fn load(&mut self) -> Result<Loaded> {
        let loaded = self.open();
        if loaded.is_err() {
            self.abandon();
        }
        loaded
    }

    fn commit(&mut self, groups: &[Group]) -> Vec<Outcome> {
        if let Err(error) = self.hold_lock() {
            return groups.iter().map(|_| Outcome::Failed(error.clone())).collect();
        }
        groups
            .iter()
            .map(|group| match group.entries.as_slice() {
                [entry] => match self.store(entry) {
                    Ok(()) => {
                        self.position.sequence += 1;
                        Outcome::Committed(self.position)
                    }
                    Err(error) => Outcome::Failed(error.with_key(entry.key.to_text())),
                },
                _ => Outcome::Failed(Error::new(
                    ErrorKind::Unsupported,
                    "files without a journal cannot store several documents at once",
                )),
            })
            .collect()
    }

    fn keeper(&self) -> Option<Arc<dyn Keeper>> {
        sync::Directory::open(self.layout.root())
    }

    fn close(&mut self) -> Result<()> {
        self.abandon();
        Ok(())
    }

    fn abandon(&mut self) {
        self.plain.clear();
        self.names = Names::default();
        self.lock = None;
    }
}

fn corrupt(files: Vec<BadFile>) -> Error {
    let count = files.len();
    let first = files.first().map(|bad| format!("'{}' {}", bad.file, bad.reason)).unwrap_or_default();
    let more = if count > 1 { format!(", and {} more", count - 1) } else { String::new() };
    Error::new(ErrorKind::Corrupt, format!("{count} bad file(s) in the data directory: {first}{more}"))
        .with_files(files)
}

/// Creates the data directory, parents included, where it is missing.
fn create_directory(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|cause| Error::storage("mkdir", path, cause))
}

fn make_folder(path: &Path) -> Result<()> {
    match fs::create_dir(path) {
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        other => other.map_err(|cause| Error::storage("mkdir", path, cause)),
    }
}

/// Removes what a crash left on its way into place. A folder is none of ours.
fn empty(folder: &Path) -> Result<()> {
    let failed = |cause| Error::storage("scandir", folder, cause);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            continue;
        }
        let path = entry.path();
        fs::remove_file(&path).map_err(|cause| Error::storage("unlink", &path, cause))?;
    }
    Ok(())
}
