//! A real folder that notes every call, and fails where a test says so.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::board::{Board, FileId};
use crate::disk::{Abilities, Disk, Handle, Held, Kind, Latch, Listed, Size, System};
use crate::error::{Error, Result};

pub const EIO: i32 = 5;
pub const ENOSPC: i32 = 28;

type Hook = Box<dyn Fn() + Send + Sync>;

#[derive(Debug)]
pub struct Faulty {
    inner: System,
    faults: Arc<Faults>,
}

/// What goes wrong, and what was called.
#[derive(Default)]
pub struct Faults {
    log: Mutex<Vec<String>>,
    failing: Mutex<HashMap<&'static str, i32>>,
    /// How many bytes there is room for.
    room: Mutex<Option<usize>>,
    /// No write takes more.
    most: Mutex<Option<usize>>,
    on_sync: Mutex<Option<Arc<Hook>>>,
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faults").finish_non_exhaustive()
    }
}

impl Faulty {
    pub fn new(directory: &Path) -> Self {
        Self { inner: System::mount(directory).unwrap(), faults: Arc::default() }
    }

    /// From now on this call fails.
    pub fn fail(&self, call: &'static str, errno: i32) {
        self.faults.failing.lock().insert(call, errno);
    }

    /// Nothing fails any more.
    pub fn heal(&self) {
        self.faults.failing.lock().clear();
        *self.faults.room.lock() = None;
        *self.faults.most.lock() = None;
    }

    /// The disk has room for so many more bytes.
    pub fn leave_room(&self, bytes: usize) {
        *self.faults.room.lock() = Some(bytes);
    }

    /// No write takes more than so many bytes.
    pub fn shorten_writes(&self, bytes: usize) {
        *self.faults.most.lock() = Some(bytes);
    }

    /// Called in the middle of every sync of a file.
    pub fn on_sync(&self, hook: impl Fn() + Send + Sync + 'static) {
        *self.faults.on_sync.lock() = Some(Arc::new(Box::new(hook)));
    }

    /// The calls since the last time.
    pub fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *self.faults.log.lock())
    }

    fn opened(&self, path: &str, handle: Box<dyn Handle>) -> Box<dyn Handle> {
        Box::new(FaultyHandle { inner: handle, path: path.to_owned(), faults: Arc::clone(&self.faults) })
    }
}

impl Faults {
    fn call(&self, call: &'static str, path: &str) -> Result<()> {
        self.log.lock().push(format!("{call} {path}"));
        match self.failing.lock().get(call) {
            Some(errno) => Err(failure(call, path, *errno)),
            None => Ok(()),
        }
    }
}

fn failure(call: &'static str, path: &str, errno: i32) -> Error {
    Error::storage(call, Path::new(path), io::Error::from_raw_os_error(errno))
}

impl Disk for Faulty {
    fn abilities(&self) -> Abilities {
        self.inner.abilities()
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.inner.path(relative)
    }

    fn boot(&self) -> Option<String> {
        Some("5b2f\"boot\"".to_owned())
    }

    fn lock(&self, path: &str, anew: bool) -> Result<Box<dyn Held>> {
        self.inner.lock(path, anew)
    }

    fn lock_together(&self, path: &str) -> Result<Box<dyn Held>> {
        self.inner.lock_together(path)
    }

    fn latch(&self, path: &str) -> Result<Box<dyn Latch>> {
        self.inner.latch(path)
    }

    fn board(&self, path: &str, anew: bool) -> Result<Board> {
        self.inner.board(path, anew)
    }

    fn latch_there(&self, path: &str) -> Result<Option<Box<dyn Latch>>> {
        self.inner.latch_there(path)
    }

    fn board_there(&self, path: &str) -> Result<Option<Board>> {
        self.inner.board_there(path)
    }

    fn file_id(&self, path: &str) -> Result<Option<FileId>> {
        self.inner.file_id(path)
    }

    fn list(&self, folder: &str) -> Result<Vec<Listed>> {
        self.inner.list(folder)
    }

    fn read(&self, path: &str, into: &mut Vec<u8>) -> Result<()> {
        self.inner.read(path, into)
    }

    fn read_from(&self, path: &str, offset: u64, into: &mut Vec<u8>) -> Result<()> {
        self.inner.read_from(path, offset, into)
    }

    fn kind(&self, path: &str) -> Result<Option<Kind>> {
        self.inner.kind(path)
    }

    fn make_folder(&self, path: &str) -> Result<()> {
        self.faults.call("mkdir", path)?;
        self.inner.make_folder(path)
    }

    fn remove_folder(&self, path: &str) -> Result<()> {
        self.inner.remove_folder(path)
    }

    fn create(&self, path: &str) -> Result<Box<dyn Handle>> {
        self.faults.call("create", path)?;
        Ok(self.opened(path, self.inner.create(path)?))
    }

    fn open(&self, path: &str) -> Result<Box<dyn Handle>> {
        self.faults.call("open", path)?;
        Ok(self.opened(path, self.inner.open(path)?))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.inner.rename(from, to)
    }

    fn rename_new(&self, from: &str, to: &str) -> Result<()> {
        self.inner.rename_new(from, to)
    }

    fn exchange(&self, a: &str, b: &str) -> Result<()> {
        self.inner.exchange(a, b)
    }

    fn link(&self, file: &str, name: &str) -> Result<()> {
        self.inner.link(file, name)
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.faults.call("unlink", path)?;
        self.inner.remove(path)
    }

    fn sync_folder(&self, folder: &str) -> Result<()> {
        self.faults.call("fsync", folder)?;
        self.inner.sync_folder(folder)
    }

    fn sync_everything(&self) -> Result<()> {
        self.inner.sync_everything()
    }
}

#[derive(Debug)]
struct FaultyHandle {
    inner: Box<dyn Handle>,
    path: String,
    faults: Arc<Faults>,
}

impl Handle for FaultyHandle {
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        self.faults.call("write", &self.path)?;
        let most = self.faults.most.lock().unwrap_or(usize::MAX);
        let mut room = self.faults.room.lock();
        let taken = bytes.len().min(most).min(room.unwrap_or(usize::MAX));
        if taken == 0 {
            return Err(failure("write", &self.path, ENOSPC));
        }
        if let Some(room) = &mut *room {
            *room -= taken;
        }
        self.inner.write_at(&bytes[..taken], offset)
    }

    fn truncate(&self, length: u64) -> Result<()> {
        self.faults.call("truncate", &self.path)?;
        self.inner.truncate(length)
    }

    fn size(&self) -> Result<Size> {
        self.inner.size()
    }

    fn sync_data(&self) -> Result<()> {
        let hook = self.faults.on_sync.lock().clone();
        if let Some(hook) = hook {
            hook();
        }
        self.faults.call("fdatasync", &self.path)?;
        self.inner.sync_data()
    }
}
