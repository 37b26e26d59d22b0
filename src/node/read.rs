//! Documents and pages of keys, as JSON text that `JSON.parse` turns into fresh objects.

use std::fmt::Write as _;

use napi::Env;
use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;

use super::decoder::Decoded;
use super::failure::{as_number, throw};
use super::kept::named;
use super::store::store;
use super::text::Text;
use crate::collator::Collation;
use crate::crossing::{Naming, as_count};
use crate::document::Document;
use crate::engine::{Engine, Snapshot, Stored};
use crate::error::Result;
use crate::key::{Key, code_unit};
use crate::range::{Page, Query, Selection, Window};

/// A document's text, or `null`.
#[napi(catch_unwind)]
pub fn get(env: Env, number: u32, key: String) -> napi::Result<Option<Text<Document>>> {
    let failed = |error| throw(&env, &error);
    let key = Key::new(&key).map_err(failed)?;
    let stored = store(&env, number)?.engine().and_then(|engine| engine.get(&key)).map_err(failed)?;
    Ok(stored.map(|stored| Text(stored.document)))
}

/// The sequence of a document's last change; 0 where there is none.
#[napi(catch_unwind)]
pub fn sequence_of(env: Env, number: u32, key: String) -> napi::Result<f64> {
    let failed = |error| throw(&env, &error);
    let key = Key::new(&key).map_err(failed)?;
    let stored = store(&env, number)?.engine().and_then(|engine| engine.get(&key)).map_err(failed)?;
    Ok(as_number(stored.map_or(0, |stored| stored.sequence)))
}

/// The documents of several keys at one moment, as the text of an array with `null` for those that are missing. Only of
/// the moment in which the buckets of `held` have the generations that follow them; `null` where they have others by now.
/// Kept documents are [named] where the flags say so.
#[napi(catch_unwind)]
pub fn get_many(env: Env, number: u32, keys: Vec<String>, held: &[u32], flags: u32) -> napi::Result<Option<Decoded>> {
    let failed = |error| throw(&env, &error);
    let store = store(&env, number)?;
    let held = held.as_chunks::<2>().0.iter().map(|[bucket, generation]| (*bucket, *generation));
    let snapshot = store.engine().and_then(|engine| engine.snapshot_holding(held)).map_err(failed)?;
    let Some(snapshot) = snapshot else { return Ok(None) };
    let answer = |naming: Option<&mut Naming<'_>>| several(&keys, &snapshot, naming);
    let answer = named(&store, snapshot.position().sequence, flags, answer).map_err(failed)?;
    Ok(Some(Decoded::by(&store, answer)))
}

fn several(keys: &[String], moment: &Snapshot, mut naming: Option<&mut Naming<'_>>) -> Result<Text<String>> {
    let mut json = String::from(if naming.is_some() { "[[" } else { "[" });
    for (index, key) in keys.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        let key = Key::new(key)?;
        let Some(stored) = moment.get(&key) else {
            json.push_str("null");
            continue;
        };
        match naming.as_mut().and_then(|naming| naming.slot_refreshed(index, key.as_bytes(), stored)) {
            Some(slot) => push_number(&mut json, slot as usize),
            None => json.push_str(stored.document.text()),
        }
    }
    json.push(']');
    Text::new(json)
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

/// A page of keys, as the text of the query's whole result. The arguments of a query are those of [`key_query`].
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments, reason = "flat arguments cross in a tenth of the time an object takes")]
pub fn query_keys(
    env: Env,
    number: u32,
    start: Option<Utf16String>,
    end: Option<Utf16String>,
    key: Option<Utf16String>,
    keys: Option<Vec<String>>,
    prefix: Option<Utf16String>,
    cursor: Option<String>,
    flags: u32,
    offset: f64,
    limit: f64,
) -> napi::Result<Decoded> {
    let failed = |error| throw(&env, &error);
    let store = store(&env, number)?;
    let snapshot = store.engine().and_then(Engine::snapshot).map_err(failed)?;
    let query = key_query([start, end, key, prefix], keys, cursor, flags, window(offset, limit));
    let page = snapshot.query(query).map_err(failed)?;
    let answer = |naming: Option<&mut Naming<'_>>| key_page(snapshot.page(&page), flags, naming).end(&page);
    let answer = named(&store, snapshot.position().sequence, flags, answer).map_err(failed)?;
    Ok(Decoded::by(&store, answer))
}

/// A query from JavaScript's bounds (start, end, key, prefix), which are any strings, its keys, which were checked, and
/// its [`flag`]s.
pub fn key_query(
    bounds: [Option<Utf16String>; 4],
    keys: Option<Vec<String>>,
    cursor: Option<String>,
    flags: u32,
    window: Window,
) -> Query {
    let [start, end, key, prefix] = bounds.map(|bound| bound.map(|bound| code_unit::from_utf16(&bound)));
    let keys = keys.map(|keys| keys.iter().map(|key| code_unit::from_str(key).into_owned()).collect());
    let selection = Selection { start, end, key, keys, prefix, ..flag::selection(flags) };
    Query { selection, window, cursor }
}

/// The items of a page of keys.
pub fn key_page<'a>(
    page: impl Iterator<Item = (&'a Key, &'a Stored)>,
    flags: u32,
    mut naming: Option<&mut Naming<'_>>,
) -> ResultText {
    let mut result = ResultText::new(naming.is_some());
    let mut json = String::new();
    for (key, stored) in page {
        let index = result.items;
        if let Some(slot) = naming.as_mut().and_then(|naming| naming.slot(index, key.as_bytes(), stored)) {
            result.kept(slot);
            continue;
        }
        json.clear();
        push_string(&mut json, &key.to_text());
        result.item(&json, &json, None, flag::documents(flags).then_some(&stored.document));
    }
    result
}

/// A window from JavaScript's numbers; a limit that is no count is none.
pub fn window(offset: f64, limit: f64) -> Window {
    let as_index = |value| as_count(value).map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    Window { start: as_index(offset).unwrap_or(usize::MAX), limit: as_index(limit).filter(|_| limit.is_finite()) }
}

/// What a query's options say yes or no to, in one number: `FLAGS` in `lib/query.js`.
pub mod flag {
    use crate::range::Selection;

    const DESCENDING: u32 = 1;
    /// Every item carries its document.
    pub const INCLUDE_DOCUMENTS: u32 = 2;
    const EXCLUSIVE_START: u32 = 4;
    const EXCLUSIVE_END: u32 = 8;

    /// Whether every item carries its document.
    pub fn documents(flags: u32) -> bool {
        flags & INCLUDE_DOCUMENTS != 0
    }

    /// A selection of everything with what the flags say.
    pub fn selection(flags: u32) -> Selection {
        Selection {
            descending: flags & DESCENDING != 0,
            inclusive_start: flags & EXCLUSIVE_START == 0,
            inclusive_end: flags & EXCLUSIVE_END == 0,
            ..Selection::default()
        }
    }
}

/// Appends a string as JSON.
pub fn push_string(json: &mut String, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        json.push('"');
        json.push_str(text);
        json.push('"');
    } else {
        json.push_str(&serde_json::Value::from(text).to_string());
    }
}

/// The JSON text of a query's result. Where it names documents that JavaScript keeps, it is the first element of an array
/// that [`named`] closes, and such an item is
///
/// ```text
/// slot                     of a page of keys: key and document are known by it
/// [slot, key, value]       of a page of rows; the value may be missing
/// ```
pub struct ResultText {
    json: String,
    /// How many there are so far.
    pub items: usize,
}

impl ResultText {
    /// No items yet.
    pub fn new(names: bool) -> Self {
        Self { json: if names { "[{\"items\":[" } else { "{\"items\":[" }.to_owned(), items: 0 }
    }

    /// Begins an item.
    fn begin(&mut self) -> &mut String {
        if self.items > 0 {
            self.json.push(',');
        }
        self.items += 1;
        &mut self.json
    }

    /// Appends an item; every part is JSON text.
    pub fn item(&mut self, key: &str, document_key: &str, value: Option<&str>, document: Option<&Document>) {
        let json = self.begin();
        json.extend(["{\"key\":", key, ",\"documentKey\":", document_key]);
        if let Some(value) = value {
            json.extend([",\"value\":", value]);
        }
        if let Some(document) = document {
            json.extend([",\"document\":", document.text()]);
        }
        json.push('}');
    }

    /// Appends an item that is its document, which JavaScript keeps.
    pub fn kept(&mut self, slot: u32) {
        push_number(self.begin(), slot as usize);
    }

    /// Appends a row whose document JavaScript keeps.
    pub fn kept_row(&mut self, slot: u32, key: &str, value: Option<&str>) {
        let json = self.begin();
        json.push('[');
        push_number(json, slot as usize);
        json.extend([",", key]);
        if let Some(value) = value {
            json.extend([",", value]);
        }
        json.push(']');
    }

    /// Appends a group of reduced rows; both parts are JSON text.
    pub fn group(&mut self, key: &str, value: &str) {
        self.begin().extend(["{\"key\":", key, ",\"value\":", value, "}"]);
    }

    /// The whole result.
    pub fn end(self, page: &Page) -> Result<Text<String>> {
        self.end_with(page, true, true)
    }

    /// The result with or without where the page ends among all items, and how many these are.
    pub fn end_with(self, page: &Page, index: bool, total: bool) -> Result<Text<String>> {
        let mut json = self.json;
        json.push(']');
        if index {
            json.push_str(",\"exclusiveEndIndex\":");
            push_index(&mut json, page.exclusive_end_index);
        }
        if total {
            json.push_str(",\"total\":");
            push_index(&mut json, Some(page.total));
        }
        json.push_str(",\"cursor\":");
        match &page.cursor {
            // Its letters need no escapes.
            Some(cursor) => json.extend(["\"", cursor, "\"}"]),
            None => json.push_str("null}"),
        }
        Text::new(json)
    }
}

/// Appends a number as JSON.
pub fn push_number(json: &mut String, number: usize) {
    // Writing to a string does not fail.
    let _ = write!(json, "{number}");
}

/// An index, or `null`.
pub fn push_index(json: &mut String, index: Option<usize>) {
    match index {
        Some(index) => push_number(json, index),
        None => json.push_str("null"),
    }
}
