//! A call that may take a while: answered now or later, whether it is still wanted, and who hears how far it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Hears how many of how many documents have been looked at, in any order, and all of them before the answer.
pub type Progress = Box<dyn Fn(usize, usize) + Send + Sync>;

/// What a call comes to.
pub enum Answer<Now, Later> {
    /// The answer.
    Now(Now),
    /// What has to be begun, to be answered from another thread.
    Later(Later),
}

/// A call under way. Cheap to clone.
#[derive(Clone, Default)]
pub struct Call {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    cancelled: AtomicBool,
    progress: Option<Progress>,
}

impl Call {
    /// A call whose progress is told, from any thread.
    #[must_use]
    pub fn new(progress: Option<Progress>) -> Self {
        Self { inner: Arc::new(Inner { cancelled: AtomicBool::new(false), progress }) }
    }

    /// Nobody waits for the answer any more.
    pub fn cancel(&self) {
        self.inner.cancelled.store(true, Ordering::Release);
    }

    /// Whether nobody waits for the answer any more.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.inner.cancelled.load(Ordering::Acquire)
    }

    /// So much of so much is done.
    pub(super) fn tell(&self, done: usize, total: usize) {
        if let Some(progress) = &self.inner.progress {
            progress(done, total);
        }
    }

    /// Counts up to `total`.
    pub(super) fn count(&self, total: usize) -> Count<'_> {
        Count { progress: self.inner.progress.as_ref(), done: AtomicUsize::new(0), total }
    }
}

/// How far a call is.
pub(super) struct Count<'call> {
    progress: Option<&'call Progress>,
    done: AtomicUsize,
    total: usize,
}

impl Count<'_> {
    /// So many more are done.
    pub fn add(&self, more: usize) {
        let Some(progress) = self.progress else { return };
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        progress(done, self.total);
    }
}
