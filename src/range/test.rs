//! Plans against a naive search, and cursors against rows that come and go.

use std::borrow::Borrow;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::tree::Tree;

type Letters = Tree<Letter, ()>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Letter([u8; 1]);

impl Borrow<[u8]> for Letter {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

fn tree(letters: &[u8]) -> Letters {
    let mut tree = Tree::new();
    for letter in letters {
        tree.insert(Letter([*letter]), ());
    }
    tree
}

fn read(page: &Page, tree: &Letters) -> Vec<u8> {
    page.entries(tree).map(|(Letter([letter]), ())| *letter).collect()
}

/// Bounds and keys from `a` to `j`.
fn selection() -> impl Strategy<Value = Selection> {
    let letter = || b'a'..=b'j';
    let bound = || prop::option::of(letter().prop_map(|letter| vec![letter]));
    let bounds = (bound(), bound(), any::<(bool, bool)>()).prop_map(|(start, end, (first, last))| Selection {
        start,
        end,
        inclusive_start: first,
        inclusive_end: last,
        ..Selection::default()
    });
    let keys = vec(letter().prop_map(|letter| vec![letter]), 0..6)
        .prop_map(|keys| Selection { keys: Some(keys), ..Selection::default() });
    let key = letter().prop_map(|key| Selection { key: Some(vec![key]), ..Selection::default() });
    (prop_oneof![4 => bounds, 2 => keys, 1 => key], any::<bool>())
        .prop_map(|(selection, descending)| Selection { descending, ..selection })
}

/// What a selection holds, by the words of its documentation.
fn naive(selection: &Selection, letters: &[u8]) -> Vec<u8> {
    let Selection { start, end, inclusive_start, inclusive_end, key, keys, descending, .. } = selection;
    let letter = |bound: &Option<Vec<u8>>| bound.as_ref().map(|bound| bound[0]);
    if let Some(keys) = keys {
        return keys.iter().map(|key| key[0]).filter(|key| letters.contains(key)).collect();
    }
    let mut found = letters.to_vec();
    found.sort_unstable();
    if let Some(key) = letter(key) {
        found.retain(|letter| *letter == key);
        return found;
    }
    let (start, end) = (letter(start), letter(end));
    found.retain(|letter| *inclusive_start || Some(*letter) != start);
    found.retain(|letter| *inclusive_end || Some(*letter) != end);
    let (low, high) = match (start, end) {
        (Some(start), Some(end)) if *descending => (Some(start.min(end)), Some(start.max(end))),
        (start, end) if *descending => (end, start),
        bounds => bounds,
    };
    found.retain(|letter| low.is_none_or(|low| low <= *letter) && high.is_none_or(|high| *letter <= high));
    if *descending {
        found.reverse();
    }
    found
}

fn letters() -> impl Strategy<Value = Vec<u8>> {
    vec(b'a'..=b'j', 0..8).prop_map(|mut letters| {
        letters.sort_unstable();
        letters.dedup();
        letters
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_page_is_a_slice_of_what_the_selection_holds(
        selection in selection(), letters in letters(), start in 0..9_usize, limit in prop::option::of(1..4_usize),
    ) {
        let (tree, all) = (tree(&letters), naive(&selection, &letters));
        let query = Query { selection, window: Window { start, limit }, cursor: None };
        let page = query.of_keys().unwrap().page(&tree);
        let end = limit.map_or(all.len(), |limit| start.saturating_add(limit).min(all.len()));
        prop_assert_eq!(read(&page, &tree), all.get(start..end).unwrap_or_default());
        prop_assert_eq!(page.total, all.len());
        prop_assert_eq!(page.exclusive_end_index, (end < all.len()).then_some(end));
        prop_assert_eq!(page.cursor.is_some(), end < all.len());
    }

    #[test]
    fn what_stays_is_seen_once_and_in_order_whatever_comes_and_goes_between_the_pages(
        selection in selection(), moments in vec((letters(), 1..4_usize), 1..12),
    ) {
        let stays = moments[0].0.iter().copied().filter(|letter| letter % 2 == 0).collect::<Vec<_>>();
        let (mut cursor, mut walked) = (None, Vec::new());
        // The last moment stands until the end is reached.
        let moments = moments.iter().chain(std::iter::repeat_n(moments.last().unwrap(), 20));
        for (changing, limit) in moments {
            let odd = changing.iter().filter(|letter| *letter % 2 == 1);
            let present: Vec<_> = stays.iter().chain(odd).copied().collect();
            let tree = tree(&present);
            let window = Window { start: 0, limit: Some(*limit) };
            let page = Query { selection: selection.clone(), window, cursor }.of_keys().unwrap().page(&tree);
            let (found, all) = (read(&page, &tree), naive(&selection, &present));
            prop_assert_eq!(page.total, all.len());
            let end = page.exclusive_end_index.unwrap_or(all.len());
            prop_assert!(all[..end].ends_with(&found), "the index is that of the present moment");
            walked.extend(found);
            cursor = page.cursor;
            prop_assert_eq!(cursor.is_some(), end < all.len());
            if cursor.is_none() {
                break;
            }
        }
        prop_assert!(cursor.is_none(), "the walk ends");
        walked.retain(|letter| letter % 2 == 0);
        prop_assert_eq!(walked, naive(&selection, &stays));
    }

    #[test]
    fn what_a_page_has_read_and_what_is_left_make_up_the_query(
        selection in selection(), letters in letters(), limit in 1..4_usize,
    ) {
        let tree = tree(&letters);
        let mut cursor = None;
        // No selection holds as many.
        for _ in 0..20 {
            let window = Window { start: 0, limit: Some(limit) };
            let query = Query { selection: selection.clone(), window, cursor };
            let page = query.clone().of_keys().unwrap().page(&tree);
            let last = page.cursor.as_ref().and_then(|_| tree.select(page.last()?)).map(|(key, ())| key.0);
            let (done, left) = query.of_keys().unwrap().split(&page, last.as_ref().map(|last| &last[..]));
            let count = |ranges: &[KeyRange]| ranges.iter().map(|range| range.positions(&tree).len()).sum::<usize>();
            let end = page.exclusive_end_index.unwrap_or(page.total);
            prop_assert_eq!(count(&done), read(&page, &tree).len());
            prop_assert_eq!(count(&left), page.total - end);
            cursor = page.cursor;
            if cursor.is_none() {
                break;
            }
        }
        prop_assert!(cursor.is_none(), "the walk ends");
    }
}

#[test]
fn a_cursor_belongs_to_its_query_and_any_limit() {
    let tree = tree(b"abcdef");
    let bytes = |text: &str| Some(text.as_bytes().to_vec());
    let selection = Selection { start: bytes("a"), ..Selection::default() };
    let window = Window { start: 0, limit: Some(2) };
    let page = Query { selection: selection.clone(), window, cursor: None }.of_keys().unwrap().page(&tree);
    let next = |selection: Selection, limit: usize| {
        let window = Window { start: 0, limit: Some(limit) };
        Query { selection, window, cursor: page.cursor.clone() }.of_keys().map(|plan| read(&plan.page(&tree), &tree))
    };
    assert_eq!(next(selection.clone(), 3).unwrap(), b"cde");
    let keys = |keys: &[&str]| Some(keys.iter().map(|key| key.as_bytes().to_vec()).collect());
    for other in [
        Selection::default(),
        Selection { start: bytes("b"), ..selection.clone() },
        Selection { start: None, end: bytes("a"), ..selection.clone() },
        Selection { end: bytes("f"), ..selection.clone() },
        Selection { inclusive_start: false, ..selection.clone() },
        Selection { inclusive_end: false, ..selection.clone() },
        Selection { key: bytes("a"), ..selection.clone() },
        Selection { prefix: bytes(""), ..selection.clone() },
        Selection { keys: keys(&[]), ..selection.clone() },
        Selection { keys: keys(&["a"]), ..selection.clone() },
        Selection { descending: true, ..selection.clone() },
    ] {
        assert_eq!(next(other, 2).unwrap_err().code(), "ASSERTION");
    }
    let of_view = Query { selection, window, cursor: page.cursor.clone() }.of_rows(Fingerprint::of_view("a"));
    assert_eq!(of_view.unwrap_err().code(), "ASSERTION");
}

#[test]
fn cursors_of_earlier_versions_are_understood() {
    let selection = Selection { start: Some(b"a".to_vec()), descending: true, ..Selection::default() };
    let of_keys = Cursor::to_text(selection.fingerprint(Fingerprint::KEYS), 0, b"user:123");
    let of_view = Cursor::to_text(selection.fingerprint(Fingerprint::of_view("byName")), 2, &[5, 97, 0, 97, 0]);
    assert_eq!(
        [of_keys.as_str(), of_view.as_str()],
        ["AZw5ivDb1hpEAAAAAHVzZXI6MTIzZyeD2A", "AYNTANHse3KwAAAAAgVhAGEAdRGazA"]
    );
}
