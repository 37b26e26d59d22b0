//! Beginning, rotating, cutting; segments that are missing, torn, or of somebody else.

use super::*;

/// Three segments with a group each, synced after so many.
fn three(synced_after: u64) -> Place {
    let place = Place::new();
    let journal = place.journal();
    for n in 1..=3 {
        put(&journal, &["a", &format!("key {n}")], n);
        if n == synced_after {
            journal.sync().unwrap();
        }
        if n < 3 {
            journal.rotate().unwrap();
        }
    }
    place
}

#[test]
fn begin_makes_head_and_names_durable_and_does_so_once() {
    let place = Place::new();
    let journal = place.journal();
    assert!(place.disk.take_log().is_empty());
    journal.begin().unwrap();
    let path = format!("{FOLDER}/00000001.jsonl");
    let expected = [
        format!("mkdir {FOLDER}"),
        "fsync .datastore".to_owned(),
        "fsync ".to_owned(),
        format!("create {path}"),
        format!("truncate {path}"),
        format!("write {path}"),
        format!("fdatasync {path}"),
        format!("fsync {FOLDER}"),
    ];
    assert_eq!(place.disk.take_log(), expected);
    journal.begin().unwrap();
    journal.sync().unwrap();
    journal.rotate().unwrap();
    assert!(place.disk.take_log().is_empty(), "nothing was to be done");
}

#[test]
fn an_append_of_nothing_leaves_a_segment_unused() {
    let place = Place::new();
    let journal = place.journal();
    assert_eq!(journal.append(&[vec![], vec![]], 0).unwrap(), [0, 0]);
    journal.rotate().unwrap();
    assert_eq!((place.numbers(), journal.last()), (vec![1], 0));
}

#[test]
fn a_rotation_is_durable_with_the_next_sync() {
    let place = Place::new();
    let journal = place.journal();
    put(&journal, &["a"], 1);
    journal.rotate().unwrap();
    assert_eq!((journal.closed_last(), journal.bytes() > journal.active_bytes()), (Some(1), true));
    place.disk.take_log();
    assert_eq!(journal.sync().unwrap(), 1);
    let (first, second) = (format!("fdatasync {FOLDER}/00000001.jsonl"), format!("fdatasync {FOLDER}/00000002.jsonl"));
    assert_eq!(place.disk.take_log(), [first, second.clone(), format!("fsync {FOLDER}")]);
    put(&journal, &["a"], 2);
    journal.sync().unwrap();
    assert_eq!(place.disk.take_log()[1..], [second]);
}

#[test]
fn cut_removes_the_oldest_first_and_each_durably() {
    let place = Place::new();
    let journal = place.journal();
    for n in 1..=4 {
        put(&journal, &["a", "b"], n);
        journal.rotate().unwrap();
    }
    let last = put(&journal, &["a"], 5);
    journal.cut(1).unwrap();
    assert_eq!((place.numbers().len(), journal.closed_last()), (5, Some(8)));
    place.disk.take_log();
    journal.cut(7).unwrap();
    let removals = [1, 2, 3].map(|number| [format!("unlink {FOLDER}/{number:08}.jsonl"), format!("fsync {FOLDER}")]);
    // The next head has to be durable before the last of those that it follows is gone.
    let log = place.disk.take_log();
    let syncs = log.len() - 6;
    assert!(log[..syncs].contains(&format!("fdatasync {FOLDER}/00000005.jsonl")), "{log:?}");
    assert_eq!(log[syncs..], removals.concat());
    assert_eq!((place.numbers(), journal.closed_last()), (vec![4, 5], Some(8)));
    journal.cut(last).unwrap();
    assert_eq!((place.numbers(), journal.closed_last()), (vec![5], None));
    assert_eq!(journal.bytes(), place.bytes(5).len() as u64);
    let recovered = place.recover().unwrap();
    assert_eq!((recovered.first, recovered.last, numbers(&recovered)), (9, 9, are(&[("a", 5)])));
}

#[test]
fn what_cannot_be_removed_is_removed_later() {
    let place = three(0);
    let journal = Journal::new(place.disk.clone(), FOLDER, Start { last: 6, number: 4, ..START });
    put(&journal, &["a"], 4);
    journal.rotate().unwrap();
    place.disk.fail("unlink", faulty::EIO);
    assert_eq!(journal.cut(7).unwrap_err().code(), "EIO");
    place.disk.heal();
    journal.cut(7).unwrap();
    assert_eq!(place.numbers(), [1, 2, 3, 5]);
}

#[test]
fn secure_makes_every_segment_and_its_name_durable() {
    let place = three(0);
    let recovered = place.recover().unwrap();
    place.disk.take_log();
    secure(&*place.disk, FOLDER, &recovered.segments).unwrap();
    let syncs = recovered.segments.iter().flat_map(|path| [format!("open {path}"), format!("fdatasync {path}")]);
    assert_eq!(place.disk.take_log(), syncs.chain([format!("fsync {FOLDER}")]).collect::<Vec<_>>());
}

#[test]
fn older_segments_may_be_gone() {
    let place = three(3);
    place.remove(1);
    let recovered = place.recover().unwrap();
    assert_eq!((recovered.first, recovered.last), (3, 6));
    assert_eq!(numbers(&recovered), are(&[("a", 3), ("key 2", 2), ("key 3", 3)]));
}

#[test]
fn a_segment_missing_in_the_middle_is_corrupt_where_it_was_synced() {
    let place = three(2);
    place.remove(2);
    let error = place.recover().unwrap_err();
    assert_eq!((error.code(), error.context().files.len()), ("CORRUPT", 1));
}

#[test]
fn a_segment_missing_in_the_unsynced_tail_ends_the_journal() {
    for synced_after in [0, 1] {
        let place = three(synced_after);
        place.remove(2);
        let recovered = place.recover().unwrap();
        assert_eq!((recovered.last, recovered.next_number), (2, 4));
        assert_eq!(recovered.cut.unwrap().whole_groups_behind, 1);
    }
}

#[test]
fn a_last_segment_with_a_torn_head_is_cut_off() {
    let place = three(3);
    let (first, second, third) = (place.bytes(1), place.bytes(2), place.bytes(3));
    for length in 0..offsets(&third)[1] {
        let recovered = recovered_from(&[&first, &second, &third[..length]]).unwrap();
        assert_eq!((recovered.last, recovered.epoch, recovered.same_boot), (4, Some(1), true), "{length} bytes");
        let cut = Cut { segment: format!("{FOLDER}/00000003.jsonl"), offset: 0, whole_groups_behind: 0 };
        assert_eq!((recovered.cut, recovered.next_number), (Some(cut), 4));
    }
}

#[test]
fn a_lonely_segment_with_a_torn_head_is_an_empty_journal() {
    let head = three(0).bytes(1);
    for length in 0..offsets(&head)[1] {
        let recovered = recovered_from(&[&head[..length]]).unwrap();
        assert_eq!((recovered.epoch, recovered.last, recovered.next_number), (None, 0, 2), "{length} bytes");
        assert!(recovered.is_empty() && recovered.cut.is_some());
    }
}

#[test]
fn a_settled_segment_makes_older_ones_meaningless_whatever_they_are() {
    let place = three(3);
    // A synced one is missing.
    place.remove(2);
    let start = Start { epoch: 7, last: 6, number: 4, placing: Placing::Background };
    let journal = Journal::new(place.disk.clone(), FOLDER, start);
    put(&journal, &["z"], 9);
    let recovered = place.recover().unwrap();
    assert_eq!((recovered.epoch, recovered.first, recovered.last), (Some(7), 7, 7));
    assert_eq!((numbers(&recovered), recovered.placing), (are(&[("z", 9)]), Placing::Background));
    assert_eq!((recovered.cut, recovered.segments.len()), (None, 3));
    discard(&*place.disk, FOLDER, &recovered.segments[..2]).unwrap();
    discard(&*place.disk, FOLDER, &recovered.segments[..2]).unwrap();
    assert_eq!(place.numbers(), [4]);
    assert_eq!(place.recover().unwrap().last, 7);
}

/// The segment with something else in its head.
fn with_head(segment: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = str::from_utf8(segment).unwrap();
    let (head, rest) = text.split_once('\n').unwrap();
    assert!(head.contains(from));
    let mut head = head.rsplit_once(",\"c\"").unwrap().0.replace(from, to).into_bytes();
    line::seal(&mut head, 0);
    [&head, rest.as_bytes()].concat()
}

#[test]
fn a_segment_of_another_epoch_does_not_continue() {
    let place = three(0);
    let third = with_head(&place.bytes(3), "\"epoch\":1", "\"epoch\":2");
    let recovered = recovered_from(&[&place.bytes(1), &place.bytes(2), &third]).unwrap();
    assert_eq!((recovered.epoch, recovered.last), (Some(1), 4));
    assert_eq!(recovered.cut.unwrap().whole_groups_behind, 1);
}

#[test]
fn other_names_are_no_segments() {
    let place = three(3);
    let folder = place.directory.path().join(FOLDER);
    for name in ["00000000.jsonl", "1.jsonl", "000000004.jsonl", "+0000004.jsonl", "00000004.json", "notes.txt"] {
        fs::write(folder.join(name), "what").unwrap();
    }
    fs::create_dir(folder.join("00000009.jsonl")).unwrap();
    let recovered = place.recover().unwrap();
    assert_eq!((recovered.last, recovered.segments.len(), recovered.cut), (6, 3, None));
}

#[test]
fn names_grow_where_eight_digits_do_not_do() {
    assert_eq!(segment::path("j", 123_456_789), "j/123456789.jsonl");
    assert_eq!(segment::number("123456789.jsonl"), Some(123_456_789));
}

#[test]
fn another_boot_is_told() {
    let place = three(0);
    assert!(place.recover().unwrap().same_boot);
    for boot in ["\"other\"", "null"] {
        let third = with_head(&place.bytes(3), "\"5b2f\\\"boot\\\"\"", boot);
        let recovered = recovered_from(&[&place.bytes(1), &place.bytes(2), &third]).unwrap();
        assert_eq!((recovered.last, recovered.same_boot), (6, false), "{boot}");
    }
}
