//! Calls that fail.

use std::error::Error as _;

use super::faulty::{EIO, ENOSPC};
use super::*;

fn append(journal: &Journal, n: u64) -> Result<Vec<u64>> {
    let (key, document) = (key("k"), document(n, &format!("{{\"n\":{n}}}")));
    // Two groups, of which the first may fit.
    journal.append(&[vec![set(&key, &document, None)], vec![set(&key, &document, None)]], 0)
}

#[test]
fn short_writes_are_continued() {
    let place = Place::new();
    let journal = place.journal();
    place.disk.shorten_writes(7);
    assert_eq!(append(&journal, 1).unwrap(), [1, 2]);
    assert_eq!(append(&journal, 2).unwrap(), [3, 4]);
    let recovered = place.recover().unwrap();
    assert_eq!((recovered.last, recovered.cut), (4, None));
}

#[test]
fn a_full_disk_takes_nothing_of_an_append_and_takes_the_next_one() {
    let place = Place::new();
    let journal = place.journal();
    append(&journal, 1).unwrap();
    let before = place.bytes(1);
    append(&journal, 2).unwrap();
    let size = place.bytes(1).len() - before.len();
    let whole = place.bytes(1);
    for room in 0..size {
        place.disk.leave_room(room);
        assert_eq!(append(&journal, 3).unwrap_err().code(), "ENOSPC");
        assert_eq!((place.bytes(1), journal.last()), (whole.clone(), 4), "with room for {room} bytes");
    }
    place.disk.heal();
    assert_eq!(append(&journal, 3).unwrap(), [5, 6]);
    assert_eq!(journal.sync().unwrap(), 6);
    let recovered = place.recover().unwrap();
    assert_eq!((recovered.last, recovered.cut), (6, None));
}

#[test]
fn what_a_failed_append_wrote_is_gone_durably_when_it_answers() {
    let place = Place::new();
    let journal = place.journal();
    append(&journal, 1).unwrap();
    journal.sync().unwrap();
    place.disk.leave_room(150);
    place.disk.take_log();
    append(&journal, 2).unwrap_err();
    let path = format!("{FOLDER}/00000001.jsonl");
    let expected = ["write", "write", "truncate", "fdatasync"].map(|call| format!("{call} {path}"));
    assert_eq!(place.disk.take_log(), expected);
}

#[test]
fn a_void_that_fails_is_not_there() {
    let place = Place::new();
    let journal = place.journal();
    append(&journal, 1).unwrap();
    place.disk.leave_room(10);
    assert_eq!(journal.void(2, 0).unwrap_err().code(), "ENOSPC");
    assert_eq!((journal.last(), place.recover().unwrap().last), (2, 2));
}

#[test]
fn an_append_that_cannot_be_taken_back_breaks_the_journal() {
    let place = Place::new();
    let journal = place.journal();
    append(&journal, 1).unwrap();
    place.disk.leave_room(10);
    place.disk.fail("truncate", EIO);
    let error = append(&journal, 2).unwrap_err();
    assert_eq!(error.code(), "POISONED");
    assert!(error.source().unwrap().to_string().contains("ENOSPC"));
    place.disk.heal();
    place.disk.take_log();
    assert_eq!(append(&journal, 2).unwrap_err().code(), "POISONED");
    assert_eq!(journal.sync().unwrap_err().code(), "POISONED");
    assert_eq!(journal.begin().unwrap_err().code(), "POISONED");
    assert_eq!(journal.rotate().unwrap_err().code(), "POISONED");
    assert_eq!(journal.cut(9).unwrap_err().code(), "POISONED");
    assert_eq!(journal.void(1, 0).unwrap_err().code(), "POISONED");
    assert_eq!(journal.check().unwrap_err().code(), "POISONED");
    assert!(place.disk.take_log().is_empty());
}

#[test]
fn a_failed_sync_breaks_the_journal_and_is_never_tried_again() {
    for call in ["fdatasync", "fsync"] {
        let place = Place::new();
        let journal = place.journal();
        append(&journal, 1).unwrap();
        journal.rotate().unwrap();
        place.disk.fail(call, EIO);
        place.disk.take_log();
        let error = journal.sync().unwrap_err();
        assert_eq!(error.code(), "POISONED");
        assert!(error.source().unwrap().to_string().contains("EIO"));
        place.disk.heal();
        place.disk.take_log();
        assert_eq!(journal.sync().unwrap_err().code(), "POISONED");
        assert_eq!(append(&journal, 2).unwrap_err().code(), "POISONED");
        assert!(place.disk.take_log().is_empty());
        assert_eq!(journal.synced(), 0);
    }
}

#[test]
fn a_failed_sync_while_an_append_is_taken_back_breaks_the_journal() {
    let place = Place::new();
    let journal = place.journal();
    append(&journal, 1).unwrap();
    place.disk.leave_room(10);
    place.disk.fail("fdatasync", EIO);
    assert_eq!(append(&journal, 2).unwrap_err().code(), "POISONED");
}

#[test]
fn a_journal_that_could_not_begin_begins_with_an_append() {
    for call in ["mkdir", "create", "write"] {
        let place = Place::new();
        let journal = place.journal();
        place.disk.fail(call, ENOSPC);
        assert_eq!(journal.begin().unwrap_err().code(), "ENOSPC");
        assert_eq!(append(&journal, 1).unwrap_err().code(), "ENOSPC");
        place.disk.heal();
        assert_eq!(append(&journal, 1).unwrap(), [1, 2]);
        assert_eq!(place.recover().unwrap().last, 2);
    }
}

#[test]
fn a_head_that_did_not_fit_is_written_again_in_the_same_segment() {
    let place = Place::new();
    let journal = place.journal();
    append(&journal, 1).unwrap();
    for (room, last) in [(0, 4), (1, 6), (50, 8)] {
        place.disk.leave_room(room);
        assert_eq!(journal.rotate().unwrap_err().code(), "ENOSPC");
        place.disk.heal();
        append(&journal, 2).unwrap();
        assert_eq!((journal.sync().unwrap(), journal.closed_last()), (last, None));
        let recovered = place.recover().unwrap();
        assert_eq!((recovered.last, recovered.next_number), (last, 3));
        assert_eq!(recovered.cut.unwrap().segment, format!("{FOLDER}/00000002.jsonl"));
    }
    journal.rotate().unwrap();
    assert_eq!(append(&journal, 3).unwrap(), [9, 10]);
    let recovered = place.recover().unwrap();
    assert_eq!((recovered.last, recovered.cut, place.numbers()), (10, None, vec![1, 2]));
}
