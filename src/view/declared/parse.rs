//! The text of a declaration: checked when it comes, and in one form when it is kept.

use std::collections::{BTreeMap, HashSet};

use serde_json::value::RawValue;

use super::condition::Where;
use super::emit::Plan;
use super::path::Path;
use super::{Declaration, KeyPaths, Value};
use crate::collator::Collation;
use crate::error::{Error, Result};

const MEMBERS: &[&str] = &["where", "key", "each", "value", "reduce", "unique", "collation"];

const REDUCES: &[&str] = &["_count", "_sum", "_stats", "_min", "_max", "_approx_count_distinct"];

type Members<'a> = BTreeMap<String, &'a RawValue>;

impl Declaration {
    /// The declaration that `json` says.
    ///
    /// # Errors
    ///
    /// `Assertion` naming what is wrong: an unknown member, path or operator, a value of the wrong type.
    pub fn parse(json: &str) -> Result<Self> {
        let members: Members<'_> =
            serde_json::from_str(json).map_err(|_| Error::assertion("a declarative view is an object"))?;
        if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            let known = MEMBERS.join(", ");
            return Err(Error::assertion(format!("a declarative view has no {unknown:?}; it has: {known}")));
        }
        let text = |name: &str| members.get(name).map(|value| value.get());
        let condition = text("where").map_or_else(|| Ok(Where::default()), |json| Where::parse(json, "where"))?;
        let key = key(text("key").ok_or_else(|| Error::assertion("a declarative view has a key"))?)?;
        let each = text("each").map(|json| path(json, "each")).transpose()?;
        let value = text("value").map_or(Ok(Value::Nothing), value)?;
        let reduce = text("reduce").map(reduce).transpose()?;
        let unique = text("unique").map_or(Ok(false), unique)?;
        let collation = text("collation").map_or_else(|| Ok(Collation::default()), Collation::parse)?;
        let plan = Plan::new(&condition, &key, each.as_ref(), &value);
        Ok(Self { condition, key, each, value, reduce, unique, collation, plan })
    }

    /// The declaration in one form: two that say the same have the same text. [`parse`](Self::parse) reads it.
    #[must_use]
    pub fn text(&self) -> String {
        let key = match &self.key {
            KeyPaths::One(path) => quoted(path.text()),
            KeyPaths::Array(paths) => array(paths),
        };
        let mut members = Vec::new();
        if !self.condition.conditions().is_empty() {
            members.push(("where", self.condition.text()));
        }
        members.push(("key", key));
        if let Some(each) = &self.each {
            members.push(("each", quoted(each.text())));
        }
        match &self.value {
            Value::Nothing => {}
            Value::One(path) => members.push(("value", quoted(path.text()))),
            Value::Members(paths) => members.push(("value", array(paths))),
            Value::Document => members.push(("value", "true".to_owned())),
        }
        if let Some(reduce) = &self.reduce {
            members.push(("reduce", quoted(reduce)));
        }
        if self.unique {
            members.push(("unique", "true".to_owned()));
        }
        if let Collation::Locale(collator) = &self.collation {
            members.push(("collation", collator.text().to_owned()));
        }
        let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn array(paths: &[Path]) -> String {
    let paths: Vec<_> = paths.iter().map(|path| quoted(path.text())).collect();
    format!("[{}]", paths.join(","))
}

fn path(json: &str, place: &str) -> Result<Path> {
    let text: String =
        serde_json::from_str(json).map_err(|_| Error::assertion(format!("{place} is a path, not {json}")))?;
    Path::new(&text, place)
}

/// Several different paths, at least one.
fn paths(json: &str, place: &str) -> Result<Vec<Path>> {
    let texts: Vec<&RawValue> = serde_json::from_str(json)
        .ok()
        .filter(|texts: &Vec<_>| !texts.is_empty())
        .ok_or_else(|| Error::assertion(format!("{place} is a path or an array of paths, not {json}")))?;
    let paths = texts.into_iter().map(|text| path(text.get(), place)).collect::<Result<Vec<_>>>()?;
    let mut known = HashSet::new();
    match paths.iter().find(|path| !known.insert(path.text())) {
        Some(again) => Err(Error::assertion(format!("{place} has the path {:?} twice", again.text()))),
        None => Ok(paths),
    }
}

fn key(json: &str) -> Result<KeyPaths> {
    if json.starts_with('"') { path(json, "key").map(KeyPaths::One) } else { paths(json, "key").map(KeyPaths::Array) }
}

fn value(json: &str) -> Result<Value> {
    match json.as_bytes().first() {
        Some(b'"') => path(json, "value").map(Value::One),
        Some(b'[') => paths(json, "value").map(Value::Members),
        Some(b't') => Ok(Value::Document),
        _ => Err(Error::assertion(format!("value is a path, an array of paths, or true, not {json}"))),
    }
}

fn reduce(json: &str) -> Result<String> {
    let name = serde_json::from_str(json).ok().filter(|name: &String| REDUCES.contains(&name.as_str()));
    name.ok_or_else(|| Error::assertion(format!("reduce is one of {}, not {json}", REDUCES.join(", "))))
}

fn unique(json: &str) -> Result<bool> {
    serde_json::from_str(json).map_err(|_| Error::assertion(format!("unique is true or false, not {json}")))
}
