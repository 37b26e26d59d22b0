//! A driver that fails where a test says so.
//!
//! [`Faulty`] wraps any other driver and hands everything through but for what its [`Faults`] ask for. Groups and
//! commits are counted from 1 over the life of the value. A group that is told to fail never reaches the driver
//! inside.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use parking_lot::Mutex;

use super::{Capabilities, Group, Keeper, KeeperStats, Loaded, Outcome, Sequence, Storage};
use crate::error::{Error, ErrorKind, Result};

/// The disk is full.
pub const ENOSPC: i32 = 28;
/// The disk is broken.
pub const EIO: i32 = 5;

/// A call that reached the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A load.
    Load,
    /// A commit of so many groups.
    Commit(usize),
    /// Definitions to be kept.
    Save,
    /// The keeper, now and then.
    Tend,
    /// The keeper, when asked.
    Flush,
    /// A close.
    Close,
    /// The other way to end.
    Abandon,
}

/// What is to go wrong, and what was called. A clone is the same plan.
#[derive(Clone, Default)]
pub struct Faults {
    plan: Arc<Mutex<Plan>>,
}

#[derive(Default)]
struct Plan {
    groups: HashMap<usize, Fault>,
    sticky: Option<(usize, i32)>,
    panic_at_commit: Option<usize>,
    load: Option<Fault>,
    sync: Option<Fault>,
    close: Option<Fault>,
    definitions: Option<Fault>,
    pressed: bool,
    behind: usize,
    synced: Sequence,
    hold_load: Option<Stop>,
    hold_commit: Option<Stop>,
    hold_sync: Option<Stop>,
    groups_seen: usize,
    commits_seen: usize,
    calls: Vec<Call>,
}

#[derive(Clone, Copy)]
enum Fault {
    Errno(i32),
    Poison(i32),
    Conflict(Option<u64>),
    Panic,
}

struct Stop {
    arrived: Sender<()>,
    go_on: Receiver<()>,
}

/// A call that is held up. Dropping it lets the call go on.
pub struct Hold {
    arrived: Receiver<()>,
    _go_on: Sender<()>,
}

impl Hold {
    /// Returns when the call has arrived.
    pub fn wait(&self) {
        self.arrived.recv_timeout(Duration::from_secs(30)).expect("the call");
    }
}

impl Faults {
    /// The n-th group fails, once.
    pub fn fail_group(&self, group: usize, errno: i32) {
        self.plan.lock().groups.insert(group, Fault::Errno(errno));
    }

    /// The n-th group and all that follow fail.
    pub fn fail_from_group(&self, group: usize, errno: i32) {
        self.plan.lock().sticky = Some((group, errno));
    }

    /// Groups no longer fail.
    pub fn heal_groups(&self) {
        self.plan.lock().groups.clear();
    }

    /// The n-th group meets somebody else's revision.
    pub fn conflict_at_group(&self, group: usize, actual: Option<u64>) {
        self.plan.lock().groups.insert(group, Fault::Conflict(actual));
    }

    /// The n-th commit panics before it stores anything.
    pub fn panic_at_commit(&self, commit: usize) {
        self.plan.lock().panic_at_commit = Some(commit);
    }

    /// The n-th group fails, and leaves the storage in doubt.
    pub fn poison_at_group(&self, group: usize, errno: i32) {
        self.plan.lock().groups.insert(group, Fault::Poison(errno));
    }

    /// Definitions cannot be saved, once.
    pub fn fail_definitions(&self, errno: i32) {
        self.plan.lock().definitions = Some(Fault::Errno(errno));
    }

    /// Definitions cannot be saved, which leaves the storage in doubt.
    pub fn poison_definitions(&self, errno: i32) {
        self.plan.lock().definitions = Some(Fault::Poison(errno));
    }

    /// The close fails, once, after the driver inside has closed.
    pub fn fail_close(&self, errno: i32) {
        self.plan.lock().close = Some(Fault::Errno(errno));
    }

    /// The close panics, once.
    pub fn panic_in_close(&self) {
        self.plan.lock().close = Some(Fault::Panic);
    }

    /// The next load fails, once, before it reaches the driver inside.
    pub fn fail_load(&self, errno: i32) {
        self.plan.lock().load = Some(Fault::Errno(errno));
    }

    /// The next load panics, once, after the driver inside has loaded.
    pub fn panic_in_load(&self) {
        self.plan.lock().load = Some(Fault::Panic);
    }

    /// The keeper is hindered at everything it does.
    pub fn fail_sync(&self, errno: i32) {
        self.plan.lock().sync = Some(Fault::Errno(errno));
    }

    /// The keeper fails at everything it does, and leaves the storage in doubt.
    pub fn poison_sync(&self, errno: i32) {
        self.plan.lock().sync = Some(Fault::Poison(errno));
    }

    /// The keeper panics at everything it does.
    pub fn panic_in_sync(&self) {
        self.plan.lock().sync = Some(Fault::Panic);
    }

    /// The keeper works again.
    pub fn heal_sync(&self) {
        self.plan.lock().sync = None;
    }

    /// The keeper is pressed, until it has done something.
    pub fn press(&self) {
        self.plan.lock().pressed = true;
    }

    /// Commits up to this one survive a power cut.
    pub fn sync_through(&self, sequence: Sequence) {
        self.plan.lock().synced = sequence;
    }

    /// So many files are behind, until they are flushed.
    pub fn leave_behind(&self, files: usize) {
        self.plan.lock().behind = files;
    }

    /// The next load waits for the test.
    pub fn hold_load(&self) -> Hold {
        let (stop, hold) = hold();
        self.plan.lock().hold_load = Some(stop);
        hold
    }

    /// The next commit waits for the test.
    pub fn hold_commit(&self) -> Hold {
        let (stop, hold) = hold();
        self.plan.lock().hold_commit = Some(stop);
        hold
    }

    /// What the keeper does next waits for the test.
    pub fn hold_sync(&self) -> Hold {
        let (stop, hold) = hold();
        self.plan.lock().hold_sync = Some(stop);
        hold
    }

    /// What was called, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.plan.lock().calls.clone()
    }

    fn note(&self, call: Call) {
        self.plan.lock().calls.push(call);
    }

    /// What is to become of the next group; `None` where it is stored.
    fn next_group(&self, group: &Group) -> Option<Outcome> {
        let mut plan = self.plan.lock();
        plan.groups_seen += 1;
        let number = plan.groups_seen;
        let sticky = plan.sticky.filter(|(from, _)| number >= *from).map(|(_, errno)| Fault::Errno(errno));
        match plan.groups.remove(&number).or(sticky)? {
            Fault::Errno(errno) => Some(Outcome::Failed(error("write", errno))),
            Fault::Poison(errno) => Some(Outcome::Failed(poison("fdatasync", errno))),
            Fault::Conflict(actual) => Some(Outcome::Conflict { key: group.entries[0].key.clone(), actual }),
            Fault::Panic => panic!("as planned"),
        }
    }
}

/// The driver.
pub struct Faulty {
    inner: Box<dyn Storage>,
    faults: Faults,
}

impl Faulty {
    /// `inner`, with these faults.
    #[must_use]
    pub fn new(inner: impl Storage + 'static, faults: &Faults) -> Self {
        Self { inner: Box::new(inner), faults: faults.clone() }
    }
}

impl Storage for Faulty {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn load(&mut self) -> Result<Loaded> {
        self.faults.note(Call::Load);
        let (stop, fault) = {
            let mut plan = self.faults.plan.lock();
            (plan.hold_load.take(), plan.load.take())
        };
        wait(stop);
        if let Some(Fault::Errno(errno)) = fault {
            return Err(error("open", errno));
        }
        let loaded = self.inner.load();
        assert!(fault.is_none(), "as planned");
        loaded
    }

    fn commit(&mut self, groups: &[Group]) -> Vec<Outcome> {
        self.faults.note(Call::Commit(groups.len()));
        let (stop, panics) = {
            let mut plan = self.faults.plan.lock();
            plan.commits_seen += 1;
            (plan.hold_commit.take(), plan.panic_at_commit == Some(plan.commits_seen))
        };
        wait(stop);
        assert!(!panics, "as planned");
        let one = |group: &Group| {
            self.faults
                .next_group(group)
                .unwrap_or_else(|| self.inner.commit(std::slice::from_ref(group)).pop().expect("an outcome a group"))
        };
        groups.iter().map(one).collect()
    }

    fn save_definitions(&mut self, text: &str) -> Result<()> {
        self.faults.note(Call::Save);
        let fault = self.faults.plan.lock().definitions.take();
        match fault {
            None => self.inner.save_definitions(text),
            Some(Fault::Errno(errno)) => Err(error("write", errno)),
            Some(Fault::Poison(errno)) => Err(poison("fsync", errno)),
            Some(_) => panic!("as planned"),
        }
    }

    fn keeper(&self) -> Option<Arc<dyn Keeper>> {
        Some(Arc::new(FaultyKeeper { faults: self.faults.clone() }))
    }

    fn close(&mut self) -> Result<()> {
        self.faults.note(Call::Close);
        let closed = self.inner.close();
        let fault = self.faults.plan.lock().close.take();
        match fault {
            None => closed,
            Some(Fault::Errno(errno)) => Err(error("fsync", errno)),
            Some(_) => panic!("as planned"),
        }
    }

    fn abandon(&mut self) {
        self.faults.note(Call::Abandon);
        self.inner.abandon();
    }
}

/// Syncs nothing, because a real sync waits for whatever else is being written on the machine.
struct FaultyKeeper {
    faults: Faults,
}

impl FaultyKeeper {
    fn work(&self, call: Call) -> Result<()> {
        self.faults.note(call);
        let (stop, fault) = {
            let mut plan = self.faults.plan.lock();
            plan.pressed = false;
            (plan.hold_sync.take(), plan.sync)
        };
        wait(stop);
        match fault {
            None => Ok(()),
            Some(Fault::Errno(errno)) => Err(error("syncfs", errno)),
            Some(Fault::Poison(errno)) => Err(poison("syncfs", errno)),
            Some(_) => panic!("as planned"),
        }
    }
}

impl Keeper for FaultyKeeper {
    fn tend(&self) -> Result<()> {
        self.work(Call::Tend)
    }

    fn flush(&self) -> Result<()> {
        self.work(Call::Flush)?;
        self.faults.plan.lock().behind = 0;
        Ok(())
    }

    fn is_pressed(&self) -> bool {
        self.faults.plan.lock().pressed
    }

    fn has_work(&self) -> bool {
        self.faults.plan.lock().behind > 0
    }

    fn stats(&self) -> KeeperStats {
        let plan = self.faults.plan.lock();
        KeeperStats { synced: plan.synced, files_behind: plan.behind, ..KeeperStats::default() }
    }
}

fn error(syscall: &'static str, errno: i32) -> Error {
    Error::storage(syscall, Path::new("/planned"), io::Error::from_raw_os_error(errno))
}

/// The same, as of a sync that failed.
fn poison(syscall: &'static str, errno: i32) -> Error {
    Error::new(ErrorKind::Poisoned, "the storage is in doubt").with_source(error(syscall, errno))
}

fn hold() -> (Stop, Hold) {
    let (arrived, arrival) = channel();
    let (release, go_on) = channel();
    (Stop { arrived, go_on }, Hold { arrived: arrival, _go_on: release })
}

/// Tells that it has arrived, and waits until the hold is dropped.
fn wait(stop: Option<Stop>) {
    if let Some(stop) = stop {
        let _ = stop.arrived.send(());
        let _ = stop.go_on.recv();
    }
}
