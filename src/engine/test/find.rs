//! Documents by conditions: by a view, by a scan, and by looking at each of them.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::engine::{Call, Wanted};
use crate::range::Window;
use crate::view::declared::Filter;

const VIEWS: &[&str] = &[
    r#"{"key":"n"}"#,
    r#"{"key":["s","n"]}"#,
    r#"{"where":{"s":"1"},"key":"n"}"#,
    r#"{"key":["o","s","n"]}"#,
    r#"{"key":"n","each":"tags"}"#,
    r#"{"key":"n","collation":{"locale":"de"}}"#,
];

fn search(condition: &str, wanted: Wanted) -> Search {
    Search { filter: Filter::parse(condition).unwrap(), prefix: None, descending: false, wanted }
}

fn page(start: usize, limit: usize) -> Wanted {
    Wanted::Page { window: Window { start, limit: Some(limit) }, cursor: None }
}

fn find(store: &Store, search: Search) -> Found {
    match store.find(search).unwrap() {
        Answer::Now(found) => found,
        Answer::Later(searching) => {
            let (sender, receiver) = channel();
            searching.begin(Call::default(), Box::new(move |found| sender.send(found).unwrap()));
            answer(&receiver).unwrap()
        }
    }
}

fn declare(store: &Store, index: usize) {
    store.declare(&index.to_string(), VIEWS[index]);
}

fn keys(found: &Found) -> Vec<String> {
    found.documents.iter().map(|(key, _)| key.to_string()).collect()
}

fn document(number: u8) -> String {
    let (n, s, o) = (number % 5, number % 3, number % 2);
    match number % 11 {
        0 => format!("{{\"n\":{n}}}"),
        1 => format!("{{\"n\":null,\"s\":\"{s}\",\"o\":{{\"a\":1,\"b\":2}}}}"),
        2 => format!("{{\"n\":\"{n}\",\"s\":\"{s}\",\"o\":{{\"b\":2,\"a\":1}}}}"),
        _ => format!("{{\"n\":{n},\"s\":\"{s}\",\"o\":{o},\"tags\":[1,2]}}"),
    }
}

fn condition() -> impl Strategy<Value = String> {
    let n = prop::sample::select(
        &[
            "",
            "\"n\":2",
            "\"n\":null",
            "\"n\":{\"$gt\":1}",
            "\"n\":{\"$gte\":1,\"$lt\":3}",
            "\"n\":{\"$in\":[0,\"2\",4,9]}",
            "\"n\":{\"$ne\":2}",
            "\"n\":{\"$exists\":true}",
            "\"n\":{\"$exists\":false}",
            "\"n\":{\"$lte\":\"3\"}",
            "\"n\":{\"$gt\":1,\"$lt\":\"3\"}",
            "\"n\":{\"$in\":[]}",
            "\"n\":{\"$gt\":null}",
            "\"n\":{\"$eq\":3,\"$gt\":4}",
        ][..],
    );
    let s = prop::sample::select(&["", "\"s\":\"1\"", "\"s\":{\"$in\":[\"0\",\"2\"]}", "\"s\":{\"$ne\":\"1\"}"][..]);
    let o = prop::sample::select(&["", "\"o\":1", "\"o\":{\"a\":1,\"b\":2}", "\"o\":{\"$exists\":true}"][..]);
    (n, s, o).prop_map(|(n, s, o)| {
        let parts: Vec<_> = [n, s, o].into_iter().filter(|part| !part.is_empty()).collect();
        format!("{{{}}}", parts.join(","))
    })
}

proptest! {
    #![proptest_config(cases(192))]

    #[test]
    fn a_search_finds_what_looking_at_each_document_does(
        numbers in vec(any::<u8>(), 0..60), views in vec(0..VIEWS.len(), 0..4),
        questions in vec((condition(), any::<bool>(), 0_usize..8, 1_usize..8, any::<bool>()), 1..12)
    ) {
        let store = Store::in_memory();
        for view in views {
            declare(&store, view);
        }
        let writes = numbers.iter().enumerate().map(|(index, number)| set(&format!("{:02}", index % 50), &document(*number)));
        store.write(writes.collect());
        for (condition, descending, start, limit, has_prefix) in questions {
            let prefix = has_prefix.then(|| b"1".to_vec());
            let filter = Filter::parse(&condition).unwrap();
            let snapshot = store.engine.snapshot().unwrap();
            let mut expected: Vec<_> = snapshot.documents().iter()
                .filter(|(key, stored)| (!has_prefix || key.as_bytes()[0] == b'1') && filter.matches(stored.document.text()))
                .map(|(key, _)| key.to_string())
                .collect();
            if descending {
                expected.reverse();
            }
            let search = |wanted| Search { filter: filter.clone(), prefix: prefix.clone(), descending, wanted };
            let ask = |wanted| find(&store, search(wanted));
            let found = ask(page(start, limit));
            let shown: Vec<_> = expected.iter().skip(start).take(limit).cloned().collect();
            prop_assert_eq!(keys(&found), shown, "{} {:?}", condition, found.explanation);
            prop_assert_eq!(found.total, expected.len());
            let end = start + limit;
            prop_assert_eq!(found.exclusive_end_index, (end < expected.len()).then_some(end));
            prop_assert_eq!(found.cursor.is_some(), end < expected.len());
            prop_assert_eq!(keys(&ask(Wanted::First)), expected.iter().take(1).cloned().collect::<Vec<_>>());
            prop_assert_eq!(ask(Wanted::Count).total, expected.len());
            if let Some(cursor) = ask(page(start, 1)).cursor {
                let after = |cursor| Wanted::Page { window: Window { start: 0, limit: Some(limit) }, cursor: Some(cursor) };
                let shown: Vec<_> = expected.iter().skip(start + 1).take(limit).cloned().collect();
                prop_assert_eq!(keys(&ask(after(cursor.clone()))), shown);
                let other = Search { descending: !descending, ..search(after(cursor)) };
                prop_assert_eq!(code(store.find(other).map(|_| ())), "ASSERTION");
            }
        }
    }
}

fn filled(count: usize) -> Store {
    let store = Store::in_memory();
    let document = |number: usize| format!("{{\"n\":{},\"s\":\"{}\"}}", number % 100, number % 4);
    store.write((0..count).map(|number| set(&format!("{number:06}"), &document(number))).collect());
    store
}

fn explained(store: &Store, condition: &str) -> (Option<String>, usize) {
    let found = find(store, search(condition, Wanted::Count));
    (found.explanation.view, found.explanation.examined)
}

#[test]
fn the_view_with_the_fewest_candidates_is_used() {
    let store = filled(400);
    assert_eq!(explained(&store, r#"{"s":"1","n":5}"#), (None, 400));
    declare(&store, 0);
    assert_eq!(explained(&store, r#"{"s":"1","n":5}"#), (Some("0".to_owned()), 4));
    declare(&store, 1);
    // Nothing is known of the new view yet.
    assert_eq!(explained(&store, r#"{"s":"1","n":5}"#), (Some("0".to_owned()), 4));
    assert_eq!(explained(&store, r#"{"s":"1","n":{"$lt":20}}"#), (Some("0".to_owned()), 80));
    let second = Arc::clone(&store.views.lock()[1].1);
    store.engine.read_view_now(&second).unwrap();
    assert_eq!(explained(&store, r#"{"s":"1","n":{"$lt":20}}"#), (Some("1".to_owned()), 20));
    assert_eq!(explained(&store, r#"{"n":{"$in":[5,6,5]}}"#), (Some("0".to_owned()), 8));
    assert_eq!(explained(&store, r#"{"s":"1"}"#), (None, 400));
    assert_eq!(explained(&store, r#"{"n":{"$ne":5}}"#), (None, 400));
}

#[test]
fn a_view_is_used_only_where_its_conditions_stand_in_the_search() {
    let store = filled(100);
    declare(&store, 2);
    declare(&store, 4);
    // In another order than conditions.
    declare(&store, 5);
    assert_eq!(explained(&store, r#"{"n":5}"#), (None, 100));
    assert_eq!(explained(&store, r#"{"n":5,"s":"1"}"#), (Some("2".to_owned()), 1));
}

#[test]
fn a_large_store_is_searched_by_a_worker_for_the_moment_of_the_call() {
    let store = filled(5_000);
    let Ok(Answer::Later(searching)) = store.find(search(r#"{"s":"1"}"#, page(0, 3))) else { panic!("at once") };
    store.one(delete("000001"));
    let (sender, receiver) = channel();
    searching.begin(Call::default(), Box::new(move |found| sender.send(found).unwrap()));
    let found = answer(&receiver).unwrap();
    assert_eq!(
        (keys(&found), found.total),
        (vec!["000001".to_owned(), "000005".to_owned(), "000009".to_owned()], 1_250)
    );
}

#[test]
fn the_first_document_ends_the_search() {
    let store = filled(5_000);
    let first = find(&store, search(r#"{"n":77}"#, Wanted::First));
    assert_eq!((keys(&first), first.explanation.examined), (vec!["000077".to_owned()], 78));
    let last = find(&store, Search { descending: true, ..search(r#"{"n":77}"#, Wanted::First) });
    assert_eq!((keys(&last), last.explanation.examined), (vec!["004977".to_owned()], 23));
    store.one(set("004500", "{\"rare\":true}"));
    let late = find(&store, search(r#"{"rare":true}"#, Wanted::First));
    assert_eq!((keys(&late), late.explanation.examined), (vec!["004500".to_owned()], 4_501));
    assert_eq!(find(&store, search(r#"{"rare":false}"#, Wanted::First)).explanation.examined, 5_000);
}

#[test]
fn a_search_that_waits_when_the_store_closes_is_answered() {
    let store = filled(5_000);
    let Ok(Answer::Later(searching)) = store.find(search(r#"{"s":"1"}"#, Wanted::Count)) else { panic!("at once") };
    store.close().unwrap();
    let (sender, receiver) = channel();
    searching.begin(Call::default(), Box::new(move |found| sender.send(found).unwrap()));
    assert_eq!(code(answer(&receiver)), "CLOSED");
    assert_eq!(code(store.find(search("{}", Wanted::Count)).map(|_| ())), "CLOSED");
}
