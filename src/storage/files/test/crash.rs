//! Crashes after something had gone wrong already: another crash, a group taken back, a folder removed.

use super::super::layout::{self, LOCK};
use super::history::{self, Pace};
use super::*;
use crate::disk::Disk;
use crate::disk::simulated::errno::{EIO, EMFILE, ENOSPC};
use crate::disk::simulated::{Ability, Call, Simulated, Times};
use crate::storage::Group;
use crate::storage::conformance::{set, together};

fn on(disk: &Simulated, placing: Placing) -> Opened {
    load(history::open(disk, placing, Pace::Calm)).0
}

/// What a fresh opener finds.
fn documents(disk: &Simulated) -> Vec<(String, String)> {
    told(&load(history::open(disk, Placing::Eager, Pace::Calm)).1)
}

/// Commits an entry that is synced when it is answered.
fn write_synced(files: &mut Opened, entry: Entry) {
    committed(&files.commit(&[Group { synced: true, ..alone(entry) }])[0]);
}

#[test]
fn what_was_synced_survives_a_kill_a_load_and_then_a_power_cut() {
    for lacking in [&[][..], &[Ability::SyncEverything]] {
        let disk = Simulated::without(lacking);
        let mut files = on(&disk, Placing::Eager);
        let cut_name = "long ".repeat(80);
        for key in ["a", &cut_name] {
            write_synced(&mut files, set(key, 0, "{}"));
            write_synced(&mut files, set(key, 1, "{}"));
        }
        let killed = disk.crash();
        let _loaded = on(&killed, Placing::Eager);
        let expected = [pair("a", "{\"_rev\":1}"), pair(&cut_name, "{\"_rev\":1}")];
        for cut in killed.states_after_cut(1, 50) {
            let log = cut.log();
            assert_eq!(documents(&cut), expected, "without {lacking:?}, {log}");
        }
    }
}

#[test]
fn a_group_that_was_taken_back_does_not_come_back_with_a_power_cut() {
    for lacking in [&[][..], &[Ability::Exchange], &[Ability::SyncEverything]] {
        let disk = Simulated::without(lacking);
        let mut files = on(&disk, Placing::Eager);
        write(&mut files, set("a", 0, "{}"));
        files.close().unwrap();
        files.load().unwrap();
        disk.put("b.json/inside", b"");
        let group = together(vec![set("a", 1, "{}"), set("c", 0, "{}"), set("b", 0, "{}")]);
        let Some(Outcome::Failed(error)) = files.commit(&[group]).pop() else { panic!("stored") };
        assert_eq!(error.code(), "EISDIR");
        for cut in disk.states_after_cut(1, 50) {
            let log = cut.log();
            assert_eq!(documents(&cut), [pair("a", "{\"_rev\":0}")], "without {lacking:?}, {log}");
        }
    }
}

#[test]
fn what_one_power_cut_took_does_not_come_back_with_the_next() {
    let disk = Simulated::new();
    let mut files = on(&disk, Placing::Eager);
    write(&mut files, set("a", 0, "{}"));
    files.close().unwrap();
    files.load().unwrap();
    write(&mut files, set("a", 1, "{}"));
    // The version was written, and neither put in place nor told by the journal.
    let is_meant = |cut: &Simulated| {
        let tmp = cut.names(layout::TEMPORARY);
        let is_left = tmp.iter().any(|name| {
            let content = cut.get(&format!("{}/{name}", layout::TEMPORARY)).unwrap_or_default();
            content.starts_with(b"{\n    \"_rev\": 1")
        });
        let is_lost = cut.tree().iter().all(|(path, bytes)| {
            !path.starts_with(layout::JOURNAL) || !bytes.windows(9).any(|window| window == b"\"_rev\":1}")
        });
        is_left && is_lost && cut.get("a.json").is_some_and(|bytes| bytes.starts_with(b"{\n    \"_rev\": 0"))
    };
    let first = disk.states_after_cut(1, 400).find(is_meant).expect("such a state");
    let mut files = on(&first, Placing::Eager);
    write(&mut files, set("b", 0, "{}"));
    write(&mut files, set("a", 1, "{\"second\":true}"));
    for second in first.states_after_cut(1, 200) {
        let log = second.log();
        let found = documents(&second).into_iter().find(|(key, _)| key == "a").unwrap().1;
        assert!(found != "{\"_rev\":1}", "{log}");
    }
}

#[test]
fn what_was_acknowledged_outlives_its_lock_file() {
    for placing in [Placing::Eager, Placing::Background] {
        let disk = Simulated::new();
        let mut files = on(&disk, placing);
        write_synced(&mut files, set("a", 0, "{}"));
        disk.remove(LOCK).unwrap();
        write_synced(&mut files, set("b", 0, "{}"));
        let expected = [pair("a", "{\"_rev\":0}"), pair("b", "{\"_rev\":0}")];
        assert_eq!(documents(&disk.crash()), expected, "{placing:?}, killed");
        for cut in disk.states_after_cut(1, 50) {
            let log = cut.log();
            assert_eq!(documents(&cut), expected, "{placing:?}, {log}");
        }
    }
}

#[test]
fn what_a_failed_sync_dropped_is_written_anew_by_the_next_load() {
    let disk = Simulated::new();
    let mut files = Remembering::new(history::open(&disk, Placing::Eager, Pace::Cutting));
    files.load().unwrap();
    write_synced(&mut files, set("a", 0, "{}"));
    write_synced(&mut files, set("a", 1, "{}"));
    disk.fail_kind_at(Call::SyncEverything, disk.calls_of(Call::SyncEverything) + 1, EIO, Times::Once);
    let error = files.keeper().unwrap().tend().and_then(|()| files.keeper().unwrap().tend()).unwrap_err();
    assert_eq!(error.code(), "POISONED");
    files.abandon();
    let after = disk.crash();
    drop(on(&after, Placing::Eager));
    assert_eq!(after.get(layout::FAILED), None);
    for cut in after.states_after_cut(1, 50) {
        let log = cut.log();
        assert_eq!(documents(&cut), [pair("a", "{\"_rev\":1}")], "{log}");
    }
}

#[test]
fn a_displaced_file_is_used_again_though_no_segment_can_be_begun() {
    let disk = Simulated::new();
    let (mut files, _) = load(history::open(&disk, Placing::Eager, Pace::Cutting));
    write(&mut files, set("a", 0, "{}"));
    write(&mut files, set("a", 1, "{}"));
    disk.fail_kind_at(Call::Create, 1, ENOSPC, Times::Sticky);
    assert_eq!(files.keeper().unwrap().tend().unwrap_err().code(), "ENOSPC");
    write(&mut files, set("a", 2, "{}"));
}

#[test]
fn a_file_that_cannot_be_opened_to_be_synced_is_tried_again_and_a_failed_sync_is_not() {
    for (call, code) in [(Call::Open, "EMFILE"), (Call::SyncData, "POISONED")] {
        let disk = Simulated::without(&[Ability::SyncEverything]);
        let (mut files, _) = load(history::open(&disk, Placing::Eager, Pace::Cutting));
        let keeper = files.keeper().unwrap();
        write_synced(&mut files, set("a", 0, "{}"));
        // The new segment is synced after the file.
        disk.fail_kind_at(call, disk.calls_of(call) + 1, EMFILE, Times::Once);
        assert_eq!(keeper.tend().unwrap_err().code(), code);
        let tried = disk.calls_of(Call::SyncData);
        if call == Call::Open {
            keeper.tend().unwrap();
            assert!(disk.calls_of(Call::SyncData) > tried);
            files.abandon();
            for cut in disk.states_after_cut(1, 20) {
                assert_eq!(documents(&cut), [pair("a", "{\"_rev\":0}")], "{}", cut.log());
            }
        }
    }
}

#[test]
fn what_cannot_be_kept_aside_is_not_replaced() {
    for lacking in [&[][..], &[Ability::Exchange], &[Ability::Exchange, Ability::Link, Ability::RenameNew]] {
        let disk = Simulated::without(lacking);
        let mut files = on(&disk, Placing::Eager);
        disk.put("a.json", b"somebody's");
        disk.fail_kind_at(Call::MakeFolder, 1, ENOSPC, Times::Sticky);
        assert_eq!(refused(&mut files, set("a", 0, "{}")).code(), "ENOSPC", "without {lacking:?}");
        assert_eq!(disk.get("a.json").unwrap(), b"somebody's");
        disk.heal();
        write(&mut files, set("a", 0, "{}"));
        assert_eq!(disk.get(".datastore/quarantine/0001/a.json").unwrap(), b"somebody's");
    }
}

#[test]
fn a_close_that_was_killed_anywhere_is_finished_by_the_next_opener_though_it_writes_nothing() {
    let closing = || {
        let disk = Simulated::new();
        let mut files = on(&disk, Placing::Eager);
        write(&mut files, set("a", 0, "{}"));
        files.close().unwrap();
        let mut files = on(&disk, Placing::Eager);
        write(&mut files, set("a", 1, "{}"));
        (disk, files)
    };
    let (disk, mut files) = closing();
    let before = disk.calls();
    files.close().unwrap();
    for stop in before + 1..=disk.calls() {
        let (disk, mut files) = closing();
        disk.stop_at(stop);
        let _ = files.close();
        let killed = disk.crash();
        on(&killed, Placing::Eager).close().unwrap();
        let expected = [pair("a", "{\"_rev\":1}")];
        assert_eq!(killed.names(layout::JOURNAL).len(), 1, "killed at call {stop}, {}", killed.log());
        for cut in killed.states_after_cut(1, 50) {
            let log = cut.log();
            assert_eq!(documents(&cut), expected, "killed at call {stop}, {log}");
        }
    }
}
