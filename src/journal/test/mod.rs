//! The journal over real folders, and over a disk that fails.

mod damage;
mod failure;
mod faulty;
mod format;
mod hole;
mod model;
mod power_cut;
mod segments;
mod sharing;

use std::fs;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::disk::Disk;
use crate::document::{Body, Document};
use crate::error::Result;
use crate::key::Key;
use faulty::Faulty;

const FOLDER: &str = ".datastore/journal";

const START: Start = Start { epoch: 1, last: 0, number: 1, placing: Placing::Eager };

/// A disk whose journal folder is still to be made.
struct Place {
    directory: TempDir,
    disk: Arc<Faulty>,
}

impl Place {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        fs::create_dir(directory.path().join(".datastore")).unwrap();
        let disk = Arc::new(Faulty::new(directory.path()));
        Self { directory, disk }
    }

    /// A disk whose journal has these segments.
    fn with(segments: &[&[u8]]) -> Self {
        let place = Self::new();
        place.disk.make_folder(FOLDER).unwrap();
        for (number, bytes) in (1..).zip(segments) {
            place.put(number, bytes);
        }
        place
    }

    fn put(&self, number: u64, bytes: &[u8]) {
        fs::write(self.path(number), bytes).unwrap();
    }

    fn journal(&self) -> Journal {
        Journal::new(self.disk.clone(), FOLDER, START)
    }

    fn recover(&self) -> Result<Recovered> {
        recover(&*self.disk, FOLDER)
    }

    fn path(&self, number: u64) -> std::path::PathBuf {
        self.directory.path().join(segment::path(FOLDER, number))
    }

    fn bytes(&self, number: u64) -> Vec<u8> {
        fs::read(self.path(number)).unwrap()
    }

    fn remove(&self, number: u64) {
        fs::remove_file(self.path(number)).unwrap();
    }

    /// The numbers of the segments that are there.
    fn numbers(&self) -> Vec<u64> {
        let names = fs::read_dir(self.directory.path().join(FOLDER)).unwrap();
        let mut numbers: Vec<u64> =
            names.map(|entry| segment::number(entry.unwrap().file_name().to_str().unwrap()).unwrap()).collect();
        numbers.sort_unstable();
        numbers
    }
}

fn recovered_from(segments: &[&[u8]]) -> Result<Recovered> {
    Place::with(segments).recover()
}

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn document(revision: u64, body: &str) -> Document {
    Document::new(revision, &Body::from_stringified(body).unwrap().body)
}

fn set<'a>(key: &'a Key, document: &'a Document, previous: Option<&'a Document>) -> Record<'a> {
    Record { key, document: Some(document), previous, left: None }
}

/// Appends a group that sets each key to a new document `{"n":N}`; tells its last sequence.
fn put(journal: &Journal, keys: &[&str], n: u64) -> u64 {
    let writes: Vec<_> = keys.iter().map(|text| (key(text), document(n, &format!("{{\"n\":{n}}}")))).collect();
    let records: Vec<_> = writes.iter().map(|(key, document)| set(key, document, None)).collect();
    journal.append(&[records], 0).unwrap()[0]
}

/// Each recovered document's `n`, which is its revision, in the order of their keys; a deleted one has none.
fn numbers(recovered: &Recovered) -> Vec<(String, Option<u64>)> {
    let mut numbers: Vec<_> = recovered
        .histories
        .iter()
        .map(|(key, history)| (key.to_string(), history.document.as_ref().map(Document::revision)))
        .collect();
    numbers.sort();
    numbers
}

/// What `numbers` tells of documents that are there.
fn are(expected: &[(&str, u64)]) -> Vec<(String, Option<u64>)> {
    expected.iter().map(|(key, n)| ((*key).to_owned(), Some(*n))).collect()
}

/// Where each line begins, and where the last one ends.
fn offsets(bytes: &[u8]) -> Vec<usize> {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(ends).collect()
}
