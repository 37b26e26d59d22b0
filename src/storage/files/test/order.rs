//! The order of keys that a directory remembers.

use super::*;
use crate::collator::Collation;
use crate::storage::conformance::{code, set};

const GERMAN: &str = "{\"locale\":\"de\"}";
const FORMAT: &str = ".datastore/format.json";

fn open(data: &Data, collation: Option<&str>) -> Result<(Files, Loaded), Error> {
    let collation = collation.map(|text| Collation::parse(text).unwrap());
    let options = Options { collation, ..Options::default() };
    let mut files = Files::new(data.directory.path().to_path_buf(), options);
    files.load().map(|loaded| (files, loaded))
}

/// The locale that a fresh opener finds.
fn order(data: &Data, collation: Option<&str>) -> String {
    open(data, collation).unwrap().1.collation.text().to_owned()
}

#[test]
fn a_new_directory_remembers_what_its_first_opener_wants() {
    for wanted in [GERMAN, "\"codeUnit\""] {
        let data = Data::new();
        let first = order(&data, Some(wanted));
        for again in [None, Some(wanted), None] {
            assert_eq!(order(&data, again), first);
        }
    }
}

#[test]
fn a_directory_with_another_order_is_refused_and_left_as_it_was() {
    for (first, second) in [
        (Some(GERMAN), "\"codeUnit\""),
        (Some(GERMAN), "{\"locale\":\"sv\"}"),
        (Some(GERMAN), "{\"locale\":\"de\",\"numeric\":true}"),
        (Some("\"codeUnit\""), GERMAN),
        (None, GERMAN),
    ] {
        let data = Data::with(&[("a.json", "{}")]);
        drop(open(&data, first).unwrap());
        let before = data.text(FORMAT);
        assert_eq!(code(open(&data, Some(second))), "ASSERTION", "{first:?} {second}");
        assert_eq!(data.text(FORMAT), before);
        assert_eq!(open(&data, None).unwrap().1.documents.len(), 1);
    }
}

#[test]
fn a_version_that_knows_no_order_refuses_a_directory_that_has_one() {
    let data = Data::new();
    drop(open(&data, Some(GERMAN)).unwrap());
    let members = "\"locale\":\"de\",\"strength\":\"tertiary\",\"numeric\":false,\"caseFirst\":\"false\"";
    let expected = format!("{{ \"format\": \"kixx-datastore\", \"version\": 2, \"collation\": {{{members}}} }}\n");
    assert_eq!(data.text(FORMAT), expected);
}

#[test]
fn without_its_format_a_directory_takes_a_new_order() {
    let data = Data::new();
    drop(open(&data, Some(GERMAN)).unwrap());
    fs::remove_file(data.path(FORMAT)).unwrap();
    assert_eq!(order(&data, Some("\"codeUnit\"")), "\"codeUnit\"");
}

#[test]
fn an_order_that_nobody_knows_is_corrupt() {
    for collation in ["1", "\"upward\"", "{}", "{\"locale\":\"de\",\"strength\":\"strong\"}"] {
        let data = Data::new();
        drop(data.load());
        data.put(FORMAT, format!("{{\"version\":2,\"collation\":{collation}}}"));
        assert_eq!(code(open(&data, None)), "CORRUPT", "{collation}");
    }
}

#[test]
fn a_folder_of_ours_that_was_removed_remembers_again() {
    let data = Data::new();
    let (mut files, _) = open(&data, Some(GERMAN)).unwrap();
    fs::remove_dir_all(data.path(".datastore")).unwrap();
    committed(&files.commit(&[alone(set("a", 0, "{}"))])[0]);
    drop(files);
    assert!(order(&data, None).contains("\"de\""));
}
