//! Background files that cannot be placed.

use super::super::shared::Limits;
use super::history::{self, Pace};
use super::*;
use crate::disk::simulated::errno::ENOSPC;
use crate::disk::simulated::{Call, Simulated, Times};
use crate::storage::conformance::{delete, set};

fn on(disk: &Simulated) -> Opened {
    load(history::open(disk, Placing::Background, Pace::Calm)).0
}

/// What the n-th of the calls still to come is, counted as faults are.
fn next(disk: &Simulated, call: Call) -> usize {
    disk.calls_of(call) + 1
}

#[test]
fn documents_that_have_no_place_do_not_keep_the_others_from_theirs() {
    let disk = Simulated::new();
    let mut files = on(&disk);
    let keeper = files.keeper().unwrap();
    for number in 0..20 {
        disk.put(&format!("{number}.json/inside"), b"");
        write(&mut files, set(&number.to_string(), 0, "{}"));
    }
    write(&mut files, set("z", 0, "{}"));
    for _ in 0..2 {
        assert_eq!(keeper.flush().unwrap_err().code(), "EISDIR");
    }
    assert!(disk.get("z.json").is_some());
    assert_eq!(keeper.stats().files_behind, 20);
}

#[test]
fn a_full_disk_still_takes_deletions_of_files() {
    let disk = Simulated::new();
    let mut files = on(&disk);
    let keeper = files.keeper().unwrap();
    write(&mut files, set("a", 0, "{}"));
    keeper.flush().unwrap();
    disk.fail_kind_at(Call::Create, next(&disk, Call::Create), ENOSPC, Times::Sticky);
    for number in 0..20 {
        write(&mut files, set(&number.to_string(), 0, "{}"));
    }
    write(&mut files, delete("a"));
    assert_eq!(keeper.flush().unwrap_err().code(), "ENOSPC");
    assert_eq!(disk.get("a.json"), None);
    disk.heal();
    keeper.flush().unwrap();
    assert_eq!(keeper.stats().files_behind, 0);
}

#[test]
fn the_space_of_displaced_files_goes_to_those_that_wait() {
    let disk = Simulated::new();
    let mut files = on(&disk);
    let keeper = files.keeper().unwrap();
    for revision in 0..2 {
        write(&mut files, set("a", revision, "{}"));
        keeper.flush().unwrap();
    }
    assert_eq!(keeper.stats().spares, 1);
    disk.fail_kind_at(Call::Create, next(&disk, Call::Create), ENOSPC, Times::Once);
    write(&mut files, set("b", 0, "{}"));
    keeper.flush().unwrap();
    assert_eq!((keeper.stats().spares, disk.get("b.json").is_some()), (0, true));
}

#[test]
fn a_document_whose_name_the_file_system_does_not_take_is_refused() {
    let disk = Simulated::new();
    let mut files = on(&disk);
    let long = "a".repeat(150);
    disk.put(&format!("{long}.json/inside"), b"");
    assert_eq!(refused(&mut files, set(&long, 0, "{}")).code(), "EISDIR");
    files.keeper().unwrap().flush().unwrap();
}

/// On a disk whose files fall behind: four are many, eight too many, and two are placed at a time.
fn with_little_room(disk: &Simulated) -> Opened {
    let mut files = history::open(disk, Placing::Background, Pace::Calm);
    files.limits = Limits { behind: 4, at_a_time: 2, ..files.limits };
    load(files).0
}

#[test]
fn a_commit_that_finds_too_many_files_behind_waits_for_some_of_them_only() {
    let disk = Simulated::new();
    let mut files = with_little_room(&disk);
    let keeper = files.keeper().unwrap();
    for number in 0..8 {
        write(&mut files, set(&number.to_string(), 0, "{}"));
    }
    assert_eq!(keeper.stats().files_behind, 8);
    write(&mut files, set("8", 0, "{}"));
    assert_eq!(keeper.stats().files_behind, 7);
    assert_eq!(["0", "1", "2"].map(|key| disk.get(&format!("{key}.json")).is_some()), [true, true, false]);
    // What was begun, and what came since.
    write(&mut files, set("3", 0, "{\"a\":1}"));
    keeper.flush().unwrap();
    assert_eq!(keeper.stats().files_behind, 0);
    assert!((0..9).all(|number| disk.get(&format!("{number}.json")).is_some()));
}

#[test]
fn documents_that_have_no_place_refuse_no_commit_as_long_as_there_is_room() {
    let disk = Simulated::new();
    let mut files = with_little_room(&disk);
    let keeper = files.keeper().unwrap();
    disk.put("a.json/inside", b"");
    write(&mut files, set("a", 0, "{}"));
    for number in 0..40 {
        write(&mut files, set(&number.to_string(), 0, "{}"));
    }
    assert!(keeper.stats().files_behind < 8);
    assert_eq!(keeper.flush().unwrap_err().code(), "EISDIR");
    assert_eq!(keeper.stats().files_behind, 1);
}

#[test]
fn a_flush_tries_again_what_failed_before_it_was_asked_for() {
    let disk = Simulated::new();
    let mut files = with_little_room(&disk);
    let keeper = files.keeper().unwrap();
    write(&mut files, set("0", 0, "{}"));
    disk.fail_kind_at(Call::Create, next(&disk, Call::Create), ENOSPC, Times::Once);
    for number in 1..9 {
        write(&mut files, set(&number.to_string(), 0, "{}"));
    }
    keeper.flush().unwrap();
    assert_eq!(keeper.stats().files_behind, 0);
}
