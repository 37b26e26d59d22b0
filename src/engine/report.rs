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

/// How much an engine holds, and how it is.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Documents.
    pub documents: usize,
    /// Bytes of their texts.
    pub text_bytes: u64,
    /// The last commit.
    pub position: Position,
    /// What waits for the storage's keeper; zeros where it has none.
    pub keeper: KeeperStats,
    /// What hinders the work in the background.
    pub degraded: Option<Error>,
    /// Why writes are refused, if they are.
    pub failure: Option<Error>,
}
