//! Declarations and conditions, case by case. `model` has the random ones.

use super::*;
use crate::view::collation;

fn holds(condition: &str, document: &str) -> bool {
    Filter::parse(condition).unwrap().matches(document)
}

/// The rows as `key` or `key=value`.
fn rows(declaration: &str, document: &str) -> Vec<String> {
    let declared = Declaration::parse(declaration).unwrap();
    let again = Declaration::parse(&declared.text()).unwrap();
    assert_eq!(again.text(), declared.text());
    assert_eq!(again.emit(document), declared.emit(document));
    let tell = |row: crate::view::Emitted| {
        let mut text = String::new();
        assert_eq!(collation::decode(&row.key, &mut text), Some(row.key.len()));
        row.value.map_or(text.clone(), |value| format!("{text}={value}"))
    };
    declared.emit(document).into_iter().map(tell).collect()
}

#[test]
fn conditions_hold_or_do_not() {
    const DOCUMENT: &str = r#"{"_rev":3,"type":"item","n":1.50,"t":true,"z":null,"tags":["a","b"],"o":{"x":1,"y":[2]},"e":"\u00e4\n","big":1e400,"minus":-0}"#;
    for (condition, expected) in [
        (r"{}", true),
        (r#"{"type":"item"}"#, true),
        (r#"{"type":"items"}"#, false),
        (r#"{"type":"ite"}"#, false),
        (r#"{"_rev":3}"#, true),
        (r#"{"n":1.5}"#, true),
        (r#"{"n":15e-1}"#, true),
        (r#"{"n":"1.5"}"#, false),
        (r#"{"minus":0}"#, true),
        (r#"{"t":true}"#, true),
        (r#"{"t":1}"#, false),
        (r#"{"z":null}"#, true),
        (r#"{"missing":null}"#, false),
        (r#"{"big":null}"#, true),
        (r#"{"e":"ä\n"}"#, true),
        (r#"{"e":"\u00E4\u000a"}"#, true),
        (r#"{"e":"ä\\n"}"#, false),
        (r#"{"o.x":1}"#, true),
        (r#"{"o.y.0":2}"#, true),
        (r#"{"o.y.00":2}"#, false),
        (r#"{"tags.1":"b"}"#, true),
        (r#"{"tags.2":{"$exists":false}}"#, true),
        (r#"{"type.length":4}"#, false),
        (r#"{"tags":"a"}"#, false),
        (r#"{"tags":["a","b"]}"#, true),
        (r#"{"tags":["b","a"]}"#, false),
        (r#"{"o":{"y":[2.0],"x":1}}"#, true),
        (r#"{"o":{"y":[2]}}"#, false),
        (r#"{"o":{}}"#, false),
        (r#"{"type":{"$ne":"item"}}"#, false),
        (r#"{"type":{"$ne":null}}"#, true),
        (r#"{"missing":{"$ne":null}}"#, true),
        (r#"{"missing":{"$in":[null]}}"#, false),
        (r#"{"z":{"$in":[1,null]}}"#, true),
        (r#"{"n":{"$in":[]}}"#, false),
        (r#"{"n":{"$in":[1.5]}}"#, true),
        (r#"{"o":{"$in":[1,{"y":[2],"x":1}]}}"#, true),
        (r#"{"n":{"$gt":1,"$lte":1.5}}"#, true),
        (r#"{"n":{"$gt":1.5}}"#, false),
        (r#"{"n":{"$gte":1.5,"$lt":2}}"#, true),
        (r#"{"n":{"$lt":"a"}}"#, false),
        (r#"{"n":{"$gt":null}}"#, false),
        (r#"{"type":{"$gt":"it","$lt":"iu"}}"#, true),
        (r#"{"t":{"$gt":false}}"#, true),
        (r#"{"z":{"$gte":null}}"#, true),
        (r#"{"z":{"$gt":null}}"#, false),
        (r#"{"tags":{"$gt":["a"]}}"#, true),
        (r#"{"missing":{"$lt":1}}"#, false),
        (r#"{"missing":{"$exists":false}}"#, true),
        (r#"{"z":{"$exists":true}}"#, true),
        (r#"{"z":{"$eq":null},"n":{"$eq":1.5}}"#, true),
        (r#"{"o":{"$eq":{"x":1,"y":[2]}}}"#, true),
    ] {
        assert_eq!(holds(condition, DOCUMENT), expected, "{condition}");
        let text = Where::parse(condition, "where").unwrap().text();
        assert_eq!(holds(&text, DOCUMENT), expected, "{condition} as {text}");
    }
}

#[test]
fn of_two_members_of_one_name_the_last_counts() {
    const DOCUMENT: &str = r#"{"a":1,"o":{"x":1,"y":1},"a":2,"o":{"y":3,"y":4},"\u0061":5}"#;
    assert!(holds(r#"{"a":5}"#, DOCUMENT));
    assert!(holds(r#"{"o.x":{"$exists":false},"o.y":4}"#, DOCUMENT));
    assert!(holds(r#"{"o":{"y":4}}"#, DOCUMENT));
    assert!(holds(r#"{"o":{"$gte":{"y":4},"$lte":{"y":4}}}"#, DOCUMENT));
    assert_eq!(rows(r#"{"key":["a","o"]}"#, DOCUMENT), [r#"[5,{"y":4}]"#]);
}

#[test]
fn names_with_escapes_are_found() {
    for (path, document) in [
        ("__proto__", r#"{"__proto__":1}"#),
        ("a\\nb", r#"{"a\nb":1}"#),
        ("a\\nb", r#"{"\u0061\u000ab":1}"#),
        ("\\\\n", r#"{"\\n":1}"#),
        ("\u{1F600}", "{\"\u{1F600}\":1}"),
        ("\u{1F600}", r#"{"\ud83d\ude00":1}"#),
        ("\\\"", r#"{"\"":1}"#),
    ] {
        assert!(holds(&format!("{{\"{path}\":1}}"), document), "{path} in {document}");
    }
    assert!(!holds(r#"{"\\n":1}"#, r#"{"\n":1}"#));
    assert!(!holds(r#"{"a":1}"#, r#"{"":1,"b":1}"#));
}

#[test]
fn a_row_per_document_that_has_every_path_of_the_key() {
    const DOCUMENT: &str = r#"{"_rev":0,"c":"new","p":1.50,"o":{"k":[1,{"z":1}]}}"#;
    assert_eq!(rows(r#"{"key":"c"}"#, DOCUMENT), [r#""new""#]);
    assert_eq!(rows(r#"{"key":["c"]}"#, DOCUMENT), [r#"["new"]"#]);
    assert_eq!(rows(r#"{"key":["c","o.k"]}"#, DOCUMENT), [r#"["new",[1,{"z":1}]]"#]);
    assert!(rows(r#"{"key":["c","x"]}"#, DOCUMENT).is_empty());
    assert!(rows(r#"{"where":{"c":"old"},"key":"c"}"#, DOCUMENT).is_empty());
    assert_eq!(rows(r#"{"key":"c","value":"p"}"#, DOCUMENT), [r#""new"=1.50"#]);
    assert_eq!(rows(r#"{"key":"c","value":"x"}"#, DOCUMENT), [r#""new""#]);
    assert_eq!(rows(r#"{"key":"c","value":["p","x","o.k"]}"#, DOCUMENT), [r#""new"={"p":1.50,"o.k":[1,{"z":1}]}"#]);
    assert_eq!(rows(r#"{"key":"p","value":true}"#, DOCUMENT), [format!("1.5={DOCUMENT}")]);
    assert_eq!(rows(r#"{"key":"n"}"#, r#"{"n":1e400}"#), ["null"]);
    assert_eq!(rows(r#"{"key":"n"}"#, r#"{"n":["1e400",-1e400,0]}"#), [r#"["1e400",null,0]"#]);
}

#[test]
fn each_means_the_element_in_key_and_value() {
    const DOCUMENT: &str = r#"{"a":{"list":[{"n":1,"s":"x"},{"s":"y"},{"n":2},3]},"p":7,"tags":["r","g","r"]}"#;
    assert_eq!(rows(r#"{"key":"tags","each":"tags","value":"p"}"#, DOCUMENT), [r#""r"=7"#, r#""g"=7"#, r#""r"=7"#]);
    assert_eq!(
        rows(r#"{"key":["p","a.list.n"],"each":"a.list","value":["a.list.s","p"]}"#, DOCUMENT),
        [r#"[7,1]={"a.list.s":"x","p":7}"#, r#"[7,2]={"p":7}"#]
    );
    assert_eq!(rows(r#"{"key":"p","each":"tags"}"#, DOCUMENT), ["7", "7", "7"]);
    assert_eq!(rows(r#"{"where":{"tags.0":"r"},"key":"tags","each":"tags"}"#, DOCUMENT).len(), 3);
    assert_eq!(rows(r#"{"key":"a","each":"a.list","value":"p"}"#, DOCUMENT).len(), 4);
    for document in [r#"{"tags":"r"}"#, r#"{"tags":{"0":1}}"#, r#"{"tags":[]}"#, "{}"] {
        assert!(rows(r#"{"key":"tags","each":"tags"}"#, document).is_empty());
    }
}

#[test]
fn mistakes_are_told_by_name() {
    for (declaration, told) in [
        ("[]", "object"),
        ("null", "object"),
        ("{}", "key"),
        (r#"{"key":1}"#, "key"),
        (r#"{"key":[]}"#, "key"),
        (r#"{"key":[1]}"#, "key"),
        (r#"{"key":["a","a"]}"#, "\"a\""),
        (r#"{"key":""}"#, "empty"),
        (r#"{"key":"a..b"}"#, "a..b"),
        (r#"{"key":".a"}"#, ".a"),
        (r#"{"key":"a","keys":1}"#, "keys"),
        (r#"{"key":"a","each":["b"]}"#, "each"),
        (r#"{"key":"a","value":false}"#, "value"),
        (r#"{"key":"a","value":{}}"#, "value"),
        (r#"{"key":"a","value":[]}"#, "value"),
        (r#"{"key":"a","reduce":"_median"}"#, "_median"),
        (r#"{"key":"a","unique":1}"#, "unique"),
        (r#"{"key":"a","where":[]}"#, "where"),
        (r#"{"key":"a","where":null}"#, "where"),
        (r#"{"key":"a","where":{"$or":[]}}"#, "$or"),
        (r#"{"key":"a","where":{"b.c":{"$regex":"x"}}}"#, "$regex"),
        (r#"{"key":"a","where":{"b.c":{"$regex":"x"}}}"#, "b.c"),
        (r#"{"key":"a","where":{"b":{"$gt":1,"c":2}}}"#, "\"c\""),
        (r#"{"key":"a","where":{"b":{"$in":1}}}"#, "$in"),
        (r#"{"key":"a","where":{"b":{"$exists":1}}}"#, "$exists"),
    ] {
        let error = Declaration::parse(declaration).unwrap_err();
        assert_eq!(error.code(), "ASSERTION");
        assert!(error.message().contains(told), "{declaration}: {}", error.message());
    }
    let path = format!("{{\"key\":\"{}a\"}}", "a.".repeat(100));
    assert!(Declaration::parse(&path).is_err());
}

#[test]
fn declarations_that_say_the_same_have_the_same_text() {
    let a = r#"{ "key": "k", "where": {"b": {"$lt": 2, "$gt": 1}, "a": {"$eq": [1, 2]}}, "unique": false }"#;
    let b = r#"{"where":{"a":[1,2],"b":{"$gt":1,"$lt":2}},"key":"k"}"#;
    let (a, b) = (Declaration::parse(a).unwrap(), Declaration::parse(b).unwrap());
    assert_eq!(a, b);
    assert_eq!(a.text(), r#"{"where":{"a":{"$eq":[1,2]},"b":{"$gt":1,"$lt":2}},"key":"k"}"#);
    let full = r#"{"where":{"a":{"$in":[1]}},"key":["k"],"each":"e","value":["v"],"reduce":"_sum","unique":true,"collation":{"locale":"de","strength":"tertiary","numeric":false,"caseFirst":"false"}}"#;
    let declared = Declaration::parse(full).unwrap();
    assert_eq!(declared.text(), full);
    assert_eq!((declared.reduce(), declared.is_unique()), (Some("_sum"), true));
    let short = full.replace(r#","strength":"tertiary","numeric":false,"caseFirst":"false""#, "");
    assert_eq!(Declaration::parse(&short).unwrap(), declared);
    let by_code_unit = Declaration::parse(r#"{"key":"k","collation":"codeUnit"}"#).unwrap();
    assert_eq!(by_code_unit.text(), r#"{"key":"k"}"#);
}

#[test]
fn keys_and_no_conditions_are_in_the_order_of_the_collation() {
    let german = Collation::parse(r#"{"locale":"de"}"#).unwrap();
    let document = "{\"k\":\"\u{e4}\",\"o\":{\"a\":\"x\",\"b\":1,\"a\":\"z\"}}";
    for (key, value) in [("\"k\"", "\"\u{e4}\""), ("[\"k\"]", "[\"\u{e4}\"]"), ("\"o\"", r#"{"a":"z","b":1}"#)] {
        let text = format!(r#"{{"where":{{"k":{{"$gt":"z"}}}},"key":{key},"collation":{{"locale":"de"}}}}"#);
        let mut expected = Vec::new();
        collation::encode_by(&german, value, &mut expected).unwrap();
        let rows = Declaration::parse(&text).unwrap().emit(document);
        assert_eq!(rows.iter().map(|row| &row.key).collect::<Vec<_>>(), [&expected], "{key}");
    }
}

#[test]
fn a_condition_is_implied_where_the_same_stands() {
    let of = |text| Where::parse(text, "where").unwrap();
    let view = of(r#"{"type":"item","n":{"$gt":1}}"#);
    assert!(view.is_implied_by(&of(r#"{"type":{"$eq":"item"},"n":{"$gt":1.0,"$lt":5},"x":1}"#)));
    assert!(!view.is_implied_by(&of(r#"{"type":"item","n":{"$gt":2}}"#)));
    assert!(!view.is_implied_by(&of(r#"{"type":"item"}"#)));
    assert!(Where::default().is_implied_by(&view));
}
