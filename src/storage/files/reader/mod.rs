//! A directory that is read and never written: not a byte of it, and no lock's file.
//!
//! | file | noun |
//! |---|---|
//! | `moment` | [`Moment`]: everything that stands in the directory at one moment |
//! | `latches` | what keeps others from changing it meanwhile, and whether anybody has it open |
//! | `lookout` | [`Lookout`]: whether there is more than memory has |
//!
//! # Rules
//!
//! - Who reads is no opener: nobody waits for his end, counts him, or recovers later because of him. Before and after he reads
//!   all of the files he holds the latches under which others commit and place for as long as it takes to read the journal; in
//!   between only where nobody has the directory open, or the journal was cut meanwhile.
//! - What the journal has and the files have not counts in memory: whole groups, also where whoever had begun them died, because
//!   the next who commits or opens makes them count. Nothing is placed and nothing cut off.
//! - While others have the directory open their commits are followed as they publish them. Where the journal no longer tells
//!   them, or the directory was opened anew (another stamp on the board, or another board), everything is read anew.
//! - While somebody has the directory alone nothing is told, but that (`LOCKED`).
//! - A moment that was read counts only if board and stamp are then as they were before: one that opens the directory alone
//!   takes no latch.
//!
//! Sequences are the journal's, moved up by as many as were given to what was found where everything was read anew: they only
//! rise, as the engine's have to.
//!
//! Not here: what files and journal come to together (`recover`).

mod latches;
mod lookout;
mod moment;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use self::lookout::Lookout;
use self::moment::Moment;
use super::Mount;
use super::commit::{not_loaded, refuse};
use super::definitions::{self, Found};
use super::load::corrupt;
use crate::collator::Collation;
use crate::disk::{Disk, System};
use crate::error::{Error, ErrorKind, Result};
use crate::journal::{self, Follower, Until};
use crate::storage::{
    Capabilities, Change, Foreign, Group, Loaded, Others, Outcome, Place, Position, Sequence, Storage, Watcher,
};

/// The driver that only reads.
pub struct Reader {
    mount: Mount,
    collation: Option<Collation>,
    watcher: Watcher,
    open: Option<Open>,
}

/// A directory that is being followed.
struct Open {
    disk: Arc<dyn Disk>,
    collation: Collation,
    lookout: Arc<Lookout>,
    follower: Follower,
    /// Which definitions memory has.
    definitions: u64,
    /// The last sequence that was told, and what of it is not the journal's.
    last: Sequence,
    moved: Sequence,
    /// Memory has no more documents than these.
    most: u64,
}

impl Reader {
    /// A driver for a directory that is opened now, and has to be there; and which one it is. `collation` is the order of keys
    /// that it has to be in, `watcher` hears how far the load is.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn mount(directory: &Path, collation: Option<Collation>, watcher: Watcher) -> Result<(Place, Self)> {
        let disk = Arc::new(System::attach(directory)?);
        let place = disk.place()?;
        Ok((place, Self::on(Box::new(move || Ok(Arc::clone(&disk) as Arc<dyn Disk>)), collation, watcher)))
    }

    pub(super) fn on(mount: Mount, collation: Option<Collation>, watcher: Watcher) -> Self {
        Self { mount, collation, watcher, open: None }
    }
}

impl Open {
    fn new(disk: Arc<dyn Disk>, moment: Moment) -> (Self, Loaded) {
        let Moment { documents, collation, text, findings, follower, seen, definitions } = moment;
        let count = documents.len() as u64;
        let last = follower.last().max(count);
        let open = Self {
            lookout: Arc::new(Lookout::new(Arc::clone(&disk), seen)),
            disk,
            collation: collation.clone(),
            definitions,
            last,
            moved: last - follower.last(),
            most: count,
            follower,
        };
        let position = Position { epoch: open.follower.epoch(), sequence: last };
        (open, Loaded { documents, position, collation, definitions: text, findings })
    }

    /// What others committed and published.
    fn follow(&mut self) -> Result<Foreign> {
        if self.lookout.is_as_it_was()?
            && let Some(foreign) = self.read_on()?
        {
            return Ok(foreign);
        }
        self.refresh()
    }

    /// What was appended to the journal; `None` where it no longer tells.
    fn read_on(&mut self) -> Result<Option<Foreign>> {
        let Some(published) = self.lookout.published() else { return Ok(Some(Foreign::default())) };
        let text =
            (published.definitions != self.definitions).then(|| definitions_of(self.disk.as_ref())).transpose()?;
        let changes = if published.is_more {
            let Some(changes) = self.follower.follow(Until::Published(published.end))? else { return Ok(None) };
            changes
        } else {
            Vec::new()
        };
        self.definitions = published.definitions;
        self.last = self.last.max(self.follower.last() + self.moved);
        self.most += changes.len() as u64;
        self.lookout.will_have(published.end);
        let moved = self.moved;
        let change =
            |journal::Change { sequence, key, document, .. }| Change { sequence: sequence + moved, key, document };
        let changes = changes.into_iter().map(change).collect();
        Ok(Some(Foreign { changes, everything: None, definitions: text, last: Some(self.last) }))
    }

    /// Everything, read anew.
    fn refresh(&mut self) -> Result<Foreign> {
        // Until that has succeeded nothing is answered that may be over.
        self.lookout.lose();
        self.lookout.check_root()?;
        let moment = moment::read(&self.disk, Some(&self.collation), &Watcher::default())?;
        let Moment { documents, text, follower, seen, definitions, .. } = moment;
        // Whatever came, went or changed has a sequence of its own.
        let count = documents.len() as u64;
        self.last = (self.last + self.most + count).max(follower.last());
        (self.moved, self.most) = (self.last - follower.last(), count);
        (self.follower, self.definitions) = (follower, definitions);
        self.lookout.will_see(seen);
        Ok(Foreign { changes: Vec::new(), everything: Some(documents), definitions: Some(text), last: Some(self.last) })
    }
}

fn definitions_of(disk: &dyn Disk) -> Result<String> {
    match definitions::read(disk)? {
        Found::Text(text) => Ok(text),
        Found::Bad(bad) => Err(corrupt(vec![bad])),
    }
}

fn read_only() -> Error {
    Error::new(ErrorKind::ReadOnly, "the datastore was opened with 'readOnly: true': nothing is written")
}

impl Storage for Reader {
    fn capabilities(&self) -> Capabilities {
        Capabilities { durable: true, group_limit: usize::MAX, exclusive: false }
    }

    fn load(&mut self) -> Result<Loaded> {
        self.open = None;
        let disk = (self.mount)()?;
        let moment = moment::read(&disk, self.collation.as_ref(), &self.watcher)?;
        let (open, loaded) = Open::new(disk, moment);
        self.open = Some(open);
        Ok(loaded)
    }

    fn others(&self) -> Option<Arc<dyn Others>> {
        self.open.as_ref().map(|open| Arc::clone(&open.lookout) as Arc<dyn Others>)
    }

    /// Nobody is kept from committing: who asks wants to know what was committed before.
    fn begin(&mut self) -> Result<Foreign> {
        self.follow()
    }

    fn follow(&mut self) -> Result<Foreign> {
        self.open.as_mut().map_or_else(|| Err(not_loaded()), Open::follow)
    }

    fn last(&self) -> Sequence {
        self.open.as_ref().map_or(0, |open| open.last)
    }

    fn commit(&mut self, groups: &[Group]) -> Vec<Outcome> {
        refuse(groups, &read_only())
    }

    fn save_definitions(&mut self, _: &str) -> Result<()> {
        Err(read_only())
    }

    fn close(&mut self) -> Result<()> {
        self.abandon();
        Ok(())
    }

    fn abandon(&mut self) {
        self.open = None;
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("collation", &self.collation).finish_non_exhaustive()
    }
}
