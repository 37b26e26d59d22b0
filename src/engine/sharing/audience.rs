//! Who hears what an engine tells by itself.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::engine::health::{EngineEvent, Listener};
use crate::storage::Watcher;

/// The handles of one engine, as listeners.
#[derive(Default)]
pub(super) struct Audience {
    /// A mutex, held while they are told, which takes a moment each.
    listeners: Mutex<Vec<(u64, Listener, Watcher)>>,
}

impl Audience {
    /// One more hears what is told from now on: what happens, and how far a load is.
    pub fn add(&self, id: u64, listener: Listener, watcher: Watcher) {
        self.listeners.lock().push((id, listener, watcher));
    }

    /// One hears nothing any more.
    pub fn remove(&self, id: u64) {
        let left: Vec<_> = self.listeners.lock().extract_if(.., |(of, ..)| *of == id).collect();
        drop(left);
    }

    /// What tells everybody of what happens.
    pub fn listener(self: &Arc<Self>) -> Listener {
        let audience = Arc::clone(self);
        Arc::new(move |event: EngineEvent| {
            for (_, listener, _) in audience.listeners.lock().iter() {
                listener(event.clone());
            }
        })
    }

    /// What tells everybody how far a load is.
    pub fn watcher(self: &Arc<Self>) -> Watcher {
        let audience = Arc::clone(self);
        Watcher::new(move |done, total| {
            for (_, _, watcher) in audience.listeners.lock().iter() {
                watcher.tell(done, total);
            }
        })
    }
}
