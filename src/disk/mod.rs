//! What the store asks of a file system: one trait, so that a test can take a disk's place.
//!
//! | file | noun |
//! |---|---|
//! | `system` | [`System`]: the operating system's own calls, below one directory |
//! | `mounted` | what file system that directory lies on |
//! | `opened` | files that are open to be written |
//! | `lock`, `latch` | the kernel's locks on files |
//! | `watching` | noticing that files change |
//! | `place` | [`Place`]: which directory it is |
//! | `simulated` (tests) | a disk in memory that fails, and loses power, where a test says so |
//!
//! Both answer alike (`conformance`, in tests).
//!
//! Paths are relative to the directory that the disk was mounted at, with `/`; `""` is that directory itself. A call
//! does one thing and does not retry: a short write stays short, so that whoever calls has to loop ([`write_all`]).
//!
//! # What a power cut leaves
//!
//! - Bytes written and not synced since: old, new, or zero, each sector by itself; the length old or new.
//! - Names changed and not synced since: old or new, where a change needs the earlier changes of the same names.
//! - [`Handle::sync_data`] makes a file's bytes and length durable, not its name. [`Disk::sync_folder`] makes the names
//!   in a folder durable. [`Disk::sync_everything`] makes all of both durable.
//!
//! Not here: what the bytes mean (`journal`, `storage::files`).

#![forbid(unsafe_code)]

mod latch;
pub mod lock;
mod mounted;
mod opened;
mod place;
mod system;
mod watching;

#[cfg(test)]
mod conformance;
#[cfg(test)]
pub(crate) mod simulated;

use std::fmt;

use crate::board::{Board, FileId};
use crate::error::{Error, ErrorKind, Result};

pub use place::Place;
pub use system::System;
pub use watching::{Hear, Heard, Watching};

/// What a disk can do beyond the plain calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// [`Disk::sync_everything`] works.
    pub sync_everything: bool,
    /// [`Disk::rename_new`] never replaces what is there; elsewhere it does.
    pub rename_new: bool,
    /// Whoever has the disk is on this machine, so that memory can be shared with him.
    pub is_local: bool,
}

/// An entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name, or what of it is Unicode.
    pub name: Result<String, String>,
    /// What it is; symbolic links are not followed.
    pub kind: Kind,
}

/// What an entry of a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A link, a pipe, a device.
    Other,
}

/// A place with files. Every failure is the system's, with the call and the path.
#[expect(clippy::missing_errors_doc, reason = "said once, above")]
pub trait Disk: fmt::Debug + Send + Sync {
    /// What this disk can do. Constant over the life of the value.
    fn abilities(&self) -> Abilities;

    /// The path as the operating system knows it, for people.
    fn path(&self, relative: &str) -> std::path::PathBuf;

    /// Which run of the machine this is; `None` where that cannot be told.
    fn boot(&self) -> Option<String>;

    /// Takes a kernel lock on a file, which is created where it is missing. Released when the value is dropped.
    ///
    /// # Errors
    ///
    /// `LOCKED` where somebody else holds it; where `anew` is asked for, also where the file is there already.
    fn lock(&self, path: &str, anew: bool) -> Result<Box<dyn Held>>;

    /// As [`lock`](Self::lock), together with others that take it so.
    fn lock_together(&self, path: &str) -> Result<Box<dyn Held>>;

    /// A lock to be taken and given back many times, on a file, which is created where it is missing.
    fn latch(&self, path: &str) -> Result<Box<dyn Latch>>;

    /// Numbers that whoever opens this file shares with whoever else does. With `anew` the file is made
    /// where it is missing, and all numbers are 0. `UNSUPPORTED` where memory cannot be shared.
    fn board(&self, path: &str, anew: bool) -> Result<Board>;

    /// A lock as of [`latch`](Self::latch), on a file that need not be writable; `None` where it is missing.
    fn latch_there(&self, path: &str) -> Result<Option<Box<dyn Latch>>>;

    /// Numbers as of [`board`](Self::board), to be read alone; `None` where the file is missing, or not whole yet.
    fn board_there(&self, path: &str) -> Result<Option<Board>>;

    /// Which file is at a path; `None` where nothing is. A few microseconds, also where the disk is slow.
    fn file_id(&self, path: &str) -> Result<Option<FileId>>;

    /// Tells of files that change, in folders that are [covered](Watching::cover). `UNSUPPORTED` where that cannot be noticed.
    fn watch(&self, hear: Hear) -> Result<Box<dyn Watching>> {
        drop(hear);
        Err(Error::new(ErrorKind::Unsupported, "nothing tells that files change here").with_path(self.path("")))
    }

    /// The entries of a folder, in any order.
    fn list(&self, folder: &str) -> Result<Vec<Listed>>;

    /// Appends a file's content to `into`.
    fn read(&self, path: &str, into: &mut Vec<u8>) -> Result<()>;

    /// Appends what a file holds from an offset on to `into`.
    fn read_from(&self, path: &str, offset: u64, into: &mut Vec<u8>) -> Result<()>;

    /// What is at the path; `None` where nothing is. Symbolic links are not followed.
    fn kind(&self, path: &str) -> Result<Option<Kind>>;

    /// Creates a folder, whose parent is there. `EEXIST` where anything is.
    fn make_folder(&self, path: &str) -> Result<()>;

    /// Removes an empty folder.
    fn remove_folder(&self, path: &str) -> Result<()>;

    /// Creates a file and opens it for writing. `EEXIST` where anything is.
    fn create(&self, path: &str) -> Result<Box<dyn Handle>>;

    /// Opens a regular file for writing, as it is; a symbolic link is refused.
    fn open(&self, path: &str) -> Result<Box<dyn Handle>>;

    /// Moves a file, over what is at `to`.
    fn rename(&self, from: &str, to: &str) -> Result<()>;

    /// Moves a file to where nothing is (see [`Abilities::rename_new`]). `EEXIST` where anything is.
    fn rename_new(&self, from: &str, to: &str) -> Result<()>;

    /// Swaps what two names stand for, in one step. `EINVAL`, `ENOSYS` or `ENOTSUP` where the system cannot.
    fn exchange(&self, a: &str, b: &str) -> Result<()>;

    /// Gives a file a second name, where nothing is.
    fn link(&self, file: &str, name: &str) -> Result<()>;

    /// Removes a file.
    fn remove(&self, path: &str) -> Result<()>;

    /// Returns when the names in a folder are durable.
    fn sync_folder(&self, folder: &str) -> Result<()>;

    /// Returns when everything done before the call is durable. `UNSUPPORTED` without the ability.
    fn sync_everything(&self) -> Result<()>;
}

/// An open file.
#[expect(clippy::missing_errors_doc, reason = "the system's, as above")]
pub trait Handle: fmt::Debug + Send + Sync {
    /// Writes at an offset; tells how many bytes, which may be fewer than given.
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize>;

    /// Sets space aside, so that the file can grow to this length on a full disk. Its length stays as it is. Does
    /// nothing where the system cannot.
    fn reserve(&self, length: u64) -> Result<()> {
        let _ = length;
        Ok(())
    }

    /// Cuts or extends (by zeros) to a length.
    fn truncate(&self, length: u64) -> Result<()>;

    /// How long the file is, and how many names it has.
    fn size(&self) -> Result<Size>;

    /// Returns when bytes and length are durable. After a failure never to be called again on any handle of the file:
    /// the system may have dropped what it could not write, and would say that all is well.
    fn sync_data(&self) -> Result<()>;
}

/// How large a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// In bytes.
    pub length: u64,
    /// Names that stand for it: with more than one it is somebody else's, too.
    pub names: u64,
}

/// A lock that is held.
pub trait Held: fmt::Debug + Send + Sync {
    /// Whether others find this very file. One that was removed, or moved away, protects nothing.
    fn stands(&self) -> bool;

    /// Lets others have it, too, who take it together with others. For a moment nobody may hold it.
    ///
    /// # Errors
    ///
    /// `LOCKED` where somebody took it alone in that moment.
    fn share(&mut self) -> Result<()>;
}

/// A lock that is taken and given back many times. Two of one file exclude one another, also within a process; one thread
/// at a time uses each. The kernel gives it back when the process dies.
#[expect(clippy::missing_errors_doc, reason = "the system's, as above")]
pub trait Latch: fmt::Debug + Send + Sync {
    /// Waits until nobody else holds it, however long that takes.
    fn lock(&self) -> Result<()>;

    /// Takes it, where nobody else holds it.
    fn try_lock(&self) -> Result<bool>;

    /// Takes it together with others that take it so, where nobody holds it alone.
    fn try_lock_together(&self) -> Result<bool>;

    /// Gives it back.
    fn unlock(&self);
}

/// Writes all bytes, in as many calls as it takes.
///
/// # Errors
///
/// The system's; some of the bytes may be written then.
pub fn write_all(file: &dyn Handle, mut bytes: &[u8], mut offset: u64) -> Result<()> {
    while !bytes.is_empty() {
        let written = file.write_at(bytes, offset)?;
        if written == 0 {
            return Err(Error::new(ErrorKind::Storage, "the file takes no more bytes"));
        }
        bytes = bytes.get(written..).unwrap_or_default();
        offset += written as u64;
    }
    Ok(())
}
