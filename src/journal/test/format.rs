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
    let deleted = History { sequence: 9, document: None, left: None, known: vec![None, Some(checksum(a.text()))] };
    let previous = document(3, "{}");
    let set = History { sequence: 8, document: Some(b), left: None, known: vec![Some(checksum(previous.text()))] };
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
    journal.append(&[vec![Record { key: &a, document: None, previous: Some(&first), left: None }]], 8).unwrap();
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

#[test]
fn what_a_file_holds_that_was_left_as_it_is_stands_behind_what_was_replaced() {
    let place = Place::new();
    let journal = place.journal();
    let (a, b) = (key("a"), key("b"));
    let (old, found, new) = (document(0, "{}"), document(0, "{\"p\":1,\"f\":2}"), document(1, "{\"p\":1,\"f\":2}"));
    let left = Left::of(&found);
    let taken = Record { left: Some(left), ..set(&a, &new, Some(&old)) };
    let gone = Record { key: &b, document: None, previous: Some(&old), left: Some(Left { checksum: None }) };
    journal.append(&[vec![taken], vec![gone]], 0).unwrap();
    let recovered = recovered_from(&[&place.bytes(1)]).unwrap();
    let known = |left: Left| vec![Some(checksum(old.text())), left.checksum];
    let of_a = History { sequence: 1, document: Some(new), left: Some(left), known: known(left) };
    let none = Left { checksum: None };
    let of_b = History { sequence: 2, document: None, left: Some(none), known: known(none) };
    assert_eq!(recovered.histories, [(a, of_a), (b, of_b)].into());
}
