//! A disk in memory, which fails, is killed and loses power where a test says so.
//!
//! | file | noun |
//! |---|---|
//! | `calls` | what the traits ask for, counted and failing as planned |
//! | `tree` | files and folders as Linux has them, with its error numbers |
//! | `names` | names: as they are, as they are durable, and the changes between |
//! | `file` | bytes: as they are, as they are durable, and the sectors between |
//! | `cut` | the disks that a power cut may leave |
//! | `faults` | what is to fail, what was called |
//! | `errno` | the system's error numbers |
//! | `dice` | chance that repeats |
//!
//! ```text
//! let disk = Simulated::new();
//! disk.fail_kind_at(Call::SyncData, 2, EIO, Times::Sticky);    // faults: until `heal`
//! disk.stop_at(17);                                            // kill -9 before the 17th call
//! let after_the_kill = disk.crash();                           // nothing written is lost
//! for disk in disk.states_after_cut(seed, 200) { ... }         // power is lost at this moment
//! ```
//!
//! # Invariants
//!
//! - The model is harsher than any one file system, never milder: what `disk` says about a power cut is all that
//!   holds. A sync of a file says nothing about its name; names that do not touch may survive in any order.
//! - The same calls and the same seed give the same states, in the same order.
//! - [`Simulated::crash`] and [`Simulated::states_after_cut`] give disks of their own: whoever still holds the old one
//!   changes nothing in them.
//! - The conveniences (`put`, `get`, ...) neither count as calls nor fail.
//!
//! Not here: symbolic links, permissions, what a full disk does by itself.

mod calls;
mod cut;
mod dice;
pub mod errno;
mod faults;
mod file;
mod names;
#[cfg(test)]
mod test;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use self::cut::States;
use self::dice::Dice;
use self::faults::Faults;
use self::names::Inode;
use self::tree::Tree;

pub use self::faults::{Call, Times};

/// The disk. A clone is the same disk.
#[derive(Clone, Debug)]
pub struct Simulated {
    state: Arc<Mutex<State>>,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
}

/// What is to happen during a call.
struct Meanwhile {
    during: Call,
    /// Of this path alone, where it is said.
    path: Option<String>,
    act: Box<dyn FnOnce() + Send>,
}

impl fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meanwhile").field("during", &self.during).finish_non_exhaustive()
    }
}

/// What a disk can do, and what a test can take from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ability {
    /// Without: `exchange` fails with `ENOTSUP`.
    Exchange,
    /// Without: `link` fails with `EPERM`.
    Link,
    /// Without: `rename_new` replaces what is there.
    RenameNew,
    /// Without: `sync_everything` fails with `UNSUPPORTED`.
    SyncEverything,
    /// Without: it says that it is on another machine.
    Local,
}

#[derive(Debug)]
struct State {
    tree: Tree,
    faults: Faults,
    /// The files on which somebody holds a lock: how many together, or 0 for one alone.
    locked: BTreeMap<Inode, usize>,
    /// The numbers that processes share, by their files.
    boards: BTreeMap<Inode, Arc<[AtomicU64]>>,
    /// What these were when the process was killed: what it does to them afterwards did not happen.
    boards_then: Option<Vec<(Inode, Vec<u64>)>>,
    lacks: BTreeSet<Ability>,
    boot: u64,
}

impl Simulated {
    /// An empty disk that can do everything.
    pub fn new() -> Self {
        Self::without(&[])
    }

    /// An empty disk that lacks some abilities.
    pub fn without(abilities: &[Ability]) -> Self {
        Self::made_of(Tree::default(), abilities.iter().copied().collect(), 1)
    }

    fn made_of(tree: Tree, lacks: BTreeSet<Ability>, boot: u64) -> Self {
        let state = State {
            tree,
            faults: Faults::default(),
            locked: BTreeMap::new(),
            boards: BTreeMap::new(),
            boards_then: None,
            lacks,
            boot,
        };
        Self { state: Arc::new(Mutex::new(state)), meanwhile: Arc::default() }
    }

    /// The n-th call, counted from 1 over the life of the disk, fails without effect; when sticky, so do all after it.
    /// A sync that fails drops what it covered: that stays visible, and no later sync makes it durable, until it is
    /// written again.
    pub fn fail_at(&self, call: usize, errno: i32, times: Times) {
        self.state.lock().faults.fail(None, call, errno, times);
    }

    /// As [`fail_at`](Self::fail_at), counting only calls of that kind.
    pub fn fail_kind_at(&self, kind: Call, call: usize, errno: i32, times: Times) {
        self.state.lock().faults.fail(Some(kind), call, errno, times);
    }

    /// The n-th call and all after it do nothing and fail with `EIO`: the process was killed just before. Nothing is
    /// dropped by a sync that does not happen.
    pub fn stop_at(&self, call: usize) {
        self.state.lock().faults.stop_at(call);
    }

    /// From now on a write takes half of its bytes, rounded up, and says so.
    pub fn write_short(&self) {
        self.state.lock().faults.write_short();
    }

    /// Does something while the next sync of that kind runs, in its thread: after what the sync covers was settled, before
    /// it returns.
    pub fn meanwhile(&self, during: Call, act: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock() = Some(Meanwhile { during, path: None, act: Box::new(act) });
    }

    /// Does something when a file has next been read, in the thread that reads it.
    pub fn when_read(&self, path: &str, act: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock() =
            Some(Meanwhile { during: Call::Read, path: Some(path.to_owned()), act: Box::new(act) });
    }

    /// Takes back what was to be done meanwhile.
    pub fn forget_meanwhile(&self) {
        *self.meanwhile.lock() = None;
    }

    /// Nothing fails from now on, and writes are whole. Processes that share the disk with the one that was killed go on.
    pub fn heal(&self) {
        let mut state = self.state.lock();
        state.faults.heal();
        for (inode, numbers) in state.boards_then.take().unwrap_or_default() {
            let cells = state.boards.get(&inode).into_iter().flat_map(|cells| cells.iter());
            cells.zip(numbers).for_each(|(cell, number)| cell.store(number, Ordering::Release));
        }
    }

    /// How many calls were made.
    pub fn calls(&self) -> usize {
        self.state.lock().faults.calls()
    }

    /// How many calls of one kind were made.
    pub fn calls_of(&self, kind: Call) -> usize {
        self.state.lock().faults.calls_of(kind)
    }

    /// Every call with its number, path and failure, a line each; in a disk after a cut, first what survived it.
    pub fn log(&self) -> String {
        self.state.lock().faults.log()
    }

    /// The disk as the next process finds it after this one was killed: everything written is there, synced or not; no
    /// lock is held, no fault is planned, nothing is counted. The same boot.
    pub fn crash(&self) -> Self {
        let state = self.state.lock();
        Self::made_of(state.tree.clone(), state.lacks.clone(), state.boot)
    }

    /// Disks that a power cut may leave, all different: each of another boot, with everything durable. First those
    /// which are easiest to get wrong, all of them; then some by chance until there are `most`.
    ///
    /// The first are: of names all, none, or one single change with what it needs; of bytes all, none, or zeros; of
    /// the file that was appended to last, each sector missing and each prefix.
    pub fn states_after_cut(&self, seed: u64, most: usize) -> impl Iterator<Item = Self> + use<> {
        let state = self.state.lock();
        let (lacks, boot) = (state.lacks.clone(), state.boot + 1);
        States::new(state.tree.clone(), Dice::new(seed), most).map(move |(title, tree)| {
            let disk = Self::made_of(tree, lacks.clone(), boot);
            disk.state.lock().faults.begin_with(&title);
            disk
        })
    }

    /// Makes a file with this content, and the folders above it, or changes the one that is there. Durable at once.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        self.state.lock().tree.put(path, bytes).expect("a path for a file");
    }

    /// A file's content; `None` where no file is.
    pub fn get(&self, path: &str) -> Option<Vec<u8>> {
        let state = self.state.lock();
        let inode = state.tree.existing(path).ok()?;
        state.tree.file(inode).map(|file| file.content().to_vec()).ok()
    }

    /// The names in a folder, in order; none where no folder is.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let state = self.state.lock();
        let Ok(inode) = state.tree.existing(folder) else { return Vec::new() };
        state.tree.names().within(inode).map(|(name, _)| name.to_owned()).collect()
    }

    /// All files with their content, by path.
    pub fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.state.lock();
        let files = state.tree.walk().into_iter();
        files.filter_map(|(path, inode)| Some((path, state.tree.file(inode).ok()?.content().to_vec()))).collect()
    }
}
