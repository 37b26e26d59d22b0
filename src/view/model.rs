//! A naive model of JSON for tests: a tree of values, printed, read and compared in the plainest way.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::str::Chars;

use proptest::prelude::*;

#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(f64),
    String(Vec<u16>),
    Array(Vec<Json>),
    Object(Vec<(Vec<u16>, Json)>),
}

impl Json {
    /// As `JSON.stringify` would, but for the exponents of numbers.
    pub fn text(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(value) => format!("{value:?}"),
            Self::String(units) => quoted(units),
            Self::Array(elements) => {
                format!("[{}]", elements.iter().map(Self::text).collect::<Vec<_>>().join(","))
            }
            Self::Object(entries) => {
                let entries = entries.iter().map(|(name, value)| format!("{}:{}", quoted(name), value.text()));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
            }
        }
    }

    /// Panics on malformed text, which makes a test fail.
    pub fn parse(text: &str) -> Self {
        let mut text = text.chars().peekable();
        let value = parse_value(&mut text);
        assert_eq!(text.next(), None, "text after the value");
        value
    }

    /// With strings by code unit.
    pub fn compare(&self, other: &Self) -> Ordering {
        self.compare_by(other, &|a, b| a.cmp(b))
    }

    /// With strings, but no names in objects, as told.
    pub fn compare_by(&self, other: &Self, strings: &dyn Fn(&[u16], &[u16]) -> Ordering) -> Ordering {
        let by = |a: &Self, b: &Self| a.compare_by(b, strings);
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.partial_cmp(b).unwrap(),
            (Self::String(a), Self::String(b)) => strings(a, b),
            (Self::Array(a), Self::Array(b)) => {
                let unequal = a.iter().zip(b).map(|(a, b)| by(a, b)).find(|order| order.is_ne());
                unequal.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Self::Object(a), Self::Object(b)) => {
                let orders = a.iter().zip(b).map(|(a, b)| a.0.cmp(&b.0).then_with(|| by(&a.1, &b.1)));
                orders.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            _ => self.class().cmp(&other.class()),
        }
    }

    pub fn starts_with(&self, prefix: &Self) -> bool {
        match (self, prefix) {
            (Self::String(all), Self::String(head)) => all.starts_with(head),
            (Self::Array(all), Self::Array(head)) => {
                all.len() >= head.len() && all.iter().zip(head).all(|(a, b)| a.compare(b).is_eq())
            }
            _ => false,
        }
    }

    fn class(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(false) => 1,
            Self::Bool(true) => 2,
            Self::Number(_) => 3,
            Self::String(_) => 4,
            Self::Array(_) => 5,
            Self::Object(_) => 6,
        }
    }
}

fn quoted(units: &[u16]) -> String {
    let inside = char::decode_utf16(units.iter().copied()).map(|unit| match unit {
        Ok('"') => "\\\"".to_owned(),
        Ok('\\') => "\\\\".to_owned(),
        Ok('\n') => "\\n".to_owned(),
        Ok(control @ '\0'..' ') => format!("\\u{:04x}", u32::from(control)),
        Ok(character) => character.to_string(),
        Err(lone) => format!("\\u{:04x}", lone.unpaired_surrogate()),
    });
    format!("\"{}\"", inside.collect::<String>())
}

fn parse_value(text: &mut Peekable<Chars<'_>>) -> Json {
    match text.peek().unwrap() {
        '"' => Json::String(parse_string(text)),
        '[' => {
            text.next();
            let mut elements = Vec::new();
            while text.next_if_eq(&']').is_none() {
                assert!(elements.is_empty() || text.next() == Some(','));
                elements.push(parse_value(text));
            }
            Json::Array(elements)
        }
        '{' => {
            text.next();
            let mut entries = Vec::new();
            while text.next_if_eq(&'}').is_none() {
                assert!(entries.is_empty() || text.next() == Some(','));
                let name = parse_string(text);
                assert_eq!(text.next(), Some(':'));
                entries.push((name, parse_value(text)));
            }
            Json::Object(entries)
        }
        _ => {
            let mut word = String::new();
            while let Some(character) = text.next_if(|next| !",]}".contains(*next)) {
                word.push(character);
            }
            match word.as_str() {
                "null" => Json::Null,
                "true" => Json::Bool(true),
                "false" => Json::Bool(false),
                number => Json::Number(number.parse().unwrap()),
            }
        }
    }
}

fn parse_string(text: &mut Peekable<Chars<'_>>) -> Vec<u16> {
    assert_eq!(text.next(), Some('"'));
    let mut units = Vec::new();
    loop {
        let character = match text.next().unwrap() {
            '"' => return units,
            '\\' => match text.next().unwrap() {
                'u' => {
                    let digits: String = text.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).unwrap());
                    continue;
                }
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other @ ('"' | '\\') => other,
                other => panic!("escape {other}"),
            },
            control @ '\0'..' ' => panic!("raw {control:?}"),
            other => other,
        };
        units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
    }
}

/// Code units next to every border of the encoding, few enough that strings often agree.
pub fn units() -> impl Strategy<Value = Vec<u16>> {
    const UNITS: &[u16] = &[
        0, 1, 2, 8, 9, 0x0A, 0x0C, 0x0D, 0x1F, 0x20, 0x22, 0x2F, 0x5C, 0x61, 0x62, 0x7F, 0x80, 0x7FF, 0x800, 0x2028,
        0xCFFF, 0xD000, 0xD7FF, 0xD800, 0xD83D, 0xDBFF, 0xDC00, 0xDE00, 0xDFFF, 0xE000, 0xFFFF,
    ];
    let unit = prop_oneof![3 => prop::sample::select(&[0, 0x61, 0xD800, 0xDC00][..]), 2 => prop::sample::select(UNITS),
        1 => any::<u16>()];
    prop::collection::vec(unit, 0..5)
}

pub fn json() -> impl Strategy<Value = Json> {
    const NUMBERS: &[f64] =
        &[0.0, -0.0, 1.0, -1.0, 0.1, 5e-324, -5e-324, 1e308, -1e308, 1e21, 1e-7, 9_007_199_254_740_993.0];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        prop::sample::select(NUMBERS).prop_map(Json::Number),
        prop::num::f64::NORMAL.prop_map(Json::Number),
        units().prop_map(Json::String),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            prop::collection::vec((units(), inner), 0..4).prop_map(Json::Object),
        ]
    })
}
