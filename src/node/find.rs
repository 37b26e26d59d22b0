//! Documents by conditions.
//!
//! A search is answered at once as text where there is little to do; else it tells `null`, and an answered event follows
//! with the same text.

use std::fmt::Write as _;

use napi::Env;
use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;

use super::calls::{Reply, begin};
use super::failure::throw;
use super::read::{flag, key_page, push_string, window};
use super::store::store;
use super::text::Text;
use crate::engine::{Answer, Found, Search, Wanted};
use crate::error::Result;
use crate::key::code_unit;
use crate::range::Page;
use crate::view::declared::Filter;

/// A page of the documents that meet the conditions of `json`, as the text of the whole result, with how they were found
/// where `explain` says so.
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
) -> napi::Result<Option<Text<String>>> {
    let failed = |error| throw(&env, &error);
    let mut search = searching(&json, prefix, descending).map_err(failed)?;
    search.wanted = Wanted::Page { window: window(offset, limit), cursor };
    answer(&env, number, ticket, search, move |found| page_text(found, explain))
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
) -> napi::Result<Option<Text<String>>> {
    let search = searching(&json, prefix, descending).map_err(|error| throw(&env, &error))?;
    answer(&env, number, ticket, Search { wanted: Wanted::First, ..search }, |found| {
        Text::new(found.documents.first().map_or("null", |(_, stored)| stored.document.text()).to_owned())
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
) -> napi::Result<Option<Text<String>>> {
    let search = searching(&json, prefix, false).map_err(|error| throw(&env, &error))?;
    answer(&env, number, ticket, search, |found| Text::new(found.total.to_string()))
}

/// A search for the number of documents.
fn searching(json: &str, prefix: Option<Utf16String>, descending: bool) -> Result<Search> {
    let prefix = prefix.map(|prefix| code_unit::from_utf16(&prefix));
    Ok(Search { filter: Filter::parse(json)?, prefix, descending, wanted: Wanted::Count })
}

fn page_text(found: Found, explain: bool) -> Result<Text<String>> {
    let Found { documents, exclusive_end_index, cursor, total, explanation } = found;
    let items = key_page(documents.iter().map(|(key, stored)| (key, stored)), flag::INCLUDE_DOCUMENTS);
    let page = Page { parts: Vec::new(), place: 0, descending: false, exclusive_end_index, total, cursor };
    let Text(mut json) = items.end(&page)?;
    if explain {
        json.pop();
        json.push_str(",\"explain\":{\"view\":");
        match explanation.view {
            Some(id) => push_string(&mut json, &id),
            None => json.push_str("null"),
        }
        // Writing to a string does not fail.
        let _ = write!(json, ",\"examined\":{}}}}}", explanation.examined);
    }
    Text::new(json)
}

fn answer(
    env: &Env,
    number: u32,
    ticket: f64,
    search: Search,
    tell: impl FnOnce(Found) -> Result<Text<String>> + Send + 'static,
) -> napi::Result<Option<Text<String>>> {
    let failed = |error| throw(env, &error);
    let store = store(env, number)?;
    match store.engine.find(search).map_err(failed)? {
        Answer::Now(found) => tell(found).map(Some).map_err(failed),
        Answer::Later(searching) => {
            let call = begin(&store, ticket, false);
            let reply = Reply::new(env, &store, ticket, &call);
            searching.begin(call, Box::new(move |found| reply.send(|| tell(found?))));
            Ok(None)
        }
    }
}
