//! Writes that are done together or not at all.

use std::collections::HashSet;

use super::reads::Reads;
use super::write::Write;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;

/// Writes of different documents that are stored, and seen by every reader, in one moment, or not at all. It is synced
/// where one of its writes is.
///
/// Its answers are one for each write, or, where it was refused, the one reason.
#[derive(Debug, Default)]
pub struct Batch {
    /// What to do, each key once.
    pub writes: Vec<Write>,
    /// What has to be as it was read; [`Lost`](super::Settled::Lost) where it is not.
    pub reads: Option<Box<Reads>>,
}

impl Batch {
    /// Refuses what no storage could do, or this one, which takes `limit` entries at a time.
    pub(super) fn check(writes: &[Write], limit: usize) -> Result<()> {
        let mut keys: HashSet<&Key> = HashSet::with_capacity(writes.len());
        if let Some(twice) = writes.iter().find(|write| !keys.insert(&write.key)) {
            return Err(Error::assertion("a batch writes a key once").with_key(twice.key.to_text()));
        }
        if writes.len() > limit {
            let message = format!("this storage cannot do {} writes together: its limit is {limit}", writes.len());
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
        Ok(())
    }
}
