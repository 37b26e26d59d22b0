//! The thread that owns the storage.
//!
//! Submissions wait in a [`Queue`]; the thread takes all that wait, commits them in rounds, and answers each
//! submission when its last write is settled. While it commits, the next ones gather.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parking_lot::{Condvar, Mutex, RwLock};

use super::commit::{self, Reply, Settled, Write};
use super::poison::Poison;
use super::state::State;
use crate::error::{Error, ErrorKind};
use crate::storage::Storage;

/// Writes that crossed together and are answered together.
pub(super) struct Submission {
    pub writes: Vec<Write>,
    pub reply: Reply,
}

impl Submission {
    /// Answers every write with the same error.
    pub fn refuse(self, error: &Error) {
        let answers = self.writes.iter().map(|_| Settled::Failed(error.clone())).collect();
        (self.reply)(answers);
    }
}

/// What waits for the committer.
#[derive(Default)]
pub(super) struct Queue {
    /// A mutex, because pushing is all that writers do under it.
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Default)]
struct Waiting {
    submissions: VecDeque<Submission>,
    /// No more will come: the committer ends when it has taken all.
    closed: bool,
}

impl Queue {
    /// Appends a submission; gives it back where the queue is closed.
    pub fn push(&self, submission: Submission) -> Result<(), Submission> {
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return Err(submission);
        }
        waiting.submissions.push_back(submission);
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// Lets the committer end after what waits now.
    pub fn close(&self) {
        self.waiting.lock().closed = true;
        self.arrived.notify_one();
    }

    /// Closes, and takes back what the committer has not begun.
    pub fn abandon(&self) -> VecDeque<Submission> {
        let mut waiting = self.waiting.lock();
        waiting.closed = true;
        let left = std::mem::take(&mut waiting.submissions);
        drop(waiting);
        self.arrived.notify_one();
        left
    }

    /// Everything that waits; blocks while nothing does. `None` when the queue is closed and empty.
    fn take(&self) -> Option<VecDeque<Submission>> {
        let mut waiting = self.waiting.lock();
        while waiting.submissions.is_empty() {
            if waiting.closed {
                return None;
            }
            self.arrived.wait(&mut waiting);
        }
        Some(std::mem::take(&mut waiting.submissions))
    }
}

/// Commits until the queue is closed and empty.
pub(super) fn run(queue: &Queue, state: &RwLock<State>, poison: &Poison, storage: &mut dyn Storage, wrote: &dyn Fn()) {
    while let Some(submissions) = queue.take() {
        let mut open: Vec<Open> = submissions.into_iter().map(Open::new).collect();
        let rounds = AssertUnwindSafe(|| commit_all(&mut open, state, poison, storage, wrote));
        if catch_unwind(rounds).is_err() {
            poison.set(Error::new(ErrorKind::Poisoned, "the committer panicked in the middle of a commit"));
        }
        for submission in open {
            submission.finish(poison);
        }
    }
}

/// A submission on its way.
struct Open {
    writes: Vec<Write>,
    answers: Vec<Option<Settled>>,
    left: usize,
    reply: Option<Reply>,
}

impl Open {
    fn new(submission: Submission) -> Self {
        let Submission { writes, reply } = submission;
        Self { answers: writes.iter().map(|_| None).collect(), left: writes.len(), writes, reply: Some(reply) }
    }

    fn settle(&mut self, write: usize, answer: Settled) {
        if let Some(slot) = self.answers.get_mut(write) {
            *slot = Some(answer);
            self.left -= 1;
        }
        if self.left == 0
            && let Some(reply) = self.reply.take()
        {
            reply(std::mem::take(&mut self.answers).into_iter().flatten().collect());
        }
    }

    /// Answers what a panic left without an answer.
    fn finish(self, poison: &Poison) {
        let Some(reply) = self.reply else { return };
        let error = poison.check().err().unwrap_or_else(|| Error::new(ErrorKind::Poisoned, "the commit did not end"));
        reply(
            self.answers.into_iter().map(|answer| answer.unwrap_or_else(|| Settled::Failed(error.clone()))).collect(),
        );
    }
}

fn commit_all(open: &mut [Open], state: &RwLock<State>, poison: &Poison, storage: &mut dyn Storage, wrote: &dyn Fn()) {
    for empty in open.iter_mut().filter(|open| open.left == 0) {
        if let Some(reply) = empty.reply.take() {
            reply(Vec::new());
        }
    }
    let places = open.iter().enumerate().flat_map(|(from, open)| {
        open.writes.iter().enumerate().map(move |(number, write)| (&write.key, (from, number)))
    });
    let rounds = commit::rounds(places);
    for part in rounds.iter().flat_map(|round| round.chunks(commit::MOST_GROUPS)) {
        let writes: Vec<&Write> =
            part.iter().filter_map(|&(from, number)| open.get(from)?.writes.get(number)).collect();
        let answers = match poison.check() {
            Ok(()) => commit::commit(writes, state, storage),
            Err(error) => writes.iter().map(|_| Settled::Failed(error.clone())).collect(),
        };
        wrote();
        for (&(from, number), answer) in part.iter().zip(answers) {
            if let Some(open) = open.get_mut(from) {
                open.settle(number, answer);
            }
        }
    }
}
