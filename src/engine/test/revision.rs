//! What the revision that comes with a write means, row by row.

use super::RevisionRule::{IfGiven, Ignored, Required};
use super::*;
use crate::document::MAX_REVISION;

const RULES: [RevisionRule; 3] = [IfGiven, Required, Ignored];

/// A store in which `there` stands at revision 2, last changed at sequence 3.
fn store() -> Store {
    let store = Store::in_memory();
    for _ in 0..3 {
        stored(store.one(set("there", "{}")));
    }
    store
}

fn given(revision: Option<u64>) -> String {
    revision.map_or_else(|| "{\"n\":1}".to_owned(), |revision| format!("{{\"n\":1,\"_rev\":{revision}}}"))
}

#[test]
fn setting_what_is_there() {
    let next = "{\"_rev\":3,\"n\":1}";
    for (rule, revision, expected) in [
        (IfGiven, None, next),
        (IfGiven, Some(2), next),
        (IfGiven, Some(1), "CONFLICT"),
        (IfGiven, Some(3), "CONFLICT"),
        (Required, None, "CONFLICT"),
        (Required, Some(2), next),
        (Required, Some(1), "CONFLICT"),
        (Ignored, None, next),
        (Ignored, Some(2), next),
        (Ignored, Some(9), next),
    ] {
        let in_document = set("there", &given(revision)).under(rule);
        assert_eq!(word(&store().one(in_document)), expected, "{rule:?} {revision:?} in the document");
        let beside = set("there", &given(None)).under(rule).at_revision(revision);
        assert_eq!(word(&store().one(beside)), expected, "{rule:?} {revision:?} beside the document");
    }
}

#[test]
fn a_new_document_begins_at_0_whatever_came_with_it() {
    for rule in RULES {
        for revision in [None, Some(0), Some(5)] {
            let answer = store().one(set("missing", &given(revision)).under(rule));
            assert_eq!(word(&answer), "{\"_rev\":0,\"n\":1}", "{rule:?} {revision:?}");
        }
    }
}

#[test]
fn the_revision_beside_a_document_counts_before_the_one_inside() {
    let write = |inside, beside| set("there", &given(Some(inside))).at_revision(Some(beside));
    assert_eq!(word(&store().one(write(9, 2))), "{\"_rev\":3,\"n\":1}");
    assert_eq!(word(&store().one(write(2, 9))), "CONFLICT");
}

#[test]
fn deleting_what_is_there() {
    for (rule, revision, expected) in [
        (IfGiven, None, "deleted"),
        (IfGiven, Some(2), "deleted"),
        (IfGiven, Some(1), "CONFLICT"),
        (Required, None, "CONFLICT"),
        (Required, Some(2), "deleted"),
        (Required, Some(1), "CONFLICT"),
        (Ignored, None, "deleted"),
        (Ignored, Some(1), "deleted"),
    ] {
        let store = store();
        let answer = store.one(delete("there").under(rule).at_revision(revision));
        assert_eq!(word(&answer), expected, "{rule:?} {revision:?}");
        assert_eq!(store.text("there").is_none(), expected == "deleted");
    }
}

#[test]
fn deleting_what_is_missing_is_done_unless_a_revision_was_named() {
    for rule in RULES {
        let store = store();
        assert_eq!(word(&store.one(delete("missing").under(rule))), "deleted");
        assert_eq!(store.engine.snapshot().unwrap().position().sequence, 3, "nothing was committed");
    }
    for rule in [IfGiven, Required] {
        let error = failure(store().one(delete("missing").under(rule).at_revision(Some(0))));
        let context = error.context();
        assert_eq!((context.expected_revision, context.actual_revision), (Some(0), None));
    }
}

#[test]
fn a_put_stores_the_document_as_it_is() {
    for rule in [IfGiven, Ignored] {
        for (name, revision, expected) in [
            ("there", None, "{\"_rev\":0,\"n\":1}"),
            ("there", Some(1), "{\"_rev\":1,\"n\":1}"),
            ("missing", Some(7), "{\"_rev\":7,\"n\":1}"),
            ("missing", None, "{\"_rev\":0,\"n\":1}"),
        ] {
            assert_eq!(word(&store().one(put(name, &given(revision)).under(rule))), expected);
        }
    }
}

#[test]
fn a_put_keeps_the_conditions_that_were_set_beside_it() {
    assert_eq!(word(&store().one(put("there", "{}").at_sequence(2))), "lost CONFLICT");
    assert_eq!(word(&store().one(put("there", "{}").at_sequence(3))), "{\"_rev\":0}");
    assert_eq!(word(&store().one(put("there", "{}").at_revision(Some(1)))), "CONFLICT");
    assert_eq!(word(&store().one(put("there", "{}").at_revision(Some(2)))), "{\"_rev\":0}");
}

#[test]
fn a_write_is_lost_when_the_document_changed_since_it_was_seen() {
    let cases = |name: &str| [set(name, "{}"), set(name, "{}").under(Ignored), put(name, "{}"), delete(name)];
    for write in cases("there") {
        assert_eq!(word(&store().one(write.clone().at_sequence(2))), "lost CONFLICT");
        assert_eq!(word(&store().one(write.clone().at_sequence(0))), "lost CONFLICT");
        let answer = store().one(write.at_sequence(3));
        assert!(matches!(answer, Settled::Stored(_) | Settled::Deleted), "{answer:?}");
    }
    for write in cases("missing") {
        assert_eq!(word(&store().one(write.clone().at_sequence(3))), "lost CONFLICT");
        let answer = store().one(write.at_sequence(0));
        assert!(matches!(answer, Settled::Stored(_) | Settled::Deleted), "{answer:?}");
    }
}

#[test]
fn a_document_made_anew_is_another_than_the_one_seen() {
    let store = Store::in_memory();
    stored(store.one(set("a", "{}")));
    let seen = store.engine.get(&key("a")).unwrap().unwrap();
    store.one(delete("a"));
    stored(store.one(set("a", "{}")));
    let found = store.engine.get(&key("a")).unwrap().unwrap();
    assert_eq!(seen.document, found.document);
    assert_eq!(word(&store.one(set("a", "{}").at_sequence(seen.sequence))), "lost CONFLICT");
    assert_eq!(word(&store.one(set("a", "{}").at_sequence(found.sequence))), "{\"_rev\":1}");
}

#[test]
fn a_conflict_tells_both_revisions_and_changes_nothing() {
    let store = store();
    let error = failure(store.one(set("there", "{\"_rev\":1,\"n\":1}")));
    assert_eq!(error.context().key.as_deref(), Some("there"));
    assert_eq!((error.context().expected_revision, error.context().actual_revision), (Some(1), Some(2)));
    assert_eq!(store.text("there").unwrap(), "{\"_rev\":2}");
}

#[test]
fn what_is_no_document_is_an_assertion_under_every_rule() {
    for rule in RULES {
        for text in ["[]", "null", "", "{", "{\"_rev\":-1}", "{\"_rev\":1.5}", "{\"_rev\":\"1\"}", "{\"_rev\":null}"] {
            for write in [set("there", text), put("there", text)] {
                let error = failure(store().one(write.under(rule)));
                if text == "{" {
                    continue;
                }
                assert_eq!((error.code(), error.context().key.as_deref()), ("ASSERTION", Some("there")), "{text}");
            }
        }
    }
}

#[test]
fn the_last_revision_is_not_passed() {
    let store = Store::in_memory();
    stored(store.one(put("a", &given(Some(MAX_REVISION - 1)))));
    assert_eq!(stored(store.one(set("a", "{}"))).revision(), MAX_REVISION);
    assert_eq!(failure(store.one(set("a", "{}"))).code(), "ASSERTION");
    assert_eq!(word(&store.one(delete("a"))), "deleted");
}
