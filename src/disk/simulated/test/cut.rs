//! What a power cut leaves.

use std::collections::BTreeSet;

use super::{MANY, Tree, contents, make, name_sets, set, trees};
use crate::disk::simulated::Simulated;
use crate::disk::simulated::dice::Dice;
use crate::disk::{Disk, write_all};

#[test]
fn synced_bytes_under_synced_names_survive_every_cut() {
    let disk = Simulated::new();
    disk.make_folder("f").unwrap();
    let file = make(&disk, "f/a", &[b'a'; 700]);
    file.sync_data().unwrap();
    disk.sync_folder("f").unwrap();
    disk.sync_folder("").unwrap();
    write_all(file.as_ref(), &[b'b'; 900], 700).unwrap();
    make(&disk, "f/b", b"2");
    for content in contents(&disk, "f/a") {
        assert!(content.unwrap().starts_with(&[b'a'; 700]));
    }
}

#[test]
fn bytes_not_synced_are_old_new_or_zero_sector_by_sector() {
    let disk = Simulated::new();
    disk.put("a", &[b'o'; 1024]);
    write_all(disk.open("a").unwrap().as_ref(), &[b'n'; 1024], 0).unwrap();
    let sectors = |content: &Option<Vec<u8>>| {
        let content = content.as_deref().unwrap();
        assert!(content.chunks(512).all(|sector| sector.iter().all(|byte| *byte == sector[0])));
        (content[0], content[512], content.len())
    };
    let found: BTreeSet<_> = contents(&disk, "a").iter().map(sectors).collect();
    let expected = [0, b'n', b'o'].into_iter().flat_map(|one| [0, b'n', b'o'].map(|other| (one, other, 1024)));
    assert_eq!(found, expected.collect());
}

#[test]
fn only_bytes_that_were_written_become_zero() {
    let disk = Simulated::new();
    disk.put("a", b"synced ones");
    write_all(disk.open("a").unwrap().as_ref(), b"xy", 7).unwrap();
    let expected = [b"synced ones".to_vec(), b"synced xyes".to_vec(), b"synced \0\0es".to_vec()];
    assert_eq!(contents(&disk, "a"), set(expected.map(Some)));
}

#[test]
fn a_sector_may_be_as_any_write_to_it_left_it() {
    let disk = Simulated::new();
    let file = make(&disk, "a", b"1");
    disk.sync_folder("").unwrap();
    write_all(file.as_ref(), b"2", 0).unwrap();
    write_all(file.as_ref(), b"3", 0).unwrap();
    assert_eq!(contents(&disk, "a"), set(["", "\0", "1", "2", "3"].map(|text| Some(text.into()))));
}

#[test]
fn a_name_without_its_bytes_stands_for_an_empty_or_blank_file() {
    let disk = Simulated::new();
    make(&disk, "tmp", b"new");
    disk.rename("tmp", "a").unwrap();
    disk.sync_folder("").unwrap();
    assert_eq!(contents(&disk, "a"), set(["", "\0\0\0", "new"].map(|text| Some(text.into()))));
}

#[test]
fn bytes_without_their_name_are_gone() {
    let disk = Simulated::new();
    make(&disk, "a", b"new").sync_data().unwrap();
    assert_eq!(contents(&disk, "a"), set([None, Some(b"new".to_vec())]));
    disk.sync_folder("").unwrap();
    disk.remove("a").unwrap();
    assert_eq!(name_sets(&disk), set([String::new(), "a".to_owned()]));
    disk.sync_folder("").unwrap();
    assert_eq!(name_sets(&disk), set([String::new()]));
}

#[test]
fn a_truncation_not_synced_may_be_lost() {
    let disk = Simulated::new();
    disk.put("a", b"12345");
    let file = disk.open("a").unwrap();
    file.truncate(2).unwrap();
    let found = contents(&disk, "a");
    assert!(found.contains(&Some(b"12345".to_vec())) && found.contains(&Some(b"12".to_vec())));
    assert!(found.iter().flatten().all(|content| content.starts_with(b"12")));
    file.truncate(4).unwrap();
    let expected = ["12", "1234", "12345", "12\0\0", "12\0\0\0"];
    assert_eq!(contents(&disk, "a"), set(expected.map(|text| Some(text.into()))));
    file.truncate(2).unwrap();
    file.sync_data().unwrap();
    file.truncate(4).unwrap();
    assert_eq!(contents(&disk, "a"), set([Some(b"12".to_vec()), Some(b"12\0\0".to_vec())]));
}

#[test]
fn a_rename_without_a_folder_sync_may_be_lost() {
    let disk = Simulated::new();
    disk.put("a", b"old");
    disk.put("tmp", b"new");
    disk.rename("tmp", "a").unwrap();
    let old = Tree::from([("a".to_owned(), b"old".to_vec()), ("tmp".to_owned(), b"new".to_vec())]);
    assert_eq!(set(trees(&disk)), set([old, disk.tree()]));
    disk.sync_folder("").unwrap();
    assert_eq!(trees(&disk), [disk.tree()]);
}

#[test]
fn an_exchange_happens_whole_or_not_at_all() {
    let disk = Simulated::new();
    disk.put("a", b"1");
    disk.put("f/b", b"2");
    disk.exchange("a", "f/b").unwrap();
    let tree = |a: &str, b: &str| Tree::from([("a".to_owned(), a.into()), ("f/b".to_owned(), b.into())]);
    assert_eq!(set(trees(&disk)), set([tree("1", "2"), tree("2", "1")]));
    // Of two folders either one's sync will do.
    disk.sync_folder("f").unwrap();
    assert_eq!(trees(&disk), [tree("2", "1")]);
}

#[test]
fn changes_of_different_names_survive_in_any_order() {
    let disk = Simulated::new();
    disk.put("a", b"");
    make(&disk, "b", b"");
    disk.remove("a").unwrap();
    make(&disk, "c", b"");
    let expected = ["", "a", "b", "c", "a b", "a c", "b c", "a b c"];
    assert_eq!(name_sets(&disk), set(expected.map(str::to_owned)));
}

#[test]
fn a_change_needs_the_earlier_ones_of_its_names() {
    let disk = Simulated::new();
    make(&disk, "a", b"");
    disk.rename("a", "b").unwrap();
    disk.link("b", "c").unwrap();
    disk.remove("b").unwrap();
    disk.rename("c", "d").unwrap();
    // Removing `b` and moving `c` both need the link, and not each other.
    assert_eq!(name_sets(&disk), set(["", "a", "b", "b c", "c", "b d", "d"].map(str::to_owned)));
}

#[test]
fn a_name_needs_its_folder_and_a_removed_folder_what_emptied_it() {
    let disk = Simulated::new();
    disk.put("old/a", b"1");
    disk.make_folder("new").unwrap();
    disk.rename("old/a", "new/a").unwrap();
    disk.remove_folder("old").unwrap();
    assert_eq!(name_sets(&disk), set(["new/a", "old/a"].map(str::to_owned)));
    disk.sync_folder("new").unwrap();
    assert_eq!(name_sets(&disk), set(["new/a".to_owned()]));
    let folders: BTreeSet<_> = disk.states_after_cut(3, MANY).map(|state| state.names("")).collect();
    assert_eq!(folders, set([vec!["new".to_owned()], vec!["new".to_owned(), "old".to_owned()]]));
}

#[test]
fn a_folder_sync_makes_names_in_that_folder_durable_and_no_others() {
    let disk = Simulated::new();
    disk.put("f/a", b"1");
    disk.link("f/a", "g").unwrap();
    make(&disk, "f/b", b"").sync_data().unwrap();
    disk.sync_folder("f").unwrap();
    assert_eq!(name_sets(&disk), set(["f/a f/b", "f/a f/b g"].map(str::to_owned)));
    disk.remove("f/a").unwrap();
    disk.sync_folder("f").unwrap();
    assert_eq!(name_sets(&disk), set(["f/b g".to_owned()]));
}

#[test]
fn of_a_log_each_sector_may_be_missing_and_each_prefix_may_stand() {
    let disk = Simulated::new();
    disk.put("log", &[b'-'; 100]);
    let log = disk.open("log").unwrap();
    for number in 0..8_u8 {
        write_all(log.as_ref(), &[b'0' + number; 300], 100 + 300 * u64::from(number)).unwrap();
    }
    make(&disk, "document", b"written later");
    let whole = disk.get("log").unwrap();
    let states: Vec<_> = disk.states_after_cut(0, 0).map(|state| state.get("log").unwrap()).collect();
    for number in 0..whole.len().div_ceil(512) {
        let (start, end) = (number * 512, (number * 512 + 512).min(whole.len()));
        let mut hole = whole.clone();
        hole[start.max(100)..end].fill(0);
        assert!(states.contains(&hole), "a hole at {start}");
        let mut before = whole.clone();
        before[start.max(100)..].fill(0);
        assert!(states.contains(&before), "zeros from {start}");
        assert!(states.contains(&whole[..start.max(100)].to_vec()), "an end at {start}");
    }
    for end in (100..=whole.len()).step_by(300) {
        assert!(states.contains(&whole[..end].to_vec()), "an end at {end}");
    }
}

#[test]
fn the_plain_cuts_are_always_among_the_states() {
    let disk = Simulated::new();
    disk.put("a", b"old");
    make(&disk, "t", b"new");
    disk.rename("t", "a").unwrap();
    make(&disk, "b", b"b");
    let states: Vec<_> = disk.states_after_cut(0, 0).map(|state| state.tree()).collect();
    let tree = |files: &[(&str, &str)]| files.iter().map(|(name, text)| ((*name).to_owned(), (*text).into())).collect();
    let expected = [
        tree(&[("a", "old")]),
        tree(&[("a", "new"), ("b", "b")]),
        tree(&[("a", "\0\0\0"), ("b", "\0")]),
        tree(&[("a", ""), ("b", "")]),
        tree(&[("a", "old"), ("t", "")]),
        tree(&[("a", "old"), ("t", "new")]),
        tree(&[("a", "")]),
        tree(&[("a", "new")]),
        tree(&[("a", "old"), ("b", "")]),
        tree(&[("a", "old"), ("b", "b")]),
    ];
    assert_eq!(set(states), set::<Tree>(expected));
}

#[test]
fn states_are_different_repeat_with_their_seed_and_end_at_most() {
    let disk = Simulated::new();
    for name in ["a", "b", "c", "d"] {
        make(&disk, name, b"1");
        disk.rename(name, &format!("{name}{name}")).unwrap();
    }
    let some = |seed, most| disk.states_after_cut(seed, most).map(|state| state.tree()).collect::<Vec<_>>();
    assert_eq!(some(1, 200), some(1, 200));
    assert_ne!(some(1, 200), some(2, 200));
    assert_eq!((some(1, 200).len(), set(some(1, 200)).len()), (200, 200));
    // Of each file: missing, or under one of two names with one of three contents.
    let all = some(1, 10_000).len();
    assert!(all > 1_000 && all <= 7_usize.pow(4), "{all}");
}

#[test]
fn random_calls_leave_everything_nothing_or_something_between() {
    for seed in 0..30 {
        let (disk, mut dice) = (Simulated::new(), Dice::new(seed));
        disk.make_folder("f").unwrap();
        let mut durable = Tree::new();
        for _ in 0..60 {
            random_call(&disk, &mut dice);
            if dice.below(25) == 0 {
                disk.sync_everything().unwrap();
                durable = disk.tree();
                assert_eq!(trees(&disk), [durable.clone()]);
            }
        }
        let states = trees(&disk);
        assert!(states[0].keys().eq(durable.keys()) && states.contains(&disk.tree()), "{}", disk.log());
        // Whoever is killed leaves the same to a later cut.
        assert_eq!(states, trees(&disk.crash()));
        disk.sync_everything().unwrap();
        assert_eq!(trees(&disk), [disk.tree()], "{}", disk.log());
    }
}

fn random_call(disk: &Simulated, dice: &mut Dice) {
    const PATHS: [&str; 6] = ["a", "b", "c", "f/a", "f/b", "f/c"];
    let (one, other) = (PATHS[dice.below(6)], PATHS[dice.below(6)]);
    let (offset, length) = (dice.below(900) as u64, dice.below(900));
    // What cannot be is refused, as it should be.
    let _ = match dice.below(9) {
        0 | 1 => disk.create(one).map(drop),
        2 => disk.rename(one, other),
        3 => disk.exchange(one, other),
        4 => disk.link(one, other),
        5 => disk.remove(one),
        6 => disk.open(one).and_then(|file| file.truncate(offset)),
        7 => disk.open(one).and_then(|file| file.sync_data()),
        _ => disk.open(one).and_then(|file| write_all(file.as_ref(), &vec![b'x'; length], offset)),
    };
}
