//! Documents by conditions.
//!
//! A search is answered at once as text where there is little to do; else it tells `null`, and an answered event follows
//! with the same text.

use std::fmt::Write as _;

use napi::Env;
use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;

use super::calls::{Reply, begin};
use super::declared::declared_views;
use super::decoder::Decoded;
use super::failure::throw;
use super::kept::named;
use super::read::{flag, key_page, push_index, push_number, push_string, window};
use super::store::{Store, store};
use super::text::Text;
use crate::crossing::Naming;
use crate::engine::{Answer, Considered, Explanation, Found, Search, Stored, Unfit, Wanted, consider};
use crate::error::Result;
use crate::key::{Key, code_unit};
use crate::range::Page;
use crate::storage::Sequence;
use crate::view::declared::Filter;

/// A page of the documents that meet the conditions of `json`, as the text of the whole result, with how they were found
/// where `explain` says so. Documents that JavaScript keeps are [named] where the flags
/// say so.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments, reason = "flat arguments cross in a tenth of the time an object takes")]
pub fn find_page(
    env: Env,
    number: u32,
    ticket: f64,
    json: String,
    prefix: Option<Utf16String>,
    descending: bool,
    cursor: Option<String>,
    offset: f64,
    limit: f64,
    explain: bool,
    flags: u32,
) -> napi::Result<Option<Decoded>> {
    let failed = |error| throw(&env, &error);
    let mut search = searching(&json, prefix, descending).map_err(failed)?;
    search.wanted = Wanted::Page { window: window(offset, limit), cursor };
    let store = store(&env, number)?;
    let considered = explain.then(|| considered(&store, &search)).transpose().map_err(failed)?;
    answer(&env, &store, ticket, search, move |found, here| match here {
        Some((store, sequence)) => named(store, sequence, flags, |naming| page_text(found, considered, naming)),
        None => page_text(found, considered, None),
    })
}

/// What is to be said of each view of a store, as it is now.
fn considered(store: &Store, search: &Search) -> Result<Vec<Considered>> {
    let engine = store.engine()?;
    Ok(consider(&declared_views(store, engine), search.condition()))
}

/// The text of the first document that meets the conditions of `json`, or of `null`.
#[napi(catch_unwind)]
pub fn find_first(
    env: Env,
    number: u32,
    ticket: f64,
    json: String,
    prefix: Option<Utf16String>,
    descending: bool,
    flags: u32,
) -> napi::Result<Option<Decoded>> {
    let search = searching(&json, prefix, descending).map_err(|error| throw(&env, &error))?;
    let store = store(&env, number)?;
    answer(&env, &store, ticket, Search { wanted: Wanted::First, ..search }, move |found, here| {
        let found = found.documents.first();
        match here {
            Some((store, sequence)) => named(store, sequence, flags, |naming| first_text(found, naming)),
            None => first_text(found, None),
        }
    })
}

/// The number of documents that meet the conditions of `json`, as text.
#[napi(catch_unwind)]
pub fn find_count(
    env: Env,
    number: u32,
    ticket: f64,
    json: String,
    prefix: Option<Utf16String>,
) -> napi::Result<Option<Decoded>> {
    let search = searching(&json, prefix, false).map_err(|error| throw(&env, &error))?;
    answer(&env, &*store(&env, number)?, ticket, search, |found, _| Text::new(found.total.to_string()))
}

/// A search for the number of documents.
fn searching(json: &str, prefix: Option<Utf16String>, descending: bool) -> Result<Search> {
    let prefix = prefix.map(|prefix| code_unit::from_utf16(&prefix));
    Ok(Search { filter: Filter::parse(json)?, prefix, descending, wanted: Wanted::Count })
}

/// The document, or where it is named, the first element of an array.
fn first_text(found: Option<&(Key, Stored)>, mut naming: Option<&mut Naming<'_>>) -> Result<Text<String>> {
    let mut json = String::from(if naming.is_some() { "[" } else { "" });
    match found {
        Some((key, stored)) => match naming.as_mut().and_then(|naming| naming.slot(0, key.as_bytes(), stored)) {
            Some(slot) => push_number(&mut json, slot as usize),
            None => json.push_str(stored.document.text()),
        },
        None => json.push_str("null"),
    }
    Text::new(json)
}

/// A page, with how it was found where it is known which views were considered.
fn page_text(
    found: Found,
    considered: Option<Vec<Considered>>,
    naming: Option<&mut Naming<'_>>,
) -> Result<Text<String>> {
    let Found { documents, exclusive_end_index, cursor, total, explanation } = found;
    let items = key_page(documents.iter().map(|(key, stored)| (key, stored)), flag::INCLUDE_DOCUMENTS, naming);
    let page = Page { parts: Vec::new(), place: 0, descending: false, exclusive_end_index, total, cursor };
    let Text(mut json) = items.end(&page)?;
    if let Some(considered) = considered {
        json.pop();
        push_explanation(&mut json, &explanation, &considered);
        json.push('}');
    }
    Text::new(json)
}

fn push_explanation(json: &mut String, explanation: &Explanation, considered: &[Considered]) {
    json.push_str(",\"explain\":{\"view\":");
    match &explanation.view {
        Some(id) => push_string(json, id),
        None => json.push_str("null"),
    }
    // Writing to a string does not fail.
    let _ = write!(json, ",\"examined\":{},\"views\":[", explanation.examined);
    for (index, view) in considered.iter().enumerate() {
        json.push_str(if index == 0 { "" } else { "," });
        push_considered(json, view);
    }
    json.push_str("]}");
}

fn push_considered(json: &mut String, Considered { id, rows }: &Considered) {
    json.push_str("{\"id\":");
    push_string(json, id);
    let (rows, reason, path) = match rows {
        Ok(rows) => (*rows, None, None),
        Err(Unfit::Each) => (None, Some("each"), None),
        Err(Unfit::Collation) => (None, Some("collation"), None),
        Err(Unfit::Where) => (None, Some("where"), None),
        Err(Unfit::Key(path)) => (None, Some("key"), Some(path)),
    };
    json.push_str(",\"rows\":");
    push_index(json, rows);
    json.push_str(",\"reason\":");
    match reason {
        Some(reason) => push_string(json, reason),
        None => json.push_str("null"),
    }
    if let Some(path) = path {
        json.push_str(",\"path\":");
        push_string(json, path);
    }
    json.push('}');
}

/// The store of a search that is answered on this thread in this call, and a moment no later than the search's own.
type Here<'a> = (&'a Store, Sequence);

fn answer(
    env: &Env,
    store: &Store,
    ticket: f64,
    search: Search,
    tell: impl FnOnce(Found, Option<Here<'_>>) -> Result<Text<String>> + Send + 'static,
) -> napi::Result<Option<Decoded>> {
    let failed = |error| throw(env, &error);
    let engine = store.engine().map_err(failed)?;
    let sequence = engine.sequence().map_err(failed)?;
    match engine.find(search, declared_views(store, engine)).map_err(failed)? {
        Answer::Now(found) => {
            let answer = tell(found, Some((store, sequence))).map_err(failed)?;
            Ok(Some(Decoded::by(store, answer)))
        }
        Answer::Later(searching) => {
            let call = begin(store, ticket, false);
            let reply = Reply::new(env, store, ticket, &call);
            searching.begin(call, Box::new(move |found| reply.send(|| tell(found?, None))));
            Ok(None)
        }
    }
}
