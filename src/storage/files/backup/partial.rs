//! A folder that is filled under another name and gets its own when it is whole.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use crate::disk::{Disk, Handle, Held, Kind, write_all};
use crate::error::{Error, ErrorKind, Result};
use crate::storage::files::folders::{make_cut, make_folder};
use crate::storage::files::layout::{self, LOCK, PRIVATE, ROOT};

/// Whether a folder may stand already where one is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing may.
    Free,
    /// An empty one may.
    Empty,
}

impl Place {
    /// Refuses a name that is taken.
    fn check(self, disk: &dyn Disk, name: &str) -> Result<()> {
        let taken = |cause: io::ErrorKind| Err(Error::storage("mkdir", &disk.path(name), cause.into()));
        match (self, disk.kind(name)?) {
            (_, None) => Ok(()),
            (Self::Empty, Some(Kind::Folder)) if disk.list(name)?.is_empty() => Ok(()),
            (Self::Empty, Some(Kind::Folder)) => taken(io::ErrorKind::DirectoryNotEmpty),
            _ => taken(io::ErrorKind::AlreadyExists),
        }
    }
}

/// The folder. Dropped before it is finished, it is removed.
#[derive(Debug)]
pub struct Partial {
    disk: Arc<dyn Disk>,
    /// What it is called when it is whole.
    name: String,
    place: Place,
    /// What it is called now; `None` where it is no longer ours.
    now: Option<String>,
    /// The folders in which files were made.
    folders: BTreeSet<String>,
    /// Its own, which nobody else finds before it is whole.
    lock: Option<Box<dyn Held>>,
}

impl Partial {
    /// An empty folder, locked as a data directory is. What an earlier try has left is removed.
    ///
    /// # Errors
    ///
    /// `EEXIST` or `ENOTEMPTY` where the name is taken, `LOCKED` where somebody else is making the folder, or the system's.
    pub fn begin(disk: Arc<dyn Disk>, name: &str, place: Place) -> Result<Self> {
        place.check(disk.as_ref(), name)?;
        // Short, however long the name is.
        let now = format!(".kixx-partial-{:016x}", layout::fnv_1a(name.as_bytes()));
        make_folder(disk.as_ref(), &now)?;
        let lock = hold(disk.as_ref(), &now)?;
        let partial = Self {
            name: name.to_owned(),
            place,
            now: Some(now.clone()),
            folders: BTreeSet::new(),
            lock: Some(lock),
            disk,
        };
        empty(partial.disk.as_ref(), &now, Some(&format!("{now}/{LOCK}")))?;
        Ok(partial)
    }

    /// Writes a file.
    ///
    /// # Errors
    ///
    /// `KEY_COLLISION` where the file system takes its name for that of another one, or the system's.
    pub fn put(&mut self, relative: &str, bytes: &[u8]) -> Result<()> {
        let file = self.create(relative)?;
        write_all(file.as_ref(), bytes, 0)?;
        self.sync(file.as_ref())
    }

    /// Makes a file, to be written and [synced](Self::sync).
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn create(&mut self, relative: &str) -> Result<Box<dyn Handle>> {
        let path = format!("{}/{relative}", self.now.as_deref().unwrap_or_default());
        make_cut(self.disk.as_ref(), &path)?;
        let mut inside = path.as_str();
        while let Some((folder, _)) = inside.rsplit_once('/') {
            if !self.folders.insert(folder.to_owned()) {
                break;
            }
            inside = folder;
        }
        self.disk.create(&path).map_err(|error| {
            if error.is_already_there() {
                let message = format!("the file system takes the file '{relative}' for one that is there already");
                return Error::new(ErrorKind::KeyCollision, message).with_path(self.disk.path(&path));
            }
            error
        })
    }

    /// Makes a file durable, unless everything will be at once.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn sync(&self, file: &dyn Handle) -> Result<()> {
        if self.disk.abilities().sync_everything { Ok(()) } else { file.sync_data() }
    }

    /// Makes everything durable and gives the folder its name.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    pub fn finish(mut self) -> Result<()> {
        let disk = Arc::clone(&self.disk);
        if disk.abilities().sync_everything {
            disk.sync_everything()?;
        } else {
            self.folders.iter().try_for_each(|folder| disk.sync_folder(folder))?;
        }
        self.place.check(disk.as_ref(), &self.name)?;
        if self.place == Place::Empty && disk.kind(&self.name)?.is_some() {
            disk.remove_folder(&self.name)?;
        }
        if cfg!(windows) {
            // A folder in which a file is open cannot be renamed there, whoever has opened it.
            self.lock = None;
        }
        disk.rename_new(self.now.as_deref().unwrap_or_default(), &self.name)?;
        self.now = Some(self.name.clone());
        disk.sync_folder(ROOT)?;
        self.now = None;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // Some systems remove no file that is open.
        self.lock = None;
        if let Some(now) = self.now.take() {
            // In the way of nothing.
            let _ = empty(self.disk.as_ref(), &now, None).and_then(|()| self.disk.remove_folder(&now));
        }
    }
}

/// Takes the lock inside a folder. Where that cannot be had, what was just made is removed.
fn hold(disk: &dyn Disk, folder: &str) -> Result<Box<dyn Held>> {
    let private = format!("{folder}/{PRIVATE}");
    let locked = make_folder(disk, &private).and_then(|()| disk.lock(&format!("{folder}/{LOCK}"), false));
    match locked {
        Ok(lock) if lock.stands() => Ok(lock),
        Ok(_) => {
            let message = format!("'{}' is being made by somebody else", disk.path(folder).display());
            Err(Error::new(ErrorKind::Locked, message).with_path(disk.path(folder)))
        }
        Err(error) => {
            if error.kind() != ErrorKind::Locked {
                // What is not empty stays.
                let _ = (disk.remove_folder(&private), disk.remove_folder(folder));
            }
            Err(error)
        }
    }
}

/// Removes what is in a folder, but not the file at `kept` and what that lies in.
fn empty(disk: &dyn Disk, folder: &str, kept: Option<&str>) -> Result<()> {
    for entry in disk.list(folder)? {
        // One that is not Unicode is none of ours.
        let Ok(name) = entry.name else { continue };
        let path = format!("{folder}/{name}");
        if kept == Some(path.as_str()) {
            continue;
        }
        if entry.kind != Kind::Folder {
            disk.remove(&path)?;
            continue;
        }
        empty(disk, &path, kept)?;
        if !kept.is_some_and(|kept| kept.starts_with(&format!("{path}/"))) {
            disk.remove_folder(&path)?;
        }
    }
    Ok(())
}
