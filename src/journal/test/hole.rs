//! What a power cut leaves of an unsynced tail: sectors of zeros, with whole records behind.

use super::*;

const SECTOR: usize = 512;

/// A segment of 40 groups of two, of which the first `synced` were synced then.
fn segment(synced: u64) -> Vec<u8> {
    let place = Place::new();
    let journal = place.journal();
    for n in 1..=40 {
        put(&journal, &["a", &format!("key {n}")], n);
        if n == synced {
            journal.sync().unwrap();
        }
    }
    place.bytes(1)
}

#[test]
fn a_hole_in_the_unsynced_tail_ends_the_journal_there() {
    let bytes = segment(0);
    let offsets = offsets(&bytes);
    for sector in 1..bytes.len() / SECTOR {
        let (start, end) = (sector * SECTOR, (sector + 1) * SECTOR);
        let mut holed = bytes.clone();
        holed[start..end].fill(0);
        let recovered = recovered_from(&[&holed]).unwrap();
        let lines_before = offsets.iter().filter(|offset| **offset <= start).count() - 1;
        let groups = (lines_before as u64 - 1) / 2;
        assert_eq!(recovered.last, groups * 2, "sector {sector}");
        assert_eq!(recovered.histories[&key("a")].document.as_ref().unwrap().revision(), groups);
        let cut = recovered.cut.unwrap();
        assert_eq!(cut.offset, offsets[1 + 2 * usize::try_from(groups).unwrap()] as u64);
        let groups_behind = (1..=40).filter(|group| offsets[2 * group - 1] >= end).count();
        assert_eq!(cut.whole_groups_behind, groups_behind, "sector {sector}");
    }
}

#[test]
fn a_hole_below_a_synced_mark_is_corrupt_and_one_above_is_not() {
    let bytes = segment(20);
    let synced = offsets(&bytes)[41];
    for sector in 1..bytes.len() / SECTOR {
        let mut holed = bytes.clone();
        holed[sector * SECTOR..(sector + 1) * SECTOR].fill(0);
        let recovered = recovered_from(&[&holed]);
        if sector * SECTOR < synced {
            assert_eq!(recovered.unwrap_err().code(), "CORRUPT", "sector {sector}");
        } else {
            assert!(recovered.unwrap().last >= 40, "sector {sector}");
        }
    }
}

#[test]
fn a_length_that_grew_without_its_bytes_is_a_cut() {
    let mut bytes = segment(40);
    let length = bytes.len() as u64;
    bytes.resize(bytes.len() + 5000, 0);
    let recovered = recovered_from(&[&bytes]).unwrap();
    let cut = recovered.cut.unwrap();
    assert_eq!((recovered.last, cut.offset, cut.whole_groups_behind), (80, length, 0));
}

#[test]
fn a_hole_at_the_end_of_one_segment_drops_the_unsynced_next_one() {
    let place = Place::new();
    let journal = place.journal();
    put(&journal, &["a"], 1);
    put(&journal, &["a"], 2);
    journal.rotate().unwrap();
    put(&journal, &["b", "c"], 3);
    let (first, second) = (place.bytes(1), place.bytes(2));
    let holed = &first[..offsets(&first)[2]];
    let recovered = recovered_from(&[holed, &second]).unwrap();
    assert_eq!(numbers(&recovered), are(&[("a", 1)]));
    let cut = Cut { segment: format!("{FOLDER}/00000002.jsonl"), offset: 0, whole_groups_behind: 1 };
    assert_eq!((recovered.cut, recovered.next_number), (Some(cut), 3));
}

#[test]
fn a_hole_at_the_end_of_a_synced_segment_is_corrupt() {
    let place = Place::new();
    let journal = place.journal();
    put(&journal, &["a"], 1);
    put(&journal, &["a"], 2);
    journal.sync().unwrap();
    // The head alone tells.
    journal.rotate().unwrap();
    let (first, second) = (place.bytes(1), place.bytes(2));
    let error = recovered_from(&[&first[..offsets(&first)[2]], &second]).unwrap_err();
    assert_eq!(error.code(), "CORRUPT");
}
