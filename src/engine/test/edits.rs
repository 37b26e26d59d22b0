//! What others write into files: taken over when it is asked for, each once, and never lost.

use super::unique::BY_V;
use super::*;
use crate::disk::Disk;
use crate::disk::simulated::Simulated;
use crate::engine::{Call, Refreshed};
use crate::storage::files::Placing;

const PLACINGS: [Placing; 2] = [Placing::Eager, Placing::Background];

/// A loaded store on the disk, as another process has it.
fn open(disk: &Simulated, placing: Placing) -> Store {
    let options = files::Options { placing, shares: true, ..files::Options::default() };
    let store = Store::new(Files::simulated(disk, options));
    store.load().unwrap();
    store
}

/// A store that holds `{"n":1}` as `a`, in its file.
fn with_a(disk: &Simulated, placing: Placing) -> Store {
    let store = open(disk, placing);
    store.write(vec![set("a", "{\"n\":1}")]);
    store.flush().unwrap();
    store
}

impl Store {
    fn begin_refresh(&self) -> Receiver<Result<Refreshed>> {
        let (sender, receiver) = channel();
        self.engine.refresh(Call::default(), Box::new(move |refreshed| sender.send(refreshed).unwrap()));
        receiver
    }

    fn refresh(&self) -> Refreshed {
        answer(&self.begin_refresh()).unwrap()
    }
}

/// What was taken over, in words.
fn told(refreshed: &Refreshed) -> Vec<String> {
    let of = |what: &str, keys: &[Key]| keys.iter().map(|key| format!("{what} {key}")).collect::<Vec<_>>();
    let mut told = of("changed", &refreshed.changed);
    told.extend(of("added", &refreshed.added));
    told.extend(of("removed", &refreshed.removed));
    told.extend(refreshed.invalid.iter().map(|invalid| format!("{} {}", invalid.file.file, invalid.file.reason)));
    told
}

fn file(disk: &Simulated, name: &str) -> Option<String> {
    disk.get(name).map(|bytes| String::from_utf8(bytes).unwrap())
}

/// What the next opener finds after this process was killed.
fn killed(disk: &Simulated, placing: Placing) -> Vec<(String, String)> {
    open(&disk.crash(), placing).texts()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn an_edit_is_the_next_revision_and_its_file_stays_as_it_is_until_the_next_write() {
    for placing in PLACINGS {
        let disk = Simulated::new();
        let store = with_a(&disk, placing);
        let edited = "{ \"n\": 2,\n\"_rev\": 0}";
        disk.put("a.json", edited.as_bytes());
        assert_eq!(told(&store.refresh()), ["changed a"]);
        assert_eq!(store.text("a").unwrap(), "{\"_rev\":1,\"n\":2}");
        assert_eq!(file(&disk, "a.json").unwrap(), edited);
        assert!(store.refresh().is_empty(), "it is the same by now");
        let stale = set("a", "{\"_rev\":0,\"n\":3}");
        assert_eq!(word(&store.one(stale)), "CONFLICT");
        store.write(vec![set("a", "{\"_rev\":1,\"n\":3}")]);
        store.flush().unwrap();
        assert_eq!(file(&disk, "a.json").unwrap(), "{\n    \"_rev\": 2,\n    \"n\": 3\n}\n");
        store.close().unwrap();
        assert_eq!(open(&disk, placing).texts(), pairs(&[("a", "{\"_rev\":2,\"n\":3}")]));
    }
}

#[test]
fn files_that_are_new_gone_or_of_a_later_revision_are_taken_over() {
    for placing in PLACINGS {
        let disk = Simulated::new();
        let store = with_a(&disk, placing);
        store.write(vec![set("gone", "{}"), set("later", "{}")]);
        store.flush().unwrap();
        disk.put("new.json", b"{\"n\":1}");
        disk.put("from%20afar.json", b"{\"_rev\":7}");
        disk.put("later.json", b"{\"_rev\":4,\"n\":1}");
        disk.put("no%20document.txt", b"{}");
        disk.remove("gone.json").unwrap();
        assert_eq!(told(&store.refresh()), ["changed later", "added from afar", "added new", "removed gone"]);
        let expected = [
            ("a", "{\"_rev\":0,\"n\":1}"),
            ("from afar", "{\"_rev\":7}"),
            ("later", "{\"_rev\":5,\"n\":1}"),
            ("new", "{\"_rev\":0,\"n\":1}"),
        ];
        assert_eq!(store.texts(), pairs(&expected));
        assert_eq!(killed(&disk, placing), pairs(&expected));
        store.write(vec![set("gone", "{\"n\":2}"), set("new", "{\"n\":2}")]);
        assert_eq!(store.text("gone").unwrap(), "{\"_rev\":0,\"n\":2}", "as after any deletion");
        store.close().unwrap();
        assert_eq!(file(&disk, "later.json").unwrap(), "{\n    \"_rev\": 5,\n    \"n\": 1\n}\n");
        let reopened = open(&disk, placing);
        assert_eq!(reopened.texts().len(), 5);
        assert_eq!(reopened.text("new").unwrap(), "{\"_rev\":1,\"n\":2}");
    }
}

#[test]
fn a_file_that_says_the_same_in_another_way_is_no_edit() {
    let disk = Simulated::new();
    let store = open(&disk, Placing::Eager);
    store.write(vec![set("a", "{\"n\":1,\"o\":{\"x\":[1,{\"y\":\"\u{e9}\"}],\"z\":null}}"), set("b", "{}")]);
    for same in [
        "{\"_rev\":9,\"o\":{\"z\":null,\"x\":[1.0,{\"y\":\"\\u00e9\"}]},\"n\":1}",
        "\u{feff}{ \"n\" : 1, \"o\" : { \"x\" : [ 1, { \"y\": \"\u{e9}\" } ], \"z\" : null } }",
    ] {
        disk.put("a.json", same.as_bytes());
        disk.put("b.json", b" {\n} ");
        assert!(store.refresh().is_empty(), "{same}");
    }
    for other in ["{\"n\":1}", "{\"n\":\"1\"}", "{\"n\":1,\"o\":{\"x\":[{\"y\":\"\u{e9}\"},1],\"z\":null}}"] {
        disk.put("a.json", other.as_bytes());
        assert_eq!(told(&store.refresh()), ["changed a"], "{other}");
    }
    disk.put("b.json", b"{\"\":1}");
    assert_eq!(told(&store.refresh()), ["changed b"]);
}

#[test]
fn what_is_no_document_is_told_and_the_old_value_kept() {
    let disk = Simulated::new();
    let store = with_a(&disk, Placing::Eager);
    for (content, reason) in [
        ("", "is empty"),
        ("[]", "is not an object"),
        ("{\"_rev\":-1}", "has a _rev that is not an integer from 0 to 2^53 - 1"),
    ] {
        disk.put("a.json", content.as_bytes());
        disk.put("new.json", b"{");
        let told = told(&store.refresh());
        assert_eq!(told[0], format!("a.json {reason}"));
        assert!(told[1].starts_with("new.json is not JSON"), "{told:?}");
        assert_eq!(store.texts(), pairs(&[("a", "{\"_rev\":0,\"n\":1}")]));
    }
    disk.remove("new.json").unwrap();
    disk.put("a.json", format!("{{\"_rev\":{},\"n\":2}}", crate::document::MAX_REVISION).as_bytes());
    assert_eq!(told(&store.refresh()), ["a.json the document has no revisions left"]);
    disk.remove("a.json").unwrap();
    disk.make_folder("a.json").unwrap();
    assert_eq!(told(&store.refresh()), ["a.json is not a regular file"]);
    disk.remove_folder("a.json").unwrap();
    disk.put("a.json", b"{\"n\":3}");
    assert_eq!(told(&store.refresh()), ["changed a"]);
    assert_eq!(store.text("a").unwrap(), "{\"_rev\":1,\"n\":3}");
}

#[test]
fn an_edit_that_breaks_a_unique_view_is_told_and_files_may_swap_their_values_by_way_of_a_third() {
    let disk = Simulated::new();
    let store = open(&disk, Placing::Eager);
    store.define("v", Some(BY_V)).unwrap();
    store.write(vec![set("a", "{\"v\":1}"), set("b", "{\"v\":2}")]);
    disk.put("a.json", b"{\"v\":2}");
    let refused = told(&store.refresh());
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].starts_with("a.json the unique view \"v\" has no room"), "{refused:?}");
    assert_eq!(store.text("a").unwrap(), "{\"_rev\":0,\"v\":1}");
    disk.put("b.json", b"{\"v\":3}");
    assert_eq!(told(&store.refresh()), ["changed b", "changed a"], "when there is room it counts");
    assert!(store.duplicates("v").is_empty());
    assert_eq!(word(&store.one(set("c", "{\"v\":2}"))), "CONFLICT");
}

#[test]
fn of_two_that_refresh_at_the_same_time_exactly_one_takes_an_edit_over() {
    for placing in PLACINGS {
        let disk = Simulated::new();
        let (one, other) = (with_a(&disk, placing), open(&disk, placing));
        for round in 1..10_u64 {
            disk.put("a.json", format!("{{\"n\":\"{round}\"}}").as_bytes());
            disk.put(&format!("new{round}.json"), b"{}");
            let (first, second) = (one.begin_refresh(), other.begin_refresh());
            let both = [answer(&first).unwrap(), answer(&second).unwrap()];
            assert_eq!(both.iter().map(|told| told.changed.len()).sum::<usize>(), 1, "{both:?}");
            assert_eq!(both.iter().map(|told| told.added.len()).sum::<usize>(), 1, "{both:?}");
            assert_eq!(one.texts(), other.texts());
            assert_eq!(one.text("a").unwrap(), format!("{{\"_rev\":{round},\"n\":\"{round}\"}}"));
        }
    }
}

#[test]
fn what_was_taken_over_survives_a_kill_and_a_later_edit_goes_on_from_there() {
    for placing in PLACINGS {
        let disk = Simulated::new();
        let store = with_a(&disk, placing);
        disk.put("a.json", b"{\"_rev\":0,\"n\":2}");
        store.refresh();
        // Others tell in the journal that everything is in its place.
        store.write(vec![set("b", "{}"), set("c", "{}")]);
        store.write(vec![set("b", "{}")]);
        let edited = ("a", "{\"_rev\":1,\"n\":2}");
        assert_eq!(killed(&disk, placing)[0], pairs(&[edited])[0]);
        let again = disk.crash();
        again.put("a.json", b"{\"_rev\":0,\"n\":3}");
        let reopened = open(&again, placing);
        assert_eq!(reopened.text("a").unwrap(), "{\"_rev\":2,\"n\":3}", "never the revision of another content");
        let removed = disk.crash();
        removed.remove("a.json").unwrap();
        assert_eq!(open(&removed, placing).text("a"), None, "a hand that removes it counts");
        store.flush().unwrap();
        for cut in disk.states_after_cut(1, 40) {
            assert_eq!(open(&cut, placing).text("a").as_deref(), Some(edited.1), "{}", cut.log());
        }
    }
}

#[test]
fn a_close_gives_files_their_revisions_and_loses_nothing_that_was_not_noticed() {
    for placing in PLACINGS {
        let disk = Simulated::new();
        let store = with_a(&disk, placing);
        store.write(vec![set("b", "{}"), set("bad", "{}")]);
        store.flush().unwrap();
        for name in ["a.json", "b.json", "bad.json"] {
            disk.put(name, b"{\"n\":2}");
        }
        assert_eq!(store.refresh().changed.len(), 3);
        disk.put("b.json", b"{\"n\":3}");
        disk.put("bad.json", b"{\"n\":");
        store.close().unwrap();
        assert_eq!(file(&disk, "a.json").unwrap(), "{\n    \"_rev\": 1,\n    \"n\": 2\n}\n");
        assert_eq!(file(&disk, "b.json").unwrap(), "{\n    \"_rev\": 2,\n    \"n\": 3\n}\n");
        assert_eq!(file(&disk, "bad.json").unwrap(), "{\"n\":", "somebody is writing it");
    }
}

#[test]
fn a_file_that_waits_to_be_placed_is_no_edit() {
    let disk = Simulated::new();
    let store = with_a(&disk, Placing::Background);
    store.write(vec![set("a", "{\"n\":2}"), set("new", "{}"), set("b", "{}")]);
    store.write(vec![delete("b")]);
    assert!(store.refresh().is_empty());
    disk.put("a.json", b"{\"n\":\"by hand\"}");
    assert!(store.refresh().is_empty(), "the write that was answered comes first");
    store.flush().unwrap();
    assert!(store.refresh().is_empty());
    assert_eq!(store.text("a").unwrap(), "{\"_rev\":1,\"n\":2}");
    disk.put("a.json", b"{\"n\":3}");
    assert_eq!(told(&store.refresh()), ["changed a"]);
    store.write(vec![set("a", "{\"n\":4}")]);
    assert!(store.refresh().is_empty(), "its file is two behind");
    assert_eq!(killed(&disk, Placing::Background)[0].1, "{\"_rev\":3,\"n\":4}");
}

#[test]
fn refreshes_beside_writes_to_the_same_documents_take_over_hands_alone() {
    for placing in PLACINGS {
        let disk = Simulated::new();
        let (one, other) = (with_a(&disk, placing), open(&disk, placing));
        let mut edits = 0;
        for round in 0..40 {
            let refreshing = [one.begin_refresh(), other.begin_refresh()];
            let written = other.submit(vec![set("a", &format!("{{\"round\":{round}}}")), set("b", "{}")]);
            one.write(vec![set("c", "{}"), delete("b")]);
            words(&answer(&written));
            edits += refreshing.iter().map(|receiver| told(&answer(receiver).unwrap()).len()).sum::<usize>();
        }
        assert_eq!(edits, 0, "{placing:?}");
    }
}

#[test]
fn whoever_is_killed_at_any_call_of_a_refresh_leaves_every_edit_to_the_next() {
    for placing in PLACINGS {
        for stop in 1.. {
            let disk = Simulated::new();
            let store = with_a(&disk, placing);
            store.write(vec![set("b", "{}"), set("gone", "{}")]);
            store.flush().unwrap();
            // Tells in the journal that those are in their places.
            store.write(vec![set("other", "{}")]);
            disk.put("a.json", b"{\"n\":2}");
            disk.put("b.json", b"{\"n\":2}");
            disk.put("new.json", b"{\"n\":2}");
            disk.remove("gone.json").unwrap();
            let begun = disk.calls();
            disk.stop_at(begun + stop);
            let refreshed = answer(&store.begin_refresh());
            let is_over = disk.calls() < begun + stop;
            drop(store);
            let next = open(&disk.crash(), placing);
            let keys: Vec<_> = next.texts().into_iter().map(|(key, _)| key).collect();
            assert_eq!(keys, ["a", "b", "new", "other"], "killed at {stop}");
            for (key, text) in next.texts().into_iter().filter(|(key, _)| key != "other") {
                assert!(text.contains("\"n\":2"), "killed at {stop}: {key} {text}");
                let is_taken = refreshed.as_ref().is_ok_and(|refreshed| refreshed.changed.len() == 2);
                assert!(!is_taken || key == "new" || text.contains("\"_rev\":1"), "killed at {stop}: {key} {text}");
            }
            assert!(next.refresh().is_empty(), "killed at {stop}");
            if is_over {
                assert_eq!(refreshed.unwrap().changed.len(), 2);
                break;
            }
        }
    }
}

#[test]
fn a_file_under_the_originals_name_is_taken_over_and_gets_ours_with_the_next_write() {
    let disk = Simulated::new();
    let (store, other) = (open(&disk, Placing::Eager), open(&disk, Placing::Eager));
    disk.put("a*b.json", b"{\"n\":1}");
    assert_eq!(told(&store.refresh()), ["added a*b"]);
    disk.put("a*b.json", b"{\"n\":2}");
    assert_eq!(told(&store.refresh()), ["changed a*b"]);
    answer(&{
        let (sender, receiver) = channel();
        other.engine.catch_up(Box::new(move |done| sender.send(done).unwrap()));
        receiver
    })
    .unwrap();
    other.write(vec![set("a*b", "{\"n\":3}")]);
    assert_eq!((file(&disk, "a*b.json"), file(&disk, "a%2Ab.json").is_some()), (None, true));
    assert!(store.refresh().is_empty());
    store.close().unwrap();
    other.close().unwrap();
    assert_eq!(open(&disk, Placing::Eager).texts(), pairs(&[("a*b", "{\"_rev\":2,\"n\":3}")]));
}

#[test]
fn a_store_in_memory_has_nothing_that_differs() {
    let store = Store::in_memory();
    store.write(vec![set("a", "{}")]);
    assert!(store.refresh().is_empty());
    store.close().unwrap();
    assert_eq!(code(answer(&store.begin_refresh())), "CLOSED");
}
