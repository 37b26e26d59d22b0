//! Every reducer against a naive one over a list of rows, and how little is done anew after a change.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use proptest::prelude::*;

use super::model::{Groups, Row, naive, naive_groups, row_list};
use super::*;
use crate::error::ErrorKind;
use crate::key::Key;
use crate::range::{Cursor, Fingerprint, Window};
use crate::tree::Below;
use crate::view::model::Json;
use crate::view::{Emitted, RowTree, Rows, collation};

const REDUCERS: [Reducer; 7] = [
    Reducer::Count,
    Reducer::Sum,
    Reducer::Stats,
    Reducer::Min,
    Reducer::Max,
    Reducer::ApproxCountDistinct,
    Reducer::Function,
];

const KEYS: &[&str] = &[
    "null",
    "1",
    "2",
    "\"a\"",
    "\"a\\u0000\"",
    "\"b\"",
    "[]",
    "[1]",
    "[1,1]",
    "[1,1,1]",
    "[1,1,2]",
    "[1,2]",
    "[2]",
    "[2,[1],1]",
    "[2,[1],2]",
    "[2,[2]]",
    "[\"a\"]",
    "[\"a\",null]",
    "[\"a\",null,{}]",
    "{}",
    "{\"a\":1}",
];

/// Sums of these are exact however they are made.
const NUMBERS: &[&str] = &["0", "1", "2.5", "-3", "7", "1e3", "-0.25"];

/// The function of these tests: all values in order, as an array. Tells how often it was called.
fn call(task: &Task, calls: &mut usize) -> Arc<str> {
    *calls += 1;
    let mut all = String::new();
    match task.input() {
        Input::Rows(rows) => {
            for (_, value) in rows {
                write!(all, ",{}", value.as_deref().unwrap_or("null")).unwrap();
            }
        }
        Input::Results(results) => {
            for result in results {
                write!(all, ",{}", &result[1..result.len() - 1]).unwrap();
            }
        }
    }
    assert!(all.starts_with(','), "a call with nothing");
    format!("[{}]", &all[1..]).into()
}

/// Runs to the end in steps; the number of calls of the function.
fn run(reduction: &mut Reduction, rows: usize) -> Result<usize> {
    let mut calls = 0;
    loop {
        match reduction.step(rows)? {
            Progress::Done => return Ok(calls),
            Progress::Paused => {}
            Progress::Calls(tasks) => {
                for task in tasks {
                    let result = call(&task, &mut calls);
                    reduction.answer(task, result);
                }
            }
        }
    }
}

fn assert_same(tree: &RowTree, list: &[Row], reducer: Reducer, question: &Question, step: usize) {
    let mut reduction = Reduction::new(tree.clone(), reducer, question.clone());
    let outcome = run(&mut reduction, step);
    if question.level.is_none() {
        let rows: Vec<_> = question.ranges.iter().flat_map(|range| &list[range.clone()]).cloned().collect();
        match naive(reducer, &rows) {
            Ok(expected) => {
                outcome.unwrap();
                let [group] = reduction.groups() else { panic!("one value") };
                assert_eq!(Json::parse(group.value.as_deref().unwrap()), expected, "{reducer:?}");
                assert!(reduction.page().is_none());
            }
            Err(document) => assert_refused(outcome, &document),
        }
        return;
    }
    outcome_is_that_of_the_page(&reduction, outcome, reducer, list, question);
    // By its cursor a page goes on as if its end had been asked for.
    let page = reduction.page().unwrap();
    if let (Some(text), Some(end)) = (&page.cursor, page.exclusive_end_index) {
        let after = Some(Cursor::from_text(text, question.fingerprint).unwrap());
        let mut rest = Reduction::new(tree.clone(), reducer, Question { after, ..question.clone() });
        let outcome = run(&mut rest, step);
        let window = Window { start: end, ..question.window };
        outcome_is_that_of_the_page(&rest, outcome, reducer, list, &Question { window, ..question.clone() });
    }
}

fn outcome_is_that_of_the_page<T: std::fmt::Debug>(
    reduction: &Reduction,
    outcome: Result<T>,
    reducer: Reducer,
    list: &[Row],
    question: &Question,
) {
    let (expected, total) = naive_groups(reducer, list, question);
    if let Some(document) = expected.iter().find_map(|(_, value)| value.as_ref().err()) {
        // Of a descending page another group may be the first to fail.
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ViewReduce);
        assert!(question.descending || error.context().key.as_deref() == Some(document));
        return;
    }
    outcome.unwrap();
    let found = reduction
        .groups()
        .iter()
        .map(|group| (Json::parse(&group.key().unwrap()), Ok(Json::parse(group.value.as_deref().unwrap()))));
    assert_eq!(found.collect::<Groups>(), expected, "{reducer:?} {:?}", question.level);
    let page = reduction.page().unwrap();
    assert_eq!(page.total, total);
    let end = question.window.start.min(total) + expected.len();
    assert_eq!(page.exclusive_end_index, (end < total).then_some(end));
    assert_eq!(page.cursor.is_some(), end < total);
}

fn assert_refused<T>(outcome: Result<T>, document: &str) {
    let error = outcome.err().unwrap();
    assert_eq!((error.code(), error.context().key.as_deref()), ("VIEW_REDUCE", Some(document)));
}

fn emitted(key: &str, value: Option<&str>) -> Emitted {
    let mut bytes = Vec::new();
    collation::encode(key, &mut bytes).unwrap();
    Emitted { key: bytes, value: value.map(Arc::from) }
}

fn replace(rows: &mut Rows, document: usize, emissions: Vec<Emitted>) {
    rows.replace(&Key::new(&format!("d{document}")).unwrap(), emissions);
}

/// Rows with the keys `[i / 100, i]` and the values `i`, a document each.
fn numbered(count: usize) -> Rows {
    let mut rows = Rows::new();
    for i in 0..count {
        replace(&mut rows, i, vec![emitted(&format!("[{},{i}]", i / 100), Some(&i.to_string()))]);
    }
    rows
}

fn over(range: Range<usize>) -> Question {
    over_all(std::iter::once(range).collect())
}

fn over_all(ranges: Vec<Range<usize>>) -> Question {
    let fingerprint = Fingerprint::of("test");
    Question { ranges, descending: false, level: None, window: Window::default(), after: None, fingerprint }
}

type Change = (usize, Vec<(&'static str, Option<&'static str>)>);

fn changes(values: &'static [&'static str]) -> impl Strategy<Value = Vec<Change>> {
    let value = prop_oneof![20 => prop::sample::select(values).prop_map(Some), 1 => Just(None)];
    let emissions = prop::collection::vec((prop::sample::select(KEYS), value), 0..16);
    prop::collection::vec((0..50_usize, emissions), 0..80)
}

fn level() -> impl Strategy<Value = Option<Level>> {
    prop::sample::select(vec![
        None,
        Some(Level::WHOLE),
        Some(Level::elements(0)),
        Some(Level::elements(1)),
        Some(Level::elements(2)),
        Some(Level::elements(9)),
    ])
}

#[derive(Clone, Debug)]
struct Query {
    ranges: Vec<(usize, usize)>,
    descending: bool,
    level: Option<Level>,
    start: usize,
    limit: Option<usize>,
    step: usize,
}

impl Query {
    fn question(&self, rows: usize) -> Question {
        let mut ranges: Vec<Range<usize>> = self
            .ranges
            .iter()
            .map(|(start, length)| start % (rows + 1)..(start % (rows + 1) + length).min(rows))
            .collect();
        // Several ranges are those of keys: no key is in two of them in part.
        ranges.truncate(if self.level.is_none_or(Level::is_one_group) { 1 } else { 3 });
        let window = Window { start: self.start, limit: self.limit };
        Question { descending: self.descending, level: self.level, window, ..over_all(ranges) }
    }
}

fn query() -> impl Strategy<Value = Query> {
    let ranges = prop::collection::vec((0..400_usize, prop_oneof![0..20_usize, 0..400_usize]), 0..4);
    let window = (0..8_usize, prop::option::of(1..12_usize));
    let step = prop_oneof![Just(1_usize), 1..300_usize, Just(1_000_000)];
    (ranges, any::<bool>(), level(), window, step).prop_map(|(ranges, descending, level, (start, limit), step)| Query {
        ranges,
        descending,
        level,
        start,
        limit,
        step,
    })
}

fn compare_all(changes: &[Change], queries: &[Query]) {
    let mut rows = Rows::new();
    let mut snapshots = Vec::new();
    for (index, (document, emissions)) in changes.iter().enumerate() {
        replace(&mut rows, *document, emissions.iter().map(|(key, value)| emitted(key, *value)).collect());
        if index % 20 == 10 {
            snapshots.push((rows.tree().clone(), row_list(rows.tree())));
            // So that memos are there to be outdated by what follows.
            for (query, reducer) in queries.iter().zip(REDUCERS.into_iter().cycle().skip(index)) {
                let (tree, list) = snapshots.last().unwrap();
                assert_same(tree, list, reducer, &query.question(list.len()), query.step);
            }
        }
    }
    snapshots.push((rows.tree().clone(), row_list(rows.tree())));
    for (tree, list) in &snapshots {
        for query in queries {
            for reducer in REDUCERS {
                assert_same(tree, list, reducer, &query.question(list.len()), query.step);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_reducer_gives_what_a_naive_one_gives(
        changes in changes(NUMBERS), queries in prop::collection::vec(query(), 1..5),
    ) {
        compare_all(&changes, &queries);
    }

    #[test]
    fn values_of_any_kind_are_reduced_or_refused_as_a_naive_reducer_does(
        changes in changes(&["1", "-2", "[1,2]", "[]", "[0.5]", "[1,2,3]", "null", "\"a\"", "[\"a\"]", "{\"a\":1}", "true"]),
        queries in prop::collection::vec(query(), 1..5),
    ) {
        compare_all(&changes, &queries);
    }
}

fn whole(rows: &Rows, reducer: Reducer) -> Result<Arc<str>> {
    ranges(rows, reducer, &[(0, rows.len())])
}

fn ranges(rows: &Rows, reducer: Reducer, ranges: &[(usize, usize)]) -> Result<Arc<str>> {
    let ranges = ranges.iter().map(|(start, end)| *start..*end).collect();
    let mut reduction = Reduction::new(rows.tree().clone(), reducer, over_all(ranges));
    run(&mut reduction, usize::MAX)?;
    Ok(Arc::clone(reduction.groups()[0].value.as_ref().unwrap()))
}

#[test]
fn an_empty_range_has_the_value_of_nothing() {
    for rows in [Rows::new(), numbered(3)] {
        let empty = |reducer| ranges(&rows, reducer, &[(1.min(rows.len()), 1.min(rows.len()))]).unwrap();
        for reducer in [Reducer::Count, Reducer::Sum, Reducer::ApproxCountDistinct] {
            assert_eq!(&*empty(reducer), "0");
        }
        for reducer in [Reducer::Min, Reducer::Max, Reducer::Function] {
            assert_eq!(&*empty(reducer), "null");
        }
        assert_eq!(&*empty(Reducer::Stats), r#"{"sum":0,"count":0,"min":null,"max":null,"sumsqr":0}"#);
    }
}

#[test]
fn a_least_or_greatest_value_keeps_its_own_text() {
    let mut rows = Rows::new();
    for (document, value) in ["1.0", "1", "2E0", "2.0"].into_iter().enumerate() {
        replace(&mut rows, document, vec![emitted("null", Some(value))]);
    }
    assert_eq!(&*whole(&rows, Reducer::Min).unwrap(), "1.0");
    assert_eq!(&*whole(&rows, Reducer::Max).unwrap(), "2E0");
    replace(&mut rows, 9, vec![emitted("null", Some("{\"b\": [ 1e999 ]}"))]);
    assert_refused(whole(&rows, Reducer::Max), "d9");
}

#[test]
fn what_is_beyond_every_double_is_null() {
    let mut rows = Rows::new();
    for document in 0..2 {
        replace(&mut rows, document, vec![emitted("null", Some("-1.7e308"))]);
    }
    assert_eq!(&*whole(&rows, Reducer::Sum).unwrap(), "null");
    let stats = r#"{"sum":null,"count":2,"min":-1.7e+308,"max":-1.7e+308,"sumsqr":null}"#;
    assert_eq!(&*whole(&rows, Reducer::Stats).unwrap(), stats);
}

#[test]
fn keys_of_ranges_that_overlap_are_counted_once() {
    let rows = numbered(300);
    assert_eq!(&*ranges(&rows, Reducer::ApproxCountDistinct, &[(50, 60), (0, 10), (5, 20), (50, 60)]).unwrap(), "30");
}

#[test]
fn more_group_levels_than_are_remembered_are_counted_all_the_same() {
    let rows = numbered(1_000);
    for _ in 0..2 {
        for elements in 0..20 {
            let level = Some(Level::elements(elements));
            let question = Question { level, ..over(0..1_000) };
            let mut reduction = Reduction::new(rows.tree().clone(), Reducer::Count, question);
            run(&mut reduction, usize::MAX).unwrap();
            let expected = [1, 10].get(elements).copied().unwrap_or(1_000);
            assert_eq!(reduction.page().unwrap().total, expected);
        }
    }
}

/// How many nodes a test of their memos holds for.
fn nodes(tree: &RowTree, is_meant: impl Fn(&Memo) -> bool) -> usize {
    let (mut count, mut open) = (0, vec![tree.branch()]);
    while let Some(branch) = open.pop() {
        count += usize::from(is_meant(branch.memo()));
        if let Below::Branches(branches) = branch.below() {
            open.extend(branches);
        }
    }
    count
}

/// How many nodes lie one below the other.
fn depth(tree: &RowTree) -> usize {
    let (mut depth, mut branch) = (1, tree.branch());
    while let Below::Branches(mut branches) = branch.below() {
        depth += 1;
        branch = branches.next().unwrap();
    }
    assert!((3..=4).contains(&depth));
    depth
}

#[test]
fn a_change_leaves_all_but_one_path_remembered() {
    let mut rows = numbered(4_000);
    let grouped = || Question { level: Some(Level::elements(1)), ..over(0..4_000) };
    let mut reduction = Reduction::new(rows.tree().clone(), Reducer::Sum, grouped());
    run(&mut reduction, usize::MAX).unwrap();
    whole(&rows, Reducer::Sum).unwrap();
    drop(reduction);
    let all = nodes(rows.tree(), |_| true);
    let missing = |tree: &RowTree| {
        let counted = nodes(tree, |memo| memo.counts(Level::elements(1)).is_some());
        (nodes(tree, |memo| memo.partial(Reducer::Sum).is_none()), all - counted)
    };
    assert!(all > 250);
    assert_eq!(missing(rows.tree()), (0, 0));
    replace(&mut rows, 1_234, vec![emitted("[12,1234]", Some("0"))]);
    let depth = depth(rows.tree());
    assert_eq!(missing(rows.tree()), (depth, depth), "one node per level");
    assert_eq!(&*whole(&rows, Reducer::Sum).unwrap(), (3_999 * 4_000 / 2 - 1_234).to_string());
}

#[test]
fn a_function_is_called_for_one_path_after_a_change() {
    let mut rows = numbered(4_000);
    let calls = |rows: &Rows, range: Range<usize>| {
        run(&mut Reduction::new(rows.tree().clone(), Reducer::Function, over(range)), 100).unwrap()
    };
    assert!(calls(&rows, 0..4_000) > 250, "every node of the first evaluation");
    assert_eq!(calls(&rows, 0..4_000), 0);
    assert!(calls(&rows, 7..3_999) <= 3, "a piece at either end and the whole of the pieces");
    replace(&mut rows, 1_234, vec![emitted("[12,1234]", Some("0"))]);
    assert_eq!(calls(&rows, 0..4_000), depth(rows.tree()), "one node per level");
}

#[test]
fn a_page_of_groups_looks_at_few_rows() {
    let rows = numbered(4_000);
    let question = |start| Question {
        level: Some(Level::elements(1)),
        window: Window { start, limit: Some(2) },
        ..over(7..3_993)
    };
    let steps = |start| {
        let mut reduction = Reduction::new(rows.tree().clone(), Reducer::Sum, question(start));
        let mut steps = 1;
        while !matches!(reduction.step(64).unwrap(), Progress::Done) {
            steps += 1;
        }
        steps
    };
    assert!(steps(0) > 50, "every row is looked at when the groups are counted first");
    for start in [0, 20, 38] {
        steps(start);
        assert!(steps(start) <= 6);
    }
}
