//! Errands: what takes long, and threads, and goes beside everything else.
//!
//! Each has a thread of its own, so that no other waits for it, and none is waited for but when the store ends.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;

use super::call::Call;
use super::handle::Engine;
use super::lifecycle::{Shared, closed};
use super::queue::{Moment, Request};
use crate::error::{Error, ErrorKind, Result};

/// What an errand does. It answers in any case.
pub type ErrandJob = Box<dyn FnOnce(&Errand) + Send>;

/// An errand with a moment, or why there is none.
pub type MomentJob = Box<dyn FnOnce(Result<Moment>, &Errand) + Send>;

/// An errand on its way: whether it is to go on, and who hears how far it is.
pub struct Errand {
    call: Call,
    is_over: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Errand {
    /// An errand that is given up where the call is, or whoever it is for has ended.
    pub(super) fn new(call: Call, is_over: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { call, is_over: Box::new(is_over) }
    }

    /// Whether it is to go on.
    ///
    /// # Errors
    ///
    /// `CLOSED` where the store ends, or nobody waits for it any more.
    pub fn check(&self) -> Result<()> {
        if (self.is_over)() {
            return Err(closed());
        }
        if self.call.is_cancelled() {
            return Err(Error::new(ErrorKind::Closed, "the call was given up"));
        }
        Ok(())
    }

    /// So many steps of so many are done.
    pub fn tell(&self, done: usize, total: usize) {
        self.call.tell(done, total);
    }
}

impl Engine {
    /// Runs an errand with the moment in which everything handed over before is committed.
    pub fn run_errand_at(&self, call: Call, job: MomentJob) {
        let shared = Arc::clone(&self.shared);
        let reply = move |moment| run(&shared, call, Box::new(move |errand| job(moment, errand)));
        self.request(Request::Moment(Box::new(reply)));
    }
}

/// On a thread, or where there is none to be had, here and now.
fn run(shared: &Shared, call: Call, job: ErrandJob) {
    let workers = Arc::clone(&shared.workers);
    let errand = Errand::new(call, move || workers.is_stopped());
    let mut lifecycle = shared.lifecycle.lock();
    if lifecycle.closing {
        drop(lifecycle);
        return job(&errand);
    }
    match start(errand, job) {
        Ok(thread) => {
            lifecycle.threads.retain(|thread| !thread.is_finished());
            lifecycle.threads.push(thread);
        }
        Err(here) => {
            drop(lifecycle);
            here();
        }
    }
}

/// Begins an errand on a thread of its own; where there is none to be had, gives out what does it here, to be called
/// without a lock.
pub(super) fn start(errand: Errand, job: ErrandJob) -> Result<JoinHandle<()>, impl FnOnce()> {
    let work = Arc::new(Mutex::new(Some((job, errand))));
    let taken = Arc::clone(&work);
    let thread = thread::Builder::new().name("kixx-errand".to_owned()).spawn(move || begin(&taken));
    thread.map_err(|_| move || begin(&work))
}

fn begin(work: &Mutex<Option<(ErrandJob, Errand)>>) {
    let work = work.lock().take();
    if let Some((job, errand)) = work {
        job(&errand);
    }
}
