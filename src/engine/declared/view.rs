//! One declarative view, and the moments that are wanted of it.

use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::channel;

use parking_lot::Mutex;

use super::Present;
use super::build::Built;
use crate::engine::call::Call;
use crate::engine::lifecycle::{Shared, closed};
use crate::engine::reading::Reading;
use crate::engine::snapshot::Snapshot;
use crate::engine::workers::Workers;
use crate::error::{Error, ErrorKind, Result};
use crate::range::{Fingerprint, KeyRange};
use crate::storage::Sequence;
use crate::view::declared::Declaration;

/// Takes the reading of a moment that was not there at once.
pub type ReadingReply = Box<dyn FnOnce(Result<Reading>) + Send>;

/// A declarative view and its rows. Lock order: `queue`, then `built`, then the store's state, then `numbers`.
pub struct View {
    /// The view, as its cursors know it: however often it is built anew.
    fingerprint: Fingerprint,
    declaration: Declaration,
    /// What is waited for. A mutex, held for the little that is done on the caller's thread; by the worker for a moment.
    queue: Mutex<Queue>,
    /// The rows. A mutex, held by whoever brings them forward.
    built: Mutex<Built>,
    /// Of the last query. A mutex, held for a moment.
    numbers: Mutex<ViewNumbers>,
}

/// A view at the moment when it begins, to be built by a worker.
#[must_use = "nothing is done before it is begun"]
pub struct Awaited {
    view: Arc<View>,
    shared: Arc<Shared>,
}

impl Awaited {
    pub(in crate::engine) fn new(view: Arc<View>, shared: Arc<Shared>) -> Self {
        Self { view, shared }
    }

    /// Begins, at the moment of this call.
    pub fn begin(self, call: Call, reply: ReadingReply) {
        self.view.later(&self.shared.workers, &|| self.shared.snapshot(), call, reply);
    }
}

/// A view's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ViewNumbers {
    /// How many rows there are.
    pub rows: usize,
    /// The last change that is in the rows.
    pub sequence: Sequence,
}

#[derive(Default)]
struct Queue {
    /// A worker is told to serve it.
    is_served: bool,
    /// The earliest first.
    wanted: VecDeque<Wanted>,
}

struct Wanted {
    snapshot: Snapshot,
    call: Call,
    reply: ReadingReply,
}

impl View {
    /// A view without rows.
    #[must_use]
    pub fn new(id: &str, declaration: Declaration) -> Self {
        Self {
            fingerprint: Fingerprint::of_view(id),
            declaration,
            queue: Mutex::default(),
            built: Mutex::default(),
            numbers: Mutex::default(),
        }
    }

    /// What its rows are.
    #[must_use]
    pub fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    /// Its numbers, as of the last moment that it was brought to.
    #[must_use]
    pub fn numbers(&self) -> ViewNumbers {
        *self.numbers.lock()
    }

    /// About the bytes that its rows take; none while they are brought forward. O(log n).
    pub(in crate::engine) fn bytes(&self) -> usize {
        self.built.try_lock().map_or(0, |built| built.bytes())
    }

    /// The view at the present moment, where little has changed since the last one; else `None`, and [`later`](Self::later)
    /// is the way.
    pub(in crate::engine) fn near(&self, present: Present<'_>) -> Result<Option<Reading>> {
        let queue = self.queue.lock();
        if queue.is_served {
            return Ok(None);
        }
        let mut built = self.built.lock();
        let snapshot = present()?;
        if !built.is_near(&snapshot) {
            return Ok(None);
        }
        self.forward(&mut built, &snapshot, &Call::default(), &|| false).map(Some)
    }

    /// The view at the present moment, by `reply` from a worker.
    pub(in crate::engine) fn later(
        self: &Arc<Self>,
        workers: &Arc<Workers>,
        present: Present<'_>,
        call: Call,
        reply: ReadingReply,
    ) {
        let mut queue = self.queue.lock();
        let snapshot = match present() {
            Ok(snapshot) => snapshot,
            Err(error) => {
                drop(queue);
                return reply(Err(error));
            }
        };
        queue.wanted.push_back(Wanted { snapshot, call, reply });
        let is_served = mem::replace(&mut queue.is_served, true);
        drop(queue);
        if !is_served {
            let (view, stop) = (Arc::clone(self), Arc::clone(workers));
            workers.run(Box::new(move || view.serve(&stop)));
        }
    }

    /// The view at the present moment, however long that takes. Moments that are waited for are served first. No lock is held
    /// meanwhile: other threads may ask, too.
    pub(in crate::engine) fn now(self: &Arc<Self>, workers: &Arc<Workers>, present: Present<'_>) -> Result<Reading> {
        if let Some(reading) = self.near(present)? {
            return Ok(reading);
        }
        let (sender, receiver) = channel();
        let reply = move |reading| drop(sender.send(reading));
        self.later(workers, present, Call::default(), Box::new(reply));
        receiver.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// How many rows lie in some ranges, as far as the rows are known now; `None` where there are none yet, or they are
    /// being made.
    pub(in crate::engine) fn estimate(&self, ranges: &[KeyRange]) -> Option<usize> {
        let built = self.built.try_lock()?;
        let rows = built.rows();
        (built.sequence() > 0).then(|| ranges.iter().map(|range| range.positions(rows).len()).sum())
    }

    /// A worker's part: serves what is waited for until nothing is.
    fn serve(&self, workers: &Workers) {
        loop {
            let mut queue = self.queue.lock();
            let Some(Wanted { snapshot, call, reply }) = queue.wanted.pop_front() else {
                queue.is_served = false;
                return;
            };
            // Locked before the queue is let go: no later moment may overtake this one.
            let mut built = self.built.lock();
            drop(queue);
            let is_given_up = || workers.is_stopped() || (call.is_cancelled() && self.is_wanted_by_nobody());
            let reading = self.forward(&mut built, &snapshot, &call, &is_given_up);
            drop(built);
            drop(snapshot);
            // Before the answer, so that whoever asks next is answered at once.
            let mut queue = self.queue.lock();
            queue.is_served = !queue.wanted.is_empty();
            let is_left = queue.is_served;
            drop(queue);
            reply(reading);
            if !is_left {
                return;
            }
        }
    }

    /// Whether nobody else waits for what is being done.
    fn is_wanted_by_nobody(&self) -> bool {
        self.queue.try_lock().is_some_and(|queue| queue.wanted.iter().all(|wanted| wanted.call.is_cancelled()))
    }

    fn forward(
        &self,
        built: &mut Built,
        snapshot: &Snapshot,
        call: &Call,
        is_given_up: &(dyn Fn() -> bool + Sync),
    ) -> Result<Reading> {
        // Taken out, so that what is left after a panic is a view without rows.
        let mut rows = mem::take(built);
        let forward = || rows.forward(&self.declaration, snapshot, call, is_given_up);
        let Ok(tree) = catch_unwind(AssertUnwindSafe(forward)) else {
            return Err(Error::new(ErrorKind::Poisoned, "the evaluation of a declarative view panicked"));
        };
        *self.numbers.lock() = ViewNumbers { rows: rows.rows().len(), sequence: rows.sequence() };
        *built = rows;
        let tree = tree.ok_or_else(closed)?;
        Ok(Reading::new(self.fingerprint, tree, self.declaration.collation().clone(), snapshot.clone()))
    }
}
