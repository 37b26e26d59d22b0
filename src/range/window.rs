//! The page of some ranges that a query asked for.
//!
//! A window counts in the direction of the query, over all of its ranges; a page's positions are those of the ascending
//! tree, each part of them to be read from its end where the query is descending.
//!
//! Not here: the default limit and the checks of its type (before they reach the core), where a cursor has come to
//! ([`Plan`](super::Plan)).

use std::ops::Range;

use crate::tree::Tree;

/// Which part of the ranges to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// How many keys of the ranges to pass over.
    pub start: usize,
    /// How many to read at most, one at least; `None` is all that follow.
    pub limit: Option<usize>,
}

/// One page of some ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The positions to read in the ascending tree, one part after the other, none of them empty.
    pub parts: Vec<Range<usize>>,
    /// Which of the ranges the last part is of.
    pub place: usize,
    /// Whether each part is read from its end.
    pub descending: bool,
    /// Where the next page starts, counted inside the ranges; `None` where nothing follows.
    pub exclusive_end_index: Option<usize>,
    /// How many keys all the ranges hold.
    pub total: usize,
    /// Where the next page starts, wherever keys come and go meanwhile; `None` where nothing follows.
    pub cursor: Option<String>,
}

impl Window {
    /// The page, without its cursor, that this window shows of the positions `ranges`. A start beyond the end gives an
    /// empty last page.
    #[must_use]
    pub fn page(self, ranges: &[Range<usize>], descending: bool) -> Page {
        let end = self.limit.map_or(usize::MAX, |limit| self.start.saturating_add(limit.max(1)));
        let (mut total, mut parts, mut place) = (0, Vec::with_capacity(1), 0);
        for (index, range) in ranges.iter().enumerate() {
            let inside = |position: usize| position.saturating_sub(total).min(range.len());
            let (first, last) = (inside(self.start), inside(end));
            if first < last {
                parts.push(if descending {
                    range.end.saturating_sub(last)..range.end.saturating_sub(first)
                } else {
                    range.start.saturating_add(first)..range.start.saturating_add(last)
                });
                place = index;
            }
            total += range.len();
        }
        Page { parts, place, descending, exclusive_end_index: (end < total).then_some(end), total, cursor: None }
    }
}

impl Page {
    /// The page's entries of the tree that it was made for, in the order of the query.
    pub fn entries<'a, K, V, M>(
        &self,
        tree: &'a Tree<K, V, M>,
    ) -> impl Iterator<Item = (&'a K, &'a V)> + use<'_, 'a, K, V, M> {
        let descending = self.descending;
        self.parts.iter().flat_map(move |part| {
            let mut entries = tree.range(part.clone());
            std::iter::from_fn(move || if descending { entries.next_back() } else { entries.next() })
        })
    }

    /// The position of the last entry; `None` where there is none.
    #[must_use]
    pub fn last(&self) -> Option<usize> {
        let part = self.parts.last()?;
        if self.descending { Some(part.start) } else { part.end.checked_sub(1) }
    }
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "one range is the usual case, not a mistake")]
mod tests {
    use super::*;

    fn page(start: usize, limit: Option<usize>, descending: bool) -> (Range<usize>, Option<usize>) {
        let page = Window { start, limit }.page(&[100..110], descending);
        assert_eq!((page.total, page.parts.len()), (10, 1));
        (page.parts[0].clone(), page.exclusive_end_index)
    }

    #[test]
    fn pages_tell_where_the_next_one_starts() {
        assert_eq!(page(0, Some(4), false), (100..104, Some(4)));
        assert_eq!(page(4, Some(4), false), (104..108, Some(8)));
        assert_eq!(page(8, Some(4), false), (108..110, None));
    }

    #[test]
    fn a_page_that_ends_with_the_range_is_the_last() {
        assert_eq!(page(6, Some(4), false), (106..110, None));
        assert_eq!(page(6, Some(4), true), (100..104, None));
    }

    #[test]
    fn descending_counts_from_the_upper_end() {
        assert_eq!(page(0, Some(4), true), (106..110, Some(4)));
        assert_eq!(page(8, Some(4), true), (100..102, None));
    }

    #[test]
    fn no_limit_reads_all_that_follow() {
        assert_eq!(page(3, None, false), (103..110, None));
        assert_eq!(page(3, None, true), (100..107, None));
        assert_eq!(page(3, Some(usize::MAX), false), (103..110, None));
    }

    #[test]
    fn a_start_beyond_the_end_is_an_empty_last_page() {
        for (start, limit, descending) in [(10, Some(4), false), (usize::MAX, None, true)] {
            let page = Window { start, limit }.page(&[100..110], descending);
            assert_eq!((page.parts, page.exclusive_end_index, page.total), (Vec::new(), None, 10));
        }
    }

    #[test]
    fn no_range_and_an_empty_one_have_an_empty_last_page() {
        for ranges in [&[][..], &[5..5], &[5..5, 0..0]] {
            let page = Window::default().page(ranges, false);
            assert_eq!((page.parts, page.exclusive_end_index, page.total), (Vec::new(), None, 0));
        }
    }

    #[test]
    fn a_window_counts_over_all_ranges_in_their_order() {
        let ranges = [20..23, 7..7, 0..2, 20..23];
        let page = |start, limit, descending| {
            let page = Window { start, limit }.page(&ranges, descending);
            assert_eq!(page.total, 8);
            (page.parts, page.place, page.exclusive_end_index)
        };
        assert_eq!(page(0, None, false), (vec![20..23, 0..2, 20..23], 3, None));
        assert_eq!(page(0, Some(3), false), (vec![20..23], 0, Some(3)));
        assert_eq!(page(2, Some(2), false), (vec![22..23, 0..1], 2, Some(4)));
        assert_eq!(page(2, Some(2), true), (vec![20..21, 1..2], 2, Some(4)));
        assert_eq!(page(4, Some(4), true), (vec![0..1, 20..23], 3, None));
        assert_eq!(page(7, Some(4), false), (vec![22..23], 3, None));
    }
}
