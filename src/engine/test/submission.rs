//! Writes that cross together: their order, their answers, and one that fails among them.

use super::*;
use crate::storage::faulty::{Call, EIO, ENOSPC};

#[test]
fn writes_to_one_key_happen_in_their_order() {
    let store = Store::in_memory();
    let answers = store.write(vec![
        set("a", "{\"n\":1}"),
        set("b", "{\"n\":1}"),
        set("a", "{\"n\":2,\"_rev\":0}"),
        delete("a").at_revision(Some(1)),
        delete("a"),
        set("a", "{\"n\":3,\"_rev\":9}"),
        set("a", "{\"n\":4,\"_rev\":9}"),
        set("b", "{\"n\":2,\"_rev\":0}"),
    ]);
    let expected = [
        "{\"_rev\":0,\"n\":1}",
        "{\"_rev\":0,\"n\":1}",
        "{\"_rev\":1,\"n\":2}",
        "deleted",
        "deleted",
        "{\"_rev\":0,\"n\":3}",
        "CONFLICT",
        "{\"_rev\":1,\"n\":2}",
    ];
    assert_eq!(words(&answers), expected);
    assert_eq!(store.text("a").unwrap(), "{\"_rev\":0,\"n\":3}");
}

#[test]
fn submissions_that_wait_are_committed_together_and_answered_each() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let hold = faults.hold_commit();
    let first = store.submit(vec![set("a", "{}")]);
    hold.wait();
    let waiting: Vec<_> = (0..5).map(|number| store.submit(vec![set(&format!("k{number}"), "{}")])).collect();
    let same_key = store.submit(vec![set("k0", "{}"), set("a", "{}")]);
    drop(hold);
    answer(&first);
    for submission in &waiting {
        assert_eq!(words(&answer(submission)), ["{\"_rev\":0}"]);
    }
    assert_eq!(words(&answer(&same_key)), ["{\"_rev\":1}", "{\"_rev\":1}"]);
    assert_eq!(faults.calls(), [Call::Load, Call::Commit(1), Call::Commit(6), Call::Commit(1)]);
}

#[test]
fn a_long_round_is_committed_in_parts_and_the_order_of_a_keys_writes_is_kept() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let many = |n: usize| (0..2_500).map(move |number| set(&format!("k{number}"), &format!("{{\"n\":{n}}}")));
    let answers = store.write(many(1).chain(many(2)).collect());
    for (number, settled) in answers.into_iter().enumerate() {
        assert_eq!(word(&settled), format!("{{\"_rev\":{0},\"n\":{1}}}", number / 2_500, number / 2_500 + 1));
    }
    let sizes = [1_000, 1_000, 500, 1_000, 1_000, 500];
    assert_eq!(faults.calls()[1..], sizes.map(Call::Commit));
}

#[test]
fn who_came_first_is_answered_before_the_next_part_is_committed() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    let hold = faults.hold_commit();
    let first = store.submit(vec![set("a", "{}")]);
    hold.wait();
    let submissions =
        ["b", "c"].map(|name| store.submit((0..1_000).map(|n| set(&format!("{name}{n}"), "{}")).collect()));
    faults.panic_at_commit(3);
    drop(hold);
    answer(&first);
    let [earlier, later] = submissions.map(|submission| word(answer(&submission).last().unwrap()));
    assert_eq!((earlier.as_str(), later.as_str()), ("{\"_rev\":0}", "POISONED"));
}

#[test]
fn an_empty_submission_is_answered() {
    assert!(Store::in_memory().write(Vec::new()).is_empty());
}

#[test]
fn what_needs_no_storing_is_answered_without_storage() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    assert_eq!(words(&store.write(vec![delete("a"), set("a", "[]")])), ["deleted", "ASSERTION"]);
    assert_eq!(faults.calls(), [Call::Load]);
}

#[test]
fn a_failed_write_leaves_memory_as_it_was_and_the_next_works() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    stored(store.one(set("a", "{\"n\":1}")));
    let before = store.engine.stats().position;
    for (group, write) in [(2, set("a", "{\"n\":2}")), (3, delete("a")), (4, put("a", "{}")), (5, set("b", "{}"))] {
        faults.fail_group(group, ENOSPC);
        let error = failure(store.one(write));
        assert_eq!((error.code(), error.context().errno), ("ENOSPC", Some(ENOSPC)));
        assert_eq!(store.engine.stats().position, before);
        assert_eq!(store.texts(), [("a".to_owned(), "{\"_rev\":0,\"n\":1}".to_owned())]);
    }
    assert_eq!(word(&store.one(set("a", "{\"n\":2}"))), "{\"_rev\":1,\"n\":2}");
}

#[test]
fn a_failing_write_in_the_middle_fails_alone() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    faults.fail_group(2, EIO);
    let answers = store.write(vec![set("a", "{}"), set("b", "{}"), set("c", "{}"), set("b", "{\"again\":true}")]);
    assert_eq!(words(&answers), ["{\"_rev\":0}", "EIO", "{\"_rev\":0}", "{\"_rev\":0,\"again\":true}"]);
}

#[test]
fn a_full_disk_fails_every_write_and_no_read() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    stored(store.one(set("a", "{}")));
    faults.fail_from_group(2, ENOSPC);
    for _ in 0..3 {
        assert_eq!(words(&store.write(vec![set("a", "{}"), set("b", "{}")])), ["ENOSPC", "ENOSPC"]);
    }
    assert_eq!(store.text("a").unwrap(), "{\"_rev\":0}");
    assert!(store.engine.stats().failure.is_none());
}

#[test]
fn somebody_elses_version_makes_a_write_lost() {
    let faults = Faults::default();
    let store = Store::faulty(&faults);
    faults.conflict_at_group(1, Some(7));
    let Settled::Lost(error) = store.one(set("a", "{}")) else { panic!("not lost") };
    assert_eq!((error.code(), error.context().actual_revision), ("CONFLICT", Some(7)));
    assert!(store.texts().is_empty());
}

#[test]
fn many_writes_of_one_key_cost_no_more_than_of_many() {
    // Quadratic work would take minutes.
    let store = Store::in_memory();
    let answers = store.write((0..50_000).map(|_| set("a", "{}")).collect());
    assert_eq!(stored(answers.into_iter().next_back().unwrap()).revision(), 49_999);
}
