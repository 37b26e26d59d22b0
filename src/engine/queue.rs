//! What waits for the committer.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::batch::Batch;
use super::edits::TakenReply;
use super::patience::Patience;
use super::snapshot::Snapshot;
use super::unique::Duplicate;
use super::write::{Reply, Settled, Write};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::view::declared::Declaration;

/// Is told that everything before it survives a power cut.
pub type FlushReply = Box<dyn FnOnce(Result<()>) + Send>;

/// Is told whether there was a unique view of the id before.
pub type DefineReply = Box<dyn FnOnce(Result<bool>) + Send>;
/// Takes the duplicates of a unique view.
pub type DuplicatesReply = Box<dyn FnOnce(Result<Vec<Duplicate>>) + Send>;

/// Everything that stands at one moment.
pub struct Moment {
    /// The documents.
    pub snapshot: Snapshot,
    /// The unique views, as storage keeps them; empty where there are none.
    pub definitions: String,
}

/// Takes a moment.
pub type MomentReply = Box<dyn FnOnce(Result<Moment>) + Send>;

/// What the committer is asked to do.
pub(super) enum Request {
    /// Writes that crossed together and are answered together, each a batch of its own.
    Each(Vec<Write>, Reply),
    /// Writes that are done together.
    Batch(Batch, Reply),
    /// A sync of what was asked for before, and its files in their places.
    Flush(FlushReply),
    /// That what was asked for before survives a power cut, wherever its files are.
    Sync(FlushReply),
    /// What others committed before, taken into memory.
    CatchUp(FlushReply),
    /// What others wrote into these files, taken over; `true` where it was looked at before.
    Edits(Vec<Key>, bool, TakenReply),
    /// Another unique view of this id, or none, for all that comes later.
    Define(String, Option<Box<Declaration>>, DefineReply),
    /// The same asked by one who only reads: refused unless it is so already.
    Compare(String, Option<Box<Declaration>>, DefineReply),
    /// The duplicates of the unique view of this id.
    Duplicates(String, DuplicatesReply),
    /// The moment behind what was asked for before.
    Moment(MomentReply),
}

impl Request {
    /// Answers with an error.
    pub fn refuse(self, error: &Error) {
        let failed = || Settled::Failed(error.clone());
        match self {
            Self::Each(writes, reply) => reply(writes.iter().map(|_| failed()).collect()),
            Self::Batch(_, reply) => reply(vec![failed()]),
            Self::Flush(reply) | Self::Sync(reply) | Self::CatchUp(reply) => reply(Err(error.clone())),
            Self::Define(_, _, reply) | Self::Compare(_, _, reply) => reply(Err(error.clone())),
            Self::Edits(_, _, reply) => reply(Err(error.clone())),
            Self::Duplicates(_, reply) => reply(Err(error.clone())),
            Self::Moment(reply) => reply(Err(error.clone())),
        }
    }
}

/// The way to the committer. It has no limit: where storage cannot follow, commits wait, and so do answers.
#[derive(Default)]
pub(super) struct Queue {
    /// A mutex, because pushing is all that writers do under it.
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    /// Something arrived, or the end: changed under the mutex, looked at without it.
    has_news: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    requests: VecDeque<Request>,
    /// No more will come: the committer ends when it has taken all.
    closed: bool,
    /// What had come was taken away.
    abandoned: bool,
}

impl Queue {
    /// Appends a request; gives it back where the queue is closed.
    pub fn push(&self, request: Request) -> Result<(), Request> {
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return Err(request);
        }
        waiting.requests.push_back(request);
        self.tell(waiting);
        Ok(())
    }

    /// Lets the committer end after what waits now.
    pub fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.closed = true;
        self.tell(waiting);
    }

    /// Closes, and takes back what the committer has not begun.
    pub fn abandon(&self) -> VecDeque<Request> {
        let mut waiting = self.waiting.lock();
        waiting.closed = true;
        waiting.abandoned = true;
        let left = std::mem::take(&mut waiting.requests);
        self.tell(waiting);
        left
    }

    fn tell(&self, waiting: MutexGuard<'_, Waiting>) {
        self.has_news.store(true, Ordering::Relaxed);
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Whether the store is to end without leaving things in order.
    pub fn is_abandoned(&self) -> bool {
        self.waiting.lock().abandoned
    }

    /// Everything that waits; blocks while nothing does, and for so long where that is said. `None` when the queue is closed
    /// and empty.
    pub fn take(&self, patience: &mut Patience, most: Option<Duration>) -> Option<VecDeque<Request>> {
        patience.wait(|| self.has_news.load(Ordering::Relaxed), || self.sleep(most))
    }

    fn sleep(&self, most: Option<Duration>) -> Option<VecDeque<Request>> {
        let mut waiting = self.waiting.lock();
        while waiting.requests.is_empty() {
            if waiting.closed {
                return None;
            }
            match most {
                None => self.arrived.wait(&mut waiting),
                Some(most) if self.arrived.wait_for(&mut waiting, most).timed_out() => break,
                Some(_) => {}
            }
        }
        self.has_news.store(false, Ordering::Relaxed);
        Some(std::mem::take(&mut waiting.requests))
    }
}
