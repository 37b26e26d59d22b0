//! Bytes that are missing or other ones.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A segment of three groups, the last two appended together, of which the first may be known to be synced by the last.
fn segment(synced: bool) -> Vec<u8> {
    let place = Place::new();
    let journal = place.journal();
    put(&journal, &["a"], 1);
    put(&journal, &["a", "b\n", "\u{1F600}"], 2);
    if synced {
        journal.sync().unwrap();
    }
    put(&journal, &["c"], 3);
    place.bytes(1)
}

#[test]
fn cut_short_at_any_byte_it_holds_the_groups_that_are_whole() {
    let place = Place::new();
    let journal = place.journal();
    put(&journal, &["a"], 1);
    journal.sync().unwrap();
    let (a, b, new) = (key("a"), key("b"), document(2, "{\"n\":2}"));
    let groups = [vec![set(&b, &new, None)], vec![set(&a, &new, None), set(&b, &new, None), set(&a, &new, None)]];
    journal.append(&groups, 0).unwrap();
    let bytes = place.bytes(1);
    let offsets = offsets(&bytes);
    let damaged = Place::with(&[]);
    for length in offsets[2]..=bytes.len() {
        damaged.put(1, &bytes[..length]);
        let recovered = damaged.recover().unwrap();
        let (expected, last, offset) = match length {
            length if length == bytes.len() => (are(&[("a", 2), ("b", 2)]), 5, None),
            length if length >= offsets[3] => (are(&[("a", 1), ("b", 2)]), 2, Some(offsets[3])),
            _ => (are(&[("a", 1)]), 1, Some(offsets[2])),
        };
        assert_eq!((numbers(&recovered), recovered.last), (expected, last), "cut to {length} bytes");
        let cut = recovered.cut.map(|cut| cut.offset);
        let is_between = length == offsets[2] || length == offsets[3];
        assert_eq!(cut, offset.filter(|_| !is_between).map(|offset| offset as u64), "cut to {length} bytes");
    }
}

/// Every other value that a byte is likely to take.
fn others(byte: u8) -> impl Iterator<Item = u8> {
    [byte ^ 1, byte ^ 0x20, byte ^ 0x80, 0, b'\n', b'"', b'0'].into_iter().filter(move |other| *other != byte)
}

#[test]
fn a_damaged_byte_in_the_unsynced_tail_drops_its_group_and_what_is_behind() {
    let bytes = segment(false);
    let offsets = offsets(&bytes);
    let place = Place::with(&[]);
    for at in offsets[2]..offsets[5] {
        for other in others(bytes[at]) {
            let mut damaged = bytes.clone();
            damaged[at] = other;
            place.put(1, &damaged);
            let recovered = place.recover().unwrap();
            assert_eq!((numbers(&recovered), recovered.last), (are(&[("a", 1)]), 1), "{other} at {at}");
            let cut = recovered.cut.unwrap();
            assert_eq!((&*cut.segment, cut.offset), (".datastore/journal/00000001.jsonl", offsets[2] as u64));
            // The newline between two groups spoils both.
            let behind = usize::from(at != offsets[5] - 1);
            assert_eq!(cut.whole_groups_behind, behind, "{other} at {at}");
        }
    }
}

#[test]
fn a_damaged_byte_below_a_synced_mark_is_corrupt() {
    let bytes = segment(true);
    let offsets = offsets(&bytes);
    let place = Place::with(&[]);
    // The newline before the line that has the mark spoils that line, too.
    for at in offsets[1]..offsets[5] - 1 {
        for other in others(bytes[at]) {
            let mut damaged = bytes.clone();
            damaged[at] = other;
            place.put(1, &damaged);
            let error = place.recover().unwrap_err();
            assert_eq!(error.code(), "CORRUPT", "{other} at {at}");
            let file = &error.context().files[0];
            assert_eq!(file.file, ".datastore/journal/00000001.jsonl");
            let group = if at < offsets[2] { offsets[1] } else { offsets[2] };
            assert!(file.reason.contains(&format!("at byte {group},")), "{}", file.reason);
        }
    }
}

#[test]
fn a_damaged_head_before_entries_is_corrupt() {
    let bytes = segment(false);
    let place = Place::with(&[]);
    for at in 0..offsets(&bytes)[1] - 1 {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        place.put(1, &damaged);
        assert_eq!(place.recover().unwrap_err().code(), "CORRUPT", "at {at}");
    }
}

#[test]
fn a_line_that_stands_twice_is_damage() {
    let bytes = segment(true);
    let offsets = offsets(&bytes);
    let twice = [&bytes[..offsets[2]], &bytes[offsets[1]..]].concat();
    assert_eq!(recovered_from(&[&twice]).unwrap_err().code(), "CORRUPT");
}

#[test]
fn a_line_that_is_missing_is_damage() {
    let bytes = segment(true);
    let offsets = offsets(&bytes);
    for line in 1..5 {
        let without = [&bytes[..offsets[line]], &bytes[offsets[line + 1]..]].concat();
        assert_eq!(recovered_from(&[&without]).unwrap_err().code(), "CORRUPT", "line {line}");
    }
}

#[test]
fn damage_is_real_exactly_where_the_mark_reaches_it() {
    let place = Place::new();
    let journal = place.journal();
    for n in 1..=3 {
        put(&journal, &["a"], n);
        if n == 2 {
            journal.sync().unwrap();
        }
    }
    put(&journal, &["a"], 4);
    let bytes = place.bytes(1);
    let damage_at = |line: usize| {
        let mut damaged = bytes.clone();
        damaged[offsets(&bytes)[line]] = b'?';
        recovered_from(&[&damaged])
    };
    assert_eq!(damage_at(2).unwrap_err().code(), "CORRUPT");
    assert_eq!(damage_at(3).unwrap().last, 2);
}

/// A segment of five sequences with these texts behind them, each as a good line.
fn with_lines(texts: &[&str]) -> Recovered {
    let mut bytes = segment(false);
    for text in texts {
        let start = bytes.len();
        bytes.extend_from_slice(text.as_bytes());
        line::seal(&mut bytes, start);
    }
    recovered_from(&[&bytes]).unwrap()
}

#[test]
fn a_group_that_does_not_have_as_many_lines_as_it_says_is_damage() {
    for lines in [0, 2] {
        let recovered = with_lines(&[&format!("{{\"s\":6,\"x\":1,\"e\":{lines},\"y\":0,\"a\":0")]);
        assert_eq!((recovered.last, recovered.cut.is_some()), (5, true), "{lines} lines");
    }
    assert_eq!(with_lines(&["{\"s\":6,\"x\":1,\"e\":1,\"y\":0,\"a\":0"]).last, 6);
}

#[test]
fn good_lines_of_another_kind_are_damage() {
    let texts = [
        "{\"s\":6,\"k\":\"\",\"v\":0,\"d\":true,\"p\":null,\"e\":1,\"y\":0,\"a\":0",
        "{\"s\":6,\"k\":\"a\",\"v\":1,\"d\":false,\"val\":{\"_rev\":0},\"p\":null,\"e\":1,\"y\":0,\"a\":0",
        "{\"s\":6,\"k\":\"a\",\"v\":0,\"d\":false,\"val\":{\"n\":0},\"p\":null,\"e\":1,\"y\":0,\"a\":0",
        "{\"s\":6,\"k\":\"a\",\"v\":0,\"d\":true,\"p\":4294967296,\"e\":1,\"y\":0,\"a\":0",
        "{\"s\":6,\"x\":1,\"e\":1,\"y\":0,\"a\":0,\"z\":0",
        "{\"s\":6",
        "",
    ];
    for text in texts {
        let recovered = with_lines(&[text]);
        assert_eq!((recovered.last, recovered.cut.is_some()), (5, true), "{text}");
    }
}

#[test]
fn numbers_that_nobody_can_count_on_are_damage() {
    let text = "{\"s\":18446744073709551615,\"k\":\"a\",\"v\":0,\"d\":true,\"p\":null";
    let recovered = with_lines(&[text, text]);
    assert_eq!((recovered.last, recovered.cut.is_some()), (5, true));
}

/// Anything that might stand in a line: good lines of several journals, and what is none.
fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let good: Vec<Vec<u8>> = [segment(false), segment(true), include_bytes!("../fixtures/v1.jsonl").to_vec()]
        .iter()
        .flat_map(|bytes| bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec))
        .collect();
    let sealed = "[ -~]{0,40}".prop_map(|text| {
        let mut line = text.into_bytes();
        line::seal(&mut line, 0);
        line
    });
    prop_oneof![8 => proptest::sample::select(good), 1 => sealed, 1 => vec(any::<u8>(), 0..64)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_stands_in_segments_is_read_or_refused(segments in vec(vec(any_line(), 0..8), 0..4)) {
        let segments: Vec<Vec<u8>> = segments.into_iter().map(|lines| lines.concat()).collect();
        let segments: Vec<&[u8]> = segments.iter().map(Vec::as_slice).collect();
        match recovered_from(&segments) {
            Ok(recovered) => assert_eq!(recovered.next_number, segments.len() as u64 + 1),
            Err(error) => assert_eq!(error.code(), "CORRUPT"),
        }
    }
}
