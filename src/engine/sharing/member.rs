//! A handle, from its making to its end.

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;

use super::opening::Opening;
use super::registry::Registry;
use super::seat::Seat;
use crate::engine::call::Call;
use crate::engine::errand::{self, Errand, ErrandJob};
use crate::engine::handle::Engine;
use crate::engine::lifecycle::{CloseReply, Ending, LoadReply, closed, no_thread, not_loaded};
use crate::engine::report::{LoadReport, Stats};
use crate::error::{Error, ErrorKind, Result};

/// A handle on a store, which it may share with others.
///
/// Every method returns at once; what takes time answers through a reply, from another thread. Dropping a handle
/// [abandons](Member::abandon) it and waits for the threads that end by that.
pub struct Member {
    registry: Arc<Registry>,
    opening: Opening,
    /// From the load on, and for good.
    engine: OnceLock<Arc<Engine>>,
    /// Close or abandon was called. Changed under `life`, looked at without it.
    closed: AtomicBool,
    /// A mutex, held for a moment by whoever loads or closes.
    life: Mutex<Life>,
}

struct Life {
    phase: Phase,
    /// Nothing is to be left in order.
    is_abandoned: bool,
    /// The threads that were started to open the place, of which all but the last one are about to end, or for errands.
    threads: Vec<JoinHandle<()>>,
    closers: Vec<CloseReply>,
}

enum Phase {
    /// Not loaded.
    Apart,
    /// Being loaded, by a thread of its own.
    Entering(Vec<LoadReply>),
    Seated(Arc<Seat>, LoadReport),
    /// Told to close, and not through with it.
    Leaving(Arc<Seat>),
    /// Closed, and how that went.
    Gone(Option<Arc<Seat>>, Result<()>),
}

impl Member {
    /// A handle; nothing is touched before [`load`](Self::load).
    #[must_use]
    pub fn new(registry: Arc<Registry>, opening: Opening) -> Arc<Self> {
        let life = Life { phase: Phase::Apart, is_abandoned: false, threads: Vec::new(), closers: Vec::new() };
        Arc::new(Self {
            registry,
            opening,
            engine: OnceLock::new(),
            closed: AtomicBool::new(false),
            life: Mutex::new(life),
        })
    }

    /// The engine, between load and close.
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn engine(&self) -> Result<&Arc<Engine>> {
        if self.is_closed() {
            return Err(closed());
        }
        self.engine.get().ok_or_else(not_loaded)
    }

    /// How often a document of a [bucket](crate::engine::Generations) may have changed; also when the handle is closed, and 0
    /// before the load.
    #[must_use]
    pub fn generation(&self, bucket: u32) -> u32 {
        self.engine.get().map_or(0, |engine| engine.generations().of(bucket))
    }

    /// Whether [the engine is behind](Engine::is_behind) another process; not where there is no engine.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.engine.get().is_some_and(|engine| engine.is_behind())
    }

    /// How much the engine holds, and how it is; nothing where there is none.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.engine().map(|engine| engine.stats()).unwrap_or_default()
    }

    /// Opens the place. Later calls wait for the same load; when it is done they get its report; after a failure the next
    /// call tries again. `CLOSED` once the handle is told to close; `ASSERTION` where the place is open in another way than
    /// was asked for.
    pub fn load(self: &Arc<Self>, reply: LoadReply) {
        let mut life = self.life.lock();
        match &mut life.phase {
            Phase::Apart => {
                let this = Arc::clone(self);
                let opener = thread::Builder::new().name("kixx-opener".to_owned());
                match opener.spawn(move || this.open()) {
                    Ok(opener) => {
                        // It finds this when it has the lock.
                        life.phase = Phase::Entering(vec![reply]);
                        life.threads.retain(|opener| !opener.is_finished());
                        life.threads.push(opener);
                    }
                    Err(cause) => {
                        drop(life);
                        reply(Err(no_thread(cause)));
                    }
                }
            }
            Phase::Entering(replies) => replies.push(reply),
            Phase::Seated(_, report) => {
                let report = report.clone();
                drop(life);
                reply(Ok(report));
            }
            Phase::Leaving(_) | Phase::Gone(..) => {
                drop(life);
                reply(Err(closed()));
            }
        }
    }

    /// Runs an errand that is the handle's own, loaded or not.
    pub fn run_errand(self: &Arc<Self>, call: Call, job: ErrandJob) {
        let this = Arc::clone(self);
        let errand = Errand::new(call, move || this.is_closed());
        let mut life = self.life.lock();
        match errand::start(errand, job) {
            Ok(thread) => {
                life.threads.retain(|thread| !thread.is_finished());
                life.threads.push(thread);
            }
            Err(here) => {
                drop(life);
                here();
            }
        }
    }

    /// Refuses what comes from now on, and tells when all that was handed over survives a power cut and is where it belongs.
    /// The last handle of an engine closes it. Told is what could not be left in order; the same to whoever closes again.
    pub fn close(self: &Arc<Self>, reply: CloseReply) {
        let mut life = self.life.lock();
        self.closed.store(true, Ordering::Release);
        match mem::replace(&mut life.phase, Phase::Apart) {
            Phase::Apart => {
                life.phase = Phase::Gone(None, Ok(()));
                drop(life);
                reply(Ok(()));
            }
            Phase::Seated(seat, _) => {
                life.phase = Phase::Leaving(Arc::clone(&seat));
                life.closers.push(reply);
                drop(life);
                self.leave(&seat);
            }
            Phase::Gone(seat, outcome) => {
                life.phase = Phase::Gone(seat, outcome.clone());
                drop(life);
                reply(outcome);
            }
            phase @ (Phase::Entering(_) | Phase::Leaving(_)) => {
                life.phase = phase;
                life.closers.push(reply);
                drop(life);
                self.registry.wake();
            }
        }
    }

    /// Ends the handle without waiting for what was handed over. The last handle of an engine [abandons](Engine::abandon)
    /// it; others go on. Gives the threads out that end by this; again, those that are still ending.
    pub fn abandon(&self) -> Ending {
        let mut life = self.life.lock();
        self.closed.store(true, Ordering::Release);
        life.is_abandoned = true;
        let threads = mem::take(&mut life.threads);
        let seat = match &life.phase {
            Phase::Apart | Phase::Entering(_) => None,
            Phase::Seated(seat, _) | Phase::Leaving(seat) => Some(Arc::clone(seat)),
            Phase::Gone(seat, _) => seat.clone(),
        };
        if matches!(life.phase, Phase::Apart | Phase::Seated(..)) {
            life.phase = Phase::Gone(seat.clone(), Err(closed()));
        }
        drop(life);
        self.registry.wake();
        let mut ending = seat.map(|seat| seat.abandon()).unwrap_or_default();
        ending.threads.extend(threads);
        ending
    }

    /// The opener's thread. However it ends, nobody is left without an answer.
    fn open(self: Arc<Self>) {
        let (replies, answer) = self.enter();
        // Who has the answer may be the last to hold the handle.
        drop(self);
        for reply in replies {
            reply(answer.clone());
        }
    }

    /// Opens the place. Tells who waits for that, and what they are answered.
    fn enter(self: &Arc<Self>) -> (Vec<LoadReply>, Result<LoadReport>) {
        let enter = || self.registry.enter(&self.opening, &|| !self.is_closed());
        let entered = catch_unwind(AssertUnwindSafe(enter))
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Poisoned, "opening panicked")));
        let mut life = self.life.lock();
        let Phase::Entering(replies) = mem::replace(&mut life.phase, Phase::Apart) else {
            return (Vec::new(), Err(closed()));
        };
        match entered {
            Ok((seat, report)) if !self.is_closed() => {
                // It is set once: after a load that succeeded there is no other.
                let _ = self.engine.set(Arc::clone(&seat.engine));
                life.phase = Phase::Seated(seat, report.clone());
                (replies, Ok(report))
            }
            Ok((seat, _)) => {
                life.phase = Phase::Leaving(Arc::clone(&seat));
                let is_abandoned = life.is_abandoned;
                drop(life);
                if is_abandoned {
                    seat.abandon().join();
                    self.gone(Some(seat), &Err(closed()));
                } else {
                    self.leave(&seat);
                }
                (replies, Err(closed()))
            }
            Err(error) => {
                if self.is_closed() {
                    life.phase = Phase::Gone(None, Ok(()));
                    drop(life);
                    self.gone(None, &Ok(()));
                }
                (replies, Err(error))
            }
        }
    }

    fn leave(self: &Arc<Self>, seat: &Arc<Seat>) {
        let (this, given_up) = (Arc::clone(self), Arc::clone(seat));
        seat.close(Box::new(move |outcome| this.gone(Some(given_up), &outcome)));
    }

    /// The end: answers whoever waits for it.
    fn gone(&self, seat: Option<Arc<Seat>>, outcome: &Result<()>) {
        let mut life = self.life.lock();
        let closers = mem::take(&mut life.closers);
        life.phase = Phase::Gone(seat, outcome.clone());
        drop(life);
        for reply in closers {
            reply(outcome.clone());
        }
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.abandon().join();
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("opening", &self.opening).finish_non_exhaustive()
    }
}
