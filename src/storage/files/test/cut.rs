//! Power cuts: every state that the disk may be in afterwards is opened, and power is cut again while it is.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::super::{Files, Placing};
use super::history::{self, Act, Found, History, Pace, acts, found};
use crate::disk::simulated::{Ability, Simulated};
use crate::storage::Storage;

/// States per cut, beside the extremes.
const STATES: usize = 40;

/// Workloads; more where `KIXX_CUT_CASES` asks for them.
fn cases() -> u32 {
    std::env::var("KIXX_CUT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(16)
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

/// A workload, and the machine that it runs on.
#[derive(Debug)]
struct Run<'a> {
    acts: &'a [Act],
    lacking: &'a [Ability],
    placing: Placing,
    pace: Pace,
    /// How many processes take turns, where it may be more than one.
    openers: Option<usize>,
}

impl Run<'_> {
    /// Opens the disk as often as is wanted, or as it can be.
    fn open(&self, disk: &Simulated) -> Vec<Files> {
        (0..self.openers.unwrap_or(1)).map_while(|_| self.open_one(disk)).collect()
    }

    fn open_one(&self, disk: &Simulated) -> Option<Files> {
        let mut files = match self.openers {
            Some(_) => history::open_together(disk, self.placing, self.pace),
            None => history::open(disk, self.placing, self.pace),
        };
        files.load().is_ok().then_some(files)
    }

    /// Does everything, or what comes before a call.
    fn to(&self, stop: Option<usize>) -> (Simulated, History) {
        let disk = Simulated::without(self.lacking);
        if let Some(stop) = stop {
            disk.stop_at(stop);
        }
        let mut history = History::default();
        let mut openers = self.open(&disk);
        if openers.is_empty() {
            return (disk, history);
        }
        // There a single write waits for a sync, too, and so for the one that it is made during.
        let waits = self.lacking.contains(&Ability::Exchange) && self.lacking.contains(&Ability::Link);
        // With others a commit waits for who removes segments, too.
        let waits = waits || self.openers.is_some();
        let acts = self.acts.iter().filter(|act| !(waits && matches!(act, Act::Meanwhile(..))));
        for (turn, act) in acts.enumerate() {
            let before = history.len();
            if self.openers.is_some() && turn == self.acts.len() / 2 {
                // One more joins where there is something to be made up for.
                openers.extend(self.open_one(&disk));
            }
            let number = turn % openers.len();
            let Some(files) = openers.get_mut(number) else { break };
            let keeper = files.keeper().unwrap();
            history.act(&disk, files, keeper.as_ref(), act);
            if stop.is_some_and(|stop| disk.calls() >= stop) {
                history.doubt_refusals_from(before);
                break;
            }
        }
        (disk, history)
    }

    /// Cuts the power at the end and in the middle; returns how many states that makes.
    fn cut(&self, middle: usize, seed: u64) -> Result<usize, String> {
        let (whole, history) = self.to(None);
        let stop = 1 + middle % whole.calls();
        let mut states = 0;
        for (disk, history) in [(whole, history), self.to(Some(stop))] {
            for cut in disk.states_after_cut(seed, STATES) {
                states += survives(&history, &cut, self.placing, seed).map_err(|error| {
                    format!("{error}\n{self:?}\nthe workload:\n{}\nthe cut: {}", disk.log(), cut.log())
                })?;
            }
        }
        Ok(states)
    }
}

#[test]
fn a_power_cut_leaves_every_document_whole_and_nothing_synced_is_lost() {
    let mut runner = TestRunner::new(Config { cases: cases(), ..Config::default() });
    let states = std::cell::Cell::new(0);
    let placing = prop_oneof![Just(Placing::Eager), Just(Placing::Background)];
    let pace = prop_oneof![Just(Pace::Calm), Just(Pace::Recycling), Just(Pace::Cutting)];
    let openers = prop_oneof![Just(None), Just(Some(1)), Just(Some(2)), Just(Some(3))];
    let input = (acts(20), 0..DISKS.len(), placing, pace, openers, any::<usize>(), any::<u64>());
    let result = runner.run(&input, |(acts, lacking, placing, pace, openers, middle, seed)| {
        let run = Run { acts: &acts, lacking: DISKS[lacking], placing, pace, openers };
        let tried = run.cut(middle, seed).map_err(TestCaseError::fail)?;
        states.set(states.get() + tried);
        Ok(())
    });
    eprintln!("{} states", states.get());
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(states.get() > 1_000, "only {} states were tried", states.get());
}
