//! Dropping what is big on a thread of its own: freeing a million rows takes long enough to be felt.

use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// The threads that have not been waited for.
static DROPPING: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// Drops a value on another thread; on this one where none can be had.
pub fn drop_aside(value: impl Send + 'static) {
    let thread = thread::Builder::new().name("kixx-drop".to_owned()).spawn(move || drop(value));
    let mut dropping = DROPPING.lock().unwrap_or_else(PoisonError::into_inner);
    dropping.retain(|thread| !thread.is_finished());
    dropping.extend(thread);
}

/// Waits until everything is dropped that was to be: before this code may be unloaded.
pub fn wait_for_drops() {
    loop {
        let thread = DROPPING.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let Some(thread) = thread else { return };
        // What panicked there was told by its own thread.
        let _ = thread.join();
    }
}
