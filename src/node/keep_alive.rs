//! Pending answers keep the event loop alive, an idle store does not.

use std::cell::Cell;
use std::rc::Rc;

use napi::{Env, sys};

/// Counts what is pending in one store and references its callback while there is any. Lives on the environment's
/// thread.
#[derive(Debug, Default)]
pub struct KeepAlive {
    pending: Cell<u32>,
    callback: Cell<Option<sys::napi_threadsafe_function>>,
}

impl KeepAlive {
    /// Nothing is pending.
    pub fn new() -> Rc<Self> {
        Rc::default()
    }

    /// The callback to hold: a threadsafe function that is unreferenced now.
    pub fn hold(&self, callback: sys::napi_threadsafe_function) {
        self.callback.set(Some(callback));
    }

    /// The callback is about to be freed.
    pub fn forget(&self) {
        self.callback.set(None);
    }

    /// One more answer is expected.
    pub fn begin(&self, env: &Env) {
        self.pending.set(self.pending.get() + 1);
        if self.pending.get() == 1 {
            self.reference(env, true);
        }
    }

    /// An answer came.
    pub fn end(&self, env: &Env) {
        self.pending.set(self.pending.get().saturating_sub(1));
        if self.pending.get() == 0 {
            self.reference(env, false);
        }
    }

    #[expect(unsafe_code, reason = "napi offers no reference counting for a shared threadsafe function")]
    fn reference(&self, env: &Env, referenced: bool) {
        let Some(callback) = self.callback.get() else { return };
        // SAFETY: the store holds the threadsafe function until `forget`, and this type never leaves the thread of
        // its environment. A status other than ok means that the environment is ending, when it no longer matters.
        unsafe {
            if referenced {
                sys::napi_ref_threadsafe_function(env.raw(), callback);
            } else {
                sys::napi_unref_threadsafe_function(env.raw(), callback);
            }
        }
    }
}
