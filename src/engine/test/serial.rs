//! Transactions among writes and batches, at random: whatever was committed can be told one after the other.
//!
//! The storage notes its groups, and so the order in which they were committed. Every transaction that was committed is
//! then run again by a simple model, alone, at its place in that order: it must read what it had read.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::ask::Ask;
use super::*;
use crate::engine::Transaction;
use crate::storage::faulty::Hold;
use crate::storage::{Capabilities, Entry, Group, Loaded, Outcome};

pub(super) const KEYS: [&str; 5] = ["a", "b", "c", "d", "e"];

type Groups = Arc<Mutex<Vec<Vec<Entry>>>>;

#[derive(Default)]
struct Noting {
    inner: Memory,
    groups: Groups,
}

impl Storage for Noting {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn load(&mut self) -> Result<Loaded> {
        self.inner.load()
    }

    fn commit(&mut self, groups: &[Group]) -> Vec<Outcome> {
        self.groups.lock().extend(groups.iter().map(|group| group.entries.clone()));
        self.inner.commit(groups)
    }

    fn save_definitions(&mut self, text: &str) -> Result<()> {
        self.inner.save_definitions(text)
    }

    fn close(&mut self) -> Result<()> {
        self.inner.close()
    }

    fn abandon(&mut self) {}
}

/// Numbers by chance; the same ones for the same seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides as u64).unwrap()
    }

    pub(super) fn key(&mut self) -> &'static str {
        KEYS[self.roll(KEYS.len())]
    }
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Get(&'static str),
    Query(Ask),
    Set(&'static str, usize),
    Delete(&'static str),
}

impl Act {
    fn random(dice: &mut Dice, number: usize) -> Self {
        match dice.roll(8) {
            0 | 1 => Self::Get(dice.key()),
            2 => Self::Delete(dice.key()),
            3 | 4 => Self::Set(dice.key(), number),
            _ => Self::Query(Ask::random(dice)),
        }
    }

    /// What it came to in the transaction.
    fn play(self, transaction: &mut Transaction) -> String {
        match self {
            Self::Get(name) => format!("{:?}", transaction.get(&key(name)).map(|document| document.text().to_owned())),
            Self::Set(name, number) => {
                let text = format!("{{\"n\":{number}}}");
                transaction.set(&key(name), &text, RevisionRule::IfGiven, None).unwrap().text().to_owned()
            }
            Self::Delete(name) => {
                transaction.delete(&key(name), RevisionRule::IfGiven, None).unwrap();
                String::new()
            }
            Self::Query(ask) => ask.of(transaction),
        }
    }
}

/// Key and text of each document.
pub(super) type Documents = BTreeMap<String, String>;

/// A transaction of the model.
struct Alone {
    documents: Documents,
    /// What was written last of each key, by whether it is there.
    written: BTreeMap<&'static str, bool>,
}

impl Alone {
    fn new(before: &Documents) -> Self {
        Self { documents: before.clone(), written: BTreeMap::new() }
    }

    fn play(&mut self, act: Act) -> String {
        match act {
            Act::Get(name) => format!("{:?}", self.documents.get(name)),
            Act::Set(name, number) => {
                let revision = match self.written.get(name) {
                    Some(true) => revision(&self.documents[name]),
                    Some(false) => 0,
                    None => self.documents.get(name).map_or(0, |text| revision(text) + 1),
                };
                let text = format!("{{\"_rev\":{revision},\"n\":{number}}}");
                self.documents.insert(name.to_owned(), text.clone());
                self.written.insert(name, true);
                text
            }
            Act::Delete(name) => {
                if self.documents.remove(name).is_some() {
                    self.written.insert(name, false);
                }
                String::new()
            }
            Act::Query(ask) => ask.of_documents(&self.documents),
        }
    }
}

fn revision(text: &str) -> u64 {
    crate::document::Body::from_stringified(text).unwrap().revision.unwrap()
}

/// A transaction on its way, with what it did and read.
struct Running {
    transaction: Transaction,
    acts: Vec<(Act, String)>,
}

struct Run {
    dice: Dice,
    faults: Faults,
    store: Store,
    groups: Groups,
    running: Vec<Running>,
    /// What transactions did, by their number.
    ended: Vec<Vec<(Act, String)>>,
    commits: Vec<(usize, Receiver<Vec<Settled>>)>,
    writes: Vec<Receiver<Vec<Settled>>>,
    hold: Option<Hold>,
    committed: Vec<usize>,
    lost: usize,
}

impl Run {
    fn new(seed: u64) -> Self {
        let (storage, faults) = (Noting::default(), Faults::default());
        let groups = Arc::clone(&storage.groups);
        let store = Store::new(Faulty::new(storage, &faults));
        store.load().unwrap();
        store.write(vec![set("a", "{}"), set("c", "{}"), set("d", "{}")]);
        Self {
            dice: Dice(seed),
            faults,
            store,
            groups,
            running: Vec::new(),
            ended: Vec::new(),
            commits: Vec::new(),
            writes: Vec::new(),
            hold: None,
            committed: Vec::new(),
            lost: 0,
        }
    }

    fn write(&mut self, number: usize) -> Write {
        let name = self.dice.key();
        if self.dice.roll(2) == 0 { delete(name) } else { set(name, &format!("{{\"n\":{number}}}")) }
    }

    fn step(&mut self, number: usize) {
        match self.dice.roll(16) {
            0..=2 => {
                let transaction = self.store.engine.begin().unwrap();
                self.running.push(Running { transaction, acts: Vec::new() });
            }
            3..=8 if !self.running.is_empty() => {
                let chosen = self.dice.roll(self.running.len());
                let act = Act::random(&mut self.dice, number);
                let running = &mut self.running[chosen];
                let came_to = act.play(&mut running.transaction);
                running.acts.push((act, came_to));
            }
            9 | 10 if !self.running.is_empty() => {
                let chosen = self.dice.roll(self.running.len());
                self.commit(chosen);
            }
            11 | 12 => {
                let write = self.write(number);
                self.writes.push(self.store.submit(vec![write]));
            }
            13 => {
                let (first, mut second) = (self.write(number), self.write(number));
                while second.key == first.key {
                    second = self.write(number);
                }
                self.writes.push(self.store.submit_batch(Batch { writes: vec![first, second], reads: None }));
            }
            14 if self.hold.is_none() => {
                let hold = self.faults.hold_commit();
                self.writes.push(self.store.submit(vec![set("c", "{}")]));
                hold.wait();
                self.hold = Some(hold);
            }
            _ => self.settle(),
        }
    }

    fn commit(&mut self, chosen: usize) {
        let Running { mut transaction, acts } = self.running.swap_remove(chosen);
        let number = self.ended.len();
        // By this its group is known; no query reaches it.
        transaction.set(&key(&format!("z{number}")), "{}", RevisionRule::IfGiven, None).unwrap();
        self.ended.push(acts);
        self.commits.push((number, self.store.submit_batch(transaction.into_batch(false))));
    }

    fn settle(&mut self) {
        self.hold = None;
        for write in self.writes.drain(..) {
            assert!(answer(&write).iter().all(|settled| !settled.is_refused()));
        }
        for (number, commit) in self.commits.drain(..) {
            match answer(&commit).first().unwrap() {
                Settled::Lost(_) => self.lost += 1,
                Settled::Failed(error) => panic!("failed: {error:?}"),
                _ => self.committed.push(number),
            }
        }
    }

    /// Tells what was committed one after the other.
    fn tell(mut self, seed: u64) -> (usize, usize) {
        self.settle();
        let mut documents = Documents::new();
        let mut told = Vec::new();
        for group in self.groups.lock().iter() {
            let mut expected = None;
            if let Some(number) = group.iter().find_map(|entry| entry.key.to_string().strip_prefix('z')?.parse().ok()) {
                let number: usize = number;
                let mut alone = Alone::new(&documents);
                for (act, came_to) in &self.ended[number] {
                    assert_eq!(&alone.play(*act), came_to, "seed {seed}, transaction {number}, {act:?}");
                }
                alone.documents.insert(format!("z{number}"), "{\"_rev\":0}".to_owned());
                expected = Some(alone.documents);
                told.push(number);
            }
            for Entry { key, document, .. } in group {
                match document {
                    Some(document) => documents.insert(key.to_string(), document.text().to_owned()),
                    None => documents.remove(&key.to_string()),
                };
            }
            assert!(expected.is_none_or(|expected| expected == documents), "seed {seed}");
        }
        assert_eq!(documents.into_iter().collect::<Vec<_>>(), self.store.texts(), "seed {seed}");
        self.committed.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, self.committed, "seed {seed}");
        (told.len(), self.lost)
    }
}

#[test]
fn whatever_was_committed_can_be_told_one_after_the_other() {
    let (mut committed, mut lost) = (0, 0);
    for seed in 0..400 {
        let mut run = Run::new(seed);
        (0..120).for_each(|number| run.step(number));
        let (more, less) = run.tell(seed);
        committed += more;
        lost += less;
    }
    assert!(committed > 1_000 && lost > 1_000, "{committed} committed, {lost} lost");
}
