//! The engine from outside, with every answer waited for.

mod ask;
mod batch;
mod closing;
mod collation;
mod conflict;
mod declared;
mod durability;
mod edits;
mod errand;
mod find;
mod health;
mod held;
mod index;
mod loading;
mod model;
mod race;
mod revision;
mod serial;
mod sharing;
mod sharing_ends;
mod sharing_race;
mod submission;
mod transaction;
mod unique;
mod unique_model;
mod walk;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use parking_lot::Mutex;
use proptest::prelude::ProptestConfig;

use super::{
    Action, Answer, Batch, Condition, Engine, Found, LoadReport, Options, RevisionRule, Search, Searching, Settled,
    View, Write,
};
use crate::document::Document;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::storage::Storage;
use crate::storage::conformance::code;
use crate::storage::faulty::{Faults, Faulty};
use crate::storage::files::{self, Files};
use crate::storage::memory::Memory;
use crate::view::declared::Declaration;

/// An answer that takes longer is one that was lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// The store's timer never fires within a test, unless a test says so.
const NEVER: Duration = Duration::from_secs(3_600);

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// An engine that waits for its answers.
struct Store {
    engine: Engine,
    /// The declarative views that a search may use.
    views: Mutex<Vec<(String, Arc<View>)>>,
}

impl Store {
    fn new(storage: impl Storage + 'static) -> Self {
        Self::with(Options { interval: NEVER, ..Options::default() }, storage)
    }

    fn with(options: Options, storage: impl Storage + 'static) -> Self {
        Self { engine: Engine::new(Box::new(storage), options), views: Mutex::default() }
    }

    /// A loaded store over nothing.
    fn in_memory() -> Self {
        let store = Self::new(Memory::new());
        store.load().unwrap();
        store
    }

    /// A loaded store over nothing, which fails as told.
    fn faulty(faults: &Faults) -> Self {
        let store = Self::new(Faulty::new(Memory::new(), faults));
        store.load().unwrap();
        store
    }

    fn begin_load(&self) -> Receiver<Result<LoadReport>> {
        let (sender, receiver) = channel();
        self.engine.load(Box::new(move |loaded| sender.send(loaded).unwrap()));
        receiver
    }

    fn load(&self) -> Result<LoadReport> {
        answer(&self.begin_load())
    }

    fn submit(&self, writes: Vec<Write>) -> Receiver<Vec<Settled>> {
        let (sender, receiver) = channel();
        self.engine.submit(writes, Box::new(move |settled| sender.send(settled).unwrap()));
        receiver
    }

    fn write(&self, writes: Vec<Write>) -> Vec<Settled> {
        answer(&self.submit(writes))
    }

    fn one(&self, write: Write) -> Settled {
        self.write(vec![write]).pop().unwrap()
    }

    fn submit_batch(&self, batch: Batch) -> Receiver<Vec<Settled>> {
        let (sender, receiver) = channel();
        self.engine.submit_batch(batch, Box::new(move |settled| sender.send(settled).unwrap()));
        receiver
    }

    fn batch(&self, writes: Vec<Write>) -> Vec<Settled> {
        answer(&self.submit_batch(Batch { writes, reads: None }))
    }

    fn begin_flush(&self) -> Receiver<Result<()>> {
        let (sender, receiver) = channel();
        self.engine.flush(Box::new(move |flushed| sender.send(flushed).unwrap()));
        receiver
    }

    fn flush(&self) -> Result<()> {
        answer(&self.begin_flush())
    }

    fn begin_close(&self) -> Receiver<Result<()>> {
        let (sender, receiver) = channel();
        self.engine.close(Box::new(move |closed| sender.send(closed).unwrap()));
        receiver
    }

    fn close(&self) -> Result<()> {
        answer(&self.begin_close())
    }

    /// A declarative view that searches may use.
    fn declare(&self, id: &str, declaration: &str) -> Arc<View> {
        let view = self.engine.declare(id, &Declaration::parse(declaration).unwrap());
        self.views.lock().push((id.to_owned(), Arc::clone(&view)));
        view
    }

    fn find(&self, search: Search) -> Result<Answer<Found, Searching>> {
        self.engine.find(search, self.views.lock().clone())
    }

    fn text(&self, text: &str) -> Option<String> {
        self.engine.get(&key(text)).unwrap().map(|stored| stored.document.text().to_owned())
    }

    /// Every document's key and text.
    fn texts(&self) -> Vec<(String, String)> {
        texts(&self.engine.snapshot().unwrap())
    }
}

fn texts(snapshot: &super::Snapshot) -> Vec<(String, String)> {
    snapshot.documents().iter().map(|(key, stored)| (key.to_string(), stored.document.text().to_owned())).collect()
}

fn answer<T>(receiver: &Receiver<T>) -> T {
    receiver.recv_timeout(PATIENCE).expect("an answer")
}

/// What every call is answered.
fn assert_all_answer(store: &Store, expected: &str) {
    assert_eq!(code(store.engine.get(&key("a"))), expected);
    assert_eq!(code(store.engine.snapshot()), expected);
    assert_eq!(words(&store.write(vec![set("a", "{}"), delete("a")])), [expected, expected]);
    assert_eq!(words(&store.batch(vec![set("a", "{}"), delete("b")])), [expected]);
    assert_eq!(words(&store.batch(Vec::new())), [expected]);
    assert_eq!(code(store.flush()), expected);
    assert_eq!(code(store.engine.begin()), expected);
    assert_eq!(store.engine.stats().documents, 0);
}

fn files(directory: &Path) -> Files {
    Files::new(directory.to_path_buf(), files::Options::default())
}

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn action(text: &str, action: Action) -> Write {
    Write { key: key(text), action, condition: Condition::default(), synced: false }
}

fn set(text: &str, document: &str) -> Write {
    action(text, Action::Set(document.to_owned().into()))
}

fn put(text: &str, document: &str) -> Write {
    action(text, Action::Put(document.to_owned().into()))
}

fn delete(text: &str) -> Write {
    action(text, Action::Delete)
}

impl Write {
    fn under(mut self, rule: RevisionRule) -> Self {
        self.condition.rule = rule;
        self
    }

    fn at_revision(mut self, revision: Option<u64>) -> Self {
        self.condition.revision = revision;
        self
    }

    fn synced(mut self) -> Self {
        self.synced = true;
        self
    }

    fn at_sequence(mut self, sequence: u64) -> Self {
        self.condition.sequence = Some(sequence);
        self
    }
}

/// What a write came to, in one word: the stored text, `deleted`, or the failure's code; `lost` before that where the
/// sequence was another.
fn word(settled: &Settled) -> String {
    match settled {
        Settled::Stored(document) => document.text().to_owned(),
        Settled::Deleted => "deleted".to_owned(),
        Settled::Lost(error) => format!("lost {}", error.code()),
        Settled::Failed(error) => error.code().to_owned(),
    }
}

fn words(settled: &[Settled]) -> Vec<String> {
    settled.iter().map(word).collect()
}

fn stored(settled: Settled) -> Document {
    match settled {
        Settled::Stored(document) => document,
        other => panic!("not stored: {other:?}"),
    }
}

fn failure(settled: Settled) -> Error {
    match settled {
        Settled::Failed(error) | Settled::Lost(error) => error,
        other => panic!("no failure: {other:?}"),
    }
}
