//! What a load makes of files and journal after a close, a kill, a power cut, and somebody's editor.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::super::shared::Limits;
use super::history::{self, Pace};
use super::*;
use crate::disk::simulated::Simulated;
use crate::error::BadFile;
use crate::storage::conformance::{delete, set, together};

/// A driver on a simulated disk.
fn on(disk: &Simulated, placing: Placing) -> (Opened, Loaded) {
    load(history::open(disk, placing, Pace::Calm))
}

fn placing_later(data: &Data) -> Files {
    let options = Options { placing: Placing::Background, ..Options::default() };
    Files::new(data.directory.path().to_path_buf(), options)
}

/// A driver whose keeper recycles and cuts whenever it is called.
fn busy(data: &Data) -> Opened {
    let mut files = data.files();
    let now = Duration::ZERO;
    files.limits = Limits { segment: 1, segment_age: now, file_age: now, worth_recycling: 1, behind: 2, at_a_time: 2 };
    load(files).0
}

fn text(loaded: &Loaded, of: &str) -> Option<String> {
    let found = loaded.documents.iter().find(|(key, _)| key.to_string() == of);
    found.map(|(_, document)| document.text().to_owned())
}

fn reasons(loaded: &Loaded) -> Vec<&str> {
    loaded.findings.quarantined.iter().map(|BadFile { file, .. }| file.as_str()).collect()
}

#[test]
fn a_clean_close_leaves_nothing_to_replay_and_files_edited_then_count() {
    let data = Data::new();
    let (mut files, _) = data.load();
    write(&mut files, set("a", 0, "{\"n\":1}"));
    write(&mut files, set("b", 0, "{}"));
    files.close().unwrap();
    assert_eq!(data.names(".datastore/journal").len(), 1);
    assert!(data.names(".datastore/tmp").is_empty());
    data.put("a.json", "{\"_rev\":0,\"n\":2}");
    fs::remove_file(data.path("b.json")).unwrap();
    let (_files, loaded) = data.load();
    assert_eq!(told(&loaded), [pair("a", "{\"_rev\":0,\"n\":2}")]);
    assert_eq!((loaded.findings.recovered, reasons(&loaded)), (0, vec![]));
}

#[test]
fn sequences_go_on_after_a_close_in_the_same_epoch() {
    let data = Data::new();
    let (mut files, _) = data.load();
    let before = committed(&files.commit(&[alone(set("a", 0, "{}"))])[0]);
    files.close().unwrap();
    let (_files, loaded) = data.load();
    assert_eq!(loaded.position.epoch, before.epoch);
    assert!(loaded.position.sequence >= before.sequence);
}

/// A close leaves a segment that says so. The next opener's first segment makes it count for nothing; once that was cut,
/// the two that were left had a gap between them, and no load went well any more.
#[test]
fn after_a_close_and_a_checkpoint_a_kill_leaves_a_journal_without_a_gap() {
    let data = Data::new();
    let (mut files, _) = data.load();
    write(&mut files, set("a", 0, "{}"));
    files.close().unwrap();
    let mut files = busy(&data);
    let keeper = files.keeper().unwrap();
    for revision in 1..4 {
        write(&mut files, set("a", revision, "{}"));
        keeper.tend().unwrap();
    }
    drop(keeper);
    files.abandon();
    assert_eq!(told(&data.load().1), [pair("a", "{\"_rev\":3}")]);
}

#[test]
fn after_a_kill_a_placed_file_edited_by_hand_counts() {
    let data = Data::new();
    let (mut files, _) = data.load();
    for revision in 0..3 {
        write(&mut files, set("edited", revision, "{}"));
        write(&mut files, set("removed", revision, "{}"));
        write(&mut files, set("put back", revision, "{}"));
    }
    // Tells the journal that the ones before are in their place.
    write(&mut files, set("last", 0, "{}"));
    files.abandon();
    data.put("edited.json", "{\"_rev\":2,\"by\":\"hand\"}");
    data.put("put%20back.json", "{\"_rev\":0}");
    fs::remove_file(data.path("removed.json")).unwrap();
    let (_files, loaded) = data.load();
    let expected = [
        pair("edited", "{\"_rev\":2,\"by\":\"hand\"}"),
        pair("last", "{\"_rev\":0}"),
        pair("put back", "{\"_rev\":0}"),
    ];
    assert_eq!(told(&loaded), expected);
    assert!(reasons(&loaded).is_empty());
}

#[test]
fn after_a_kill_the_last_commit_counts_unless_its_file_was_edited() {
    let data = Data::new();
    let (mut files, _) = data.load();
    write(&mut files, set("a", 0, "{}"));
    let old = data.text("a.json");
    for (text, expected) in [(old.as_str(), "{\"_rev\":1}"), ("{\"by\":\"hand\"}", "{\"_rev\":0,\"by\":\"hand\"}")] {
        write(&mut files, set("a", 1, "{}"));
        files.abandon();
        // As if it had been killed before the file was placed; and as if somebody had edited it.
        data.put("a.json", text);
        let loaded = files.load().unwrap();
        assert_eq!(told(&loaded), [pair("a", expected)]);
    }
}

#[test]
fn with_background_files_a_kill_loses_nothing_and_an_edit_made_then_is_kept_aside() {
    let data = Data::new();
    let (mut files, _) = load(placing_later(&data));
    write(&mut files, set("a", 0, "{}"));
    files.keeper().unwrap().flush().unwrap();
    write(&mut files, set("a", 1, "{}"));
    write(&mut files, set("b", 0, "{}"));
    write(&mut files, delete("b"));
    write(&mut files, set("b", 0, "{\"life\":2}"));
    assert_eq!((data.text("a.json").as_str(), data.exists("b.json")), ("{\n    \"_rev\": 0\n}\n", false));
    files.abandon();
    data.put("a.json", "{\"_rev\":0,\"by\":\"hand\"}");
    let (mut files, loaded) = load(placing_later(&data));
    assert_eq!(told(&loaded), [pair("a", "{\"_rev\":1}"), pair("b", "{\"_rev\":0,\"life\":2}")]);
    assert_eq!((loaded.findings.recovered, reasons(&loaded)), (2, vec!["a.json"]));
    assert_eq!(data.text(".datastore/quarantine/0001/a.json"), "{\"_rev\":0,\"by\":\"hand\"}");
    assert!(data.exists("b.json"), "the file was made");
    files.abandon();
    assert_eq!(load(placing_later(&data)).1.findings.recovered, 0);
}

#[test]
fn after_a_power_cut_the_journal_counts_and_what_it_does_not_know_is_kept_aside() {
    let disk = Simulated::new();
    let (mut files, _) = on(&disk, Placing::Eager);
    for name in ["edited", "older", "missing", "torn", "deleted"] {
        write(&mut files, set(name, 0, "{}"));
        write(&mut files, set(name, 1, "{}"));
    }
    write(&mut files, delete("deleted"));
    files.keeper().unwrap().flush().unwrap();
    let cut = disk.states_after_cut(1, 0).next().unwrap();
    cut.put("edited.json", b"{\"_rev\":1,\"by\":\"hand\"}");
    cut.put("older.json", b"{\"_rev\":0}");
    cut.put("torn.json", b"{\"_rev\":1\0\0");
    cut.put("deleted.json", b"{\"_rev\":1}");
    let (_files, loaded) = on(&cut, Placing::Eager);
    let expected = ["edited", "missing", "older", "torn"].map(|name| pair(name, "{\"_rev\":1}"));
    assert_eq!(told(&loaded), expected);
    assert_eq!(reasons(&loaded), ["edited.json"]);
    assert_eq!(cut.get(".datastore/quarantine/0001/edited.json").unwrap(), b"{\"_rev\":1,\"by\":\"hand\"}");
    assert_eq!(cut.get("deleted.json"), None);
}

#[test]
fn after_a_power_cut_a_torn_file_nobody_knows_of_is_put_aside_and_a_damaged_one_refused() {
    let disk = Simulated::new();
    let (mut files, _) = on(&disk, Placing::Eager);
    write(&mut files, set("a", 0, "{}"));
    files.keeper().unwrap().flush().unwrap();
    let torn = ["", "{\"n\":", "{\"n\":{}", "\0\0\0", "{\"n\":-", "{\"n\":1.", "{\"n\":1e", "{\"n\":1e-"];
    let damaged = ["{\"n\":no}", "[]", "not even -", "{\"n\":-}"];
    for (content, is_torn) in
        torn.map(|content| (content, true)).into_iter().chain(damaged.map(|content| (content, false)))
    {
        let cut = disk.states_after_cut(1, 0).next().unwrap();
        cut.put("b.json", content.as_bytes());
        let mut files = history::open(&cut, Placing::Eager, Pace::Calm);
        if is_torn {
            let loaded = files.load().unwrap();
            assert_eq!((told(&loaded).len(), reasons(&loaded)), (1, vec!["b.json"]), "{content:?}");
        } else {
            assert_eq!(files.load().unwrap_err().code(), "CORRUPT", "{content:?}");
        }
    }
    // After a close nothing can have been torn by us.
    files.close().unwrap();
    let cut = disk.states_after_cut(1, 0).next().unwrap();
    cut.put("b.json", b"");
    assert_eq!(history::open(&cut, Placing::Eager, Pace::Calm).load().unwrap_err().code(), "CORRUPT");
}

#[test]
fn a_torn_file_is_restored_from_the_oldest_version_that_was_displaced_since_the_checkpoint() {
    let disk = Simulated::new();
    let (mut files, _) = on(&disk, Placing::Eager);
    write(&mut files, set("a", 0, "{}"));
    files.close().unwrap();
    files.load().unwrap();
    for revision in 1..4 {
        write(&mut files, set("a", revision, "{}"));
    }
    // Names survived, bytes did not: neither those of the journal nor those of the file.
    let cut = disk
        .states_after_cut(1, 0)
        .find(|cut| cut.get("a.json").is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0)));
    let (_files, loaded) = on(&cut.expect("such a state"), Placing::Eager);
    assert_eq!(told(&loaded), [pair("a", "{\"_rev\":0}")]);
}

#[test]
fn a_recovery_never_writes_over_what_it_restores_from() {
    let disk = Simulated::new();
    let (mut files, _) = on(&disk, Placing::Eager);
    write(&mut files, set("a", 0, "{}"));
    files.close().unwrap();
    files.load().unwrap();
    // Of this commit the journal knows nothing after the cut, but the displaced file has its sequence.
    write(&mut files, set("a", 1, "{}"));
    let is_blank = |bytes: Vec<u8>| bytes.iter().all(|byte| *byte == 0);
    let cut = disk.states_after_cut(1, 0).find(|cut| cut.get("a.json").is_some_and(is_blank)).expect("such a state");
    let calls = {
        let whole = cut.crash();
        drop(on(&whole, Placing::Eager));
        whole.calls()
    };
    for stop in 1..=calls {
        let stopped = cut.crash();
        stopped.stop_at(stop);
        let _ = history::open(&stopped, Placing::Eager, Pace::Calm).load();
        for again in stopped.states_after_cut(1, 0) {
            let (_files, loaded) = on(&again, Placing::Eager);
            assert_eq!(told(&loaded), [pair("a", "{\"_rev\":0}")], "cut at {stop}\n{}", again.log());
        }
    }
}

#[test]
fn a_checkpoint_cuts_the_journal_and_leaves_what_is_not_in_place() {
    let data = Data::new();
    let mut files = busy(&data);
    let keeper = files.keeper().unwrap();
    for revision in 0..20 {
        write(&mut files, set("a", revision, "{}"));
        keeper.tend().unwrap();
    }
    assert!(data.names(".datastore/journal").len() <= 2, "{:?}", data.names(".datastore/journal"));
    assert!(keeper.stats().journal_bytes < 1_000);
    files.abandon();
    assert_eq!(data.documents(), [pair("a", "{\"_rev\":19}")]);
}

#[test]
fn displaced_files_are_written_again() {
    let data = Data::new();
    let mut files = busy(&data);
    write(&mut files, set("a", 0, "{\"long\":\"0123456789\"}"));
    let first = fs::metadata(data.path("a.json")).unwrap().ino();
    write(&mut files, set("a", 1, "{}"));
    files.keeper().unwrap().tend().unwrap();
    write(&mut files, set("b", 0, "{}"));
    assert_eq!(fs::metadata(data.path("b.json")).unwrap().ino(), first);
    assert_eq!(data.text("b.json"), "{\n    \"_rev\": 0\n}\n");
}

#[test]
fn a_file_with_a_second_name_is_never_written_again() {
    let data = Data::new();
    let mut files = busy(&data);
    write(&mut files, set("a", 0, "{}"));
    fs::hard_link(data.path("a.json"), data.path("backup")).unwrap();
    write(&mut files, set("a", 1, "{}"));
    files.keeper().unwrap().tend().unwrap();
    write(&mut files, set("b", 0, "{\"other\":true}"));
    assert_eq!(data.text("backup"), "{\n    \"_rev\": 0\n}\n");
}

#[test]
fn what_stands_in_a_new_documents_place_is_kept_aside() {
    let data = Data::new();
    let (mut files, _) = data.load();
    data.put("a.json", "{\"from\":\"somebody\"}");
    write(&mut files, set("a", 0, "{}"));
    assert_eq!(data.text("a.json"), "{\n    \"_rev\": 0\n}\n");
    assert_eq!(data.text(".datastore/quarantine/0001/a.json"), "{\"from\":\"somebody\"}");
}

#[test]
fn a_group_whose_second_file_cannot_be_placed_is_taken_back_for_good() {
    let data = Data::new();
    let (mut files, _) = data.load();
    write(&mut files, set("a", 0, "{}"));
    fs::create_dir(data.path("b.json")).unwrap();
    let group = together(vec![set("a", 1, "{}"), set("c", 0, "{}"), set("b", 0, "{}")]);
    let Some(Outcome::Failed(error)) = files.commit(&[group]).pop() else { panic!("stored") };
    assert_eq!((error.code(), error.context().key.as_deref()), ("EISDIR", Some("b")));
    assert_eq!((data.text("a.json").as_str(), data.exists("c.json")), ("{\n    \"_rev\": 0\n}\n", false));
    fs::remove_dir(data.path("b.json")).unwrap();
    files.abandon();
    assert_eq!(data.documents(), [pair("a", "{\"_rev\":0}")]);
}

#[test]
fn a_journal_that_was_damaged_below_its_sync_mark_refuses_the_load() {
    let data = Data::new();
    let (mut files, _) = data.load();
    let keeper = files.keeper().unwrap();
    for revision in 0..3 {
        write(&mut files, set("a", revision, "{}"));
        keeper.flush().unwrap();
    }
    files.abandon();
    let segment = format!(".datastore/journal/{}", data.names(".datastore/journal")[0]);
    let damaged = data.text(&segment).replacen("\"s\":1,", "\"s\":9,", 1);
    data.put(&segment, damaged);
    let error = data.files().load().unwrap_err();
    assert_eq!((error.code(), error.context().files[0].file.as_str()), ("CORRUPT", segment.as_str()));
}

#[test]
fn an_unsynced_end_with_whole_commits_behind_a_hole_is_kept_aside() {
    let data = Data::new();
    let (mut files, _) = load(placing_later(&data));
    for revision in 0..3 {
        write(&mut files, set("a", revision, "{}"));
    }
    files.abandon();
    let segment = format!(".datastore/journal/{}", data.names(".datastore/journal")[0]);
    data.put(&segment, data.text(&segment).replacen("\"s\":2,", "\"s\":9,", 1));
    let (_files, loaded) = data.load();
    assert_eq!(told(&loaded), [pair("a", "{\"_rev\":0}")]);
    assert_eq!(reasons(&loaded), [segment.as_str()]);
    assert!(data.exists(".datastore/quarantine/0001/journal/00000001.jsonl"));
}

#[test]
fn the_original_form_of_a_name_is_recovered_too() {
    let data = Data::with(&[("CON.json", "{\"_rev\":1}")]);
    let (mut files, _) = load(placing_later(&data));
    write(&mut files, set("CON", 2, "{}"));
    files.abandon();
    let (_files, loaded) = data.load();
    assert_eq!(text(&loaded, "CON").as_deref(), Some("{\"_rev\":2}"));
    assert_eq!(data.names(""), ["%43ON.json"]);
}
