//! What is to fail, and what was called.

use std::collections::HashMap;
use std::fmt::Write;

use super::errno::EIO;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `Disk::lock`.
    Lock,
    /// `Disk::list`.
    List,
    /// `Disk::read`.
    Read,
    /// `Disk::kind`.
    Kind,
    /// `Disk::make_folder`.
    MakeFolder,
    /// `Disk::remove_folder`.
    RemoveFolder,
    /// `Disk::create`.
    Create,
    /// `Disk::open`.
    Open,
    /// `Disk::latch_there`, `Disk::board_there`, `Disk::file_id`: nothing can be written then.
    Look,
    /// `Disk::rename`.
    Rename,
    /// `Disk::rename_new`.
    RenameNew,
    /// `Disk::exchange`.
    Exchange,
    /// `Disk::link`.
    Link,
    /// `Disk::remove`.
    Remove,
    /// `Disk::sync_folder`.
    SyncFolder,
    /// `Disk::sync_everything`.
    SyncEverything,
    /// `Handle::write_at`.
    Write,
    /// `Handle::truncate`.
    Truncate,
    /// `Handle::size`.
    Size,
    /// `Handle::sync_data`.
    SyncData,
}

impl Call {
    /// The name that errors carry.
    pub fn syscall(self) -> &'static str {
        match self {
            Self::Lock | Self::Create | Self::Open | Self::Look => "open",
            Self::List => "scandir",
            Self::Read => "read",
            Self::Kind => "lstat",
            Self::MakeFolder => "mkdir",
            Self::RemoveFolder => "rmdir",
            Self::Rename | Self::RenameNew | Self::Exchange => "rename",
            Self::Link => "link",
            Self::Remove => "unlink",
            Self::SyncFolder => "fsync",
            Self::SyncEverything => "syncfs",
            Self::Write => "write",
            Self::Truncate => "ftruncate",
            Self::Size => "fstat",
            Self::SyncData => "fdatasync",
        }
    }
}

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// That call only.
    Once,
    /// That call and all after it.
    Sticky,
}

/// How a call fails before it does anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The system says no.
    Errno(i32),
    /// There is no process any more that could call.
    Stopped,
}

impl Failure {
    pub fn errno(self) -> i32 {
        match self {
            Self::Errno(errno) => errno,
            Self::Stopped => EIO,
        }
    }
}

#[derive(Debug)]
struct Fault {
    kind: Option<Call>,
    at: usize,
    errno: i32,
    times: Times,
}

/// The plan and the log.
#[derive(Debug, Default)]
pub struct Faults {
    title: String,
    planned: Vec<Fault>,
    stop_at: Option<usize>,
    is_short: bool,
    counts: HashMap<Call, usize>,
    log: Vec<(Call, String, Option<i32>)>,
}

impl Faults {
    pub fn fail(&mut self, kind: Option<Call>, at: usize, errno: i32, times: Times) {
        self.planned.push(Fault { kind, at, errno, times });
    }

    pub fn stop_at(&mut self, call: usize) {
        self.stop_at = Some(call);
    }

    pub fn write_short(&mut self) {
        self.is_short = true;
    }

    pub fn heal(&mut self) {
        self.planned.clear();
        self.stop_at = None;
        self.is_short = false;
    }

    /// How many of so many bytes a write takes.
    pub fn taken(&self, bytes: usize) -> usize {
        if self.is_short { bytes.div_ceil(2) } else { bytes }
    }

    /// Counts a call, and tells how it fails before it does anything.
    pub fn enter(&mut self, call: Call, what: String) -> Option<Failure> {
        self.log.push((call, what, None));
        *self.counts.entry(call).or_default() += 1;
        let (all, of_kind) = (self.calls(), self.calls_of(call));
        if self.stop_at.is_some_and(|at| all >= at) {
            return Some(Failure::Stopped);
        }
        let strikes = |fault: &&Fault| {
            let number = if fault.kind.is_none() { all } else { of_kind };
            fault.kind.is_none_or(|kind| kind == call)
                && (number == fault.at || number > fault.at && fault.times == Times::Sticky)
        };
        self.planned.iter().find(strikes).map(|fault| Failure::Errno(fault.errno))
    }

    /// Notes that the call entered last has failed.
    pub fn note_failure(&mut self, errno: i32) {
        if let Some((_, _, failure)) = self.log.last_mut() {
            *failure = Some(errno);
        }
    }

    pub fn calls(&self) -> usize {
        self.log.len()
    }

    pub fn calls_of(&self, kind: Call) -> usize {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// What the log says before the first call.
    pub fn begin_with(&mut self, title: &str) {
        title.clone_into(&mut self.title);
    }

    pub fn log(&self) -> String {
        let mut text = if self.title.is_empty() { String::new() } else { format!("after a cut: {}\n", self.title) };
        for (number, (call, what, failure)) in self.log.iter().enumerate() {
            let _ = write!(text, "{} {call:?} {what}", number + 1);
            let _ = failure.map_or(Ok(()), |errno| write!(text, " => errno {errno}"));
            text.push('\n');
        }
        text
    }
}
