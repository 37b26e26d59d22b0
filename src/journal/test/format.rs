//! The format, version 1, as it was written once.

use super::*;

/// Never written again: every later version has to read it.
const FIXTURE: &[u8] = include_bytes!("../fixtures/v1.jsonl");

#[test]
fn the_fixture_of_version_1_is_read() {
    let recovered = recovered_from(&[FIXTURE]).unwrap();
    assert_eq!((recovered.epoch, recovered.first, recovered.last, recovered.placed), (Some(1), 7, 11, 9));
    assert_eq!((recovered.placing, recovered.cut.as_ref()), (Placing::Eager, None));
    let (a, b) = (document(0, "{\"n\":1}"), document(4, "{\"text\":\"\u{1F600}\\n\"}"));
    let deleted = History { sequence: 9, document: None, known: vec![None, Some(checksum(a.text()))] };
    let previous = document(3, "{}");
    let set = History { sequence: 8, document: Some(b), known: vec![Some(checksum(previous.text()))] };
    assert_eq!(recovered.histories, [(key("a"), deleted), (key("b \"\u{1F600}\""), set)].into());
}

#[test]
fn version_1_is_what_is_written() {
    let place = Place::new();
    let journal = Journal::new(place.disk.clone(), FOLDER, Start { last: 6, ..START });
    let (a, b, c) = (key("a"), key("b \"\u{1F600}\""), key("c"));
    let (first, second, third) =
        (document(0, "{\"n\":1}"), document(4, "{\"text\":\"\u{1F600}\\n\"}"), document(0, "{}"));
    let previous = document(3, "{}");
    journal.append(&[vec![set(&a, &first, None), set(&b, &second, Some(&previous))]], 6).unwrap();
    journal.sync().unwrap();
    journal.append(&[vec![Record { key: &a, document: None, previous: Some(&first) }]], 8).unwrap();
    journal.append(&[vec![set(&c, &third, None)]], 9).unwrap();
    journal.void(10, 9).unwrap();
    assert_eq!(String::from_utf8_lossy(&place.bytes(1)), String::from_utf8_lossy(FIXTURE));
}

#[test]
fn the_example_in_the_documentation_is_a_journal() {
    let lines = include_str!("../mod.rs").lines().filter_map(|line| line.strip_prefix("//! {"));
    let bytes = lines.flat_map(|line| ["{", line, "\n"]).collect::<String>().into_bytes();
    let recovered = recovered_from(&[&bytes]).unwrap();
    assert_eq!((recovered.first, recovered.last, recovered.cut.as_ref()), (7, 11, None));
    assert_eq!(numbers(&recovered), [("a".to_owned(), None), ("b".to_owned(), Some(4))]);
}

#[test]
fn a_later_version_is_refused_and_a_damaged_one_is_not_taken_for_it() {
    let text = String::from_utf8(FIXTURE.to_vec()).unwrap();
    let (head, rest) = text.split_once('\n').unwrap();
    let later = head.replace("\"version\":1", "\"version\":2");
    let damaged = format!("{later}\n{rest}");
    assert_eq!(recovered_from(&[damaged.as_bytes()]).unwrap_err().code(), "CORRUPT");
    let mut sealed = later.rsplit_once(",\"c\"").unwrap().0.as_bytes().to_vec();
    line::seal(&mut sealed, 0);
    let error = recovered_from(&[&[&sealed, rest.as_bytes()].concat()]).unwrap_err();
    assert_eq!(error.code(), "UNSUPPORTED");
    assert_eq!(recovered_from(&[b"", &sealed]).unwrap_err().code(), "UNSUPPORTED");
}
