//! Documents by conditions.
//!
//! A search is answered at once as text where there is little to do; else it tells `null`, and an answered event follows
//! with the same text.

use napi::Env;
use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;

use super::calls::{begin, later};
use super::failure::throw;
use super::read::{json_string, key_page, window};
use super::store::store;
use super::text::Text;
use crate::engine::{Answer, Found, Search, Wanted};
use crate::error::Result;
use crate::key::code_unit;
use crate::range::{KeyRange, Page};
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
    offset: f64,
    limit: f64,
    explain: bool,
) -> napi::Result<Option<Text<String>>> {
    let wanted = Wanted::Page { window: window(offset, limit), after: None };
    search(&env, number, ticket, &json, prefix, descending, wanted, move |found| page_text(&found, explain))
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
    search(&env, number, ticket, &json, prefix, descending, Wanted::First, |found| {
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
    search(&env, number, ticket, &json, prefix, false, Wanted::Count, |found| Text::new(found.total.to_string()))
}

fn page_text(found: &Found, explain: bool) -> Result<Text<String>> {
    let page = Page { positions: 0..0, exclusive_end_index: found.exclusive_end_index, total: found.total };
    let result = key_page(found.documents.iter().map(|(key, stored)| (key, stored)), true);
    let Text(mut json) = result.end(&page, true)?;
    if explain {
        let view = found.explanation.view.as_deref().map_or_else(|| "null".to_owned(), json_string);
        json.pop();
        json.push_str(&format!(",\"explain\":{{\"view\":{view},\"examined\":{}}}}}", found.explanation.examined));
    }
    Text::new(json)
}

#[allow(clippy::too_many_arguments, reason = "what the exported functions have in common")]
fn search(
    env: &Env,
    number: u32,
    ticket: f64,
    json: &str,
    prefix: Option<Utf16String>,
    descending: bool,
    wanted: Wanted,
    tell: impl FnOnce(Found) -> Result<Text<String>> + Send + 'static,
) -> napi::Result<Option<Text<String>>> {
    let failed = |error| throw(env, &error);
    let store = store(env, number)?;
    let filter = Filter::parse(json).map_err(failed)?;
    let range = prefix.map_or_else(KeyRange::default, |prefix| KeyRange::of_prefix(code_unit::from_utf16(&prefix)));
    match store.engine.find(Search { filter, range, descending, wanted }).map_err(failed)? {
        Answer::Now(found) => tell(found).map(Some).map_err(failed),
        Answer::Later(searching) => {
            let call = begin(&store, ticket, false);
            let reply = later(env, &store, ticket, &call);
            searching.begin(call, Box::new(move |found| reply(found.and_then(tell))));
            Ok(None)
        }
    }
}
