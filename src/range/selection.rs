//! What a query selects, as positions in an ordered, counted tree.
//!
//! The same rules hold for document keys (a bound is a whole key) and view rows (a bound is the leading part of the
//! row's bytes, [`collation`](crate::view::collation) of the emitted key). Both end as a [`KeyRange`]: two byte
//! strings, the first inside and the second outside, so that two `rank` lookups give the positions.
//!
//! | query | ascending | descending |
//! |---|---|---|
//! | `start` and `end` | from start to end, nothing if start > end | between the two, whichever is lower |
//! | `start` alone | at or above it | at or below it |
//! | `end` alone | at or below it | at or above it |
//! | `key` | that key, whatever the bounds say | the same |
//! | `prefix` | every key that starts with it | the same |
//!
//! Not here: refusing a prefix together with a key or bounds (the caller), pages ([`Window`](super::Window)).

use std::borrow::Borrow;
use std::ops::Range;

use crate::tree::Tree;

/// What a query asks for. Bounds are inclusive and in the bytes of the tree they are meant for: CESU-8 for document
/// keys, encoded JSON for rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Where the query begins, in its own direction.
    pub start: Option<Vec<u8>>,
    /// Where the query stops, in its own direction.
    pub end: Option<Vec<u8>>,
    /// The one key that is wanted; overrides everything else.
    pub key: Option<Vec<u8>>,
    /// What every wanted key begins with; overrides the bounds.
    pub prefix: Option<Vec<u8>>,
    /// Whether the query reads from the highest key down.
    pub descending: bool,
}

impl Selection {
    /// The range of document keys: a bound is one whole key.
    #[must_use]
    pub fn of_keys(self) -> KeyRange {
        self.range(after_key)
    }

    /// The range of view rows: a bound stands for every row that begins with it, which is every row with this
    /// emitted key, because no encoded key is the beginning of another.
    #[must_use]
    pub fn of_rows(self) -> KeyRange {
        self.range(after_prefix)
    }

    fn range(self, after: fn(Vec<u8>) -> Option<Vec<u8>>) -> KeyRange {
        let Self { start, end, key, prefix, descending } = self;
        if let Some(key) = key {
            return KeyRange { from: Some(key.clone()), until: after(key) };
        }
        if let Some(prefix) = prefix {
            return KeyRange { from: Some(prefix.clone()), until: after_prefix(prefix) };
        }
        let (lower, upper) = match (start, end) {
            (Some(start), Some(end)) if descending => (Some((&start).min(&end).clone()), Some(start.max(end))),
            (start, end) if descending => (end, start),
            bounds => bounds,
        };
        KeyRange { from: lower, until: upper.and_then(after) }
    }
}

/// The byte strings from `from` (inside) up to `until` (outside); `None` is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRange {
    /// The lowest byte string inside.
    pub from: Option<Vec<u8>>,
    /// The lowest byte string above the range.
    pub until: Option<Vec<u8>>,
}

impl KeyRange {
    /// The positions of this range's keys in the ascending tree. A range that ends before it begins is empty.
    #[must_use]
    pub fn positions<K, V, M>(&self, tree: &Tree<K, V, M>) -> Range<usize>
    where
        K: Ord + Borrow<[u8]>,
    {
        let from = self.from.as_deref().map_or(0, |key| tree.rank(key));
        let until = self.until.as_deref().map_or_else(|| tree.len(), |key| tree.rank(key));
        from..until.max(from)
    }

    /// Whether a byte string is inside.
    #[must_use]
    pub fn contains(&self, key: &[u8]) -> bool {
        self.from.as_deref().is_none_or(|from| from <= key) && self.until.as_deref().is_none_or(|until| key < until)
    }

    /// The part of a range of document keys that a query has read when it has come to `last`, `last` inside, and the
    /// part that is left. Without `last` it has read nothing.
    #[must_use]
    pub fn split_after(self, last: Option<Vec<u8>>, descending: bool) -> (Self, Self) {
        let Self { from, until } = self;
        let Some(last) = last else {
            // No byte string is below the empty one.
            let nothing = Self { from: None, until: Some(Vec::new()) };
            return (nothing, Self { from, until });
        };
        if descending {
            (Self { from: Some(last.clone()), until }, Self { from, until: Some(last) })
        } else {
            let after = after_key(last);
            (Self { from, until: after.clone() }, Self { from: after, until })
        }
    }
}

/// The lowest byte string above `key`.
#[expect(clippy::unnecessary_wraps, reason = "one signature with after_prefix")]
fn after_key(mut key: Vec<u8>) -> Option<Vec<u8>> {
    key.push(0);
    Some(key)
}

/// The lowest byte string above all that begin with `prefix`; `None` where nothing is above them.
fn after_prefix(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
    loop {
        let last = prefix.last_mut()?;
        if let Some(next) = last.checked_add(1) {
            *last = next;
            return Some(prefix);
        }
        prefix.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;

    fn keys(selection: Selection) -> Vec<String> {
        let mut tree = Tree::new();
        for text in ["a", "a\0", "b", "b:1", "b:2", "b:\u{1F600}", "b:\u{FFFF}", "c"] {
            tree.insert(Key::new(text).unwrap(), ());
        }
        let descending = selection.descending;
        let mut found: Vec<_> =
            tree.range(selection.of_keys().positions(&tree)).map(|(key, ())| key.as_bytes().to_vec()).collect();
        if descending {
            found.reverse();
        }
        found.into_iter().map(|bytes| String::from_utf8(bytes).unwrap_or_else(|_| "emoji".to_owned())).collect()
    }

    fn bytes(text: &str) -> Vec<u8> {
        text.as_bytes().to_vec()
    }

    #[test]
    fn no_bound_selects_everything() {
        assert_eq!(keys(Selection::default()).len(), 8);
        assert_eq!(keys(Selection { descending: true, ..Selection::default() }).len(), 8);
    }

    #[test]
    fn both_bounds_are_inclusive() {
        let range = Selection { start: Some(bytes("a")), end: Some(bytes("b")), ..Selection::default() };
        assert_eq!(keys(range), ["a", "a\0", "b"]);
    }

    #[test]
    fn an_upper_bound_does_not_hold_its_extensions() {
        assert_eq!(keys(Selection { end: Some(bytes("a")), ..Selection::default() }), ["a"]);
    }

    #[test]
    fn the_empty_string_is_a_bound() {
        assert_eq!(keys(Selection { start: Some(bytes("")), ..Selection::default() }).len(), 8);
        assert!(keys(Selection { end: Some(bytes("")), ..Selection::default() }).is_empty());
    }

    #[test]
    fn ascending_from_high_to_low_is_empty() {
        assert!(keys(Selection { start: Some(bytes("c")), end: Some(bytes("a")), ..Selection::default() }).is_empty());
    }

    #[test]
    fn descending_takes_the_bounds_in_either_order() {
        for (start, end) in [("a\0", "b"), ("b", "a\0")] {
            let range = Selection {
                start: Some(bytes(start)),
                end: Some(bytes(end)),
                descending: true,
                ..Selection::default()
            };
            assert_eq!(keys(range), ["b", "a\0"]);
        }
    }

    #[test]
    fn a_single_start_goes_on_in_the_direction_of_the_query() {
        let up = Selection { start: Some(bytes("b:\u{FFFF}")), ..Selection::default() };
        assert_eq!(keys(up), ["b:\u{FFFF}", "c"]);
        let down = Selection { start: Some(bytes("a\0")), descending: true, ..Selection::default() };
        assert_eq!(keys(down), ["a\0", "a"]);
    }

    #[test]
    fn a_single_end_stops_the_query_there() {
        let up = Selection { end: Some(bytes("a\0")), ..Selection::default() };
        assert_eq!(keys(up), ["a", "a\0"]);
        let down = Selection { end: Some(bytes("b:\u{FFFF}")), descending: true, ..Selection::default() };
        assert_eq!(keys(down), ["c", "b:\u{FFFF}"]);
    }

    #[test]
    fn a_key_overrides_the_range() {
        let one =
            Selection { key: Some(bytes("b")), start: Some(bytes("c")), end: Some(bytes("d")), ..Selection::default() };
        assert_eq!(keys(one), ["b"]);
        assert!(keys(Selection { key: Some(bytes("bb")), ..Selection::default() }).is_empty());
    }

    #[test]
    fn a_prefix_holds_every_key_that_starts_with_it() {
        let prefix = Selection { prefix: Some(bytes("b:")), ..Selection::default() };
        assert_eq!(keys(prefix), ["b:1", "b:2", "emoji", "b:\u{FFFF}"]);
        assert_eq!(keys(Selection { prefix: Some(bytes("")), ..Selection::default() }).len(), 8);
        let down = Selection { prefix: Some(bytes("a")), descending: true, ..Selection::default() };
        assert_eq!(keys(down), ["a\0", "a"]);
    }

    #[test]
    fn the_range_up_to_the_last_code_unit_holds_emoji() {
        let range = Selection { start: Some(bytes("b:")), end: Some(bytes("b:\u{FFFF}")), ..Selection::default() };
        assert_eq!(keys(range), ["b:1", "b:2", "emoji", "b:\u{FFFF}"]);
    }

    #[test]
    fn a_range_splits_where_the_query_has_come_to() {
        let range = || Selection { start: Some(bytes("a")), end: Some(bytes("d")), ..Selection::default() }.of_keys();
        for (last, descending, read) in [
            (None, false, ""),
            (Some("b"), false, "ab"),
            (Some("d"), false, "abcd"),
            (None, true, ""),
            (Some("c"), true, "cd"),
            (Some("a"), true, "abcd"),
        ] {
            let (checked, left) = range().split_after(last.map(bytes), descending);
            for key in ["", "a", "b", "c", "d", "d\0", "e"] {
                let inside = range().contains(key.as_bytes());
                assert_eq!(checked.contains(key.as_bytes()), inside && !key.is_empty() && read.contains(key), "{key}");
                assert_eq!(left.contains(key.as_bytes()), inside && !read.contains(key), "{key}");
            }
        }
    }

    #[test]
    fn what_follows_a_prefix_carries_over_high_bytes() {
        assert_eq!(after_prefix(vec![1, 0xFE]), Some(vec![1, 0xFF]));
        assert_eq!(after_prefix(vec![1, 0xFF, 0xFF]), Some(vec![2]));
        assert_eq!(after_prefix(vec![0xFF]), None);
        assert_eq!(after_prefix(Vec::new()), None);
    }
}
