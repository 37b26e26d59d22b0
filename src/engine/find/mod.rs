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
//! | `plan` | [`Plan`]: which view, and which of its rows; [`Considered`]: why not another one |
//! | `search` | [`Search`]: what is wanted, and finding it among candidates |
//!
//! Little is done at once on the caller's thread, the rest by a worker. Either way the answer is that of one moment.

mod plan;
mod search;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::call::{Answer, Call};
use super::declared::View;
use super::handle::Engine;
use super::lifecycle::{Shared, closed};
use super::reading::Reading;
use super::snapshot::Snapshot;
use crate::error::{Error, ErrorKind, Result};

use plan::Plan;
pub use plan::{Considered, Unfit, consider};
use search::Arranged;
pub use search::{Explanation, Found, Search, Wanted};

/// Takes what was found where that was not known at once.
pub type FoundReply = Box<dyn FnOnce(Result<Found>) + Send>;

/// A search at a moment, to be done by a worker.
#[must_use = "nothing is done before it is begun"]
pub struct Searching {
    search: Arranged,
    plan: Option<Plan>,
    /// The plan's view at the moment, where it was there at once.
    reading: Option<Reading>,
    snapshot: Snapshot,
    shared: Arc<Shared>,
}

impl Engine {
    /// Searches at this moment, with or without one of these views, which are told by their ids: at once where that takes a
    /// moment only.
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`; an assertion where the cursor is damaged, or belongs to another search, and for a prefix in a
    /// store with a collation.
    pub fn find(&self, search: Search, views: Vec<(String, Arc<View>)>) -> Result<Answer<Found, Searching>> {
        let snapshot = self.snapshot()?;
        let plan = Plan::choose(views, search.condition());
        let search = search.among(snapshot.in_order())?;
        let mut searching = Searching { search, plan, reading: None, snapshot, shared: Arc::clone(&self.shared) };
        if let Some(plan) = &searching.plan
            && let Some(reading) = plan.view.near(&|| self.snapshot())?
        {
            searching.read(reading);
        }
        let is_known = searching.plan.is_none() || searching.reading.is_some();
        let found = is_known.then(|| searching.search.at_once(&searching.snapshot, searching.rows())).flatten();
        Ok(found.map_or(Answer::Later(searching), Answer::Now))
    }
}

impl Searching {
    /// Begins. The moment is that of the search, or, with a view that is not there yet, of this call.
    pub fn begin(mut self, call: Call, reply: FoundReply) {
        let shared = Arc::clone(&self.shared);
        match &self.plan {
            Some(plan) if self.reading.is_none() => {
                let (view, asked) = (Arc::clone(&plan.view), call.clone());
                let search = move |reading: Result<Reading>| {
                    reply(reading.and_then(|reading| {
                        self.read(reading);
                        self.run(&call)
                    }));
                };
                view.later(&shared.workers, &|| shared.snapshot(), asked, Box::new(search));
            }
            _ => shared.workers.run(Box::new(move || reply(self.run(&call)))),
        }
    }

    /// The plan's view is there, and its moment is the search's.
    fn read(&mut self, reading: Reading) {
        self.snapshot = reading.snapshot().clone();
        self.reading = Some(reading);
    }

    fn rows(&self) -> Option<(&Plan, &Reading)> {
        self.plan.as_ref().zip(self.reading.as_ref())
    }

    fn run(&self, call: &Call) -> Result<Found> {
        let is_given_up = || self.shared.workers.is_stopped() || call.is_cancelled();
        let search = || self.search.run(&self.snapshot, self.rows(), &is_given_up);
        catch_unwind(AssertUnwindSafe(search))
            .map_err(|_| Error::new(ErrorKind::Poisoned, "the search panicked"))?
            .ok_or_else(closed)
    }
}
