//! Bringing a view to a moment: documents to map go out in chunks, what they emitted comes back.

use std::sync::Arc;

use napi::Env;
use napi_derive::napi;

use super::with;
use crate::collator::Collation;
use crate::crossing::as_count;
use crate::engine::{Advance, Emission, Engine};
use crate::error::{Error, Result};
use crate::node::decoder::Decoded;
use crate::node::failure::{as_number, throw};
use crate::node::store::store;
use crate::node::text::Text;
use crate::view::{Emitted, collation};

/// Wants the present moment, and tells its sequence. Where the view stands there already and it need not be wanted, it is
/// not: `null`.
#[napi(catch_unwind)]
pub fn view_want(env: Env, number: u32, view: u32, must: bool) -> napi::Result<Option<f64>> {
    let snapshot = store(&env, number)?.engine().and_then(Engine::snapshot).map_err(|error| throw(&env, &error))?;
    with(&env, number, view, |index| {
        let is_wanted = must || !index.stands_at(&snapshot);
        Ok(is_wanted.then(|| as_number(index.want(snapshot))))
    })
}

/// Lets go of a moment.
#[napi(catch_unwind)]
pub fn view_forget(env: Env, number: u32, view: u32, moment: f64) -> napi::Result<()> {
    with(&env, number, view, |index| {
        index.forget(as_count(moment).unwrap_or_default());
        Ok(())
    })
}

/// How many documents are to be mapped for a moment.
#[napi(catch_unwind)]
pub fn view_left(env: Env, number: u32, view: u32, moment: f64) -> napi::Result<f64> {
    with(&env, number, view, |index| Ok(as_number(index.left(as_count(moment).unwrap_or_default()) as u64)))
}

/// Does a bit of what brings the view to the first moment wanted, and tells the documents to map next as an array, which may be
/// empty; `null` when the view has arrived.
#[napi(catch_unwind)]
pub fn view_advance(env: Env, number: u32, view: u32, most: u32, bytes: u32) -> napi::Result<Option<Decoded>> {
    let store = store(&env, number)?;
    let documents = match with(&env, number, view, |index| index.advance(most as usize, bytes as usize))? {
        Advance::Arrived => return Ok(None),
        Advance::Busy => Vec::new(),
        Advance::Map(documents) => documents,
    };
    let length = documents.iter().map(|stored| stored.document.text().len() + 1).sum::<usize>() + 2;
    let mut json = String::with_capacity(length);
    json.push('[');
    for stored in &documents {
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(stored.document.text());
    }
    json.push(']');
    let documents = Text::new(json).map_err(|error| throw(&env, &error))?;
    Ok(Some(Decoded::by(&store, documents)))
}

/// The key of a document that was handed out last.
#[napi(catch_unwind)]
pub fn view_chunk_key(env: Env, number: u32, view: u32, index: u32) -> napi::Result<Option<String>> {
    with(&env, number, view, |rows| Ok(rows.chunk_key(index as usize).map(ToString::to_string)))
}

/// Takes the rows of the documents that were handed out last, or of the first few of them, as lines: for each document the number of its rows (`-` where its map function
/// threw and it is left out), then for each row the key and the value as JSON (the value's line is empty where none
/// was emitted). JSON as `JSON.stringify` makes it holds no line break. Tells whether the view has arrived with that.
#[napi(catch_unwind)]
pub fn view_apply(env: Env, number: u32, view: u32, lines: String) -> napi::Result<bool> {
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
        index.apply(emissions)?;
        Ok(index.is_wanted() && matches!(index.advance(1, 0)?, Advance::Arrived))
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

fn encoded(by: &Collation, json: &str) -> Result<Vec<u8>> {
    // With room for what a row key has beside it.
    let mut bytes = Vec::with_capacity(json.len() + 64);
    collation::encode_by(by, json, &mut bytes)?;
    Ok(bytes)
}
