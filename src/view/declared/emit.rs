//! The rows of one document.

use std::sync::Arc;

use super::condition::Where;
use super::path::{Found, Path, Trie};
use super::{Declaration, KeyPaths, Value, value};
use crate::document::elements;
use crate::view::collation::encode_array;
use crate::view::{Emitted, RowValue};

/// Where in the tries of a declaration everything is found.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    document: Trie,
    conditions: Vec<usize>,
    each: Option<Each>,
    key: Key,
    value: Parts,
}

/// The array whose elements have a row each.
#[derive(Clone, Debug)]
struct Each {
    array: usize,
    element: Trie,
}

/// Where a value is found.
#[derive(Clone, Copy, Debug)]
enum Source {
    Document(usize),
    Element(usize),
}

#[derive(Clone, Debug)]
enum Key {
    One(Source),
    Array(Vec<Source>),
}

#[derive(Clone, Debug)]
enum Parts {
    Nothing,
    One(Source),
    /// Each with its name as JSON.
    Members(Vec<(Box<str>, Source)>),
    Document,
}

/// What was found in a document and, with `each`, in one of its elements.
struct Scope<'a, 'text> {
    text: &'text str,
    document: &'a Found<'text>,
    element: Option<&'a Found<'text>>,
}

impl Declaration {
    /// The rows of the document of this canonical text, in the order of emission.
    #[must_use]
    pub fn emit(&self, text: &str) -> Vec<Emitted> {
        let mut rows = Vec::new();
        self.emit_to(text, &mut Vec::new(), |key, value| rows.push(Emitted { key: key.clone(), value }));
        rows
    }

    /// Hands the rows of the document of this canonical text to `row`, in the order of emission: the encoded key in
    /// `scratch`, which the receiver may do with as it likes, and the value.
    pub fn emit_to(&self, text: &str, scratch: &mut Vec<u8>, mut row: impl FnMut(&mut Vec<u8>, RowValue)) {
        let plan = &self.plan;
        let document = &plan.document.find(text);
        if !self.condition.is_met(&plan.conditions, document) {
            return;
        }
        let mut emit = |element: Option<&Found<'_>>| {
            let scope = Scope { text, document, element };
            scratch.clear();
            if plan.key.encode(&scope, scratch).is_some() {
                row(scratch, plan.value.of(&scope));
            }
        };
        match &plan.each {
            None => emit(None),
            Some(each) => {
                for element in elements(document.get(each.array).unwrap_or_default()) {
                    emit(Some(&each.element.find(element)));
                }
            }
        }
    }
}

impl Plan {
    pub(super) fn new(condition: &Where, key: &KeyPaths, each: Option<&Path>, value: &Value) -> Self {
        let mut document = Trie::new();
        let conditions = condition.slots(&mut document);
        let mut each_of = each.map(|path| Each { array: document.add(path.text()), element: Trie::new() });
        let mut source = |path: &Path| match (each.and_then(|outer| path.within(outer)), &mut each_of) {
            (Some(rest), Some(each)) => Source::Element(each.element.add(rest)),
            _ => Source::Document(document.add(path.text())),
        };
        let key = match key {
            KeyPaths::One(path) => Key::One(source(path)),
            KeyPaths::Array(paths) => Key::Array(paths.iter().map(&mut source).collect()),
        };
        let value = match value {
            Value::Nothing => Parts::Nothing,
            Value::One(path) => Parts::One(source(path)),
            Value::Members(paths) => Parts::Members(
                paths
                    .iter()
                    .map(|path| (serde_json::Value::from(path.text()).to_string().into(), source(path)))
                    .collect(),
            ),
            Value::Document => Parts::Document,
        };
        Self { document, conditions, each: each_of, key, value }
    }
}

impl Key {
    /// Appends the key of a row; `None` where a part of it is missing.
    fn encode(&self, scope: &Scope<'_, '_>, out: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::One(source) => value::encode(scope.get(*source)?, out).ok(),
            Self::Array(sources) => encode_array(out, |out| {
                sources.iter().try_for_each(|source| value::encode(scope.get(*source)?, out).ok())
            }),
        }
    }
}

impl Parts {
    fn of(&self, scope: &Scope<'_, '_>) -> RowValue {
        match self {
            Self::Nothing => None,
            Self::One(source) => scope.get(*source).map(Arc::from),
            Self::Document => Some(Arc::from(scope.text)),
            Self::Members(members) => {
                let found = || members.iter().filter_map(|(name, source)| Some((name, scope.get(*source)?)));
                let length = found().map(|(name, value)| name.len() + value.len() + 2).sum::<usize>();
                let mut json = String::with_capacity(length + 2);
                json.push('{');
                for (name, value) in found() {
                    if json.len() > 1 {
                        json.push(',');
                    }
                    json.push_str(name);
                    json.push(':');
                    json.push_str(value);
                }
                json.push('}');
                Some(Arc::from(json))
            }
        }
    }
}

impl<'text> Scope<'_, 'text> {
    fn get(&self, source: Source) -> Option<&'text str> {
        match source {
            Source::Document(slot) => self.document.get(slot),
            Source::Element(slot) => self.element?.get(slot),
        }
    }
}
