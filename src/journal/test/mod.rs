//! The journal over real folders, and over a disk that fails.

mod round_trip;

use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::disk::{Disk, System};
use crate::document::{Body, Document};
use crate::key::Key;

const FOLDER: &str = "journal";

const START: Start = Start { epoch: 1, last: 0, number: 1, placing: Placing::Eager, settled: true };

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn document(revision: u64, body: &str) -> Document {
    Document::new(revision, &Body::from_stringified(body).unwrap().body)
}

fn set<'a>(key: &'a Key, document: &'a Document, previous: Option<&'a Document>) -> Record<'a> {
    Record { key, document: Some(document), previous }
}

fn system(directory: &TempDir) -> Arc<System> {
    Arc::new(System::mount(directory.path()).unwrap())
}
