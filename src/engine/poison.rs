//! Why writes are refused.
//!
//! After a failed sync, or a panic in the middle of a commit, nobody knows what storage holds. The store then serves
//! reads from memory and refuses writes with `POISONED` and the first cause, until it is closed and loaded again.

use std::sync::OnceLock;

use crate::error::{Error, ErrorKind, Result};

/// Set once, by the first failure.
#[derive(Debug, Default)]
pub struct Poison {
    cause: OnceLock<Error>,
}

impl Poison {
    /// Refuses writes from now on. Later causes are dropped: the first one tells the story.
    pub fn set(&self, cause: Error) {
        let _ = self.cause.set(cause);
    }

    /// What writes are answered.
    ///
    /// # Errors
    ///
    /// `POISONED`, after [`Poison::set`].
    pub fn check(&self) -> Result<()> {
        let Some(cause) = self.cause.get() else { return Ok(()) };
        let message = format!("the store refuses writes since a failure left its files in doubt: {cause}");
        Err(Error::new(ErrorKind::Poisoned, message).with_source(cause.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    #[test]
    fn the_first_cause_is_kept_and_told() {
        let poison = Poison::default();
        poison.check().unwrap();
        poison.set(Error::new(ErrorKind::Storage, "disk on fire"));
        poison.set(Error::new(ErrorKind::Storage, "smoke"));
        let error = poison.check().unwrap_err();
        assert_eq!(error.code(), "POISONED");
        assert_eq!(error.source().unwrap().to_string(), "disk on fire");
    }
}
