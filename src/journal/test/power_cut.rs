//! Kills and power cuts at every call, on the simulated disk.

use std::collections::BTreeMap;

use super::*;
use crate::disk::simulated::errno::ENOSPC;
use crate::disk::simulated::{Call, Simulated, Times};

const KEYS: &[&str] = &["a", "b", "c"];

/// What a process did until it was stopped, and what it was answered.
#[derive(Default)]
struct Run {
    /// Every group that may be in the journal.
    groups: Vec<Group>,
    /// The last sequence that was answered.
    last: u64,
    synced: u64,
    /// How far segments may be gone.
    cut: u64,
}

/// A group of the first few keys at one revision; a void has none.
struct Group {
    first: u64,
    keys: usize,
    revision: u64,
    /// The last sequence of the void that gives it back.
    void: Option<u64>,
}

impl Group {
    fn last(&self) -> u64 {
        self.first + self.keys.max(1) as u64 - 1
    }
}

impl Run {
    fn append(&mut self, journal: &Journal, sizes: &[usize], revision: u64) -> Result<()> {
        let before = self.groups.len();
        let keys: Vec<Key> = KEYS.iter().map(|text| key(text)).collect();
        // Two of them do not fit into a sector.
        let document = document(revision, &format!("{{\"pad\":\"{}\"}}", "x".repeat(250)));
        let (mut last, mut groups) = (self.last, Vec::new());
        for size in sizes {
            self.groups.push(Group { first: last + 1, keys: *size, revision, void: None });
            groups.push(keys[..*size].iter().map(|key| set(key, &document, None)).collect::<Vec<_>>());
            last += *size as u64;
        }
        match journal.append(&groups, 0) {
            Ok(lasts) => {
                self.last = last;
                assert_eq!(lasts.last(), Some(&last));
                Ok(())
            }
            // The end of the process: nobody knows.
            Err(error) if error.code() == "POISONED" => Err(error),
            Err(error) => {
                assert_eq!(error.code(), "ENOSPC");
                self.groups.truncate(before);
                Ok(())
            }
        }
    }

    fn void_last(&mut self, journal: &Journal) -> Result<()> {
        let sequence = self.last + 1;
        let voided = self.groups.last_mut().unwrap();
        voided.void = Some(sequence);
        let first = voided.first;
        self.groups.push(Group { first: sequence, keys: 0, revision: 0, void: None });
        self.last = journal.void(first, 0)?;
        Ok(())
    }

    fn sync(&mut self, journal: &Journal) -> Result<()> {
        self.synced = journal.sync()?;
        Ok(())
    }

    fn work(&mut self, disk: &Arc<Simulated>) -> Result<()> {
        let journal = Journal::new(disk.clone(), FOLDER, START);
        journal.begin()?;
        self.append(&journal, &[1, 3], 1)?;
        self.append(&journal, &[2], 2)?;
        self.sync(&journal)?;
        self.append(&journal, &[1, 1, 2], 3)?;
        journal.rotate()?;
        self.append(&journal, &[3, 1], 4)?;
        self.sync(&journal)?;
        self.append(&journal, &[1, 2], 5)?;
        journal.rotate()?;
        self.append(&journal, &[2, 2], 6)?;
        self.sync(&journal)?;
        journal.rotate()?;
        self.append(&journal, &[2], 7)?;
        // Three segments at once, the head behind them not yet synced.
        self.cut = journal.closed_last().unwrap_or(0);
        journal.cut(self.cut)?;
        self.append(&journal, &[2], 8)?;
        self.void_last(&journal)?;
        self.append(&journal, &[1, 3], 9)?;
        journal.rotate()?;
        self.sync(&journal)
    }

    /// What is recovered is a whole part of what was written, and everything that was synced.
    fn check(&self, recovered: &Recovered, story: &str) {
        let Recovered { first, last, .. } = recovered;
        assert!(*last >= self.synced, "{last} of {} that were synced\n{story}", self.synced);
        assert!(*first <= self.cut + 1, "it begins at {first}\n{story}");
        let is_whole = *last == 0 || *last + 1 == *first || self.groups.iter().any(|group| group.last() == *last);
        assert!(is_whole, "half a group, up to {last}\n{story}");
        let mut expected = BTreeMap::new();
        for group in self.groups.iter().filter(|group| group.first >= *first && group.last() <= *last) {
            let is_voided = group.void.is_some_and(|void| void <= *last);
            let keys = KEYS[..group.keys].iter().filter(|_| !is_voided);
            expected.extend(keys.map(|key| ((*key).to_owned(), Some(group.revision))));
        }
        assert_eq!(numbers(recovered), expected.into_iter().collect::<Vec<_>>(), "up to {last}\n{story}");
    }
}

fn recovered(disk: &Simulated, before: &Simulated) -> (Recovered, String) {
    let story = format!("{}\nthen\n{}", before.log(), disk.log());
    match recover(disk, FOLDER) {
        Ok(recovered) => (recovered, story),
        Err(error) => panic!("{error}\n{story}"),
    }
}

/// Stops the work at every call, and looks at what a kill leaves, and what so many power cuts leave. Tells how many
/// states that were.
fn explore(most: usize, prepare: impl Fn(&Simulated)) -> usize {
    let mut states = 0;
    for stop in 1.. {
        let disk = Arc::new(Simulated::new());
        disk.put(".datastore/lock", b"");
        prepare(&disk);
        disk.stop_at(stop);
        let mut run = Run::default();
        let is_done = run.work(&disk).is_ok();
        for after in disk.states_after_cut(stop as u64, most) {
            let (recovered, story) = recovered(&after, &disk);
            run.check(&recovered, &story);
            states += 1;
        }
        let killed = disk.crash();
        let (recovered, story) = recovered(&killed, &disk);
        run.check(&recovered, &story);
        if stop % 3 == 0 {
            states += reopen(&killed, &recovered, most / 4);
        }
        if is_done {
            break;
        }
    }
    states
}

/// Goes on after a kill, and loses power at every call of that: what was recovered is recovered again, or is done with.
fn reopen(killed: &Simulated, recovered_first: &Recovered, most: usize) -> usize {
    let mut states = 0;
    let Recovered { last, next_number, segments, histories, .. } = recovered_first;
    secure(killed, FOLDER, segments).unwrap();
    for stop in 1.. {
        let disk = Arc::new(killed.crash());
        disk.stop_at(stop);
        let journal = Journal::new(disk.clone(), FOLDER, Start { last: *last, number: *next_number, ..START });
        let (key, new) = (key("z"), document(99, "{}"));
        let work = || {
            journal.begin()?;
            discard(&*disk, FOLDER, segments)?;
            journal.append(&[vec![set(&key, &new, None)]], 0)?;
            journal.sync()
        };
        let synced = work().unwrap_or(0);
        for after in disk.states_after_cut(stop as u64, most) {
            let (again, story) = recovered(&after, &disk);
            if again.last == last + 1 {
                assert_eq!(numbers(&again), are(&[("z", 99)]), "{story}");
            } else {
                assert_eq!((again.last, synced), (*last, 0), "{story}");
                assert!(again.is_empty() || again.histories == *histories, "{story}");
            }
            states += 1;
        }
        if synced > 0 {
            break;
        }
    }
    states
}

#[test]
fn a_power_cut_at_any_call_leaves_whole_groups_and_everything_synced() {
    let states = explore(400, |_| {});
    assert!(states > 1_500, "{states} states");
}

#[test]
fn a_power_cut_after_short_writes_and_a_full_disk_does_so_too() {
    let states = explore(60, |disk| {
        disk.write_short();
        disk.fail_kind_at(Call::Write, 60, ENOSPC, Times::Once);
    });
    assert!(states > 3_000, "{states} states");
}
