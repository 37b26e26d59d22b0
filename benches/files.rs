//! What the journal adds to the overwrite of one document: `cargo bench --bench files`.
//!
//! | benchmark | what it does |
//! |---|---|
//! | `commit_eager` | the driver's commit: the record appended, the file in its place |
//! | `commit_background` | the driver's commit without the file: the record, and a note for the keeper |
//! | `place_by_hand` | the file alone: the calls that the driver makes for it, nothing else |
//! | `append_by_hand` | the record alone: one write of as many bytes |
//!
//! So the journal costs `commit_eager` less `place_by_hand`, which counts all that the driver does beside the file, and at
//! least `append_by_hand`. What makes files clean runs between the measurements, as it runs beside the commits in a store.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]

use std::collections::VecDeque;

use divan::Bencher;
use kixx_datastore::disk::{Disk, System, write_all};
use kixx_datastore::document::{Body, Document, pretty};
use kixx_datastore::key::{Key, file_name};
use kixx_datastore::storage::files::{Files, Options, Placing};
use kixx_datastore::storage::{Entry, Group, Outcome, Storage};
use tempfile::TempDir;

const DOCUMENTS: u64 = 2_000;

/// So many writes, and files are made clean.
const UPKEEP: u64 = 512;

/// Each of one write.
const SAMPLES: u32 = 10_000;

fn main() {
    divan::main();
}

fn key(number: u64) -> Key {
    Key::new(&format!("item:{:06}", number % DOCUMENTS)).unwrap()
}

/// About 400 bytes, all versions of one length.
fn document(number: u64) -> Document {
    let text =
        format!("{{\"number\":\"{number:012}\",\"tags\":[\"new\",\"sale\"],\"text\":\"{}\"}}", "word ".repeat(68));
    Document::new(1_000_000 + number / DOCUMENTS, &Body::from_stringified(&text).unwrap().body)
}

/// The `number`th write: every document in turn.
fn overwrite(number: u64) -> Group {
    let previous = number.checked_sub(DOCUMENTS).map(document);
    Group {
        entries: vec![Entry { key: key(number), document: Some(document(number)), previous, left: None }],
        synced: false,
    }
}

fn commits(bencher: Bencher, placing: Placing) {
    let directory = TempDir::new().unwrap();
    let mut files = Files::new(directory.path().to_path_buf(), Options { placing, ..Options::default() });
    files.load().unwrap();
    let keeper = files.keeper().unwrap();
    let mut next = 0;
    let mut group = || {
        next += 1;
        if next % UPKEEP == 0 {
            keeper.tend().unwrap();
        }
        [overwrite(next - 1)]
    };
    // Everything is there, and spares are.
    for _ in 0..3 * DOCUMENTS {
        assert!(matches!(files.commit(&group()).as_slice(), [Outcome::Committed(_)]));
    }
    bencher.with_inputs(group).bench_local_refs(|group| files.commit(group));
    files.close().unwrap();
}

#[divan::bench(sample_count = SAMPLES, sample_size = 1)]
fn commit_eager(bencher: Bencher) {
    commits(bencher, Placing::Eager);
}

#[divan::bench(sample_count = SAMPLES, sample_size = 1)]
fn commit_background(bencher: Bencher) {
    commits(bencher, Placing::Background);
}

#[divan::bench(sample_count = SAMPLES, sample_size = 1)]
fn place_by_hand(bencher: Bencher) {
    let directory = TempDir::new().unwrap();
    let disk = System::mount(directory.path()).unwrap();
    disk.make_folder("tmp").unwrap();
    let mut bytes = Vec::new();
    for number in 0..DOCUMENTS {
        bytes.clear();
        pretty(document(number).text(), &mut bytes);
        for name in [file_name::canonical(&key(number)), format!("tmp/{number:016x}-0")] {
            write_all(disk.create(&name).unwrap().as_ref(), &bytes, 0).unwrap();
        }
    }
    disk.sync_everything().unwrap();
    let mut spares: VecDeque<String> = (0..DOCUMENTS).map(|number| format!("tmp/{number:016x}-0")).collect();
    let mut next = 0;
    let number = || {
        next += 1;
        if next % UPKEEP == 0 {
            disk.sync_everything().unwrap();
        }
        (next, document(next))
    };
    bencher.with_inputs(number).bench_local_refs(|(number, document)| {
        bytes.clear();
        pretty(document.text(), &mut bytes);
        let displaced = format!("tmp/{:016x}-{number:x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        disk.rename(&spares.pop_front().unwrap(), &displaced).unwrap();
        write_all(disk.open(&displaced).unwrap().as_ref(), &bytes, 0).unwrap();
        disk.exchange(&displaced, &file_name::canonical(&key(*number))).unwrap();
        spares.push_back(displaced);
    });
}

#[divan::bench(sample_count = SAMPLES, sample_size = 1)]
fn append_by_hand(bencher: Bencher) {
    let directory = TempDir::new().unwrap();
    let disk = System::mount(directory.path()).unwrap();
    let log = disk.create("log").unwrap();
    let mut offset = 0;
    let mut next = 0;
    let line = || {
        next += 1;
        let document = document(next);
        let text = document.text();
        format!(
            "{{\"s\":1000000,\"k\":\"item:000000\",\"v\":1000000,\"d\":false,\"val\":{text},\"p\":2746151105,\"e\":1,\
             \"y\":1000000,\"a\":1000000,\"c\":\"7b6c4d35\"}}\n"
        )
    };
    bencher.with_inputs(line).bench_local_refs(|line| {
        write_all(log.as_ref(), line.as_bytes(), offset).unwrap();
        offset += line.len() as u64;
    });
}
