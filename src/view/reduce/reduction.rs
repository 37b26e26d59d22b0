//! A reduce query on its way: which groups its page shows, and what each comes to, in steps.

use std::collections::VecDeque;
use std::iter;
use std::ops::Range;
use std::slice;
use std::sync::Arc;

use super::boundaries::{Boundaries, Level};
use super::function::{self, Piece, Task};
use super::{Budget, Reducer, partial};
use crate::error::{Error, Result};
use crate::range::{Cursor, Fingerprint, Page, Plan, Window};
use crate::view::{RowTree, collation};

/// Work for a group beside its rows.
const COST_OF_A_GROUP: usize = 32;

/// What is to be reduced.
#[derive(Clone, Debug)]
pub struct Question {
    /// Positions of rows, one range after the other in the order of the query.
    pub ranges: Vec<Range<usize>>,
    /// Whether the groups of a range come from the last one down.
    pub descending: bool,
    /// By what to group; `None` for one value of everything.
    pub level: Option<Level>,
    /// Which of the groups are wanted.
    pub window: Window,
    /// The group that the page before ended with, in place of the window's start.
    pub after: Option<Cursor>,
    /// Which query the page's cursor will belong to.
    pub fingerprint: Fingerprint,
}

impl Question {
    /// What a query asks of rows.
    #[must_use]
    pub fn new(plan: &Plan, level: Option<Level>, rows: &RowTree) -> Self {
        Self {
            ranges: plan.positions(rows),
            descending: plan.is_descending(),
            level,
            window: plan.window(),
            after: plan.after().cloned(),
            fingerprint: plan.fingerprint(),
        }
    }
}

/// Rows that come to one value.
pub struct Group {
    /// What their keys have in common, [encoded](collation::head): every row that begins with it belongs to the group.
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
    pub fn new(rows: RowTree, reducer: Reducer, question: Question) -> Self {
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
        if self.page.is_none() {
            if !self.count(&mut budget) {
                return Ok(Progress::Paused);
            }
            self.page = Some(self.open_page());
        }
        while let Some((range, numbers)) = self.wanted.pop_front() {
            if !self.find_groups(&range, numbers, &mut budget) {
                return Ok(Progress::Paused);
            }
        }
        self.close_page();
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

    /// Counts what is asked to be counted; whether the budget sufficed.
    fn count(&self, budget: &mut Budget) -> bool {
        let distinct = (self.reducer == Reducer::ApproxCountDistinct).then_some(Level::WHOLE);
        let grouped = self.question.level.filter(|level| !level.is_one_group());
        grouped.into_iter().chain(distinct).all(|level| Boundaries::new(&self.rows, level).fill(budget))
    }

    /// Picks the groups of the page.
    fn open_page(&mut self) -> Page {
        let Question { ranges, descending, level, window, after, .. } = &self.question;
        let Some(level) = level.filter(|level| !level.is_one_group()) else {
            let is_there = level.is_none() || ranges.iter().any(|range| !range.is_empty());
            let window = if level.is_none() { Window::default() } else { *window };
            let page = window.page(slice::from_ref(&(0..usize::from(is_there))), false);
            if !page.parts.is_empty() {
                self.groups.push(Group::new(Vec::new(), ranges.clone()));
            }
            return page;
        };
        let boundaries = Boundaries::new(&self.rows, level);
        // The numbers of the groups of all ranges, counted through.
        let mut total = 0;
        let numbers: Vec<_> = ranges
            .iter()
            .map(|range| {
                let first = total;
                total += boundaries.groups(range);
                first..total
            })
            .collect();
        let start = after.as_ref().map(|Cursor { place, last }| {
            let range = ranges.get(*place).cloned().unwrap_or_default();
            numbers.get(*place).map_or(total, |numbers| numbers.start) + boundaries.passed(&range, last, *descending)
        });
        let page = Window { start: start.unwrap_or(window.start), ..*window }.page(&numbers, *descending);
        let mut of_ranges = ranges.iter().zip(numbers);
        for part in &page.parts {
            if let Some((range, numbers)) = of_ranges.find(|(_, numbers)| numbers.contains(&part.start)) {
                self.wanted.push_back((range.clone(), part.start - numbers.start..part.end - numbers.start));
            }
        }
        page
    }

    /// The page's cursor, when its groups are found.
    fn close_page(&mut self) {
        if let (Some(page), Some(last)) = (&mut self.page, self.groups.last())
            && page.exclusive_end_index.is_some()
            && page.cursor.is_none()
        {
            page.cursor = Some(Cursor::to_text(self.question.fingerprint, page.place, &last.head));
        }
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
