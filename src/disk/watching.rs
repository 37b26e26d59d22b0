//! Noticing that files change, as the operating system tells it.
//!
//! What is told is where something may have changed, and no more: nobody relies on what it was, or on the order.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use parking_lot::Mutex;

use crate::error::{Error, ErrorKind, Result};

/// How long the thread that hears goes on before it sleeps, and how long that is. The system keeps some thousand events.
const AWAKE: Duration = Duration::from_millis(1);
const ASLEEP: Duration = Duration::from_millis(20);

/// What was heard of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    /// Something happened at this path.
    At(&'a str),
    /// This was moved away, with all that is in it.
    Moved(&'a str),
    /// The system could not tell all that happened.
    Lost,
}

/// Hears of files, on a thread of its own. It must not wait.
pub type Hear = Box<dyn Fn(Heard<'_>) + Send>;

/// Folders that are watched, as long as this is there.
pub trait Watching: fmt::Debug + Send + Sync {
    /// Watches the entries of one more folder, and not those of the folders in it.
    ///
    /// # Errors
    ///
    /// The system's: `ENOSPC` where it watches no more folders.
    fn cover(&self, folder: &str) -> Result<()>;
}

/// The operating system's own way.
#[derive(Debug)]
pub(super) struct SystemWatching {
    root: PathBuf,
    /// A mutex, held while a folder is added.
    watcher: Mutex<RecommendedWatcher>,
}

impl SystemWatching {
    /// Nothing is watched below `root` yet.
    ///
    /// # Errors
    ///
    /// The system's: `EMFILE` where it gives out no more of what watches.
    pub fn new(root: &Path, hear: Hear) -> Result<Self> {
        // What is told comes below the path that the system knows it by.
        let root = fs::canonicalize(root).map_err(|cause| Error::storage("realpath", root, cause))?;
        let below = root.clone();
        let mut rest = Rest::default();
        let watcher = notify::recommended_watcher(move |event| {
            rest.now_and_then();
            tell(&below, event, &hear);
        });
        let watcher = watcher.map_err(|error| failed("inotify_init", &root, error))?;
        Ok(Self { root, watcher: Mutex::new(watcher) })
    }
}

/// Lets what happens gather, where much does: a thread that wakes up for every file that a store places would cost as much
/// as the placing.
#[derive(Default)]
struct Rest {
    last: Option<Instant>,
}

impl Rest {
    fn now_and_then(&mut self) {
        if self.last.is_none_or(|last| last.elapsed() >= AWAKE) {
            thread::sleep(ASLEEP);
            self.last = Some(Instant::now());
        }
    }
}

impl Watching for SystemWatching {
    fn cover(&self, folder: &str) -> Result<()> {
        let path = if folder.is_empty() { self.root.clone() } else { self.root.join(folder) };
        let covered = self.watcher.lock().watch(&path, RecursiveMode::NonRecursive);
        covered.map_err(|error| failed("inotify_add_watch", &path, error))
    }
}

fn tell(root: &Path, event: notify::Result<Event>, hear: &Hear) {
    let Ok(event) = event else { return hear(Heard::Lost) };
    if event.need_rescan() {
        return hear(Heard::Lost);
    }
    let is_moved = matches!(event.kind, EventKind::Modify(ModifyKind::Name(RenameMode::From | RenameMode::Any)));
    let is_change = match event.kind {
        // Whoever reads opens and closes, too.
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    };
    if !is_change {
        return;
    }
    for path in &event.paths {
        let Some(relative) = path.strip_prefix(root).ok().and_then(Path::to_str) else { continue };
        let relative = if cfg!(windows) { relative.replace('\\', "/") } else { relative.to_owned() };
        hear(if is_moved { Heard::Moved(&relative) } else { Heard::At(&relative) });
    }
}

/// How many folders may be watched is a setting that the error names.
fn failed(syscall: &'static str, path: &Path, error: notify::Error) -> Error {
    let cause = match error.kind {
        notify::ErrorKind::MaxFilesWatch => io::Error::from_raw_os_error(ENOSPC),
        notify::ErrorKind::PathNotFound => io::Error::from(io::ErrorKind::NotFound),
        notify::ErrorKind::Io(cause) => cause,
        _ => return Error::new(ErrorKind::Storage, format!("the folder cannot be watched: {error}")).with_path(path),
    };
    let hint = match cause.raw_os_error() {
        Some(ENOSPC) => "the system watches no more folders for this user: raise fs.inotify.max_user_watches",
        Some(EMFILE) => {
            "the system gives out no more of what watches, or no more descriptors: raise fs.inotify.max_user_instances, or \
             ulimit -n"
        }
        _ => return Error::storage(syscall, path, cause),
    };
    Error::storage(syscall, path, cause).with_hint(hint)
}

/// No space, which is said of watches, too; and too many open files.
const ENOSPC: i32 = 28;
const EMFILE: i32 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_more_can_be_watched_the_error_names_the_setting() {
        let told = |error| failed("inotify_add_watch", Path::new("/data"), error);
        let error = told(notify::Error::new(notify::ErrorKind::MaxFilesWatch));
        assert_eq!(error.code(), "ENOSPC");
        assert!(error.message().contains("fs.inotify.max_user_watches"), "{error}");
        let error = told(notify::Error::io(io::Error::from_raw_os_error(EMFILE)));
        assert_eq!(error.code(), "EMFILE");
        assert!(error.message().contains("fs.inotify.max_user_instances"), "{error}");
        assert_eq!(error.context().path.as_deref(), Some(Path::new("/data")));
        assert!(told(notify::Error::path_not_found()).is_not_found());
    }

    #[test]
    fn what_reads_is_not_told_and_what_the_system_lost_is() {
        let heard = std::sync::Arc::new(Mutex::new(Vec::new()));
        let hearing = std::sync::Arc::clone(&heard);
        let hear: Hear = Box::new(move |what| hearing.lock().push(format!("{what:?}")));
        let at = |kind, path: &str| Ok(Event::new(kind).add_path(PathBuf::from(path)));
        let root = Path::new("/data");
        tell(root, at(EventKind::Access(AccessKind::Open(AccessMode::Any)), "/data/a.json"), &hear);
        tell(root, at(EventKind::Access(AccessKind::Close(AccessMode::Write)), "/data/a.json"), &hear);
        tell(root, at(EventKind::Modify(ModifyKind::Name(RenameMode::From)), "/data/x%/b.json"), &hear);
        tell(root, at(EventKind::Any, "/elsewhere"), &hear);
        tell(root, Ok(Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan)), &hear);
        tell(root, Err(notify::Error::generic("something")), &hear);
        assert_eq!(*heard.lock(), ["At(\"a.json\")", "Moved(\"x%/b.json\")", "Lost", "Lost"]);
    }
}
