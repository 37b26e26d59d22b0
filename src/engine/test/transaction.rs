//! Transactions: what they see, and what makes them lose.

use super::*;
use crate::document::MAX_REVISION;
use crate::engine::Transaction;
use crate::range::{Page, Selection, Window};
use crate::storage::faulty::{Call, EIO};

impl Store {
    /// A store with these documents, each at revision 0.
    fn holding(names: &[&str]) -> Self {
        let store = Self::in_memory();
        store.write(names.iter().map(|name| set(name, "{}")).collect());
        store
    }

    fn begin(&self) -> Transaction {
        self.engine.begin().unwrap()
    }

    fn begin_commit(&self, transaction: Transaction) -> Receiver<Vec<Settled>> {
        self.submit_batch(transaction.into_batch(false))
    }

    /// What a commit comes to: `done`, or the reason with the key in the way.
    fn commit(&self, transaction: Transaction) -> String {
        came_to(answer(&self.begin_commit(transaction)))
    }
}

fn came_to(mut answers: Vec<Settled>) -> String {
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
    fn text(&mut self, name: &str) -> Option<String> {
        self.get(&key(name)).map(|document| document.text().to_owned())
    }

    fn put(&mut self, name: &str, text: &str) -> String {
        self.set(&key(name), text, RevisionRule::IfGiven, None).unwrap().text().to_owned()
    }

    fn remove(&mut self, name: &str) {
        self.delete(&key(name), RevisionRule::IfGiven, None).unwrap();
    }

    fn query(&mut self, query: &Query) -> (String, Page) {
        let page = self.query_keys(query.selection(), query.window, query.total, query.documents);
        let keys: Vec<_> = self.page(&page, query.descending).map(|(key, _)| key.to_string()).collect();
        (keys.join(""), page)
    }
}

/// A query over keys of one letter.
#[derive(Clone, Copy)]
struct Query {
    from: &'static str,
    to: &'static str,
    descending: bool,
    window: Window,
    total: bool,
    documents: bool,
}

const ALL: Query = Query { from: "a", to: "z", descending: false, window: FIRST_TWO, total: true, documents: false };
const FIRST_TWO: Window = Window { start: 0, limit: Some(2) };

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
fn a_transaction_loses_to_a_change_of_what_it_read_and_to_no_other() {
    for (change, expected) in [
        (set("read", "{}"), "lost CONFLICT read"),
        (delete("read"), "lost CONFLICT read"),
        (set("missing", "{}"), "lost CONFLICT missing"),
        (set("written", "{}"), "lost CONFLICT written"),
        (set("other", "{}"), "done"),
        (delete("missing"), "done"),
    ] {
        let store = Store::holding(&["read", "written", "other"]);
        let mut transaction = store.begin();
        transaction.text("read");
        transaction.text("missing");
        transaction.put("written", "{\"n\":1}");
        store.one(change);
        let before = store.texts();
        assert_eq!(store.commit(transaction), expected);
        assert_eq!(store.texts() == before, expected != "done", "all or nothing");
    }
}

#[test]
fn a_document_deleted_and_made_anew_is_another_one() {
    let store = Store::holding(&["a"]);
    let mut transaction = store.begin();
    transaction.text("a");
    transaction.put("b", "{}");
    store.write(vec![delete("a"), set("a", "{}")]);
    assert_eq!(store.commit(transaction), "lost CONFLICT a");
}

#[test]
fn a_conflict_tells_the_revision_seen_and_the_one_found() {
    let store = Store::holding(&["a"]);
    let mut transaction = store.begin();
    transaction.put("a", "{}");
    store.write(vec![set("a", "{}"), set("a", "{}")]);
    let error = failure(answer(&store.begin_commit(transaction)).pop().unwrap());
    assert_eq!((error.context().expected_revision, error.context().actual_revision), (Some(0), Some(2)));
}

/// What a transaction that made this query and wrote `0` comes to, after a change by somebody else to `bdfh`.
fn after(query: &Query, change: Write) -> String {
    let store = Store::holding(&["b", "d", "f", "h"]);
    let mut transaction = store.begin();
    transaction.query(query);
    transaction.put("0", "{}");
    store.one(change);
    store.commit(transaction)
}

#[test]
fn a_query_with_its_total_loses_to_every_key_that_comes_or_goes_in_its_range() {
    for descending in [false, true] {
        let range = Query {
            from: if descending { "g" } else { "c" },
            to: if descending { "c" } else { "g" },
            descending,
            ..ALL
        };
        for query in [range, Query { window: Window { start: 5, limit: Some(1) }, ..range }] {
            assert_eq!(after(&query, set("e", "{}")), "lost CONFLICT e");
            assert_eq!(after(&query, set("g", "{}")), "lost CONFLICT g");
            assert_eq!(after(&query, delete("f")), "lost CONFLICT f");
            assert_eq!(after(&query, set("d", "{}")), "done", "the keys are the same");
            assert_eq!(after(&query, set("h1", "{}")), "done");
            assert_eq!(after(&query, delete("b")), "done");
        }
    }
}

#[test]
fn a_query_with_documents_loses_to_a_change_of_those_it_returned() {
    for total in [false, true] {
        let query = Query { documents: true, total, ..ALL };
        assert_eq!(after(&query, set("b", "{}")), "lost CONFLICT b");
        assert_eq!(after(&query, set("d", "{}")), "lost CONFLICT d");
        assert_eq!(after(&query, set("f", "{}")), "done", "not on its page");
    }
}

#[test]
fn a_query_without_its_total_loses_only_up_to_the_last_key_it_returned() {
    let up = Query { total: false, ..ALL };
    let down = Query { descending: true, from: "z", to: "a", ..up };
    for (query, inside, gone, outside) in [(up, "c", "d", ["e", "g"]), (down, "g", "f", ["e", "c"])] {
        assert_eq!(after(&query, set(inside, "{}")), format!("lost CONFLICT {inside}"));
        assert_eq!(after(&query, delete(gone)), format!("lost CONFLICT {gone}"));
        for name in &outside {
            assert_eq!(after(&query, set(name, "{}")), "done");
        }
        // What was passed over counts.
        let second = Query { window: Window { start: 1, limit: Some(1) }, ..query };
        assert_eq!(after(&second, set(inside, "{}")), format!("lost CONFLICT {inside}"));
        for name in &outside {
            assert_eq!(after(&second, set(name, "{}")), "done");
        }
    }
    assert_eq!(after(&up, delete("f")), "done", "something follows still");
    assert_eq!(after(&up, delete("h")), "done", "something follows still");
    let nothing = Query { window: Window { start: 0, limit: Some(0) }, ..up };
    assert_eq!(after(&nothing, set("a", "{}")), "done");
}

#[test]
fn a_page_that_was_the_last_is_checked_to_the_end_of_its_range() {
    let last = Query { total: false, window: Window { start: 2, limit: Some(2) }, ..ALL };
    assert_eq!(after(&last, set("i", "{}")), "lost CONFLICT i");
    assert_eq!(after(&Query { to: "h", ..last }, set("i", "{}")), "done");
}

#[test]
fn a_page_that_told_of_more_loses_when_nothing_more_is_there() {
    for own in [false, true] {
        let store = Store::holding(&["b", "d", "f"]);
        let mut transaction = store.begin();
        if own {
            transaction.put("e", "{}");
        }
        let (keys, page) = transaction.query(&Query { total: false, ..ALL });
        assert_eq!((keys.as_str(), page.exclusive_end_index), ("bd", Some(2)));
        transaction.put("0", "{}");
        store.one(delete("f"));
        assert_eq!(store.commit(transaction), if own { "done" } else { "lost CONFLICT f" });
    }
    let store = Store::holding(&["b", "d", "f", "h"]);
    let mut transaction = store.begin();
    transaction.remove("h");
    transaction.query(&Query { total: false, ..ALL });
    store.one(delete("f"));
    assert_eq!(store.commit(transaction), "lost CONFLICT f", "what is left is what it deleted itself");
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
fn a_key_that_came_and_went_is_no_conflict() {
    let store = Store::holding(&["b"]);
    let mut transaction = store.begin();
    transaction.query(&ALL);
    transaction.put("0", "{}");
    store.write(vec![set("c", "{}"), delete("c"), delete("b"), set("b", "{}")]);
    assert_eq!(store.commit(transaction), "done");
}

#[test]
fn a_range_is_not_trusted_when_the_record_of_changes_no_longer_reaches_back() {
    let churn = |store: &Store| {
        for _ in 0..2_000 {
            store.write(vec![set("~", "{}"), delete("~")]);
        }
    };
    for reads_a_range in [true, false] {
        let store = Store::holding(&["b"]);
        let mut transaction = store.begin();
        transaction.text("b");
        if reads_a_range {
            transaction.query(&ALL);
        }
        transaction.put("0", "{}");
        churn(&store);
        assert_eq!(store.commit(transaction), if reads_a_range { "lost CONFLICT ?" } else { "done" });
    }
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

/// A store whose committer is held, what holds it, and the answer that waits for that.
fn held(faults: &Faults) -> (Store, crate::storage::faulty::Hold, Receiver<Vec<Settled>>) {
    let store = Store::faulty(faults);
    store.write(vec![set("a", "{}"), set("b", "{}")]);
    let hold = faults.hold_commit();
    let first = store.submit(vec![set("first", "{}")]);
    hold.wait();
    (store, hold, first)
}

#[test]
fn what_was_submitted_before_a_commit_counts_and_what_comes_after_does_not() {
    let faults = Faults::default();
    let (store, hold, first) = held(&faults);
    let [mut loses, mut wins, mut counts] = [store.begin(), store.begin(), store.begin()];
    loses.text("a");
    loses.put("x", "{}");
    wins.text("b");
    wins.put("y", "{}");
    let earlier = store.submit(vec![set("a", "{}")]);
    let commits = [loses, wins].map(|transaction| store.begin_commit(transaction));
    // Nothing else keeps this from the first round, in which its writer would be faster than the commit.
    let later = store.submit(vec![set("b", "{}")]);
    counts.query(&Query { from: "p", to: "q", ..ALL });
    counts.put("z", "{}");
    let counting = store.begin_commit(counts);
    let phantom = store.submit(vec![set("p", "{}")]);
    drop(hold);
    assert_eq!(commits.map(|commit| came_to(answer(&commit))), ["lost CONFLICT a", "done"]);
    assert_eq!(came_to(answer(&counting)), "done");
    for write in [first, earlier, later, phantom] {
        assert!(!answer(&write).pop().unwrap().is_refused());
    }
}

#[test]
fn two_that_read_what_the_other_writes_do_not_both_commit() {
    // Write skew: each takes one of two off duty, because the other one is on it.
    for by_range in [false, true] {
        let faults = Faults::default();
        let (store, hold, first) = held(&faults);
        let commits = [("a", "b"), ("b", "a")].map(|(own, other)| {
            let mut transaction = store.begin();
            if by_range {
                assert_eq!(transaction.query(&Query { to: "b", ..ALL }).1.total, 2);
            } else {
                assert!(transaction.text(other).is_some());
            }
            transaction.remove(own);
            store.begin_commit(transaction)
        });
        drop(hold);
        answer(&first);
        let [first, second] = commits.map(|commit| came_to(answer(&commit)));
        assert_eq!((first.as_str(), second.as_str()), ("done", "lost CONFLICT a"));
        assert_eq!(store.text("b").unwrap(), "{\"_rev\":0}");
    }
}

#[test]
fn every_one_of_many_counters_is_counted_in_the_end() {
    let faults = Faults::default();
    let (store, hold, first) = held(&faults);
    drop(hold);
    answer(&first);
    let count = |store: &Store| -> usize {
        let mut waiting = (0..50).collect::<Vec<_>>();
        let mut commits = 0;
        while !waiting.is_empty() {
            let all: Vec<_> = waiting
                .drain(..)
                .map(|number| {
                    let mut transaction = store.begin();
                    let next = transaction.get(&key("a")).unwrap().revision() + 1;
                    transaction.put("a", &format!("{{\"n\":{next}}}"));
                    (number, store.begin_commit(transaction))
                })
                .collect();
            for (number, commit) in all {
                if came_to(answer(&commit)) == "done" { commits += 1 } else { waiting.push(number) }
            }
        }
        commits
    };
    assert_eq!(count(&store), 50);
    assert_eq!(store.text("a").unwrap(), "{\"_rev\":50,\"n\":50}");
}
