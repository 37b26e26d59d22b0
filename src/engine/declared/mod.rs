//! Declarative views: kept by the engine, evaluated beside the event loop.
//!
//! ```text
//!   near(present)                  little has changed: evaluated here and now
//!   later(present, reply)          else: queue of moments --> worker: evaluate in parallel -> rows -> reading
//!   now(present)                   waited for, however long it takes
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `view` | [`View`]: one view, and the moments that are wanted of it |
//! | `build` | `Built`: its rows, and bringing them forward |
//!
//! Invariants: moments are served in the order in which they were wanted, because rows go forward only. So a moment is taken
//! under the lock under which it gets its place: views are shared, and threads would overtake each other on the way. A view
//! that was replaced still answers what was asked of it before.
//!
//! Not here: what a document contributes ([`declared`](crate::view::declared)), pages of rows ([`Reading`](super::Reading)).

mod build;
mod view;

use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::snapshot::Snapshot;
use crate::error::Result;
use crate::view::declared::Declaration;

pub use view::{Awaited, ReadingReply, View, ViewNumbers};

/// Tells the present moment.
pub(in crate::engine) type Present<'a> = &'a dyn Fn() -> Result<Snapshot>;

/// The declarative views that anybody holds.
#[derive(Default)]
pub(super) struct Views {
    /// A mutex, held for a moment and with no other.
    known: Mutex<Vec<(String, Weak<View>)>>,
}

impl Views {
    /// The view of this id and declaration, or a new one. Its cursors know it by its id.
    pub fn declare(&self, id: &str, declaration: &Declaration) -> Arc<View> {
        let mut known = self.known.lock();
        known.retain(|(_, view)| view.strong_count() > 0);
        let alike = known.iter().filter(|(of, _)| of == id).filter_map(|(_, view)| view.upgrade());
        // Those that are not the one are dropped without the lock: nobody else may hold them by now.
        let alike: Vec<_> = alike.collect();
        if let Some(view) = alike.iter().find(|view| view.declaration() == declaration) {
            drop(known);
            return Arc::clone(view);
        }
        let view = Arc::new(View::new(id, declaration.clone()));
        known.push((id.to_owned(), Arc::downgrade(&view)));
        drop(known);
        view
    }

    /// All of them.
    pub fn all(&self) -> Vec<Arc<View>> {
        self.known.lock().iter().filter_map(|(_, view)| view.upgrade()).collect()
    }
}
