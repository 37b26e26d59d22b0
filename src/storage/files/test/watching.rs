//! What is noticed of a real directory.

use std::collections::HashSet;
use std::fs;
use std::sync::Arc;
use std::thread;

use super::super::watch::Watch;
use super::Data;
use crate::disk::simulated::Simulated;
use crate::disk::{Disk, System};
use crate::key::Key;
use crate::key::file_name::canonical;
use crate::storage::conformance::{code, key};
use crate::storage::{Noticed, Notices};

fn watch(data: &Data) -> Watch {
    let disk: Arc<dyn Disk> = Arc::new(System::attach(data.directory.path()).unwrap());
    Watch::start(&disk).unwrap()
}

/// Waits until all of these were noticed; nothing else may be.
fn notices(watch: &Watch, expected: &[&Key]) {
    let mut left: HashSet<&Key> = expected.iter().copied().collect();
    while !left.is_empty() {
        let Noticed::Keys(keys) = watch.wait(None).unwrap().unwrap() else { panic!("lost") };
        for key in keys {
            assert!(expected.contains(&&key), "{key}");
            left.remove(&key);
        }
    }
}

#[test]
fn files_of_documents_are_noticed_in_folders_of_long_names_too_and_nothing_else_is() {
    let long = key(&"long ".repeat(80));
    let (folder, _) =
        canonical(&long).rsplit_once('/').map(|(folder, name)| (folder.to_owned(), name.to_owned())).unwrap();
    let data = Data::with(&[("a.json", "{}"), (".datastore/tmp/next-1", ""), ("other/b.json", "{}")]);
    let watch = watch(&data);
    data.put(".datastore/tmp/c.json", "{}");
    data.put("other/b.json", "{\"n\":1}");
    data.put("notes.txt", "");
    data.text("a.json");
    data.put("a.json", "{\"n\":1}");
    notices(&watch, &[&key("a")]);
    // Made while it is watched, with what is in it before that is.
    data.put(&canonical(&long), "{}");
    notices(&watch, &[&long]);
    data.put(&canonical(&long), "{\"n\":1}");
    notices(&watch, &[&long]);
    fs::remove_file(data.path("a.json")).unwrap();
    fs::rename(data.path("other/b.json"), data.path("b.json")).unwrap();
    notices(&watch, &[&key("a"), &key("b")]);
    fs::rename(data.path(&folder), data.path("aside")).unwrap();
    assert_eq!(watch.wait(None).unwrap().unwrap(), Noticed::Everything, "nobody tells what was in it");
}

#[test]
fn folders_that_are_there_are_watched_from_the_start() {
    let long = key(&"long ".repeat(200));
    let data = Data::with(&[(&canonical(&long), "{}")]);
    let watch = watch(&data);
    data.put(&canonical(&long), "{\"n\":1}");
    notices(&watch, &[&long]);
}

#[test]
fn who_waits_is_woken_by_the_end() {
    let data = Data::new();
    let watch = watch(&data);
    assert_eq!(watch.wait(Some(std::time::Duration::ZERO)).unwrap().unwrap(), Noticed::Keys(Vec::new()));
    thread::scope(|scope| {
        let waiting = scope.spawn(|| watch.wait(None).is_none());
        watch.end();
        assert!(waiting.join().unwrap());
    });
    data.put("a.json", "{}");
    assert!(watch.wait(None).is_none());
}

#[test]
fn where_nothing_tells_of_files_nothing_is_watched() {
    let disk: Arc<dyn Disk> = Arc::new(Simulated::new());
    assert_eq!(code(Watch::start(&disk)), "UNSUPPORTED");
}
