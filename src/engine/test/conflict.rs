//! What makes a transaction lose, and what does not.

use super::transaction::{ALL, Query, came_to};
use super::*;
use crate::range::{self, Selection, Window};
use crate::storage::faulty::Hold;

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
}

#[test]
fn a_page_after_a_cursor_and_without_its_total_loses_only_from_there_on() {
    let up = Query { total: false, window: Window { start: 0, limit: Some(1) }, ..ALL };
    let down = Query { descending: true, from: "z", to: "a", ..up };
    for (query, page, before, inside, gone, outside) in
        [(up, "d", ["a", "b"], "c", "d", "e"), (down, "f", ["i", "h"], "g", "f", "e")]
    {
        let after = |total, change| {
            let store = Store::holding(&["b", "d", "f", "h"]);
            let cursor = store.begin().query(&query).1.cursor;
            let mut transaction = store.begin();
            assert_eq!(transaction.query_after(&Query { total, ..query }, cursor).0, page);
            transaction.put("0", "{}");
            store.one(change);
            store.commit(transaction)
        };
        let [came, went] = before;
        for change in [set(came, "{}"), delete(went), set(outside, "{}")] {
            assert_eq!(after(false, change), "done");
        }
        assert_eq!(after(false, set(inside, "{}")), format!("lost CONFLICT {inside}"));
        assert_eq!(after(false, delete(gone)), format!("lost CONFLICT {gone}"));
        assert_eq!(after(true, set(came, "{}")), format!("lost CONFLICT {came}"), "it was counted");
    }
}

#[test]
fn a_query_of_keys_loses_to_those_that_come_or_go_among_them() {
    let after = |total, limit, change| {
        let store = Store::holding(&["b", "d", "f"]);
        let mut transaction = store.begin();
        let keys = ["d", "c", "b", "g", "f"].map(|key| key.as_bytes().to_vec());
        let selection = Selection { keys: Some(keys.into()), ..Selection::default() };
        let query = range::Query { selection, window: Window { start: 0, limit: Some(limit) }, cursor: None };
        transaction.query_keys(query, total, false).unwrap();
        transaction.put("0", "{}");
        store.one(change);
        store.commit(transaction)
    };
    for limit in [2, 9] {
        assert_eq!(after(true, limit, set("c", "{}")), "lost CONFLICT c");
        assert_eq!(after(true, limit, set("g", "{}")), "lost CONFLICT g");
        assert_eq!(after(true, limit, delete("f")), "lost CONFLICT f");
        assert_eq!(after(true, limit, set("e", "{}")), "done", "nobody asked for it");
        assert_eq!(after(true, limit, set("b", "{}")), "done", "it is there as before");
    }
    assert_eq!(after(false, 2, set("c", "{}")), "lost CONFLICT c", "passed over on the way to b");
    assert_eq!(after(false, 2, set("g", "{}")), "done", "behind the page");
    assert_eq!(after(false, 2, delete("f")), "lost CONFLICT f", "nothing follows any more");
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

/// A store whose committer is held, what holds it, and the answer that waits for that.
fn held(faults: &Faults) -> (Store, Hold, Receiver<Vec<Settled>>) {
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
