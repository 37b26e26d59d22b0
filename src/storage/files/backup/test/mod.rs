//! Backups on a disk that fails, is killed and loses power.

mod damage;
mod faults;

use std::cell::Cell;
use std::sync::Arc;

use super::restore::restore_on;
use super::write::write_on;
use super::{Moment, Summary, Watch};
use crate::collator::Collation;
use crate::disk::Disk;
use crate::disk::simulated::Simulated;
use crate::document::Document;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::storage::Position;

/// What the unique views of the tests are.
const DEFINITIONS: &str = "{\"byEmail\":{\"key\":\"email\",\"unique\":true}}";

/// Goes on until it was asked so often.
struct Patience {
    left: Cell<usize>,
    told: Cell<(usize, usize)>,
}

impl Patience {
    fn of(left: usize) -> Self {
        Self { left: Cell::new(left), told: Cell::default() }
    }
}

impl Watch for Patience {
    fn check(&self) -> Result<()> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(Error::new(ErrorKind::Closed, "given up")),
        }
    }

    fn tell(&self, done: usize, total: usize) {
        self.told.set((done, total));
    }
}

/// A few documents, one of them with a name that is cut into folders.
fn documents() -> Vec<(Key, Document)> {
    let keys = ["a", "b*", "user:1", &"\u{e9}".repeat(60), &"x".repeat(300)];
    let mut documents: Vec<_> =
        keys.iter().zip(0..).map(|(key, revision)| (key, document(revision))).map(named).collect();
    documents.sort_by(|(a, _), (b, _)| a.cmp(b));
    documents
}

fn named((key, document): (&&str, Document)) -> (Key, Document) {
    (Key::new(key).unwrap(), document)
}

fn document(revision: u64) -> Document {
    Document::from_text(&format!("{{\"_rev\":{revision},\"n\":1E400,\"list\":[1,{{}}]}}")).unwrap()
}

/// Writes a backup of these documents.
fn back_up(disk: &Simulated, documents: &[(Key, Document)], watch: &dyn Watch) -> Result<Summary> {
    let moment = Moment {
        documents: &mut documents.iter().map(|(key, document)| (key, document)),
        count: documents.len(),
        definitions: DEFINITIONS,
        collation: &Collation::CodeUnit,
        position: Position { epoch: 1, sequence: 7 },
        created: "2026-11-21T20:00:00.000Z",
    };
    write_on(Arc::new(disk.clone()), "backup", moment, watch)
}

fn patient() -> Patience {
    Patience::of(usize::MAX)
}

/// A disk that is mounted at a backup of the documents.
fn backup() -> Simulated {
    let disk = Simulated::new();
    back_up(&disk, &documents(), &patient()).unwrap();
    mounted_at("backup", &disk)
}

/// What lies in a folder, as a disk of its own.
fn mounted_at(folder: &str, disk: &Simulated) -> Simulated {
    let mounted = Simulated::new();
    for (path, content) in disk.tree() {
        if let Some(relative) = path.strip_prefix(&format!("{folder}/")) {
            mounted.put(relative, &content);
        }
    }
    mounted
}

fn restore(backup: &Simulated, disk: &Simulated, watch: &dyn Watch) -> Result<Summary> {
    restore_on(backup, Arc::new(disk.clone()), "data", None, watch)
}

/// Whether a folder is there, in which case it holds all that a backup does.
fn is_whole(disk: &Simulated, folder: &str) -> bool {
    if disk.kind(folder).unwrap().is_none() {
        return false;
    }
    let mut expected = backup().tree();
    let mut found = mounted_at(folder, disk).tree();
    if folder == "data" {
        expected.remove(super::super::layout::MANIFEST);
    }
    for tree in [&mut expected, &mut found] {
        tree.remove(super::super::layout::LOCK);
    }
    assert_eq!(found, expected, "{}", disk.log());
    true
}

#[test]
fn a_backup_tells_what_it_is_and_how_far_it_has_come() {
    let (disk, watch) = (Simulated::new(), patient());
    let summary = back_up(&disk, &documents(), &watch).unwrap();
    assert_eq!((summary.documents, summary.position.sequence, watch.told.get()), (5, 7, (5, 5)));
    let files = mounted_at("backup", &disk).tree();
    let ours = ["lock", "backup.jsonl"].map(|name| format!(".datastore/{name}"));
    let bytes = files.iter().filter(|(file, _)| !ours.contains(file)).map(|(_, content)| content.len() as u64);
    assert_eq!(summary.bytes, bytes.sum::<u64>());
    assert!(is_whole(&disk, "backup"));
    assert_eq!(disk.names(""), ["backup"]);
}

#[test]
fn what_is_restored_is_what_was_backed_up() {
    for data in [None, Some("data")] {
        let (disk, watch) = (Simulated::new(), patient());
        if let Some(folder) = data {
            disk.make_folder(folder).unwrap();
        }
        let summary = restore(&backup(), &disk, &watch).unwrap();
        assert_eq!((summary.documents, watch.told.get()), (5, (14, 14)));
        assert!(is_whole(&disk, "data"));
        assert_eq!(disk.names(""), ["data"]);
    }
}

#[test]
fn what_stands_in_the_place_is_left_alone() {
    let disk = Simulated::new();
    disk.make_folder("backup").unwrap();
    assert_eq!(back_up(&disk, &documents(), &patient()).unwrap_err().code(), "EEXIST");
    disk.put("data/a.json", b"{}");
    assert_eq!(restore(&backup(), &disk, &patient()).unwrap_err().code(), "ENOTEMPTY");
    let file = Simulated::new();
    file.put("data", b"");
    assert_eq!(restore(&backup(), &file, &patient()).unwrap_err().code(), "EEXIST");
    assert_eq!(disk.names(""), ["backup", "data"]);
    assert_eq!(disk.get("data/a.json").unwrap(), b"{}");
}

#[test]
fn who_comes_while_somebody_else_is_at_it_is_refused_and_takes_nothing_away() {
    let disk = Simulated::new();
    let first = super::Partial::begin(Arc::new(disk.clone()), "backup", super::partial::Place::Free).unwrap();
    assert_eq!(back_up(&disk, &documents(), &patient()).unwrap_err().code(), "LOCKED");
    first.finish().unwrap();
    assert_eq!(disk.names("backup"), [".datastore"]);
}

#[test]
fn two_keys_with_one_file_name_are_refused() {
    let disk = Simulated::new();
    let twice = [documents().remove(0), documents().remove(0)];
    let error = back_up(&disk, &twice, &patient()).unwrap_err();
    assert_eq!((error.code(), error.context().key.as_deref()), ("KEY_COLLISION", Some("a")));
    assert!(disk.names("").is_empty());
}
