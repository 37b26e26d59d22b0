//! What runs beside the calls: the timer that syncs.
//!
//! A small tokio runtime on a thread of its own. At every interval it syncs the storage if something was committed
//! since; a sync that fails, or panics, poisons the store and is never tried again.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime;
use tokio::sync::Notify;
use tokio::time::{self, Instant, MissedTickBehavior};

use super::poison::Poison;
use crate::error::{Error, ErrorKind};
use crate::storage::Keeper;

/// How long a committed write stays unsynced at most.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// The running timer; dropping it stops it.
pub(super) struct Background {
    signals: Arc<Signals>,
    thread: Option<JoinHandle<()>>,
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
    pub fn start(interval: Duration, keeper: Arc<dyn Keeper>, poison: Arc<Poison>) -> io::Result<Self> {
        let signals = Arc::new(Signals::default());
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        let shared = Arc::clone(&signals);
        let thread = thread::Builder::new()
            .name("kixx-background".to_owned())
            .spawn(move || runtime.block_on(shared.run(interval, keeper.as_ref(), &poison)))?;
        Ok(Self { signals, thread: Some(thread) })
    }

    /// Tells that something was committed.
    pub fn wrote(&self) {
        self.signals.dirty.store(true, Ordering::Release);
    }

    /// Syncs what is left and ends the thread.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.signals.stop.notify_one();
        if let Some(thread) = self.thread.take() {
            // A sync that panicked has poisoned the store; there is nothing else in the thread to save.
            let _ = thread.join();
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.end();
    }
}

impl Signals {
    async fn run(&self, interval: Duration, keeper: &dyn Keeper, poison: &Poison) {
        // A plain interval would tick at once.
        let mut timer = time::interval_at(Instant::now() + interval, interval);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.stop.notified() => break,
                _ = timer.tick() => self.sync(keeper, poison),
            }
        }
        self.sync(keeper, poison);
    }

    fn sync(&self, keeper: &dyn Keeper, poison: &Poison) {
        // Cleared before the sync begins: what is committed during it waits for the next one.
        if !self.dirty.swap(false, Ordering::AcqRel) || poison.check().is_err() {
            return;
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| keeper.flush()))
            .unwrap_or_else(|_| Err(Error::new(ErrorKind::Poisoned, "the sync panicked")));
        if let Err(error) = outcome {
            poison.set(error);
        }
    }
}
