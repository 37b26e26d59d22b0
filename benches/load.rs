//! What a load costs beside reading its files: `cargo bench --bench load`.
//!
//! | benchmark | what it does |
//! |---|---|
//! | `store` | the driver's load: locks, lists, reads, checks, sorts |
//! | `raw` | the list, and on two threads one open, read and close a file; nothing is looked at |
//!
//! Both over the same files, in the page cache. The system's calls are most of either, so their ratio is what counts.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use divan::Bencher;
use kixx_datastore::document::{Body, Document, pretty};
use kixx_datastore::key::{Key, file_name};
use kixx_datastore::storage::Storage;
use kixx_datastore::storage::files::{Files, Options};
use tempfile::TempDir;

const DOCUMENTS: usize = 20_000;

fn main() {
    divan::main();
}

/// Documents of about 400 bytes.
fn directory() -> TempDir {
    let directory = TempDir::new().unwrap();
    for number in 0..DOCUMENTS {
        let key = Key::new(&format!("item:{number:06}")).unwrap();
        let text = format!("{{\"number\":{number},\"tags\":[\"new\",\"sale\"],\"text\":\"{}\"}}", "word ".repeat(68));
        let document = Document::new(0, &Body::from_stringified(&text).unwrap().body);
        let mut bytes = Vec::new();
        pretty(document.text(), &mut bytes);
        fs::write(directory.path().join(file_name::canonical(&key)), bytes).unwrap();
    }
    directory
}

#[divan::bench(sample_count = 10)]
fn store(bencher: Bencher) {
    let directory = directory();
    bencher.bench_local(|| {
        let mut files = Files::new(directory.path().to_path_buf(), Options::default());
        assert_eq!(files.load().unwrap().documents.len(), DOCUMENTS);
        files.abandon();
    });
}

#[divan::bench(sample_count = 10)]
fn raw(bencher: Bencher) {
    let directory = directory();
    bencher.bench_local(|| {
        let paths: Vec<PathBuf> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        let next = AtomicUsize::new(0);
        let read = || {
            let mut room = vec![0; 32 << 10];
            let mut bytes = 0;
            while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                bytes += File::open(path).unwrap().read(&mut room).unwrap();
            }
            bytes
        };
        thread::scope(|scope| {
            let other = scope.spawn(read);
            read() + other.join().unwrap()
        })
    });
}
