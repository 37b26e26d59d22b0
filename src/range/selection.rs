//! What a query selects, as ranges of the keys in an ordered, counted tree.
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
//! | `inclusive_start: false` | without the rows at `start`, wherever it ends up | the same |
//! | `inclusive_end: false` | without the rows at `end`, wherever it ends up | the same |
//! | `key` | that key, whatever the bounds say | the same |
//! | `prefix` | every key that starts with it | the same |
//! | `keys` | a range for each, in the order given, as often as given | the same order; within a key from its last row |
//!
//! An exclusive bound that is not there excludes nothing, and of two equal bounds one that is exclusive leaves nothing.
//!
//! Not here: refusing `keys` or a prefix together with a key or bounds (the caller), pages ([`Plan`](super::Plan)).

use super::key_range::{KeyRange, after_key, after_prefix};
use super::{Arrangement, Fingerprint};
use crate::error::Result;

/// What a query asks for. Bounds are in the bytes of the tree they are meant for: CESU-8 for document keys, encoded
/// JSON for rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Where the query begins, in its own direction.
    pub start: Option<Vec<u8>>,
    /// Where the query stops, in its own direction.
    pub end: Option<Vec<u8>>,
    /// Whether what is at `start` belongs to it.
    pub inclusive_start: bool,
    /// Whether what is at `end` belongs to it.
    pub inclusive_end: bool,
    /// The one key that is wanted; overrides the bounds.
    pub key: Option<Vec<u8>>,
    /// The keys that are wanted, one after the other; override everything else.
    pub keys: Option<Vec<Vec<u8>>>,
    /// What every wanted key begins with; overrides the bounds.
    pub prefix: Option<Vec<u8>>,
    /// Whether the query reads from the highest key down.
    pub descending: bool,
}

impl Default for Selection {
    /// Everything, ascending.
    fn default() -> Self {
        Self {
            start: None,
            end: None,
            inclusive_start: true,
            inclusive_end: true,
            key: None,
            keys: None,
            prefix: None,
            descending: false,
        }
    }
}

/// A bound, and whether what is at it belongs to the range.
type Bound = (Vec<u8>, bool);

impl Selection {
    /// The ranges of document keys, in the order of the query: a bound is one whole key.
    #[must_use]
    pub fn of_keys(self) -> Vec<KeyRange> {
        self.ranges(after_key)
    }

    /// The ranges of view rows, in the order of the query: a bound stands for every row that begins with it, which is
    /// every row with this emitted key, because no encoded key is the beginning of another.
    #[must_use]
    pub fn of_rows(self) -> Vec<KeyRange> {
        self.ranges(after_prefix)
    }

    /// This selection among the queries of one kind.
    #[must_use]
    pub fn fingerprint(&self, kind: Fingerprint) -> Fingerprint {
        let Self { start, end, inclusive_start, inclusive_end, key, keys, prefix, descending } = self;
        let flags =
            [*descending, *inclusive_start, *inclusive_end].iter().fold(0, |all, flag| all << 1 | u64::from(*flag));
        let bounds = [start, end, key, prefix].into_iter().fold(kind, |all, bound| all.and_maybe(bound.as_deref()));
        keys.iter().flatten().fold(
            bounds.and_number(flags).and_number(keys.as_ref().map_or(0, |keys| keys.len() as u64 + 1)),
            |all, key| all.and(key),
        )
    }

    /// The same in the bytes of an arranged tree.
    pub(super) fn placed(self, arrangement: &dyn Arrangement) -> Result<Self> {
        let place = |name: Option<Vec<u8>>| name.map(|name| arrangement.place(&name)).transpose();
        let places = |keys: Vec<Vec<u8>>| keys.iter().map(|key| arrangement.place(key)).collect();
        Ok(Self {
            start: place(self.start)?,
            end: place(self.end)?,
            key: place(self.key)?,
            keys: self.keys.map(places).transpose()?,
            prefix: self.prefix.map(|prefix| arrangement.place_prefix(&prefix)).transpose()?,
            ..self
        })
    }

    fn ranges(self, after: fn(Vec<u8>) -> Option<Vec<u8>>) -> Vec<KeyRange> {
        let Self { start, end, inclusive_start, inclusive_end, key, keys, prefix, descending } = self;
        let only = |key: Vec<u8>| KeyRange { from: Some(key.clone()), until: after(key) };
        if let Some(keys) = keys {
            return keys.into_iter().map(only).collect();
        }
        if let Some(key) = key {
            return vec![only(key)];
        }
        if let Some(prefix) = prefix {
            return vec![KeyRange::of_prefix(prefix)];
        }
        let (start, end) = (start.map(|start| (start, inclusive_start)), end.map(|end| (end, inclusive_end)));
        let (lower, upper) = match (start, end) {
            (Some(start), Some(end)) if descending && start.0 > end.0 => (Some(end), Some(start)),
            (start, None) if descending => (None, start),
            (None, end) if descending => (end, None),
            bounds => bounds,
        };
        vec![between(lower, upper, after)]
    }
}

fn between(lower: Option<Bound>, upper: Option<Bound>, after: fn(Vec<u8>) -> Option<Vec<u8>>) -> KeyRange {
    let from = match lower {
        Some((lower, false)) => match after(lower) {
            None => return KeyRange { from: None, until: Some(Vec::new()) },
            from => from,
        },
        lower => lower.map(|(lower, _)| lower),
    };
    let until = upper.and_then(|(upper, is_inside)| if is_inside { after(upper) } else { Some(upper) });
    KeyRange { from, until }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Key;
    use crate::range::Query;
    use crate::tree::Tree;

    fn keys(selection: Selection) -> Vec<String> {
        let mut tree = Tree::new();
        for text in ["a", "a\0", "b", "b:1", "b:2", "b:\u{1F600}", "b:\u{FFFF}", "c"] {
            tree.insert(Key::new(text).unwrap(), ());
        }
        let page = Query { selection, ..Query::default() }.of_keys().unwrap().page(&tree);
        let found = page.entries(&tree).map(|(key, ())| key.as_bytes().to_vec());
        found.map(|bytes| String::from_utf8(bytes).unwrap_or_else(|_| "emoji".to_owned())).collect()
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
    fn an_exclusive_bound_goes_wherever_its_bound_ends_up() {
        let range = |start: Option<&str>, end: Option<&str>, descending, inclusive_start, inclusive_end| {
            let (start, end) = (start.map(bytes), end.map(bytes));
            keys(Selection { start, end, inclusive_start, inclusive_end, descending, ..Selection::default() })
        };
        let (a, b) = (Some("a"), Some("b"));
        assert_eq!(range(a, b, false, false, true), ["a\0", "b"]);
        assert_eq!(range(a, b, false, true, false), ["a", "a\0"]);
        assert_eq!(range(a, b, false, false, false), ["a\0"]);
        for (start, end, at_a, at_b) in [(a, b, false, true), (b, a, true, false)] {
            assert_eq!(range(start, end, true, at_a, at_b), ["b", "a\0"], "a, wherever it is named");
            assert_eq!(range(start, end, true, at_b, at_a), ["a\0", "a"], "b, wherever it is named");
        }
        assert_eq!(range(b, None, true, false, true), ["a\0", "a"]);
        assert_eq!(range(None, Some("b:2"), true, true, false), ["c", "b:\u{FFFF}", "emoji"]);
        assert_eq!(range(Some("a\0"), Some("bb"), false, false, false), ["b", "b:1", "b:2", "emoji", "b:\u{FFFF}"]);
    }

    #[test]
    fn an_exclusive_bound_that_is_the_other_one_leaves_nothing() {
        for (inclusive_start, inclusive_end) in [(false, true), (true, false), (false, false)] {
            for descending in [false, true] {
                let (start, end) = (Some(bytes("b")), Some(bytes("b")));
                let range =
                    Selection { start, end, inclusive_start, inclusive_end, descending, ..Selection::default() };
                assert!(keys(range).is_empty());
            }
        }
    }

    #[test]
    fn an_exclusive_bound_that_is_not_there_excludes_nothing() {
        for descending in [false, true] {
            let open = Selection { inclusive_start: false, inclusive_end: false, descending, ..Selection::default() };
            assert_eq!(keys(open.clone()).len(), 8);
            assert_eq!(keys(Selection { key: Some(bytes("b")), start: Some(bytes("b")), ..open.clone() }), ["b"]);
            assert_eq!(keys(Selection { prefix: Some(bytes("b:1")), ..open }), ["b:1"]);
        }
    }

    #[test]
    fn an_exclusive_bound_above_which_nothing_can_be_leaves_nothing() {
        let above = Selection { start: Some(vec![0xFF]), inclusive_start: false, ..Selection::default() };
        assert!(above.of_rows().iter().all(KeyRange::is_empty));
    }

    #[test]
    fn keys_come_in_the_order_given_and_as_often_as_given() {
        for descending in [false, true] {
            let wanted = ["c", "nothing", "a", "c", "b:1"];
            let selection = Selection { keys: Some(wanted.map(bytes).into()), descending, ..Selection::default() };
            assert_eq!(keys(selection), ["c", "a", "c", "b:1"]);
        }
        assert!(keys(Selection { keys: Some(Vec::new()), ..Selection::default() }).is_empty());
    }
}
