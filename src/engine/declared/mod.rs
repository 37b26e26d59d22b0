//! Declarative views: kept by the engine, evaluated beside the event loop.
//!
//! ```text
//!   near(snapshot)                 little has changed: evaluated here and now
//!   later(snapshot, reply)         else: queue of moments --> worker: evaluate in parallel -> rows -> reading
//!   now(snapshot)                  here and now, however long it takes
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `view` | [`View`]: one view, and the moments that are wanted of it |
//! | `build` | `Built`: its rows, and bringing them forward |
//!
//! Invariants: moments are served in the order in which they were wanted, because rows go forward only. A view that was
//! replaced still answers what was asked of it before.
//!
//! Not here: what a document contributes ([`declared`](crate::view::declared)), pages of rows ([`Reading`](super::Reading)).

mod build;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

pub use view::{Awaited, ReadingReply, View, ViewNumbers};

/// The declarative views of a store, by id.
#[derive(Default)]
pub(super) struct Views {
    /// A mutex, held for a moment and with no other.
    views: Mutex<BTreeMap<String, Arc<View>>>,
}

impl Views {
    /// Registers a view in place of whatever had the id.
    pub fn set(&self, id: &str, view: Arc<View>) {
        let before = self.views.lock().insert(id.to_owned(), view);
        drop(before);
    }

    /// Forgets a view, unless another one has the id by now.
    pub fn remove(&self, id: &str, view: &Arc<View>) {
        let mut views = self.views.lock();
        let removed = if views.get(id).is_some_and(|known| Arc::ptr_eq(known, view)) { views.remove(id) } else { None };
        drop(views);
        drop(removed);
    }

    /// All of them.
    pub fn all(&self) -> Vec<(String, Arc<View>)> {
        self.views.lock().iter().map(|(id, view)| (id.clone(), Arc::clone(view))).collect()
    }
}
