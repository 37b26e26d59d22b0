//! What a document takes in memory beside its text, by part, as the allocator counts it: nothing here hangs on time or on
//! what else the machine does. One test in this file, because the count is the process's.

#![expect(unsafe_code, clippy::unwrap_used, reason = "the trait of allocators is unsafe; a test may panic")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::{iter, mem, thread};

use kixx_datastore::document::Document;
use kixx_datastore::engine::{Action, Condition, Engine, Member, Mounted, Opening, Options, Registry, Write};
use kixx_datastore::error::Result;
use kixx_datastore::key::Key;
use kixx_datastore::storage::files::{self, Files};
use kixx_datastore::storage::{Capabilities, Group, Loaded, Outcome, Position, Storage, Watcher};
use kixx_datastore::view::declared::Declaration;

/// The system's allocator, which counts what is taken.
struct Counting;

/// Bytes that are taken, as glibc hands them out: a length before each piece, and sixteen bytes at a time.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

fn piece(size: usize) -> usize {
    (size + 8).next_multiple_of(16).max(32)
}

// SAFETY: every call is passed on as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        TAKEN.fetch_add(piece(layout.size()), Ordering::SeqCst);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(piece(layout.size()), Ordering::SeqCst);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const DOCUMENTS: usize = 25_600;

/// Of a store that several threads have open.
const SHARED: usize = 100_000;

/// What is rounded, and small things that come and go, spread over the documents.
const ASIDE: usize = 6;

/// Bytes that are taken after `act` and were not before it.
fn bytes_taken<T>(act: impl FnOnce() -> T) -> (usize, T) {
    let before = TAKEN.load(Ordering::SeqCst);
    let made = act();
    (TAKEN.load(Ordering::SeqCst).saturating_sub(before), made)
}

/// The same for each document.
fn taken<T>(act: impl FnOnce() -> T) -> (usize, T) {
    let (bytes, made) = bytes_taken(act);
    (bytes / DOCUMENTS, made)
}

fn key(number: usize) -> Key {
    Key::new(&format!("item:{number:06}")).unwrap()
}

/// About 400 bytes, all of one length.
fn text(revision: usize, number: usize) -> String {
    format!(
        "{{\"_rev\":{revision},\"number\":\"{number:06}\",\"group\":{},\"text\":\"{}\"}}",
        number % 10,
        "word ".repeat(68)
    )
}

/// What the allocator hands out for a text, with the two counts that let snapshots share it.
fn piece_of_text() -> usize {
    piece(text(0, 0).len() + 16)
}

/// Waits for what is answered from another thread.
fn answered<T: Send + 'static>(ask: impl FnOnce(Box<dyn FnOnce(T) + Send>)) -> T {
    let (sender, receiver) = channel();
    ask(Box::new(move |answer| sender.send(answer).unwrap()));
    receiver.recv().unwrap()
}

/// A storage that has documents, and keeps nothing.
struct Given {
    documents: Vec<(Key, Document)>,
    position: Position,
}

impl Storage for Given {
    fn capabilities(&self) -> Capabilities {
        Capabilities { durable: false, group_limit: usize::MAX, exclusive: false }
    }

    fn load(&mut self) -> Result<Loaded> {
        Ok(Loaded { documents: mem::take(&mut self.documents), position: self.position, ..Loaded::default() })
    }

    fn commit(&mut self, groups: &[Group]) -> Vec<Outcome> {
        let committed = groups.iter().map(|group| {
            self.position.sequence += group.entries.len() as u64;
            Outcome::Committed(self.position)
        });
        committed.collect()
    }

    fn save_definitions(&mut self, _: &str) -> Result<()> {
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }

    fn abandon(&mut self) {}
}

impl Given {
    /// So many documents, made as the files' driver makes them.
    fn new(count: usize) -> Self {
        let document = |number| (key(number), Document::from_file(text(0, number).as_bytes()).unwrap());
        let position = Position { epoch: 1, sequence: count as u64 };
        Self { documents: (0..count).map(document).collect(), position }
    }
}

/// A store that was loaded with so many documents.
fn load(count: usize) -> Engine {
    let engine = Engine::new(Box::new(Given::new(count)), Options::default());
    answered(|reply| engine.load(reply)).unwrap();
    engine
}

/// A loaded handle of a directory in which there are said to be so many documents.
fn open(directory: &Path, count: usize) -> Arc<Member> {
    let directory = directory.to_path_buf();
    let mount = move |_| {
        let (place, _) = Files::mount(&directory, files::Options::default())?;
        Ok(Mounted { place: Some(place), storage: Box::new(Given::new(count)) })
    };
    let opening = Opening {
        mount: Box::new(mount),
        options: Options::default(),
        choices: Vec::new(),
        reads_only: false,
        collation: None,
        watcher: Watcher::default(),
    };
    let member = Member::new(Registry::of_process(), opening);
    answered(|reply| member.load(reply)).unwrap();
    member
}

/// Opens a directory in so many threads at once; each reads all documents.
fn open_in_threads(directory: &Path, threads: usize) -> Vec<Arc<Member>> {
    let read = || {
        let member = open(directory, SHARED);
        let engine = member.engine().unwrap();
        assert!((0..SHARED).all(|number| engine.get(&key(number)).unwrap().is_some()));
        member
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(read)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn overwrite_all(engine: &Engine) {
    let writes = (0..DOCUMENTS).map(|number| Write {
        key: key(number * 7_919 % DOCUMENTS),
        action: Action::Put(text(1, number).into()),
        condition: Condition::default(),
        synced: false,
    });
    let answers = answered(|reply| engine.submit(writes.collect(), reply));
    assert!(answers.iter().all(|answer| !answer.is_refused()));
    drop(answers);
    answered(|reply| engine.flush(reply)).unwrap();
}

#[test]
fn a_document_takes_its_text_and_a_few_dozen_bytes_once_however_many_threads_have_it() {
    // What is made once for the process, and once for a store.
    drop(load(DOCUMENTS));
    let (of_store, store) = taken(|| load(0));
    drop(store);

    let (of_text, texts) = taken(|| {
        let texts: Box<[_]> = (0..DOCUMENTS).map(|n| Document::from_file(text(0, n).as_bytes()).unwrap()).collect();
        texts
    });
    assert_eq!(of_text, piece_of_text() + 16, "a text, and a pointer with its length");
    drop(texts);

    let (of_keys, keys) = taken(|| (0..DOCUMENTS).map(key).collect::<Box<[_]>>());
    assert_eq!(of_keys, 24, "a short key needs no piece of its own");
    drop(keys);

    // A key, a pointer with its length, and a sequence, in leaves that are full; nothing in the change record.
    let (loaded, engine) = taken(|| load(DOCUMENTS));
    let tree = loaded - of_store - piece_of_text();
    assert!(tree <= 24 + 16 + 8 + ASIDE, "{tree}");

    // A sequence and a key. The documents' tree stays as it was, and versions that were replaced are gone.
    let (changed, ()) = taken(|| overwrite_all(&engine));
    assert!(changed <= 8 + 24 + ASIDE, "{changed}");

    let view = engine.declare("view", &Declaration::parse(r#"{"key":"group"}"#).unwrap());
    let (rows, reading) = taken(|| engine.read_view_now(&view).unwrap());
    drop(reading);
    // A row's key with its counts, a pointer to it in the tree, and the document's key with another in a table with room.
    assert!(rows <= 190, "{rows}");

    drop((view, engine));

    let directory = tempfile::TempDir::new().unwrap();
    drop(open_in_threads(directory.path(), 1));
    let (by_one, members) = bytes_taken(|| open_in_threads(directory.path(), 1));
    drop(members);
    let (by_four, members) = bytes_taken(|| open_in_threads(directory.path(), 4));
    assert!(by_four * 100 <= by_one * 105, "{by_four} by four threads, {by_one} by one");
    drop(members);
    println!("4 handles {by_four}, 1 handle {by_one}");

    for (part, bytes) in iter::zip(["text", "tree", "rows", "changed"], [piece_of_text(), tree, rows, changed]) {
        println!("{part:8} {bytes}");
    }
}
