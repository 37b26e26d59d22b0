//! What is appended is what is recovered.

use super::*;

#[test]
fn the_last_version_and_the_checksums_of_all_others_come_back() {
    let directory = TempDir::new().unwrap();
    let disk = system(&directory);
    let journal = Journal::new(disk.clone(), FOLDER, START);
    let (a, b) = (key("a"), key("b"));
    let (old, new, other) = (document(4, "{\"n\":1}"), document(5, "{\"n\":2}"), document(0, "{}"));
    let groups = [vec![set(&a, &old, None)], vec![set(&a, &new, Some(&old)), set(&b, &other, None)]];
    assert_eq!(journal.append(&groups, 0).unwrap(), [1, 3]);
    let deletion = vec![Record { key: &b, document: None, previous: Some(&other) }];
    assert_eq!(journal.append(&[deletion], 1).unwrap(), [4]);

    let recovered = recover(&*disk, FOLDER).unwrap();
    assert_eq!((recovered.epoch, recovered.first, recovered.last, recovered.placed), (Some(1), 1, 4, 1));
    assert_eq!((recovered.next_number, &recovered.cut), (2, &None));
    let of_a = History { sequence: 2, document: Some(new), known: vec![None, Some(checksum(old.text()))] };
    let of_b = History { sequence: 4, document: None, known: vec![None, Some(checksum(other.text()))] };
    assert_eq!(recovered.histories, [(a, of_a), (b, of_b)].into());
}
