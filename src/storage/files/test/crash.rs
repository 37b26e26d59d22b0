//! Crashes after something had gone wrong already: another crash, a group taken back, a folder removed.

use super::super::layout::{self, LOCK};
use super::history::{self, Pace};
use super::*;
use crate::disk::Disk;
use crate::disk::simulated::errno::ENOSPC;
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
fn what_cannot_be_kept_aside_is_not_replaced() {
    let disk = Simulated::new();
    let mut files = on(&disk, Placing::Eager);
    disk.put("a.json", b"somebody's");
    disk.fail_kind_at(Call::MakeFolder, 1, ENOSPC, Times::Sticky);
    assert_eq!(refused(&mut files, set("a", 0, "{}")).code(), "ENOSPC");
    assert_eq!(disk.get("a.json").unwrap(), b"somebody's");
    disk.heal();
    write(&mut files, set("a", 0, "{}"));
    assert_eq!(disk.get(".datastore/quarantine/0001/a.json").unwrap(), b"somebody's");
}
