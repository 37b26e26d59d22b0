//! The rules of a language, and the sort keys they make.

use icu_collator::options::{CollatorOptions, Strength};
use icu_collator::preferences::{CollationCaseFirst, CollationNumericOrdering};
use icu_collator::{CollatorBorrowed, CollatorPreferences};
use icu_locale_core::Locale;
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::key::code_unit;

const STRENGTHS: &[(&str, Strength)] = &[
    ("primary", Strength::Primary),
    ("secondary", Strength::Secondary),
    ("tertiary", Strength::Tertiary),
    ("quaternary", Strength::Quaternary),
    ("identical", Strength::Identical),
];

const CASES: &[(&str, CollationCaseFirst)] =
    &[("upper", CollationCaseFirst::Upper), ("lower", CollationCaseFirst::Lower), ("false", CollationCaseFirst::False)];

/// Orders strings as a language does.
pub struct Collator {
    rules: CollatorBorrowed<'static>,
    text: Box<str>,
}

impl Collator {
    /// The collator of the members `locale`, `strength`, `numeric`, `caseFirst`.
    pub(super) fn parse(members: &Map<String, Value>) -> Result<Self> {
        let known = ["locale", "strength", "numeric", "caseFirst"];
        if let Some(name) = members.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(Error::assertion(format!("a collation has no {name:?}; it has: {}", known.join(", "))));
        }
        let tag = members.get("locale").and_then(Value::as_str);
        let tag = tag.ok_or_else(|| Error::assertion("the locale of a collation is a string"))?;
        let no_locale = || Error::assertion(format!("the locale of a collation is a language tag, not {tag:?}"));
        let locale = Locale::try_from_str(tag).map_err(|_| no_locale())?;
        let mut preferences = CollatorPreferences::from(&locale);
        if let Some(numeric) = members.get("numeric") {
            preferences.numeric_ordering = Some(match numeric {
                Value::Bool(true) => CollationNumericOrdering::True,
                Value::Bool(false) => CollationNumericOrdering::False,
                _ => return Err(Error::assertion("numeric of a collation is true or false")),
            });
        }
        if let Some(case) = members.get("caseFirst") {
            preferences.case_first = Some(one_of(CASES, "caseFirst", case)?);
        }
        let mut options = CollatorOptions::default();
        let strength = members.get("strength").map(|strength| one_of(STRENGTHS, "strength", strength)).transpose()?;
        options.strength = Some(strength.unwrap_or(Strength::Tertiary));
        let rules = CollatorBorrowed::try_new(preferences, options).map_err(|_| no_locale())?;
        Ok(Self { text: text(&locale, &rules), rules })
    }

    /// The JSON text that says it in full.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[cfg(test)]
    pub(super) fn rules(&self) -> &CollatorBorrowed<'static> {
        &self.rules
    }

    /// Appends the sort key of a string in [CESU-8](code_unit). By `memcmp` the sort keys of two strings are as the
    /// language has the strings. No sort key holds a zero byte.
    ///
    /// Half a surrogate pair is as U+FFFD.
    pub fn append_sort_key(&self, cesu: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        match code_unit::to_str(cesu) {
            Some(text) => self.append_sort_key_of_text(&text, out),
            None => {
                let Ok(()) = self.rules.write_sort_key_utf16_to(&code_unit::to_utf16(cesu), out);
            }
        }
        debug_assert!(out.iter().skip(start).all(|byte| *byte != 0), "a zero byte would end it");
    }

    /// The same for a string that is all characters.
    pub fn append_sort_key_of_text(&self, text: &str, out: &mut Vec<u8>) {
        let Ok(()) = self.rules.write_sort_key_to(text, out);
    }
}

/// What the rules came to, so that another version's defaults change nothing.
fn text(locale: &Locale, rules: &CollatorBorrowed<'_>) -> Box<str> {
    let resolved = rules.resolved_options();
    let name_of = |case| CASES.iter().find(|(_, known)| *known == case).map_or("false", |(name, _)| name);
    let strength = STRENGTHS.iter().find(|(_, known)| *known == resolved.strength).map_or("tertiary", |(name, _)| name);
    // Joined by hand, because the order of an object's members is not told.
    let members = [
        ("locale", json!(locale.to_string())),
        ("strength", json!(strength)),
        ("numeric", json!(resolved.numeric == CollationNumericOrdering::True)),
        ("caseFirst", json!(name_of(resolved.case_first))),
    ];
    let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(",")).into()
}

fn one_of<T: Copy>(known: &[(&str, T)], name: &str, value: &Value) -> Result<T> {
    let found = value.as_str().and_then(|value| known.iter().find(|(name, _)| *name == value));
    found.map(|(_, found)| *found).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
        Error::assertion(format!("{name} of a collation is one of {}", names.join(", ")))
    })
}
