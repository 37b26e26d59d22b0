//! The collation against a table, by hand-written and damaged input.

use super::nesting::DEPTH_LIMIT;
use super::*;
use crate::error::ErrorKind;
use crate::view::model::Json;

pub(super) fn encoded(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    encode(text, &mut out).unwrap_or_else(|error| panic!("{text}: {error}"));
    out
}

pub(super) fn decoded(bytes: &[u8]) -> Option<String> {
    let mut out = "before".to_owned();
    let length = decode(bytes, &mut out);
    let text = out.strip_prefix("before").unwrap().to_owned();
    assert!(length.is_some() || text.is_empty(), "a refusal leaves the text as it was");
    length.map(|length| {
        assert_eq!(length, bytes.len());
        text
    })
}

/// In ascending order, each as `JSON.stringify` prints it.
const TABLE: &[&str] = &[
    "null",
    "false",
    "true",
    "-1.7976931348623157e+308",
    "-1e+308",
    "-1.5",
    "-1",
    "-5e-324",
    "0",
    "5e-324",
    "1e-7",
    "0.000001",
    "0.1",
    "1",
    "1.5",
    "10",
    "9007199254740991",
    "123456789012345680000",
    "1e+21",
    "1.25e+21",
    "1e+308",
    "\"\"",
    "\"\\u0000\"",
    "\"\\u0000\\u0000\"",
    "\"\\u0000\\u0001\"",
    "\"\\u0000a\"",
    "\"\\u0001\"",
    "\"\\b\"",
    "\"\\t\"",
    "\"\\n\"",
    "\"\\f\"",
    "\"\\r\"",
    "\"\\u001f\"",
    "\" \"",
    "\"\\\"\"",
    "\"A\"",
    "\"\\\\\"",
    "\"a\"",
    "\"a\\u0000\"",
    "\"aa\"",
    "\"b\"",
    "\"\u{7f}\"",
    "\"\u{80}\"",
    "\"\u{e9}\"",
    "\"\u{7ff}\"",
    "\"\u{800}\"",
    "\"\u{2028}\"",
    "\"\u{d7ff}\"",
    "\"\\ud800\"",
    "\"\\ud800a\"",
    "\"\\ud800\\ud800\"",
    "\"\u{10000}\"",
    "\"\u{10000}a\"",
    "\"\u{1f600}\"",
    "\"\\udbff\"",
    "\"\u{10ffff}\"",
    "\"\\udc00\"",
    "\"\\udc00\\ud800\"",
    "\"\\udfff\"",
    "\"\u{e000}\"",
    "\"\u{ffff}\"",
    "[]",
    "[null]",
    "[null,null]",
    "[false]",
    "[-1]",
    "[1,2]",
    "[2]",
    "[\"\"]",
    "[\"\",\"a\"]",
    "[\"a\"]",
    "[\"a\",null]",
    "[\"a\",{}]",
    "[\"a\\u0000\"]",
    "[\"aa\"]",
    "[[]]",
    "[[],1]",
    "[[null]]",
    "[[[]]]",
    "[{}]",
    "[{\"a\":1},1]",
    "{}",
    "{\"\":null}",
    "{\"\":{}}",
    "{\"a\":null}",
    "{\"a\":1}",
    "{\"a\":1,\"a\":1}",
    "{\"a\":1,\"b\":null}",
    "{\"a\":1,\"c\":null}",
    "{\"a\":2}",
    "{\"a\":[]}",
    "{\"a\":[1]}",
    "{\"a\":{}}",
    "{\"a\":{\"a\":1},\"b\":1}",
    "{\"aa\":null}",
    "{\"b\":1,\"a\":1}",
    "{\"c\":null}",
];

#[test]
fn encodings_sort_as_couchdb_collates() {
    for pair in TABLE.windows(2) {
        assert!(encoded(pair[0]) < encoded(pair[1]), "{} must sort before {}", pair[0], pair[1]);
        assert!(Json::parse(pair[0]).compare(&Json::parse(pair[1])).is_lt(), "the model: {pair:?}");
    }
}

#[test]
fn decoding_gives_the_text_that_was_encoded() {
    for text in TABLE {
        assert_eq!(decoded(&encoded(text)).as_deref(), Some(*text));
    }
}

#[test]
fn encodings_are_those_of_the_documented_table() {
    let table: &[(&str, &[u8])] = &[
        ("null", &[1]),
        ("-1", &[4, 0x40, 0x0F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        ("0", &[4, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ("1", &[4, 0xBF, 0xF0, 0, 0, 0, 0, 0, 0]),
        ("\"\"", &[5, 0]),
        ("\"a\"", &[5, 0x61, 0]),
        ("\"a\\u0000\"", &[5, 0x61, 1, 1, 0]),
        ("\"\\ud83d\\ude00\"", &[5, 0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80, 0]),
        ("[]", &[6, 0]),
        ("[null,\"a\"]", &[6, 1, 5, 0x61, 0, 0]),
        ("{\"a\":[]}", &[7, 5, 0x61, 0, 6, 0, 0]),
    ];
    for (text, bytes) in table {
        assert_eq!(encoded(text), *bytes, "{text}");
    }
}

#[test]
fn different_texts_of_one_value_are_one_key() {
    for (one, other) in [
        ("-0", "0"),
        ("-0.0", "0"),
        ("-1e-400", "0"),
        ("1.0", "1"),
        ("1069242728270425.2", "1069242728270425.3"),
        ("10E-1", "1"),
        ("1e+21", "1000000000000000000000"),
        ("\"\\u0061\\/\"", "\"a/\""),
        ("\"\\uD83D\\uDE00\"", "\"\u{1F600}\""),
        (" [ 1 ,\t{ \"a\" :\r\n[ ] } ] ", "[1,{\"a\":[]}]"),
    ] {
        assert_eq!(encoded(one), encoded(other), "{one} and {other}");
    }
}

#[test]
fn malformed_text_is_an_assertion_and_leaves_the_bytes_as_they_were() {
    let malformed = [
        "",
        " ",
        "nul",
        "nulll",
        "True",
        "undefined",
        "NaN",
        "Infinity",
        "-",
        "+1",
        "01",
        "-01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "1e400",
        "-1e400",
        "1 2",
        "\"",
        "\"a",
        "\"\\",
        "\"\\x\"",
        "\"\\u\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u+123\"",
        "\"\n\"",
        "\"\u{0}\"",
        "'a'",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[,]",
        "[1 2]",
        "[1}",
        "{",
        "}",
        "{]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{1:1}",
        "{\"a\" 1}",
        "{\"a\":1",
        "{\"a\":1]",
        "{a:1}",
        "[]]",
        "[\"\\ud83d\u{1F600}",
        "\u{FEFF}1",
    ];
    for text in malformed {
        let mut out = vec![42];
        let error = encode(text, &mut out).expect_err(text);
        assert_eq!((error.kind(), &out[..]), (ErrorKind::Assertion, &[42][..]), "{text}");
    }
}

#[test]
fn nesting_ends_at_its_limit_and_overflows_nothing() {
    for (open, close) in [("[", "]"), ("{\"\":", "}"), ("[{\"a\":", "}]")] {
        let levels = DEPTH_LIMIT / open.matches(['[', '{']).count();
        let nested = |levels: usize| format!("{}[]{}", open.repeat(levels), close.repeat(levels));
        let error = encode(&nested(levels), &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Assertion);
        encode(&nested(1_000_000), &mut Vec::new()).unwrap_err();
        let text = format!("{}1{}", open.repeat(levels), close.repeat(levels));
        assert_eq!(decoded(&encoded(&text)), Some(text));
    }
    assert_eq!(decoded(&vec![ARRAY; 1_000_000]), None);
    assert_eq!(skip(&vec![ARRAY; 1_000_000]), None);
}

#[test]
fn damaged_bytes_are_refused() {
    let damaged: &[&[u8]] = &[
        &[],
        &[END],
        &[0x08],
        &[0xFF],
        &[NUMBER],
        &[NUMBER, 0x80, 0, 0, 0, 0, 0, 0],
        &[NUMBER, 0xFF, 0xF0, 0, 0, 0, 0, 0, 0],
        &[NUMBER, 0, 0x0F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        &[NUMBER, 0xFF, 0xF8, 0, 0, 0, 0, 0, 0],
        &[STRING],
        &[STRING, b'a'],
        &[STRING, 1, 0],
        &[STRING, 1, 3, 0],
        &[STRING, 0x80, 0],
        &[STRING, 0xC3, 0],
        &[STRING, 0xC0, 0x80, 0],
        &[STRING, 0xED, 0],
        &[STRING, 0xED, 0xA0, 0],
        &[STRING, 0xED, 0xA0, 0xC0, 0],
        &[STRING, 0xF0, 0x9F, 0x98, 0x80, 0],
        &[STRING, 0xFF, 0],
        &[ARRAY],
        &[ARRAY, NULL],
        &[OBJECT],
        &[OBJECT, NULL, NULL, END],
        &[OBJECT, STRING, b'a', END, END],
    ];
    for bytes in damaged {
        assert_eq!(decoded(bytes), None, "{bytes:02x?}");
    }
}

#[test]
fn only_strings_and_arrays_are_prefixes() {
    for text in ["null", "true", "1", "{}", "{\"a\":1}", "[", ""] {
        let mut out = vec![42];
        assert_eq!(prefix(text, &mut out).unwrap_err().kind(), ErrorKind::Assertion, "{text}");
        assert_eq!(out, [42]);
    }
}

#[test]
fn an_array_prefix_holds_the_array_itself_and_longer_ones() {
    let mut head = Vec::new();
    prefix("[\"2024\"]", &mut head).unwrap();
    for (text, holds) in
        [("[\"2024\"]", true), ("[\"2024\",\"x\"]", true), ("[\"20245\"]", false), ("[]", false), ("\"2024\"", false)]
    {
        assert_eq!(encoded(text).starts_with(&head), holds, "{text}");
    }
}

#[test]
fn two_values_have_the_same_head_if_one_begins_with_the_head_of_the_other() {
    const TEXTS: &[&str] = &[
        "null",
        "1",
        "\"a\"",
        "\"a\\u0000\"",
        "[]",
        "[1]",
        "[1,2]",
        "[1,2,3]",
        "[1,[2]]",
        "[1,[2],3]",
        "[\"a\"]",
        "[\"a\\u0000\"]",
        "[[]]",
        "[{}]",
        "{}",
        "{\"a\":[1]}",
    ];
    for elements in [0, 1, 2, 3, usize::MAX] {
        for a in TEXTS {
            for b in TEXTS {
                let (of_a, of_b) = (encoded(a), encoded(b));
                let begins = of_b.starts_with(head(&of_a, elements));
                assert_eq!(begins, head(&of_a, elements) == head(&of_b, elements), "{a} {b} {elements}");
            }
        }
    }
}

#[test]
fn a_head_is_decoded_as_the_array_of_its_elements() {
    let heads = |text, elements| {
        let mut bytes = encoded(text);
        // What follows the value is not in its head.
        bytes.extend_from_slice(b"\x05a\0");
        let mut out = String::new();
        decode_head(head(&bytes, elements), &mut out).unwrap();
        out
    };
    for text in ["null", "\"a\"", "[]", "{\"a\":[1]}", "[1,[2,3],{}]"] {
        assert_eq!((heads(text, 0).as_str(), heads(text, usize::MAX).as_str()), ("null", text));
    }
    let expected = ["[1]", "[1,[2,3]]", "[1,[2,3],{}]", "[1,[2,3],{}]"];
    assert_eq!([1, 2, 3, 4].map(|elements| heads("[1,[2,3],{}]", elements)), expected);
    assert_eq!((heads("[]", 2).as_str(), heads("\"a\"", 2).as_str()), ("[]", "\"a\""));
}

#[test]
fn damaged_bytes_have_no_head_and_decode_to_nothing() {
    for bytes in [&[][..], &[0xFF], &[ARRAY], &[ARRAY, 0xFF], &[STRING, b'a'], &[ARRAY, NUMBER, 1]] {
        assert_eq!(head(bytes, 1), &[] as &[u8]);
    }
    for bytes in [&[0xFF][..], &[STRING, b'a'], &[ARRAY, NULL, END, NULL]] {
        assert_eq!(decode_head(bytes, &mut String::new()), None);
    }
}
