//! Calls that fail, processes that are killed, syncs that drop what they covered.

use super::{MANY, Tree, contents, make, name_sets, set, trees};
use crate::disk::simulated::errno::{EIO, ENOSPC};
use crate::disk::simulated::{Call, Simulated, Times};
use crate::disk::{Disk, write_all};

fn code<T: std::fmt::Debug>(result: crate::error::Result<T>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn what_was_put_is_durable_and_counts_as_no_call() {
    let disk = Simulated::new();
    disk.fail_at(1, EIO, Times::Sticky);
    disk.put("f/g/a", b"1");
    disk.put("f/b", b"2");
    disk.put("f/b", b"3");
    assert_eq!((disk.calls(), disk.log().as_str()), (0, ""));
    assert_eq!((disk.get("f/b"), disk.get("f"), disk.get("c")), (Some(b"3".to_vec()), None, None));
    assert_eq!((disk.names("f"), disk.names("c")), (vec!["b".to_owned(), "g".to_owned()], Vec::new()));
    assert_eq!(trees(&disk), [disk.tree()]);
}

#[test]
fn a_fault_strikes_once_or_from_then_on_and_changes_nothing() {
    let disk = Simulated::new();
    disk.fail_at(2, ENOSPC, Times::Once);
    disk.fail_at(4, EIO, Times::Sticky);
    let file = disk.create("a").unwrap();
    assert_eq!(code(file.write_at(b"1", 0)), "ENOSPC");
    file.write_at(b"2", 0).unwrap();
    assert_eq!([code(disk.remove("a")), code(disk.make_folder("f")), code(disk.kind("a"))], ["EIO"; 3]);
    assert_eq!(disk.tree(), Tree::from([("a".to_owned(), b"2".to_vec())]));
    disk.heal();
    disk.remove("a").unwrap();
    assert_eq!((disk.calls(), disk.calls_of(Call::Write), disk.calls_of(Call::Remove)), (7, 2, 2));
}

#[test]
fn a_fault_may_count_calls_of_one_kind_only() {
    let disk = Simulated::new();
    disk.fail_kind_at(Call::Create, 2, EIO, Times::Once);
    disk.make_folder("f").unwrap();
    disk.create("a").unwrap();
    disk.make_folder("g").unwrap();
    assert_eq!(code(disk.create("b")), "EIO");
    disk.create("b").unwrap();
}

#[test]
fn the_log_tells_calls_and_failures() {
    let disk = Simulated::new();
    disk.put("a", b"1");
    disk.fail_at(2, ENOSPC, Times::Once);
    disk.open("a").unwrap().write_at(b"23", 1).unwrap_err();
    disk.rename("a", "b").unwrap();
    let expected = format!("1 Open \"a\"\n2 Write \"a\" 2 at 1 => errno {ENOSPC}\n3 Rename \"b\" from \"a\"\n");
    assert_eq!(disk.log(), expected);
    assert!(disk.states_after_cut(0, 0).all(|state| state.log().starts_with("after a cut: names ")));
}

#[test]
fn a_killed_process_leaves_what_it_wrote_and_holds_no_lock() {
    let disk = Simulated::new();
    let lock = disk.lock("lock", false).unwrap();
    let file = make(&disk, "a", b"1");
    disk.stop_at(disk.calls() + 1);
    assert_eq!([code(file.write_at(b"2", 0)), code(file.sync_data()), code(disk.sync_everything())], ["EIO"; 3]);

    let next = disk.crash();
    assert_eq!((next.get("a").unwrap(), next.boot(), next.calls()), (b"1".to_vec(), disk.boot(), 0));
    next.lock("lock", false).unwrap();
    next.make_folder("f").unwrap();
    drop(lock);
    assert_eq!(disk.names(""), ["a", "lock"]);
    // A sync that was never made has dropped nothing.
    next.sync_everything().unwrap();
    assert_eq!(trees(&next), [next.tree()]);
}

#[test]
fn a_disk_after_a_cut_is_of_another_boot_and_holds_no_lock() {
    let disk = Simulated::new();
    let _lock = disk.lock("lock", false).unwrap();
    disk.sync_everything().unwrap();
    disk.stop_at(1);
    let states: Vec<_> = disk.states_after_cut(1, MANY).collect();
    assert_eq!(states.len(), 1);
    assert_ne!(states[0].boot(), disk.boot());
    states[0].lock("lock", false).unwrap();
    assert_ne!(states[0].states_after_cut(1, 1).next().unwrap().boot(), states[0].boot());
}

#[test]
fn a_failed_sync_drops_bytes_until_they_are_written_again() {
    let disk = Simulated::new();
    let file = make(&disk, "log", b"first ");
    disk.sync_everything().unwrap();
    write_all(file.as_ref(), b"second", 6).unwrap();
    disk.fail_kind_at(Call::SyncData, 1, EIO, Times::Once);
    assert_eq!(code(file.sync_data()), "EIO");
    // The lie that makes retrying a sync unsafe.
    file.sync_data().unwrap();
    disk.sync_everything().unwrap();
    assert_eq!(disk.get("log").unwrap(), b"first second");
    let after = disk.crash();
    let lost = set([Some(b"first ".to_vec()), Some(b"first \0\0\0\0\0\0".to_vec()), Some(b"first second".to_vec())]);
    assert_eq!((contents(&disk, "log"), contents(&after, "log")), (lost.clone(), lost));

    write_all(file.as_ref(), b"second", 6).unwrap();
    file.sync_data().unwrap();
    assert_eq!(contents(&disk, "log"), set([Some(b"first second".to_vec())]));
}

#[test]
fn what_is_written_after_a_failed_sync_is_synced_by_itself() {
    let disk = Simulated::new();
    let file = make(&disk, "log", &[]);
    disk.sync_everything().unwrap();
    write_all(file.as_ref(), &[b'1'; 512], 0).unwrap();
    disk.fail_kind_at(Call::SyncEverything, 2, EIO, Times::Once);
    assert_eq!(code(disk.sync_everything()), "EIO");
    write_all(file.as_ref(), &[b'2'; 512], 512).unwrap();
    file.sync_data().unwrap();
    let found = contents(&disk, "log");
    let with = |first: u8| Some([vec![first; 512], vec![b'2'; 512]].concat());
    assert_eq!(found, set([with(0), with(b'1')]));
}

#[test]
fn a_failed_folder_sync_drops_names_until_they_are_changed_again() {
    let disk = Simulated::new();
    make(&disk, "a", b"");
    make(&disk, "b", b"");
    disk.fail_kind_at(Call::SyncFolder, 1, EIO, Times::Once);
    assert_eq!(code(disk.sync_folder("")), "EIO");
    make(&disk, "c", b"");
    disk.sync_folder("").unwrap();
    disk.sync_everything().unwrap();
    assert_eq!(name_sets(&disk), set(["c", "a c", "b c", "a b c"].map(str::to_owned)));
    disk.rename("a", "d").unwrap();
    disk.sync_folder("").unwrap();
    assert_eq!(name_sets(&disk), set(["c d", "b c d"].map(str::to_owned)));
}

#[test]
fn a_name_that_needs_a_dropped_one_is_not_synced() {
    let disk = Simulated::new();
    disk.put("f/a", b"");
    disk.make_folder("g").unwrap();
    disk.sync_everything().unwrap();
    disk.rename("f/a", "g/a").unwrap();
    disk.rename("g/a", "g/b").unwrap();
    disk.fail_kind_at(Call::SyncFolder, 1, EIO, Times::Once);
    assert_eq!(code(disk.sync_folder("f")), "EIO");
    disk.sync_folder("g").unwrap();
    assert_eq!(name_sets(&disk), set(["f/a", "g/a", "g/b"].map(str::to_owned)));
}
