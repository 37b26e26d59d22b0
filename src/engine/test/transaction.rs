//! Transactions: what they see, and what they come to.

use super::*;
use crate::document::MAX_REVISION;
use crate::engine::Transaction;
use crate::range::{self, Page, Selection, Window};
use crate::storage::faulty::{Call, EIO};

impl Store {
    /// A store with these documents, each at revision 0.
    pub(super) fn holding(names: &[&str]) -> Self {
        let store = Self::in_memory();
        store.write(names.iter().map(|name| set(name, "{}")).collect());
        store
    }

    pub(super) fn begin(&self) -> Transaction {
        self.engine.begin().unwrap()
    }

    pub(super) fn begin_commit(&self, transaction: Transaction) -> Receiver<Vec<Settled>> {
        self.submit_batch(transaction.into_batch(false))
    }

    /// What a commit comes to: `done`, or the reason with the key in the way.
    pub(super) fn commit(&self, transaction: Transaction) -> String {
        came_to(answer(&self.begin_commit(transaction)))
    }
}

pub(super) fn came_to(mut answers: Vec<Settled>) -> String {
    match answers.pop() {
        Some(answer) if answer.is_refused() && answers.is_empty() => {
            let word = word(&answer);
            let error = failure(answer);
            format!("{word} {}", error.context().key.as_deref().unwrap_or("?"))
        }
        _ => "done".to_owned(),
    }
}

impl Transaction {
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.get(&key(name)).map(|document| document.text().to_owned())
    }

    pub(super) fn put(&mut self, name: &str, text: &str) -> String {
        self.set(&key(name), text, RevisionRule::IfGiven, None).unwrap().text().to_owned()
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.delete(&key(name), RevisionRule::IfGiven, None).unwrap();
    }

    pub(super) fn query(&mut self, query: &Query) -> (String, Page) {
        self.query_after(query, None)
    }

    /// The same from where a page before has ended.
    pub(super) fn query_after(&mut self, query: &Query, cursor: Option<String>) -> (String, Page) {
        let asked = range::Query { selection: query.selection(), window: query.window, cursor };
        let page = self.query_keys(asked, query.total, query.documents).unwrap();
        let keys: Vec<_> = self.page(&page).map(|(key, _)| key.to_string()).collect();
        (keys.join(""), page)
    }
}

/// A query over keys of one letter.
#[derive(Clone, Copy)]
pub(super) struct Query {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) descending: bool,
    pub(super) window: Window,
    pub(super) total: bool,
    pub(super) documents: bool,
}

pub(super) const ALL: Query =
    Query { from: "a", to: "z", descending: false, window: FIRST_TWO, total: true, documents: false };
pub(super) const FIRST_TWO: Window = Window { start: 0, limit: Some(2) };

impl Query {
    fn selection(&self) -> Selection {
        let bytes = |text: &str| Some(text.as_bytes().to_vec());
        Selection { start: bytes(self.from), end: bytes(self.to), descending: self.descending, ..Selection::default() }
    }
}

#[test]
fn a_transaction_reads_one_moment_and_its_own_writes() {
    let store = Store::holding(&["a", "b", "c"]);
    let mut transaction = store.begin();
    store.write(vec![set("a", "{\"n\":2}"), delete("b"), set("d", "{}")]);
    assert_eq!(transaction.text("a").unwrap(), "{\"_rev\":0}");
    assert_eq!(transaction.query(&Query { window: Window::default(), ..ALL }).0, "abc");
    transaction.remove("a");
    transaction.put("e", "{\"n\":1}");
    assert_eq!(transaction.text("a"), None);
    assert_eq!(transaction.text("e").unwrap(), "{\"_rev\":0,\"n\":1}");
    let (keys, page) = transaction.query(&Query { descending: true, ..ALL });
    assert_eq!((keys.as_str(), page.total, page.exclusive_end_index), ("ec", 3, Some(2)));
    assert_eq!(store.text("e"), None, "nobody else sees it");
}

#[test]
fn a_revision_rises_once_in_a_transaction_and_begins_anew_after_a_deletion() {
    let store = Store::holding(&["a", "b"]);
    let mut transaction = store.begin();
    assert_eq!(transaction.put("a", "{\"n\":1}"), "{\"_rev\":1,\"n\":1}");
    assert_eq!(transaction.put("a", "{\"n\":2,\"_rev\":1}"), "{\"_rev\":1,\"n\":2}");
    transaction.remove("b");
    assert_eq!(transaction.put("b", "{\"_rev\":7}"), "{\"_rev\":0}");
    assert_eq!(transaction.put("b", "{\"n\":3}"), "{\"_rev\":0,\"n\":3}");
    assert_eq!(transaction.put("new", "{}"), "{\"_rev\":0}");
    assert_eq!(store.commit(transaction), "done");
    assert_eq!(store.text("a").unwrap(), "{\"_rev\":1,\"n\":2}");
    assert_eq!(store.text("b").unwrap(), "{\"_rev\":0,\"n\":3}");
    assert_eq!(store.engine.snapshot().unwrap().position().sequence, 5);
}

#[test]
fn a_revision_that_is_not_the_one_seen_is_a_conflict_at_once_and_changes_nothing() {
    let store = Store::holding(&["a"]);
    let mut transaction = store.begin();
    let (a, missing) = (key("a"), key("missing"));
    store.one(set("a", "{}"));
    for (rule, revision, text, expected) in [
        (RevisionRule::IfGiven, None, "{\"_rev\":1}", Some("CONFLICT")),
        (RevisionRule::IfGiven, Some(1), "{}", Some("CONFLICT")),
        (RevisionRule::Required, None, "{}", Some("CONFLICT")),
        (RevisionRule::IfGiven, None, "[]", Some("ASSERTION")),
        (RevisionRule::Ignored, Some(9), "{\"_rev\":9}", None),
    ] {
        let came = transaction.set(&a, text, rule, revision);
        assert_eq!(came.err().map(|error| error.code()), expected);
    }
    assert_eq!(transaction.text("a").unwrap(), "{\"_rev\":1}");
    for (name, rule, revision, expected) in [
        (&a, RevisionRule::IfGiven, Some(0), Some("CONFLICT")),
        (&a, RevisionRule::Required, None, Some("CONFLICT")),
        (&missing, RevisionRule::IfGiven, Some(0), Some("CONFLICT")),
        (&missing, RevisionRule::Required, None, None),
        (&a, RevisionRule::Required, Some(1), None),
    ] {
        let came = transaction.delete(name, rule, revision);
        assert_eq!(came.err().map(|error| error.code()), expected);
    }
    assert_eq!(transaction.text("a"), None);
}

#[test]
fn the_last_revision_is_not_passed_in_a_transaction() {
    let store = Store::in_memory();
    stored(store.one(put("a", &format!("{{\"_rev\":{MAX_REVISION}}}"))));
    let error = store.begin().set(&key("a"), "{}", RevisionRule::IfGiven, None).unwrap_err();
    assert_eq!((error.code(), error.context().key.as_deref()), ("ASSERTION", Some("a")));
}

#[test]
fn what_a_transaction_wrote_itself_is_no_phantom() {
    let store = Store::holding(&["b", "d"]);
    let mut transaction = store.begin();
    transaction.put("c", "{}");
    transaction.remove("d");
    assert_eq!(transaction.query(&Query { documents: true, ..ALL }).0, "bc");
    transaction.put("e", "{}");
    assert_eq!(store.commit(transaction), "done");
    assert_eq!(store.texts().iter().map(|(key, _)| key.as_str()).collect::<String>(), "bce");
}

#[test]
fn a_transaction_that_only_read_needs_no_check_and_no_storage() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    stored(store.one(set("a", "{}")));
    let mut transaction = store.begin();
    transaction.text("a");
    transaction.query(&ALL);
    stored(store.one(set("a", "{}")));
    assert_eq!(store.commit(transaction), "done");
    assert_eq!(faults.calls(), [Call::Load, Call::Commit(1), Call::Commit(1)]);
}

#[test]
fn a_transaction_that_took_its_writes_back_is_checked_all_the_same() {
    let store = Store::holding(&["a"]);
    let commit = |changed: bool| {
        let mut transaction = store.begin();
        transaction.text("a");
        transaction.put("b", "{}");
        transaction.remove("b");
        if changed {
            store.one(set("a", "{}"));
        }
        store.commit(transaction)
    };
    assert_eq!([commit(false), commit(true)], ["done", "lost CONFLICT a"]);
}

#[test]
fn storage_that_fails_a_transaction_leaves_nothing_of_it() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    faults.fail_group(1, EIO);
    for expected in ["EIO ?", "done"] {
        let mut transaction = store.begin();
        transaction.put("a", "{}");
        transaction.put("b", "{}");
        assert_eq!(store.commit(transaction), expected);
        assert_eq!(store.texts().len(), if expected == "done" { 2 } else { 0 });
    }
}

#[test]
fn every_one_of_many_counters_is_counted_in_the_end() {
    let store = Store::holding(&["a"]);
    let mut left = 50;
    while left > 0 {
        // All begin at the same moment, and one of them wins.
        let begin = || {
            let mut transaction = store.begin();
            let next = transaction.get(&key("a")).unwrap().revision() + 1;
            transaction.put("a", &format!("{{\"n\":{next}}}"));
            transaction
        };
        let all: Vec<_> = (0..left).map(|_| begin()).collect();
        let commits: Vec<_> = all.into_iter().map(|transaction| store.begin_commit(transaction)).collect();
        let done = commits.iter().filter(|commit| came_to(answer(commit)) == "done").count();
        assert_eq!(done, 1);
        left -= done;
    }
    assert_eq!(store.text("a").unwrap(), "{\"_rev\":50,\"n\":50}");
}
