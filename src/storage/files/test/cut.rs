//! Power cuts: every state that the disk may be in afterwards is opened, and power is cut again while it is.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::super::Placing;
use super::history::{self, Act, Found, History, Pace, acts, found};
use crate::disk::simulated::{Ability, Simulated};
use crate::storage::Storage;

/// States per cut, beside the extremes.
const STATES: usize = 40;

/// Workloads; more where `KIXX_CUT_CASES` asks for them.
fn cases() -> u32 {
    std::env::var("KIXX_CUT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(20)
}

/// What file systems there are: Linux, one without exchange, one without second names, and macOS.
const DISKS: &[&[Ability]] = &[
    &[],
    &[Ability::Exchange],
    &[Ability::Exchange, Ability::Link],
    &[Ability::Exchange, Ability::Link, Ability::RenameNew, Ability::SyncEverything],
    &[Ability::SyncEverything],
];

fn load(disk: &Simulated, placing: Placing) -> Result<Found, String> {
    let mut files = history::open(disk, placing, Pace::Calm);
    let loaded = files.load().map_err(|error| format!("not loaded: {error}"))?;
    files.close().map_err(|error| format!("not closed: {error}"))?;
    Ok(found(&loaded))
}

/// Opens the disk, which power has left; returns how many states that makes.
fn survives(history: &History, disk: &Simulated, placing: Placing, seed: u64) -> Result<usize, String> {
    let before = disk.crash();
    let documents = load(disk, placing)?;
    history.check_cut(&documents)?;
    // Closed in order, nothing is left to be made up for, and another cut takes nothing.
    let again = load(&disk.crash(), placing)?;
    if again != documents {
        return Err(format!("loaded again it is another: {again:?} instead of {documents:?}"));
    }
    // Killed, or cut off again, in the middle of the recovery.
    let calls = disk.calls();
    let stop = 1 + usize::try_from(seed).unwrap_or(0) % calls;
    before.stop_at(stop);
    let _ = load(&before, placing);
    let killed = load(&before.crash(), placing).map_err(|error| format!("killed at {stop} of {calls}: {error}"))?;
    history.check_cut(&killed).map_err(|error| format!("killed at {stop} of {calls}: {error}"))?;
    let mut states = 1;
    for cut in before.states_after_cut(seed, 6) {
        states += 1;
        let twice = load(&cut, placing).and_then(|twice| history.check_cut(&twice));
        twice.map_err(|error| format!("cut again at {stop} of {calls}: {error}\n{}", cut.log()))?;
    }
    Ok(states)
}

fn run(acts: &[Act], lacking: &[Ability], placing: Placing, pace: Pace, seed: u64) -> Result<usize, String> {
    let disk = Simulated::without(lacking);
    let mut files = history::open(&disk, placing, pace);
    files.load().unwrap();
    let keeper = files.keeper().unwrap();
    let mut history = History::default();
    // There a single write waits for a sync, too, and so for the one that it is made during.
    let waits = lacking.contains(&Ability::Exchange) && lacking.contains(&Ability::Link);
    for act in acts.iter().filter(|act| !(waits && matches!(act, Act::Meanwhile(..)))) {
        history.act(&disk, &mut files, keeper.as_ref(), act);
    }
    let mut states = 0;
    for cut in disk.states_after_cut(seed, STATES) {
        let told = cut.log();
        states += survives(&history, &cut, placing, seed).map_err(|error| {
            format!("{error}\n{lacking:?} {placing:?} {pace:?}\nthe workload:\n{}\nthe cut: {told}", disk.log())
        })?;
    }
    Ok(states)
}

#[test]
fn a_power_cut_leaves_every_document_whole_and_nothing_synced_is_lost() {
    let mut runner = TestRunner::new(Config { cases: cases(), ..Config::default() });
    let states = std::cell::Cell::new(0);
    let placing = prop_oneof![Just(Placing::Eager), Just(Placing::Background)];
    let pace = prop_oneof![Just(Pace::Calm), Just(Pace::Recycling), Just(Pace::Cutting)];
    let input = (acts(20), 0..DISKS.len(), placing, pace, any::<u64>());
    let result = runner.run(&input, |(acts, lacking, placing, pace, seed)| {
        let tried = run(&acts, DISKS[lacking], placing, pace, seed).map_err(TestCaseError::fail)?;
        states.set(states.get() + tried);
        Ok(())
    });
    eprintln!("{} states", states.get());
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(states.get() > 1_000, "only {} states were tried", states.get());
}
