//! Reading many files with few descriptors.
//!
//! A handful of threads take files from one list until it is empty; each has one file open at a time, so loading a
//! hundred thousand documents needs no more descriptors than threads. Each reads into one buffer and puts the document
//! into its file's slot: what is allocated stays, and there is nothing to sort or to grow.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{slice, thread};

use parking_lot::Mutex;
use serde_json::value::RawValue;

use super::layout::ROOT;
use super::scan::Candidate;
use crate::disk::Disk;
use crate::document::Document;
use crate::error::{BadFile, Error, ErrorKind, Result};
use crate::storage::Watcher;

/// More threads than this find the same disk already busy.
const MOST_THREADS: usize = 8;

/// Fewer files than this are not worth a second thread.
const FILES_PER_THREAD: usize = 64;

/// How often it is told how far a load is.
const TOLD: usize = 100;

/// Files that a thread takes at a time.
const CHUNK: usize = 64;

/// The documents of the files, in their order.
#[derive(Debug, Default)]
pub struct Contents {
    /// One slot per file; `None` where it could not be read.
    pub documents: Vec<Option<Document>>,
    /// The files that are no documents; the index is the file's.
    pub bad: Vec<(usize, Bad)>,
    /// Bad files of documents that have another file, which is listed instead of this one.
    pub fallen: Vec<Bad>,
}

/// A file that is no document.
#[derive(Debug)]
pub struct Bad {
    /// Which, and why.
    pub file: BadFile,
    /// It may be what a power cut leaves of a document: empty, cut short, or with zeros in it.
    pub is_torn: bool,
}

/// What is left to be read: files, each with its slot, and the first one's index.
struct Work<'a> {
    files: slice::Chunks<'a, Candidate>,
    slots: slice::ChunksMut<'a, Option<Document>>,
    next: usize,
}

/// A part of the work.
struct Chunk<'a> {
    files: &'a [Candidate],
    slots: &'a mut [Option<Document>],
    first: usize,
}

impl<'a> Work<'a> {
    fn take(&mut self) -> Option<Chunk<'a>> {
        let (files, slots) = (self.files.next()?, self.slots.next()?);
        let first = self.next;
        self.next += files.len();
        Some(Chunk { files, slots, first })
    }
}

/// Reads and checks every file, and tells `watcher` how far it is. One that vanished since it was listed is left out.
///
/// # Errors
///
/// The system's, of the first file that could not be read. Bad content is no error here.
pub fn read(disk: &dyn Disk, files: &[Candidate], watcher: &Watcher) -> Result<Contents> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(MOST_THREADS).min(files.len() / FILES_PER_THREAD + 1);
    let mut documents = vec![None; files.len()];
    let work = Work { files: files.chunks(CHUNK), slots: documents.chunks_mut(CHUNK), next: 0 };
    let reading = Reading { disk, work: Mutex::new(work), total: files.len(), done: AtomicUsize::new(0), watcher };
    let mut bad = Vec::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (1..threads)
            .map(|number| {
                thread::Builder::new()
                    .name(format!("kixx-load-{number}"))
                    .spawn_scoped(scope, || reading.run())
                    .map_err(|cause| Error::storage("clone", &disk.path(ROOT), cause))
            })
            .collect();
        // This thread would only wait.
        bad.extend(reading.run()?);
        for worker in workers {
            let part = worker?.join().map_err(|_| Error::new(ErrorKind::Poisoned, "a loading thread panicked"))??;
            bad.extend(part);
        }
        Ok::<(), Error>(())
    })?;
    bad.sort_unstable_by_key(|(index, _)| *index);
    Ok(Contents { documents, bad, fallen: Vec::new() })
}

/// What the threads share.
struct Reading<'a> {
    disk: &'a dyn Disk,
    /// A mutex, held to take a chunk.
    work: Mutex<Work<'a>>,
    total: usize,
    done: AtomicUsize,
    watcher: &'a Watcher,
}

impl Reading<'_> {
    /// So many more are read, which is told now and then, and at the end.
    fn count(&self, files: usize) {
        let before = self.done.fetch_add(files, Ordering::Relaxed);
        let (done, step) = (before + files, self.total.div_ceil(TOLD));
        if before / step != done / step || done == self.total {
            self.watcher.tell(done, self.total);
        }
    }

    /// Reads chunks until there are none. Gives out the files that are bad.
    fn run(&self) -> Result<Vec<(usize, Bad)>> {
        let (mut bytes, mut bad) = (Vec::new(), Vec::new());
        loop {
            let Some(chunk) = self.work.lock().take() else { return Ok(bad) };
            for (index, (file, slot)) in (chunk.first..).zip(chunk.files.iter().zip(chunk.slots)) {
                bytes.clear();
                match self.disk.read(&file.relative, &mut bytes) {
                    Ok(()) => match Document::from_file(&bytes) {
                        Ok(document) => *slot = Some(document),
                        Err(reason) => {
                            let file = BadFile { file: file.relative.clone(), reason };
                            bad.push((index, Bad { file, is_torn: is_torn(&bytes) }));
                        }
                    },
                    Err(error) if error.is_not_found() => {}
                    Err(error) => return Err(error),
                }
            }
            self.count(chunk.files.len());
        }
    }
}

fn is_torn(bytes: &[u8]) -> bool {
    let is_cut = |bytes: &[u8]| serde_json::from_slice::<&RawValue>(bytes).is_err_and(|error| error.is_eof());
    // An end within a number, as after its sign, is an invalid number to the parser: one more digit tells.
    bytes.contains(&0) || is_cut(bytes) || is_cut(&[bytes, b"0"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wherever_a_documents_file_is_cut_short_it_is_torn() {
        let text = "{\n    \"_rev\": 1,\n    \"n\": [-1.5e-7, 0, 12E+3],\n    \"t\": [true, false, null],\n    \
                    \"s\": \"\u{e9}\\n\\u00e9\\ud83d\\ude00\\\"\"\n}";
        serde_json::from_str::<serde_json::Value>(text).unwrap();
        for length in 0..text.len() {
            assert!(is_torn(&text.as_bytes()[..length]), "cut to {length}");
        }
        assert!(!is_torn(text.as_bytes()));
    }
}
