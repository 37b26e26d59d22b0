//! An engine's life: new, loading, open, closed; and the thread that lives it.

use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use parking_lot::{Mutex, RwLock};

use super::background::{Background, End};
use super::commit::Commit;
use super::committer::Committer;
use super::declared::Views;
use super::generations::Generations;
use super::health::Health;
use super::options::Options;
use super::queue::{Queue, Request};
use super::report::LoadReport;
use super::snapshot::Snapshot;
use super::state::State;
use super::unique::Uniques;
use super::watching::Watch;
use super::workers::Workers;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::{Keeper, Loaded, Others, Outside, Storage};

/// Takes what a load found.
pub type LoadReply = Box<dyn FnOnce(Result<LoadReport>) + Send>;
/// Is told that a store is closed, and what could not be left in order.
pub type CloseReply = Box<dyn FnOnce(Result<()>) + Send>;

/// What a store's threads and its handle have in common.
pub(super) struct Shared {
    /// Where in its life the engine is. A mutex, held for a moment by whoever loads or closes.
    pub lifecycle: Mutex<Lifecycle>,
    /// The documents. A read-write lock: readers are many, the committer writes for microseconds.
    pub state: RwLock<State>,
    pub queue: Queue,
    pub health: Arc<Health>,
    pub views: Views,
    /// Jobs hold it, to see that they are to stop.
    pub workers: Arc<Workers>,
    pub generations: Generations,
    /// From the load to the close: who else commits to the storage. A read-write lock, held for a look.
    pub others: RwLock<Option<Arc<dyn Others>>>,
    /// From the load to the close: the documents' files, where there are any. A read-write lock, held for a look.
    pub outside: RwLock<Option<Arc<dyn Outside>>>,
    pub options: Options,
}

pub(super) struct Lifecycle {
    pub phase: Phase,
    /// Close or abandon was called: nothing is loaded any more.
    pub closing: bool,
    /// The committer; after a failed load also the one before, until it has given its last answer; and, once the store
    /// was told to end, the worker.
    pub threads: Vec<JoinHandle<()>>,
    pub closers: Vec<CloseReply>,
}

pub(super) enum Phase {
    Unloaded(Box<dyn Storage>),
    Loading {
        replies: Vec<LoadReply>,
        /// Until the thread takes it.
        storage: Option<Box<dyn Storage>>,
    },
    Open(LoadReport),
    /// And how the end went.
    Closed(Result<()>),
}

/// How a thread is started; a test starts none.
pub(super) type Act = Box<dyn FnOnce() + Send>;

/// The threads of a store that was told to end. They end by themselves; dropping this does not wait for them.
#[derive(Debug, Default)]
#[must_use = "the storage is given back when the threads have ended"]
pub struct Ending {
    pub(super) threads: Vec<JoinHandle<()>>,
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
    pub fn close(&mut self) -> Option<Phase> {
        self.closing = true;
        matches!(self.phase, Phase::Unloaded(_)).then(|| mem::replace(&mut self.phase, Phase::Closed(Ok(()))))
    }
}

impl Shared {
    pub fn new(storage: Box<dyn Storage>, options: Options) -> Self {
        let phase = Phase::Unloaded(storage);
        Self {
            lifecycle: Mutex::new(Lifecycle { phase, closing: false, threads: Vec::new(), closers: Vec::new() }),
            state: RwLock::default(),
            queue: Queue::default(),
            health: Arc::new(Health::new(Arc::clone(&options.on_event))),
            views: Views::default(),
            workers: Arc::default(),
            generations: Generations::new(),
            others: RwLock::default(),
            outside: RwLock::default(),
            options,
        }
    }

    /// This moment of the store.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.state.read().snapshot().cloned()
    }

    /// Hands a request over, or refuses it where the store is not open.
    pub fn request(&self, request: Request) {
        let refusal = self.state.read().check().err();
        if let Some(error) = refusal {
            request.refuse(&error);
        } else if let Err(request) = self.queue.push(request) {
            request.refuse(&closed());
        }
    }

    /// See [`Engine::is_behind`](super::Engine::is_behind).
    pub fn is_behind(&self) -> bool {
        let is_behind = || self.others.read().as_ref().is_some_and(|others| others.is_behind());
        is_behind() && {
            // What this process is just committing is there in a moment.
            drop(self.state.read());
            is_behind()
        }
    }

    /// Starts the committer, unless that was done; see [`Engine::load`](super::Engine::load).
    pub fn load(
        this: &Arc<Self>,
        reply: LoadReply,
        spawn: impl FnOnce(thread::Builder, Act) -> io::Result<JoinHandle<()>>,
    ) {
        let mut lifecycle = this.lifecycle.lock();
        if lifecycle.closing {
            drop(lifecycle);
            return reply(Err(closed()));
        }
        match mem::replace(&mut lifecycle.phase, Phase::Closed(Ok(()))) {
            Phase::Unloaded(storage) => {
                // The thread finds both here when it has the lock.
                lifecycle.phase = Phase::Loading { replies: vec![reply], storage: Some(storage) };
                let shared = Arc::clone(this);
                let committer = thread::Builder::new().name("kixx-committer".to_owned());
                match spawn(committer, Box::new(move || shared.live())) {
                    Ok(thread) => {
                        lifecycle.threads.retain(|thread| !thread.is_finished());
                        lifecycle.threads.push(thread);
                    }
                    Err(cause) => {
                        let replies = lifecycle.unload();
                        drop(lifecycle);
                        refuse(replies, &no_thread(cause));
                    }
                }
            }
            Phase::Loading { mut replies, storage } => {
                replies.push(reply);
                lifecycle.phase = Phase::Loading { replies, storage };
            }
            Phase::Open(report) => {
                lifecycle.phase = Phase::Open(report.clone());
                drop(lifecycle);
                reply(Ok(report));
            }
            Phase::Closed(outcome) => {
                lifecycle.phase = Phase::Closed(outcome);
                drop(lifecycle);
                reply(Err(closed()));
            }
        }
    }

    /// The committer thread. However it ends, nobody is left without an answer.
    fn live(self: &Arc<Self>) {
        let Some(storage) = self.lifecycle.lock().take_storage() else { return };
        let (phase, error) = catch_unwind(AssertUnwindSafe(|| self.work(storage))).unwrap_or_else(|_| {
            let error = Error::new(ErrorKind::Poisoned, "the committer panicked");
            self.health.poison(error.clone());
            let released = self.state.write().release();
            drop(released);
            self.forget_storage();
            for request in self.queue.abandon() {
                request.refuse(&error);
            }
            (Phase::Closed(Err(error.clone())), error)
        });
        self.end(phase, &error);
    }

    /// From load to close. Tells what is left, and what those are answered who wait for a load.
    fn work(self: &Arc<Self>, mut storage: Box<dyn Storage>) -> (Phase, Error) {
        let started = Instant::now();
        let loaded = catch_unwind(AssertUnwindSafe(|| storage.load())).unwrap_or_else(|_| {
            // What it took before it panicked, it has to give back.
            storage.abandon();
            Err(Error::new(ErrorKind::Poisoned, "loading panicked"))
        });
        let loaded = loaded.and_then(|loaded| match Uniques::load(&loaded.definitions) {
            Ok(uniques) => Ok((loaded, uniques)),
            Err(error) => {
                storage.abandon();
                Err(error)
            }
        });
        match loaded {
            Ok((loaded, mut uniques)) => {
                self.others.write().clone_from(&storage.others());
                self.outside.write().clone_from(&storage.outside());
                let background = self.open(loaded, storage.keeper(), started);
                let (state, health) = (&self.state, self.health.as_ref());
                // After the answer to the load: only writes need it.
                let now = state.read().current().clone();
                uniques.build(&now);
                drop(now);
                let (generations, synced) = (&self.generations, self.options.synced);
                let others = self.others.read().clone();
                let watch = self.watch(storage.as_ref());
                let commit = Commit { state, health, generations, storage: storage.as_mut(), uniques, synced, others };
                Committer { commit, background: background.as_ref() }.run(&self.queue);
                drop(watch);
                let outcome = self.finish(storage, background);
                (Phase::Closed(outcome), closed())
            }
            Err(error) => (Phase::Unloaded(storage), error),
        }
    }

    fn open(&self, loaded: Loaded, keeper: Option<Arc<dyn Keeper>>, started: Instant) -> Option<Background> {
        let findings = loaded.findings.clone();
        let snapshot = Snapshot::loaded(loaded);
        let documents = snapshot.documents().len();
        self.state.write().open(snapshot, keeper.clone());
        let background = keeper.and_then(|keeper| {
            let started = Background::start(self.options.interval, keeper, Arc::clone(&self.health));
            started.inspect_err(|cause| self.health.poison(no_timer(cause))).ok()
        });
        let report = LoadReport { documents, findings, duration: started.elapsed() };
        let before = mem::replace(&mut self.lifecycle.lock().phase, Phase::Open(report.clone()));
        for reply in before.into_replies() {
            reply(Ok(report.clone()));
        }
        background
    }

    /// Begins to take over what others write into files, where the storage notices that.
    fn watch(self: &Arc<Self>, storage: &dyn Storage) -> Option<Watch> {
        let (notices, outside) = (storage.notices()?, storage.outside()?);
        Watch::start(self, notices, outside).inspect_err(|cause| self.health.hinder(no_watcher(cause))).ok()
    }

    fn forget_storage(&self) {
        *self.others.write() = None;
        *self.outside.write() = None;
    }

    /// Gives the storage back: in order, or as it is where the store is abandoned or its files are in doubt.
    fn finish(&self, mut storage: Box<dyn Storage>, background: Option<Background>) -> Result<()> {
        let is_abandoned = self.queue.is_abandoned();
        if let Some(background) = background {
            background.end(if is_abandoned { End::Abandoned } else { End::Closed });
        }
        let released = self.state.write().release();
        drop(released);
        self.forget_storage();
        let in_doubt = self.health.check();
        if is_abandoned || in_doubt.is_err() {
            storage.abandon();
            return in_doubt.and(Err(closed()));
        }
        storage.close()
    }

    /// The thread's last act: answers whoever waits.
    fn end(&self, phase: Phase, error: &Error) {
        let mut lifecycle = self.lifecycle.lock();
        let closers = mem::take(&mut lifecycle.closers);
        let (next, unwanted) = match phase {
            Phase::Unloaded(_) if lifecycle.closing => (Phase::Closed(Ok(())), Some(phase)),
            phase => (phase, None),
        };
        let outcome = if let Phase::Closed(outcome) = &next { outcome.clone() } else { Ok(()) };
        let before = mem::replace(&mut lifecycle.phase, next);
        drop(lifecycle);
        drop(unwanted);
        refuse(before.into_replies(), error);
        for reply in closers {
            reply(outcome.clone());
        }
    }
}

impl Lifecycle {
    /// The storage of a load that begins.
    fn take_storage(&mut self) -> Option<Box<dyn Storage>> {
        if let Phase::Loading { storage, .. } = &mut self.phase { storage.take() } else { None }
    }

    /// Takes a load back that has not begun; gives out who waits for it.
    fn unload(&mut self) -> Vec<LoadReply> {
        let Some(storage) = self.take_storage() else { return Vec::new() };
        mem::replace(&mut self.phase, Phase::Unloaded(storage)).into_replies()
    }
}

impl Phase {
    /// Who waits for a load.
    fn into_replies(self) -> Vec<LoadReply> {
        if let Self::Loading { replies, .. } = self { replies } else { Vec::new() }
    }
}

fn refuse(replies: Vec<LoadReply>, error: &Error) {
    for reply in replies {
        reply(Err(error.clone()));
    }
}

pub(super) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the datastore is closed")
}

pub(super) fn not_loaded() -> Error {
    Error::new(ErrorKind::NotLoaded, "the datastore is not loaded yet")
}

pub(super) fn no_thread(cause: io::Error) -> Error {
    Error::new(ErrorKind::Storage, "no thread for the store").with_source(cause)
}

fn no_watcher(cause: &io::Error) -> Error {
    Error::new(ErrorKind::Storage, format!("no thread that watches files: {cause}"))
}

fn no_timer(cause: &io::Error) -> Error {
    Error::new(ErrorKind::Storage, format!("no timer for the background sync: {cause}"))
}
