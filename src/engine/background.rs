//! What runs beside the calls: the thread that tends to what was committed, and flushes.
//!
//! A small tokio runtime on a thread of its own. At every interval it tends to the storage if something was committed
//! since or is left over; sooner where the storage is pressed; and it flushes when asked. Where more survives a power cut
//! afterwards than before, that is told by an event. What fails for good, or panics, poisons the store and is never tried
//! again.

use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime;
use tokio::sync::Notify;
use tokio::time::{self, Instant, MissedTickBehavior};

use super::health::Health;
use super::queue::FlushReply;
use crate::error::{Error, ErrorKind, Result};
use crate::storage::Keeper;

/// The running thread; dropping it [abandons](End::Abandoned) it.
pub(super) struct Background {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    keeper: Arc<dyn Keeper>,
    health: Arc<Health>,
    /// Something was committed since the last time.
    dirty: AtomicBool,
    /// The last commit that was told to survive a power cut. Changed by the thread alone.
    told: AtomicU64,
    /// A mutex, held for a moment and with no other.
    orders: Mutex<Orders>,
    wake: Notify,
}

/// What is to be done before the next tick.
#[derive(Default)]
struct Orders {
    flushes: Vec<FlushReply>,
    pressed: bool,
    end: Option<End>,
}

/// When the thread ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// After the flushes that were asked for.
    Closed,
    /// After what it has begun; flushes that are left are refused.
    Abandoned,
}

impl Background {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system's, where it gives no thread or no timer.
    pub fn start(interval: Duration, keeper: Arc<dyn Keeper>, health: Arc<Health>) -> io::Result<Self> {
        let orders = Mutex::default();
        let (dirty, told) = (AtomicBool::new(false), AtomicU64::new(keeper.stats().synced));
        let shared = Shared { keeper, health, dirty, told, orders, wake: Notify::new() };
        let shared = Arc::new(shared);
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        let running = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("kixx-background".to_owned())
            .spawn(move || runtime.block_on(running.run(interval)))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Tells that something was committed.
    pub fn wrote(&self) {
        self.shared.dirty.store(true, Ordering::Release);
        if self.shared.keeper.is_pressed() {
            self.order(|orders| orders.pressed = true);
        }
    }

    /// Asks for a flush of what was committed.
    pub fn flush(&self, reply: FlushReply) {
        self.order(|orders| orders.flushes.push(reply));
    }

    /// Ends the thread.
    pub fn end(mut self, end: End) {
        self.stop(end);
    }

    fn order(&self, give: impl FnOnce(&mut Orders)) {
        give(&mut self.shared.orders.lock());
        self.shared.wake.notify_one();
    }

    fn stop(&mut self, end: End) {
        let Some(thread) = self.thread.take() else { return };
        self.order(|orders| orders.end = Some(end));
        // What panicked in the storage's code was caught; there is nothing else in the thread to save.
        let _ = thread.join();
        let left = mem::take(&mut *self.shared.orders.lock());
        for reply in left.flushes {
            reply(Err(Error::new(ErrorKind::Closed, "the datastore was closed before it could be flushed")));
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop(End::Abandoned);
    }
}

impl Shared {
    async fn run(&self, interval: Duration) {
        // A plain interval would tick at once.
        let mut timer = time::interval_at(Instant::now() + interval, interval);
        timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut goes_on = true;
        while goes_on {
            let is_due = tokio::select! {
                () = self.wake.notified() => false,
                _ = timer.tick() => true,
            };
            goes_on = self.turn(is_due);
        }
    }

    /// Does what there is to do; whether there may be more.
    fn turn(&self, is_due: bool) -> bool {
        let orders = {
            let mut orders = self.orders.lock();
            if orders.end == Some(End::Abandoned) {
                return false;
            }
            mem::take(&mut *orders)
        };
        if !orders.flushes.is_empty() {
            let outcome = self.attempt(|| self.keeper.flush());
            for reply in orders.flushes {
                reply(outcome.clone());
            }
        } else if orders.pressed || (is_due && self.has_work()) {
            // Poison and hindrance tell what came of it.
            let _ = self.attempt(|| self.keeper.tend());
        }
        orders.end.is_none()
    }

    /// Whether something was committed, or is left of what could not be done, or need not be done, the last time.
    fn has_work(&self) -> bool {
        self.dirty.load(Ordering::Acquire) || self.health.hindrance().is_some() || self.keeper.has_work()
    }

    fn attempt(&self, act: impl FnOnce() -> Result<()>) -> Result<()> {
        self.health.check()?;
        // Cleared before it begins: what is committed during it waits for the next time.
        self.dirty.store(false, Ordering::Release);
        let panicked = |_| Err(Error::new(ErrorKind::Poisoned, "the sync panicked"));
        match catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(panicked) {
            Ok(()) => {
                self.health.recover();
                self.tell();
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Poisoned => {
                self.health.poison(error);
                self.health.check()
            }
            Err(error) => {
                self.health.hinder(error.clone());
                Err(error)
            }
        }
    }

    /// Tells how much survives a power cut, where that is more than was told before.
    fn tell(&self) {
        let stats = self.keeper.stats();
        if self.told.swap(stats.synced, Ordering::Relaxed) < stats.synced {
            self.health.advance(stats);
        }
    }
}
