//! What a load reads, ignores, refuses and moves away.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{ffi, fs, thread};

use rustix::fs::{CWD, Mode, mkfifoat};

use super::super::collision::Names;
use super::*;
use crate::error::BadFile;
use crate::storage::conformance::{code, key, set};

fn bad_names(files: &[BadFile]) -> Vec<&str> {
    files.iter().map(|bad| bad.file.as_str()).collect()
}

#[test]
fn files_of_the_original_load_however_they_are_laid_out() {
    let data = Data::with(&[
        ("compact.json", "{\"_rev\":3,\"n\":1}"),
        ("last.json", "{ \"n\": 1E400,\n \"_rev\": 4 }"),
        ("missing.json", "{\"n\":1}"),
        ("bom.json", "\u{feff}{\"_rev\":5}"),
        ("empty%20object.json", "{}\n"),
    ]);
    let expected = [
        pair("bom", "{\"_rev\":5}"),
        pair("compact", "{\"_rev\":3,\"n\":1}"),
        pair("empty object", "{\"_rev\":0}"),
        pair("last", "{\"_rev\":4,\"n\":1E400}"),
        pair("missing", "{\"_rev\":0,\"n\":1}"),
    ];
    assert_eq!(data.documents(), expected);
}

#[test]
fn a_load_changes_no_document_file() {
    let data = Data::with(&[("a.json", "{\"_rev\":3}"), ("CON.json", "{}"), ("star*star.json", "{ }")]);
    drop(data.load());
    assert_eq!(data.names(""), ["CON.json", "a.json", "star*star.json"]);
    assert_eq!(data.text("star*star.json"), "{ }");
}

#[test]
fn whatever_is_no_document_is_ignored_and_told() {
    let data = Data::with(&[
        ("README.md", "hello"),
        ("a%3a.json", "{}"),
        ("a b.json", "{}"),
        (".json", "{}"),
        ("a.json.bak", "{}"),
        ("A.JSON", "{}"),
        ("folder/b.json", "{}"),
        ("target", "{}"),
    ]);
    fs::create_dir(data.path("directory.json")).unwrap();
    symlink(data.path("target"), data.path("symlink.json")).unwrap();
    symlink(data.path("folder"), data.path("linked%")).unwrap();
    mkfifoat(CWD, data.path("fifo.json"), Mode::RUSR | Mode::WUSR).unwrap();
    fs::write(data.path("").join(ffi::OsStr::from_bytes(b"\xFF.json")), "{}").unwrap();
    let (_files, loaded) = data.load();
    assert!(loaded.documents.is_empty());
    let expected = [
        ".json",
        "A.JSON",
        "README.md",
        "a b.json",
        "a%3a.json",
        "a.json.bak",
        "directory.json",
        "fifo.json",
        "folder",
        "linked%",
        "symlink.json",
        "target",
        "\u{FFFD}.json",
    ];
    assert_eq!(loaded.findings.ignored, expected);
}

#[test]
fn folders_of_cut_names_are_entered_and_strays_in_them_ignored() {
    let long = "a".repeat(300);
    let data = Data::new();
    let (mut files, _) = data.load();
    write(&mut files, set(&long, 0, "{}"));
    drop(files);
    let folder = format!("{}%", "a".repeat(239));
    data.put(&format!("{folder}/stray.json"), "{}");
    data.put(&format!("{folder}/.DS_Store"), "");
    data.put("short%/b.json", "{}");
    let (_files, loaded) = data.load();
    assert_eq!(told(&loaded), [pair(&long, "{\"_rev\":0}")]);
    let stray = |name: &str| format!("{folder}/{name}");
    assert_eq!(loaded.findings.ignored, [stray(".DS_Store"), stray("stray.json"), "short%/b.json".to_owned()]);
}

#[test]
fn every_bad_file_is_named_and_none_touched() {
    let bad = [
        ("array.json", "[]"),
        ("empty.json", ""),
        ("nul.json", "\0\0\0\0"),
        ("revision.json", "{\"_rev\":-1}"),
        ("text.json", "no JSON"),
        ("torn.json", "{\"_rev\":1,\"n\":"),
    ];
    let data = Data::with(&bad);
    data.put("good.json", "{}");
    data.put("latin.json", b"{\"a\":\"\xE9\"}");
    let error = data.files().load().unwrap_err();
    assert_eq!(error.code(), "CORRUPT");
    let mut expected: Vec<_> = bad.iter().map(|(name, _)| *name).chain(["latin.json"]).collect();
    expected.sort_unstable();
    assert_eq!(bad_names(&error.context().files), expected);
    assert_eq!(data.names("").len(), 8);
    assert!(!data.exists(".datastore/quarantine"));
}

#[test]
fn a_load_that_failed_gives_the_lock_back_and_can_be_repeated() {
    let data = Data::with(&[("a.json", ""), ("b.json", "{}")]);
    let mut files = data.files();
    assert_eq!(code(files.load()), "CORRUPT");
    assert_eq!(code(data.files().load()), "CORRUPT");
    data.put("a.json", "{\"_rev\":1}");
    let loaded = files.load().unwrap();
    assert_eq!(loaded.documents.len(), 2);
    assert_eq!(code(data.files().load()), "LOCKED");
}

#[test]
fn quarantine_moves_every_bad_file_and_overwrites_none() {
    let data = Data::new();
    for round in ["0001", "0002"] {
        data.put("a.json", format!("bad in {round}"));
        data.put("b.json", "{\"_rev\":2}");
        data.put("c.json", "");
        let (_files, loaded) = load(data.quarantining());
        assert_eq!(told(&loaded), [pair("b", "{\"_rev\":2}")]);
        assert_eq!(bad_names(&loaded.findings.quarantined), ["a.json", "c.json"]);
        assert_eq!(data.names(""), ["b.json"]);
        assert_eq!(data.names(&format!(".datastore/quarantine/{round}")), ["a.json", "c.json"]);
    }
    assert_eq!(data.text(".datastore/quarantine/0001/a.json"), "bad in 0001");
    assert!(data.load().1.findings.quarantined.is_empty());
}

#[test]
fn a_bad_file_in_a_folder_keeps_its_path_in_quarantine() {
    let long = format!("{}%/{}.json", "a".repeat(239), "a".repeat(61));
    let data = Data::with(&[(&long, "bad")]);
    let (_files, loaded) = load(data.quarantining());
    assert_eq!(bad_names(&loaded.findings.quarantined), [&long]);
    assert_eq!(data.text(&format!(".datastore/quarantine/0001/{long}")), "bad");
}

#[test]
fn a_file_that_cannot_be_quarantined_stays_and_the_load_fails() {
    let data = Data::with(&[("a.json", "bad"), (".datastore/quarantine", "a file where the folder should be")]);
    let mut files = data.quarantining();
    assert_eq!(code(files.load()), "EEXIST");
    assert_eq!(data.text("a.json"), "bad");
    fs::remove_file(data.path(".datastore/quarantine")).unwrap();
    assert_eq!(files.load().unwrap().findings.quarantined.len(), 1);
}

#[test]
fn where_both_forms_stand_ours_counts_and_the_other_is_quarantined() {
    let data = Data::with(&[("CON.json", "{\"_rev\":9}"), ("%43ON.json", "{\"_rev\":1}"), ("a.json", "{}")]);
    let (_files, loaded) = data.load();
    assert_eq!(told(&loaded), [pair("CON", "{\"_rev\":1}"), pair("a", "{\"_rev\":0}")]);
    assert_eq!(bad_names(&loaded.findings.quarantined), ["CON.json"]);
    assert_eq!(data.names(""), ["%43ON.json", "a.json"]);
    assert_eq!(data.text(".datastore/quarantine/0001/CON.json"), "{\"_rev\":9}");
}

#[test]
fn where_ours_is_bad_the_originals_counts_again() {
    // A power cut just after a first write leaves ours empty and the original's removal undone.
    let data = Data::with(&[("CON.json", "{\"_rev\":9}"), ("%43ON.json", ""), ("AUX.json", ""), ("%41UX.json", "")]);
    data.put("a.json", "{}");
    assert_eq!(bad_names(&data.files().load().unwrap_err().context().files), ["%41UX.json", "%43ON.json", "AUX.json"]);
    let (mut files, loaded) = load(data.quarantining());
    assert_eq!(told(&loaded), [pair("CON", "{\"_rev\":9}"), pair("a", "{\"_rev\":0}")]);
    assert_eq!(bad_names(&loaded.findings.quarantined), ["%41UX.json", "%43ON.json", "AUX.json"]);
    write(&mut files, set("CON", 10, "{}"));
    drop(files);
    assert_eq!(data.names(""), ["%43ON.json", "a.json"]);
    assert_eq!(data.documents()[0], pair("CON", "{\"_rev\":10}"));
}

#[test]
fn what_a_crash_left_in_tmp_is_removed() {
    let data = Data::with(&[(".datastore/tmp/next", "{\"_rev\":"), (".datastore/tmp/older", "")]);
    drop(data.load());
    assert!(data.names(".datastore/tmp").is_empty());
    assert!(data.names("").is_empty());
}

#[test]
fn of_many_files_in_tmp_none_is_kept_under_a_name_that_a_commit_will_use() {
    let data = Data::with(&[("a.json", "{}"), ("b.json", "{}")]);
    for key in 0..1_500 {
        data.put(&format!(".datastore/tmp/{key:016x}-2"), "{}");
        // The commit to come is the fourth.
        data.put(&format!(".datastore/tmp/{key:016x}-3"), "{}");
        data.put(&format!(".datastore/tmp/next-{key:x}"), "{}");
    }
    let (_files, _) = data.load();
    let left = data.names(".datastore/tmp");
    assert!(!left.is_empty());
    assert!(left.iter().all(|name| name.ends_with("-2") || name.ends_with("-3")), "{left:?}");
}

#[test]
fn a_folder_in_tmp_is_left_alone() {
    let data = Data::with(&[(".datastore/tmp/folder/inside", ""), (".datastore/tmp/next", "")]);
    let (mut files, _) = data.load();
    write(&mut files, set("a", 0, "{}"));
    assert_eq!(data.names(".datastore/tmp"), ["folder"]);
    assert!(data.exists(".datastore/tmp/folder/inside"));
}

#[test]
fn the_format_is_named_and_checked() {
    let data = Data::new();
    drop(data.load());
    assert_eq!(data.text(".datastore/format.json"), "{ \"format\": \"kixx-datastore\", \"version\": 1 }\n");
    for (content, expected) in [
        ("{ \"format\": \"kixx-datastore\", \"version\": 3 }", "UNSUPPORTED"),
        ("", "CORRUPT"),
        ("{}", "CORRUPT"),
        ("{\"version\":0}", "UNSUPPORTED"),
        ("{\"version\":\"1\"}", "CORRUPT"),
    ] {
        data.put(".datastore/format.json", content);
        assert_eq!(code(data.files().load()), expected, "{content}");
        assert_eq!(data.text(".datastore/format.json"), content);
    }
    data.put(".datastore/format.json", "{\"version\":1}");
    drop(data.load());
}

#[test]
fn a_data_directory_that_is_a_file_is_the_systems_error() {
    let data = Data::with(&[("file", "")]);
    let error = Files::new(data.path("file"), Options::default()).load().unwrap_err();
    assert_eq!(error.code(), "EEXIST");
    assert_eq!(error.context().path, Some(data.path("file")));
}

#[test]
fn a_missing_directory_is_made_with_its_parents() {
    let data = Data::new();
    let (mut files, _) = load(Files::new(data.path("a/b/c"), Options::default()));
    write(&mut files, set("a", 0, "{}"));
    assert!(data.exists("a/b/c/a.json"));
}

#[test]
fn files_that_are_one_where_case_is_ignored_are_refused_at_load() {
    let data = Data::with(&[("user.json", "{}"), ("User.json", "{}")]);
    let mut files = data.files();
    files.probe = |_| Ok(Names::ignoring_case());
    let error = files.load().unwrap_err();
    assert_eq!(error.code(), "KEY_COLLISION");
    assert_eq!(error.context().key.as_deref(), Some(&*key("user").to_text()));
}

/// How many descriptors of this process are open on files below the directory.
#[cfg(target_os = "linux")]
fn open_below(data: &Data) -> usize {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap();
    let targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(data.directory.path())).count()
}

#[cfg(target_os = "linux")]
#[test]
fn loading_many_files_needs_few_descriptors() {
    const FILES: usize = 5_000;
    // The directory, the lock, a listing, and one file for each of at most eight threads.
    const MOST: usize = 11;
    let data = Data::new();
    for number in 0..FILES {
        fs::write(data.path(&format!("{number}.json")), "{}").unwrap();
    }
    let done = AtomicBool::new(false);
    let most = thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::Acquire) {
                most = most.max(open_below(&data));
            }
            most
        });
        let (_files, loaded) = data.load();
        done.store(true, Ordering::Release);
        assert_eq!(loaded.documents.len(), FILES);
        watcher.join().unwrap()
    });
    assert!(most <= MOST, "{most} descriptors");
    assert_eq!(open_below(&data), 0);
}
