//! What an engine tells when it is asked.

use std::time::Duration;

use crate::error::Error;
use crate::storage::{Findings, KeeperStats, Position};

/// What a load found.
#[derive(Clone, Debug, Default)]
pub struct LoadReport {
    /// How many documents there are.
    pub documents: usize,
    /// What lay beside them.
    pub findings: Findings,
    /// How long it took.
    pub duration: Duration,
}

/// Bytes that an engine holds, about: what the allocator adds is not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The documents' texts, with what lets snapshots share them.
    pub texts: usize,
    /// The keys, and the trees by which documents are found.
    pub keys: usize,
    /// The record of changes.
    pub changes: usize,
    /// The rows of declarative views; those of others are their owners'.
    pub views: usize,
}

/// How much an engine holds, and how it is.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Documents.
    pub documents: usize,
    /// Bytes of their texts.
    pub text_bytes: u64,
    /// What all this takes in memory, by part.
    pub memory: Memory,
    /// The last commit.
    pub position: Position,
    /// What waits for the storage's keeper; zeros where it has none.
    pub keeper: KeeperStats,
    /// What hinders the work in the background.
    pub degraded: Option<Error>,
    /// Why writes are refused, if they are.
    pub failure: Option<Error>,
}
