//! Documents by conditions: the same `where` as declarative views have.
//!
//! ```text
//!   plan: the view whose key the conditions pin to the fewest rows, if one fits
//!   candidates: the documents of those rows, or all of the range of keys   (in the order of keys)
//!   filter: all conditions, in parallel -> page
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `plan` | [`Plan`]: which view, and which of its rows |
//! | `search` | [`Search`]: what is wanted, and finding it among candidates |
//!
//! Little is done at once on the caller's thread, the rest by a worker. Either way the answer is that of one moment.

mod plan;
mod search;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::call::Call;
use super::handle::Engine;
use super::lifecycle::closed;
use super::reading::Reading;
use super::snapshot::Snapshot;
use super::workers::Workers;
use crate::error::{Error, ErrorKind, Result};

use plan::Plan;
pub use search::{Explanation, Found, Search, Wanted};

/// Takes what was found where that was not known at once.
pub type FoundReply = Box<dyn FnOnce(Result<Found>) + Send>;

/// What a search works on.
struct Task {
    search: Search,
    plan: Option<Plan>,
    snapshot: Snapshot,
    call: Call,
    workers: Arc<Workers>,
}

impl Engine {
    /// Searches at this moment: given out where that takes a moment only, else by `reply`.
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn find(&self, search: Search, call: Call, reply: FoundReply) -> Result<Option<Found>> {
        let snapshot = self.snapshot()?;
        let plan = Plan::choose(self.shared.views.all(), search.condition());
        let workers = Arc::clone(&self.shared.workers);
        let task = Task { search, plan, snapshot, call, workers };
        let reading = match &task.plan {
            None => None,
            Some(plan) => match plan.view.near(&task.snapshot) {
                Some(reading) => Some(reading?),
                None => {
                    let (view, snapshot, call) = (Arc::clone(&plan.view), task.snapshot.clone(), task.call.clone());
                    let found = move |reading: Result<Reading>| reply(reading.and_then(|rows| task.run(Some(&rows))));
                    view.later(&self.shared.workers, snapshot, call, Box::new(found));
                    return Ok(None);
                }
            },
        };
        if let Some(found) = task.search.at_once(&task.snapshot, task.rows(reading.as_ref())) {
            return Ok(Some(found));
        }
        self.shared.workers.run(Box::new(move || reply(task.run(reading.as_ref()))));
        Ok(None)
    }
}

impl Task {
    fn rows<'a>(&'a self, reading: Option<&'a Reading>) -> Option<(&'a Plan, &'a Reading)> {
        self.plan.as_ref().zip(reading)
    }

    fn run(&self, reading: Option<&Reading>) -> Result<Found> {
        let is_given_up = || self.workers.is_stopped() || self.call.is_cancelled();
        let search = || self.search.run(&self.snapshot, self.rows(reading), &is_given_up);
        catch_unwind(AssertUnwindSafe(search))
            .map_err(|_| Error::new(ErrorKind::Poisoned, "the search panicked"))?
            .ok_or_else(closed)
    }
}
