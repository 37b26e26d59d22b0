//! What every disk must do: one list of cases, run for each; and random calls, answered alike by both.
//!
//! Not here: failures that are planned, and power cuts (`simulated::test`).

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

#[cfg(target_os = "linux")]
use tempfile::TempDir;

#[cfg(target_os = "linux")]
use super::System;
use super::simulated::{Ability, Simulated};
use super::{Disk, Kind, Size, write_all};
use crate::error::Result;

type Case = (&'static str, fn(&dyn Disk));

const CASES: &[Case] = &[
    ("bytes are written where they are told to be", bytes_are_written_where_they_are_told_to_be),
    ("a length is cut or extended by zeros", a_length_is_cut_or_extended_by_zeros),
    ("what is missing is ENOENT", what_is_missing_is_enoent),
    ("what is there is EEXIST to whoever makes it", what_is_there_is_eexist_to_whoever_makes_it),
    ("a file is no folder and a folder no file", a_file_is_no_folder_and_a_folder_no_file),
    ("a folder with names stays", a_folder_with_names_stays),
    ("a folder lists its names and what they are", a_folder_lists_its_names_and_what_they_are),
    ("a rename replaces a file, and no folder", a_rename_replaces_a_file_and_no_folder),
    ("an exchange swaps two names", an_exchange_swaps_two_names),
    ("a link is a name like the first", a_link_is_a_name_like_the_first),
    ("an open file survives its names", an_open_file_survives_its_names),
    ("a lock is held once, until it is dropped", a_lock_is_held_once_until_it_is_dropped),
    ("a lock stands while its file has the name", a_lock_stands_while_its_file_has_the_name),
    ("who only looks finds locks and numbers, and makes none", who_only_looks_finds_locks_and_numbers_and_makes_none),
    ("what is there can be synced", what_is_there_can_be_synced),
];

#[test]
fn simulated_does_what_every_disk_must_do() {
    for (name, case) in CASES {
        // Captured, and shown with the failure only.
        eprintln!("case: {name}");
        case(&Simulated::new());
    }
}

/// The codes are those of Linux.
#[cfg(target_os = "linux")]
#[test]
fn system_does_what_every_disk_must_do() {
    for (name, case) in CASES {
        eprintln!("case: {name}");
        let directory = TempDir::new().unwrap();
        case(&System::mount(directory.path()).unwrap());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn both_disks_answer_random_calls_alike() {
    const PATHS: &[&str] = &["a", "b", "f", "f/a", "f/b", "f/g", "f/g/a", "a/b", "missing/a"];
    for seed in 0..40_usize {
        let directory = TempDir::new().unwrap();
        let disks: [&dyn Disk; 2] = [&System::mount(directory.path()).unwrap(), &Simulated::new()];
        let mut state = seed;
        let mut below = |end: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % end
        };
        for step in 0..150 {
            let (call, one, other) = (below(14), PATHS[below(PATHS.len())], PATHS[below(PATHS.len())]);
            let (offset, length) = (below(1_200), below(1_200));
            let [real, simulated] = disks.map(|disk| {
                let answer = random_call(disk, call, [one, other], offset, length);
                (answer.map_err(|error| error.code()), everything(disk))
            });
            let place = format!("seed {seed}, step {step}: call {call} on {one} and {other}");
            assert_eq!(real.0, simulated.0, "{place}");
            assert!(real.1 == simulated.1, "{place}: they differ then");
        }
    }
}

#[cfg(target_os = "linux")]
fn random_call(disk: &dyn Disk, call: usize, [one, other]: [&str; 2], offset: usize, length: usize) -> Result<()> {
    match call {
        0 => disk.make_folder(one),
        1 => disk.create(one).map(drop),
        2 => disk.rename(one, other),
        3 => disk.rename_new(one, other),
        4 => disk.exchange(one, other),
        5 => disk.link(one, other),
        6 => disk.remove(one),
        7 => disk.remove_folder(one),
        8 => disk.sync_folder(one),
        9 => disk.open(one)?.truncate(length as u64),
        _ => write_all(disk.open(one)?.as_ref(), &vec![b'x'; length], offset as u64),
    }
}

/// Every path, with a file's content and how many names it has.
fn everything(disk: &dyn Disk) -> BTreeMap<String, Option<(Vec<u8>, u64)>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![String::new()]);
    while let Some(folder) = folders.pop() {
        for listed in disk.list(&folder).unwrap() {
            let path = format!("{folder}{}{}", if folder.is_empty() { "" } else { "/" }, listed.name.unwrap());
            assert_eq!(disk.kind(&path).unwrap(), Some(listed.kind));
            if listed.kind == Kind::Folder {
                folders.push(path.clone());
                found.insert(path, None);
            } else {
                let Size { length, names } = disk.open(&path).unwrap().size().unwrap();
                let content = content(disk, &path);
                assert_eq!(content.len() as u64, length);
                found.insert(path, Some((content, names)));
            }
        }
    }
    found
}

#[test]
fn write_all_goes_on_after_short_writes() {
    let disk = Simulated::new();
    disk.write_short();
    let file = disk.create("a").unwrap();
    assert_eq!(file.write_at(b"12345", 0).unwrap(), 3);
    write_all(file.as_ref(), b"abcdefghij", 2).unwrap();
    assert_eq!(disk.get("a").unwrap(), b"12abcdefghij");
    disk.heal();
    assert_eq!(file.write_at(b"12345", 0).unwrap(), 5);
}

#[test]
fn a_disk_may_lack_abilities() {
    use Ability::{Exchange, Link, RenameNew, SyncEverything};
    let disk = Simulated::without(&[Exchange, Link, RenameNew, SyncEverything]);
    assert!(!disk.abilities().sync_everything && !disk.abilities().rename_new);
    assert!(Simulated::new().abilities().sync_everything && Simulated::new().abilities().rename_new);
    disk.put("a", b"1");
    disk.put("b", b"2");
    assert_eq!(code(disk.exchange("a", "b")), "ENOTSUP");
    assert_eq!(code(disk.link("a", "c")), "EPERM");
    assert_eq!(code(disk.sync_everything()), "UNSUPPORTED");
    disk.rename_new("a", "b").unwrap();
    assert_eq!(disk.tree(), BTreeMap::from([("b".to_owned(), b"1".to_vec())]));
}

fn bytes_are_written_where_they_are_told_to_be(disk: &dyn Disk) {
    let file = disk.create("a").unwrap();
    assert_eq!(file.write_at(b"hello", 0).unwrap(), 5);
    assert_eq!(file.write_at(b"", 90).unwrap(), 0);
    assert_eq!(file.size().unwrap(), Size { length: 5, names: 1 });
    write_all(file.as_ref(), b"there", 7).unwrap();
    write_all(file.as_ref(), b"y", 1).unwrap();
    assert_eq!(content(disk, "a"), b"hyllo\0\0there");
    let mut into = b"before ".to_vec();
    disk.read("a", &mut into).unwrap();
    assert_eq!(into, b"before hyllo\0\0there");
}

fn a_length_is_cut_or_extended_by_zeros(disk: &dyn Disk) {
    make(disk, "a", b"hello");
    let file = disk.open("a").unwrap();
    file.truncate(2).unwrap();
    assert_eq!(content(disk, "a"), b"he");
    file.truncate(4).unwrap();
    assert_eq!(content(disk, "a"), b"he\0\0");
    file.truncate(4).unwrap();
    assert_eq!(file.size().unwrap().length, 4);
}

fn what_is_missing_is_enoent(disk: &dyn Disk) {
    make(disk, "a", b"");
    let codes = [
        code(disk.open("b").map(drop)),
        code(disk.read("b", &mut Vec::new())),
        code(disk.list("b").map(drop)),
        code(disk.remove("b")),
        code(disk.remove_folder("b")),
        code(disk.rename("b", "c")),
        code(disk.rename("a", "f/a")),
        code(disk.rename_new("b", "c")),
        code(disk.exchange("a", "b")),
        code(disk.exchange("b", "a")),
        code(disk.link("b", "c")),
        code(disk.create("f/a").map(drop)),
        code(disk.make_folder("f/g")),
        code(disk.sync_folder("f")),
        code(disk.lock("f/lock", false).map(drop)),
    ];
    assert_eq!(codes, ["ENOENT"; 15]);
    assert_eq!(disk.kind("b").unwrap(), None);
    assert_eq!(disk.kind("f/a").unwrap(), None);
}

fn what_is_there_is_eexist_to_whoever_makes_it(disk: &dyn Disk) {
    make(disk, "a", b"1");
    make(disk, "b", b"2");
    disk.make_folder("f").unwrap();
    for name in ["b", "f"] {
        let codes = [
            code(disk.create(name).map(drop)),
            code(disk.make_folder(name)),
            code(disk.rename_new("a", name)),
            code(disk.link("a", name)),
        ];
        assert_eq!(codes, ["EEXIST"; 4]);
    }
    assert_eq!((content(disk, "a"), content(disk, "b")), (b"1".to_vec(), b"2".to_vec()));
}

fn a_file_is_no_folder_and_a_folder_no_file(disk: &dyn Disk) {
    make(disk, "a", b"");
    disk.make_folder("f").unwrap();
    let no_folder = [
        code(disk.list("a").map(drop)),
        code(disk.kind("a/b").map(drop)),
        code(disk.create("a/b").map(drop)),
        code(disk.make_folder("a/b")),
        code(disk.remove_folder("a")),
        code(disk.sync_folder("a")),
        code(disk.rename("f", "a")),
    ];
    assert_eq!(no_folder, ["ENOTDIR"; 7]);
    let no_file = [code(disk.open("f").map(drop)), code(disk.read("f", &mut Vec::new())), code(disk.remove("f"))];
    assert_eq!(no_file, ["EISDIR"; 3]);
    assert_eq!(code(disk.rename("a", "f")), "EISDIR");
    assert_eq!(code(disk.link("f", "g")), "EPERM");
}

fn a_folder_with_names_stays(disk: &dyn Disk) {
    disk.make_folder("f").unwrap();
    disk.make_folder("g").unwrap();
    make(disk, "f/a", b"");
    assert_eq!(code(disk.remove_folder("f")), "ENOTEMPTY");
    assert_eq!(code(disk.rename("g", "f")), "ENOTEMPTY");
    assert_eq!(code(disk.rename("f", "f/h")), "EINVAL");
    disk.remove("f/a").unwrap();
    disk.remove_folder("f").unwrap();
    assert_eq!(everything(disk), BTreeMap::from([("g".to_owned(), None)]));
}

fn a_folder_lists_its_names_and_what_they_are(disk: &dyn Disk) {
    disk.make_folder("f").unwrap();
    disk.make_folder("f/g").unwrap();
    make(disk, "f/a", b"1");
    make(disk, "f/g/b", b"2");
    make(disk, "e", b"3");
    let listed = |folder| {
        let entries = disk.list(folder).unwrap().into_iter().map(|listed| (listed.name.unwrap(), listed.kind));
        let mut entries: Vec<_> = entries.map(|(name, kind)| format!("{name} {kind:?}")).collect();
        entries.sort();
        entries
    };
    assert_eq!(listed(""), ["e File", "f Folder"]);
    assert_eq!(listed("f"), ["a File", "g Folder"]);
    assert_eq!(disk.kind("").unwrap(), Some(Kind::Folder));
    disk.rename("f", "d").unwrap();
    assert_eq!((listed("d/g"), content(disk, "d/g/b")), (vec!["b File".to_owned()], b"2".to_vec()));
}

fn a_rename_replaces_a_file_and_no_folder(disk: &dyn Disk) {
    disk.make_folder("f").unwrap();
    make(disk, "a", b"1");
    make(disk, "f/b", b"2");
    disk.rename("a", "f/b").unwrap();
    assert_eq!((content(disk, "f/b"), disk.kind("a").unwrap()), (b"1".to_vec(), None));
    disk.rename_new("f/b", "c").unwrap();
    assert_eq!((content(disk, "c"), disk.kind("f/b").unwrap()), (b"1".to_vec(), None));
    disk.link("c", "d").unwrap();
    // Two names of one file: nothing is to be done.
    disk.rename("c", "d").unwrap();
    assert_eq!((content(disk, "c"), content(disk, "d")), (b"1".to_vec(), b"1".to_vec()));
}

fn an_exchange_swaps_two_names(disk: &dyn Disk) {
    disk.make_folder("f").unwrap();
    make(disk, "a", b"1");
    make(disk, "f/b", b"2");
    let held = disk.open("a").unwrap();
    disk.exchange("a", "f/b").unwrap();
    write_all(held.as_ref(), b"+", 1).unwrap();
    assert_eq!((content(disk, "a"), content(disk, "f/b")), (b"2".to_vec(), b"1+".to_vec()));
    assert_eq!(code(disk.exchange("f", "f/b")), "EINVAL");
}

fn a_link_is_a_name_like_the_first(disk: &dyn Disk) {
    make(disk, "a", b"1");
    disk.link("a", "b").unwrap();
    let file = disk.open("b").unwrap();
    assert_eq!(file.size().unwrap(), Size { length: 1, names: 2 });
    write_all(file.as_ref(), b"2", 0).unwrap();
    assert_eq!(content(disk, "a"), b"2");
    disk.remove("a").unwrap();
    assert_eq!(file.size().unwrap().names, 1);
    assert_eq!(content(disk, "b"), b"2");
}

fn an_open_file_survives_its_names(disk: &dyn Disk) {
    make(disk, "a", b"1");
    let file = disk.open("a").unwrap();
    disk.rename("a", "b").unwrap();
    write_all(file.as_ref(), b"2", 1).unwrap();
    assert_eq!(content(disk, "b"), b"12");
    disk.remove("b").unwrap();
    write_all(file.as_ref(), b"3", 2).unwrap();
    file.sync_data().unwrap();
    assert_eq!(file.size().unwrap(), Size { length: 3, names: 0 });
    make(disk, "b", b"other");
    assert_eq!(content(disk, "b"), b"other");
}

fn a_lock_is_held_once_until_it_is_dropped(disk: &dyn Disk) {
    let held = disk.lock("lock", false).unwrap();
    assert_eq!(disk.kind("lock").unwrap(), Some(Kind::File));
    assert_eq!(code(disk.lock("lock", false).map(drop)), "LOCKED");
    drop(held);
    disk.lock("lock", false).unwrap();
    disk.make_folder("f").unwrap();
    assert_eq!(code(disk.lock("f", false).map(drop)), "EISDIR");
}

fn a_lock_stands_while_its_file_has_the_name(disk: &dyn Disk) {
    let held = disk.lock("lock", false).unwrap();
    assert!(held.stands());
    assert_eq!(code(disk.lock("lock", true).map(drop)), "LOCKED");
    disk.rename("lock", "moved").unwrap();
    assert!(!held.stands());
    let other = disk.lock("lock", true).unwrap();
    assert!(!held.stands() && other.stands());
    drop(held);
    assert_eq!(code(disk.lock("lock", false).map(drop)), "LOCKED");
    assert!(other.stands());
}

fn who_only_looks_finds_locks_and_numbers_and_makes_none(disk: &dyn Disk) {
    for missing in ["latch", "missing/latch"] {
        assert!(disk.latch_there(missing).unwrap().is_none());
        assert!(disk.board_there(missing).unwrap().is_none());
        assert_eq!(disk.file_id(missing).unwrap(), None);
        assert_eq!(disk.kind(missing).unwrap(), None);
    }
    let (writer, reader) = (disk.latch("latch").unwrap(), disk.latch_there("latch").unwrap().unwrap());
    assert!(reader.try_lock().unwrap() && !writer.try_lock().unwrap());
    reader.unlock();
    let held = disk.lock_together("latch").unwrap();
    assert!(!reader.try_lock().unwrap() && reader.try_lock_together().unwrap());
    reader.unlock();
    drop(held);
    let (board, seen) = (disk.board("board", true).unwrap(), disk.board_there("board").unwrap().unwrap());
    board.cell(7).store(11, Ordering::Release);
    assert_eq!(seen.read(7), 11);
    assert_eq!(disk.file_id("board").unwrap(), Some(seen.file()));
    disk.remove("board").unwrap();
    assert_eq!(disk.file_id("board").unwrap(), None);
    disk.board("board", true).unwrap();
    assert_ne!(disk.file_id("board").unwrap(), Some(seen.file()));
    assert_eq!(disk.file_id("").unwrap(), disk.file_id("").unwrap());
}

fn what_is_there_can_be_synced(disk: &dyn Disk) {
    disk.make_folder("f").unwrap();
    make(disk, "f/a", b"1");
    disk.open("f/a").unwrap().sync_data().unwrap();
    disk.sync_folder("f").unwrap();
    disk.sync_folder("").unwrap();
    disk.sync_everything().unwrap();
    assert!(disk.boot().is_some_and(|boot| Some(boot) == disk.boot()));
    assert!(disk.path("f/a").ends_with("f/a") && disk.path("f").starts_with(disk.path("")));
}

fn make(disk: &dyn Disk, path: &str, bytes: &[u8]) {
    write_all(disk.create(path).unwrap().as_ref(), bytes, 0).unwrap();
}

fn content(disk: &dyn Disk, path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    disk.read(path, &mut bytes).unwrap();
    bytes
}

fn code(result: Result<()>) -> &'static str {
    result.unwrap_err().code()
}
