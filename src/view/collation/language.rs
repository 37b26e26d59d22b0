//! Values with strings in a language's order: bytes, and a naive model with random values.

use proptest::prelude::*;

use super::test::decoded;
use super::*;
use crate::collator::test::{COLLATIONS, collator, compare, units};
use crate::error::ErrorKind;
use crate::view::model::{Json, json};

fn encoded_by(collation: &Collation, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    encode_by(collation, text, &mut out).unwrap_or_else(|error| panic!("{text}: {error}"));
    out
}

fn german() -> Collation {
    Collation::parse("{\"locale\":\"de\"}").unwrap()
}

/// Values whose strings a language cares about.
fn value() -> impl Strategy<Value = Json> {
    let word = || units().prop_map(Json::String);
    prop_oneof![
        3 => word(),
        2 => prop::collection::vec(prop_oneof![3 => word(), 1 => json()], 0..4).prop_map(Json::Array),
        1 => prop::collection::vec((units(), word()), 0..3).prop_map(Json::Object),
        2 => json(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn encodings_compare_as_the_language_and_then_code_units_do(
        name in prop::sample::select(COLLATIONS), values in prop::collection::vec(value(), 2..6)
    ) {
        let (collation, rules) = (Collation::parse(name).unwrap(), collator(name));
        for a in &values {
            for b in &values {
                let (x, y) = (encoded_by(&collation, &a.text()), encoded_by(&collation, &b.text()));
                prop_assert_eq!(x.cmp(&y), a.compare_by(b, &|a, b| compare(&rules, a, b)), "{:?} {:?}", a, b);
                prop_assert!(x == y || !y.starts_with(&x), "{:?} begins {:?}", a, b);
            }
        }
    }

    #[test]
    fn values_survive_the_round_trip(name in prop::sample::select(COLLATIONS), value in value(), next in value()) {
        let collation = Collation::parse(name).unwrap();
        let mut bytes = encoded_by(&collation, &value.text());
        let text = decoded(&bytes).unwrap();
        prop_assert!(Json::parse(&text).compare(&value).is_eq(), "{} became {}", value.text(), text);
        let length = bytes.len();
        encode_by(&collation, &next.text(), &mut bytes).unwrap();
        prop_assert_eq!(skip(&bytes), Some(length));
        prop_assert_eq!(decode(&bytes, &mut String::new()), Some(length));
    }

    #[test]
    fn arrays_start_with_what_their_encodings_start_with(
        whole in prop::collection::vec(value(), 0..4), head in prop::collection::vec(value(), 0..3), cut in 0_usize..4
    ) {
        let own_head = whole.get(..cut).unwrap_or(&whole).to_vec();
        for head in [own_head, head] {
            let (whole, head) = (Json::Array(whole.clone()), Json::Array(head));
            let mut start = Vec::new();
            prefix_by(&german(), &head.text(), &mut start).unwrap();
            prop_assert_eq!(encoded_by(&german(), &whole.text()).starts_with(&start), whole.starts_with(&head));
        }
    }

    #[test]
    fn a_broken_byte_is_never_a_panic(value in value(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encoded_by(&german(), &value.text());
        *at.get_mut(&mut bytes) = byte;
        let _ = (decode(&bytes, &mut String::new()), skip(&bytes));
    }
}

#[test]
fn a_string_is_its_sort_key_and_its_code_units() {
    for (text, bytes) in [
        ("\"a\"", "05 ff 2b 01 05 01 05 00 61 00"),
        ("[\"a\"]", "06 05 ff 2b 01 05 01 05 00 61 00 00"),
        ("{\"a\":\"a\"}", "07 05 61 00 05 ff 2b 01 05 01 05 00 61 00 00"),
        ("1", "04 bf f0 00 00 00 00 00 00"),
    ] {
        let found: Vec<_> = encoded_by(&german(), text).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found.join(" "), bytes, "{text}");
    }
}

#[test]
fn escapes_are_what_they_stand_for() {
    assert_eq!(encoded_by(&german(), "\"\\u00e4\\u0062\""), encoded_by(&german(), "\"\u{e4}b\""));
    assert_eq!(encoded_by(&german(), "\"\\ud83d\\ude00\""), encoded_by(&german(), "\"\u{1F600}\""));
}

#[test]
fn malformed_text_leaves_nothing_behind() {
    for text in ["\"a", "\"a\\x\"", "[\"a\"", "\"\n\"", "\"\\\n\""] {
        let mut out = vec![42];
        let error = encode_by(&german(), text, &mut out).unwrap_err();
        assert_eq!((error.kind(), &out[..]), (ErrorKind::Assertion, &[42][..]), "{text}");
    }
}

#[test]
fn damaged_bytes_are_refused() {
    let damaged: &[&[u8]] = &[
        &[STRING, LOCALE],
        &[STRING, LOCALE, END],
        &[STRING, LOCALE, 0x2B, END],
        &[STRING, LOCALE, 0x2B, END, b'a'],
        &[STRING, LOCALE, 0x2B, END, LOCALE, END],
    ];
    for bytes in damaged {
        assert_eq!(decoded(bytes), None, "{bytes:02x?}");
    }
}

#[test]
fn a_string_is_no_prefix_by_a_language() {
    let mut out = vec![42];
    let error = prefix_by(&german(), "\"a\"", &mut out).unwrap_err();
    assert_eq!((error.kind(), &out[..]), (ErrorKind::Assertion, &[42][..]));
}
