//! Directories that change under an open store, and the lock.

use super::*;
use crate::storage::conformance::{code, delete, set};

fn remove_inside(data: &Data) {
    for entry in fs::read_dir(data.path("")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
}

#[test]
fn a_removed_data_directory_fails_writes_until_it_is_loaded_anew() {
    let data = Data::new();
    let (mut files, _) = data.load();
    write(&mut files, set("a", 0, "{}"));
    remove_inside(&data);
    fs::remove_dir(data.path("")).unwrap();
    let error = refused(&mut files, set("a", 1, "{}"));
    assert_eq!((error.code(), error.context().syscall), ("ENOENT", Some("mkdir")));
    assert_eq!(refused(&mut files, delete("a")).code(), "ENOENT");
    assert!(!data.exists(""), "a data directory that was removed must not come back by itself");
    fs::create_dir(data.path("")).unwrap();
    // Memory holds what the new directory does not.
    assert_eq!(refused(&mut files, set("a", 1, "{}")).code(), "ENOENT");
    let loaded = files.load().unwrap();
    assert!(loaded.documents.is_empty());
    write(&mut files, set("a", 0, "{}"));
}

#[test]
fn our_own_folder_is_made_and_locked_again() {
    for removed in [".datastore", ".datastore/lock", ".datastore/tmp"] {
        let data = Data::new();
        let (mut files, _) = data.load();
        write(&mut files, set("a", 0, "{}"));
        let path = data.path(removed);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        write(&mut files, set("a", 1, "{}"));
        assert_eq!(code(data.files().load()), "LOCKED", "without {removed}");
        assert!(data.exists(".datastore/format.json"));
        write(&mut files, set("a", 2, "{}"));
        drop(files);
        assert_eq!(data.documents(), [pair("a", "{\"_rev\":2}")]);
    }
}

#[test]
fn our_own_folder_is_made_again_though_it_took_two_attempts() {
    let data = Data::new();
    let (mut files, _) = data.load();
    write(&mut files, set("a", 0, "{}"));
    fs::remove_dir_all(data.path(".datastore")).unwrap();
    data.put(".datastore/tmp", "in the way");
    assert_eq!(refused(&mut files, set("a", 1, "{}")).code(), "EEXIST");
    fs::remove_file(data.path(".datastore/tmp")).unwrap();
    write(&mut files, set("a", 1, "{}"));
    assert_eq!(data.names(".datastore/journal").len(), 1, "what is written goes to a journal that can be found");
}

#[test]
fn a_store_whose_lock_somebody_else_took_writes_no_more() {
    let data = Data::new();
    let (mut files, _) = data.load();
    fs::remove_dir_all(data.path(".datastore")).unwrap();
    let (mut other, _) = data.load();
    write(&mut other, set("a", 0, "{\"by\":\"the other\"}"));
    assert_eq!(refused(&mut files, set("a", 0, "{}")).code(), "LOCKED");
    other.close().unwrap();
    // What the other wrote is not in our memory: going on would be going on blind.
    assert_eq!(refused(&mut files, set("a", 0, "{}")).code(), "LOCKED");
    assert_eq!(data.documents(), [pair("a", "{\"_rev\":0,\"by\":\"the other\"}")]);
}

#[test]
fn a_data_directory_moved_away_is_not_written_where_another_took_its_place() {
    let data = Data::new();
    fs::create_dir(data.path("here")).unwrap();
    let open = || Files::new(data.path("here"), Options::default());
    let (mut files, _) = load(open());
    fs::rename(data.path("here"), data.path("there")).unwrap();
    fs::create_dir(data.path("here")).unwrap();
    let (mut other, _) = load(open());
    assert_eq!(refused(&mut files, set("a", 0, "{}")).code(), "LOCKED");
    write(&mut other, set("a", 0, "{}"));
}
