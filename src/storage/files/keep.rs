//! What the keeper of a directory does: syncing, placing what waits, making displaced files ready to be used again, and
//! cutting the journal.

use std::mem;
use std::time::{Duration, Instant};

use parking_lot::MutexGuard;

use super::backlog::Work;
use super::layout::JOURNAL;
use super::place::{Placer, Step};
use super::shared::{Shared, Tending, is_full, note_failure, poisoned};
use super::spare::{self, Displaced, Spare};
use crate::error::{ErrorKind, Result};
use crate::journal::{self, Placing};
use crate::key::Key;
use crate::storage::{Keeper, KeeperStats, Sequence};

/// After so many failures in one go the rest is not tried.
const MOST_FAILURES: usize = 16;
/// So many files of a backlog are placed before others have their turn, for which commits may wait.
const AT_A_TURN: usize = 512;
/// While files are placed, what is committed meanwhile is synced after this time.
const SYNCED_AFTER: Duration = Duration::from_millis(250);

impl Shared {
    /// Places what waits now. Whoever else wants to tend has his turn meanwhile.
    pub(super) fn place_backlog(&self, tending: &mut MutexGuard<'_, Tending>) -> Result<()> {
        self.journal.sync()?;
        let target = self.backlog.lock().through();
        // What was begun before tells of failures that may be over: what it leaves is tried again.
        let mut is_over = tending.work.is_none();
        while self.placed() < target {
            if let Err(error) = self.place_some(tending)
                && (mem::replace(&mut is_over, true) || error.kind() == ErrorKind::Poisoned)
            {
                return Err(error);
            }
            MutexGuard::bump(tending);
        }
        Ok(())
    }

    /// Places some of what waits; its records are synced first. What could not be placed is told where all that was taken out
    /// together has been tried.
    pub(super) fn place_some(&self, tending: &mut Tending) -> Result<()> {
        let mut work = match tending.work.take() {
            Some(work) => work,
            None => self.take_work(tending)?,
        };
        let turn = AT_A_TURN.min(self.limits.at_a_time);
        for _ in 0..turn.min(work.steps.len()) {
            if tending.unrefreshed >= self.limits.at_a_time || tending.refreshed.elapsed() >= SYNCED_AFTER {
                (tending.unrefreshed, tending.refreshed) = (0, Instant::now());
                if let Err(error) = self.refresh(tending) {
                    (work.cause, work.failures) = (Some(error), MOST_FAILURES);
                }
            }
            if work.failures >= MOST_FAILURES {
                break;
            }
            let Some(step) = work.steps.pop_front() else { break };
            tending.unrefreshed += 1;
            self.try_step(&mut tending.placer, &mut work, step);
        }
        if work.failures < MOST_FAILURES && !work.steps.is_empty() {
            tending.work = Some(work);
            return Ok(());
        }
        self.backlog.lock().put_back(work.left.into_iter().chain(work.steps));
        if let Some(error) = work.cause {
            return Err(error);
        }
        if self.placing == Placing::Background {
            self.set_placed(work.through.max(self.placed()));
        }
        Ok(())
    }

    fn take_work(&self, tending: &mut Tending) -> Result<Work> {
        let taken = self.backlog.lock().take();
        if let Err(error) = self.journal.sync() {
            self.backlog.lock().put_back(taken.0.into_values());
            return Err(error);
        }
        (tending.placed, tending.refreshed, tending.unrefreshed) = (Instant::now(), Instant::now(), 0);
        Ok(Work::new(taken))
    }

    fn try_step(&self, placer: &mut Placer, work: &mut Work, mut step: Step) {
        match self.place_one(placer, &step) {
            Ok(()) => self.backlog.lock().placed(&step),
            Err(error) => {
                step.discard(self.disk.as_ref(), self.way);
                step.has_failed = true;
                work.failures += usize::from(step.document.is_some());
                work.cause.get_or_insert_with(|| error.with_key(step.key.to_text()));
                work.left.push(step);
            }
        }
    }

    /// Syncs what was committed meanwhile, and makes clean what was displaced, so that the next files need not be created
    /// and these need not be removed. Fails only for good: what hinders it now is told by the next that tends.
    fn refresh(&self, tending: &mut Tending) -> Result<()> {
        let synced = self.journal.sync()?;
        match self.recycle(tending, synced) {
            Err(error) if error.kind() == ErrorKind::Poisoned => Err(error),
            _ => Ok(()),
        }
    }

    fn place_one(&self, placer: &mut Placer, step: &Step) -> Result<()> {
        let mut place = || {
            placer.prepare(self.disk.as_ref(), self.way, &self.spares, step)?;
            self.place(step).map(drop)
        };
        match place() {
            Err(error) if is_full(&error) && self.give_back()? => place(),
            other => other,
        }
    }

    fn is_behind(&self) -> bool {
        self.placing == Placing::Background && self.backlog.lock().len() > 0
    }

    /// Closes the segment where it is large or old.
    fn rotate(&self, tending: &mut Tending) -> Result<()> {
        let is_old = tending.began.elapsed() >= self.limits.segment_age;
        if self.journal.active_bytes() >= self.limits.segment || (is_old && self.journal.is_used()) {
            let rotated = self.when_free(|| self.journal.rotate())?;
            if rotated {
                tending.began = Instant::now();
            }
        }
        Ok(())
    }

    /// Changes which segments there are, where no commit is under way and this process knows all of them. Tells whether it
    /// was done.
    fn when_free(&self, act: impl FnOnce() -> Result<()>) -> Result<bool> {
        let Some(link) = &self.link else { return act().map(|()| true) };
        let mut is_done = false;
        link.when_free(|| {
            if link.has_news(self.journal.segment()) {
                return Ok(());
            }
            act()?;
            is_done = true;
            link.set_segment(self.journal.segment());
            Ok(())
        })?;
        Ok(is_done)
    }

    /// Makes displaced files ready to be written again, and cuts what the journal no longer needs: both wait for one
    /// sync of everything.
    fn recycle(&self, tending: &mut Tending, synced: Sequence) -> Result<()> {
        // Told before the sync begins: what is placed during it waits for the next one.
        let cut = self.cut_through(tending)?;
        let (displaced, room) = {
            let mut spares = self.spares.lock();
            if cut.is_none() && spares.displaced() < self.limits.worth_recycling {
                return Ok(());
            }
            spares.take_displaced(synced)
        };
        let clean = self.blank(&displaced, room);
        let synced = if cut.is_some() || !clean.is_empty() { self.sync_files() } else { Ok(()) };
        self.spares.lock().put(displaced.len(), if synced.is_ok() { clean } else { Vec::new() });
        synced?;
        let Some((through, seen_to)) = cut else { return Ok(()) };
        self.when_free(|| {
            if !self.edits.lock().are_over(through, &seen_to) {
                // A commit of one of them was refused meanwhile, or is under way.
                return Ok(());
            }
            // First: without the segment that says that they do not count they would, and end in a gap.
            self.discard_older(tending)?;
            self.journal.cut(through)
        })
        .map(drop)
    }

    /// Up to where the journal can be cut when everything is synced: its files are in their places. Told with it are the documents
    /// for which that was seen to, as far as their files may be written.
    fn cut_through(&self, tending: &mut Tending) -> Result<Option<(Sequence, Vec<Key>)>> {
        let Some(through) = self.journal.closed_last().filter(|last| *last <= self.placed()) else { return Ok(None) };
        // Nobody but the journal knows the revisions of documents whose files were left as they were.
        let left = self.edits.lock().up_to(through);
        for keys in left.chunks(AT_A_TURN) {
            if !self.when_free(|| self.write_left(&mut tending.placer, keys))? {
                return Ok(None);
            }
        }
        Ok(Some((through, left)))
    }

    /// Removes the segments of openers before this one, durably. Its own first one is begun.
    pub(super) fn discard_older(&self, tending: &mut Tending) -> Result<()> {
        journal::discard(self.disk.as_ref(), JOURNAL, &tending.older).map_err(|error| {
            // What could not be removed is tried again, a sync never.
            if error.context().syscall == Some("fsync") { poisoned(error) } else { error }
        })?;
        tending.older.clear();
        Ok(())
    }

    fn blank(&self, displaced: &[Displaced], room: usize) -> Vec<Spare> {
        let mut clean = Vec::with_capacity(room.min(displaced.len()));
        for file in displaced {
            let blanked = if clean.len() < room { spare::blank(self.disk.as_ref(), file) } else { Ok(None) };
            match blanked {
                Ok(Some(spare)) => clean.push(spare),
                // In the way of nothing; what cannot be removed now is removed by the next load.
                _ => drop(self.disk.remove(&file.name)),
            }
        }
        clean
    }

    fn tend_now(&self, may_place: bool) -> Result<()> {
        let mut tending = self.tending.lock();
        let synced = self.journal.sync()?;
        let mut placed = Ok(());
        let is_due = tending.work.is_some() || tending.placed.elapsed() >= self.limits.file_age;
        if may_place && self.is_behind() && (is_due || self.backlog.lock().is_pressed(self.limits.behind)) {
            placed = self.place_backlog(&mut tending);
        }
        // Recycling gives space back, so it must not wait until a full disk takes a new segment.
        let rotated = self.rotate(&mut tending);
        self.recycle(&mut tending, synced)?;
        let idle = self.spares.lock().take_idle();
        for spare in idle {
            // In the way of nothing.
            let _ = self.disk.remove(&spare.name);
        }
        placed.and(rotated)
    }

    fn flush_now(&self, may_place: bool) -> Result<()> {
        let mut tending = self.tending.lock();
        if may_place && self.is_behind() { self.place_backlog(&mut tending) } else { self.journal.sync().map(drop) }
    }

    /// Tends, for a commit that is under way: others cannot come in between.
    pub(super) fn tend_for_commit(&self) -> Result<()> {
        let tended = self.tend_now(self.placing_now() == Placing::Background);
        note_failure(self.disk.as_ref(), &tended);
        tended
    }

    /// Does something for which it has to be known whether files may be placed later than with their commits.
    fn in_turn(&self, act: impl FnOnce(bool) -> Result<()>) -> Result<()> {
        let done = match &self.link {
            Some(link) if self.placing == Placing::Background => link.when_alone(act),
            _ => act(true),
        };
        if let (Some(link), Err(error)) = (&self.link, &done)
            && error.kind() == ErrorKind::Poisoned
        {
            link.poison();
        }
        note_failure(self.disk.as_ref(), &done);
        done
    }
}

impl Keeper for Shared {
    fn tend(&self) -> Result<()> {
        self.in_turn(|may_place| self.tend_now(may_place))
    }

    fn flush(&self) -> Result<()> {
        self.in_turn(|may_place| self.flush_now(may_place))
    }

    fn is_pressed(&self) -> bool {
        self.spares.lock().is_pressed()
            || self.backlog.lock().is_pressed(self.limits.behind)
            || self.journal.active_bytes() >= self.limits.segment
    }

    fn has_work(&self) -> bool {
        let is_old =
            || self.tending.try_lock().is_some_and(|tending| tending.began.elapsed() >= self.limits.segment_age);
        self.is_behind()
            || self.journal.closed_last().is_some()
            || self.spares.lock().has_idle()
            || (self.journal.is_used() && is_old())
    }

    fn stats(&self) -> KeeperStats {
        KeeperStats {
            synced: self.journal.synced(),
            journal_bytes: self.journal.bytes(),
            files_behind: self.backlog.lock().len(),
            spares: self.spares.lock().len(),
        }
    }
}
