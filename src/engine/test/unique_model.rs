//! Random writes, batches, transactions and definitions beside a checker that looks at everything each time; storage fails, and is
//! opened again, at random.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::storage::faulty::ENOSPC;

const VIEW: &str = "{\"where\":{\"on\":true},\"key\":\"tags\",\"each\":\"tags\",\"unique\":true}";

/// A document of the view, or one outside.
#[derive(Clone, Debug, PartialEq)]
struct Tagged {
    on: bool,
    tags: Vec<u8>,
}

/// What is done together: documents by number, `None` to delete.
type Unit = BTreeMap<usize, Option<Tagged>>;
type Documents = BTreeMap<usize, Tagged>;
/// Who has which value.
type Holders = BTreeMap<u8, BTreeSet<usize>>;

#[derive(Clone, Debug)]
enum Step {
    /// Handed over at once; no two of them write the same document.
    Submit(Vec<Unit>),
    Define,
    Forget,
    Reopen,
}

fn unit() -> impl Strategy<Value = Unit> {
    let tags = prop_oneof![3 => vec(0..5_u8, 1..2), 1 => vec(0..5_u8, 0..4)];
    let tagged = (prop::bool::weighted(0.85), tags).prop_map(|(on, tags)| Tagged { on, tags });
    let change = prop_oneof![3 => tagged.prop_map(Some), 1 => Just(None)];
    prop_oneof![3 => btree_map(0..8_usize, change.clone(), 1..2), 2 => btree_map(0..8_usize, change, 1..5)]
}

fn units() -> impl Strategy<Value = Vec<Unit>> {
    vec(unit(), 1..8).prop_map(|units| {
        let mut seen = BTreeSet::new();
        let is_new = |unit: &Unit| {
            let is_new = unit.keys().all(|number| !seen.contains(number));
            seen.extend(unit.keys().copied().filter(|_| is_new));
            is_new
        };
        units.into_iter().filter(is_new).collect()
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => units().prop_map(Step::Submit),
        2 => Just(Step::Define),
        1 => Just(Step::Forget),
        1 => Just(Step::Reopen),
    ];
    vec(step, 1..25)
}

fn holders(documents: &Documents) -> Holders {
    let mut holders = Holders::new();
    for (number, document) in documents.iter().filter(|(_, document)| document.on) {
        for tag in &document.tags {
            holders.entry(*tag).or_default().insert(*number);
        }
    }
    holders
}

fn surplus(holders: &Holders) -> usize {
    holders.values().map(|holders| holders.len() - 1).sum()
}

/// Whether the rule of the view lets documents become others.
fn is_allowed(before: &Documents, after: &Documents, unit: &Unit) -> bool {
    let (had, has) = (holders(before), holders(after));
    let is_new =
        |(tag, now): (&u8, &BTreeSet<usize>)| now.len() > 1 && had.get(tag).is_none_or(|before| !now.is_subset(before));
    let is_member = |documents: &Documents, number| {
        documents.get(number).is_some_and(|document: &Tagged| document.on && !document.tags.is_empty())
    };
    let concerns = unit.keys().any(|number| is_member(before, number) || is_member(after, number));
    !has.iter().any(is_new) && (!concerns || surplus(&had) == 0 || surplus(&has) < surplus(&had))
}

/// The naive store.
#[derive(Default)]
struct Model {
    documents: Documents,
    is_defined: bool,
    /// Groups that storage has seen.
    groups: usize,
}

impl Model {
    /// What a unit comes to, when these groups of storage fail.
    fn submit(&mut self, unit: &Unit, failing: &BTreeSet<usize>) -> &'static str {
        let mut after = self.documents.clone();
        for (number, change) in unit {
            match change {
                Some(document) => drop(after.insert(*number, document.clone())),
                None => drop(after.remove(number)),
            }
        }
        let is_nothing = unit.iter().all(|(number, change)| change.is_none() && !self.documents.contains_key(number));
        if is_nothing {
            return "done";
        }
        if self.is_defined && !is_allowed(&self.documents, &after, unit) {
            return "CONFLICT";
        }
        self.groups += 1;
        if failing.contains(&self.groups) {
            return "ENOSPC";
        }
        self.documents = after;
        "done"
    }

    fn duplicates(&self) -> Vec<(String, Vec<String>)> {
        let told = |(tag, holders): (u8, BTreeSet<usize>)| {
            (tag.to_string(), holders.iter().map(ToString::to_string).collect())
        };
        let several = holders(&self.documents).into_iter().filter(|(_, holders)| self.is_defined && holders.len() > 1);
        several.map(told).collect()
    }
}

impl Tagged {
    fn members(&self) -> String {
        let tags: Vec<_> = self.tags.iter().map(ToString::to_string).collect();
        format!("\"on\":{},\"tags\":[{}]", self.on, tags.join(","))
    }
}

fn write((number, change): (&usize, &Option<Tagged>)) -> Write {
    let name = number.to_string();
    match change {
        Some(tagged) => put(&name, &format!("{{{}}}", tagged.members())),
        None => delete(&name),
    }
}

/// Hands everything over while the committer is busy, and tells what each came to.
fn submit(store: &Store, faults: &Faults, model: &mut Model, units: &[Unit]) -> Vec<&'static str> {
    let hold = faults.hold_commit();
    let busy = store.submit(vec![put("busy", "{}")]);
    hold.wait();
    model.groups += 1;
    let hand_over = |unit: &Unit| {
        let mut writes: Vec<Write> = unit.iter().map(write).collect();
        match unit.len() {
            1 => store.submit(writes),
            2 => store.submit_batch(Batch { writes, reads: None }),
            _ => {
                let mut transaction = store.begin();
                for write in writes.drain(..) {
                    match write.action {
                        Action::Delete => transaction.delete(&write.key, RevisionRule::Ignored, None).unwrap(),
                        Action::Put(text) => {
                            transaction.set(&write.key, text.as_ref(), RevisionRule::Ignored, None).unwrap();
                        }
                        other => panic!("{other:?}"),
                    }
                }
                store.begin_commit(transaction)
            }
        }
    };
    let answers: Vec<_> = units.iter().map(hand_over).collect();
    drop(hold);
    answer(&busy);
    let word = |answers: Vec<Settled>| match answers.first() {
        Some(Settled::Failed(error)) => error.code(),
        Some(Settled::Lost(_)) => "lost",
        _ => "done",
    };
    answers.iter().map(|receiver| word(answer(receiver))).collect()
}

fn open(directory: &TempDir, faults: &Faults) -> Store {
    let store = Store::new(Faulty::new(files(directory.path()), faults));
    store.load().unwrap();
    store
}

fn check(store: &Store, model: &Model) -> Result<(), TestCaseError> {
    // A transaction counts revisions on, and they are not what is tested.
    let members = |text: &str| text.split_once(',').map(|(_, members)| members.trim_end_matches('}').to_owned());
    let others = store.texts().into_iter().filter(|(key, _)| key != "busy");
    let found: BTreeMap<_, _> = others.map(|(key, text)| (key, members(&text).unwrap())).collect();
    let expected = model.documents.iter().map(|(number, tagged)| (number.to_string(), tagged.members()));
    prop_assert_eq!(found, expected.collect());
    let told = store.duplicates("v").into_iter();
    let told: Vec<_> = told
        .map(|duplicate| (duplicate.value, duplicate.documents.iter().map(ToString::to_string).collect::<Vec<_>>()))
        .collect();
    prop_assert_eq!(told, model.duplicates());
    Ok(())
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn what_is_refused_is_what_would_break_the_view(steps in steps(), failing in vec(1..60_usize, 0..5)) {
        let directory = TempDir::new().unwrap();
        let (faults, mut model) = (Faults::default(), Model { is_defined: true, ..Model::default() });
        let mut store = open(&directory, &faults);
        store.define("v", Some(VIEW)).unwrap();
        for step in steps {
            match step {
                Step::Submit(units) => {
                    // The one that keeps the committer busy always gets through.
                    let failing: BTreeSet<_> = failing.iter().copied().filter(|group| *group > model.groups + 1).collect();
                    for group in &failing {
                        faults.fail_group(*group, ENOSPC);
                    }
                    let came_to = submit(&store, &faults, &mut model, &units);
                    let expected: Vec<_> = units.iter().map(|unit| model.submit(unit, &failing)).collect();
                    prop_assert_eq!(came_to, expected);
                    faults.heal_groups();
                }
                Step::Define => {
                    prop_assert_eq!(store.define("v", Some(VIEW)).unwrap(), model.is_defined);
                    model.is_defined = true;
                }
                Step::Forget => {
                    prop_assert_eq!(store.define("v", None).unwrap(), model.is_defined);
                    model.is_defined = false;
                }
                Step::Reopen => {
                    store.close().unwrap();
                    store = open(&directory, &faults);
                }
            }
            check(&store, &model)?;
        }
    }
}
