//! A range of byte strings, which is a range of positions in an ordered, counted tree.

use std::borrow::Borrow;
use std::ops::Range;

use crate::tree::Tree;

/// The byte strings from `from` (inside) up to `until` (outside); `None` is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyRange {
    /// The lowest byte string inside.
    pub from: Option<Vec<u8>>,
    /// The lowest byte string above the range.
    pub until: Option<Vec<u8>>,
}

impl KeyRange {
    /// Every byte string that begins with `prefix`.
    #[must_use]
    pub fn of_prefix(prefix: Vec<u8>) -> Self {
        Self { from: Some(prefix.clone()), until: after_prefix(prefix) }
    }

    /// What lies in both ranges.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let until = match (self.until, other.until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self { from: self.from.max(other.from), until }
    }

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

    /// Whether no byte string is inside.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        // No byte string is below the empty one.
        self.until.as_deref().is_some_and(|until| self.from.as_deref().unwrap_or_default() >= until)
    }

    /// The part of a range that a query has read when it has come to `last`, `last` inside, and the part that is left.
    #[must_use]
    pub fn split_after(self, last: Vec<u8>, descending: bool) -> (Self, Self) {
        let Self { from, until } = self;
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
pub fn after_key(mut key: Vec<u8>) -> Option<Vec<u8>> {
    key.push(0);
    Some(key)
}

/// The lowest byte string above all that begin with `prefix`; `None` where nothing is above them.
pub fn after_prefix(mut prefix: Vec<u8>) -> Option<Vec<u8>> {
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

    #[test]
    fn what_is_in_both_ranges_is_in_their_intersection() {
        let bounds = || [None, Some(b"a".to_vec()), Some(b"b".to_vec()), Some(b"c".to_vec())];
        let all = || bounds().into_iter().flat_map(|from| bounds().map(|until| KeyRange { from: from.clone(), until }));
        for (a, b) in all().flat_map(|a| all().map(move |b| (a.clone(), b))) {
            let both = a.clone().and(b.clone());
            for key in [&b""[..], b"a", b"aa", b"b", b"c", b"d"] {
                assert_eq!(both.contains(key), a.contains(key) && b.contains(key));
            }
        }
    }

    #[test]
    fn a_range_splits_where_the_query_has_come_to() {
        let range = || KeyRange { from: Some(b"a".to_vec()), until: Some(b"d\0".to_vec()) };
        for (last, descending, read) in
            [("b", false, "ab"), ("d", false, "abcd"), ("c", true, "cd"), ("a", true, "abcd")]
        {
            let (checked, left) = range().split_after(last.as_bytes().to_vec(), descending);
            for key in ["", "a", "b", "c", "d", "d\0", "e"] {
                let inside = range().contains(key.as_bytes());
                assert_eq!(checked.contains(key.as_bytes()), inside && !key.is_empty() && read.contains(key), "{key}");
                assert_eq!(left.contains(key.as_bytes()), inside && !read.contains(key), "{key}");
            }
        }
    }

    #[test]
    fn a_range_is_empty_where_it_ends_before_anything_is_inside() {
        let range = |from: Option<&str>, until: Option<&str>| {
            let bytes = |bound: Option<&str>| bound.map(|bound| bound.as_bytes().to_vec());
            KeyRange { from: bytes(from), until: bytes(until) }
        };
        for (from, until) in [(Some("a"), Some("a")), (Some("b"), Some("a")), (None, Some("")), (Some(""), Some(""))] {
            assert!(range(from, until).is_empty());
        }
        for (from, until) in [(Some("a"), Some("a\0")), (None, Some("\0")), (Some("a"), None), (None, None)] {
            assert!(!range(from, until).is_empty());
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
