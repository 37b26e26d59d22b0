//! What a write leaves in the directory, and what a failed one does not.

use super::super::collision::Names;
use super::super::layout;
use super::*;
use crate::storage::conformance::{delete, set, together};

#[test]
fn a_file_is_pretty_with_the_revision_first() {
    let data = Data::new();
    let (mut files, _) = data.load();
    write(&mut files, set("user:123", 2, "{\"name\":\"John\",\"tags\":[\"a\",{}],\"none\":[]}"));
    let expected = "{\n    \"_rev\": 2,\n    \"name\": \"John\",\n    \"tags\": [\n        \"a\",\n        {}\n    ],\n    \
                    \"none\": []\n}\n";
    assert_eq!(data.text("user%3A123.json"), expected);
    assert_eq!(data.names(""), ["user%3A123.json"]);
    assert!(data.names(".datastore/tmp").is_empty());
}

#[test]
fn the_originals_form_is_replaced_at_the_first_write() {
    let data = Data::with(&[("CON.json", "{\"_rev\":1}"), ("star*star.json", "{\"_rev\":2}")]);
    let (mut files, loaded) = data.load();
    assert_eq!(told(&loaded), [pair("CON", "{\"_rev\":1}"), pair("star*star", "{\"_rev\":2}")]);
    write(&mut files, set("star*star", 3, "{}"));
    assert_eq!(data.names(""), ["CON.json", "star%2Astar.json"]);
    write(&mut files, set("CON", 2, "{}"));
    assert_eq!(data.names(""), ["%43ON.json", "star%2Astar.json"]);
    drop(files);
    assert_eq!(data.documents(), [pair("CON", "{\"_rev\":2}"), pair("star*star", "{\"_rev\":3}")]);
}

#[test]
fn a_document_in_the_originals_form_is_deleted_for_good() {
    let data = Data::with(&[("CON.json", "{}"), ("a*b.json", "{}")]);
    let (mut files, _) = data.load();
    write(&mut files, delete("CON"));
    write(&mut files, set("a*b", 1, "{}"));
    write(&mut files, delete("a*b"));
    assert!(data.names("").is_empty());
}

#[test]
fn a_write_counts_once_our_file_stands_whatever_becomes_of_the_originals() {
    let data = Data::with(&[("CON.json", "{\"_rev\":1}")]);
    let (mut files, _) = data.load();
    // A directory is what `unlink` refuses, even for root.
    fs::remove_file(data.path("CON.json")).unwrap();
    fs::create_dir(data.path("CON.json")).unwrap();
    write(&mut files, set("CON", 2, "{}"));
    assert_eq!(refused(&mut files, delete("CON")).context().path, Some(data.path("CON.json")));
    assert!(data.exists("%43ON.json"), "a deletion that failed removed the document");
    fs::remove_dir(data.path("CON.json")).unwrap();
    write(&mut files, delete("CON"));
    assert!(data.names("").is_empty());
}

#[test]
fn deleting_a_long_name_removes_the_folders_that_it_leaves_empty() {
    let data = Data::new();
    let (mut files, _) = data.load();
    let (long, longer) = ("a".repeat(300), "a".repeat(900));
    write(&mut files, set(&long, 0, "{}"));
    write(&mut files, set(&longer, 0, "{}"));
    let folder = format!("{}%", "a".repeat(239));
    assert_eq!(data.names(""), [folder.as_str()]);
    write(&mut files, delete(&longer));
    assert_eq!(data.names(&folder), [format!("{}.json", "a".repeat(61))]);
    write(&mut files, delete(&long));
    assert!(data.names("").is_empty());
}

#[test]
fn a_failed_write_leaves_no_trace_and_the_next_one_works() {
    let data = Data::new();
    let (mut files, _) = data.load();
    write(&mut files, set("a", 0, "{\"old\":true}"));
    let old = data.text("a.json");
    // Over a directory that is not empty nothing can be renamed.
    data.put("b.json/inside", "");
    let error = refused(&mut files, set("b", 0, "{}"));
    assert_eq!((error.code(), error.context().syscall), ("EISDIR", Some("rename")));
    assert_eq!(error.context().key.as_deref(), Some("b"));
    assert!(data.names(".datastore/tmp").is_empty());
    // A folder where the temporary file should be: not even written. The group that failed took two sequences.
    let next = layout::displaced(&Key::new("a").unwrap(), 4);
    fs::create_dir(data.path(&next)).unwrap();
    assert_eq!(refused(&mut files, set("a", 1, "{}")).code(), "EISDIR");
    assert_eq!(data.text("a.json"), old);
    fs::remove_dir(data.path(&next)).unwrap();
    write(&mut files, set("a", 1, "{}"));
    assert_eq!(data.text("a.json"), "{\n    \"_rev\": 1\n}\n");
}

#[test]
fn a_failing_group_fails_alone() {
    let data = Data::new();
    let (mut files, _) = data.load();
    fs::create_dir(data.path("b.json")).unwrap();
    let outcomes = files.commit(&["a", "b", "c"].map(|key| alone(set(key, 0, "{}"))));
    assert!(matches!(outcomes[1], Outcome::Failed(_)));
    assert!(committed(&outcomes[2]).sequence > committed(&outcomes[0]).sequence);
    assert!(data.exists("a.json") && data.exists("c.json"));
}

#[test]
fn a_deletion_that_is_taken_back_makes_the_folder_again_that_it_left_empty() {
    let data = Data::new();
    let (mut files, _) = data.load();
    let long = "a".repeat(300);
    write(&mut files, set(&long, 0, "{}"));
    fs::create_dir(data.path("b.json")).unwrap();
    let group = together(vec![delete(&long), set("b", 0, "{}")]);
    let Some(Outcome::Failed(error)) = files.commit(&[group]).pop() else { panic!("stored") };
    assert_eq!((error.code(), error.context().key.as_deref()), ("EISDIR", Some("b")));
    drop(files);
    assert_eq!(data.documents(), [pair(&long, "{\"_rev\":0}")]);
}

#[test]
fn a_file_that_somebody_removed_is_deleted_already() {
    let data = Data::new();
    let (mut files, _) = data.load();
    write(&mut files, set("a", 0, "{}"));
    fs::remove_file(data.path("a.json")).unwrap();
    write(&mut files, delete("a"));
}

fn ignoring_case(data: &Data) -> Opened {
    let mut files = data.files();
    files.probe = |_| Ok(Names::ignoring_case());
    load(files).0
}

#[test]
fn where_case_is_ignored_a_second_key_is_refused() {
    let data = Data::new();
    let mut files = ignoring_case(&data);
    write(&mut files, set("user", 0, "{}"));
    let error = refused(&mut files, set("USER", 0, "{}"));
    assert_eq!((error.code(), error.context().key.as_deref()), ("KEY_COLLISION", Some("USER")));
    assert_eq!(data.names(""), ["user.json"]);
    write(&mut files, delete("user"));
    write(&mut files, set("USER", 0, "{}"));
    assert_eq!(data.names(""), ["USER.json"]);
}

#[test]
fn where_case_is_ignored_a_file_that_is_no_document_is_left_alone() {
    let data = Data::with(&[("USER%3A1.JSON", "not ours"), ("b.json", "{}"), ("B.JSON", "")]);
    let mut files = ignoring_case(&data);
    for entry in [set("user:1", 0, "{}"), set("USER:1", 0, "{}")] {
        assert_eq!(refused(&mut files, entry).code(), "KEY_COLLISION");
    }
    // There it would be found, and removed, under this name too.
    data.put("user%3A1.json", "");
    write(&mut files, delete("user:1"));
    assert_eq!(refused(&mut files, set("user:1", 0, "{}")).code(), "KEY_COLLISION");
    write(&mut files, set("b", 1, "{}"));
    assert_eq!(data.names(""), ["B.JSON", "USER%3A1.JSON", "b.json", "user%3A1.json"]);
    assert_eq!(data.text("USER%3A1.JSON"), "not ours");
}

#[test]
fn a_write_that_failed_does_not_keep_the_name() {
    let data = Data::new();
    let mut files = ignoring_case(&data);
    fs::create_dir(data.path("USER.json")).unwrap();
    assert_eq!(refused(&mut files, set("USER", 0, "{}")).code(), "EISDIR");
    write(&mut files, set("user", 0, "{}"));
    assert_eq!(refused(&mut files, set("USER", 0, "{}")).code(), "KEY_COLLISION");
}

#[test]
fn deleting_the_originals_form_spares_the_file_of_another_key() {
    // Where case is ignored, `%43ON.json`, ours of the key `CON`, is the file of the key `Con`.
    let data = Data::with(&[("CON.json", "{}"), ("%43on.json", "{}")]);
    let mut files = ignoring_case(&data);
    assert_eq!(refused(&mut files, set("CON", 1, "{}")).code(), "KEY_COLLISION");
    // There it would be found under this name too.
    data.put("%43ON.json", "{}");
    write(&mut files, delete("CON"));
    assert_eq!(data.names(""), ["%43ON.json", "%43on.json"]);
    assert_eq!(refused(&mut files, set("CON", 0, "{}")).code(), "KEY_COLLISION");
    write(&mut files, delete("Con"));
    write(&mut files, set("CON", 0, "{}"));
}
