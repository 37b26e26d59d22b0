//! How an engine treats what it is given.

use std::sync::Arc;
use std::time::Duration;

use super::health::Listener;

/// What is chosen once for a store. The default: not synced, one second, nobody listens.
#[derive(Clone)]
pub struct Options {
    /// Whether every write is answered only when it survives a power cut.
    pub synced: bool,
    /// How long a committed write stays unsynced at most, as long as nothing hinders.
    pub interval: Duration,
    /// Hears what the engine tells without being asked.
    pub on_event: Listener,
}

impl Default for Options {
    fn default() -> Self {
        Self { synced: false, interval: Duration::from_secs(1), on_event: Arc::new(|_| {}) }
    }
}
