//! A backup that is not as it was written is never restored.

use super::{backup, patient, restore};
use crate::disk::Disk;
use crate::disk::simulated::Simulated;
use crate::error::Error;
use crate::storage::Position;
use crate::storage::files::backup::manifest::{Manifest, Summary, Writer, Written};
use crate::storage::files::layout::MANIFEST;

/// Why a backup is refused; nothing was made then.
fn refusal(backup: &Simulated) -> Error {
    let disk = Simulated::new();
    let error = restore(backup, &disk, &patient()).unwrap_err();
    assert!(disk.names("").is_empty());
    error
}

fn bad_files(backup: &Simulated) -> Vec<String> {
    let error = refusal(backup);
    assert_eq!(error.code(), "CORRUPT", "{error}");
    error.context().files.iter().map(|bad| bad.file.clone()).collect()
}

#[test]
fn a_change_of_any_byte_is_found() {
    let whole = backup();
    for (file, content) in whole.tree() {
        for at in 0..content.len() {
            let mut changed = content.clone();
            if let Some(byte) = changed.get_mut(at) {
                *byte ^= 1;
            }
            let damaged = backup();
            damaged.put(&file, &changed);
            let error = refusal(&damaged);
            // What claims a later version is not read any further.
            assert!(["CORRUPT", "UNSUPPORTED"].contains(&error.code()), "{file} {at}: {error}");
        }
    }
}

#[test]
fn a_manifest_that_was_cut_short_is_found() {
    let whole = backup();
    let manifest = whole.get(MANIFEST).unwrap();
    for length in 0..manifest.len() {
        whole.put(MANIFEST, manifest.get(..length).unwrap());
        assert_eq!(bad_files(&whole), [MANIFEST], "{length}");
    }
}

#[test]
fn every_file_that_is_missing_or_was_added_is_named() {
    let damaged = backup();
    damaged.remove("a.json").unwrap();
    damaged.remove(".datastore/views.json").unwrap();
    damaged.put("new.json", b"{}");
    damaged.put("notes.txt", b"none of ours");
    assert_eq!(bad_files(&damaged), ["a.json", ".datastore/views.json", "new.json"]);
}

#[test]
fn what_is_no_backup_is_told_by_its_missing_manifest() {
    let error = refusal(&Simulated::new());
    assert_eq!(error.code(), "ENOENT");
    assert!(error.context().path.as_ref().unwrap().ends_with(MANIFEST));
}

#[test]
fn a_manifest_names_no_file_but_those_of_a_data_directory() {
    for file in ["../a.json", "/etc/passwd", ".datastore/lock", "b*.json", "a.txt", ""] {
        let disk = Simulated::new();
        disk.make_folder(".datastore").unwrap();
        let summary = Summary {
            created: String::new(),
            position: Position::default(),
            documents: 1,
            collation: "\"codeUnit\"".to_owned(),
            bytes: 0,
        };
        let mut writer = Writer::new(disk.create(MANIFEST).unwrap(), &summary);
        writer.add(&Written::new(file, b"{}")).unwrap();
        writer.finish().unwrap();
        assert_eq!(Manifest::read(&disk).unwrap_err().code(), "CORRUPT", "{file:?}");
    }
}
