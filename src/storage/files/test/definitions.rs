//! Definitions: kept through power cuts, and what becomes of a file that is damaged.

use super::history::{self, Pace};
use super::*;
use crate::disk::simulated::errno::{EIO, ENOSPC};
use crate::disk::simulated::{Call, Simulated, Times};
use crate::error::ErrorKind;
use crate::storage::conformance::{code, set};

const FILE: &str = ".datastore/views.json";
const OLD: &str = "{\"a\":{\"key\":\"x\"}}";
const NEW: &str = "{\"a\":{\"key\":\"y\"},\"b\":{}}";

fn open(disk: &Simulated) -> Files {
    history::open(disk, Placing::Eager, Pace::Calm)
}

/// What a fresh opener of a directory is told.
fn found(disk: &Simulated) -> Result<String, Error> {
    open(disk).load().map(|loaded| loaded.definitions)
}

/// A disk whose store has saved the old ones, and was closed.
fn prepared() -> Simulated {
    let disk = Simulated::new();
    let mut files = open(&disk);
    files.load().unwrap();
    files.save_definitions(OLD).unwrap();
    files.close().unwrap();
    disk
}

#[test]
fn a_power_cut_leaves_the_old_definitions_or_the_new_ones() {
    let whole = prepared();
    let mut files = open(&whole);
    files.load().unwrap();
    let before = whole.calls();
    files.save_definitions(NEW).unwrap();
    let mut seen = [0, 0];
    for call in before + 1..=whole.calls() + 1 {
        let disk = prepared();
        let mut files = open(&disk);
        files.load().unwrap();
        disk.stop_at(call);
        let is_saved = files.save_definitions(NEW).is_ok();
        assert_eq!(is_saved, call > whole.calls());
        for cut in disk.states_after_cut(call as u64, 40) {
            let found = found(&cut).unwrap_or_else(|error| panic!("not loaded: {error}\n{}", disk.log()));
            assert!(found == NEW || found == OLD && !is_saved, "{found:?} at {call}\n{}", disk.log());
            seen[usize::from(found == NEW)] += 1;
        }
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");
}

#[test]
fn whatever_call_fails_the_old_definitions_stand_or_the_store_is_in_doubt() {
    for errno in [ENOSPC, EIO] {
        let mut call = 1;
        loop {
            let disk = prepared();
            let mut files = open(&disk);
            files.load().unwrap();
            let first = disk.calls();
            disk.fail_at(first + call, errno, Times::Once);
            let saved = files.save_definitions(NEW);
            let is_over = disk.calls() < first + call;
            disk.heal();
            files.abandon();
            let found = found(&disk.crash()).unwrap();
            match saved {
                Ok(()) => assert_eq!(found, NEW),
                Err(error) if error.kind() == ErrorKind::Poisoned => assert!([OLD, NEW].contains(&found.as_str())),
                Err(_) => assert_eq!(found, OLD, "at call {call}\n{}", disk.log()),
            }
            if is_over {
                break;
            }
            call += 1;
        }
    }
}

#[test]
fn a_folder_that_cannot_be_synced_leaves_the_store_in_doubt() {
    let disk = prepared();
    let mut files = open(&disk);
    files.load().unwrap();
    disk.fail_kind_at(Call::SyncFolder, disk.calls_of(Call::SyncFolder) + 1, EIO, Times::Once);
    assert_eq!(code(files.save_definitions(NEW)), "POISONED");
    assert!(disk.get(".datastore/failed").is_some());
}

#[test]
fn a_damaged_file_is_named_and_nothing_is_changed() {
    let data = Data::new();
    let (mut files, _) = data.load();
    files.save_definitions(OLD).unwrap();
    write(&mut files, set("views", 0, "{}"));
    drop(files);
    let whole = data.text(FILE);
    let damaged = [
        "",
        "{}",
        "{",
        "null",
        &whole[1..],
        whole.trim_end(),
        &whole.replace('x', "z"),
        &whole.replace("c\":\"", "c\":\"f"),
    ];
    for content in damaged {
        data.put(FILE, content);
        data.put("views.json", "not a document");
        let error = data.files().load().unwrap_err();
        let named: Vec<_> = error.context().files.iter().map(|bad| bad.file.as_str()).collect();
        assert_eq!((error.code(), named), ("CORRUPT", vec!["views.json", FILE]), "{content:?}");
        assert_eq!(data.text(FILE), content);
    }
    let loaded = data.quarantining().load().unwrap();
    assert_eq!((loaded.definitions.as_str(), loaded.findings.quarantined.len()), ("", 2));
    // A document may have the same name.
    assert_eq!(data.text(".datastore/quarantine/0001/.datastore/views.json"), *damaged.last().unwrap());
    assert_eq!(data.text(".datastore/quarantine/0001/views.json"), "not a document");
    assert_eq!(data.load().1.definitions, "");
}

#[test]
fn a_later_format_is_refused_and_left_alone() {
    let data = Data::new();
    data.put(FILE, "{\"version\":2,\"sealed\":\"otherwise\"}");
    assert_eq!(code(data.files().load()), "UNSUPPORTED");
    assert_eq!(code(data.quarantining().load()), "UNSUPPORTED");
    assert!(data.exists(FILE));
}

#[test]
fn definitions_are_written_again_where_our_own_folder_was_removed() {
    let data = Data::new();
    let (mut files, _) = data.load();
    files.save_definitions(OLD).unwrap();
    fs::remove_dir_all(data.path(".datastore")).unwrap();
    write(&mut files, set("a", 0, "{}"));
    drop(files);
    let (mut files, loaded) = data.load();
    assert_eq!(loaded.definitions, OLD);
    // As they were found at the load, too.
    fs::remove_dir_all(data.path(".datastore")).unwrap();
    write(&mut files, set("a", 1, "{}"));
    drop(files);
    assert_eq!(data.load().1.definitions, OLD);
}

#[test]
fn what_a_kill_left_of_a_new_file_is_in_nobodys_way() {
    let data = Data::new();
    data.put(".datastore/views.json.new", "{\"half");
    let (mut files, loaded) = data.load();
    assert_eq!(loaded.definitions, "");
    files.save_definitions(NEW).unwrap();
    drop(files);
    assert_eq!(data.load().1.definitions, NEW);
}

#[test]
fn a_driver_that_is_not_open_saves_nothing() {
    let data = Data::new();
    assert_eq!(code(data.files().save_definitions(OLD)), "NOT_LOADED");
    assert!(!data.exists(".datastore"));
}
