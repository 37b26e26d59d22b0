//! An engine's life: new, loading, open, closed.

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};

use super::background::{self, Background};
use super::commit::{Reply, Write};
use super::committer::{self, Queue, Submission};
use super::poison::Poison;
use super::snapshot::{Snapshot, Stored};
use super::state::State;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::storage::{Findings, Loaded, Position, Storage};

/// What a load found.
#[derive(Clone, Debug, Default)]
pub struct LoadReport {
    /// How many documents there are.
    pub documents: usize,
    /// What lay beside them.
    pub findings: Findings,
    /// How long it took.
    pub duration: Duration,
}

/// How much an engine holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Documents.
    pub documents: usize,
    /// Bytes of their texts.
    pub text_bytes: u64,
    /// The last commit.
    pub position: Position,
    /// Whether writes are refused after a failure.
    pub poisoned: bool,
}

/// Takes what a load found.
pub type LoadReply = Box<dyn FnOnce(Result<LoadReport>) + Send>;
/// Is told that a store is closed.
pub type CloseReply = Box<dyn FnOnce() + Send>;

/// A store: documents in memory over a [`Storage`].
///
/// Every method returns at once; what takes time answers through a reply, from another thread. Dropping an engine
/// [abandons](Engine::abandon) it and waits for its threads.
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    /// Where in its life the engine is. A mutex, held for a moment by whoever loads or closes.
    lifecycle: Mutex<Lifecycle>,
    /// The documents. A read-write lock: readers are many, the committer writes for microseconds.
    state: RwLock<State>,
    queue: Queue,
    poison: Arc<Poison>,
    /// How long a committed write stays unsynced at most.
    interval: Duration,
}

struct Lifecycle {
    phase: Phase,
    /// Close or abandon was called: nothing is loaded any more.
    closing: bool,
    /// The committer; after a failed load also the one before, until it has given its last answer.
    threads: Vec<JoinHandle<()>>,
    closers: Vec<CloseReply>,
}

enum Phase {
    Unloaded(Box<dyn Storage>),
    Loading(Vec<LoadReply>),
    Open(LoadReport),
    Closed,
}

impl Engine {
    /// An engine over a storage that has not been opened yet. Nothing is touched before [`Engine::load`].
    #[must_use]
    pub fn new(storage: Box<dyn Storage>) -> Self {
        Self::syncing_every(background::INTERVAL, storage)
    }

    pub(super) fn syncing_every(interval: Duration, storage: Box<dyn Storage>) -> Self {
        let phase = Phase::Unloaded(storage);
        let lifecycle = Lifecycle { phase, closing: false, threads: Vec::new(), closers: Vec::new() };
        let shared = Shared {
            lifecycle: Mutex::new(lifecycle),
            state: RwLock::default(),
            queue: Queue::default(),
            poison: Arc::default(),
            interval,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Opens the storage and reads everything. While loading, later calls wait for the same load; when it is done
    /// they get its report; after a failure the next call tries again. `CLOSED` once the store is told to close.
    pub fn load(&self, reply: LoadReply) {
        let mut lifecycle = self.shared.lifecycle.lock();
        if lifecycle.closing {
            drop(lifecycle);
            return reply(Err(closed()));
        }
        match mem::replace(&mut lifecycle.phase, Phase::Closed) {
            Phase::Unloaded(storage) => {
                lifecycle.phase = Phase::Loading(vec![reply]);
                let shared = Arc::clone(&self.shared);
                let spawned =
                    thread::Builder::new().name("kixx-committer".to_owned()).spawn(move || shared.live(storage));
                match spawned {
                    Ok(thread) => {
                        lifecycle.threads.retain(|thread| !thread.is_finished());
                        lifecycle.threads.push(thread);
                    }
                    Err(cause) => {
                        let error = Error::new(ErrorKind::Storage, "no thread for the store").with_source(cause);
                        let refused = mem::replace(&mut lifecycle.phase, Phase::Closed);
                        drop(lifecycle);
                        refused.refuse(&error);
                    }
                }
            }
            Phase::Loading(mut replies) => {
                replies.push(reply);
                lifecycle.phase = Phase::Loading(replies);
            }
            Phase::Open(report) => {
                lifecycle.phase = Phase::Open(report.clone());
                drop(lifecycle);
                reply(Ok(report));
            }
            Phase::Closed => {
                drop(lifecycle);
                reply(Err(closed()));
            }
        }
    }

    /// Hands over writes that belong together in time; they are answered by one reply. The writes of one submission
    /// are independent of each other, except that writes to one key happen in their order.
    pub fn submit(&self, writes: Vec<Write>, reply: Reply) {
        let submission = Submission { writes, reply };
        let refusal = self.shared.state.read().check().err();
        if let Some(error) = refusal {
            submission.refuse(&error);
        } else if let Err(submission) = self.shared.queue.push(submission) {
            submission.refuse(&closed());
        }
    }

    /// A key's document as of now. O(log n).
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn get(&self, key: &Key) -> Result<Option<Stored>> {
        Ok(self.shared.state.read().snapshot()?.get(key).cloned())
    }

    /// This moment of the store. O(1).
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.shared.state.read().snapshot().cloned()
    }

    /// How much the store holds; zeros before the load and after the close.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let state = self.shared.state.read();
        let poisoned = self.shared.poison.check().is_err();
        state.snapshot().map_or(Stats { poisoned, ..Stats::default() }, |snapshot| Stats {
            documents: snapshot.documents().len(),
            text_bytes: snapshot.text_bytes(),
            position: snapshot.position(),
            poisoned,
        })
    }

    /// Refuses what comes from now on, commits what was submitted, and gives the storage back. Reads end at once.
    pub fn close(&self, reply: CloseReply) {
        self.shared.state.write().close();
        let mut lifecycle = self.shared.lifecycle.lock();
        let unloaded = lifecycle.close();
        if let Phase::Closed = lifecycle.phase {
            drop(lifecycle);
            drop(unloaded);
            reply();
        } else {
            lifecycle.closers.push(reply);
            drop(lifecycle);
            self.shared.queue.close();
        }
    }

    /// Ends the store without waiting for what was submitted: what the committer has begun is finished, the rest is
    /// answered `CLOSED`. Gives the threads out that this takes; the second time there are none.
    pub fn abandon(&self) -> Ending {
        self.shared.state.write().close();
        for submission in self.shared.queue.abandon() {
            submission.refuse(&closed());
        }
        let mut lifecycle = self.shared.lifecycle.lock();
        let unloaded = lifecycle.close();
        let threads = mem::take(&mut lifecycle.threads);
        drop(lifecycle);
        drop(unloaded);
        Ending { threads }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.abandon().join();
    }
}

/// The threads of a store that was told to end. They end by themselves; dropping this does not wait for them.
#[derive(Debug)]
#[must_use = "the storage is given back when the threads have ended"]
pub struct Ending {
    threads: Vec<JoinHandle<()>>,
}

impl Ending {
    /// Whether the threads have ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Waits until the threads have ended, which takes as long as what they have begun: a load, a commit, a sync.
    pub fn join(self) {
        // A reply may have held the last handle: its thread cannot wait for itself.
        for thread in self.threads.into_iter().filter(|thread| thread.thread().id() != thread::current().id()) {
            // The committer catches its panics; one that got through has nobody left to tell.
            let _ = thread.join();
        }
    }
}

impl Lifecycle {
    /// Nothing is loaded from now on. Gives out a storage that never was, to be dropped without the lock.
    fn close(&mut self) -> Option<Phase> {
        self.closing = true;
        matches!(self.phase, Phase::Unloaded(_)).then(|| mem::replace(&mut self.phase, Phase::Closed))
    }
}

impl Shared {
    /// The committer thread. However it ends, nobody is left without an answer.
    fn live(&self, storage: Box<dyn Storage>) {
        let (phase, error) = catch_unwind(AssertUnwindSafe(|| self.work(storage))).unwrap_or_else(|_| {
            let error = Error::new(ErrorKind::Poisoned, "the committer panicked");
            self.poison.set(error.clone());
            let released = self.state.write().release();
            drop(released);
            for submission in self.queue.abandon() {
                submission.refuse(&error);
            }
            (Phase::Closed, error)
        });
        self.end(phase, &error);
    }

    /// From load to close. Tells what is left, and what those are answered who wait for more.
    fn work(&self, mut storage: Box<dyn Storage>) -> (Phase, Error) {
        let started = Instant::now();
        let loaded = catch_unwind(AssertUnwindSafe(|| storage.load())).unwrap_or_else(|_| {
            // What it took before it panicked, it has to give back.
            storage.abandon();
            Err(Error::new(ErrorKind::Poisoned, "loading panicked"))
        });
        match loaded {
            Ok(loaded) => {
                let background = self.open(loaded, storage.as_ref(), started);
                let wrote = || background.iter().for_each(Background::wrote);
                committer::run(&self.queue, &self.state, &self.poison, storage.as_mut(), &wrote);
                background.into_iter().for_each(Background::stop);
                let released = self.state.write().release();
                drop(released);
                if let Err(error) = storage.close() {
                    self.poison.set(error);
                }
                (Phase::Closed, closed())
            }
            Err(error) => (Phase::Unloaded(storage), error),
        }
    }

    fn open(&self, loaded: Loaded, storage: &dyn Storage, started: Instant) -> Option<Background> {
        let findings = loaded.findings.clone();
        let snapshot = Snapshot::loaded(loaded);
        let documents = snapshot.documents().len();
        self.state.write().open(snapshot);
        let background = storage.keeper().and_then(|keeper| {
            let started = Background::start(self.interval, keeper, Arc::clone(&self.poison));
            started.inspect_err(|cause| self.poison.set(no_timer(cause))).ok()
        });
        let report = LoadReport { documents, findings, duration: started.elapsed() };
        let before = mem::replace(&mut self.lifecycle.lock().phase, Phase::Open(report.clone()));
        if let Phase::Loading(replies) = before {
            for reply in replies {
                reply(Ok(report.clone()));
            }
        }
        background
    }

    /// The thread's last act: answers whoever waits.
    fn end(&self, phase: Phase, error: &Error) {
        let mut lifecycle = self.lifecycle.lock();
        let closers = mem::take(&mut lifecycle.closers);
        let (next, unwanted) = if lifecycle.closing { (Phase::Closed, Some(phase)) } else { (phase, None) };
        let before = mem::replace(&mut lifecycle.phase, next);
        drop(lifecycle);
        drop(unwanted);
        before.refuse(error);
        for reply in closers {
            reply();
        }
    }
}

impl Phase {
    /// Answers those who wait for a load that did not happen.
    fn refuse(self, error: &Error) {
        if let Self::Loading(replies) = self {
            for reply in replies {
                reply(Err(error.clone()));
            }
        }
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the datastore is closed")
}

fn no_timer(cause: &std::io::Error) -> Error {
    Error::new(ErrorKind::Storage, format!("no timer for the background sync: {cause}"))
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
