//! Declarative views: brought forward beside built anew, and answered for the moment of the call.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::engine::{Answer, Awaited, Call, Reading, View};
use crate::range::KeyRange;
use crate::view::collation;
use crate::view::declared::Declaration;

const DECLARATIONS: &[&str] = &[
    r#"{"key":"n"}"#,
    r#"{"where":{"n":{"$gt":1}},"key":["n","s"],"value":"n"}"#,
    r#"{"key":"tags","each":"tags","value":["n"]}"#,
];

/// More changes than are evaluated while the caller waits.
const MANY: usize = 1_100;

fn declare(store: &Store, id: &str, declaration: &str) -> Arc<View> {
    store.engine.declare(id, &Declaration::parse(declaration).unwrap())
}

/// Rows as `key document value`.
fn rows(reading: &Reading) -> Vec<String> {
    let tell = |(row, value): (&crate::view::RowKey, &crate::view::RowValue)| {
        let mut text = String::new();
        collation::decode(row.emitted(), &mut text).unwrap();
        let document = row.document().unwrap();
        assert!(reading.document(&document).is_some());
        format!("{text} {} {}", String::from_utf8_lossy(&document), value.as_deref().unwrap_or("-"))
    };
    reading.rows_in(&KeyRange::default()).map(tell).collect()
}

/// The rows of a view that is built from nothing.
fn anew(store: &Store, declaration: &str) -> Vec<String> {
    let view = Arc::new(View::new("anew", Declaration::parse(declaration).unwrap()));
    rows(&store.engine.read_view_now(&view).unwrap())
}

fn later(store: &Store, view: &Arc<View>) -> Awaited {
    match store.engine.read_view(view, false).unwrap() {
        Answer::Later(awaited) => awaited,
        Answer::Now(_) => panic!("answered at once"),
    }
}

fn begin(awaited: Awaited, call: &Call) -> Receiver<Result<Reading>> {
    let (sender, receiver) = channel();
    awaited.begin(call.clone(), Box::new(move |reading| sender.send(reading).unwrap()));
    receiver
}

fn document(number: usize) -> String {
    format!("{{\"n\":{},\"s\":\"{}\",\"tags\":[{},{}]}}", number % 7, number % 3, number % 5, number % 2)
}

fn fill(store: &Store, count: usize) {
    store.write((0..count).map(|number| set(&format!("document {number}"), &document(number))).collect());
}

#[derive(Clone, Debug)]
enum Step {
    Set(u8, u8),
    Delete(u8),
    /// Makes and deletes so many documents that older deletions are forgotten.
    ForgetDeletions,
    Query(usize),
    QueryLater(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let view = 0..DECLARATIONS.len();
    prop_oneof![
        30 => (0_u8..30, any::<u8>()).prop_map(|(key, number)| Step::Set(key, number)),
        15 => (0_u8..30).prop_map(Step::Delete),
        1 => Just(Step::ForgetDeletions),
        10 => view.clone().prop_map(Step::Query),
        10 => view.prop_map(Step::QueryLater),
    ]
}

fn run(steps: Vec<Step>) -> std::result::Result<(), TestCaseError> {
    let store = Store::in_memory();
    let views: Vec<_> = DECLARATIONS.iter().map(|text| declare(&store, text, text)).collect();
    let mut waiting = Vec::new();
    for step in steps {
        match step {
            Step::Set(key, number) => drop(store.one(set(&key.to_string(), &document(number.into())))),
            Step::Delete(key) => drop(store.one(delete(&key.to_string()))),
            Step::ForgetDeletions => {
                store.write((0..MANY).map(|number| set(&format!("gone {number}"), "{\"n\":9}")).collect());
                store.write((0..MANY).map(|number| delete(&format!("gone {number}"))).collect());
            }
            Step::Query(view) => {
                let reading = store.engine.read_view_now(&views[view]).unwrap();
                prop_assert_eq!(rows(&reading), anew(&store, DECLARATIONS[view]));
                prop_assert_eq!(views[view].numbers().rows, reading.len());
            }
            Step::QueryLater(view) => {
                let expected = anew(&store, DECLARATIONS[view]);
                waiting.push((begin(later(&store, &views[view]), &Call::default()), expected));
            }
        }
    }
    for (reading, expected) in waiting {
        prop_assert_eq!(rows(&answer(&reading).unwrap()), expected);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn a_view_brought_forward_is_the_view_built_anew(steps in vec(step(), 1..60)) {
        run(steps)?;
    }
}

#[test]
fn little_is_evaluated_at_once_and_much_later() {
    let store = Store::in_memory();
    let view = declare(&store, "view", DECLARATIONS[0]);
    assert!(matches!(store.engine.read_view(&view, true), Ok(Answer::Now(_))));
    fill(&store, MANY);
    let Ok(Answer::Later(awaited)) = store.engine.read_view(&view, true) else { panic!("answered at once") };
    let reading = answer(&begin(awaited, &Call::default())).unwrap();
    assert_eq!((reading.len(), reading.sequence()), (MANY, MANY as u64));
    store.one(set("one more", "{\"n\":1}"));
    let Ok(Answer::Now(reading)) = store.engine.read_view(&view, true) else { panic!("not at once") };
    assert_eq!(reading.len(), MANY + 1);
}

#[test]
fn many_rows_built_in_parallel_are_those_of_a_view_changed_one_by_one() {
    for declaration in DECLARATIONS {
        let store = Store::in_memory();
        let slow = declare(&store, "slow", declaration);
        for number in 0..40 {
            store.write((0..60).map(|n| set(&format!("{n} {number}"), &document(n * number))).collect());
            store.engine.read_view_now(&slow).unwrap();
        }
        assert_eq!(rows(&store.engine.read_view_now(&slow).unwrap()), anew(&store, declaration));
    }
}

#[test]
fn queries_of_several_moments_wait_together_and_each_has_its_own() {
    let store = Store::in_memory();
    let view = declare(&store, "view", DECLARATIONS[1]);
    fill(&store, MANY);
    let mut waiting = Vec::new();
    for number in 0..5 {
        store.one(set("changing", &document(number)));
        waiting.push((begin(later(&store, &view), &Call::default()), anew(&store, DECLARATIONS[1])));
    }
    store.one(delete("changing"));
    assert_eq!(rows(&store.engine.read_view_now(&view).unwrap()), anew(&store, DECLARATIONS[1]));
    for (reading, expected) in waiting {
        assert_eq!(rows(&answer(&reading).unwrap()), expected);
    }
}

#[test]
fn progress_comes_to_all_documents() {
    let store = Store::in_memory();
    let view = declare(&store, "view", DECLARATIONS[0]);
    fill(&store, 5 * MANY);
    let (sender, receiver) = channel();
    let sender = Mutex::new(sender);
    let call = Call::new(Some(Box::new(move |done, total| sender.lock().send((done, total)).unwrap())));
    answer(&begin(later(&store, &view), &call)).unwrap();
    drop(call);
    let told: Vec<_> = receiver.iter().collect();
    assert!(told.len() > 1);
    assert!(told.iter().all(|(done, total)| done <= total && *total == 5 * MANY));
    assert!(told.contains(&(5 * MANY, 5 * MANY)));
}

#[test]
fn a_call_that_was_cancelled_leaves_the_view_fit_for_the_next() {
    let store = Store::in_memory();
    let view = declare(&store, "view", DECLARATIONS[0]);
    fill(&store, MANY);
    let call = Call::default();
    call.cancel();
    assert_eq!(code(answer(&begin(later(&store, &view), &call))), "CLOSED");
    assert_eq!(answer(&begin(later(&store, &view), &Call::default())).unwrap().len(), MANY);
}

#[test]
fn a_store_that_is_closed_answers_what_waits() {
    let store = Store::in_memory();
    let view = declare(&store, "view", DECLARATIONS[0]);
    fill(&store, MANY);
    let awaited = later(&store, &view);
    store.close().unwrap();
    assert_eq!(code(answer(&begin(awaited, &Call::default()))), "CLOSED");
    assert_eq!(code(store.engine.read_view(&view, true).map(|_| ())), "CLOSED");
}

#[test]
fn views_of_one_id_and_declaration_are_one_as_long_as_anybody_holds_them() {
    let store = Store::in_memory();
    let first = declare(&store, "view", DECLARATIONS[0]);
    assert!(Arc::ptr_eq(&first, &declare(&store, "view", DECLARATIONS[0])));
    let others = [declare(&store, "view", DECLARATIONS[1]), declare(&store, "another", DECLARATIONS[0])];
    assert!(others.iter().all(|other| !Arc::ptr_eq(&first, other)));
    assert_eq!(store.engine.shared.views.all().len(), 3);
    store.engine.undeclare(first);
    drop(others);
    assert!(store.engine.shared.views.all().is_empty());
}

#[test]
fn threads_that_share_a_view_and_write_beside_each_other_read_moments_that_are_whole() {
    // One row, whose value is that of the only document: a reading of older documents with newer rows would show.
    let store = Arc::new(Store::in_memory());
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                let view = declare(&store, "view", r#"{"key":"n"}"#);
                for number in 0..300 {
                    store.one(set("only", &format!("{{\"n\":{}}}", number * 4 + thread)));
                    let reading = match store.engine.read_view(&view, number % 3 > 0).unwrap() {
                        Answer::Now(reading) => reading,
                        Answer::Later(awaited) => answer(&begin(awaited, &Call::default())).unwrap(),
                    };
                    let document = reading.document(b"only").unwrap().document.text().to_owned();
                    let row = rows(&reading).pop().unwrap();
                    let n = row.split(' ').next().unwrap();
                    assert!(document.ends_with(&format!("\"n\":{n}}}")), "{document} {row}");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}
