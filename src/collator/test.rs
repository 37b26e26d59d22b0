//! Collations as texts, and the orders they make.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;
use crate::key::code_unit;

pub fn collator(json: &str) -> Arc<Collator> {
    match Collation::parse(json).unwrap() {
        Collation::Locale(collator) => collator,
        Collation::CodeUnit => panic!("no locale"),
    }
}

/// As the language has them, then by code unit.
pub fn compare(collator: &Collator, a: &[u16], b: &[u16]) -> Ordering {
    collator.rules().compare_utf16(a, b).then_with(|| a.cmp(b))
}

fn sort_key(collator: &Collator, units: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::new();
    collator.append_sort_key(&code_unit::from_utf16(units), &mut bytes);
    bytes
}

fn sorted(json: &str, words: &[&str]) -> Vec<String> {
    let collator = collator(json);
    let mut words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    words.sort_by_key(|word| sort_key(&collator, &word.encode_utf16().collect::<Vec<_>>()));
    words
}

#[test]
fn a_text_says_everything_and_reads_as_the_same() {
    for (given, full) in [
        ("\"codeUnit\"", CODE_UNIT),
        ("{\"locale\":\"DE\"}", r#"{"locale":"de","strength":"tertiary","numeric":false,"caseFirst":"false"}"#),
        (
            r#"{"numeric":true,"caseFirst":"upper","strength":"primary","locale":"sv-se"}"#,
            r#"{"locale":"sv-SE","strength":"primary","numeric":true,"caseFirst":"upper"}"#,
        ),
        (
            r#"{"locale":"de-u-co-phonebk-kn"}"#,
            r#"{"locale":"de-u-co-phonebk-kn","strength":"tertiary","numeric":true,"caseFirst":"false"}"#,
        ),
    ] {
        let collation = Collation::parse(given).unwrap();
        assert_eq!(collation.text(), full);
        assert_eq!(Collation::parse(full).unwrap(), collation);
    }
}

#[test]
fn what_is_no_collation_is_refused() {
    for text in [
        "",
        "null",
        "\"de\"",
        "{}",
        "[\"de\"]",
        "{\"locale\":1}",
        "{\"locale\":\"\"}",
        "{\"locale\":\"not a locale\"}",
        "{\"locale\":\"de_\"}",
        "{\"locale\":\"de\",\"sensitivity\":\"base\"}",
        "{\"locale\":\"de\",\"strength\":\"strong\"}",
        "{\"locale\":\"de\",\"strength\":1}",
        "{\"locale\":\"de\",\"numeric\":\"true\"}",
        "{\"locale\":\"de\",\"caseFirst\":false}",
    ] {
        assert_eq!(Collation::parse(text).unwrap_err().kind(), ErrorKind::Assertion, "{text}");
    }
}

#[test]
fn languages_have_their_own_orders() {
    let words = ["z", "Z", "\u{e4}", "a", "o", "\u{f6}", "A"];
    assert_eq!(sorted("{\"locale\":\"de\"}", &words), ["a", "A", "\u{e4}", "o", "\u{f6}", "z", "Z"]);
    assert_eq!(sorted("{\"locale\":\"sv\"}", &words), ["a", "A", "o", "z", "Z", "\u{e4}", "\u{f6}"]);
    let upper = "{\"locale\":\"de\",\"caseFirst\":\"upper\"}";
    assert_eq!(sorted(upper, &words), ["A", "a", "\u{e4}", "o", "\u{f6}", "Z", "z"]);
    let numbers = ["a10", "a9", "a1"];
    assert_eq!(sorted("{\"locale\":\"en\"}", &numbers), ["a1", "a10", "a9"]);
    assert_eq!(sorted("{\"locale\":\"en\",\"numeric\":true}", &numbers), ["a1", "a9", "a10"]);
}

#[test]
fn a_strength_tells_what_is_told_apart() {
    for (strength, expected) in [
        ("primary", [Ordering::Equal, Ordering::Equal]),
        ("secondary", [Ordering::Less, Ordering::Equal]),
        ("tertiary", [Ordering::Less, Ordering::Less]),
    ] {
        let collator = collator(&format!("{{\"locale\":\"de\",\"strength\":\"{strength}\"}}"));
        let compared =
            [(0x61, 0xE4), (0x61, 0x41)].map(|(a, b)| sort_key(&collator, &[a]).cmp(&sort_key(&collator, &[b])));
        assert_eq!(compared, expected, "{strength}");
    }
}

/// Letters, digits, marks, scripts, both halves of pairs, and what no language gives a weight.
pub fn units() -> impl Strategy<Value = Vec<u16>> {
    let unit = prop_oneof![
        4 => prop::sample::select("aAbBzZ\u{e4}\u{c4}\u{df}\u{e9}019 -_:.".encode_utf16().collect::<Vec<_>>()),
        1 => prop::sample::select(vec![0, 1, 0x301, 0x308, 0x5D0, 0xAC00, 0x4E00, 0xD83D, 0xDE00, 0xFFFD, 0xFFFE, 0xFFFF]),
        1 => any::<u16>(),
    ];
    prop::collection::vec(unit, 0..7)
}

pub const COLLATIONS: &[&str] = &[
    "{\"locale\":\"en\"}",
    "{\"locale\":\"de\",\"strength\":\"primary\"}",
    "{\"locale\":\"sv\",\"strength\":\"identical\"}",
    "{\"locale\":\"en\",\"numeric\":true,\"caseFirst\":\"upper\"}",
    "{\"locale\":\"th\",\"strength\":\"quaternary\"}",
    "{\"locale\":\"fr-CA\"}",
    "{\"locale\":\"ja\"}",
    "{\"locale\":\"zh\"}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sort_keys_compare_as_the_language_does(
        json in prop::sample::select(COLLATIONS), words in prop::collection::vec(units(), 2..6)
    ) {
        let collator = collator(json);
        for a in &words {
            for b in &words {
                let (x, y) = (sort_key(&collator, a), sort_key(&collator, b));
                prop_assert_eq!(x.cmp(&y), collator.rules().compare_utf16(a, b), "{:x?} {:x?}", a, b);
                prop_assert!(!x.contains(&0));
            }
        }
    }
}
