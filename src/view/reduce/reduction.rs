//! A reduce query on its way: which groups its page shows, and what each comes to, in steps.

use std::collections::VecDeque;
use std::iter;
use std::ops::Range;
use std::sync::Arc;

use super::boundaries::{Boundaries, Level};
use super::function::{self, Piece, Task};
use super::{Budget, Reducer, partial};
use crate::error::{Error, Result};
use crate::range::{Page, Window};
use crate::view::{RowTree, collation};

/// Work for a group beside its rows.
const COST_OF_A_GROUP: usize = 32;

/// What is to be reduced.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Positions of rows, one range after the other in the order of the query.
    pub ranges: Vec<Range<usize>>,
    /// Whether the groups of a range come from the last one down.
    pub descending: bool,
    /// By what to group; `None` for one value of everything.
    pub level: Option<Level>,
    /// Which of the groups are wanted.
    pub window: Window,
}

/// Rows that come to one value.
pub struct Group {
    /// What their keys have in common, [encoded](collation::head): what follows the group is behind every row that begins
    /// with it.
    pub head: Vec<u8>,
    /// What they come to, as JSON; `None` before the reduction is done.
    pub value: Option<Arc<str>>,
    pub(super) ranges: Vec<Range<usize>>,
    pub(super) pieces: Option<Vec<Piece>>,
}

/// How far a reduction has come with a step.
pub enum Progress {
    /// The next step goes on.
    Paused,
    /// Calls of the function, each to be [answered](Reduction::answer) before the next step.
    Calls(Vec<Task>),
    /// Every group has its value.
    Done,
}

/// A reduce query of rows that do not change meanwhile.
pub struct Reduction {
    rows: RowTree,
    reducer: Reducer,
    question: Question,
    /// The page, when the groups are counted.
    page: Option<Page>,
    /// The groups that are still to be found: a range, and the numbers of its groups that are wanted.
    wanted: VecDeque<(Range<usize>, Range<usize>)>,
    /// Where the groups of the range in progress begin in `groups`, and the position reached there.
    reached: Option<(usize, usize)>,
    groups: Vec<Group>,
    /// The first group that may have no value yet.
    unfinished: usize,
}

impl Reduction {
    /// Nothing is done yet.
    #[must_use]
    pub fn new(rows: RowTree, reducer: Reducer, mut question: Question) -> Self {
        question.ranges.retain(|range| !range.is_empty());
        Self {
            rows,
            reducer,
            question,
            page: None,
            wanted: VecDeque::new(),
            reached: None,
            groups: Vec::new(),
            unfinished: 0,
        }
    }

    /// Goes on, for about as long as it takes to look at so many rows.
    ///
    /// # Errors
    ///
    /// `ViewReduce` where a row cannot be reduced.
    pub fn step(&mut self, rows: usize) -> Result<Progress> {
        let mut budget = Budget::new(rows);
        if self.page.is_none() && !self.open_page(&mut budget) {
            return Ok(Progress::Paused);
        }
        while let Some((range, numbers)) = self.wanted.pop_front() {
            if !self.find_groups(&range, numbers, &mut budget) {
                return Ok(Progress::Paused);
            }
        }
        if self.reducer == Reducer::Function {
            let calls = function::tasks(&self.rows, &mut self.groups, &mut self.unfinished, &mut budget);
            return Ok(match (calls.is_empty(), self.unfinished == self.groups.len()) {
                (true, true) => Progress::Done,
                (true, false) => Progress::Paused,
                (false, _) => Progress::Calls(calls),
            });
        }
        self.evaluate(&mut budget)
    }

    /// Takes what a call of the function returned, as JSON.
    pub fn answer(&mut self, task: Task, result: Arc<str>) {
        function::answer(&mut self.groups, task, result);
    }

    /// The groups of the page in the order of the query, when the reduction is done: just one, with the key `null`, where
    /// no level was given.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The page of groups; `None` where no level was given.
    #[must_use]
    pub fn page(&self) -> Option<&Page> {
        self.page.as_ref().filter(|_| self.question.level.is_some())
    }

    /// Counts the groups and picks those of the page; whether the budget sufficed.
    fn open_page(&mut self, budget: &mut Budget) -> bool {
        let Question { ranges, descending, level, window } = &self.question;
        let boundaries = level.filter(|level| !level.is_one_group()).map(|level| Boundaries::new(&self.rows, level));
        let distinct = Boundaries::new(&self.rows, Level::WHOLE);
        if boundaries.is_some_and(|boundaries| !boundaries.fill(budget))
            || (self.reducer == Reducer::ApproxCountDistinct && !distinct.fill(budget))
        {
            return false;
        }
        let Some(boundaries) = boundaries else {
            let total = usize::from(level.is_none() || !ranges.is_empty());
            let page = if level.is_some() { window.page(0..total, false) } else { Window::default().page(0..1, false) };
            if !page.positions.is_empty() {
                self.groups.push(Group::new(Vec::new(), ranges.clone()));
            }
            self.page = Some(page);
            return true;
        };
        let counted: Vec<_> = ranges.iter().map(|range| (range, boundaries.groups(range))).collect();
        let page = window.page(0..counted.iter().map(|(_, count)| count).sum(), false);
        let mut before = 0;
        for (range, count) in counted {
            let first = page.positions.start.clamp(before, before + count) - before;
            let last = page.positions.end.clamp(before, before + count) - before;
            if first < last {
                let numbers = if *descending { count - last..count - first } else { first..last };
                self.wanted.push_back((range.clone(), numbers));
            }
            before += count;
        }
        self.page = Some(page);
        true
    }

    /// Finds groups of a range by their numbers; puts back what the budget leaves undone and tells so.
    fn find_groups(&mut self, range: &Range<usize>, numbers: Range<usize>, budget: &mut Budget) -> bool {
        let Some(level) = self.question.level else { return true };
        let boundaries = Boundaries::new(&self.rows, level);
        let (begun, mut start) =
            self.reached.take().unwrap_or_else(|| (self.groups.len(), boundaries.start(range, numbers.start)));
        for number in numbers.clone() {
            if budget.is_spent() {
                self.reached = Some((begun, start));
                self.wanted.push_front((range.clone(), number..numbers.end));
                return false;
            }
            let end = boundaries.end(start).min(range.end);
            let head = self.rows.select(start).map(|(row, _)| level.head(row).to_vec()).unwrap_or_default();
            self.groups.push(Group::new(head, iter::once(start..end).collect()));
            budget.spend(COST_OF_A_GROUP);
            start = end;
        }
        if self.question.descending
            && let Some(of_range) = self.groups.get_mut(begun..)
        {
            of_range.reverse();
        }
        true
    }

    fn evaluate(&mut self, budget: &mut Budget) -> Result<Progress> {
        for group in self.groups.iter_mut().skip(self.unfinished) {
            if budget.is_spent() {
                return Ok(Progress::Paused);
            }
            group.value = Some(match self.reducer {
                Reducer::Count => count(group.ranges.iter().map(Range::len).sum()),
                Reducer::ApproxCountDistinct => count(distinct(&self.rows, &group.ranges)),
                reducer => match partial::reduce(&self.rows, &group.ranges, reducer, budget) {
                    Some(result) => result.text()?,
                    None => return Ok(Progress::Paused),
                },
            });
            budget.spend(COST_OF_A_GROUP);
            self.unfinished += 1;
        }
        Ok(Progress::Done)
    }
}

impl Group {
    fn new(head: Vec<u8>, ranges: Vec<Range<usize>>) -> Self {
        Self { head, value: None, ranges, pieces: None }
    }

    /// What their keys have in common, as JSON.
    ///
    /// # Errors
    ///
    /// An assertion where the rows are none that were emitted.
    pub fn key(&self) -> Result<String> {
        let mut key = String::new();
        let decoded = collation::decode_head(&self.head, &mut key);
        decoded.map(|()| key).ok_or_else(|| Error::assertion("a row that nobody emitted"))
    }
}

fn count(number: usize) -> Arc<str> {
    number.to_string().into()
}

/// How many keys the rows of ranges have, which may have rows in common but no key without its rows.
fn distinct(rows: &RowTree, ranges: &[Range<usize>]) -> usize {
    let boundaries = Boundaries::new(rows, Level::WHOLE);
    let mut ranges = ranges.to_vec();
    ranges.sort_by_key(|range| range.start);
    let mut reached = 0;
    let counts = ranges.into_iter().map(|range| {
        let rest = range.start.max(reached)..range.end;
        reached = reached.max(range.end);
        boundaries.groups(&rest)
    });
    counts.sum()
}
