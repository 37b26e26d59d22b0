//! A handle's part in an engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::audience::Audience;
use super::registry::Registry;
use crate::engine::handle::Engine;
use crate::engine::lifecycle::{CloseReply, Ending};
use crate::storage::Place;

/// A handle's part in an engine, given up once.
pub(super) struct Seat {
    pub registry: Arc<Registry>,
    /// `None` where the engine is nobody else's.
    pub place: Option<Place>,
    /// No other seat has it.
    pub id: u64,
    pub engine: Arc<Engine>,
    pub audience: Arc<Audience>,
    /// It was given up, and none was left: the engine is this one's to end.
    pub is_last: AtomicBool,
}

impl Seat {
    /// Gives it up in order: everything handed over before survives a power cut and is where it belongs, or is told why not.
    pub fn close(self: &Arc<Self>, reply: CloseReply) {
        if self.leave_as_last() {
            return self.close_engine(reply);
        }
        let seat = Arc::clone(self);
        self.engine.flush(Box::new(move |flushed| {
            // The others may have gone meanwhile.
            if seat.leave() { seat.close_engine(reply) } else { reply(flushed) }
        }));
    }

    /// Gives it up at once. Of the last one it tells the threads that end now; again, those that are still ending.
    pub fn abandon(&self) -> Ending {
        if !self.leave() {
            return Ending::default();
        }
        let ending = self.engine.abandon();
        self.close_engine(Box::new(drop));
        ending
    }

    /// Gives it up; whether the engine is this one's to end.
    fn leave(&self) -> bool {
        let is_last = self.give_up(|place| self.registry.leave(place, self.id));
        if !is_last {
            self.audience.remove(self.id);
        }
        is_last
    }

    /// Gives it up where it is the last one; whether the engine is this one's to end.
    fn leave_as_last(&self) -> bool {
        self.give_up(|place| self.registry.leave_as_last(place, self.id))
    }

    fn give_up(&self, as_last: impl FnOnce(&Place) -> bool) -> bool {
        let is_last = self.place.as_ref().is_none_or(as_last);
        self.is_last.fetch_or(is_last, Ordering::AcqRel) || is_last
    }

    fn close_engine(&self, reply: CloseReply) {
        let (registry, place, engine) = (Arc::clone(&self.registry), self.place.clone(), Arc::downgrade(&self.engine));
        self.engine.close(Box::new(move |outcome| {
            // The directory is free now.
            if let Some(place) = place {
                registry.forget(&place, &engine);
            }
            reply(outcome);
        }));
    }
}
