//! The thread that owns the storage.
//!
//! It takes all requests that wait, commits them in rounds, and answers each submission when its last write is settled.
//! While it commits, the next ones gather. Flushes are handed to the background when everything that was taken with
//! them is committed, so that they hold nobody up.

use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::background::Background;
use super::batch::Batch;
use super::commit::{Commit, MOST_WRITES, Unit};
use super::edits::Taken;
use super::health::Health;
use super::patience::Patience;
use super::queue::{FlushReply, Queue, Request};
use super::reads::Reads;
use super::rounds::{Place, Rounds};
use super::write::{Reply, Settled, Write};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::storage::Foreign;
use crate::view::declared::Declaration;

/// How often it is looked what other processes committed, though nobody asks.
const FOLLOWED_EVERY: Duration = Duration::from_secs(1);

/// What runs on the thread.
pub(super) struct Committer<'a> {
    pub commit: Commit<'a>,
    /// None where the storage needs no looking after.
    pub background: Option<&'a Background>,
}

impl Committer<'_> {
    /// Commits until the queue is closed and empty.
    pub fn run(&mut self, queue: &Queue) {
        let mut patience = Patience::new();
        // Who follows others now and then has less to catch up with when it matters.
        let most = self.commit.others.as_ref().map(|_| FOLLOWED_EVERY);
        while let Some(requests) = queue.take(&mut patience, most) {
            if requests.iter().all(|request| matches!(request, Request::CatchUp(_))) {
                self.follow(requests);
                continue;
            }
            let begun = self.begin();
            if let Err(error) = &begun
                && error.kind() != ErrorKind::Poisoned
            {
                for request in requests {
                    request.refuse(error);
                }
                continue;
            }
            let (mut open, mut flushes) = (Vec::with_capacity(requests.len()), Vec::new());
            for request in requests {
                match request {
                    Request::Each(writes, reply) => open.push(Open::new(writes, None, false, reply)),
                    Request::Batch(Batch { writes, reads }, reply) => open.push(Open::new(writes, reads, true, reply)),
                    Request::Flush(reply) => flushes.push(reply),
                    Request::Define(id, declaration, reply) => {
                        self.settle(mem::take(&mut open));
                        reply(self.define(id, declaration.map(|declaration| *declaration)));
                    }
                    Request::Compare(id, declaration, reply) => {
                        self.settle(mem::take(&mut open));
                        reply(self.commit.compare(&id, declaration.as_deref()));
                    }
                    Request::Edits(keys, is_second, reply) => {
                        self.settle(mem::take(&mut open));
                        reply(self.take_edits(&keys, is_second));
                    }
                    Request::Duplicates(id, reply) => {
                        self.settle(mem::take(&mut open));
                        reply(Ok(self.commit.uniques.duplicates(&id)));
                    }
                    Request::Sync(reply) => {
                        self.settle(mem::take(&mut open));
                        reply(self.sync());
                    }
                    Request::Moment(reply) => {
                        self.settle(mem::take(&mut open));
                        reply(Ok(self.commit.moment()));
                    }
                    Request::CatchUp(reply) => reply(Ok(())),
                }
            }
            self.settle(open);
            // A store in doubt answers what it is asked for, and refuses writes.
            if begun.is_ok() {
                self.commit.storage.end();
            }
            for reply in flushes {
                self.flush(reply);
            }
        }
    }

    /// Takes the right to commit, and what others committed until then.
    fn begin(&mut self) -> Result<()> {
        let commit = &mut self.commit;
        commit.health.check()?;
        let mut begun = commit.storage.begin().map(|foreign| (true, foreign));
        self.take_in(&mut begun);
        begun.map(drop)
    }

    /// Takes in what others committed, and answers those who asked for that.
    fn follow(&mut self, requests: VecDeque<Request>) {
        let mut followed = self.commit.storage.follow().map(|foreign| (false, foreign));
        self.take_in(&mut followed);
        for request in requests {
            match (&followed, request) {
                (Ok(_), Request::CatchUp(reply)) => reply(Ok(())),
                (Err(error), request) => request.refuse(error),
                (Ok(_), _) => {}
            }
        }
    }

    /// Takes what storage told into memory; gives the right to commit back where that fails.
    fn take_in(&mut self, told: &mut Result<(bool, Foreign)>) {
        let health = self.commit.health;
        let has_begun = matches!(told, Ok((true, _)));
        let foreign = told.as_mut().map(|(_, foreign)| mem::take(foreign)).map_err(|error| error.clone());
        let taken = foreign.and_then(|foreign| {
            catch_unwind(AssertUnwindSafe(|| self.commit.take_in(foreign))).unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Poisoned, "the committer panicked as it followed another process"))
            })
        });
        poison_by(health, &taken);
        match taken {
            Ok(true) => self.background.into_iter().for_each(Background::wrote),
            Ok(false) => {}
            Err(error) => {
                if has_begun {
                    self.commit.storage.end();
                }
                *told = Err(error);
            }
        }
    }

    /// Commits submissions and answers all of them.
    fn settle(&mut self, mut open: Vec<Open>) {
        let health = self.commit.health;
        if catch_unwind(AssertUnwindSafe(|| self.commit_all(&mut open))).is_err() {
            health.poison(Error::new(ErrorKind::Poisoned, "the committer panicked in the middle of a commit"));
        }
        if open.iter().any(|open| open.reply.is_some()) {
            let unended = || Error::new(ErrorKind::Poisoned, "the commit did not end");
            let error = health.failure().unwrap_or_else(unended);
            for open in &mut open {
                open.end(&error);
            }
        }
    }

    /// Defines a unique view, or none. What leaves storage in doubt poisons.
    fn define(&mut self, id: String, declaration: Option<Declaration>) -> Result<bool> {
        let health = self.commit.health;
        let defined = catch_unwind(AssertUnwindSafe(|| self.commit.define(id, declaration))).unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Poisoned, "the committer panicked in the middle of a definition"))
        });
        poison_by(health, &defined);
        defined
    }

    /// Takes over what others wrote into files. What leaves storage in doubt poisons.
    fn take_edits(&mut self, keys: &[Key], is_second: bool) -> Result<Taken> {
        let health = self.commit.health;
        let taken = catch_unwind(AssertUnwindSafe(|| self.commit.take_edits(keys, is_second)))
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Poisoned, "the committer panicked as it took files over")));
        poison_by(health, &taken);
        self.background.into_iter().for_each(Background::wrote);
        taken
    }

    /// Returns when everything committed before survives a power cut. What leaves storage in doubt poisons.
    fn sync(&mut self) -> Result<()> {
        let health = self.commit.health;
        let synced = catch_unwind(AssertUnwindSafe(|| self.commit.sync()))
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Poisoned, "the committer panicked in the middle of a sync")));
        poison_by(health, &synced);
        synced
    }

    fn flush(&self, reply: FlushReply) {
        match self.background {
            Some(background) => background.flush(reply),
            None => reply(self.commit.health.check()),
        }
    }

    fn commit_all(&mut self, open: &mut [Open]) {
        let limit = self.commit.storage.capabilities().group_limit;
        let mut rounds = Rounds::default();
        for open in open.iter_mut() {
            open.begin(limit);
        }
        for (submission, open) in open.iter().enumerate() {
            for place in open.places(submission) {
                let writes = open.writes.get(place.writes.clone()).unwrap_or_default();
                rounds.add(place, writes, open.reads.as_deref());
            }
        }
        for round in rounds.into_rounds() {
            let mut left = round.as_slice();
            while !left.is_empty() {
                let (part, _) = left.split_at(part_len(left));
                let done = self.commit_part(open, part).max(1);
                left = left.get(done..).unwrap_or_default();
            }
        }
    }

    /// Commits a part of a round, or the beginning of that. Tells how many of its batches have their answers.
    fn commit_part(&mut self, open: &mut [Open], part: &[Place]) -> usize {
        let unit = |place: &Place| {
            let open = open.get(place.submission)?;
            Some(Unit { writes: open.writes.get(place.writes.clone())?, reads: open.reads.as_deref() })
        };
        let answers = match self.commit.health.check() {
            Ok(()) => self.commit.run(&part.iter().filter_map(unit).collect::<Vec<_>>()),
            Err(error) => {
                let writes = part.iter().map(|place| place.writes.len()).sum();
                vec![Settled::Failed(error); writes]
            }
        };
        self.background.into_iter().for_each(Background::wrote);
        let mut answers = answers.into_iter().peekable();
        let mut done = 0;
        for place in part {
            if answers.peek().is_none() {
                break;
            }
            done += 1;
            let Some(open) = open.get_mut(place.submission) else { continue };
            for (write, answer) in place.writes.clone().zip(&mut answers) {
                open.settle(write, answer);
            }
        }
        done
    }
}

/// Poisons where an outcome leaves storage in doubt.
fn poison_by<T>(health: &Health, outcome: &Result<T>) {
    if let Err(error) = outcome
        && error.kind() == ErrorKind::Poisoned
    {
        health.poison(error.clone());
    }
}

/// How many of a round's batches are committed at once: at least one, however long.
fn part_len(round: &[Place]) -> usize {
    let mut writes = 0;
    let fitting = round.iter().take_while(|place| {
        writes += place.writes.len();
        writes <= MOST_WRITES
    });
    fitting.count().max(1)
}

/// A submission on its way.
struct Open {
    writes: Vec<Write>,
    reads: Option<Box<Reads>>,
    /// Its writes are done together, and answered with one error where they are refused.
    is_batch: bool,
    answers: Vec<Option<Settled>>,
    left: usize,
    /// `None` when it was answered.
    reply: Option<Reply>,
}

impl Open {
    fn new(writes: Vec<Write>, reads: Option<Box<Reads>>, is_batch: bool, reply: Reply) -> Self {
        let answers = writes.iter().map(|_| None).collect();
        Self { left: writes.len(), writes, reads, is_batch, answers, reply: Some(reply) }
    }

    /// Answers at once what has nothing to do, or cannot be done.
    fn begin(&mut self, limit: usize) {
        if self.left == 0 {
            self.answer();
        } else if self.is_batch
            && let Err(error) = Batch::check(&self.writes, limit)
        {
            self.end(&error);
        }
    }

    /// Where its batches are; none where it was answered.
    fn places(&self, submission: usize) -> impl Iterator<Item = Place> + use<> {
        let size = if self.is_batch { self.writes.len() } else { 1 };
        let end = if self.reply.is_some() { self.writes.len() } else { 0 };
        (0..end).step_by(size.max(1)).map(move |first| Place { submission, writes: first..first + size })
    }

    fn settle(&mut self, write: usize, answer: Settled) {
        if let Some(slot) = self.answers.get_mut(write) {
            *slot = Some(answer);
            self.left -= 1;
        }
        if self.left == 0 {
            self.answer();
        }
    }

    /// Answers what is left with an error.
    fn end(&mut self, error: &Error) {
        for answer in self.answers.iter_mut().filter(|answer| answer.is_none()) {
            *answer = Some(Settled::Failed(error.clone()));
        }
        self.answer();
    }

    fn answer(&mut self) {
        let Some(reply) = self.reply.take() else { return };
        let mut answers: Vec<Settled> = mem::take(&mut self.answers).into_iter().flatten().collect();
        if self.is_batch && answers.first().is_some_and(Settled::is_refused) {
            answers.truncate(1);
        }
        reply(answers);
    }
}
