//! `where`: conditions on paths, all of which a document has to meet.
//!
//! ```text
//! { path: value }                      equal: numbers by value, objects whatever the order of their members
//! { path: { $eq: value } }             the same
//! { path: { $ne: value } }             not equal, or missing
//! { path: { $gt $gte $lt $lte: value } }   a value of the same type, in the order of view keys
//! { path: { $in: [value, ...] } }      equal to one of them
//! { path: { $exists: true | false } }  there, or missing
//! ```
//!
//! A path that leads to nothing meets `$ne` and `$exists: false` and nothing else; `null` is a value like any other. An
//! array equals arrays, not its own elements.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::value::RawValue;

use super::path::{Found, Path, Trie};
use super::value::{self, Operand};
use crate::document::{compact, elements, members};
use crate::error::{Error, Result};

/// The conditions of a `where`, ordered by path and operator, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Where {
    conditions: Vec<Condition>,
}

/// What the value at one path has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Where the value is.
    pub path: Path,
    /// What it is tested for.
    pub test: Test,
}

/// One operator and its operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// `$eq`
    Equal(Operand),
    /// `$ne`
    NotEqual(Operand),
    /// `$in`
    In(Choice),
    /// `$gt`, `$gte`, `$lt`, `$lte`
    Order(Order, Operand),
    /// `$exists`
    Exists(bool),
}

/// How a value lies to an operand of its own type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// `$gt`
    Above,
    /// `$gte`
    AtOrAbove,
    /// `$lt`
    Below,
    /// `$lte`
    AtOrBelow,
}

/// Several operands, sorted by their canonical bytes, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice(Vec<Operand>);

impl Where {
    /// The conditions of `json`, the text of an object; `place` names it in messages.
    ///
    /// # Errors
    ///
    /// `Assertion` naming the path and operator that is wrong.
    pub fn parse(json: &str, place: &str) -> Result<Self> {
        let named: BTreeMap<String, &RawValue> = serde_json::from_str(json)
            .map_err(|_| Error::assertion(format!("{place} is an object of paths and what is to be found there")))?;
        let mut conditions = Vec::new();
        for (path, wanted) in named {
            let path = Path::new(&path, place)?;
            let place = format!("{place}: {path:?}", path = path.text());
            let tests = tests(&compact(wanted.get()), &place)?;
            conditions.extend(tests.into_iter().map(|test| Condition { path: path.clone(), test }));
        }
        Ok(Self { conditions })
    }

    /// The conditions, by path.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// Whether every condition of this is one of `other`'s, so that what meets `other` meets this.
    #[must_use]
    pub fn is_implied_by(&self, other: &Self) -> bool {
        self.conditions.iter().all(|condition| other.conditions.contains(condition))
    }

    /// In one form: JSON in which only operands are as they were given.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from("{");
        let mut last = None;
        for Condition { path, test } in &self.conditions {
            if last == Some(path) {
                text.pop();
                text.push(',');
            } else {
                let comma = if last.is_some() { "," } else { "" };
                let _ = write!(text, "{comma}{}:{{", serde_json::Value::from(path.text()));
            }
            let _ = write!(text, "\"{}\":{}}}", test.operator(), test.operand());
            last = Some(path);
        }
        text.push('}');
        text
    }

    /// The slots of the conditions' values in a trie.
    pub(super) fn slots(&self, trie: &mut Trie) -> Vec<usize> {
        self.conditions.iter().map(|condition| trie.add(condition.path.text())).collect()
    }

    /// Whether what was found meets the conditions; `slots` are theirs.
    pub(super) fn is_met(&self, slots: &[usize], found: &Found<'_>) -> bool {
        self.conditions.iter().zip(slots).all(|(condition, slot)| condition.test.is_met(found.get(*slot)))
    }
}

/// The tests that a path's operand stands for, ordered by operator.
fn tests(operand: &str, place: &str) -> Result<Vec<Test>> {
    let is_operator = |name: &str| name.starts_with("\"$");
    if !members(operand).any(|(name, _)| is_operator(name)) {
        return Ok(vec![Test::Equal(operand_of(operand, place)?)]);
    }
    if let Some((name, _)) = members(operand).find(|(name, _)| !is_operator(name)) {
        return Err(Error::assertion(format!("{place} mixes operators with the member {name}")));
    }
    let mut operators: Vec<_> = members(operand).collect();
    operators.sort_unstable();
    operators.into_iter().map(|(name, operand)| Test::parse(name.trim_matches('"'), operand, place)).collect()
}

fn operand_of(text: &str, place: &str) -> Result<Operand> {
    Operand::new(text).map_err(|error| Error::assertion(format!("{place}: {}", error.message())))
}

impl Test {
    fn parse(operator: &str, operand: &str, place: &str) -> Result<Self> {
        let single = || operand_of(operand, place);
        let refused = |what: &str| Err(Error::assertion(format!("{place}: {operator} {what}, not {operand}")));
        match operator {
            "$eq" => single().map(Self::Equal),
            "$ne" => single().map(Self::NotEqual),
            "$gt" => single().map(|operand| Self::Order(Order::Above, operand)),
            "$gte" => single().map(|operand| Self::Order(Order::AtOrAbove, operand)),
            "$lt" => single().map(|operand| Self::Order(Order::Below, operand)),
            "$lte" => single().map(|operand| Self::Order(Order::AtOrBelow, operand)),
            "$in" if operand.starts_with('[') => Choice::new(operand, place).map(Self::In),
            "$in" => refused("takes an array"),
            "$exists" => match operand {
                "true" => Ok(Self::Exists(true)),
                "false" => Ok(Self::Exists(false)),
                _ => refused("takes true or false"),
            },
            _ => Err(Error::assertion(format!(
                "{place}: there is no operator {operator}; there are $eq, $ne, $gt, $gte, $lt, $lte, $in, $exists"
            ))),
        }
    }

    fn operator(&self) -> &'static str {
        match self {
            Self::Equal(_) => "$eq",
            Self::NotEqual(_) => "$ne",
            Self::In(_) => "$in",
            Self::Order(Order::Above, _) => "$gt",
            Self::Order(Order::AtOrAbove, _) => "$gte",
            Self::Order(Order::Below, _) => "$lt",
            Self::Order(Order::AtOrBelow, _) => "$lte",
            Self::Exists(_) => "$exists",
        }
    }

    fn operand(&self) -> String {
        match self {
            Self::Equal(operand) | Self::NotEqual(operand) | Self::Order(_, operand) => operand.text().to_owned(),
            Self::In(choice) => {
                let texts: Vec<_> = choice.0.iter().map(Operand::text).collect();
                format!("[{}]", texts.join(","))
            }
            Self::Exists(is_there) => is_there.to_string(),
        }
    }

    fn is_met(&self, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::NotEqual(_), None) => true,
            (Self::Exists(is_there), value) => value.is_some() == *is_there,
            (_, None) => false,
            (Self::Equal(operand), Some(value)) => operand.equals(value),
            (Self::NotEqual(operand), Some(value)) => !operand.equals(value),
            (Self::In(choice), Some(value)) => choice.holds(value),
            (Self::Order(order, operand), Some(value)) => order.holds(value, operand),
        }
    }
}

impl Order {
    /// Whether a value lies so. The operand's bytes are canonical, the value's as they are written: objects are compared
    /// by their members in the order of the text.
    fn holds(self, value: &str, operand: &Operand) -> bool {
        let mut bytes = Vec::with_capacity(value.len() + 8);
        let is_read = value::encode(value, &mut bytes).is_ok();
        is_read
            && bytes.first().is_some_and(|first| operand.class().contains(first))
            && match self {
                Self::Above => *bytes > *operand.key(),
                Self::AtOrAbove => *bytes >= *operand.key(),
                Self::Below => *bytes < *operand.key(),
                Self::AtOrBelow => *bytes <= *operand.key(),
            }
    }
}

impl Choice {
    fn new(array: &str, place: &str) -> Result<Self> {
        let mut operands = elements(array).map(|text| operand_of(text, place)).collect::<Result<Vec<_>>>()?;
        operands.sort_by(|a, b| a.canonical().cmp(b.canonical()));
        operands.dedup_by(|a, b| a.canonical() == b.canonical());
        Ok(Self(operands))
    }

    /// The operands, in the order of keys.
    #[must_use]
    pub fn operands(&self) -> &[Operand] {
        &self.0
    }

    fn holds(&self, value: &str) -> bool {
        match &*self.0 {
            [one] => one.equals(value),
            several => value::canonical(value)
                .is_some_and(|bytes| several.binary_search_by(|operand| operand.canonical().cmp(&bytes)).is_ok()),
        }
    }
}
