//! Bringing a view to a moment: documents to map go out in chunks, what they emitted comes back.

use std::sync::Arc;

use napi::Env;
use napi_derive::napi;

use super::with;
use crate::collator::Collation;
use crate::engine::Emission;
use crate::error::{Error, Result};
use crate::node::failure::throw;
use crate::node::store::store;
use crate::node::text::Text;
use crate::view::{Emitted, collation};

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
            let emission = emission(index.collation(), count, &mut lines).map_err(|error| {
                match index.chunk_key(emissions.len()) {
                    Some(key) => error.with_key(key.to_text()),
                    None => error,
                }
            })?;
            emissions.push(emission);
        }
        index.apply(emissions)
    })
}

fn emission<'a>(collation: &Collation, count: &str, lines: &mut impl Iterator<Item = &'a str>) -> Result<Emission> {
    if count == "-" {
        return Ok(Emission::Skipped);
    }
    let malformed = || Error::assertion("rows of another shape");
    let count: usize = count.parse().map_err(|_| malformed())?;
    let rows = (0..count).map(|_| {
        let (key, value) = (lines.next().ok_or_else(malformed)?, lines.next().ok_or_else(malformed)?);
        let value = (!value.is_empty()).then(|| Arc::from(value));
        Ok(Emitted { key: encoded(collation, key)?, value })
    });
    rows.collect::<Result<_>>().map(Emission::Rows)
}

/// Ends a query: the moment aimed at is let go.
#[napi(catch_unwind)]
pub fn view_release(env: Env, number: u32, view: u32) -> napi::Result<()> {
    with(&env, number, view, |index| {
        index.release();
        Ok(())
    })
}

fn encoded(by: &Collation, json: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    collation::encode_by(by, json, &mut bytes)?;
    Ok(bytes)
}
