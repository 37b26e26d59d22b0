//! Reading many files with few descriptors.
//!
//! A handful of threads take files from one list until it is empty; each has one file open at a time, so loading a
//! hundred thousand documents needs no more descriptors than threads.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::value::RawValue;

use super::layout::ROOT;
use super::scan::Candidate;
use crate::disk::Disk;
use crate::document::Document;
use crate::error::{BadFile, Error, ErrorKind, Result};

/// More threads than this find the same disk already busy.
const MOST_THREADS: usize = 8;

/// Fewer files than this are not worth a second thread.
const FILES_PER_THREAD: usize = 64;

/// The documents of the files, in their order.
#[derive(Debug, Default)]
pub struct Contents {
    /// One per file that could be read; the index is the file's.
    pub documents: Vec<(usize, Document)>,
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

/// Reads and checks every file. One that vanished since it was listed is left out.
///
/// # Errors
///
/// The system's, of the first file that could not be read. Bad content is no error here.
pub fn read(disk: &dyn Disk, files: &[Candidate]) -> Result<Contents> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(MOST_THREADS).min(files.len() / FILES_PER_THREAD + 1);
    let next = AtomicUsize::new(0);
    let mut all = Contents::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|number| {
                thread::Builder::new()
                    .name(format!("kixx-load-{number}"))
                    .spawn_scoped(scope, || read_some(disk, files, &next))
                    .map_err(|cause| Error::storage("clone", &disk.path(ROOT), cause))
            })
            .collect();
        for worker in workers {
            let part = worker?.join().map_err(|_| Error::new(ErrorKind::Poisoned, "a loading thread panicked"))??;
            all.documents.extend(part.documents);
            all.bad.extend(part.bad);
        }
        Ok::<(), Error>(())
    })?;
    all.documents.sort_unstable_by_key(|(index, _)| *index);
    all.bad.sort_unstable_by_key(|(index, _)| *index);
    Ok(all)
}

fn read_some(disk: &dyn Disk, files: &[Candidate], next: &AtomicUsize) -> Result<Contents> {
    let mut part = Contents::default();
    let mut bytes = Vec::new();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(file) = files.get(index) else { return Ok(part) };
        bytes.clear();
        match disk.read(&file.relative, &mut bytes) {
            Ok(()) => match Document::from_file(&bytes) {
                Ok(document) => part.documents.push((index, document)),
                Err(reason) => {
                    let file = BadFile { file: file.relative.clone(), reason };
                    part.bad.push((index, Bad { file, is_torn: is_torn(&bytes) }));
                }
            },
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
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
