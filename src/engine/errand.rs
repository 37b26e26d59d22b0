//! Errands: what takes long, and threads, and goes beside everything else.
//!
//! Each has a thread of its own, so that no other waits for it, and none is waited for but when the store ends.

use std::io;
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;

use super::call::Call;
use super::handle::Engine;
use super::lifecycle::{Shared, closed};
use super::queue::{Moment, Request};
use super::workers::Workers;
use crate::error::{Error, ErrorKind, Result};

/// What an errand does. It answers in any case.
pub type ErrandJob = Box<dyn FnOnce(&Errand) + Send>;

/// An errand with a moment, or why there is none.
pub type MomentJob = Box<dyn FnOnce(Result<Moment>, &Errand) + Send>;

/// An errand on its way: whether it is to go on, and who hears how far it is.
pub struct Errand {
    call: Call,
    workers: Arc<Workers>,
}

impl Errand {
    /// Whether it is to go on.
    ///
    /// # Errors
    ///
    /// `CLOSED` where the store ends, or nobody waits for it any more.
    pub fn check(&self) -> Result<()> {
        if self.workers.is_stopped() {
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
    /// Runs an errand, whatever the store is at.
    pub fn run_errand(&self, call: Call, job: ErrandJob) {
        run(&self.shared, call, job);
    }

    /// Runs an errand with the moment in which everything handed over before is committed.
    pub fn run_errand_at(&self, call: Call, job: MomentJob) {
        let shared = Arc::clone(&self.shared);
        let reply = move |moment| run(&shared, call, Box::new(move |errand| job(moment, errand)));
        self.request(Request::Moment(Box::new(reply)));
    }
}

/// On a thread, or where there is none to be had, here and now.
fn run(shared: &Shared, call: Call, job: ErrandJob) {
    let errand = Errand { call, workers: Arc::clone(&shared.workers) };
    let work = Arc::new(Mutex::new(Some((job, errand))));
    let mut lifecycle = shared.lifecycle.lock();
    let started = if lifecycle.closing {
        Err(io::ErrorKind::Interrupted.into())
    } else {
        let work = Arc::clone(&work);
        thread::Builder::new().name("kixx-errand".to_owned()).spawn(move || begin(&work))
    };
    if let Ok(thread) = started {
        lifecycle.threads.retain(|thread| !thread.is_finished());
        lifecycle.threads.push(thread);
    } else {
        drop(lifecycle);
        begin(&work);
    }
}

fn begin(work: &Mutex<Option<(ErrandJob, Errand)>>) {
    let work = work.lock().take();
    if let Some((job, errand)) = work {
        job(&errand);
    }
}
