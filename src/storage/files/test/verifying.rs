//! What a check of a directory finds, and that it leaves everything as it was; what a load can move out of the way.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::super::verify::{Verdict, verify};
use super::*;
use crate::storage::Watcher;
use crate::storage::conformance::set;

fn check(data: &Data) -> Verdict {
    verify(data.directory.path(), &Watcher::default()).unwrap()
}

fn problems(data: &Data) -> Vec<String> {
    check(data).problems.into_iter().map(|bad| bad.file).collect()
}

/// Every file below a folder with its bytes, every folder with none.
fn everything(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(everything(&path));
        }
        all.insert(path.display().to_string(), fs::read(&path).unwrap_or_default());
    }
    all
}

/// A store that was killed with a damaged journal, `a` at revision 2. Tells the segment.
fn damaged() -> (Data, String) {
    let data = Data::new();
    let (mut files, _) = data.load();
    let keeper = files.keeper().unwrap();
    for revision in 0..3 {
        write(&mut files, set("a", revision, "{}"));
        keeper.flush().unwrap();
    }
    files.abandon();
    let segment = format!(".datastore/journal/{}", data.names(".datastore/journal")[0]);
    data.put(&segment, data.text(&segment).replacen("\"s\":1,", "\"s\":9,", 1));
    (data, segment)
}

#[test]
fn a_directory_in_order_has_no_problems_whoever_wrote_it() {
    let data = Data::with(&[("a.json", "{\"n\":1}"), ("star*.json", "{}"), ("README.md", "")]);
    let verdict = check(&data);
    assert_eq!((verdict.documents, verdict.is_open, verdict.recoverable), (2, false, 0));
    assert!(verdict.problems.is_empty());
    assert_eq!(verdict.ignored, ["README.md"]);
    assert!(!data.exists(".datastore"), "a check makes nothing");
}

#[test]
fn every_kind_of_problem_is_told_and_nothing_is_changed() {
    let data = Data::with(&[("good.json", "{}"), ("star%2A.json", "{}")]);
    data.load().0.close().unwrap();
    for (name, content) in [
        ("bad.json", "{"),
        ("rev.json", "{\"_rev\":-1}"),
        ("mis:spelt.json", "{}"),
        ("star*.json", "{}"),
        (".datastore/format.json", "{}"),
        (".datastore/views.json", "x"),
        (".datastore/failed", ""),
    ] {
        data.put(name, content);
    }
    fs::create_dir(data.path("folder.json")).unwrap();
    let before = everything(data.directory.path());
    let expected = [
        ".datastore/failed",
        ".datastore/format.json",
        ".datastore/views.json",
        "bad.json",
        "folder.json",
        "mis:spelt.json",
        "rev.json",
        "star*.json",
    ];
    assert_eq!(problems(&data), expected);
    assert_eq!(check(&data).documents, 2);
    assert_eq!(everything(data.directory.path()), before);
}

#[test]
fn beside_an_opener_the_files_are_checked_and_the_journal_is_not() {
    let (data, segment) = damaged();
    let text = data.text(&segment);
    fs::remove_dir_all(data.path(".datastore/journal")).unwrap();
    let (files, _) = data.load();
    data.put(&segment, text);
    data.put("bad.json", "{");
    let verdict = check(&data);
    assert_eq!((verdict.documents, verdict.is_open), (1, true));
    assert_eq!(verdict.problems.len(), 1);
    assert_eq!(verdict.problems[0].file, "bad.json");
    drop(files);
    assert_eq!(problems(&data), [segment.as_str(), "bad.json"]);
}

#[test]
fn documents_that_the_journal_has_and_the_files_have_not_are_no_problem() {
    let data = Data::new();
    let later = Options { placing: Placing::Background, ..Options::default() };
    let (mut files, _) = load(Files::new(data.directory.path().to_path_buf(), later));
    write(&mut files, set("a", 0, "{}"));
    files.abandon();
    assert!(!data.exists("a.json"));
    let before = everything(data.directory.path());
    let verdict = check(&data);
    assert_eq!((verdict.documents, verdict.recoverable), (0, 1));
    assert!(verdict.problems.is_empty());
    assert_eq!(everything(data.directory.path()), before);
}

#[test]
fn a_damaged_journal_is_salvaged_to_quarantine_with_what_belongs_to_it_and_the_files_count() {
    let (data, segment) = damaged();
    assert_eq!(problems(&data), [segment.as_str()]);
    let (text, displaced) = (data.text(&segment), data.names(".datastore/tmp"));
    for mut files in [data.files(), data.quarantining()] {
        assert_eq!(files.load().unwrap_err().code(), "CORRUPT");
    }
    let (mut files, loaded) = load(data.salvaging());
    assert_eq!(told(&loaded), [pair("a", "{\"_rev\":2}")]);
    let moved: Vec<&str> = loaded.findings.quarantined.iter().map(|bad| bad.file.as_str()).collect();
    assert_eq!(moved, [".datastore/tmp", ".datastore/journal"]);
    assert_eq!(data.text(&format!(".datastore/quarantine/0001/{segment}")), text);
    assert_eq!(data.names(".datastore/quarantine/0001/.datastore/tmp"), displaced);
    write(&mut files, set("a", 3, "{}"));
    files.abandon();
    assert_eq!(data.documents(), [pair("a", "{\"_rev\":3}")]);
    assert!(problems(&data).is_empty());
}

#[test]
fn a_damaged_format_is_salvaged_to_quarantine_and_is_written_anew() {
    let data = Data::with(&[("a.json", "{}")]);
    data.put(".datastore/format.json", "{");
    for mut files in [data.files(), data.quarantining()] {
        assert_eq!(files.load().unwrap_err().code(), "CORRUPT");
    }
    let (files, loaded) = load(data.salvaging());
    assert_eq!(loaded.documents.len(), 1);
    assert_eq!(loaded.findings.quarantined[0].file, ".datastore/format.json");
    drop(files);
    assert_eq!(data.text(".datastore/quarantine/0001/.datastore/format.json"), "{");
    assert_eq!(data.documents().len(), 1);
}
