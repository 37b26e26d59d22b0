//! Reading many files with few descriptors.
//!
//! A handful of threads take files from one list until it is empty; each has one file open at a time, so loading a
//! hundred thousand documents needs no more descriptors than threads.

use std::fs::File;
use std::io::{self, Read};
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::layout::Layout;
use super::scan::Candidate;
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
    pub bad: Vec<(usize, BadFile)>,
}

/// Reads and checks every file. One that vanished since it was listed is left out.
///
/// # Errors
///
/// The system's, of the first file that could not be read. Bad content is no error here.
pub fn read(layout: &Layout, files: &[Candidate]) -> Result<Contents> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = cores.min(MOST_THREADS).min(files.len() / FILES_PER_THREAD + 1);
    let next = AtomicUsize::new(0);
    let mut all = Contents::default();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|number| {
                thread::Builder::new()
                    .name(format!("kixx-load-{number}"))
                    .spawn_scoped(scope, || read_some(layout, files, &next))
                    .map_err(|cause| Error::storage("clone", layout.root(), cause))
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

fn read_some(layout: &Layout, files: &[Candidate], next: &AtomicUsize) -> Result<Contents> {
    let mut part = Contents::default();
    let mut bytes = Vec::new();
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(file) = files.get(index) else { return Ok(part) };
        let path = layout.document(&file.relative);
        bytes.clear();
        match File::open(&path).and_then(|mut opened| opened.read_to_end(&mut bytes)) {
            Ok(_) => match Document::from_file(&bytes) {
                Ok(document) => part.documents.push((index, document)),
                Err(reason) => part.bad.push((index, BadFile { file: file.relative.clone(), reason })),
            },
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(Error::storage("open", &path, cause)),
        }
    }
}
