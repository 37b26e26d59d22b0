//! The rows of a view that has none yet: gathered here, put in order on a thread of their own.
//!
//! Putting rows into a tree one by one reads a path of it for each, which is rarely in the processor's cache. And who
//! gathers them, JavaScript, has its own work to do meanwhile.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Emitted;
use super::bulk::{Assembly, Part};
use super::by_document::ByDocument;
use super::rows::RowTree;
use crate::key::Key;

/// So many rows are put in order within a millisecond: a view that has no more needs no thread.
const ROWS_OF_A_PART: usize = if cfg!(test) { 8 } else { 4_096 };

/// Rows of documents of which each comes once.
#[derive(Default)]
pub struct Gathering {
    part: Part,
    rows: usize,
    documents: usize,
    sorter: Option<Sorter>,
    is_closed: bool,
}

impl Gathering {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether no document has come.
    pub fn is_empty(&self) -> bool {
        self.documents == 0
    }

    /// Whether it takes no more.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Takes a document's rows, in the order of emission.
    pub fn add(&mut self, document: &Key, emitted: Vec<Emitted>) {
        self.documents += usize::from(!emitted.is_empty());
        self.rows += emitted.len();
        self.part.add(document, |_, row| {
            for Emitted { mut key, value } in emitted {
                row(&mut key, value);
            }
        });
        if self.part.len() >= ROWS_OF_A_PART {
            self.hand_over();
        }
    }

    /// Takes a document that is left out.
    pub fn leave_out(&mut self, document: &Key) {
        self.documents += 1;
        self.part.leave_out(document);
    }

    /// Ends the gathering and waits for the rows, but no longer than that.
    pub fn finish(&mut self, patience: Duration) -> Option<(RowTree, ByDocument)> {
        if !self.is_closed && self.sorter.is_some() {
            self.hand_over();
        }
        self.is_closed = true;
        match &mut self.sorter {
            Some(sorter) => sorter.finish(patience),
            None => Some(Assembly::default().with(std::mem::take(&mut self.part)).finish()),
        }
    }

    fn hand_over(&mut self) {
        if self.sorter.is_none() {
            self.sorter = Sorter::start();
        }
        // Without a thread they are put in order in the end.
        if let Some(sorter) = &self.sorter {
            sorter.take(std::mem::take(&mut self.part));
        }
    }
}

/// A thread that puts rows in order.
struct Sorter {
    /// `None` is the end; without it nobody wants the rows.
    parts: Option<Sender<Option<Part>>>,
    sorted: Receiver<(RowTree, ByDocument)>,
    thread: Option<JoinHandle<()>>,
}

impl Sorter {
    fn start() -> Option<Self> {
        let (parts, gathered) = channel::<Option<Part>>();
        let (result, sorted) = channel();
        let run = move || {
            let mut assembly = Assembly::default();
            for part in &gathered {
                let Some(part) = part else {
                    // Nobody may wait any more.
                    let _ = result.send(assembly.finish());
                    return;
                };
                assembly = assembly.with(part);
            }
        };
        let thread = thread::Builder::new().name("kixx-view".to_owned()).spawn(run).ok()?;
        Some(Self { parts: Some(parts), sorted, thread: Some(thread) })
    }

    /// What a thread that panicked does not take is missed in the end.
    fn take(&self, part: Part) {
        if let Some(parts) = &self.parts {
            let _ = parts.send(Some(part));
        }
    }

    fn finish(&mut self, patience: Duration) -> Option<(RowTree, ByDocument)> {
        if let Some(parts) = self.parts.take() {
            let _ = parts.send(None);
        }
        match self.sorted.recv_timeout(patience) {
            Ok(sorted) => Some(sorted),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => match self.thread.take().map(JoinHandle::join) {
                Some(Err(panic)) => resume_unwind(panic),
                _ => Some(Default::default()),
            },
        }
    }
}

impl Drop for Sorter {
    /// Threads must not outlive what may be unloaded.
    fn drop(&mut self) {
        self.parts = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::view::RowKey;

    proptest! {
        #[test]
        fn gathered_in_any_number_the_rows_are_the_sorted_ones(
            keys in prop::collection::hash_set(prop::collection::vec(1_u8.., 0..12), 0..100), start in "[a-z]{0,9}"
        ) {
            let document = Key::new("a").unwrap();
            // As of keys that were emitted, none is how another one begins.
            let keys: Vec<_> = keys.into_iter().map(|key| [start.as_bytes(), &key, &[0]].concat()).collect();
            let mut gathering = Gathering::default();
            for (number, key) in keys.iter().enumerate() {
                let document = Key::new(&number.to_string()).unwrap();
                gathering.add(&document, vec![Emitted { key: key.clone(), value: None }]);
            }
            prop_assert_eq!(gathering.len(), keys.len());
            let (tree, mut by_document) = gathering.finish(Duration::MAX).unwrap();
            let found: Vec<_> = tree.iter().map(|(key, _)| key.clone()).collect();
            let all = keys.into_iter().enumerate();
            let mut expected: Vec<_> =
                all.map(|(number, key)| RowKey::new(key, &Key::new(&number.to_string()).unwrap(), 0)).collect();
            for (number, key) in expected.iter().enumerate() {
                let rows = by_document.take(&Key::new(&number.to_string()).unwrap()).unwrap();
                prop_assert_eq!(rows.as_slice(), std::slice::from_ref(key));
            }
            expected.sort();
            prop_assert_eq!(found, expected);
            prop_assert!(by_document.take(&document).is_none());
        }
    }

    #[test]
    fn who_does_not_wait_asks_again() {
        let mut gathering = Gathering::default();
        for number in 0..100 {
            let document = Key::new(&number.to_string()).unwrap();
            gathering.add(&document, vec![Emitted { key: vec![1], value: None }; 10]);
        }
        let mut asked = 0;
        let (tree, _) = loop {
            asked += 1;
            assert!(asked < 1_000_000, "it never ends");
            if let Some(sorted) = gathering.finish(Duration::ZERO) {
                break sorted;
            }
        };
        assert_eq!((tree.len(), gathering.is_closed()), (1_000, true));
    }

    #[test]
    fn what_nobody_finishes_ends() {
        let mut gathering = Gathering::default();
        gathering.add(&Key::new("a").unwrap(), vec![Emitted { key: vec![1], value: None }; 100]);
        drop(gathering);
    }
}
