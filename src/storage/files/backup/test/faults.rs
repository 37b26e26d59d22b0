//! Whatever fails, and wherever it is cut short: it is whole, or not there.

use super::{Patience, back_up, backup, documents, is_whole, patient, restore};
use crate::disk::simulated::errno::{EIO, ENOSPC};
use crate::disk::simulated::{Ability, Simulated, Times};
use crate::error::Result;

/// So many disks after a power cut are looked at.
const CUTS: usize = 24;

/// What is made, and under which name.
#[derive(Clone, Copy, Debug)]
enum Work {
    Backup,
    Restore,
}

impl Work {
    fn run(self, disk: &Simulated, watch: &Patience) -> Result<()> {
        match self {
            Self::Backup => back_up(disk, &documents(), watch).map(drop),
            Self::Restore => restore(&backup(), disk, watch).map(drop),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Restore => "data",
        }
    }
}

/// Each work on each kind of disk.
fn each(check: impl Fn(Work, &dyn Fn() -> Simulated)) {
    let lacking: [&[Ability]; 3] = [&[], &[Ability::SyncEverything], &[Ability::RenameNew]];
    for work in [Work::Backup, Work::Restore] {
        for lacks in lacking {
            check(work, &|| Simulated::without(lacks));
        }
    }
}

#[test]
fn whatever_call_fails_nothing_is_left() {
    each(|work, new_disk| {
        for errno in [ENOSPC, EIO] {
            for call in 1.. {
                let disk = new_disk();
                disk.fail_at(call, errno, Times::Once);
                let done = work.run(&disk, &patient());
                if disk.calls() < call {
                    break;
                }
                match done {
                    Ok(()) => assert!(is_whole(&disk, work.name()), "{}", disk.log()),
                    Err(_) => assert!(disk.names("").is_empty(), "{work:?} {errno} {call}\n{}", disk.log()),
                }
            }
        }
    });
}

#[test]
fn wherever_it_is_given_up_nothing_is_left() {
    each(|work, new_disk| {
        for patience in 0.. {
            let disk = new_disk();
            if work.run(&disk, &Patience::of(patience)).is_ok() {
                break;
            }
            assert!(disk.names("").is_empty(), "{work:?} {patience}\n{}", disk.log());
        }
    });
}

#[test]
fn killed_anywhere_it_is_whole_or_not_there_and_the_next_try_succeeds() {
    each(|work, new_disk| {
        for call in 1.. {
            let disk = new_disk();
            disk.stop_at(call);
            let done = work.run(&disk, &patient());
            if disk.calls() < call {
                break;
            }
            assert!(done.is_err());
            let after = disk.crash();
            if !is_whole(&after, work.name()) {
                work.run(&after, &patient()).unwrap_or_else(|error| panic!("{error}\n{}", disk.log()));
                assert!(is_whole(&after, work.name()));
            }
            assert_eq!(after.names(""), [work.name()], "{work:?} {call}");
        }
    });
}

#[test]
fn after_a_power_cut_it_is_whole_or_not_there_and_there_when_it_was_done() {
    each(|work, new_disk| {
        for call in (1..).step_by(3) {
            let disk = new_disk();
            disk.stop_at(call);
            let is_done = work.run(&disk, &patient()).is_ok();
            for after in disk.states_after_cut(call as u64, CUTS) {
                assert!(is_whole(&after, work.name()) || !is_done, "{work:?} {call}\n{}\n{}", disk.log(), after.log());
            }
            if is_done {
                break;
            }
        }
    });
}

#[test]
fn writes_that_are_short_are_finished() {
    let disk = Simulated::new();
    disk.write_short();
    back_up(&disk, &documents(), &patient()).unwrap();
    assert!(is_whole(&disk, "backup"));
}
