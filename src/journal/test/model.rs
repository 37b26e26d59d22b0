//! What is appended is what is recovered: random work against a list.

use std::collections::{BTreeMap, HashMap};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const KEYS: &[&str] = &["a", "\u{1F600}", "\"q\"", "line\nbreak", "back\\slash", "\u{0}", "\u{2028}\u{7f}", ",\"p\":1"];

const BODIES: &[&str] = &[
    "{}",
    "{\"n\":1E400}",
    "{\"a\":[1,{\"b\":\"\\\"\\n\"}],\"c\":\"\u{1F600}\"}",
    "{\"x\":\",\\\"p\\\":null,\\\"e\\\":1,\\\"y\\\":9\",\"p\":1,\"e\":1,\"y\":9,\"a\":9}",
    "{\"c\":\"00000000\"}",
];

#[derive(Clone, Debug)]
enum Step {
    /// Groups of keys, each with a body or to be deleted.
    Append(Vec<Vec<(usize, Option<usize>)>>),
    /// Gives back the last group.
    Void,
    Sync,
    Rotate,
    /// Cuts what is so far behind the last sequence.
    Cut(u64),
    /// Recovers, and goes on without what was recovered.
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let write = (0..KEYS.len(), proptest::option::weighted(0.8, 0..BODIES.len()));
    let groups = vec(vec(write, 1..5), 0..4);
    let step = prop_oneof![
        6 => groups.prop_map(Step::Append),
        1 => Just(Step::Void),
        2 => Just(Step::Sync),
        1 => Just(Step::Rotate),
        1 => (0..8_u64).prop_map(Step::Cut),
        1 => Just(Step::Reopen),
    ];
    vec(step, 1..24)
}

/// A write as it was appended.
struct Written {
    sequence: u64,
    key: Key,
    document: Option<Document>,
    previous: Option<Document>,
    is_voided: bool,
}

impl Written {
    fn record(&self) -> Record<'_> {
        Record { key: &self.key, document: self.document.as_ref(), previous: self.previous.as_ref(), left: None }
    }
}

/// Everything that was written, and what is stored now.
#[derive(Default)]
struct Model {
    written: Vec<Written>,
    last_group: Option<u64>,
    stored: BTreeMap<Key, Document>,
}

impl Model {
    fn append(&mut self, journal: &Journal, groups: &[Vec<(usize, Option<usize>)>]) {
        let before = self.written.len();
        let (mut sequence, mut lasts) = (journal.last(), Vec::new());
        let mut sizes = Vec::new();
        for group in groups {
            for (at, body) in group {
                sequence += 1;
                let key = key(KEYS[*at]);
                let previous = self.stored.remove(&key);
                let revision = previous.as_ref().map_or(0, |previous| previous.revision() + 1);
                let document = body.map(|body| document(revision, BODIES[body]));
                self.stored.extend(document.clone().map(|document| (key.clone(), document)));
                self.written.push(Written { sequence, key, document, previous, is_voided: false });
            }
            self.last_group = Some(sequence + 1 - group.len() as u64);
            lasts.push(sequence);
            sizes.push(group.len());
        }
        let mut written = self.written[before..].iter();
        let records: Vec<Vec<_>> =
            sizes.iter().map(|size| written.by_ref().take(*size).map(Written::record).collect()).collect();
        assert_eq!(journal.append(&records, 0).unwrap(), lasts);
    }

    fn void(&mut self, journal: &Journal) {
        let Some(first) = self.last_group.take() else { return };
        assert_eq!(journal.void(first, 0).unwrap(), journal.last());
        let voided = self.written.iter_mut().rev().take_while(|written| written.sequence >= first);
        for written in voided {
            written.is_voided = true;
            self.stored.remove(&written.key);
            self.stored.extend(written.previous.clone().map(|previous| (written.key.clone(), previous)));
        }
    }

    /// Compares what is recovered with what was written from its first sequence on.
    fn check(&self, recovered: &Recovered, last: u64) {
        assert_eq!(recovered.cut, None);
        assert_eq!(recovered.last, last);
        let mut expected: HashMap<Key, History> = HashMap::new();
        let mut known: HashMap<Key, Vec<Option<u32>>> = HashMap::new();
        for written in self.written.iter().filter(|written| written.sequence >= recovered.first) {
            let Written { sequence, key, document, previous, is_voided } = written;
            let known = known.entry(key.clone()).or_default();
            let sum = |version: &Option<Document>| version.as_ref().map(|version| checksum(version.text()));
            if *is_voided {
                known.push(sum(document));
                continue;
            }
            let history = History { sequence: *sequence, document: document.clone(), left: None, known: Vec::new() };
            let replaced = expected.insert(key.clone(), history);
            known.extend(replaced.map(|replaced| sum(&replaced.document)));
            known.push(sum(previous));
        }
        assert_eq!(recovered.histories.len(), expected.len());
        for (key, history) in &recovered.histories {
            let expected = &expected[key];
            assert_eq!((history.sequence, &history.document), (expected.sequence, &expected.document), "{key:?}");
            let mut known = known.remove(key).unwrap();
            known.dedup();
            assert_eq!(history.known, known, "{key:?}");
        }
    }
}

fn reopen(place: &Place, last: u64) -> Journal {
    let recovered = place.recover().unwrap();
    let journal = Journal::new(place.disk.clone(), FOLDER, Start { last, number: recovered.next_number, ..START });
    journal.begin().unwrap();
    assert!(place.recover().unwrap().is_empty());
    discard(&*place.disk, FOLDER, &recovered.segments).unwrap();
    assert_eq!(place.numbers(), [recovered.next_number]);
    journal
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_appended_is_recovered(steps in steps()) {
        let place = Place::new();
        let (mut model, mut journal) = (Model::default(), place.journal());
        journal.begin().unwrap();
        for step in steps {
            match step {
                Step::Append(groups) => model.append(&journal, &groups),
                Step::Void => model.void(&journal),
                Step::Sync => assert_eq!(journal.sync().unwrap(), journal.last()),
                Step::Rotate => journal.rotate().unwrap(),
                Step::Cut(behind) => {
                    let through = journal.last().saturating_sub(behind);
                    let first = place.recover().unwrap().first;
                    journal.cut(through).unwrap();
                    let left = place.recover().unwrap().first;
                    assert!(left == first || left <= through + 1);
                    let is_left = journal.closed_last().is_some_and(|last| last <= through);
                    assert!(!is_left, "the last of the closed segments could be removed");
                }
                Step::Reopen => journal = reopen(&place, journal.last()),
            }
            model.check(&place.recover().unwrap(), journal.last());
        }
    }
}

#[test]
fn the_last_version_and_the_checksums_of_the_others_come_back() {
    let place = Place::new();
    let journal = place.journal();
    let (a, b) = (key("a"), key("b"));
    let (old, new, other) = (document(4, "{\"n\":1}"), document(5, "{\"n\":2}"), document(0, "{}"));
    let groups = [vec![set(&a, &old, None)], vec![set(&a, &new, Some(&old)), set(&b, &other, None)]];
    assert_eq!(journal.append(&groups, 0).unwrap(), [1, 3]);
    let deletion = vec![Record { key: &b, document: None, previous: Some(&other), left: None }];
    assert_eq!(journal.append(&[deletion], 1).unwrap(), [4]);

    let recovered = place.recover().unwrap();
    assert_eq!((recovered.epoch, recovered.first, recovered.last, recovered.placed), (Some(1), 1, 4, 1));
    assert_eq!((recovered.next_number, recovered.same_boot, &recovered.cut), (2, true, &None));
    let of_a = History { sequence: 2, document: Some(new), left: None, known: vec![None, Some(checksum(old.text()))] };
    let of_b = History { sequence: 4, document: None, left: None, known: vec![None, Some(checksum(other.text()))] };
    assert_eq!(recovered.histories, [(a, of_a), (b, of_b)].into());
}

#[test]
fn an_earlier_version_is_known_whatever_the_next_one_says_that_it_replaced() {
    let place = Place::new();
    let journal = place.journal();
    put(&journal, &["a"], 1);
    put(&journal, &["a"], 2);
    let first = checksum(document(1, "{\"n\":1}").text());
    assert_eq!(place.recover().unwrap().histories[&key("a")].known, [None, Some(first), None]);
}

#[test]
fn a_voided_group_leaves_only_its_checksums() {
    let place = Place::new();
    let journal = place.journal();
    put(&journal, &["a"], 1);
    put(&journal, &["a", "b"], 2);
    assert_eq!(journal.void(2, 0).unwrap(), 4);
    let recovered = place.recover().unwrap();
    assert_eq!(numbers(&recovered), are(&[("a", 1)]));
    let voided = checksum(document(2, "{\"n\":2}").text());
    assert_eq!(recovered.histories[&key("a")].known, [None, Some(voided)]);
}

#[test]
fn a_folder_that_is_missing_is_an_empty_journal() {
    let recovered = Place::new().recover().unwrap();
    assert!(recovered.is_empty());
    assert_eq!((recovered.epoch, recovered.last, recovered.next_number), (None, 0, 1));
}
