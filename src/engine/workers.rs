//! The thread that computes beside the event loop: builds of declarative views, scans.
//!
//! It starts with the first job and does one after the other; a job may use more threads while it runs. When the store
//! ends, jobs see that they are to stop and answer `CLOSED`, those that have not begun included.

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;

/// Something to compute. It answers in any case.
pub(super) type Job = Box<dyn FnOnce() + Send>;

/// So few items are not worth a thread.
const SLICE: usize = 512;

/// The thread, and what waits for it.
#[derive(Default)]
pub(super) struct Workers {
    /// A mutex, held for a moment and with no other.
    thread: Mutex<Thread>,
    stopped: AtomicBool,
}

#[derive(Default)]
struct Thread {
    jobs: Option<Sender<Job>>,
    handle: Option<JoinHandle<()>>,
}

impl Workers {
    /// Does a job on the thread; where there is none to be had, here and now.
    pub fn run(&self, job: Job) {
        let mut thread = self.thread.lock();
        if thread.jobs.is_none() && !self.is_stopped() {
            thread.start();
        }
        let left = match &thread.jobs {
            Some(jobs) => jobs.send(job).err().map(|refused| refused.0),
            None => Some(job),
        };
        drop(thread);
        if let Some(job) = left {
            job();
        }
    }

    /// Whether jobs are to end.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Tells the thread to end. Gives it out, to be waited for.
    pub fn stop(&self) -> Option<JoinHandle<()>> {
        let mut thread = self.thread.lock();
        self.stopped.store(true, Ordering::Release);
        thread.jobs = None;
        thread.handle.take()
    }
}

impl Thread {
    fn start(&mut self) {
        let (sender, receiver) = channel::<Job>();
        let run = move || {
            for job in receiver {
                // Jobs catch the panics of what they compute; one that got through must not end the thread.
                let _ = catch_unwind(AssertUnwindSafe(job));
            }
        };
        if let Ok(handle) = thread::Builder::new().name("kixx-worker".to_owned()).spawn(run) {
            self.handle = Some(handle);
            self.jobs = Some(sender);
        }
    }
}

/// What `work` makes of consecutive slices of `items`, in their order; as many at a time as there are processors.
pub(super) fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(items.len() / SLICE).max(1);
    let slice = items.len().div_ceil(threads).max(1);
    if threads == 1 {
        return vec![work(items)];
    }
    let work = &work;
    thread::scope(|scope| {
        let (first, rest) = items.split_at(slice);
        let others: Vec<_> = rest.chunks(slice).map(|slice| scope.spawn(move || work(slice))).collect();
        let first = work(first);
        let others =
            others.into_iter().map(|other| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        [first].into_iter().chain(others).collect()
    })
}
