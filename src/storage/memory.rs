//! A driver that stores nothing: the engine's memory is all there is.
//!
//! For tests, caches and stores whose files are written by a custom file system in JavaScript.

use super::{Capabilities, Group, Loaded, Outcome, Position, Storage};
use crate::error::Result;

/// Storage without a place.
#[derive(Debug, Default)]
pub struct Memory {
    position: Position,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Storage for Memory {
    fn capabilities(&self) -> Capabilities {
        Capabilities { durable: false, group_limit: usize::MAX, exclusive: false }
    }

    fn load(&mut self) -> Result<Loaded> {
        Ok(Loaded { position: self.position, ..Loaded::default() })
    }

    fn commit(&mut self, groups: &[Group]) -> Vec<Outcome> {
        groups
            .iter()
            .map(|group| {
                self.position.sequence += group.entries.len() as u64;
                Outcome::Committed(self.position)
            })
            .collect()
    }

    fn save_definitions(&mut self, _text: &str) -> Result<()> {
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }

    fn abandon(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_the_conformance_cases() {
        crate::storage::conformance::run(&|_| Box::new(Memory::new()));
    }
}
