//! What every driver must do: one list of cases, run for each.
//!
//! A case runs where its need is met, and needs are [`Capabilities`], never a driver's name. A driver's test module
//! calls [`run`] with a function that opens it at a directory; opened twice there, it is the same store.
//!
//! Not here: what only one driver promises (its own test module), what the engine adds (`engine::test`).

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::{Capabilities, Entry, Group, Keeper, Loaded, Outcome, Position, Storage};
use crate::document::{Body, Document};
use crate::error::Result;
use crate::key::Key;

/// Opens a driver at a directory; nothing is loaded yet.
pub type Opener = dyn Fn(&Path) -> Box<dyn Storage>;

type Case = (&'static str, fn(Capabilities) -> bool, fn(&Place));

const CASES: &[Case] = &[
    ("a new store is empty", always, a_new_store_is_empty),
    ("every group has its outcome", always, every_group_has_its_outcome),
    ("positions rise and never repeat", always, positions_rise_and_never_repeat),
    ("a group up to the limit is committed", always, a_group_up_to_the_limit_is_committed),
    ("a group over the limit stores nothing", has_limit, a_group_over_the_limit_stores_nothing),
    ("closing again, or before the load, is harmless", always, closing_twice_is_harmless),
    ("what was committed can be synced", always, what_was_committed_can_be_synced),
    ("committed documents come back", is_durable, committed_documents_come_back),
    ("the last version comes back", is_durable, the_last_version_comes_back),
    ("text comes back byte for byte", is_durable, text_comes_back_byte_for_byte),
    ("deleted documents stay away", is_durable, deleted_documents_stay_away),
    ("odd keys come back", is_durable, odd_keys_come_back),
    ("long keys come back", is_durable, long_keys_come_back),
    ("many documents come back in order", is_durable, many_documents_come_back_in_order),
    ("definitions can be saved", always, definitions_can_be_saved),
    ("the last definitions come back", is_durable, the_last_definitions_come_back),
    ("definitions come back though nothing was put in order", is_durable, definitions_come_back_after_an_end),
    ("a second opener is refused", is_exclusive, a_second_opener_is_refused),
    ("a refused opener takes nothing", is_exclusive, a_refused_opener_takes_nothing),
];

/// Runs every case that the driver's capabilities ask for, each in a directory of its own.
pub fn run(open: &Opener) {
    for (name, is_needed, case) in CASES {
        let place = Place { directory: TempDir::new().unwrap(), open };
        if is_needed(place.storage().capabilities()) {
            // Captured, and shown with the failure only.
            eprintln!("case: {name}");
            case(&place);
        }
    }
}

/// A driver whose entries are told what they replace, as the engine does.
pub struct Remembering {
    inner: Box<dyn Storage>,
    documents: HashMap<Key, Document>,
}

impl Remembering {
    /// Nothing is remembered before the load.
    pub fn new(inner: impl Storage + 'static) -> Self {
        Self { inner: Box::new(inner), documents: HashMap::new() }
    }

    fn apply(documents: &mut HashMap<Key, Document>, entry: &Entry) -> Option<Document> {
        match &entry.document {
            Some(document) => documents.insert(entry.key.clone(), document.clone()),
            None => documents.remove(&entry.key),
        }
    }
}

impl Storage for Remembering {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn load(&mut self) -> Result<Loaded> {
        let loaded = self.inner.load()?;
        self.documents = loaded.documents.iter().cloned().collect();
        Ok(loaded)
    }

    fn commit(&mut self, groups: &[Group]) -> Vec<Outcome> {
        let mut groups = groups.to_vec();
        let mut now = self.documents.clone();
        for entry in groups.iter_mut().flat_map(|group| &mut group.entries) {
            entry.previous = Self::apply(&mut now, entry);
        }
        let outcomes = self.inner.commit(&groups);
        let stored = groups.iter().zip(&outcomes).filter(|(_, outcome)| matches!(outcome, Outcome::Committed(_)));
        for entry in stored.flat_map(|(group, _)| &group.entries) {
            Self::apply(&mut self.documents, entry);
        }
        outcomes
    }

    fn save_definitions(&mut self, text: &str) -> Result<()> {
        self.inner.save_definitions(text)
    }

    fn keeper(&self) -> Option<Arc<dyn Keeper>> {
        self.inner.keeper()
    }

    fn close(&mut self) -> Result<()> {
        self.inner.close()
    }

    fn abandon(&mut self) {
        self.inner.abandon();
    }
}

/// A directory, and how to open the driver there.
struct Place<'a> {
    directory: TempDir,
    open: &'a Opener,
}

impl Place<'_> {
    fn storage(&self) -> Remembering {
        Remembering { inner: (self.open)(self.directory.path()), documents: HashMap::new() }
    }

    fn load(&self) -> (Remembering, Loaded) {
        let mut storage = self.storage();
        let loaded = storage.load().unwrap();
        (storage, loaded)
    }

    /// Commits groups of one entry, all at once, and closes.
    fn write(&self, entries: Vec<Entry>) {
        let (mut storage, _) = self.load();
        for outcome in storage.commit(&entries.into_iter().map(alone).collect::<Vec<_>>()) {
            committed(&outcome);
        }
        storage.close().unwrap();
    }

    /// What a fresh opener finds.
    fn documents(&self) -> Vec<(Key, Document)> {
        let (mut storage, loaded) = self.load();
        storage.close().unwrap();
        loaded.documents
    }
}

/// The document whose canonical text this is, at a revision.
pub fn document(revision: u64, body: &str) -> Document {
    Document::new(revision, &Body::from_stringified(body).unwrap().body)
}

/// A key.
pub fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

/// A write of a document.
pub fn set(text: &str, revision: u64, body: &str) -> Entry {
    Entry { key: key(text), document: Some(document(revision, body)), previous: None, left: None }
}

/// A deletion.
pub fn delete(text: &str) -> Entry {
    Entry { key: key(text), document: None, previous: None, left: None }
}

/// A group of one.
pub fn alone(entry: Entry) -> Group {
    together(vec![entry])
}

/// A group that need not be synced.
pub fn together(entries: Vec<Entry>) -> Group {
    Group { entries, synced: false }
}

/// The position of an outcome that must be a commit.
pub fn committed(outcome: &Outcome) -> Position {
    match outcome {
        Outcome::Committed(position) => *position,
        other => panic!("not committed: {other:?}"),
    }
}

/// The code of a result that must be a failure.
pub fn code<T>(result: Result<T>) -> &'static str {
    result.err().expect("a failure").code()
}

fn always(_: Capabilities) -> bool {
    true
}

fn is_durable(of: Capabilities) -> bool {
    of.durable
}

fn is_exclusive(of: Capabilities) -> bool {
    of.exclusive
}

fn has_limit(of: Capabilities) -> bool {
    of.group_limit < usize::MAX
}

fn a_new_store_is_empty(place: &Place) {
    let (_storage, loaded) = place.load();
    assert!(loaded.documents.is_empty());
    assert_eq!(loaded.position.sequence, 0);
    assert_eq!(loaded.findings, super::Findings::default());
}

fn every_group_has_its_outcome(place: &Place) {
    let (mut storage, _) = place.load();
    assert!(storage.commit(&[]).is_empty());
    let groups = [set("a", 0, "{}"), set("b", 0, "{}"), delete("a"), delete("never there")].map(alone);
    let outcomes = storage.commit(&groups);
    assert_eq!(outcomes.len(), 4);
    for outcome in &outcomes {
        committed(outcome);
    }
}

fn positions_rise_and_never_repeat(place: &Place) {
    let (mut storage, loaded) = place.load();
    let mut last = loaded.position;
    for round in 0..5 {
        let groups = [set("a", round, "{}"), set("b", round, "{}"), delete("a"), delete("a")].map(alone);
        for outcome in storage.commit(&groups) {
            let position = committed(&outcome);
            assert_eq!(position.epoch, last.epoch);
            assert!(position.sequence > last.sequence);
            last = position;
        }
    }
}

fn a_group_up_to_the_limit_is_committed(place: &Place) {
    let (mut storage, loaded) = place.load();
    let size = storage.capabilities().group_limit.min(5);
    let entries = (0..size).map(|number| set(&format!("key {number}"), 0, "{}")).collect();
    let outcomes = storage.commit(&[together(entries)]);
    assert_eq!(committed(&outcomes[0]).sequence, loaded.position.sequence + size as u64);
    storage.close().unwrap();
    if storage.capabilities().durable {
        assert_eq!(place.documents().len(), size);
    }
}

fn a_group_over_the_limit_stores_nothing(place: &Place) {
    let (mut storage, _) = place.load();
    let size = storage.capabilities().group_limit + 1;
    let entries = (0..size).map(|number| set(&format!("key {number}"), 0, "{}")).collect();
    let outcomes = storage.commit(&[alone(set("before", 0, "{}")), together(entries), alone(set("after", 0, "{}"))]);
    let Outcome::Failed(error) = &outcomes[1] else { panic!("{outcomes:?}") };
    assert_eq!(error.code(), "UNSUPPORTED");
    assert!(committed(&outcomes[0]) < committed(&outcomes[2]));
    storage.close().unwrap();
    if storage.capabilities().durable {
        let keys: Vec<_> = place.documents().into_iter().map(|(key, _)| key.to_string()).collect();
        assert_eq!(keys, ["after", "before"]);
    }
}

fn closing_twice_is_harmless(place: &Place) {
    place.storage().close().unwrap();
    let (mut storage, _) = place.load();
    storage.close().unwrap();
    storage.close().unwrap();
    place.load().0.close().unwrap();
}

fn what_was_committed_can_be_synced(place: &Place) {
    let (mut storage, _) = place.load();
    let keeper = storage.keeper();
    committed(&storage.commit(&[alone(set("a", 0, "{}"))])[0]);
    if let Some(keeper) = &keeper {
        keeper.flush().unwrap();
    }
    storage.close().unwrap();
    // It may still be at work when the storage is given back.
    if let Some(keeper) = &keeper {
        keeper.flush().unwrap();
    }
}

fn committed_documents_come_back(place: &Place) {
    place.write(vec![set("b", 7, "{\"n\":1}"), set("a", 0, "{}")]);
    assert_eq!(place.documents(), [(key("a"), document(0, "{}")), (key("b"), document(7, "{\"n\":1}"))]);
    assert!(place.load().1.position >= Position { epoch: 0, sequence: 2 });
}

fn the_last_version_comes_back(place: &Place) {
    place.write(vec![set("a", 0, "{\"n\":1,\"much\":\"more than the next one\"}"), set("a", 1, "{\"n\":2}")]);
    place.write(vec![set("a", 2, "{\"n\":3}")]);
    assert_eq!(place.documents(), [(key("a"), document(2, "{\"n\":3}"))]);
}

fn text_comes_back_byte_for_byte(place: &Place) {
    let bodies = [
        "{\"n\":1E400,\"m\":-0.0,\"big\":12345678901234567890123}",
        "{\"a\":1,\"a\":2,\"\":[],\"__proto__\":{}}",
        "{\"lone\":\"\\ud800\",\"quote\":\"\\\"{[\",\"emoji\":\"\u{1F600}\",\"zero\":\"\\u0000\"}",
        "{\"inner\":{\"_rev\":9}}",
    ];
    let numbered = || bodies.iter().enumerate().map(|(number, body)| (format!("key {number}"), body));
    place.write(numbered().map(|(key, body)| set(&key, 1, body)).collect());
    let expected: Vec<_> = numbered().map(|(text, body)| (key(&text), document(1, body))).collect();
    assert_eq!(place.documents(), expected);
}

fn deleted_documents_stay_away(place: &Place) {
    place.write(vec![set("a", 0, "{}"), set("b", 0, "{}"), set("c", 0, "{}"), delete("a")]);
    place.write(vec![delete("b"), delete("never there")]);
    assert_eq!(place.documents(), [(key("c"), document(0, "{}"))]);
    place.write(vec![set("b", 0, "{\"anew\":true}")]);
    assert_eq!(place.documents()[0], (key("b"), document(0, "{\"anew\":true}")));
}

fn come_back(place: &Place, texts: &[String]) {
    place.write(texts.iter().map(|text| set(text, 0, "{}")).collect());
    let mut keys: Vec<_> = texts.iter().map(|text| key(text)).collect();
    keys.sort();
    let found: Vec<_> = place.documents().into_iter().map(|(key, _)| key).collect();
    assert_eq!(found, keys);
    place.write(texts.iter().map(|text| delete(text)).collect());
    assert!(place.documents().is_empty());
}

fn odd_keys_come_back(place: &Place) {
    let odd = [
        ".",
        "..",
        "/",
        "//",
        "a/b",
        "../../etc/passwd",
        "\\",
        "%",
        "%2F",
        "a%",
        "*",
        "a*b",
        "CON",
        "con",
        "nul.txt",
        "COM1",
        "com0",
        "__proto__",
        "constructor",
        "\0",
        "a\0b",
        "\n",
        " ",
        " a ",
        "a.",
        ".json",
        "a.json",
        ".datastore",
        ".datastore/lock",
        "user",
        "User",
        "USER",
        "\u{1F600}",
        "\u{FFFF}",
        "\u{E000}",
        "\u{301}",
        "é",
        "e\u{301}",
        "\"",
        "'",
        "?",
        ":",
        "<|>",
        "~",
        "-",
        "{}",
        "null",
        "0",
        "-0",
        "1e3",
    ];
    come_back(place, &odd.map(str::to_owned));
}

fn long_keys_come_back(place: &Place) {
    let mut texts: Vec<String> = (230..265).map(|length| "a".repeat(length)).collect();
    texts.extend([479, 480, 481, 1_000, 2_995].map(|length| "b".repeat(length)));
    texts.extend([80, 81, 120, 249].map(|length| "\u{1F600}".repeat(length)));
    // Neighbours in one folder, and a key that looks like a folder.
    texts.extend(["x", "y"].map(|end| "c".repeat(300) + end));
    texts.push("c".repeat(239) + "%");
    come_back(place, &texts);
}

fn many_documents_come_back_in_order(place: &Place) {
    let texts: Vec<String> = (0..1_500).map(|number| format!("user:{}", number * 7_919 % 1_500)).collect();
    come_back(place, &texts);
}

fn definitions_can_be_saved(place: &Place) {
    let (mut storage, loaded) = place.load();
    assert_eq!(loaded.definitions, "");
    storage.save_definitions("{}").unwrap();
    committed(&storage.commit(&[alone(set("a", 0, "{}"))])[0]);
    storage.save_definitions(DEFINITIONS).unwrap();
    storage.close().unwrap();
}

const DEFINITIONS: &str = "{\"by \u{1F600}\":{\"key\":\"a\"},\"\\ud800\":{}}";

fn the_last_definitions_come_back(place: &Place) {
    let (mut storage, _) = place.load();
    for text in ["{}", "{\"longer than the next\":{}}", "{}", DEFINITIONS] {
        storage.save_definitions(text).unwrap();
    }
    storage.close().unwrap();
    place.write(vec![set("a", 0, "{}")]);
    let (mut storage, loaded) = place.load();
    assert_eq!((loaded.definitions.as_str(), loaded.documents.len()), (DEFINITIONS, 1));
    storage.save_definitions("{}").unwrap();
    storage.close().unwrap();
    assert_eq!(place.load().1.definitions, "{}");
}

fn definitions_come_back_after_an_end(place: &Place) {
    let (mut storage, _) = place.load();
    storage.save_definitions(DEFINITIONS).unwrap();
    storage.abandon();
    assert_eq!(place.load().1.definitions, DEFINITIONS);
}

fn a_second_opener_is_refused(place: &Place) {
    let (mut first, _) = place.load();
    let mut second = place.storage();
    assert_eq!(code(second.load()), "LOCKED");
    assert_eq!(code(second.load()), "LOCKED");
    first.close().unwrap();
    second.load().unwrap();
    assert_eq!(code(place.storage().load()), "LOCKED");
    drop(second);
    place.load().0.close().unwrap();
}

fn a_refused_opener_takes_nothing(place: &Place) {
    let (mut first, _) = place.load();
    let mut refused = place.storage();
    assert_eq!(code(refused.load()), "LOCKED");
    committed(&first.commit(&[alone(set("a", 0, "{}"))])[0]);
    first.close().unwrap();
    // The refused one still lives, and is in nobody's way.
    assert_eq!(place.documents().len(), 1);
    refused.abandon();
}
