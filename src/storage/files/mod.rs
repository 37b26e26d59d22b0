//! Documents as files: one readable JSON file each, named by `encodeURIComponent` of its key, and a journal.
//!
//! ```text
//! user%3A123.json
//! {
//!     "_rev": 2,
//!     "name": "John Doe"
//! }
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `layout` | where things lie |
//! | `load`, `join` | opening a directory, in which order: first, or beside others |
//! | `scan`, `read` | what lies there, and what it says |
//! | `recover` | what the journal makes up for |
//! | `commit` | how groups become files |
//! | `place` | one document's file, put in place or taken away |
//! | `spare` | files that are used again |
//! | `backlog` | documents whose files follow later |
//! | `shared` | what committer and keeper share |
//! | `link`, `together` | what processes share that have the directory open |
//! | `reader` | a directory that is only read |
//! | `watch` | noticing that files change |
//! | `outside`, `edits` | what others write into files; documents made of that, whose files are left as they are |
//! | `keep` | syncing, recycling, checkpoints |
//! | `verify` | whether a directory is in order |
//! | `format`, `definitions` | small files of ours |
//! | `backup` | copies of a moment, and data directories made of them |
//! | `replace` | one of them, replaced as a whole |
//! | `collision`, `folders`, `quarantine` | what their names say |
//!
//! # Invariants
//!
//! - A document's file is replaced in one step, so it is never seen half written.
//! - Names are the [canonical form](crate::key::file_name::canonical) of a key. A file in the original's form is
//!   read, and replaced by ours with the first write of its document.
//! - Only regular files with such a name are touched. Everything else is left alone and reported.
//! - Everything of ours that is no document lies in `.datastore/`.
//! - Journal first, then the file. What the journal has, a load can make up for; what it does not have yet, the file
//!   that was displaced still holds.

pub mod backup;
pub mod layout;

mod backlog;
mod collision;
mod commit;
mod definitions;
mod edits;
mod folders;
mod format;
mod join;
mod keep;
mod link;
mod load;
mod outside;
mod place;
mod quarantine;
mod read;
mod reader;
mod recover;
mod replace;
mod scan;
mod shared;
mod spare;
#[cfg(test)]
mod test;
mod together;
mod verify;
mod watch;

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::collision::Names;
use self::folders::make_folder;
use self::layout::{JOURNAL, LOCK, PRIVATE, TEMPORARY};
use self::place::Placer;
use self::shared::{Limits, Shared, note_failure};
use self::watch::Watch;
use super::{
    Capabilities, Foreign, Group, Keeper, Loaded, Notices, Others, Outcome, Outside, Place, Sequence, Storage, Watcher,
};
use crate::collator::Collation;
use crate::disk::{Disk, Held, System};
use crate::error::{ErrorKind, Result};
use crate::journal;
use crate::key::Key;

pub use self::reader::Reader;
pub use self::verify::{Verdict, verify};
pub use crate::journal::Placing;

/// What to do with files that have a document's name but are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnCorrupt {
    /// Refuse to load, and name every one of them.
    #[default]
    Error,
    /// Move them to `.datastore/quarantine/` and load the rest.
    Quarantine,
    /// And with them what of our own files is damaged, though acknowledged writes may be lost with it: the journal, after
    /// which the files count, and the format, with which the order of keys is forgotten.
    Salvage,
}

/// How a directory is kept.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What to do with bad files.
    pub on_corrupt: OnCorrupt,
    /// When files are placed.
    pub placing: Placing,
    /// The order of keys that the directory has to be in, or gets if it is new; `None` takes it as it is.
    pub collation: Option<Collation>,
    /// Hears how far a load is.
    pub watcher: Watcher,
    /// Whether other processes may open it, too.
    pub shares: bool,
    /// Whether files that others change are noticed.
    pub watch: bool,
}

/// Mounts the disk that a directory lies on.
type Mount = Box<dyn Fn() -> Result<Arc<dyn Disk>> + Send>;

/// The driver that keeps one file per document.
pub struct Files {
    mount: Mount,
    options: Options,
    /// How to find out whether the file system tells case.
    probe: fn(&dyn Disk) -> Result<Names>,
    limits: Limits,
    open: Option<Open>,
    watch: Option<Arc<Watch>>,
}

/// An open directory, and what only the committer needs.
#[derive(Debug)]
struct Open {
    shared: Arc<Shared>,
    epoch: u64,
    placer: Placer,
    names: Names,
    /// What its format names.
    collation: Collation,
    /// Documents whose file still has the name that the original gave it.
    plain: HashSet<Key>,
    /// The definitions that were saved last; `None` where there never were any.
    definitions: Option<String>,
    /// The lock was taken again, and the journal has not begun anew yet.
    is_uprooted: bool,
    /// What others committed that was taken from the journal, and that memory was not told of yet.
    untold: Vec<journal::Change>,
    /// The journal is further than memory by more than `untold`.
    is_lost: bool,
    /// The last to be given back.
    lock: Box<dyn Held>,
}

impl Files {
    /// A driver for `directory`; nothing is touched before [`Storage::load`].
    #[must_use]
    pub fn new(directory: PathBuf, options: Options) -> Self {
        let mount = move || System::mount(&directory).map(|disk| Arc::new(disk) as Arc<dyn Disk>);
        Self::on(Box::new(mount), options)
    }

    /// A driver for a directory that is opened now, and created where it is missing; and which one it is.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn mount(directory: &Path, options: Options) -> Result<(Place, Self)> {
        let disk = Arc::new(System::mount(directory)?);
        let place = disk.place()?;
        Ok((place, Self::on(Box::new(move || Ok(Arc::clone(&disk) as Arc<dyn Disk>)), options)))
    }

    /// A driver on a simulated disk.
    #[cfg(test)]
    pub(crate) fn simulated(disk: &crate::disk::simulated::Simulated, options: Options) -> Self {
        let disk = disk.clone();
        Self::on(Box::new(move || Ok(Arc::new(disk.clone()) as Arc<dyn Disk>)), options)
    }

    fn on(mount: Mount, options: Options) -> Self {
        Self { mount, options, probe: Names::probe, limits: Limits::default(), open: None, watch: None }
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("options", &self.options).field("open", &self.open).finish_non_exhaustive()
    }
}

impl Open {
    fn new(lock: Box<dyn Held>, shared: Shared, names: Names, collation: &Collation, definitions: &str) -> Self {
        Self {
            lock,
            definitions: (!definitions.is_empty()).then(|| definitions.to_owned()),
            is_uprooted: false,
            untold: Vec::new(),
            is_lost: false,
            collation: collation.clone(),
            epoch: shared.journal.epoch(),
            shared: Arc::new(shared),
            placer: Placer::default(),
            names,
            plain: HashSet::new(),
        }
    }

    /// Takes the lock again where somebody removed its file, because nobody else could find it any more. Refused where
    /// others may have been here meanwhile: memory would no longer be what the files are.
    fn hold(&mut self) -> Result<()> {
        let disk = self.shared.disk.as_ref();
        if !self.lock.stands() {
            if let Some(link) = &self.shared.link {
                link.cut_off()?;
            }
            make_folder(disk, PRIVATE)?;
            self.lock = disk.lock(LOCK, true)?;
            self.is_uprooted = true;
        }
        if self.is_uprooted {
            format::ensure(disk, Some(&self.collation))?;
            if let Some(text) = &self.definitions {
                definitions::write(disk, text)?;
            }
            make_folder(disk, TEMPORARY)?;
            make_folder(disk, JOURNAL)?;
            self.shared.begin_anew()?;
            self.is_uprooted = false;
        }
        Ok(())
    }

    fn save_definitions(&mut self, text: &str) -> Result<()> {
        self.hold()?;
        let disk = Arc::clone(&self.shared.disk);
        match definitions::write(disk.as_ref(), text) {
            Err(error) if self.shared.make_space(&error)? => definitions::write(disk.as_ref(), text)?,
            other => other?,
        }
        self.definitions = Some(text.to_owned());
        if let Some(link) = &self.shared.link {
            link.tell_definitions();
        }
        Ok(())
    }
}

impl Storage for Files {
    fn capabilities(&self) -> Capabilities {
        Capabilities { durable: true, group_limit: usize::MAX, exclusive: !self.options.shares }
    }

    fn load(&mut self) -> Result<Loaded> {
        self.abandon();
        let disk = (self.mount)()?;
        // Before files are read, so that nothing happens in between.
        let watch = if self.options.watch { Some(Arc::new(Watch::start(&disk)?)) } else { None };
        let (open, loaded) = load::load(disk, &self.options, self.limits, self.probe)?;
        (self.open, self.watch) = (Some(open), watch);
        Ok(loaded)
    }

    fn others(&self) -> Option<Arc<dyn Others>> {
        let link = self.open.as_ref()?.shared.link.clone()?;
        Some(link)
    }

    fn outside(&self) -> Option<Arc<dyn Outside>> {
        self.open.as_ref().map(|open| Arc::clone(&open.shared) as Arc<dyn Outside>)
    }

    fn begin(&mut self) -> Result<Foreign> {
        self.open.as_mut().map_or_else(|| Err(commit::not_loaded()), Open::begin)
    }

    fn end(&mut self) {
        if let Some(open) = &mut self.open {
            open.end();
        }
    }

    fn follow(&mut self) -> Result<Foreign> {
        self.open.as_mut().map_or_else(|| Err(commit::not_loaded()), Open::follow)
    }

    fn last(&self) -> Sequence {
        self.open.as_ref().map_or(0, |open| open.shared.journal.last())
    }

    fn commit(&mut self, groups: &[Group]) -> Vec<Outcome> {
        let outcomes = self.store(groups);
        let failed = outcomes.iter().find_map(|outcome| match outcome {
            Outcome::Failed(error) if error.kind() == ErrorKind::Poisoned => Some(error.clone()),
            _ => None,
        });
        if let (Some(open), Some(error)) = (&self.open, failed) {
            if let Some(link) = &open.shared.link {
                link.poison();
            }
            note_failure::<()>(open.shared.disk.as_ref(), &Err(error));
        }
        outcomes
    }

    fn save_definitions(&mut self, text: &str) -> Result<()> {
        let Some(open) = &mut self.open else { return Err(commit::not_loaded()) };
        let saved = open.save_definitions(text);
        note_failure(open.shared.disk.as_ref(), &saved);
        saved
    }

    fn keeper(&self) -> Option<Arc<dyn Keeper>> {
        self.open.as_ref().map(|open| Arc::clone(&open.shared) as Arc<dyn Keeper>)
    }

    fn notices(&self) -> Option<Arc<dyn Notices>> {
        self.watch.clone().map(|watch| watch as Arc<dyn Notices>)
    }

    fn close(&mut self) -> Result<()> {
        self.watch = None;
        match self.open.take() {
            Some(open) => {
                let disk = Arc::clone(&open.shared.disk);
                let finished = open.close();
                note_failure(disk.as_ref(), &finished);
                finished
            }
            None => Ok(()),
        }
    }

    fn abandon(&mut self) {
        (self.open, self.watch) = (None, None);
    }
}
