//! What runs beside the calls: the timer that syncs.
//!
//! A small tokio runtime on a thread of its own. Every [`INTERVAL`] it syncs the storage if something was committed
//! since; a sync that fails poisons the store and is never tried again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime;
use tokio::sync::Notify;
use tokio::time::{self, MissedTickBehavior};

use super::poison::Poison;
use crate::storage::Syncer;

/// How long a committed write stays unsynced at most.
const INTERVAL: Duration = Duration::from_secs(1);

/// The running timer.
pub(super) struct Background {
    signals: Arc<Signals>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Signals {
    /// Something was committed since the last sync.
    dirty: AtomicBool,
    stop: Notify,
}

impl Background {
    /// Starts the timer.
    ///
    /// # Errors
    ///
    /// The system's, where it gives no thread or no timer.
    pub fn start(syncer: Arc<dyn Syncer>, poison: Arc<Poison>) -> io::Result<Self> {
        let signals = Arc::new(Signals::default());
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        let shared = Arc::clone(&signals);
        let thread = thread::Builder::new()
            .name("kixx-background".to_owned())
            .spawn(move || runtime.block_on(shared.run(syncer.as_ref(), &poison)))?;
        Ok(Self { signals, thread })
    }

    /// Tells that something was committed.
    pub fn wrote(&self) {
        self.signals.dirty.store(true, Ordering::Release);
    }

    /// Syncs what is left and ends the thread.
    pub fn stop(self) {
        self.signals.stop.notify_one();
        // A panic in the timer has poisoned nothing that close could still save.
        let _ = self.thread.join();
    }
}

impl Signals {
    async fn run(&self, syncer: &dyn Syncer, poison: &Poison) {
        let mut timer = time::interval(INTERVAL);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stop.notified() => break,
                _ = timer.tick() => self.sync(syncer, poison),
            }
        }
        self.sync(syncer, poison);
    }

    fn sync(&self, syncer: &dyn Syncer, poison: &Poison) {
        // Cleared before the sync begins: what is committed during it waits for the next one.
        if self.dirty.swap(false, Ordering::AcqRel)
            && poison.check().is_ok()
            && let Err(error) = syncer.sync()
        {
            poison.set(error);
        }
    }
}
