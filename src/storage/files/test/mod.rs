//! The driver over real directories.

mod crash;
mod cut;
mod definitions;
mod directory;
mod edits;
mod fault;
mod hindrance;
mod history;
mod joining;
mod loading;
mod order;
mod reading;
mod recovery;
mod together;
mod verifying;
mod watching;
mod writing;

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::{Files, OnCorrupt, Options, Placing};
use crate::document::Document;
use crate::error::Error;
use crate::key::Key;
use crate::storage::conformance::{self, Remembering, alone, committed};
use crate::storage::{Entry, Loaded, Outcome, Storage};

#[test]
fn passes_the_conformance_cases() {
    for placing in [Placing::Eager, Placing::Background] {
        let options = Options { placing, ..Options::default() };
        conformance::run(&move |directory| Box::new(Files::new(directory.to_path_buf(), options.clone())));
    }
}

/// A data directory, with short words for what lies in it.
struct Data {
    directory: TempDir,
}

impl Data {
    fn new() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    /// A directory in which these files lie.
    fn with(files: &[(&str, &str)]) -> Self {
        let data = Self::new();
        for (name, content) in files {
            data.put(name, content);
        }
        data
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    fn put(&self, relative: &str, content: impl AsRef<[u8]>) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn text(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap()
    }

    fn exists(&self, relative: &str) -> bool {
        fs::symlink_metadata(self.path(relative)).is_ok()
    }

    /// The names in a folder, sorted, but for `.datastore`.
    fn names(&self, relative: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(relative)).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != super::layout::PRIVATE);
        names.sort();
        names
    }

    fn files(&self) -> Files {
        Files::new(self.directory.path().to_path_buf(), Options::default())
    }

    fn quarantining(&self) -> Files {
        let options = Options { on_corrupt: OnCorrupt::Quarantine, ..Options::default() };
        Files::new(self.directory.path().to_path_buf(), options)
    }

    fn salvaging(&self) -> Files {
        let options = Options { on_corrupt: OnCorrupt::Salvage, ..Options::default() };
        Files::new(self.directory.path().to_path_buf(), options)
    }

    fn load(&self) -> (Opened, Loaded) {
        load(self.files())
    }

    /// What a fresh opener finds: keys and texts.
    fn documents(&self) -> Vec<(String, String)> {
        told(&self.load().1)
    }
}

/// A driver that is told what it replaces.
type Opened = Remembering;

fn load(files: Files) -> (Opened, Loaded) {
    let mut files = Remembering::new(files);
    let loaded = files.load().unwrap();
    (files, loaded)
}

fn told(loaded: &Loaded) -> Vec<(String, String)> {
    let told = |(key, document): &(Key, Document)| (key.to_string(), document.text().to_owned());
    loaded.documents.iter().map(told).collect()
}

fn pair(key: &str, text: &str) -> (String, String) {
    (key.to_owned(), text.to_owned())
}

/// Commits one entry that must succeed.
fn write(files: &mut Opened, entry: Entry) {
    committed(&files.commit(&[alone(entry)])[0]);
}

/// Commits one entry that must fail.
fn refused(files: &mut Opened, entry: Entry) -> Error {
    match files.commit(&[alone(entry)]).pop() {
        Some(Outcome::Failed(error)) => error,
        other => panic!("not refused: {other:?}"),
    }
}
