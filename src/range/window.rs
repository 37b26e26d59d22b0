//! The page of a range that a query asked for.
//!
//! A window counts in the direction of the query; a page's positions are those of the ascending tree, to be read
//! from the end where the query is descending.
//!
//! Not here: the default limit and the checks of its type (`engine`).

use std::ops::Range;

/// Which part of a range to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// How many keys of the range to pass over.
    pub start: usize,
    /// How many to read at most; `None` is all that follow.
    pub limit: Option<usize>,
}

/// One page of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The positions to read, in the ascending tree.
    pub positions: Range<usize>,
    /// Where the next page starts, counted inside the range; `None` where nothing follows.
    pub exclusive_end_index: Option<usize>,
    /// How many keys the whole range holds.
    pub total: usize,
}

impl Window {
    /// The page that this window shows of the positions `range`. A start beyond the end gives an empty last page.
    #[must_use]
    pub fn page(self, range: Range<usize>, descending: bool) -> Page {
        let total = range.len();
        let first = self.start.min(total);
        let last = self.limit.map_or(total, |limit| first.saturating_add(limit).min(total));
        let positions = if descending {
            range.end.saturating_sub(last)..range.end.saturating_sub(first)
        } else {
            range.start.saturating_add(first)..range.start.saturating_add(last)
        };
        Page { positions, exclusive_end_index: (last < total).then_some(last), total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(start: usize, limit: Option<usize>, descending: bool) -> (Range<usize>, Option<usize>) {
        let page = Window { start, limit }.page(100..110, descending);
        assert_eq!(page.total, 10);
        (page.positions, page.exclusive_end_index)
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
        assert_eq!(page(10, Some(4), false), (110..110, None));
        assert_eq!(page(usize::MAX, None, true), (100..100, None));
    }

    #[test]
    fn an_empty_range_has_an_empty_last_page() {
        let page = Window::default().page(5..5, false);
        assert_eq!(page, Page { positions: 5..5, exclusive_end_index: None, total: 0 });
    }
}
