//! Views: documents to map, rows that were emitted, pages of rows.
//!
//! The rows live here, the map function in JavaScript. One query is: `viewAim`, then `viewChunk`, map, `viewApply`
//! until a chunk is empty, then `viewQuery`, and in the end always `viewRelease`.

use std::sync::Arc;

use napi::Env;
use napi_derive::napi;

use super::failure::{as_number, throw};
use super::read::{ResultText, json_string, window};
use super::store::store;
use super::text::Text;
use crate::engine::{Emission, Index};
use crate::error::{Error, Result};
use crate::key::code_unit;
use crate::range::Selection;
use crate::view::{Emitted, collation};

/// Makes a view without rows and tells its number.
#[napi(catch_unwind)]
pub fn view_create(env: Env, number: u32) -> napi::Result<u32> {
    let store = store(&env, number)?;
    let mut views = store.views.borrow_mut();
    let free = views.iter().position(Option::is_none).unwrap_or(views.len());
    let view = u32::try_from(free).map_err(|_| napi::Error::from_reason("too many views"))?;
    match views.get_mut(free) {
        Some(slot) => *slot = Some(Index::new()),
        None => views.push(Some(Index::new())),
    }
    Ok(view)
}

/// Forgets a view.
#[napi(catch_unwind)]
pub fn view_drop(env: Env, number: u32, view: u32) -> napi::Result<()> {
    let dropped = store(&env, number)?.views.borrow_mut().get_mut(view as usize).and_then(Option::take);
    drop(dropped);
    Ok(())
}

/// Names the present moment as the one that the view is wanted at.
#[napi(catch_unwind)]
pub fn view_aim(env: Env, number: u32, view: u32) -> napi::Result<()> {
    let snapshot = store(&env, number)?.engine.snapshot().map_err(|error| throw(&env, &error))?;
    with(&env, number, view, |index| {
        index.aim(snapshot);
        Ok(())
    })
}

/// The documents to map next, as the text of an array; `null` when the view has arrived.
#[napi(catch_unwind)]
pub fn view_chunk(env: Env, number: u32, view: u32, most: u32, bytes: u32) -> napi::Result<Option<Text<String>>> {
    let documents = with(&env, number, view, |index| index.chunk(most as usize, bytes as usize))?;
    if documents.is_empty() {
        return Ok(None);
    }
    let length = documents.iter().map(|stored| stored.document.text().len() + 1).sum::<usize>() + 1;
    let mut json = String::with_capacity(length);
    for stored in &documents {
        json.push(if json.is_empty() { '[' } else { ',' });
        json.push_str(stored.document.text());
    }
    json.push(']');
    Text::new(json).map(Some).map_err(|error| throw(&env, &error))
}

/// The key of a document of the current chunk.
#[napi(catch_unwind)]
pub fn view_chunk_key(env: Env, number: u32, view: u32, index: u32) -> napi::Result<Option<String>> {
    with(&env, number, view, |rows| Ok(rows.chunk_key(index as usize).map(ToString::to_string)))
}

/// Takes the rows of the current chunk as lines: for each document the number of its rows (`-` where its map function
/// threw and it is left out), then for each row the key and the value as JSON (the value's line is empty where none
/// was emitted). JSON as `JSON.stringify` makes it holds no line break.
#[napi(catch_unwind)]
pub fn view_apply(env: Env, number: u32, view: u32, lines: String) -> napi::Result<()> {
    with(&env, number, view, |index| {
        let mut lines = lines.split('\n');
        let mut emissions = Vec::new();
        while let Some(count) = lines.next().filter(|line| !line.is_empty()) {
            let emission = emission(count, &mut lines).map_err(|error| match index.chunk_key(emissions.len()) {
                Some(key) => error.with_key(key.to_text()),
                None => error,
            })?;
            emissions.push(emission);
        }
        index.apply(emissions)
    })
}

fn emission<'a>(count: &str, lines: &mut impl Iterator<Item = &'a str>) -> Result<Emission> {
    if count == "-" {
        return Ok(Emission::Skipped);
    }
    let malformed = || Error::assertion("rows of another shape");
    let count: usize = count.parse().map_err(|_| malformed())?;
    let rows = (0..count).map(|_| {
        let (key, value) = (lines.next().ok_or_else(malformed)?, lines.next().ok_or_else(malformed)?);
        let value = (!value.is_empty()).then(|| Arc::from(value));
        Ok(Emitted { key: encoded(key)?, value })
    });
    rows.collect::<Result<_>>().map(Emission::Rows)
}

/// A page of the view's rows, as the text of the query's whole result. Bounds are JSON.
#[napi(catch_unwind)]
#[allow(clippy::too_many_arguments, reason = "flat arguments cross in a tenth of the time an object takes")]
pub fn view_query(
    env: Env,
    number: u32,
    view: u32,
    start: Option<String>,
    end: Option<String>,
    key: Option<String>,
    prefix: Option<String>,
    descending: bool,
    offset: f64,
    limit: f64,
    include_documents: bool,
) -> napi::Result<Text<String>> {
    with(&env, number, view, |index| {
        let bound = |json: Option<String>| json.as_deref().map(encoded).transpose();
        let prefix = prefix.as_deref().map(encoded_prefix).transpose()?;
        let selection = Selection { start: bound(start)?, end: bound(end)?, key: bound(key)?, prefix, descending };
        let page = index.query(selection, window(offset, limit));
        let mut result = ResultText::new();
        let mut rows = index.rows(page.positions.clone());
        while let Some((row, value)) = if descending { rows.next_back() } else { rows.next() } {
            let mut key = String::new();
            let (Some(_), Some(document_key)) = (collation::decode(row.emitted(), &mut key), row.document()) else {
                return Err(Error::assertion("a row that nobody emitted"));
            };
            let document = index.document(&document_key).filter(|_| include_documents).map(|stored| &stored.document);
            let document_key = json_string(&code_unit::to_str(&document_key).unwrap_or_default());
            result.item(&key, &document_key, value.as_deref(), document);
        }
        result.end(&page, true)
    })
}

/// Ends a query: the moment aimed at is let go.
#[napi(catch_unwind)]
pub fn view_release(env: Env, number: u32, view: u32) -> napi::Result<()> {
    with(&env, number, view, |index| {
        index.release();
        Ok(())
    })
}

/// `[rows, skipped, sequence]` of a view.
#[napi(catch_unwind)]
pub fn view_stats(env: Env, number: u32, view: u32) -> napi::Result<Vec<f64>> {
    with(&env, number, view, |index| {
        Ok([index.len() as u64, index.skipped() as u64, index.sequence()].map(as_number).to_vec())
    })
}

fn with<T>(env: &Env, number: u32, view: u32, act: impl FnOnce(&mut Index) -> Result<T>) -> napi::Result<T> {
    let store = store(env, number)?;
    let mut views = store.views.borrow_mut();
    let done = match views.get_mut(view as usize).and_then(Option::as_mut) {
        Some(index) => act(index),
        None => Err(Error::assertion("no such view")),
    };
    drop(views);
    done.map_err(|error| throw(env, &error))
}

fn encoded(json: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    collation::encode(json, &mut bytes)?;
    Ok(bytes)
}

fn encoded_prefix(json: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    collation::prefix(json, &mut bytes)?;
    Ok(bytes)
}
