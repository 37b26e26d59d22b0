//! Random writes over real files, beside a map in memory; closed and opened again at random.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tempfile::TempDir;

use super::*;
use crate::storage::faulty::{EIO, ENOSPC};

const KEYS: &[&str] = &["a", "b", "user:1", "CON", "a*b", "\u{1F600}", "../x", "LONG", "LONGER"];

const BODIES: &[&str] = &["{}", "{\"n\":1E400}", "{\"a\":[1,{\"b\":\"\\\"\"}],\"c\":\"\u{1F600}\"}", "{\"_rev \":1}"];

/// Key and body of each document.
type Documents = BTreeMap<String, (u64, &'static str)>;

#[derive(Clone, Debug)]
struct Change {
    key: String,
    body: &'static str,
    kind: Kind,
    /// How far the revision that comes with it is from the stored one; `None` where none comes.
    given: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Set,
    Put,
    Delete,
}

#[derive(Clone, Debug)]
enum Step {
    Submit(Vec<Change>),
    Reopen,
}

fn change() -> impl Strategy<Value = Change> {
    let key = select(KEYS).prop_map(|key| match key {
        "LONG" => "x".repeat(300),
        "LONGER" => "x".repeat(800),
        other => other.to_owned(),
    });
    let kind = prop_oneof![4 => Just(Kind::Set), 1 => Just(Kind::Put), 2 => Just(Kind::Delete)];
    let given = prop_oneof![2 => Just(None), 3 => Just(Some(0)), 1 => Just(Some(1))];
    (key, select(BODIES), kind, given).prop_map(|(key, body, kind, given)| Change { key, body, kind, given })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![6 => vec(change(), 1..6).prop_map(Step::Submit), 1 => Just(Step::Reopen)];
    vec(step, 1..20)
}

fn canonical(revision: u64, body: &str) -> String {
    crate::storage::conformance::document(revision, body).text().to_owned()
}

/// The write that a change stands for, and what it must come to.
fn play(change: &Change, documents: &mut Documents) -> (Write, String) {
    let Change { key: name, body, kind, given } = change;
    let actual = documents.get(name).map(|(revision, _)| *revision);
    let given = given.map(|off| actual.unwrap_or(0) + off);
    let text = given.map_or_else(|| (*body).to_owned(), |revision| canonical(revision, body));
    let matches = given.is_none() || given == actual;
    let (write, stored) = match kind {
        Kind::Set if actual.is_some() && !matches => (set(name, &text), None),
        Kind::Set => (set(name, &text), Some(actual.map_or(0, |revision| revision + 1))),
        Kind::Put => (put(name, &text), Some(given.unwrap_or(0))),
        Kind::Delete => {
            let word = if matches { "deleted" } else { "CONFLICT" };
            if matches {
                documents.remove(name);
            }
            return (delete(name).at_revision(given), word.to_owned());
        }
    };
    let Some(revision) = stored else { return (write, "CONFLICT".to_owned()) };
    documents.insert(name.clone(), (revision, body));
    (write, canonical(revision, body))
}

fn open(directory: &TempDir, faults: &Faults) -> Store {
    let store = Store::new(Faulty::new(files(directory.path()), faults));
    store.load().unwrap();
    store
}

fn sorted(mut texts: Vec<(String, String)>) -> Vec<(String, String)> {
    texts.sort();
    texts
}

fn expected(documents: &Documents) -> Vec<(String, String)> {
    documents.iter().map(|(key, (revision, body))| (key.clone(), canonical(*revision, body))).collect()
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn files_and_memory_hold_what_a_map_holds(steps in steps()) {
        let directory = TempDir::new().unwrap();
        let mut documents = Documents::new();
        let mut store = open(&directory, &Faults::default());
        for step in steps.into_iter().chain([Step::Reopen]) {
            match step {
                Step::Submit(changes) => {
                    let (writes, words): (Vec<_>, Vec<_>) =
                        changes.iter().map(|change| play(change, &mut documents)).unzip();
                    prop_assert_eq!(super::words(&store.write(writes)), words);
                }
                Step::Reopen => {
                    store.close().unwrap();
                    store = open(&directory, &Faults::default());
                }
            }
            prop_assert_eq!(sorted(store.texts()), expected(&documents));
        }
    }

    #[test]
    fn whatever_fails_memory_is_what_a_new_opener_finds(
        steps in steps(),
        failing in vec((1..40_usize, select(&[ENOSPC, EIO][..])), 0..6),
        conflict in 1..80_usize,
        sticky in 1..120_usize,
        panics in 1..60_usize,
    ) {
        let directory = TempDir::new().unwrap();
        let mut known = BTreeMap::new();
        let faults = Faults::default();
        for (group, errno) in failing {
            faults.fail_group(group, errno);
        }
        faults.conflict_at_group(conflict, Some(3));
        faults.fail_from_group(sticky, ENOSPC);
        faults.panic_at_commit(panics);
        let mut store = open(&directory, &faults);
        for step in steps.into_iter().chain([Step::Reopen]) {
            match step {
                Step::Submit(changes) => {
                    // The revisions it plays with may be wrong by now: then there is a conflict more.
                    let writes = changes.iter().map(|change| play(change, &mut Documents::new()).0).collect();
                    for (change, answer) in changes.iter().zip(store.write(writes)) {
                        match answer {
                            Settled::Stored(document) => drop(known.insert(change.key.clone(), document)),
                            Settled::Deleted => drop(known.remove(&change.key)),
                            Settled::Lost(_) | Settled::Failed(_) => {}
                        }
                    }
                }
                Step::Reopen => {
                    let _ = store.close();
                    store = open(&directory, &faults);
                }
            }
            let known = known.iter().map(|(key, document)| (key.clone(), document.text().to_owned()));
            prop_assert_eq!(sorted(store.texts()), known.collect::<Vec<_>>());
        }
    }
}
