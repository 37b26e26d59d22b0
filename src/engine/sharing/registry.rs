//! The engines of this process, by the place that they have.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::{Condvar, Mutex};

use super::audience::Audience;
use super::opening::{Choice, Mounted, Opening, check, check_access};
use super::seat::Seat;
use crate::engine::handle::Engine;
use crate::engine::lifecycle::closed;
use crate::engine::options::Options;
use crate::engine::report::LoadReport;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::{Place, Storage};

/// Engines by place, and who shares them.
#[derive(Default)]
pub struct Registry {
    /// A mutex, held for as long as it takes to start a thread at most, and never during I/O.
    engines: Mutex<HashMap<Place, Shared>>,
    /// A seat was given up, an engine has ended, or somebody who waits is no longer wanted.
    changed: Condvar,
    last_id: AtomicU64,
}

/// An engine that is shared.
struct Shared {
    engine: Arc<Engine>,
    choices: Vec<Choice>,
    reads_only: bool,
    audience: Arc<Audience>,
    /// Who has a seat.
    members: Vec<u64>,
}

/// A seat, and the answer to its load.
type Awaited = (Arc<Seat>, Receiver<Result<LoadReport>>);

impl Registry {
    /// That of this process.
    #[must_use]
    pub fn of_process() -> Arc<Self> {
        static PROCESS: LazyLock<Arc<Registry>> = LazyLock::new(Arc::default);
        Arc::clone(&PROCESS)
    }

    /// Opens a place, alone or with those who have it open already, and returns when it is loaded. Waiting for an engine
    /// that ends is given up, `CLOSED`, where [`wake`](Self::wake) is called and `is_wanted` says no.
    pub(super) fn enter(
        self: &Arc<Self>,
        opening: &Opening,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<(Arc<Seat>, LoadReport)> {
        let audience = Arc::new(Audience::default());
        let Mounted { place, storage } = (opening.mount)(audience.watcher())?;
        let (seat, loaded) = match place {
            Some(place) => self.join(place, storage, audience, opening, is_wanted)?,
            None => Shared::new(storage, audience, opening).seat(self, None, opening),
        };
        let loaded = loaded.recv().unwrap_or_else(|_| Err(Error::new(ErrorKind::Poisoned, "the load gave no answer")));
        let checked = loaded.and_then(|report| opening.check_order(&seat.engine.collation()?).map(|()| report));
        match checked {
            Ok(report) => Ok((seat, report)),
            Err(error) => {
                seat.abandon().join();
                Err(error)
            }
        }
    }

    /// How many handles have a seat.
    #[cfg(test)]
    pub(in crate::engine) fn members(&self) -> usize {
        self.engines.lock().values().map(|shared| shared.members.len()).sum()
    }

    /// A seat in the engine that has the place, or in a new one.
    fn join(
        self: &Arc<Self>,
        place: Place,
        storage: Box<dyn Storage>,
        audience: Arc<Audience>,
        opening: &Opening,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<Awaited> {
        let mut engines = self.engines.lock();
        while is_wanted() && engines.get(&place).is_some_and(Shared::is_ending) {
            self.changed.wait(&mut engines);
        }
        if !is_wanted() {
            return Err(closed());
        }
        let shared = match engines.entry(place.clone()) {
            Slot::Vacant(slot) => slot.insert(Shared::new(storage, audience, opening)),
            Slot::Occupied(slot) => {
                let shared = slot.into_mut();
                check_access(opening.reads_only, shared.reads_only)?;
                check(&opening.choices, &shared.choices)?;
                shared
            }
        };
        // Under the lock, so that nobody finds an engine that was never asked to load.
        Ok(shared.seat(self, Some(place), opening))
    }

    /// Lets those look again whether they are wanted who wait for an engine that ends.
    pub(super) fn wake(&self) {
        // Whoever has looked before is waiting by now.
        drop(self.engines.lock());
        self.changed.notify_all();
    }

    /// Gives a seat up, if it was not; whether it was the last one.
    pub(super) fn leave(&self, place: &Place, id: u64) -> bool {
        let is_last = self.engines.lock().get_mut(place).is_some_and(|shared| shared.leave(id));
        self.changed.notify_all();
        is_last
    }

    /// Gives a seat up if it is the last one; whether it was.
    pub(super) fn leave_as_last(&self, place: &Place, id: u64) -> bool {
        let mut engines = self.engines.lock();
        engines.get_mut(place).is_some_and(|shared| shared.members == [id] && shared.leave(id))
    }

    /// An engine has given its directory back.
    pub(super) fn forget(&self, place: &Place, engine: &Weak<Engine>) {
        let mut engines = self.engines.lock();
        let is_this = engines.get(place).is_some_and(|shared| Arc::as_ptr(&shared.engine) == engine.as_ptr());
        let ended = if is_this { engines.remove(place) } else { None };
        drop(engines);
        self.changed.notify_all();
        drop(ended);
    }
}

impl Shared {
    fn new(storage: Box<dyn Storage>, audience: Arc<Audience>, opening: &Opening) -> Self {
        let options = Options { on_event: audience.listener(), ..opening.options.clone() };
        let engine = Arc::new(Engine::new(storage, options));
        let (choices, reads_only) = (opening.choices.clone(), opening.reads_only);
        Self { engine, choices, reads_only, audience, members: Vec::new() }
    }

    /// A seat for one more, who waits for the load.
    fn seat(&mut self, registry: &Arc<Registry>, place: Option<Place>, opening: &Opening) -> Awaited {
        let id = registry.last_id.fetch_add(1, Ordering::Relaxed);
        self.members.push(id);
        self.audience.add(id, opening.listener(), opening.watcher.clone());
        let (sender, loaded) = channel();
        // Nobody waits any more where the opening has panicked.
        self.engine.load(Box::new(move |report| drop(sender.send(report))));
        let seat = Seat {
            registry: Arc::clone(registry),
            place,
            id,
            engine: Arc::clone(&self.engine),
            audience: Arc::clone(&self.audience),
            is_last: AtomicBool::new(false),
        };
        (Arc::new(seat), loaded)
    }

    /// Gives a seat up, if it was not; whether none is left by that.
    fn leave(&mut self, id: u64) -> bool {
        let Some(at) = self.members.iter().position(|member| *member == id) else { return false };
        self.members.swap_remove(at);
        self.members.is_empty()
    }

    /// Whether nobody can join: the last one has left, or the load has failed and those who waited for it are leaving.
    fn is_ending(&self) -> bool {
        self.members.is_empty() || self.engine.is_unloaded()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("engines", &self.engines.lock().len()).finish_non_exhaustive()
    }
}
