//! Whether the store can do its work: well, hindered, or poisoned.
//!
//! - **Poisoned**, for ever: after a failed sync, or a panic in the middle of a commit, nobody knows what storage holds.
//!   The store then serves reads from memory and refuses writes with `POISONED` and the first cause, until it is closed
//!   and loaded again.
//! - **Hindered**, for a spell: what is to be done beside the calls fails for a reason that may pass (a full disk). It is
//!   tried again until it succeeds.
//!
//! Each is told once, by an [event](EngineEvent): poisoning, and the begin of each spell. What the work in the background has
//! come to is told in the same way.

use std::fmt;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::edits::Refreshed;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::KeeperStats;

/// What an engine tells without being asked.
#[derive(Clone, Debug)]
pub enum EngineEvent {
    /// Writes are refused from now on, for this reason.
    Failed(Error),
    /// What is done in the background is hindered, for this reason; writes are taken.
    Degraded(Error),
    /// More survives a power cut than was told before.
    Flushed(KeeperStats),
    /// What others wrote into files was taken over, or could not be.
    Refreshed(Arc<Refreshed>),
}

/// Hears events, on one of the engine's threads. It must not wait.
pub type Listener = Arc<dyn Fn(EngineEvent) + Send + Sync>;

/// The state of a store's health.
pub(super) struct Health {
    /// What writes are refused with; set by the first failure.
    poison: OnceLock<Error>,
    /// The last hindrance of the present spell. A mutex, held for a moment and with no other.
    hindrance: Mutex<Option<Error>>,
    listener: Listener,
}

impl Health {
    pub fn new(listener: Listener) -> Self {
        Self { poison: OnceLock::new(), hindrance: Mutex::default(), listener }
    }

    /// Refuses writes from now on. Later causes are dropped: the first one tells the story.
    pub fn poison(&self, cause: Error) {
        let message = format!("the store refuses writes since a failure left its files in doubt: {cause}");
        let error = Error::new(ErrorKind::Poisoned, message).with_source(cause);
        if self.poison.set(error.clone()).is_ok() {
            (self.listener)(EngineEvent::Failed(error));
        }
    }

    /// What writes are answered.
    ///
    /// # Errors
    ///
    /// `POISONED`, after [`Health::poison`].
    pub fn check(&self) -> Result<()> {
        self.failure().map_or(Ok(()), Err)
    }

    /// Why writes are refused, if they are.
    pub fn failure(&self) -> Option<Error> {
        self.poison.get().cloned()
    }

    /// The work in the background failed, but not for good.
    pub fn hinder(&self, cause: Error) {
        let before = self.hindrance.lock().replace(cause.clone());
        if before.is_none() {
            (self.listener)(EngineEvent::Degraded(cause));
        }
    }

    /// The work in the background succeeded.
    pub fn recover(&self) {
        let over = self.hindrance.lock().take();
        drop(over);
    }

    /// The work in the background has come so far.
    pub fn advance(&self, stats: KeeperStats) {
        (self.listener)(EngineEvent::Flushed(stats));
    }

    /// What others wrote into files was taken over, or could not be.
    pub fn refreshed(&self, refreshed: Refreshed) {
        (self.listener)(EngineEvent::Refreshed(Arc::new(refreshed)));
    }

    /// What hinders the work in the background.
    pub fn hindrance(&self) -> Option<Error> {
        self.hindrance.lock().clone()
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("poison", &self.poison)
            .field("hindrance", &self.hindrance)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    fn listening() -> (Health, Arc<Mutex<Vec<String>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let listener = move |event: EngineEvent| {
            heard.lock().push(match event {
                EngineEvent::Failed(error) => format!("failed {}", error.code()),
                EngineEvent::Degraded(error) => format!("degraded {error}"),
                EngineEvent::Flushed(stats) => format!("flushed {}", stats.synced),
                EngineEvent::Refreshed(refreshed) => format!("refreshed {refreshed:?}"),
            });
        };
        (Health::new(Arc::new(listener)), told)
    }

    fn broken(message: &str) -> Error {
        Error::new(ErrorKind::Storage, message)
    }

    #[test]
    fn the_first_cause_is_kept_and_told_once() {
        let (health, told) = listening();
        health.check().unwrap();
        health.poison(broken("disk on fire"));
        health.poison(broken("smoke"));
        let error = health.check().unwrap_err();
        assert_eq!(error.code(), "POISONED");
        assert_eq!(error.source().unwrap().to_string(), "disk on fire");
        assert_eq!(*told.lock(), ["failed POISONED"]);
    }

    #[test]
    fn a_spell_is_told_once_and_its_last_reason_kept() {
        let (health, told) = listening();
        health.hinder(broken("full"));
        health.hinder(broken("still full"));
        assert_eq!(health.hindrance().unwrap().message(), "still full");
        health.check().unwrap();
        health.recover();
        assert!(health.hindrance().is_none());
        health.hinder(broken("full again"));
        assert_eq!(*told.lock(), ["degraded full", "degraded full again"]);
    }
}
