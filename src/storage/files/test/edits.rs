//! Versions that were made of what files hold: which processes know of them, and when the files get them.

use std::time::Duration;

use super::super::Placing;
use super::super::shared::Limits;
use super::together::Peer;
use crate::disk::Disk;
use crate::disk::simulated::Simulated;
use crate::disk::simulated::Times;
use crate::disk::simulated::errno::EIO;
use crate::storage::conformance::{document, key, set};
use crate::storage::{Entry, Left, Standing, Storage};

const PLACINGS: [Placing; 2] = [Placing::Eager, Placing::Background];

/// Segments are closed and cut whenever the keeper tends.
fn cutting() -> Limits {
    Limits { segment: 1, segment_age: Duration::ZERO, file_age: Duration::ZERO, ..Limits::default() }
}

/// What somebody writes, as the version of this revision that is made of it.
fn edit(disk: &Simulated, name: &str, text: &str, revision: u64) -> Entry {
    disk.put(&format!("{name}.json"), text.as_bytes());
    let found = document(0, text);
    let document = Some(document(revision, text));
    Entry { left: Some(Left::of(&found)), document, ..set(name, 0, "{}") }
}

fn file(disk: &Simulated, name: &str) -> String {
    String::from_utf8(disk.get(&format!("{name}.json")).unwrap()).unwrap()
}

fn pretty(revision: u64, n: u64) -> String {
    format!("{{\n    \"_rev\": {revision},\n    \"n\": {n}\n}}\n")
}

/// Two processes, and a document that both have.
fn two(disk: &Simulated, placing: Placing) -> (Peer, Peer) {
    let mut one = Peer::within(disk, placing, cutting());
    one.load().unwrap();
    let mut other = Peer::within(disk, placing, cutting());
    other.load().unwrap();
    one.commit(&[set("a", 0, r#"{"n":1}"#)]).unwrap();
    other.follow().unwrap();
    (one, other)
}

#[test]
fn whichever_process_cuts_the_journal_gives_the_file_its_revision_before() {
    for placing in PLACINGS {
        for is_other in [false, true] {
            let disk = Simulated::new();
            let (mut one, mut other) = two(&disk, placing);
            one.commit(&[edit(&disk, "a", r#"{"n":2}"#, 1)]).unwrap();
            assert_eq!(file(&disk, "a"), r#"{"n":2}"#);
            other.begin().unwrap();
            other.files.end();
            assert_eq!(other.memory["a"], r#"{"_rev":1,"n":2}"#);
            let cutter = if is_other { &other } else { &one };
            let keeper = cutter.files.keeper().unwrap();
            (0..3).for_each(|_| keeper.tend().unwrap());
            assert_eq!(file(&disk, "a"), pretty(1, 2), "{placing:?} {is_other}");
            drop(keeper);
            // The other one still has it on its list: what came later is not written over.
            one.commit(&[set("a", 2, r#"{"n":3}"#)]).unwrap();
            other.die();
            one.die();
            assert_eq!(Peer::open(&disk.crash(), placing).memory["a"], r#"{"_rev":2,"n":3}"#);
        }
    }
}

#[test]
fn the_last_one_that_closes_gives_the_file_its_revision_also_where_it_was_taken_over_by_one_that_died() {
    for dies in [false, true] {
        let disk = Simulated::new();
        let (mut one, other) = two(&disk, Placing::Eager);
        one.commit(&[edit(&disk, "a", r#"{"n":2}"#, 1)]).unwrap();
        if dies {
            one.die();
        } else {
            one.close().unwrap();
        }
        assert_eq!(file(&disk, "a"), r#"{"n":2}"#);
        other.close().unwrap();
        assert_eq!(file(&disk, "a"), pretty(1, 2));
    }
}

#[test]
fn who_joins_has_the_version_and_not_the_file_and_leaves_the_file() {
    // With background files nobody could tell what was not noticed from what was not placed.
    let placing = Placing::Eager;
    let disk = Simulated::new();
    let (mut one, other) = two(&disk, placing);
    other.close().unwrap();
    one.commit(&[edit(&disk, "a", r#"{"n":2}"#, 1)]).unwrap();
    // Nobody has noticed these yet.
    one.commit(&[set("b", 0, r#"{"n":1}"#), set("bad", 0, r#"{"n":1}"#)]).unwrap();
    let joined = Peer::open(&disk, placing);
    assert_eq!(joined.memory, one.memory);
    disk.put("b.json", br#"{"n":"by hand"}"#);
    disk.put("bad.json", b"{");
    let third = Peer::open(&disk, placing);
    assert_eq!(third.memory, one.memory);
    assert_eq!((file(&disk, "a"), file(&disk, "bad")), (r#"{"n":2}"#.to_owned(), "{".to_owned()));
    one.die();
    third.close().unwrap();
    joined.close().unwrap();
    assert_eq!(file(&disk, "a"), pretty(1, 2));
    assert_eq!(file(&disk, "b"), r#"{"n":"by hand"}"#);
}

#[test]
fn who_was_left_behind_by_the_journal_has_the_version_and_not_the_file() {
    let disk = Simulated::new();
    let (mut one, mut idle) = two(&disk, Placing::Eager);
    let keeper = one.files.keeper().unwrap();
    for number in 0..5 {
        one.commit(&[set("b", number, "{}")]).unwrap();
        keeper.tend().unwrap();
    }
    one.commit(&[edit(&disk, "a", r#"{"n":2}"#, 1)]).unwrap();
    idle.follow().unwrap();
    assert_eq!(idle.memory, one.memory);
    drop(keeper);
    one.die();
    idle.close().unwrap();
    assert_eq!(file(&disk, "a"), pretty(1, 2));
}

#[test]
fn one_that_is_killed_at_any_call_as_it_takes_a_file_over_leaves_all_of_it_or_nothing_to_the_others() {
    for placing in PLACINGS {
        for stop in 1.. {
            let disk = Simulated::new();
            let (mut one, mut other) = two(&disk, placing);
            let entry = edit(&disk, "a", r#"{"n":2}"#, 1);
            let begun = disk.calls();
            disk.stop_at(begun + stop);
            let taken = one.commit(&[entry]);
            let is_over = disk.calls() < begun + stop;
            one.die();
            disk.heal();
            other.commit(&[set("next", 0, "{}")]).unwrap();
            let found = other.memory["a"].clone();
            let is_taken = found == r#"{"_rev":1,"n":2}"#;
            assert!(is_taken || (taken.is_err() && found == r#"{"_rev":0,"n":1}"#), "killed at {stop}: {found}");
            assert_eq!(file(&disk, "a"), r#"{"n":2}"#, "killed at {stop}");
            assert_eq!(Peer::open(&disk, placing).memory, other.memory, "killed at {stop}");
            other.close().unwrap();
            assert_eq!(file(&disk, "a"), if is_taken { pretty(1, 2) } else { r#"{"n":2}"#.to_owned() });
            if is_over {
                break;
            }
        }
    }
}

#[test]
fn whatever_fails_while_files_get_their_revisions_is_made_up_for() {
    for fails in 1.. {
        let disk = Simulated::new();
        let (mut one, other) = two(&disk, Placing::Eager);
        one.commit(&[edit(&disk, "a", r#"{"n":2}"#, 1)]).unwrap();
        one.commit(&[edit(&disk, "b", r#"{"n":2}"#, 3)]).unwrap();
        other.die();
        let keeper = one.files.keeper().unwrap();
        let begun = disk.calls();
        disk.fail_at(begun + fails, EIO, Times::Once);
        let failed: Vec<_> = (0..3).filter_map(|_| keeper.tend().err()).collect();
        let is_over = disk.calls() < begun + fails;
        disk.heal();
        drop(keeper);
        let memory = one.memory.clone();
        if failed.iter().any(|error| error.code() == "POISONED") {
            one.die();
        } else {
            one.close().unwrap();
            assert_eq!((file(&disk, "a"), file(&disk, "b")), (pretty(1, 2), pretty(3, 2)), "failed at {fails}");
        }
        assert_eq!(Peer::open(&disk.crash(), Placing::Eager).memory, memory, "failed at {fails}");
        if is_over {
            break;
        }
    }
}

#[test]
fn a_commit_that_is_refused_leaves_the_file_on_the_list() {
    let disk = Simulated::new();
    let (mut one, other) = two(&disk, Placing::Eager);
    other.close().unwrap();
    one.commit(&[edit(&disk, "a", r#"{"n":2}"#, 1)]).unwrap();
    let begun = disk.calls();
    for fails in 1..30 {
        disk.fail_at(disk.calls() + fails, EIO, Times::Once);
        if one.commit(&[set("a", 2, r#"{"n":3}"#)]).is_ok() {
            break;
        }
        disk.heal();
        let copy = disk.crash();
        assert_eq!(Peer::open(&copy, Placing::Eager).memory["a"], one.memory["a"], "failed at {fails} after {begun}");
    }
    let memory = one.memory.clone();
    one.close().unwrap();
    assert_eq!(Peer::open(&disk, Placing::Eager).memory, memory);
}

#[test]
fn what_stands_in_a_file_is_told_whatever_it_is() {
    let disk = Simulated::new();
    let peer = Peer::open(&disk, Placing::Eager);
    let outside = peer.files.outside().unwrap();
    let look = |name: &str| outside.look(&[key(name)]).pop().unwrap();
    assert_eq!(look("a"), Standing::Nothing);
    disk.put("a.json", b" { } ");
    disk.put("a*.json", b"{\"n\":1}");
    assert_eq!(look("a"), Standing::Document(document(0, "{}")));
    assert_eq!(look("a*"), Standing::Document(document(0, "{\"n\":1}")));
    disk.put("a.json", b"x");
    assert!(matches!(look("a"), Standing::Bad(bad, _) if bad.file == "a.json"));
    disk.make_folder("folder.json").unwrap();
    assert!(matches!(look("folder"), Standing::Other(_)));
    let long = "long ".repeat(80);
    disk.put(&crate::key::file_name::canonical(&key(&long)), b"{}");
    assert_eq!(look(&long), Standing::Document(document(0, "{}")));
    let mut keys: Vec<String> = outside.keys().unwrap().iter().map(ToString::to_string).collect();
    keys.sort();
    assert_eq!(keys, ["a".to_owned(), "a*".to_owned(), long]);
}
