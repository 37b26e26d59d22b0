//! What the traits ask for, counted and failing as planned.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use super::errno::{EINVAL, ENOENT, ENOTSUP, EPERM};
use super::faults::{Call, Failure};
use super::names::Inode;
use super::tree::{Extent, Outcome, Tree};
use super::{Ability, Meanwhile, Simulated, State};
use crate::board::{self, Board, FileId};
use crate::disk::{Abilities, Disk, Handle, Held, Kind, Latch, Listed, Size};
use crate::error::{Error, ErrorKind, Result};

impl Simulated {
    /// One call: `action` is done unless the plan has it fail.
    fn call<T>(&self, call: Call, path: &str, what: &str, action: impl FnOnce(&mut State) -> Outcome<T>) -> Result<T> {
        let mut state = self.state.lock();
        let done = match state.faults.enter(call, format!("{path:?}{what}")) {
            Some(failure) => {
                state.note_kill(failure);
                Err(failure.errno())
            }
            None => action(&mut state),
        };
        let done = done.map_err(|errno| failed(&mut state, call, path, errno));
        drop(state);
        self.do_meanwhile(|during| during.path.as_deref() == Some(path) && during.during == call);
        done
    }

    /// Does what is to be done during this call, without a lock: it may call, too.
    fn do_meanwhile(&self, is_now: impl FnOnce(&Meanwhile) -> bool) {
        let meanwhile = self.meanwhile.lock().take_if(|meanwhile| is_now(meanwhile));
        if let Some(meanwhile) = meanwhile {
            (meanwhile.act)();
        }
    }

    /// A call that syncs. One that the plan has fail drops what it would have covered.
    fn sync(&self, call: Call, path: &str, extent: impl FnOnce(&Tree) -> Outcome<Extent>) -> Result<()> {
        let mut state = self.state.lock();
        let failure = state.faults.enter(call, format!("{path:?}"));
        let done = match (failure, extent(&state.tree)) {
            (None, Ok(extent)) => {
                state.tree.sync(extent);
                Ok(())
            }
            (None, Err(errno)) => Err(errno),
            (Some(failure), extent) => {
                state.note_kill(failure);
                if let (Failure::Errno(_), Ok(extent)) = (failure, extent) {
                    state.tree.lose(extent);
                }
                Err(failure.errno())
            }
        };
        let done = done.map_err(|errno| failed(&mut state, call, path, errno));
        drop(state);
        // What is done while a sync runs is not covered by it.
        self.do_meanwhile(|meanwhile| meanwhile.during == call);
        done
    }

    /// A call that finds out what is there.
    fn look<T>(&self, path: &str, action: impl FnOnce(&mut State, Inode) -> Outcome<T>) -> Result<Option<T>> {
        self.call(Call::Look, path, "", |state| match state.tree.find(path) {
            Ok(Some(inode)) => action(state, inode).map(Some),
            Ok(None) => Ok(None),
            Err(errno) if errno == ENOENT => Ok(None),
            Err(errno) => Err(errno),
        })
    }

    fn has(&self, ability: Ability) -> bool {
        !self.state.lock().lacks.contains(&ability)
    }

    fn hold(&self, path: &str, anew: bool, together: bool) -> Result<Box<dyn Held>> {
        let taken = self.call(Call::Lock, path, "", |state| {
            let inode = match state.tree.find(path)? {
                Some(_) if anew => return Ok(Err("somebody else was here")),
                Some(inode) => inode,
                None => state.tree.create(path)?,
            };
            state.tree.file(inode)?;
            Ok(if state.take(inode, together) { Ok(inode) } else { Err("it is locked") })
        })?;
        match taken {
            Ok(inode) => Ok(Box::new(Lock { disk: self.clone(), path: path.to_owned(), inode })),
            Err(why) => Err(Error::new(ErrorKind::Locked, format!("'{path}': {why}")).with_path(full(path))),
        }
    }

    fn handle(&self, path: &str, inode: Inode) -> Box<dyn Handle> {
        Box::new(Opened { disk: self.clone(), path: path.to_owned(), inode })
    }
}

fn failed(state: &mut State, call: Call, path: &str, errno: i32) -> Error {
    state.faults.note_failure(errno);
    Error::storage(call.syscall(), &full(path), io::Error::from_raw_os_error(errno))
}

fn full(path: &str) -> PathBuf {
    let root = Path::new("/simulated");
    if path.is_empty() { root.to_path_buf() } else { root.join(path) }
}

/// As numbers for memory.
fn position(offset: u64) -> Outcome<usize> {
    usize::try_from(offset).map_err(|_| EINVAL)
}

impl Disk for Simulated {
    fn abilities(&self) -> Abilities {
        Abilities {
            sync_everything: self.has(Ability::SyncEverything),
            rename_new: self.has(Ability::RenameNew),
            is_local: self.has(Ability::Local),
        }
    }

    fn path(&self, relative: &str) -> PathBuf {
        full(relative)
    }

    fn boot(&self) -> Option<String> {
        Some(format!("boot-{}", self.state.lock().boot))
    }

    fn lock(&self, path: &str, anew: bool) -> Result<Box<dyn Held>> {
        self.hold(path, anew, false)
    }

    fn lock_together(&self, path: &str) -> Result<Box<dyn Held>> {
        self.hold(path, false, true)
    }

    fn latch(&self, path: &str) -> Result<Box<dyn Latch>> {
        let inode = self.call(Call::Open, path, "", |state| match state.tree.find(path)? {
            Some(inode) => state.tree.file(inode).map(|_| inode),
            None => state.tree.create(path),
        })?;
        Ok(Box::new(SimulatedLatch { disk: self.clone(), inode, is_held: AtomicBool::new(false) }))
    }

    fn board(&self, path: &str, anew: bool) -> Result<Board> {
        let cells = self.call(Call::Open, path, "", |state| {
            let inode = match state.tree.find(path)? {
                None if anew => state.tree.create(path)?,
                _ => state.tree.existing(path)?,
            };
            let cells = state.board(inode);
            if anew {
                cells.iter().for_each(|cell| cell.store(0, Ordering::Release));
            }
            Ok((cells, inode))
        })?;
        Ok(own(cells))
    }

    fn latch_there(&self, path: &str) -> Result<Option<Box<dyn Latch>>> {
        let there = self.look(path, |state, inode| state.tree.file(inode).map(|_| inode))?;
        let latch = |inode| SimulatedLatch { disk: self.clone(), inode, is_held: AtomicBool::new(false) };
        Ok(there.map(|inode| Box::new(latch(inode)) as Box<dyn Latch>))
    }

    fn board_there(&self, path: &str) -> Result<Option<Board>> {
        Ok(self.look(path, |state, inode| Ok((state.board(inode), inode)))?.map(own))
    }

    fn file_id(&self, path: &str) -> Result<Option<FileId>> {
        self.look(path, |_, inode| Ok(FileId::own(inode)))
    }

    fn list(&self, folder: &str) -> Result<Vec<Listed>> {
        self.call(Call::List, folder, "", |state| {
            let inode = state.tree.existing(folder)?;
            let entries = state.tree.names().within(state.tree.folder(inode)?);
            let listed =
                |(name, inode): (&str, _)| Listed { name: Ok(name.to_owned()), kind: kind(&state.tree, inode) };
            Ok(entries.map(listed).collect())
        })
    }

    fn read(&self, path: &str, into: &mut Vec<u8>) -> Result<()> {
        self.call(Call::Read, path, "", |state| {
            let file = state.tree.file(state.tree.existing(path)?)?;
            into.extend_from_slice(file.content());
            Ok(())
        })
    }

    fn read_from(&self, path: &str, offset: u64, into: &mut Vec<u8>) -> Result<()> {
        self.call(Call::Read, path, &format!(" from {offset}"), |state| {
            let file = state.tree.file(state.tree.existing(path)?)?;
            into.extend_from_slice(file.content().get(position(offset)?..).unwrap_or_default());
            Ok(())
        })
    }

    fn kind(&self, path: &str) -> Result<Option<Kind>> {
        self.call(Call::Kind, path, "", |state| match state.tree.find(path) {
            Ok(found) => Ok(found.map(|inode| kind(&state.tree, inode))),
            Err(errno) if errno == ENOENT => Ok(None),
            Err(errno) => Err(errno),
        })
    }

    fn make_folder(&self, path: &str) -> Result<()> {
        self.call(Call::MakeFolder, path, "", |state| state.tree.make_folder(path))
    }

    fn remove_folder(&self, path: &str) -> Result<()> {
        self.call(Call::RemoveFolder, path, "", |state| state.tree.remove_folder(path))
    }

    fn create(&self, path: &str) -> Result<Box<dyn Handle>> {
        self.call(Call::Create, path, "", |state| state.tree.create(path)).map(|inode| self.handle(path, inode))
    }

    fn open(&self, path: &str) -> Result<Box<dyn Handle>> {
        let opened = self.call(Call::Open, path, "", |state| {
            let inode = state.tree.existing(path)?;
            state.tree.file(inode).map(|_| inode)
        });
        opened.map(|inode| self.handle(path, inode))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.call(Call::Rename, to, &format!(" from {from:?}"), |state| state.tree.rename(from, to))
    }

    fn rename_new(&self, from: &str, to: &str) -> Result<()> {
        let refuses = self.has(Ability::RenameNew);
        self.call(Call::RenameNew, to, &format!(" from {from:?}"), |state| {
            if refuses { state.tree.rename_new(from, to) } else { state.tree.rename(from, to) }
        })
    }

    fn exchange(&self, a: &str, b: &str) -> Result<()> {
        let can = self.has(Ability::Exchange);
        self.call(Call::Exchange, b, &format!(" with {a:?}"), |state| {
            if can { state.tree.exchange(a, b) } else { Err(ENOTSUP) }
        })
    }

    fn link(&self, file: &str, name: &str) -> Result<()> {
        let can = self.has(Ability::Link);
        self.call(Call::Link, name, &format!(" to {file:?}"), |state| {
            if can { state.tree.link(file, name) } else { Err(EPERM) }
        })
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.call(Call::Remove, path, "", |state| state.tree.remove(path))
    }

    fn sync_folder(&self, folder: &str) -> Result<()> {
        self.sync(Call::SyncFolder, folder, |tree| Ok(Extent::Names(tree.folder(tree.existing(folder)?)?)))
    }

    fn sync_everything(&self) -> Result<()> {
        if self.has(Ability::SyncEverything) {
            return self.sync(Call::SyncEverything, "", |_| Ok(Extent::Everything));
        }
        Err(Error::new(ErrorKind::Unsupported, "this disk cannot sync all at once"))
    }
}

fn kind(tree: &Tree, inode: Inode) -> Kind {
    if tree.is_folder(inode) { Kind::Folder } else { Kind::File }
}

/// An open file; what becomes of its name is no matter.
#[derive(Debug)]
struct Opened {
    disk: Simulated,
    path: String,
    inode: Inode,
}

impl Handle for Opened {
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        self.disk.call(Call::Write, &self.path, &format!(" {} at {offset}", bytes.len()), |state| {
            let taken = state.faults.taken(bytes.len());
            state.tree.write(self.inode, bytes.get(..taken).unwrap_or(bytes), position(offset)?)?;
            Ok(taken)
        })
    }

    fn truncate(&self, length: u64) -> Result<()> {
        self.disk.call(Call::Truncate, &self.path, &format!(" to {length}"), |state| {
            state.tree.truncate(self.inode, position(length)?)
        })
    }

    fn size(&self) -> Result<Size> {
        self.disk.call(Call::Size, &self.path, "", |state| {
            let length = state.tree.file(self.inode)?.content().len() as u64;
            Ok(Size { length, names: state.tree.names().count(self.inode) as u64 })
        })
    }

    fn sync_data(&self) -> Result<()> {
        self.disk.sync(Call::SyncData, &self.path, |_| Ok(Extent::Data(self.inode)))
    }
}

/// A lock that is held.
#[derive(Debug)]
struct Lock {
    disk: Simulated,
    path: String,
    inode: Inode,
}

fn own((cells, inode): (Arc<[AtomicU64]>, Inode)) -> Board {
    Board::own(cells, FileId::own(inode))
}

impl State {
    /// The numbers that are shared by a file.
    fn board(&mut self, inode: Inode) -> Arc<[AtomicU64]> {
        let cells = self.boards.entry(inode);
        Arc::clone(cells.or_insert_with(|| (0..board::CELLS).map(|_| AtomicU64::new(0)).collect()))
    }

    /// Remembers what was shared in memory when the process was killed.
    fn note_kill(&mut self, failure: Failure) {
        if !matches!(failure, Failure::Errno(_)) && self.boards_then.is_none() {
            let numbers = |cells: &Arc<[AtomicU64]>| cells.iter().map(|cell| cell.load(Ordering::Acquire)).collect();
            self.boards_then = Some(self.boards.iter().map(|(inode, cells)| (*inode, numbers(cells))).collect());
        }
    }

    /// Takes a lock, where that can be had.
    fn take(&mut self, inode: Inode, together: bool) -> bool {
        match self.locked.get_mut(&inode) {
            Some(0) => false,
            Some(holders) if together => {
                *holders += 1;
                true
            }
            Some(_) => false,
            None => {
                self.locked.insert(inode, usize::from(together));
                true
            }
        }
    }

    fn give_back(&mut self, inode: Inode) {
        match self.locked.get_mut(&inode) {
            Some(holders) if *holders > 1 => *holders -= 1,
            _ => drop(self.locked.remove(&inode)),
        }
    }
}

impl Held for Lock {
    fn stands(&self) -> bool {
        self.disk.state.lock().tree.find(&self.path) == Ok(Some(self.inode))
    }

    fn share(&mut self) -> Result<()> {
        let mut state = self.disk.state.lock();
        state.give_back(self.inode);
        state.take(self.inode, true);
        Ok(())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.disk.state.lock().give_back(self.inode);
    }
}

/// A lock that is taken and given back.
#[derive(Debug)]
struct SimulatedLatch {
    disk: Simulated,
    inode: Inode,
    is_held: AtomicBool,
}

impl Latch for SimulatedLatch {
    fn lock(&self) -> Result<()> {
        while !self.try_lock()? {
            thread::sleep(Duration::from_micros(100));
        }
        Ok(())
    }

    fn try_lock(&self) -> Result<bool> {
        Ok(self.take(false))
    }

    fn try_lock_together(&self) -> Result<bool> {
        Ok(self.take(true))
    }

    fn unlock(&self) {
        if self.is_held.swap(false, Ordering::AcqRel) {
            self.disk.state.lock().give_back(self.inode);
        }
    }
}

impl SimulatedLatch {
    fn take(&self, together: bool) -> bool {
        let taken = self.is_held.load(Ordering::Acquire) || self.disk.state.lock().take(self.inode, together);
        self.is_held.fetch_or(taken, Ordering::AcqRel);
        taken
    }
}

impl Drop for SimulatedLatch {
    fn drop(&mut self) {
        self.unlock();
    }
}
