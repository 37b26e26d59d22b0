//! The n-th call fails, once or for good, or the process is killed there: whatever was acknowledged is found again.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::super::Placing;
use super::history::{self, Act, Found, History, Pace, acts, found};
use crate::disk::simulated::errno::{EIO, ENOSPC};
use crate::disk::simulated::{Simulated, Times};
use crate::storage::Storage;

/// What goes wrong at the n-th call.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    Once(i32),
    Sticky(i32),
    Killed,
    Short,
}

const WRONGS: &[Wrong] =
    &[Wrong::Once(ENOSPC), Wrong::Once(EIO), Wrong::Sticky(ENOSPC), Wrong::Sticky(EIO), Wrong::Killed, Wrong::Short];

fn load(disk: &Simulated, placing: Placing) -> Found {
    let mut files = history::open(disk, placing, Pace::Calm);
    let loaded = files.load().unwrap_or_else(|error| panic!("not loaded: {error}\n{}", disk.log()));
    found(&loaded)
}

/// Runs the workload with a fault. Tells whether it got through without meeting it.
fn run(acts: &[Act], placing: Placing, wrong: Wrong, call: usize) -> bool {
    let disk = Simulated::new();
    match wrong {
        Wrong::Once(errno) => disk.fail_at(call, errno, Times::Once),
        Wrong::Sticky(errno) => disk.fail_at(call, errno, Times::Sticky),
        Wrong::Killed => disk.stop_at(call),
        Wrong::Short => disk.write_short(),
    }
    let mut history = History::default();
    let mut files = history::open(&disk, placing, Pace::Cutting);
    if files.load().is_ok() {
        let keeper = files.keeper().unwrap();
        for act in acts {
            let before = history.len();
            history.act(&disk, &mut files, keeper.as_ref(), act);
            if matches!(wrong, Wrong::Killed) && disk.calls() >= call {
                history.doubt_refusals_from(before);
                break;
            }
        }
    }
    let after = disk.crash();
    files.abandon();
    let documents = load(&after, placing);
    let told = || format!("{placing:?} {wrong:?} at call {call}\n{}\nand then\n{}", disk.log(), after.log());
    history.check_whole(&documents).unwrap_or_else(|error| panic!("{error}\n{}", told()));
    assert_eq!(load(&after.crash(), placing), documents, "{}", told());
    if matches!(wrong, Wrong::Killed) {
        survives_a_cut(&disk.crash(), &history, placing, call);
    }
    disk.calls() < call || matches!(wrong, Wrong::Short)
}

/// Power is cut while what the kill left is recovered.
fn survives_a_cut(killed: &Simulated, history: &History, placing: Placing, seed: usize) {
    let calls = {
        let whole = killed.crash();
        drop(load(&whole, placing));
        whole.calls()
    };
    killed.stop_at(1 + seed * 7 % calls);
    let _ = history::open(killed, placing, Pace::Calm).load();
    for cut in killed.states_after_cut(seed as u64, 4).take(24) {
        let told = || format!("{placing:?} killed at {seed}\n{}\n{}", killed.log(), cut.log());
        let documents = load(&cut, placing);
        history.check_cut(&documents).unwrap_or_else(|error| panic!("{error}\n{}", told()));
    }
}

fn workload(seed: u8) -> Vec<Act> {
    use proptest::test_runner::{Config, RngAlgorithm, TestRng};
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    acts(12).new_tree(&mut runner).unwrap().current()
}

#[test]
fn whatever_call_fails_what_was_acknowledged_is_found_and_what_was_refused_is_not() {
    for seed in 1..=3 {
        let acts = workload(seed);
        for placing in [Placing::Eager, Placing::Background] {
            for wrong in WRONGS {
                let mut call = 1;
                while !run(&acts, placing, *wrong, call) {
                    call += 1;
                }
            }
        }
    }
}
