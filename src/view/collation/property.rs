//! The collation against a naive model, with random values, text and bytes.

use proptest::prelude::*;

use super::test::{decoded, encoded};
use super::*;
use crate::view::model::{Json, json, units};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn encodings_compare_as_the_values_do(values in prop::collection::vec(json(), 2..8)) {
        for a in &values {
            for b in &values {
                let (x, y) = (encoded(&a.text()), encoded(&b.text()));
                prop_assert_eq!(x.cmp(&y), a.compare(b));
                prop_assert!(x == y || !y.starts_with(&x), "{:?} begins {:?}", a, b);
            }
        }
    }

    #[test]
    fn values_survive_the_round_trip(value in json(), next in json()) {
        let mut bytes = encoded(&value.text());
        let text = decoded(&bytes).unwrap();
        prop_assert!(Json::parse(&text).compare(&value).is_eq(), "{} became {}", value.text(), text);
        let length = bytes.len();
        encode(&next.text(), &mut bytes).unwrap();
        prop_assert_eq!(skip(&bytes), Some(length));
        prop_assert_eq!(decode(&bytes, &mut String::new()), Some(length));
    }

    #[test]
    fn strings_start_with_what_their_encodings_start_with(whole in units(), head in units(), cut in 0_usize..5) {
        let own_head = whole.get(..cut).unwrap_or(&whole).to_vec();
        check_prefix(&Json::String(whole.clone()), &Json::String(own_head));
        check_prefix(&Json::String(whole), &Json::String(head));
    }

    #[test]
    fn arrays_start_with_what_their_encodings_start_with(
        whole in prop::collection::vec(json(), 0..4), head in prop::collection::vec(json(), 0..3), cut in 0_usize..4
    ) {
        let own_head = whole.get(..cut).unwrap_or(&whole).to_vec();
        check_prefix(&Json::Array(whole.clone()), &Json::Array(own_head));
        check_prefix(&Json::Array(whole), &Json::Array(head));
    }

    #[test]
    fn any_text_is_encoded_or_refused(text in "[\\[\\]{}\",:0-9eE.+\\-\\\\untrflasebd \u{1F600}]{0,12}") {
        if encode(&text, &mut Vec::new()).is_ok() {
            prop_assert_eq!(decoded(&encoded(&text)).map(|again| encoded(&again)), Some(encoded(&text)));
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(prop_oneof![0_u8..9, any::<u8>()], 0..24)) {
        let mut text = String::new();
        let length = decode(&bytes, &mut text);
        prop_assert!(length.is_none() || length == skip(&bytes));
        if length.is_some() {
            encoded(&text);
        }
    }

    #[test]
    fn a_broken_byte_is_never_a_panic(value in json(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encoded(&value.text());
        *at.get_mut(&mut bytes) = byte;
        let _ = (decode(&bytes, &mut String::new()), skip(&bytes));
    }
}

fn check_prefix(whole: &Json, head: &Json) {
    let mut start = Vec::new();
    prefix(&head.text(), &mut start).unwrap();
    assert_eq!(encoded(&whole.text()).starts_with(&start), whole.starts_with(head), "{whole:?} with {head:?}");
}
