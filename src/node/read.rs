//! Documents and pages of keys, as JSON text that `JSON.parse` turns into fresh objects.

use napi::Env;
use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;

use super::failure::{as_number, throw};
use super::store::store;
use super::text::Text;
use super::write::as_count;
use crate::collator::Collation;
use crate::document::Document;
use crate::engine::Stored;
use crate::error::Result;
use crate::key::{Key, code_unit};
use crate::range::{Page, Selection, Window};

/// A document's text, or `null`.
#[napi(catch_unwind)]
pub fn get(env: Env, number: u32, key: String) -> napi::Result<Option<Text<Document>>> {
    let failed = |error| throw(&env, &error);
    let key = Key::new(&key).map_err(failed)?;
    let stored = store(&env, number)?.engine.get(&key).map_err(failed)?;
    Ok(stored.map(|stored| Text(stored.document)))
}

/// The sequence of a document's last change; 0 where there is none.
#[napi(catch_unwind)]
pub fn sequence_of(env: Env, number: u32, key: String) -> napi::Result<f64> {
    let failed = |error| throw(&env, &error);
    let key = Key::new(&key).map_err(failed)?;
    let stored = store(&env, number)?.engine.get(&key).map_err(failed)?;
    Ok(as_number(stored.map_or(0, |stored| stored.sequence)))
}

/// The documents of several keys at one moment, as the text of an array with `null` for those that are missing.
#[napi(catch_unwind)]
pub fn get_many(env: Env, number: u32, keys: Vec<String>) -> napi::Result<Text<String>> {
    let failed = |error| throw(&env, &error);
    let snapshot = store(&env, number)?.engine.snapshot().map_err(failed)?;
    let mut json = String::from("[");
    for (index, key) in keys.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        let key = Key::new(key).map_err(failed)?;
        json.push_str(snapshot.get(&key).map_or("null", |stored| stored.document.text()));
    }
    json.push(']');
    Text::new(json).map_err(failed)
}

/// Refuses a key that the store would refuse.
#[napi(catch_unwind)]
pub fn check_key(env: Env, key: String) -> napi::Result<()> {
    Key::new(&key).map(drop).map_err(|error| throw(&env, &error))
}

/// Refuses a collation, as JSON text, that nobody could order by.
#[napi(catch_unwind)]
pub fn check_collation(env: Env, collation: String) -> napi::Result<()> {
    Collation::parse(&collation).map(drop).map_err(|error| throw(&env, &error))
}

/// A page of a range of keys, as the text of the query's whole result.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments, reason = "flat arguments cross in a tenth of the time an object takes")]
pub fn query_keys(
    env: Env,
    number: u32,
    start: Option<Utf16String>,
    end: Option<Utf16String>,
    key: Option<Utf16String>,
    prefix: Option<Utf16String>,
    descending: bool,
    offset: f64,
    limit: f64,
    include_documents: bool,
) -> napi::Result<Text<String>> {
    let failed = |error| throw(&env, &error);
    let snapshot = store(&env, number)?.engine.snapshot().map_err(failed)?;
    let selection = selection(start, end, key, prefix, descending);
    let page = snapshot.query(selection, window(offset, limit)).map_err(failed)?;
    key_page(snapshot.page(&page, descending), include_documents).end(&page, true).map_err(failed)
}

/// A selection from JavaScript's bounds, which are any strings.
pub fn selection(
    start: Option<Utf16String>,
    end: Option<Utf16String>,
    key: Option<Utf16String>,
    prefix: Option<Utf16String>,
    descending: bool,
) -> Selection {
    let bytes = |bound: Option<Utf16String>| bound.map(|bound| code_unit::from_utf16(&bound));
    Selection { start: bytes(start), end: bytes(end), key: bytes(key), prefix: bytes(prefix), descending }
}

/// The items of a page of keys.
pub fn key_page<'a>(page: impl Iterator<Item = (&'a Key, &'a Stored)>, include_documents: bool) -> ResultText {
    let mut result = ResultText::new();
    for (key, stored) in page {
        let key = json_string(&key.to_text());
        let document = include_documents.then_some(&stored.document);
        result.item(&key, &key, None, document);
    }
    result
}

/// A window from JavaScript's numbers; a limit that is no count is none.
pub fn window(offset: f64, limit: f64) -> Window {
    let as_index = |value| as_count(value).map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    Window { start: as_index(offset).unwrap_or(usize::MAX), limit: as_index(limit).filter(|_| limit.is_finite()) }
}

/// A string as JSON.
pub fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The JSON text of a query's result.
pub struct ResultText {
    json: String,
}

impl ResultText {
    /// No items yet.
    pub fn new() -> Self {
        Self { json: "{\"items\":[".to_owned() }
    }

    /// Appends an item; every part is JSON text.
    pub fn item(&mut self, key: &str, document_key: &str, value: Option<&str>, document: Option<&Document>) {
        let json = &mut self.json;
        json.push_str(if json.ends_with('[') { "{\"key\":" } else { ",{\"key\":" });
        json.push_str(key);
        json.push_str(",\"documentKey\":");
        json.push_str(document_key);
        if let Some(value) = value {
            json.push_str(",\"value\":");
            json.push_str(value);
        }
        if let Some(document) = document {
            json.push_str(",\"document\":");
            json.push_str(document.text());
        }
        json.push('}');
    }

    /// The whole result, with its total or without.
    pub fn end(self, page: &Page, total: bool) -> Result<Text<String>> {
        let next = page.exclusive_end_index.map_or_else(|| "null".to_owned(), |index| index.to_string());
        let total = if total { format!(",\"total\":{}", page.total) } else { String::new() };
        Text::new(format!("{}],\"exclusiveEndIndex\":{next}{total}}}", self.json))
    }
}
