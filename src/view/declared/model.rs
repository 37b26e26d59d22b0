//! Declarations and conditions against a naive evaluation of parsed documents.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;
use crate::view::collation;
use crate::view::model::Json;

const PATHS: &[&str] = &["a", "b", "c", "a.b", "a.0", "b.a", "a.0.b", "b.1.a", "c.a.b"];

fn named(name: &str) -> Vec<u16> {
    name.encode_utf16().collect()
}

/// Values that are often equal, or nearly so. A name may occur twice.
fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        (-1_i8..3).prop_map(|number| Json::Number(f64::from(number))),
        prop::sample::select(&["", "a", "b", "\n"][..]).prop_map(|text| Json::String(named(text))),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::Array),
            prop::collection::vec((prop::sample::select(&["a", "b", "c"][..]).prop_map(named), inner), 0..4)
                .prop_map(Json::Object),
        ]
    })
}

fn document() -> impl Strategy<Value = Json> {
    prop::collection::vec((prop::sample::select(&["a", "b", "c"][..]).prop_map(named), value()), 0..4)
        .prop_map(Json::Object)
}

fn path() -> impl Strategy<Value = String> {
    prop::sample::select(PATHS).prop_map(ToOwned::to_owned)
}

/// A path, an operator and its operand.
type Wanted = (String, &'static str, Json);

fn wanted() -> impl Strategy<Value = Vec<Wanted>> {
    let operator = prop::sample::select(&["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$exists"][..]);
    let one = (path(), operator, value(), any::<bool>(), prop::collection::vec(value(), 0..3)).prop_map(
        |(path, operator, operand, is_there, several)| match operator {
            "$in" => (path, operator, Json::Array(several)),
            "$exists" => (path, operator, Json::Bool(is_there)),
            _ => (path, operator, operand),
        },
    );
    prop::collection::vec(one, 0..3).prop_map(|mut all| {
        all.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        all.dedup_by(|a, b| (&a.0, a.1) == (&b.0, b.1));
        all
    })
}

fn condition_text(wanted: &[Wanted]) -> String {
    let mut members: Vec<String> = Vec::new();
    for (path, ..) in wanted {
        let of_path = wanted.iter().filter(|(other, ..)| other == path);
        let tests: Vec<_> =
            of_path.map(|(_, operator, operand)| format!("\"{operator}\":{}", operand.text())).collect();
        let member = format!("\"{path}\":{{{}}}", tests.join(","));
        if !members.contains(&member) {
            members.push(member);
        }
    }
    format!("{{{}}}", members.join(","))
}

fn at<'a>(json: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').filter(|segment| !segment.is_empty()).try_fold(json, |json, segment| match json {
        Json::Object(members) => members.iter().rev().find(|(name, _)| *name == named(segment)).map(|(_, value)| value),
        Json::Array(elements) => elements.get(segment.parse::<usize>().ok()?),
        _ => None,
    })
}

/// As `JSON.parse` leaves it: each name once.
fn parsed(json: &Json) -> Json {
    match json {
        Json::Array(elements) => Json::Array(elements.iter().map(parsed).collect()),
        Json::Object(members) => {
            let mut kept: Vec<(Vec<u16>, Json)> = Vec::new();
            for (name, value) in members {
                match kept.iter_mut().find(|(known, _)| known == name) {
                    Some(known) => known.1 = parsed(value),
                    None => kept.push((name.clone(), parsed(value))),
                }
            }
            Json::Object(kept)
        }
        scalar => scalar.clone(),
    }
}

/// Whatever the order of members.
fn equal(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            let in_b = |name| b.iter().find(|(other, _)| other == name);
            a.len() == b.len() && a.iter().all(|(name, a)| in_b(name).is_some_and(|(_, b)| equal(a, b)))
        }
        (a, b) => a.compare(b).is_eq(),
    }
}

fn is_same_type(a: &Json, b: &Json) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn is_met(document: &Json, (path, operator, operand): &Wanted) -> bool {
    let operand = parsed(operand);
    let Some(value) = at(document, path) else {
        return *operator == "$ne" || (*operator == "$exists" && operand == Json::Bool(false));
    };
    let lies = |orders: &[Ordering]| is_same_type(value, &operand) && orders.contains(&value.compare(&operand));
    match (*operator, &operand) {
        ("$eq", _) => equal(value, &operand),
        ("$ne", _) => !equal(value, &operand),
        ("$gt", _) => lies(&[Ordering::Greater]),
        ("$gte", _) => lies(&[Ordering::Greater, Ordering::Equal]),
        ("$lt", _) => lies(&[Ordering::Less]),
        ("$lte", _) => lies(&[Ordering::Less, Ordering::Equal]),
        ("$in", Json::Array(several)) => several.iter().any(|one| equal(value, one)),
        ("$exists", is_there) => *is_there == Json::Bool(true),
        other => panic!("{other:?}"),
    }
}

/// What a path means: with `each`, the element may be meant.
fn meant<'a>(document: &'a Json, element: Option<&'a Json>, each: Option<&str>, path: &str) -> Option<&'a Json> {
    let inside = each.and_then(|each| path.strip_prefix(each)).filter(|rest| rest.is_empty() || rest.starts_with('.'));
    match (inside, element) {
        (Some(rest), Some(element)) => at(element, rest),
        _ => at(document, path),
    }
}

/// Keys, and the value's text.
fn rows(
    document: &Json,
    keys: &[String],
    is_array: bool,
    each: Option<&str>,
    value: &str,
) -> Vec<(Json, Option<Json>)> {
    let elements: Vec<Option<&Json>> = match each.map(|each| at(document, each)) {
        None => vec![None],
        Some(Some(Json::Array(elements))) => elements.iter().map(Some).collect(),
        Some(_) => Vec::new(),
    };
    let row = |element: Option<&Json>| {
        let of = |path: &str| meant(document, element, each, path).cloned();
        let mut parts = keys.iter().map(|path| of(path)).collect::<Option<Vec<_>>>()?;
        Some((if is_array { Json::Array(parts) } else { parts.remove(0) }, of(value)))
    };
    elements.into_iter().filter_map(row).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn conditions_hold_where_a_naive_evaluation_says_so(written in document(), wanted in wanted()) {
        let filter = Filter::parse(&condition_text(&wanted)).unwrap();
        let document = parsed(&written);
        let expected = wanted.iter().all(|wanted| is_met(&document, wanted));
        prop_assert_eq!(filter.matches(&written.text()), expected, "{} in {}", condition_text(&wanted), written.text());
        let again = Filter::parse(&filter.condition().text()).unwrap();
        prop_assert_eq!(again.condition(), filter.condition());
        prop_assert!(filter.condition().is_implied_by(again.condition()));
    }

    #[test]
    fn rows_are_those_of_a_naive_evaluation(
        written in document(), wanted in wanted(), mut keys in prop::collection::vec(path(), 1..3), is_array in any::<bool>(),
        each in prop::option::of(prop::sample::select(&["a", "b", "c.a"][..])), value in path()
    ) {
        keys.dedup();
        keys.truncate(if is_array { 2 } else { 1 });
        let quoted: Vec<_> = keys.iter().map(|path| format!("\"{path}\"")).collect();
        let key = if is_array { format!("[{}]", quoted.join(",")) } else { quoted[0].clone() };
        let each_text = each.map(|each| format!("\"each\":\"{each}\",")).unwrap_or_default();
        let condition = condition_text(&wanted);
        let text = format!("{{\"where\":{condition},\"key\":{key},{each_text}\"value\":\"{value}\"}}");
        let declared = Declaration::parse(&text).unwrap();
        let document = parsed(&written);
        let expected = if wanted.iter().all(|wanted| is_met(&document, wanted)) {
            rows(&document, &keys, is_array, each, &value)
        } else {
            Vec::new()
        };
        let emitted = declared.emit(&written.text());
        prop_assert_eq!(emitted.len(), expected.len(), "{} of {}", text, written.text());
        for (row, (key, value)) in emitted.iter().zip(expected) {
            let mut bytes = Vec::new();
            collation::encode(&key.text(), &mut bytes).unwrap();
            prop_assert_eq!(&row.key, &bytes, "{} of {}", text, written.text());
            let told = row.value.as_deref().map(|text| parsed(&Json::parse(text)));
            prop_assert_eq!(told, value);
        }
        prop_assert_eq!(Declaration::parse(&declared.text()).unwrap().text(), declared.text());
    }
}
