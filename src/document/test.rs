use super::{Body, Document, MAX_DEPTH, pretty};
use crate::error::ErrorKind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value};

const NAMES: &[&str] = &["_rev", "name", "", "__proto__", "\"", "\\", "_rev\"", "\u{1F600}", "a\nb", "x"];

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        select(&["\"_rev\":1", "{[", "]},:", "\\", "\"", "  \n", "\u{1}", "plain words"][..]).prop_map(str::to_owned),
    ];
    vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![select(NAMES).prop_map(str::to_owned), string()]
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        string().prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), members(inner).prop_map(Value::from)]
    })
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    vec((name(), value), 0..5).prop_map(Map::from_iter)
}

/// An object's members with a revision, or none, as its own `_rev`.
fn document() -> impl Strategy<Value = (Map<String, Value>, Option<u64>)> {
    (members(value()), proptest::option::of(0..1_u64 << 53)).prop_map(|(mut members, revision)| {
        members.remove("_rev");
        (members, revision)
    })
}

/// The text of an object whose `_rev` stands at `place` among the members.
fn print(members: &Map<String, Value>, revision: Option<u64>, place: usize) -> String {
    let mut printed: Vec<String> =
        members.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str()))).collect();
    if let Some(revision) = revision {
        printed.insert(place % (printed.len() + 1), format!("\"_rev\":{revision}"));
    }
    format!("{{{}}}", printed.join(","))
}

/// The same JSON with whitespace between its tokens.
fn loosen(text: &str, seed: u64) -> String {
    let (mut loose, mut quoted, mut escaped, mut state) = (String::new(), false, false, seed);
    for character in text.chars() {
        let structural = !quoted && "{}[]:,".contains(character);
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let space = ["", " ", "\r\n", "\t  "][(state >> 62) as usize];
        loose.push_str(if structural { space } else { "" });
        loose.push(character);
        loose.push_str(if structural { space } else { "" });
        quoted ^= character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
    }
    loose
}

fn prettied(text: &str) -> String {
    let mut out = Vec::new();
    pretty(text, &mut out);
    String::from_utf8(out).unwrap()
}

fn load(text: &str) -> Document {
    Document::from_file(text.as_bytes()).unwrap()
}

fn reason(bytes: impl AsRef<[u8]>) -> String {
    Document::from_file(bytes.as_ref()).unwrap_err()
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_revision_is_taken_from_wherever_it_stands((members, revision) in document(), place in 0..9_usize) {
        let printed = print(&members, revision, place);
        let taken = Body::from_stringified(&printed).unwrap();
        prop_assert_eq!(taken.revision, revision);
        prop_assert_eq!(taken.body.text(), print(&members, None, 0));
        let document = Document::new(7, &taken.body);
        prop_assert_eq!(document.text(), print(&members, Some(7), 0));
    }

    #[test]
    fn a_file_is_read_however_it_is_laid_out((members, revision) in document(), place in 0..9_usize, seed: u64) {
        let document = load(&loosen(&print(&members, revision, place), seed));
        prop_assert_eq!(document.revision(), revision.unwrap_or(0));
        prop_assert_eq!(document.text(), print(&members, Some(document.revision()), 0));
    }

    #[test]
    fn pretty_is_the_common_layout(value in value()) {
        // serde_json indents by two, and no string holds a bare newline: what leads a line is its indentation.
        let expected: String = serde_json::to_string_pretty(&value).unwrap().lines().fold(String::new(), |text, line| {
            text + &" ".repeat(line.len() - line.trim_start_matches(' ').len()) + line + "\n"
        });
        prop_assert_eq!(prettied(&value.to_string()), expected);
    }

    #[test]
    fn a_pretty_file_gives_back_its_document((members, revision) in document()) {
        let document = load(&print(&members, revision, 0));
        prop_assert_eq!(load(&prettied(document.text())), document);
    }

    #[test]
    fn no_text_makes_anything_panic(pieces in vec(select(&["{", "}", "[", "]", ":", ",", "\"", "\\", "\"_rev\"", "1",
        " ", "-", "{\"_rev\":", "\"a\":", "\u{E9}"][..]), 0..12)) {
        let text = pieces.concat();
        for text in [text.clone(), format!("{{{text}}}"), format!("{{\"_rev\":{text}}}")] {
            if let Err(error) = Body::from_stringified(text.as_str()) {
                prop_assert_eq!(error.kind(), ErrorKind::Assertion);
            }
            prettied(&text);
            let valid = serde_json::from_str::<Value>(&text).is_ok_and(|value| value.is_object());
            match Document::from_file(text.as_bytes()) {
                Ok(document) => prop_assert!(valid && serde_json::from_str::<Value>(document.text()).is_ok()),
                Err(reason) => prop_assert!(!valid || reason.contains("_rev"), "{}: {}", text, reason),
            }
        }
    }
}

#[test]
fn a_document_begins_with_its_revision() {
    fn body(text: &str) -> Body<'_> {
        Body::from_stringified(text).unwrap().body
    }
    assert_eq!(Document::new(3, &body("{\"name\":\"x\"}")).text(), "{\"_rev\":3,\"name\":\"x\"}");
    assert_eq!(Document::new(0, &body("{}")).text(), "{\"_rev\":0}");
    assert_eq!(Document::new(0, &body("{\"_rev\":9}")).text(), "{\"_rev\":0}");
}

#[test]
fn only_the_objects_own_revision_is_taken() {
    let nested = "{\"a\":{\"_rev\":1},\"b\":[{\"_rev\":\"x\"}],\"_rev\":4,\"c\":\"\\\"_rev\\\":5\",\"d\":\"_rev\"}";
    let taken = Body::from_stringified(nested).unwrap();
    assert_eq!(taken.revision, Some(4));
    assert_eq!(taken.body.text(), nested.replace("\"_rev\":4,", ""));
    assert_eq!(load(nested).text(), nested.replace("\"_rev\":4,", "").replacen('{', "{\"_rev\":4,", 1));
}

#[test]
fn a_second_revision_never_stays() {
    let taken = Body::from_stringified("{\"_rev\":1,\"a\":2,\"_rev\":3}").unwrap();
    assert_eq!((taken.body.text().as_str(), taken.revision), ("{\"a\":2}", Some(3)));
}

#[test]
fn a_revision_is_an_integer_that_javascript_can_count_to() {
    for (value, revision) in [("0", 0), ("9007199254740991", 9_007_199_254_740_991)] {
        for text in [format!("{{\"_rev\":{value}}}"), format!("{{\"a\":1,\"_rev\":{value}}}")] {
            assert_eq!(Body::from_stringified(text.as_str()).unwrap().revision, Some(revision));
            assert_eq!(load(&text).revision(), revision);
        }
    }
    let bad = ["9007199254740992", "1e400", "99999999999999999999", "-1", "1.5", "1e-7", "null", "true", "\"3\"", "[]"];
    for value in bad.into_iter().chain(["{\"a\":[1,{}]}", "\"\""]) {
        for text in [format!("{{\"_rev\":{value}}}"), format!("{{\"a\":1,\"_rev\":{value},\"b\":2}}")] {
            assert_eq!(Body::from_stringified(text.as_str()).unwrap_err().kind(), ErrorKind::Assertion, "{text}");
            assert_eq!(reason(&text), "has a _rev that is not an integer from 0 to 2^53 - 1", "{text}");
        }
    }
}

#[test]
fn a_files_revision_is_what_javascript_reads() {
    let files = [
        ("{\"_rev\": 1, \"a\": 2, \"_rev\": 3}", "{\"_rev\":3,\"a\":2}"),
        ("{\"_rev\": \"x\", \"\\u005frev\": 4}", "{\"_rev\":4}"),
        ("{\"_r\\u0065v\" : 5, \"\\u005f\": 1}", "{\"_rev\":5,\"\\u005f\":1}"),
        ("{\"_rev\": 3.0, \"a\": 1}", "{\"_rev\":3,\"a\":1}"),
        ("{\"_rev\": 1e2}", "{\"_rev\":100}"),
        ("{\"_rev\": -0}", "{\"_rev\":0}"),
        ("{\"a\": {\"_rev\": 9}}", "{\"_rev\":0,\"a\":{\"_rev\":9}}"),
        ("{ }", "{\"_rev\":0}"),
    ];
    for (file, text) in files {
        assert_eq!(load(file).text(), text);
    }
}

#[test]
fn numbers_and_strings_stay_as_they_are() {
    let numbers = "[907212377016997200000,5e-324,9007199254740992,1E400,-0,0.10,-1.0e+05]";
    let strings = "[\"\\ud800\",\"\\u00e9\\/\",\"\u{E9} \\\" , : {\",\"\\\\\",\"\u{2028}\u{1F600}\"]";
    let body = format!("{{\"n\":{numbers},\"s\":{strings},\"\\udc00 \\ud83d\":1,\"s\":2,\"__proto__\":{{}}}}");
    let text = body.replacen('{', "{\"_rev\":2,", 1);
    let taken = Body::from_stringified(text.as_str()).unwrap();
    assert_eq!((taken.body.text().as_str(), taken.revision), (&*body, Some(2)));
    for file in [text.clone(), prettied(&text), loosen(&text, 1), format!("\u{FEFF}\n{text}\n")] {
        assert_eq!(load(&file).text(), text);
    }
}

#[test]
fn pretty_is_what_stringify_prints() {
    let text = "{\"_rev\":3,\"tags\":[\"a, b\",{},[]],\"o\":{\"n\":-0.10,\"e\":{\"t\":true}}}";
    let expected = "{
    \"_rev\": 3,
    \"tags\": [
        \"a, b\",
        {},
        []
    ],
    \"o\": {
        \"n\": -0.10,
        \"e\": {
            \"t\": true
        }
    }
}
";
    assert_eq!(prettied(text), expected);
    let mut out = b"before\n".to_vec();
    pretty("{}", &mut out);
    assert_eq!(out, b"before\n{}\n");
}

#[test]
fn what_is_no_object_is_refused() {
    for text in
        ["", "[]", "null", "1", "\"{}\"", "{", "}", "undefined", "{\"_rev\":1", "{\"_rev\"}", "{\"a\":\"_rev\",}x}"]
    {
        let refused = Body::from_stringified(text).map_err(|error| error.kind());
        assert_eq!(refused, Err(ErrorKind::Assertion), "{text}");
    }
}

#[test]
fn a_bad_file_tells_why() {
    assert_eq!(reason(""), "is empty");
    assert_eq!(reason("\u{FEFF}"), "is empty");
    assert_eq!(reason(b"{\"a\":\"\xFF\"}"), "is not valid UTF-8 after byte 6");
    assert_eq!(reason("[1]"), "is not an object");
    assert_eq!(reason(" null"), "is not an object");
    assert_eq!(reason("{\n  \"a\": 1,\n}"), "is not JSON: key must be a string at line 3 column 1");
    for text in
        [" ", "{", "{\"a\":1}}", "{'a':1}", "{\"a\":01}", "{\"a\":\"\t\"}", "{\"a\":NaN}", "\0\0\0", "{}\0", "{}\u{A0}"]
    {
        let reason = reason(text);
        assert!(reason.starts_with("is not JSON: ") && reason.contains(" at line 1 column "), "{text}: {reason}");
    }
}

#[test]
fn depth_is_limited_and_never_the_stack() {
    let nest = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    let many = |levels: usize| nest(levels).replacen('{', "{\"b\":[[],[]],", 1);
    for text in [nest(1_500), nest(MAX_DEPTH), many(MAX_DEPTH)] {
        assert_eq!(Body::from_stringified(text.as_str()).unwrap().body.text(), text);
        let document = load(&text);
        assert_eq!(load(&prettied(document.text())), document);
    }
    for text in [nest(MAX_DEPTH + 1), many(MAX_DEPTH + 1), nest(200_000)] {
        assert_eq!(Body::from_stringified(text.as_str()).unwrap_err().kind(), ErrorKind::Assertion);
        assert_eq!(reason(&text), "is nested more than 2000 levels deep");
        assert_eq!(reason(text.replacen('{', "{\"_rev\":1,", 1)), "is nested more than 2000 levels deep");
    }
    assert!(reason("[".repeat(200_000)).starts_with("is not JSON: "));
    let wide = format!("{{\"a\":[{}{{}}],\"b\":\"{}\"}}", "[],".repeat(3_000), "[".repeat(3_000));
    assert_eq!(load(&wide).revision(), 0, "many containers are not deep");
}

#[test]
fn the_limit_counts_the_text_without_its_revision_wherever_it_comes_from() {
    // Neither a longer revision nor whitespace may make a document that was stored unreadable.
    let body = "{\"name\":\"\u{e9}\"}";
    let members = body.strip_prefix('{').unwrap();
    let first = format!("{{\"_rev\":{},{members}", super::MAX_REVISION);
    let last = format!("{},\n \"_rev\" : 12 }}", body.strip_suffix('}').unwrap());
    for text in [body, &first, &last] {
        assert!(Document::from_file_within(body.len(), text.as_bytes()).is_ok(), "{text}");
        let reason = Document::from_file_within(body.len() - 1, text.as_bytes()).unwrap_err();
        assert!(reason.starts_with("is longer than"), "{reason}");
    }
    for text in [body, &first] {
        Body::from_stringified_within(body.len(), text).unwrap();
        let error = Body::from_stringified_within(body.len() - 1, text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Assertion);
    }
    assert!(Document::from_file_within(2, b"{\"_rev\":1}").is_ok());
    assert!(Document::from_file_within(1, b"{\"_rev\":1}").is_err());
}

#[test]
fn a_document_at_the_limit_fits_a_string_with_what_stands_around_it() {
    const LONGEST_STRING: usize = (1 << 29) - 24;
    // Key and id of a row: the longest key, every character of it escaped as `\u0000`.
    const AROUND: usize = 2 * 6 * 3_000 + 1_000;
    let head = Document::new(super::MAX_REVISION, &Body::from_stringified("{}").unwrap().body);
    assert!(super::MAX_TEXT + head.text().len() + AROUND <= LONGEST_STRING);
}
